"""Columns and colours of what prints once."""

from __future__ import annotations

import pytest

from openline_cli.ansi import Cell, Paper, find_paper, row, shared

PLAIN, COLOURED = Paper(40, coloured=False), Paper(40, coloured=True)


def test_cells_are_wrapped_beside_each_other() -> None:
    cells = (Cell("one two"), Cell("x"), Cell("three four five"))
    assert row(PLAIN, cells, (4, 2, 10)) == ["one   x   three four", "two       five"]


def test_a_word_that_is_too_long_is_broken() -> None:
    assert row(PLAIN, (Cell("abcdef"), Cell("x")), (4, 1)) == ["abcd  x", "ef"]


def test_empty_cell_keeps_its_width() -> None:
    assert row(PLAIN, (Cell(""), Cell("x")), (4, 1)) == ["      x"]
    assert row(PLAIN, (Cell(""), Cell("")), (4, 1)) == [""]


def test_colours_take_no_width() -> None:
    [line] = row(COLOURED, (Cell("ab", "bold red"), Cell("x")), (4, 1))
    assert line == "\x1b[1;31mab\x1b[0m    x"


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_terminal_has_colours_unless_disabled(
    environment: dict[str, str],
    terminal: bool,
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert find_paper() == Paper(70 if terminal else 100, coloured)


def test_width_is_divided_without_remainder() -> None:
    assert shared(85, (3, 6, 3)) == [21, 42, 22]
