"""Locust, as it is published, with our users: ``make interop-engines``.

It runs in the venv ``.venv-interop-engines``, or in this one if that has Locust.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openline_testing.background import BackgroundBackend
from tests.docs.pages import blocks
from tests.docs.running import Runner

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).parent / "programs" / "locustfile.py"
RECORDING = ROOT / "tests" / "data" / "goforward.wav"
VENV = ROOT / ".venv-interop-engines" / "bin" / "python"
PYTHON = os.environ.get("OPENLINE_LOCUST_PYTHON") or (
    sys.executable if importlib.util.find_spec("locust") else str(VENV)
)
USERS = 20

pytestmark = pytest.mark.skipif(
    not Path(PYTHON).exists(), reason="Locust is not installed: make interop-engines"
)


def locust(folder: Path, url: str, *options: str) -> tuple[int, list[dict[str, str]]]:
    """Its status, and the rows of its table."""
    paths = [ROOT / "core", ROOT / "adapters"]
    done = subprocess.run(
        [PYTHON, "-m", "locust", "-f", str(PROGRAM), "--headless", "--host", url,
         "--csv", "load", "--only-summary", "--loglevel", "WARNING", *options],
        cwd=folder, capture_output=True, text=True, check=False, timeout=180,
        env={**os.environ, "RECORDING": str(RECORDING), "PYTHONPATH": ":".join(map(str, paths))},
    )  # fmt: skip
    stats = folder / "load_stats.csv"
    assert stats.exists(), done.stderr
    with stats.open(newline="") as file:
        return done.returncode, list(csv.DictReader(file))


def test_sessions_of_many_users_are_complete_and_in_its_table(tmp_path: Path) -> None:
    with BackgroundBackend(max_sessions=2 * USERS) as backend:
        status, rows = locust(
            tmp_path, backend.url,
            *("-u", str(USERS), "-r", "10", "-t", "12s", "--stop-timeout", "20"),
        )  # fmt: skip
    assert status == 0
    counts = {row["Name"]: int(row["Request Count"]) for row in rows}
    assert {int(row["Failure Count"]) for row in rows} == {0}
    assert counts["ack"] >= 2 * USERS
    assert counts["connect"] == counts["ack"]
    assert counts["finish"] >= counts["ack"] - USERS
    assert counts["final"] >= 2 * counts["finish"]
    [first] = [row for row in rows if row["Name"] == "first_words"]
    assert float(first["Min Response Time"]) >= 499  # echo's first partial is of half a second


def test_a_backend_that_is_gone_is_a_failure_in_its_table(tmp_path: Path) -> None:
    with BackgroundBackend() as stopped:
        url = stopped.url
    status, rows = locust(tmp_path, url, "-u", "2", "-r", "2", "-t", "6s", "--stop-timeout", "1")
    assert status == 1
    failures = {row["Name"]: int(row["Failure Count"]) for row in rows}
    assert failures["Aggregated"] > 0


def test_the_page_shows_what_is_so(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "howto" / "locust.md").read_text("utf-8")
    Runner(tmp_path, python=PYTHON).run(blocks(page))
