"""A stdout that nobody reads, and that is full: Ctrl-C ends the command all the same."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

CLIP = Path(__file__).parents[1] / "data" / "goforward.wav"


@contextmanager
def full_pipe() -> Generator[int]:
    """The writing end of a pipe that takes nothing more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for size in (4_096, 1):
        try:
            while True:
                os.write(writing, bytes(size))
        except BlockingIOError:
            pass
    os.set_blocking(writing, True)
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("options", [["--json"], []])
def test_ctrl_c_ends_a_stream_whose_reader_does_not_read(options: list[str]) -> None:
    """Nobody answers at the port, so the session goes on until it is ended."""
    command = [sys.executable, "-m", "openline_cli", "stream", *options]
    with full_pipe() as stdout, socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/x"
        silent.settimeout(60)
        process = subprocess.Popen(
            [*command, "--speed", "0.01", "--url", url, str(CLIP)],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            dialled, _ = silent.accept()
            for _ in range(60):
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(0.5)
                    break
                except subprocess.TimeoutExpired:
                    continue
            dialled.close()
            assert process.returncode is not None, "a full stdout holds up the end"
        finally:
            process.kill()
            _, err = process.communicate()
    assert "Traceback" not in err
    # A further Ctrl-C may come while Python ends, and kill it. A shell reports both as 130.
    assert process.returncode in {130, -signal.SIGINT}
