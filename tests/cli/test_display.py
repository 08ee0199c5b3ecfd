from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from openline.updates import (
    BackendMetrics,
    Ended,
    Gap,
    PartialRetracted,
    SourceStatistics,
    State,
    StateChanged,
    Transcript,
)
from openline_cli import meters
from openline_cli.display import LiveView
from openline_cli.view import Snapshot

Final = Callable[..., Transcript]
ADDRESS = "ws://127.0.0.1:8000/ws/live-listener"


class Screen:
    """A terminal that is looked at as text."""

    def __init__(self, durations: dict[str, float | None], width: int = 80) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=True, width=width, height=24, color_system=None
        )
        self.view = LiveView(self.console, address=ADDRESS, durations=durations)

    def drawn(self) -> str:
        with self.console.capture() as captured:
            self.console.print(self.view.drawing())
        return captured.get()

    def scrolled(self) -> str:
        self.view.flush()
        return self.file.getvalue()


@pytest.fixture
def screen() -> Screen:
    return Screen({"mic": 10.0})


def _glance(captured: float = 5.0, **changes: float) -> Snapshot:
    seconds = {"sent": captured, "confirmed": 0.0, **changes}
    source = SourceStatistics(
        captured=int(captured * 16_000),
        sent=int(seconds["sent"] * 16_000),
        confirmed=int(seconds["confirmed"] * 16_000),
        missing=0,
    )
    return Snapshot(elapsed=captured, levels={"mic": 0.1}, sources={"mic": source})


def test_box_shows_state_time_and_watermarks(screen: Screen, streaming: StateChanged) -> None:
    screen.view.show(streaming)
    screen.view.glance(_glance(5.0, confirmed=2.5))
    drawn = screen.drawn()
    assert ADDRESS in drawn
    assert "● streaming  dial 1" in drawn
    assert "0:05.0 / 0:10.0" in drawn
    assert "confirmed 2.5 s" in drawn
    assert "━ confirmed  ━ sent  ━ captured" in drawn
    assert max(len(line) for line in drawn.splitlines()) <= 80


def test_notes_of_the_command_scroll(screen: Screen) -> None:
    screen.view.note("stopping; Ctrl-C again ends at once")
    assert "stopping; Ctrl-C again ends at once" in screen.scrolled()
    screen.view.close()


def test_delay_counts_down_with_its_reason(screen: Screen) -> None:
    screen.view.glance(_glance(2.0))
    screen.view.show(
        StateChanged(state=State.RECONNECTING, dial=1, reason="the line broke", retry_in=3.0)
    )
    assert "dial 2 in 3.0 s, the line broke" in screen.drawn()
    screen.view.glance(_glance(4.0))
    assert "dial 2 in 1.0 s" in screen.drawn()
    screen.view.glance(_glance(9.0))
    assert "dial 2 in 0.0 s" in screen.drawn()


def test_endless_stream_has_no_bar() -> None:
    screen = Screen({"mic": None})
    screen.view.glance(_glance(5.0))
    assert "0:05.0 /" not in screen.drawn()
    assert "0:05.0" in screen.drawn()


def test_a_partial_is_drawn_until_its_final_scrolls(screen: Screen, final: Final) -> None:
    screen.view.show(final("so far...", final=False))
    assert "0:00.0  so far …" in screen.drawn()
    screen.view.show(final("so far, so good"))
    assert "so far …" not in screen.drawn()
    assert "so far, so good" in screen.scrolled()


def test_retracted_partial_disappears(screen: Screen, final: Final) -> None:
    screen.view.show(final("so far", final=False))
    screen.view.show(PartialRetracted(source="mic"))
    assert "so far" not in screen.drawn()


def test_a_long_partial_keeps_its_end(screen: Screen, final: Final) -> None:
    screen.view.show(final("never " * 100 + "ends", final=False))
    drawn = screen.drawn()
    assert "ends …" in drawn
    assert drawn.count("\n") < 12


def test_source_is_shown_if_there_are_several(final: Final) -> None:
    screen = Screen({"mic": 10.0, "system": 10.0})
    screen.view.show(final("hello", source="system"))
    assert "system  hello" in screen.scrolled()


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([(State.CONNECTING, 1), (State.STREAMING, 1)], False),
        ([(State.RECONNECTING, 1)], True),
        ([(State.FAILED, 1)], True),
        ([(State.STREAMING, 2)], True),
    ],
)
def test_only_losses_and_reconnects_scroll(
    states: list[tuple[State, int]], told: bool, screen: Screen, final: Final
) -> None:
    screen.view.flush()
    before = screen.file.getvalue()
    for state, dial in states:
        screen.view.show(StateChanged(state=state, dial=dial, reason="because"))
    with_lines = screen.scrolled()[len(before) :]
    assert (": because" in with_lines) is told


def test_reason_is_shown_once_per_outage(screen: Screen) -> None:
    for dial, reason in enumerate(("reset", "refused", "refused"), 1):
        screen.view.show(StateChanged(state=State.RECONNECTING, dial=dial, reason=reason))
        screen.view.show(StateChanged(state=State.CONNECTING, dial=dial + 1))
    screen.view.show(StateChanged(state=State.STREAMING, dial=4))
    screen.view.show(StateChanged(state=State.RECONNECTING, dial=4, reason="refused"))
    told = screen.scrolled()
    assert (told.count("reconnecting: reset"), told.count("reconnecting: refused")) == (1, 2)


def test_losses_scroll_and_metrics_do_not(screen: Screen, gap: Callable[..., Gap]) -> None:
    screen.view.show(BackendMetrics(source="mic", backlog=77.0))
    screen.view.show(gap())
    assert "0.50 s of mic missing" in screen.scrolled()
    assert "77" not in screen.scrolled()


def test_end_removes_the_box_and_restores_the_terminal(
    screen: Screen, final: Final, ended: Callable[..., Ended]
) -> None:
    screen.view.flush()
    screen.view.show(final("last words"))
    screen.view.show(ended())
    screen.view.flush()
    told = screen.file.getvalue()
    assert told.rindex("last words") > told.rindex("╰")
    assert told.rindex("\x1b[?25h") > told.rindex("\x1b[?25l")
    screen.view.flush()
    screen.view.close()


@pytest.mark.parametrize("width", [30, 60, 80, 120, 200])
def test_view_fits_the_terminal(width: int, streaming: StateChanged, final: Final) -> None:
    screen = Screen({"mic": 10.0, "system": None}, width=width)
    screen.view.show(streaming)
    screen.view.show(final("word " * 50, final=False))
    screen.view.glance(_glance(5.0))
    assert all(len(line) <= width - 4 for line in screen.drawn().splitlines())


def test_loudness_is_drawn_oldest_first() -> None:
    drawn = meters.loudness([0.0, 0.01, 1.0], 5)
    assert len(drawn.plain) == 5
    assert drawn.plain[:3] == "   "
    assert drawn.plain[-1] == "█"
    assert drawn.spans[-1].style == "red"


@pytest.mark.parametrize(
    ("captured", "sent", "confirmed", "cells"),
    [
        (0, 0, 0, (0, 0, 0, 10)),
        (5, 4, 2, (2, 2, 1, 5)),
        (10, 10, 10, (10, 0, 0, 0)),
        (20, 20, 10, (5, 5, 0, 0)),
    ],
)
def test_the_bar_shows_three_watermarks(
    captured: int, sent: int, confirmed: int, cells: tuple[int, int, int, int]
) -> None:
    source = SourceStatistics(
        captured=captured * 16_000, sent=sent * 16_000, confirmed=confirmed * 16_000, missing=0
    )
    bar = meters.watermarks(source, 10.0, 10)
    assert len(bar.plain) == 10
    by_colour = {str(span.style): span.end - span.start for span in bar.spans}
    colours = (meters.CONFIRMED, meters.SENT, meters.CAPTURED, "bright_black")
    assert tuple(by_colour.get(colour, 0) for colour in colours) == cells
