"""Ctrl-C in a program that does not handle it, and the spool that is left to resume.

The tutorial shows how a program loses nothing by it. The tests of the pages run its programs,
with a Ctrl-C.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from openline_server import ServerConfig, serve
from openline_server.server import Server
from openline_trio import resume_session, spooled_sessions

CLIP = Path(__file__).parents[1] / "data" / "goforward.wav"
IN_TRIO = """
import sys, trio
from openline import Backend, Transcript
from openline_trio import open_session
from openline_trio.sources import FileSource

async def main(url, clip, spool):
    sources = {"mic": FileSource(clip)}
    async with open_session(Backend.from_url(url), sources, spool=spool) as session:
        async for update in session:
            print(type(update).__name__, flush=True)

trio.run(main, *sys.argv[1:])
"""
IN_A_THREAD = """
import sys
from openline import Backend, Transcript
from openline_threads import open_session
from openline_threads.sources import FileSource

url, clip, spool = sys.argv[1:]
with open_session(Backend.from_url(url), {"mic": FileSource(clip)}, spool=spool) as session:
    for update in session:
        print(type(update).__name__, flush=True)
"""


@pytest.mark.parametrize("program", [IN_TRIO, IN_A_THREAD], ids=["in trio", "in a thread"])
async def test_ctrl_c_ends_a_program_and_the_spool_keeps_its_audio(
    program: str, tmp_path: Path
) -> None:
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(serve, ServerConfig(recognizer="echo", port=0))
            command = [sys.executable, "-c", program, server.url, str(CLIP), str(tmp_path)]
            process = await trio.lowlevel.open_process(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            assert process.stdout is not None
            assert process.stderr is not None
            output = b""
            while b"Transcript" not in output:
                more = await process.stdout.receive_some()
                assert more, "the program did not start"
                output += more
            process.send_signal(signal.SIGINT)
            assert await process.wait() != 0
            assert b"KeyboardInterrupt" in b"".join([each async for each in process.stderr])
            async with process.stdout, process.stderr:
                pass
            [folder] = spooled_sessions(tmp_path)
            async with resume_session(folder) as session:
                ended = await session.wait()
            server.shutdown()
    # All that was captured is delivered; the rest of the file was never read.
    assert ended.missing == ()
    [lost] = ended.lost_sources
    assert lost.reason.endswith("and not to its end")
    assert ended.transcript[0].start == 0.0
    assert spooled_sessions(tmp_path) == []
