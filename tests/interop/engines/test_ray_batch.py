"""``openline batch --engine ray``: a worker is killed in the middle, and nothing is lost."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from openline_testing.background import BackgroundBackend
from tests.e2e.test_batch import SECONDS, batch, busy, check_all, done, finish, has_done, wait_for
from tests.support_archives import make_archive

RECORDINGS = int(os.environ.get("OPENLINE_RECORDINGS", "200"))
#: As Ray calls the process of an actor, after its class.
ACTOR = b"ray::Worker"


def parents(pid: int) -> list[int]:
    """The processes above one, from the nearest on."""
    found: list[int] = []
    while pid > 1:
        try:
            status = Path(f"/proc/{pid}/stat").read_text("utf-8")
        except FileNotFoundError:
            break
        pid = int(status.rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def actors(coordinator: int) -> list[int]:
    """The processes of the actors of a cluster that a coordinator began."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        try:
            is_actor = folder.name.isdecimal() and (folder / "cmdline").read_bytes().startswith(
                ACTOR
            )
        except OSError:
            continue
        if is_actor and coordinator in parents(int(folder.name)):
            found.append(int(folder.name))
    return sorted(found)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_workers_are_killed_and_each_recording_is_done_once(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", RECORDINGS, SECONDS)
    spool = tmp_path / "spool"
    given = ("--engine", "ray", "--workers", "2", "--sessions", "8", "--speed", "8")
    with BackgroundBackend(max_sessions=64) as backend:
        with batch(archive, spool, backend.url, *given, "--dials", "6000") as process:
            for part in (0.2, 0.5):
                wait_for(partial(has_done, spool, round(part * RECORDINGS)), process)
                os.kill(actors(process.pid)[0], signal.SIGKILL)
            status, rows, err = finish(process)
        assert backend.dials >= RECORDINGS
    assert status == 0, err
    assert err.count("its actor is gone") == 2
    check_all(rows, RECORDINGS)


def test_the_coordinator_is_killed_and_the_same_command_goes_on(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 20, SECONDS), tmp_path / "spool"
    given = ("--engine", "ray", "--workers", "2", "--sessions", "2", "--speed", "8")
    with BackgroundBackend(max_sessions=64) as backend:
        with batch(archive, spool, backend.url, *given) as process:
            wait_for(lambda: done(spool) >= 4 and busy(spool), process)
            process.kill()
        with batch(archive, spool, backend.url, *given) as process:
            status, rows, err = finish(process)
    assert (status, err) == (0, "")
    check_all(rows, 20)


def test_ctrl_c_leaves_no_actor(tmp_path: Path) -> None:
    archive, spool = make_archive(tmp_path / "archive", 8, SECONDS), tmp_path / "spool"
    given = ("--engine", "ray", "--workers", "1", "--sessions", "2", "--speed", "8")
    with (
        BackgroundBackend(max_sessions=64) as backend,
        batch(archive, spool, backend.url, *given, start_new_session=True) as process,
    ):
        wait_for(lambda: done(spool) >= 1 and busy(spool), process)
        there = actors(process.pid)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        status, rows, err = finish(process)
    assert status == 130
    assert err.endswith("openline: interrupted; the same command goes on\n")
    assert 1 <= sum(row["state"] == "complete" for row in rows) < 8
    assert there
    assert not any(Path(f"/proc/{pid}").exists() for pid in there)
