"""The demo as a user runs it, with a recogniser that needs no model and faster than real time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import trio

from openline_cli.child import Child
from openline_cli.problems import Problem

COMMAND = [sys.executable, "-m", "openline_cli"]


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "demo", "--recognizer", "echo", *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=300)


def test_demo_shows_the_outage_the_transcript_and_the_figures() -> None:
    done = _demo("--speed", "6")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "-- starting a backend with echo"
    assert "-- streaming" in lines
    assert any(line.startswith("  0:00.0  mic     ~ 0.00-") for line in lines)
    assert "  0:00.0  mic     0.00-2.00" in lines
    assert any(line.startswith("-- mic: level -") for line in lines)
    assert lines.count("-- demo: the backend was killed; another starts") == 2
    assert any(line.startswith("-- reconnecting") for line in lines)
    assert "complete: every captured sample was confirmed" in lines
    assert "words: none to compare: echo returns timestamps, not words" in lines
    assert not any("word error rate" in line for line in lines)
    assert "gaps: none" in lines
    account = "captured 451680, confirmed 451680, assumed 0, told 0, missing 0"
    assert f"samples of mic: {account}" in lines


def test_an_address_of_another_machine_is_one_line() -> None:
    command = [*COMMAND, "serve", "--port", "1", "--recognizer", "none", "--host", "192.0.2.1"]
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, timeout=300,
        env={**os.environ, "OPENLINE_TOKEN": "t"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("openline: cannot listen on 192.0.2.1:1")
    assert done.stderr.endswith("; see --host\n")
    assert done.stderr.count("\n") == 1


def test_interrupted_demo_finishes_its_transcript() -> None:
    command = [*COMMAND, "demo", "--recognizer", "echo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "~" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 130
    assert "interrupted, and complete: every captured sample was confirmed" in rest


async def test_the_backend_lasts_as_long_as_the_block() -> None:
    async with Child("echo") as child:
        assert child.backend.is_loopback
        process = child.process
        assert process is not None
        assert process.returncode is None
    assert process.returncode == 0


async def test_backend_ends_when_the_demo_dies() -> None:
    async with Child("echo") as child:
        process = child.process
        assert process is not None
        assert process.stdin is not None
        await process.stdin.aclose()  # as the kernel does when the parent was killed
        with trio.fail_after(60):
            assert await process.wait() == 0


async def test_backend_that_cannot_start_reports_the_reason() -> None:
    child = Child("nonsense")
    with pytest.raises(Problem, match=r"the backend did not start: .*nonsense") as caught:
        await child.__aenter__()
    assert caught.value.status == 1
    assert child.process is None


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
async def test_backends_that_were_killed_leave_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        async with Child("echo") as child:
            await child.kill()
            await child.start()
            running = child.process
        assert running is not None
        assert running.returncode is not None, "the backend outlives the demo"
    assert len(os.listdir("/proc/self/fd")) == before, "a pipe of a backend stays open"
