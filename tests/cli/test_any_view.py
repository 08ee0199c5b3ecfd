"""The live view, whatever a session does: it fits, its bars fit, and it keeps what it shows."""

from __future__ import annotations

import gc
import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from openline.updates import (
    BackendStatus,
    PartialRetracted,
    SourceStatistics,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_cli import meters
from openline_cli.display import LiveView
from openline_cli.view import Snapshot
from tests.support_profiles import paced

SOURCES = ("mic", "system")
SAMPLES = st.one_of(st.integers(0, 400_000), st.integers(0, 1 << 40))
STATISTICS = st.builds(
    SourceStatistics, captured=SAMPLES, sent=SAMPLES, confirmed=SAMPLES, missing=SAMPLES
)
DURATIONS = st.one_of(st.none(), st.floats(0, 1e6))


@given(statistics=STATISTICS, duration=st.floats(0, 1e6), cells=st.integers(1, 120))
def test_a_bar_is_as_wide_as_its_cells(
    statistics: SourceStatistics, duration: float, cells: int
) -> None:
    """Also where more was captured than the recording should hold."""
    captured = max(statistics.captured, statistics.sent, statistics.confirmed)
    true = SourceStatistics(
        captured=captured, sent=statistics.sent, confirmed=statistics.confirmed, missing=0
    )
    assert cell_len(meters.watermarks(true, duration, cells).plain) == cells


@given(levels=st.lists(st.floats(0, 1), max_size=100), cells=st.integers(1, 64))
def test_a_meter_is_as_wide_as_its_cells(levels: list[float], cells: int) -> None:
    assert cell_len(meters.loudness(levels, cells).plain) == cells


TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
UPDATES: st.SearchStrategy[Update] = st.one_of(
    st.builds(
        Transcript,
        source=st.sampled_from(SOURCES),
        text=TEXT,
        final=st.booleans(),
        start=st.floats(0, 1e5),
        end=st.just(1e5),
        settled=st.booleans(),
        id=st.sampled_from(["a", "b", "c"]),
    ),
    st.builds(PartialRetracted, source=st.sampled_from(SOURCES), settled=st.booleans()),
    st.builds(
        StateChanged,
        state=st.sampled_from(State),
        dial=st.integers(0, 2_000),
        reason=TEXT,
        retry_in=st.one_of(st.none(), st.floats(0, 1e4)),
    ),
    st.builds(Trouble, kind=st.just("odd"), text=TEXT),
    st.builds(BackendStatus, state=st.just("odd"), text=TEXT),
)


@paced(examples=60, steps=1)
@given(
    updates=st.lists(UPDATES, max_size=12),
    statistics=st.lists(STATISTICS, min_size=2, max_size=2),
    durations=st.lists(DURATIONS, min_size=2, max_size=2),
    width=st.integers(40, 200),
)
def test_no_line_of_the_view_is_wider_than_the_terminal(
    updates: Sequence[Update],
    statistics: list[SourceStatistics],
    durations: list[float | None],
    width: int,
) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    view = LiveView(
        console, address="ws://a.example/b", durations=dict(zip(SOURCES, durations, strict=True))
    )
    for update in updates:
        view.show(update)
    sources: dict[str, SourceStatistics] = dict(zip(SOURCES, statistics, strict=True))
    view.glance(Snapshot(elapsed=3.0, levels=dict.fromkeys(SOURCES, 0.1), sources=sources))
    with console.capture() as captured:
        console.print(view.drawing())
    for line in captured.get().splitlines():
        assert cell_len(line) <= width, "a line wraps, and the box is drawn at the wrong place"


@pytest.mark.repeats
def test_a_view_of_hours_keeps_no_more_than_it_shows() -> None:
    """Snapshots, flapping, partials that become final and partials that are taken back."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    view = LiveView(console, address="ws://a.example/b", durations=dict.fromkeys(SOURCES))
    none = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)
    sizes: list[int] = []
    for number in range(2_001):
        for source in SOURCES:
            for final in (False, True) if number % 2 else (False,):
                view.show(
                    Transcript(
                        source=source,
                        text=f"words {number}",
                        final=final,
                        start=0.0,
                        end=1.0,
                        settled=True,
                        id=f"{source} {number}",
                    )
                )
            if not number % 2:
                view.show(PartialRetracted(source=source))
        view.show(StateChanged(state=State.RECONNECTING, dial=number, reason=f"reason {number}"))
        view.glance(
            Snapshot(
                elapsed=float(number),
                levels=dict.fromkeys(SOURCES, 0.1),
                sources=dict.fromkeys(SOURCES, none),
            )
        )
        if not number % 10:
            # As a flush does, which would draw all of them.
            view._lines.clear()  # pyright: ignore[reportPrivateUsage]
        if number in {200, 2_000}:
            sizes.append(_kept(view))
    assert sizes[1] <= sizes[0] + 100, f"the view keeps what it no longer shows: {sizes}"


def _kept(view: LiveView) -> int:
    """How many things lie in its own containers."""
    gc.collect()
    total = 0
    todo: list[Any] = [
        each for name, each in vars(view).items() if name not in {"_console", "_live"}
    ]
    while todo:
        each = whole = todo.pop()
        if isinstance(each, dict):
            todo += whole.values()
            total += len(whole)
        elif hasattr(each, "__len__") and not isinstance(each, str):
            total += len(each)
    return total
