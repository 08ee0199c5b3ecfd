"""A client that is killed, and `openline resume`, in processes of their own.

Nothing sleeps: each wait is for a line of output. If a process hangs, a timer kills it, and
the test fails for the missing line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import openline_cli
from openline_store.spool import load

CLIP = Path(openline_cli.__file__).parent / "data" / "meeting.flac"
SHORT = Path(__file__).parents[1] / "data" / "goforward.wav"
COMMAND = [sys.executable, "-m", "openline_cli"]
RATE = 16_000
PATIENCE = 120.0

Running: TypeAlias = "subprocess.Popen[str]"


@contextmanager
def _running(
    *arguments: str, stdin: int = subprocess.DEVNULL, patience: float = PATIENCE
) -> Generator[Running]:
    environment = {k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        text=True,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    timer = threading.Timer(patience, process.kill)
    timer.start()
    try:
        with process:
            yield process
    finally:
        timer.cancel()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    serving = ("serve", "--port", "0", "--recognizer", "echo")
    with _running(*serving, patience=10 * PATIENCE) as server:
        assert server.stdout is not None
        announced = server.stdout.readline()
        assert announced.startswith("listening on ws://127.0.0.1:")
        try:
            yield announced.removeprefix("listening on ").strip()
        finally:
            server.send_signal(signal.SIGTERM)
            out, err = server.communicate()
        assert (server.returncode, out, err) == (0, "", "")


def _done(*arguments: str) -> list[dict[str, Any]]:
    """The updates of a command that succeeds."""
    with _running(*arguments) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def _speech() -> bytes:
    with wave.open(str(SHORT)) as wav:
        assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (RATE, 2, 1)
        pcm: bytes = wav.readframes(wav.getnframes())
        return pcm


def _kill_at_the_first_final(process: Running) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        update: dict[str, Any] = json.loads(line)
        if update["update"] == "transcript" and update["final"]:
            process.kill()
            return update
    raise AssertionError("no final came")


def test_a_killed_client_is_finished_by_another_process(url: str, tmp_path: Path) -> None:
    spool, out = tmp_path / "spool", tmp_path / "t.jsonl"
    stream = ["stream", "-", "--url", url, "--json", "--speed", "4", "--spool", str(spool)]
    with _running(*stream, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        # It may be killed before it has read all; the pipe buffers only part of it.
        pouring = threading.Thread(target=_pour, args=(process.stdin.fileno(), _speech()))
        pouring.start()
        first = _kill_at_the_first_final(process)
        pouring.join()
    assert process.returncode == -signal.SIGKILL

    (folder,) = spool.iterdir()
    past = load(folder)
    (source,) = past.sources
    captured = source.on_disk[-1][1]
    assert captured >= 2 * RATE
    assert [final.end for final in past.transcript][:1] in ([], [first["end"]])

    ended = _done("resume", str(spool), "--json", "--out", str(out))[-1]
    assert (ended["update"], ended["complete"], ended["missing"]) == ("ended", True, [])
    counts = ended["sources"]["system"]
    assert (counts["captured"], counts["confirmed"]) == (captured, captured)
    finals = [json.loads(line) for line in out.read_text().splitlines()[:-1]]
    assert [finals[0][key] for key in ("start", "end", "text")] == [
        first[key] for key in ("start", "end", "text")
    ]
    assert all(a["end"] == b["start"] for a, b in pairwise(finals))
    assert finals[-1]["end"] == pytest.approx(captured / RATE, abs=1 / RATE)
    assert not list(spool.iterdir())

    with _running("resume", str(spool)) as again:
        shown, err = again.communicate()
    assert (again.returncode, shown) == (2, "")
    assert err == f"openline: {spool}: no unfinished session is spooled there\n"


def _pour(fd: int, pcm: bytes) -> None:
    rest = memoryview(pcm)
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
    except BrokenPipeError:
        pass


def test_rest_of_a_recording_keeps_its_times_after_a_crash(url: str, tmp_path: Path) -> None:
    spool, out = tmp_path / "spool", tmp_path / "t.jsonl"
    part = [str(CLIP), "--from", "10", "--speed", "4"]
    with _running("stream", *part, "--url", url, "--json", "--spool", str(spool)) as process:
        first = _kill_at_the_first_final(process)
    assert (first["start"], first["end"]) == (10.0, 12.0)
    with _running("resume", str(spool), "--json", "--out", str(out)) as process:
        told, err = process.communicate()
    assert process.returncode == 1
    ended = json.loads(told.splitlines()[-1])
    captured = ended["sources"]["system"]["captured"]
    assert f"it was read to {10 + captured / RATE:.2f} s, and not to its end" in err
    finals = [json.loads(line) for line in out.read_text().splitlines()]
    finals = [each for each in finals if each["update"] == "transcript"]
    assert finals[0]["start"] == 10.0
    assert all(a["end"] == b["start"] for a, b in pairwise(finals))
    assert finals[-1]["end"] == pytest.approx(10 + captured / RATE, abs=1 / RATE)


def test_a_stream_that_completes_leaves_its_spool_empty(url: str, tmp_path: Path) -> None:
    spool = tmp_path / "below" / "spool"
    fast = ["--speed", "30", "--json", "--spool", str(spool)]
    ended = _done("stream", str(SHORT), "--url", url, *fast)[-1]
    assert ended["complete"] is True
    assert spool.is_dir()
    assert not list(spool.iterdir())
