"""The real command in processes of its own: `openline serve` and `openline stream`.

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
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import openline_cli

CLIP = Path(openline_cli.__file__).parent / "data" / "meeting.flac"
SAMPLES = 451_680
SHORT = Path(__file__).parents[1] / "data" / "goforward.wav"
COMMAND = [sys.executable, "-m", "openline_cli"]
PATIENCE = 120.0

Running: TypeAlias = "subprocess.Popen[str]"
Update: TypeAlias = dict[str, Any]


@contextmanager
def _running(*arguments: str, patience: float = PATIENCE, **options: Any) -> Generator[Running]:
    environment = {k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        text=True,
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, **options.pop("env", {})},
        **options,
    )
    timer = threading.Timer(patience, process.kill)
    timer.start()
    try:
        with process:
            yield process
    finally:
        timer.cancel()


@contextmanager
def _serving(*arguments: str, says: str = "", **options: Any) -> Generator[str]:
    command = ["serve", "--port", "0", "--recognizer", "echo", *arguments]
    with _running(*command, patience=10 * PATIENCE, **options) as server:
        assert server.stdout is not None
        announced = server.stdout.readline()
        assert announced.startswith("listening on ws://127.0.0.1:")
        try:
            yield announced.removeprefix("listening on ").strip()
        finally:
            server.send_signal(signal.SIGTERM)
            out, err = server.communicate()
        assert (server.returncode, out, err) == (0, "", says)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with _serving() as address:
        yield address


def _stream(url: str, *arguments: str, **options: Any) -> tuple[int, str, str]:
    with _running("stream", "--url", url, *arguments, **options) as process:
        out, err = process.communicate()
        return process.returncode, out, err


def _updates(text: str) -> list[Update]:
    return [json.loads(line) for line in text.splitlines()]


def _next(process: Running, **wanted: Any) -> Update:
    """Read updates up to the first one that has these values."""
    assert process.stdout is not None
    for line in process.stdout:
        update: Update = json.loads(line)
        if all(update.get(key) == value for key, value in wanted.items()):
            return update
    raise AssertionError(f"no {wanted} came")


def test_a_recording_is_streamed_whole(url: str) -> None:
    status, out, err = _stream(url, str(CLIP), "--json", "--speed", "30", "--source", "mic")
    assert (status, err) == (0, "")
    updates = _updates(out)
    states = [update["state"] for update in updates if update["update"] == "state"]
    assert states[:3] == ["connecting", "awaiting_ack", "streaming"]
    assert states[-2:] == ["closing", "closed"]
    finals = [each for each in updates if each["update"] == "transcript" and each["final"]]
    assert finals[0]["start"] == 0.0
    assert all(a["end"] == b["start"] for a, b in pairwise(finals))
    ended = updates[-1]
    assert (ended["update"], ended["complete"], ended["missing"]) == ("ended", True, [])
    assert (ended["dials"], ended["state"]) == (1, "closed")
    counts = dict.fromkeys(("captured", "sent", "confirmed"), SAMPLES)
    none = dict.fromkeys(("missing", "told", "assumed"), 0)
    assert ended["sources"] == {"mic": counts | none}


def test_rest_of_a_recording_has_the_times_of_the_recording(url: str, tmp_path: Path) -> None:
    out = tmp_path / "rest.srt"
    part = ("--from", "0:20.5", "--until", "25")
    status, text, err = _stream(url, str(CLIP), *part, "--json", "--speed", "30", "--out", str(out))
    assert (status, err) == (0, "")
    updates = _updates(text)
    finals = [each for each in updates if each["update"] == "transcript" and each["final"]]
    assert [(each["start"], each["end"]) for each in finals] == [
        (20.5, 22.5), (22.5, 24.5), (24.5, 25.0),
    ]  # fmt: skip
    counts = updates[-1]["sources"]["system"]
    assert (counts["captured"], counts["confirmed"]) == (72_000, 72_000)
    assert "00:00:20,500 --> 00:00:22,500" in out.read_text()
    status, text, err = _stream(url, str(CLIP), *part, "--speed", "30")
    assert text.splitlines()[0].startswith("  0:20.5  system")


def test_start_behind_the_end_is_one_line(url: str) -> None:
    status, out, err = _stream(url, str(CLIP), "--from", "12:30")
    assert (status, out) == (2, "")
    assert err == (
        f"openline: {CLIP} ends after 28.23 s, and its audio from 750.00 s on is asked for; "
        "give an earlier start\n"
    )


def test_two_recordings_are_two_sources(url: str) -> None:
    status, out, _ = _stream(url, str(CLIP), str(CLIP), "--json", "--speed", "30")
    assert status == 0
    updates = _updates(out)
    sources = {each["source"] for each in updates if each["update"] == "transcript"}
    assert sources == {"system", "mic"}
    sources = updates[-1]["sources"]
    assert {name: each["confirmed"] for name, each in sources.items()} == {
        "system": SAMPLES,
        "mic": SAMPLES,
    }


SILENT = (
    "openline: standard input is digital silence from its beginning to its end; "
    "check the recorder\n"
)


@pytest.mark.parametrize(("sample", "noted"), [(b"\x00\x01", ""), (bytes(2), SILENT)])
def test_a_pipe_of_raw_pcm_is_streamed(sample: bytes, noted: str, url: str) -> None:
    with _running("stream", "--url", url, "-", "--rate", "8000", "--channels", "2", "--json",
                  "--speed", "30", stdin=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdin is not None
        with open(process.stdin.fileno(), "wb", closefd=False) as pipe:
            pipe.write(sample * (8000 * 2 * 3))  # all, though a signal cuts a call short
        out, err = process.communicate()
    assert (process.returncode, err) == (0, noted)
    assert _updates(out)[-1]["sources"]["system"]["captured"] == 3 * 16_000


def test_an_empty_pipe_is_status_1_unless_allowed(url: str) -> None:
    why = "standard input ended without any audio; check what writes to it, or pass --allow-empty"
    status, _, err = _stream(url, "-")
    assert (status, err.splitlines()[-1]) == (1, f"openline: incomplete: system was lost: {why}")
    status, _, err = _stream(url, "-", "--allow-empty")
    assert (status, err.splitlines()[-1]) == (0, "openline: complete, but there was no audio")


@pytest.mark.parametrize(
    ("ending", "begins"),
    [
        ("srt", "1\n00:00:00,000 --> 00:00:02,000\n0.00-2.00\n\n2\n"),
        ("jsonl", '{"update":"transcript"'),
    ],
)
def test_the_transcript_becomes_a_file(ending: str, begins: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{ending}"
    status, out, err = _stream(url, str(SHORT), "--speed", "30", "--out", str(path))
    assert status == 0
    assert out.startswith("  0:00.0  system  0.00-2.00\n")
    assert err.splitlines()[-1] == "openline: complete: every captured sample was confirmed"
    assert path.read_text().startswith(begins)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    status, out, err = _stream("ws://127.0.0.1:1/", "none.wav", "--out", "t.txt", cwd=tmp_path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "none.wav does not exist" in err
    assert not list(tmp_path.iterdir())


def test_the_right_token_opens_and_a_wrong_one_fails_at_once(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("right-s3cret\n")
    refused = "openline: connection 2 was refused with 1008: its token is missing or wrong\n"
    with _serving("--token-file", str(token), says=refused) as url:
        fast = [str(SHORT), "--speed", "30", "--json"]
        assert _stream(url, *fast, "--token-file", str(token))[0] == 0
        status, out, err = _stream(url, *fast, env={"OPENLINE_TOKEN": "wrong-s3cret"})
    assert status == 1
    ended = _updates(out)[-1]
    assert (ended["state"], ended["dials"], ended["action"]) == ("failed", 1, "fatal")
    assert err.count("\n") == 1
    assert "token" in err
    assert "s3cret" not in out + err


def test_a_backend_whose_terminal_closes_tells_its_clients() -> None:
    """The shell and the kernel both send SIGHUP: the second does not cut what the first began."""
    serving = ("serve", "--port", "0", "--recognizer", "echo")
    with _running(*serving) as server:
        assert server.stdout is not None
        address = server.stdout.readline().removeprefix("listening on ").strip()
        arguments = ["stream", "--url", address, str(CLIP), "--json", "--policy", "give_up_after=1"]
        with _running(*arguments) as process:
            _next(process, state="streaming")
            server.send_signal(signal.SIGHUP)
            server.send_signal(signal.SIGHUP)
            lost = _next(process, state="reconnecting")
            process.kill()
        _, err = server.communicate()
    assert (server.returncode, err) == (0, "")
    assert lost["reason"] == "the server is restarting"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_finishes_properly(number: signal.Signals, url: str, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    arguments = ["stream", "--url", url, str(CLIP), "--json", "--speed", "2", "--out", str(path)]
    with _running(*arguments) as process:
        _next(process, update="transcript", final=True)
        process.send_signal(number)
        ended = _next(process, update="ended")
        out, err = process.communicate()
    assert (ended["complete"], ended["state"]) == (True, "closed")
    assert 0 < ended["sources"]["system"]["confirmed"] < SAMPLES
    assert (process.returncode, out) == (130, "")
    assert err == "openline: stopping; Ctrl-C again ends at once\n"
    assert path.read_text().startswith("0.00-2.00\n")


def test_two_signals_abort(url: str) -> None:
    """A slow backend still has transcripts to send after the first signal."""
    with (
        _serving("--slow", "50") as slow,
        _running("stream", "--url", slow, str(CLIP), "--json") as process,
    ):
        _next(process, update="state", state="streaming")
        process.send_signal(signal.SIGINT)
        _next(process, update="state", state="finishing")
        process.send_signal(signal.SIGINT)
        ended = _next(process, update="ended")
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.startswith("openline: stopping; Ctrl-C again ends at once\n")
    assert err.count("\n") <= 2
    assert ended["state"] == "closed"


def test_closed_stdout_is_no_traceback(url: str) -> None:
    with _running("stream", "--url", url, str(CLIP), "--json", "--speed", "2") as process:
        assert process.stdout is not None
        _next(process, update="state", state="streaming")
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, err) == (1, "")


def test_backend_logs_its_faults_and_the_stream_is_whole() -> None:
    phrases = ["cut after first final", "cut mid-final on dial 2"]
    options = [word for phrase in phrases for word in ("--fault", phrase)]
    command = ["serve", "--port", "0", "--recognizer", "echo", *options]
    with _running(*command, patience=10 * PATIENCE) as server:
        assert server.stdout is not None
        url = server.stdout.readline().removeprefix("listening on ").strip()
        lines = [server.stdout.readline() for _ in phrases]
        status, out, err = _stream(url, str(CLIP), "--json", "--speed", "8")
        server.send_signal(signal.SIGTERM)
        _, struck = server.communicate()
    assert lines == [f"fault: {phrase}\n" for phrase in phrases]
    assert struck.splitlines() == [
        f"openline: fault on dial {dial}: {phrase}" for dial, phrase in enumerate(phrases, 1)
    ]
    assert (status, err) == (0, "")
    ended = _updates(out)[-1]
    assert (ended["complete"], ended["dials"]) == (True, 3)
