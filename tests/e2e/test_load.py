"""``openline load`` against ``openline serve``: real sockets, real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openline_testing.background import BackgroundBackend

PATIENCE = 180.0
COMMAND = [sys.executable, "-m", "openline_cli"]


@contextmanager
def serving(*options: str) -> Generator[tuple[str, list[str]]]:
    """The backend in a process of its own: its address, and what it prints."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--recognizer", "echo", *options],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    lines: list[str] = []
    try:
        with process:
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("listening on ").strip()
            reading = threading.Thread(target=lines.extend, args=(process.stdout,))
            reading.start()
            try:
                yield url, lines
            finally:
                process.send_signal(signal.SIGINT)
                reading.join()
    finally:
        timer.cancel()


def loading(url: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "load", url, *options],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"},
    )  # fmt: skip


def test_the_capacity_is_what_the_backend_says_of_itself(tmp_path: Path) -> None:
    """A limit of 10 is found, and so it is in the backend's own figures."""
    file = tmp_path / "capacity.json"
    options = ["--find-capacity", "--sessions", "12", "--ramp", "1s", "--hold", "6s"]
    options += ["--late", "60s", "--frame", "100ms", "--json", str(file)]
    with serving("--max-sessions", "10", "--figures", "1s") as (url, lines):
        out, err = loading(url, *options).communicate(timeout=PATIENCE)
    assert not err
    found = json.loads(file.read_text())
    last = r"^capacity: (\d+) sessions; 11 are too many: refused dials: 1, the first because: .+$"
    said = re.search(last, out, re.MULTILINE)
    assert said is not None, out
    busy = [line for line in lines if line.startswith("figures: 10 sessions")]
    own = [int(each[1]) for line in busy if (each := re.search(r"carries (\d+)$", line))]
    assert own
    assert found["capacity"] == int(said[1]) == pytest.approx(max(own), rel=0.1)
    assert [trial["callers"] for trial in found["trials"]] == [8, 12, 10, 11]


def test_ctrl_c_ends_it_with_the_figures_so_far(tmp_path: Path) -> None:
    file, picture = tmp_path / "load.json", tmp_path / "load.svg"
    with BackgroundBackend() as backend:
        process = loading(
            backend.url, "--sessions", "3", "--ramp", "100ms", "--hold", "10min",
            "--json", str(file), "--plot", str(picture),
        )  # fmt: skip
        while backend.dials < 3 or not all(backend.received("mic")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err == "openline: stopping; Ctrl-C again ends at once\n"
    assert "sessions: 3 of 3, 3 complete\n" in out
    assert ": these are the figures so far\n" in out
    found = json.loads(file.read_text())
    assert found["sessions"]["complete"] == 3
    assert found["ended_by"] == "interrupted"
    assert found["seconds"] < found["plan"]["seconds"]
    assert picture.exists()


@pytest.mark.parametrize("signals", [[signal.SIGINT] * 2, [signal.SIGTERM] * 3])
def test_another_signal_ends_it_at_once(signals: list[signal.Signals], tmp_path: Path) -> None:
    """In the ramp; the backend never completes a stop."""
    with BackgroundBackend("no summary on every dial") as backend:
        process = loading(
            backend.url, "--sessions", "10", "--ramp", "10min",
            "--json", str(tmp_path / "load.json"),
        )  # fmt: skip
        while not backend.dials or not any(backend.received("mic")):
            assert process.poll() is None
        process.send_signal(signals[0])
        assert process.stderr is not None
        assert process.stderr.readline() == "openline: stopping; Ctrl-C again ends at once\n"
        for each in signals[1:]:
            process.send_signal(each)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    found = json.loads((tmp_path / "load.json").read_text())
    assert (found["ended_by"], found["sessions"]["begun"]) == ("aborted", 1)


def test_ctrl_c_ends_a_search(tmp_path: Path) -> None:
    file = tmp_path / "capacity.json"
    file.write_text("an older one")
    with BackgroundBackend(max_sessions=20) as backend:
        process = loading(
            backend.url, "--find-capacity", "--ramp", "100ms", "--hold", "10min",
            "--json", str(file),
        )  # fmt: skip
        while backend.dials < 8:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    line = "capacity: unknown; the search was interrupted in its first trial\n"
    assert (process.returncode, out, err) == (130, line, "")
    found = json.loads(file.read_text())
    assert (found["ended_by"], found["capacity"], found["trials"]) == ("interrupted", None, [])


def test_faults_strike_and_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    faults = "cut after 1s; freeze 500ms 50% after 2500ms; leave 20% after 4s"
    with BackgroundBackend(max_sessions=20) as backend:
        process = loading(
            backend.url, "--sessions", "10", "--ramp", "500ms", "--hold", "6s",
            "--fault", faults, "--json", str(file),
        )  # fmt: skip
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, ""), out
    found = json.loads(file.read_text())
    calls = found["calls"]
    assert all(call["faults"][0] == "cut at 1.0 s" for call in calls)
    assert sum("leave at 4.0 s" in call["faults"] for call in calls) == 2
    assert (found["sessions"]["left"], found["sessions"]["complete"]) == (2, 8)
    assert all(call["lost_seconds"] == 0 for call in calls if call["outcome"] == "complete")
    assert sum("freeze at 2.5 s" in call["faults"] for call in calls) == 5


@pytest.mark.parametrize("dialect", ["deepgram", "vosk", "assemblyai"])
def test_every_dialect_has_callers(dialect: str, tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    with BackgroundBackend(dialect=dialect, max_sessions=8) as backend:  # type: ignore[arg-type]
        process = loading(
            backend.url, "--dialect", dialect, "--sessions", "3", "--ramp", "300ms",
            "--hold", "5s", "--json", str(file),
        )  # fmt: skip
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, ""), out
    found = json.loads(file.read_text())
    assert found["dialect"] == dialect
    assert found["final_lag"]["count"] >= 6
    assert found["first_words"]["count"] == 3
