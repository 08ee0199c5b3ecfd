"""``--out`` of the real command, which is killed, hung up, or loses its reader.

Nothing sleeps: a process is killed when it has printed a number of lines, drawn by a seed. If a
process hangs, a timer kills it, and the test fails. ``OPENLINE_KILLS=50`` kills each format's
more often.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import pytest

import openline_cli
from tests.cli import parsers
from tests.support_profiles import many

CLIP = Path(openline_cli.__file__).parent / "data" / "meeting.flac"
COMMAND = [sys.executable, "-m", "openline_cli"]
PATIENCE = 120.0
KILLS = int(os.environ.get("OPENLINE_KILLS", many(1, 3)))
#: The lines that a whole session prints at this speed are at least so many.
SPEED, LINES = "8", 60
#: Seconds before the kill by which a final must have been reported to be expected in the file.
SURE = 1.0
#: Makes the terminal in ``argv[1]`` the controlling one, and runs the rest.
ON_TERMINAL = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
for each in (0, 1, 2):
    os.dup2(fd, each)
os.execv(sys.argv[2], sys.argv[2:])
"""
#: What ``nohup`` does.
UNTOUCHED = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""

Running: TypeAlias = "subprocess.Popen[str]"

#: The texts that stand in a file of each format.
TEXTS: dict[str, Callable[[str], list[str]]] = {
    ".txt": parsers.plain,
    ".srt": lambda text: [" ".join(cue.lines) for cue in parsers.subrip(text)],
    ".vtt": lambda text: [" ".join(cue.lines) for cue in parsers.webvtt(text)],
    ".jsonl": lambda text: [each["text"] for each in parsers.json_lines(text) if "text" in each],
}


@contextmanager
def _running(command: list[str], patience: float = PATIENCE, **options: Any) -> Generator[Running]:
    environment = {k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"}
    given: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        **options,
    }
    process = subprocess.Popen(command, text=True, env=environment, **given)
    timer = threading.Timer(patience, process.kill)
    timer.start()
    try:
        with process:
            yield process
    finally:
        timer.cancel()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [*COMMAND, "serve", "--port", "0", "--recognizer", "echo"]
    with _running(command, patience=PATIENCE * (10 + KILLS)) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().removeprefix("listening on ").strip()
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate()


def _streaming(url: str, path: Path, *more: str, speed: str = SPEED) -> list[str]:
    return [
        *COMMAND,
        "stream",
        str(CLIP),
        "--url",
        url,
        "--speed",
        speed,
        "--out",
        str(path),
        *more,
    ]


def _next(process: Running, **wanted: Any) -> dict[str, Any]:
    """Read updates up to the first one that has these values."""
    assert process.stdout is not None
    for line in process.stdout:
        update: dict[str, Any] = json.loads(line)
        if all(update.get(key) == value for key, value in wanted.items()):
            return update
    raise AssertionError(f"no {wanted} came")


@pytest.mark.longer
@pytest.mark.parametrize("suffix", TEXTS)
def test_final_that_was_reported_is_in_the_file_after_a_kill(
    suffix: str, url: str, tmp_path: Path
) -> None:
    for seed in range(KILLS):
        path = tmp_path / f"{seed}{suffix}"
        lines = Random(f"{suffix} {seed}").randrange(5, LINES)
        finals: list[tuple[float, str]] = []
        with _running(_streaming(url, path, "--json")) as process:
            assert process.stdout is not None
            for _, line in zip(range(lines), process.stdout, strict=False):
                update = json.loads(line)
                if update["update"] == "transcript" and update["final"]:
                    finals.append((time.monotonic(), update["text"]))
            process.kill()
            killed = time.monotonic()
        there = TEXTS[suffix](path.read_text("utf-8")) if path.exists() else []
        sure = [text for reported, text in finals if reported < killed - SURE]
        assert [there.count(text) for text in sure] == [1] * len(sure), f"seed {seed}: {there}"
        assert len(set(there)) == len(there), f"seed {seed}: {there}"


@pytest.mark.parametrize("suffix", TEXTS)
def test_file_is_whole_and_alone_at_the_end(suffix: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{suffix}"
    with _running(_streaming(url, path, "--json", speed="30")) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    updates = [json.loads(line) for line in out.splitlines()]
    finals = [u["text"] for u in updates if u["update"] == "transcript" and u["final"]]
    assert len(finals) > 10
    assert TEXTS[suffix](path.read_text("utf-8")) == finals
    assert list(tmp_path.iterdir()) == [path]


def test_hangup_of_the_terminal_ends_properly(url: str, tmp_path: Path) -> None:
    path = tmp_path / "t.srt"
    ours, theirs = pty.openpty()
    command = _streaming(url, path, speed="2")
    wrapped = [sys.executable, "-c", ON_TERMINAL, os.ttyname(theirs), *command]
    with _running(wrapped, start_new_session=True, stdout=None, stderr=None) as process:
        shown = b""
        while b"0.00-2.00" not in shown:
            shown += os.read(ours, 4096)
        os.close(theirs)
        os.close(ours)  # the terminal's window is closed
        status = process.wait()
    assert status == 130
    texts = TEXTS[".srt"](path.read_text())
    assert texts[0] == "0.00-2.00"
    assert list(tmp_path.iterdir()) == [path]


def test_hangup_asks_for_the_end_as_sigterm_does(url: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with _running(_streaming(url, path, "--json", speed="2")) as process:
        _next(process, update="transcript", final=True)
        process.send_signal(signal.SIGHUP)
        ended = _next(process, update="ended")
        _, err = process.communicate()
    assert (process.returncode, ended["complete"], ended["state"]) == (130, True, "closed")
    assert err == "openline: stopping; Ctrl-C again ends at once\n"
    assert json.loads(path.read_text().splitlines()[-1])["update"] == "ended"


def test_hangup_under_nohup_is_ignored(url: str, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    command = _streaming(url, path, "--json")
    with _running([sys.executable, "-c", UNTOUCHED, *command]) as process:
        _next(process, update="transcript", final=True)
        process.send_signal(signal.SIGHUP)
        _next(process, update="ended", complete=True)
        _, err = process.communicate()
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "plain"])
def test_lost_reader_does_not_stop_the_file(form: list[str], url: str, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    with _running(_streaming(url, path, *form)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in err
    assert len(parsers.plain(path.read_text())) > 10


def test_closed_stdout_and_stderr_do_not_stop_the_file(url: str, tmp_path: Path) -> None:
    path = tmp_path / "t.vtt"
    with _running(_streaming(url, path)) as process:
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        status = process.wait()
    assert status == 0
    assert len(TEXTS[".vtt"](path.read_text())) > 10


def test_killed_client_and_its_successor_write_the_same_file(url: str, tmp_path: Path) -> None:
    path, spool = tmp_path / "t.srt", tmp_path / "spool"
    with _running(_streaming(url, path, "--json", "--spool", str(spool))) as process:
        first = _next(process, update="transcript", final=True)
        process.kill()
    assert TEXTS[".srt"](path.read_text())[0] == first["text"]
    with _running([*COMMAND, "resume", str(spool), "--out", str(path)]) as process:
        _, err = process.communicate()
    assert process.returncode == 1, err
    assert "not to its end" in err  # the file was not read whole; what was read is delivered
    cues = parsers.subrip(path.read_text())
    assert " ".join(cues[0].lines) == first["text"]
    # The texts of the recogniser count from the beginning of a connection, and the successor has
    # one of its own: only times tell whether a final was written twice, or is missing.
    assert cues[0].begin == 0
    assert all(a.end == b.begin for a, b in pairwise(cues)), cues
