"""A test that fails says why: one that hangs too, and one that compares long audio."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIFFERING = """
def test_audio():
    assert bytes(64_000) == bytes(640) + b"x" + bytes(10)

def test_list():
    assert [b"12"] * 500 == [b"12"] * 473

def test_short():
    assert [1, 2] == [1, 3]
"""
HANGING = """
import threading
import trio
import trio.testing

def test_lock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

def test_loop():
    trio.run(trio.sleep_forever, clock=trio.testing.MockClock(autojump_threshold=0))

def test_join_that_hangs_twice():
    for_ever = threading.Event()
    thread = threading.Thread(target=for_ever.wait, daemon=True)
    thread.start()
    try:
        thread.join()
    finally:
        thread.join()

def test_fine():
    pass
"""


def run_tests(text: str, folder: Path, **environment: str) -> str:
    """Run these tests with the project's conftest; returns what is printed."""
    path = folder / "test_it.py"
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider",
         f"--rootdir={folder}", str(path)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    return run.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer that interrupts a wait")
def test_a_test_that_hangs_fails_under_its_name(tmp_path: Path) -> None:
    told = run_tests(HANGING, tmp_path, OPENLINE_TEST_LIMIT="0.3")
    for name in ("test_lock", "test_loop", "test_join_that_hangs_twice"):
        assert f"{name} does not end" in told, told
    assert "3 failed, 1 passed" in told


def test_long_sequences_are_told_by_their_first_difference(tmp_path: Path) -> None:
    told = run_tests(DIFFERING, tmp_path)
    assert "differ from index 640 on: 0 is there, and 120 should be" in told
    assert "differ from index 473 on: b'12' is there, and the end should be" in told
    assert "At index 1 diff: 2 != 3" in told
    assert "more items" not in told
