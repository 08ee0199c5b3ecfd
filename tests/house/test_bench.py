"""The benchmarks measure what they name; their figures are not tested here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bench import BENCHMARKS
from bench.__main__ import main
from bench.ratios import Figure, figure, spread

ROOT = Path(__file__).parents[2]
#: The smallest sizes that give a figure: an outage must exceed the buffer.
LITTLE: Mapping[str, Mapping[str, Any]] = {
    "core": {"rounds": 1, "calls": 20},
    "sending": {"rounds": 1, "seconds": 0.2},
    "faces": {"rounds": 1, "seconds": 0.2},
    "outage": {"seconds": 90.0},
}


def names(benchmark: str) -> tuple[str, ...]:
    """The names of its figures."""
    found: tuple[str, ...] = import_module(f"bench.{benchmark}").FIGURES
    return found


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_a_benchmark_measures_what_it_names(benchmark: str) -> None:
    measure: Callable[..., Iterable[Figure]] = import_module(f"bench.{benchmark}").measure
    figures = list(measure(**LITTLE[benchmark]))
    assert [each.name for each in figures] == list(names(benchmark))
    for each in figures:
        assert each.amount > 0
        assert min(each.ratios) > 0
        assert str(each).count(each.peer) == 1


def test_the_readme_names_every_figure_and_no_other() -> None:
    """In order, benchmark by benchmark; the numbers were measured once."""
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.partition("\n## Figures\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)`: ([^|]+?) \|", section, re.MULTILINE)
    assert rows == [(each, name) for each in BENCHMARKS for name in names(each)]


def test_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["core", "cores"]) == 2
    assert capsys.readouterr().err == "bench: no cores: there are core, sending, faces, outage\n"


def test_a_ratio_is_taken_within_a_round() -> None:
    """A machine that becomes twice as slow between two rounds changes no ratio."""
    measured = figure("ours", "theirs", "µs", [(3.0, 6.0), (6.0, 12.0)])
    assert measured.ratios == (0.5, 0.5)
    assert measured.amount == 3.0


@pytest.mark.parametrize(
    ("ratios", "told"),
    [
        ([1.0], "1"),
        ([9.0, 1.0, 1.2, 1.3, 0.1], "1.2 (1 to 1.3)"),
        ([0.01234], "0.012"),
        ([123.4, 130.2], "127 (125 to 128)"),
    ],
)
def test_spread_has_two_digits(ratios: list[float], told: str) -> None:
    assert spread(ratios) == told
