"""What a quick run leaves out is there, and a long run has it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support_long import LONG, Part

ROOT = Path(__file__).parents[2]


@cache
def collected(profile: str, *arguments: str) -> set[str]:
    """The tests that pytest would run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", *arguments],
        cwd=ROOT,
        env={**os.environ, "OPENLINE_PROFILE": profile},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return {line for line in done.stdout.splitlines() if "::" in line}


@pytest.mark.parametrize("key", LONG)
def test_what_is_left_out_exists(key: str) -> None:
    file, _, test = key.partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    assert f"def {test}(" in text or not test


FOLDERS = (
    "tests/properties/test_malformed.py",
    "tests/properties/test_theorem.py",
    "tests/e2e/test_dialects.py",
    "tests/testing/test_dialects.py",
    "tests/testing/test_explore.py",
)


def test_each_case_is_in_a_quick_run_or_in_a_long_one() -> None:
    every = collected("long", *FOLDERS)
    quick = collected("quick", *FOLDERS)
    long = collected("long", "-m", "long or longer or hypothesis", *FOLDERS)
    assert every == quick | long
    assert quick - long
    assert long - quick
    # Those that are in both do more in the long one.
    assert {each.partition("[")[0].split("::")[-1] for each in quick & long} >= {
        "test_the_theorem_for_many_schedules",
        "test_no_input_breaks_a_session",
    }


def test_a_case_that_is_named_exists() -> None:
    named = {key: part for key, part in LONG.items() if isinstance(part, tuple)}
    files = sorted({f"tests/{key.partition('::')[0]}" for key in named})
    every = collected("long", *files)
    for key, part in named.items():
        file, _, test = key.partition("::")
        for name in part:
            case = f"{test}[{name.removeprefix('-')}]"
            assert any(each.startswith(f"tests/{file}::") and each.endswith(case) for each in every)


def test_a_quick_run_takes_a_case_of_each_test_that_it_does_not_leave_out() -> None:
    def tests(found: set[str]) -> set[str]:
        return {each.partition("[")[0] for each in found}

    whole: dict[str, Part] = {key: part for key, part in LONG.items() if part == 0}
    left_out = tests(collected("long", *FOLDERS)) - tests(collected("quick", *FOLDERS))
    assert left_out == {f"tests/{key}" for key in whole if f"tests/{key}".startswith(FOLDERS)}


def test_a_test_that_is_named_runs_though_it_is_long() -> None:
    named = "tests/testing/test_dialects.py::test_own_dialect_is_explored"
    assert collected("quick", named) == {named}
