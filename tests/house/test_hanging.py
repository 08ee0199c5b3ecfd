"""A test that hangs fails under its own name, and the tests behind it still run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer that interrupts a wait")
def test_a_test_that_hangs_fails_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "test_hanging.py"
    path.write_text(HANGING)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider",
         f"--rootdir={tmp_path}", str(path)],
        cwd=ROOT,
        env={**os.environ, "OPENLINE_TEST_LIMIT": "0.3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    for name in ("test_lock", "test_loop", "test_join_that_hangs_twice"):
        assert f"{name} does not end" in run.stdout, run.stdout
    assert "3 failed, 1 passed" in run.stdout
