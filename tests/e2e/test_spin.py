"""Spin proves the model, and finds each fault that is planted in the chart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openline.reconnect import backoff
from openline.session import TABLE
from openline_diagrams.checked import checked, spin, thinned
from openline_diagrams.checked.counterexample import lines, listed
from openline_diagrams.checked.spin import LAWS, SpinError, check, missing
from tests.diagrams.support_faults import CHART, changed

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "spin is here")

DOCS = Path(__file__).parents[2] / "docs" / "explanation" / "model.md"


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_everything_holds_for_any_server(attempts: int, tmp_path: Path) -> None:
    found = check(thinned(checked(TABLE)), attempts, tmp_path)
    assert [one.goal for one in found] == [LAWS, "silence", "stopping"]
    for one in found:
        assert not one.breaks, f"{one.breaks}\n{one.way and listed(one.way)}"
    row = " | ".join(f"{one.states:,}" for one in found)
    assert f"| {attempts} | {row} |" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CHART)
def test_a_fault_in_the_chart_is_shown_by_a_path(name: str, tmp_path: Path) -> None:
    model = thinned(checked(changed(CHART[name])))
    *_, last = check(model, 1, tmp_path, first=True)
    assert last.way is not None, "the fault was not found"
    assert last.breaks
    assert len(last.way.taken) <= 30, "a person can read it"
    told = listed(last.way)
    assert told.count("\n") >= len(last.way.taken)
    opening, *steps = map(json.loads, lines(last.way, last.breaks))
    assert opening["breaks"] == last.breaks
    assert [step["from"] for step in steps] == ["idle", *(step["to"] for step in steps[:-1])]


def test_a_gate_that_counts_less_than_a_minute_lets_too_many_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "GATE_SPAN", 59.0)
    [found] = check(thinned(checked(TABLE)), 1, tmp_path, first=True)
    assert found.breaks == "dials: no minute has more passes of the gate than its limit"


def test_a_search_that_is_cut_short_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spin, "_DEPTH", 5)
    with pytest.raises(SpinError, match="spin's search is not complete"):
        check(thinned(checked(TABLE)), 0, tmp_path)
