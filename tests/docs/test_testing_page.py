"""The page about the kit works as written: its files, its failures, and its cure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import openline

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
#: Each block by the comment that it begins with.
BLOCKS = {
    text.partition("\n")[0].removeprefix("# "): text
    for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
}
SHOWN = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in BLOCKS.items():
        if "," not in name:
            (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def run(folder: Path, *files: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, text=True, timeout=250,
        env={**os.environ, "PYTHONPATH": str(Path(openline.__file__).parents[1])},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_page_has_these_files() -> None:
    assert set(BLOCKS) == {
        "pager.py", "test_walk.py", "test_pager.py", "test_careless.py",
        "pager.py, decode again", "test_mine.py",
        "pager_speech.py", "test_samples.py", "test_rounded.py",
    }  # fmt: skip


def test_the_walk_finds_the_fault(folder: Path) -> None:
    status, said = run(folder, "test_walk.py")
    assert status == 1
    assert SHOWN[0] in said
    for step in ("the app opens", "message 'a number'"):
        assert step in said


def test_hypothesis_finds_it_and_makes_it_small(folder: Path) -> None:
    assert run(folder, "test_pager.py")[0] == 0
    status, said = run(folder, "test_careless.py")
    assert status == 1
    assert SHOWN[1] in said
    assert "state.says(message={'text': 'yes', 'at': []})" in said


def mend(folder: Path) -> None:
    mended = BLOCKS["pager.py, decode again"].partition("\n")[2]
    before = BLOCKS["pager.py"].partition("    def decode(self, data):")[0]
    (folder / "pager.py").write_text(before + mended, "utf-8")


def test_it_can_be_mended(folder: Path) -> None:
    mend(folder)
    status, said = run(folder, "test_walk.py", "test_pager.py", "test_careless.py", "test_mine.py")
    assert status == 0, said


def test_every_sample_is_accounted_for(folder: Path) -> None:
    mend(folder)
    status, said = run(folder, "test_samples.py")
    assert status == 0, said
    status, said = run(folder, "test_rounded.py")
    assert status == 1
    assert SHOWN[2] in said
    assert "from test_rounded import RoundedSpeech" in said
    assert "play(\n" in said
