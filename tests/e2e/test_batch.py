"""``openline batch`` with processes: workers and coordinators are killed, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from openline_store.records import Confirmed, unpack
from openline_testing.background import BackgroundBackend
from tests.support_archives import check_transcript, make_archive

PATIENCE = 240.0
SECONDS = 8
#: What it says on a slow machine alone: how far it is, and that the first ack takes its time.
PROGRESS = re.compile(
    r"openline: (\d+ of \d+ recordings are over, \d+\.\d\d h of audio, \d+ under way"
    r"|no session is connected after \d+ s: the backend does not answer; "
    r"Ctrl-C ends the batch, and the same command goes on)\n"
)


@contextmanager
def batch(
    archive: Path, spool: Path, url: str, *arguments: str, **options: Any
) -> Generator[subprocess.Popen[str]]:
    """The command, killed if it takes too long, and at the end of the block."""
    command = [sys.executable, "-m", "openline_cli", "batch", str(archive), url]
    command += ["--spool", str(spool), "--format", "jsonl", "--json", *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"}
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment, **options,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]], str]:
    """Its status, its rows, and what it said, but for how far it is on a slow machine."""
    out, err = process.communicate(timeout=PATIENCE)
    said = "".join(line for line in err.splitlines(keepends=True) if not PROGRESS.fullmatch(line))
    return process.returncode, [json.loads(line) for line in out.splitlines()], said


def wait_for(fits: Callable[[], object], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE
    while not fits():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def done(spool: Path) -> int:
    return len(list((spool / "outcomes").glob("*.json"))) if spool.exists() else 0


def workers(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in children.read_text("ascii").split()]


def busy(spool: Path) -> int:
    """Sessions that hold audio or words in their spools."""
    logs = (spool / "sessions").glob("*/log")
    return sum(_size(log) > 200 for log in logs)


def is_confirmed(spool: Path) -> bool:
    """Whether the backend has confirmed audio of a session that is under way."""
    for log in (spool / "sessions").glob("*/log"):
        with suppress(FileNotFoundError):
            records = [record for record, _ in unpack(log.read_bytes())]
            if any(isinstance(each, Confirmed) and each.position for each in records):
                return True
    return False


def has_done(spool: Path, least: int) -> bool:
    return done(spool) >= least and busy(spool) > 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def check_all(rows: list[dict[str, Any]], recordings: int) -> None:
    """Each recording is complete, once, and its transcript has all of it."""
    assert len(rows) == recordings
    assert len({row["id"] for row in rows}) == recordings
    assert len({row["path"] for row in rows}) == recordings
    assert {row["state"] for row in rows} == {"complete"}
    for row in rows:
        check_transcript(Path(row["transcript"]), SECONDS)
        assert row["hours"] == pytest.approx(SECONDS / 3600, abs=1e-6)
        assert row["gaps"] == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_workers_and_the_coordinator_are_killed_and_each_recording_is_done_once(
    tmp_path: Path,
) -> None:
    archive, spool = make_archive(tmp_path / "archive", 40, SECONDS), tmp_path / "spool"
    given = ("--workers", "2", "--sessions", "4", "--speed", "8", "--dials", "6000")
    with BackgroundBackend(max_sessions=64) as backend:
        with batch(archive, spool, backend.url, *given) as process:
            for least in (6, 12, 18):
                wait_for(partial(has_done, spool, least), process)
                os.kill(workers(process)[0], signal.SIGKILL)
            wait_for(partial(has_done, spool, 24), process)
            orphans = workers(process)
            process.kill()
            _, err = process.communicate()
            assert err.count("its process was ended by signal 9") == 3
        assert done(spool) < 40
        with batch(archive, spool, backend.url, *given) as process:
            status, rows, err = finish(process)
            assert (status, err) == (0, "")
        check_all(rows, 40)
        dials = backend.dials
        with batch(archive, spool, backend.url, *given) as process:
            status, again, err = finish(process)
        assert (status, again, err) == (0, rows, "")
        assert backend.dials == dials
    assert not any(Path(f"/proc/{pid}").exists() for pid in orphans)
    for folder in ("sessions", "claims", "owners"):
        left = (path.name for path in (spool / folder).iterdir())
        assert [name for name in left if not name.startswith(".")] == []


def test_two_coordinators_share_the_work(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 16, SECONDS), tmp_path / "spool"
    given = ("--workers", "1", "--sessions", "2", "--speed", "8", "--dials", "6000")
    with BackgroundBackend(max_sessions=64) as backend:
        with (
            batch(archive, spool, backend.url, *given) as one,
            batch(archive, spool, backend.url, *given) as other,
        ):
            first, second = finish(one), finish(other)
        assert backend.dials == 16
    assert first[:2] == second[:2]
    assert first[0] == 0
    check_all(first[1], 16)


def test_what_a_killed_coordinator_had_is_taken_over_by_another(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 8, SECONDS), tmp_path / "spool"
    given = ("--workers", "1", "--sessions", "2", "--speed", "4", "--dials", "6000")
    with (
        BackgroundBackend(max_sessions=64) as backend,
        batch(archive, spool, backend.url, *given) as one,
    ):
        wait_for(lambda: done(spool) >= 1 and busy(spool), one)
        with batch(archive, spool, backend.url, *given) as other:
            wait_for(lambda: done(spool) >= 4, other)
            one.kill()
            status, rows, _ = finish(other)
    assert status == 0
    check_all(rows, 8)


def test_ctrl_c_finishes_what_is_under_way_and_the_same_command_goes_on(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 12, SECONDS), tmp_path / "spool"
    given = ("--workers", "1", "--sessions", "2", "--speed", "8", "--dials", "6000")
    with BackgroundBackend(max_sessions=64) as backend:
        with batch(archive, spool, backend.url, *given) as process:
            wait_for(lambda: done(spool) >= 2 and busy(spool), process)
            process.send_signal(signal.SIGINT)
            status, rows, err = finish(process)
        assert status == 130
        assert err.splitlines() == [
            "openline: finishing the recordings that are under way; Ctrl-C again leaves them",
            "openline: interrupted; the same command goes on",
        ]
        complete = [row for row in rows if row["state"] == "complete"]
        assert 2 <= len(complete) == done(spool) < 12
        assert len(rows) == 12
        assert not list((spool / "claims").iterdir())
        slow = ("--workers", "1", "--sessions", "2", "--speed", "1")
        with batch(archive, spool, backend.url, *slow) as process:
            # A session that no backend knows yet ends at the first signal.
            wait_for(lambda: is_confirmed(spool), process)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)  # two signals at the same moment are one
            process.send_signal(signal.SIGINT)
            status, rows, err = finish(process)
            assert status == 130
        with batch(archive, spool, backend.url, *given) as process:
            status, rows, err = finish(process)
        assert (status, err) == (0, "")
        check_all(rows, 12)


def test_a_backend_that_is_slow_and_cuts_gets_everything(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 4, SECONDS), tmp_path / "spool"
    faults = ("cut after 100 frames", "slow 2x on dial 2", "stall uplink 2s on dial 3")
    with BackgroundBackend(*faults, max_sessions=64) as backend:
        with batch(archive, spool, backend.url, "--workers", "1") as process:
            status, rows, err = finish(process)
        assert backend.dials > 4
        assert len(backend.faults_struck) == 3
    assert (status, err) == (0, "")
    check_all(rows, 4)


def test_few_descriptors_are_enough(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 30, 2), tmp_path / "spool"
    shell = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]
    with BackgroundBackend(max_sessions=64) as backend:
        command = [sys.executable, "-m", "openline_cli", "batch", str(archive), backend.url]
        command += ["--spool", str(spool), "--workers", "2", "--sessions", "15", "--dials", "6000"]
        ran = subprocess.run(
            [*shell, *command], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    said = [line for line in ran.stderr.splitlines(keepends=True) if not PROGRESS.fullmatch(line)]
    assert (ran.returncode, said) == (0, [])
    assert ran.stdout.startswith("30 recordings: 30 complete\n")


def test_a_backend_that_is_gone_leaves_all_open_and_says_so(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 3, 2), tmp_path / "spool"
    with BackgroundBackend() as backend:
        url = backend.url
    given = ("--workers", "1", "--policy", "give_up_after=0", "--policy", "max_attempts=0")
    with batch(archive, spool, url, *given) as process:
        status, rows, err = finish(process)
    assert status == 1
    assert {row["state"] for row in rows} == {"open"}
    assert err.count("\n") == 3
    with BackgroundBackend() as backend, batch(archive, spool, backend.url, *given) as process:
        status, rows, err = finish(process)
    assert (status, err) == (0, "")
    assert {row["state"] for row in rows} == {"complete"}
