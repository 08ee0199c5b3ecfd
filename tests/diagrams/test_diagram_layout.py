"""Nothing in the picture covers or crosses anything, and no text is cut."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import combinations, pairwise

import pytest

from openline.machine.table import Table, Transition
from openline.session import EVENTS, TABLE
from openline_diagrams import dot, model
from openline_diagrams.chart.label import NAME_SIZE, Span, Style, heading, listed, rows_of, width
from openline_diagrams.chart.layout import layout
from openline_diagrams.chart.model import Drawing, Edge, Line
from openline_diagrams.chart.places import INSET, WIDTH, Place, Route
from tests.diagrams.test_diagram import small


def changed(seed: int) -> Table:
    """Our table with some events removed, some longer, and some with more actions."""
    chance = random.Random(seed)
    gone = {event for event in sorted(EVENTS) if chance.random() < 0.2}
    longer = {event for event in sorted(EVENTS) if chance.random() < 0.2}
    more = ("count_late", "wait_for_it", "report_all_that_there_is")
    added = {event: tuple(chance.sample(more, chance.randint(0, 2))) for event in sorted(EVENTS)}

    def change(row: Transition) -> Transition:
        name = f"{row.event}_again" if row.event in longer else row.event
        return row._replace(event=name, on_names=(*row.on_names, *added[row.event]))

    return {
        state: {
            event: tuple(map(change, some)) for event, some in events.items() if event not in gone
        }
        for state, events in TABLE.items()
    }


DRAWINGS = [model(TABLE), model(small()), *(model(changed(seed)) for seed in range(40))]
Segment = tuple[tuple[float, float], tuple[float, float]]


def overlap(a: Place, b: Place) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def thick(segment: Segment) -> Place:
    (x0, y0), (x1, y1) = segment
    return Place(min(x0, x1) - 0.5, min(y0, y1) - 0.5, abs(x1 - x0) + 1, abs(y1 - y0) + 1)


def segments(route: Route) -> Iterator[Segment]:
    return pairwise(route.points)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["ours", "small", *map(str, range(40))])
def test_no_box_and_no_label_covers_another(drawing: Drawing) -> None:
    sheet = layout(drawing)
    places = {panel.box.name: panel.place for panel in sheet.panels.values()}
    places |= {f"label {text.name}": text.place for text in sheet.texts}
    assert len(places) == len(sheet.panels) + len(sheet.texts)
    for (one, a), (other, b) in combinations(places.items(), 2):
        assert not overlap(a, b), (one, other)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["ours", "small", *map(str, range(40))])
def test_no_line_crosses_a_label_or_a_box(drawing: Drawing) -> None:
    sheet = layout(drawing)
    for route in sheet.routes:
        for segment in segments(route):
            for text in sheet.texts:
                inner = text.place
                if text.card is not None:  # lines end at a card's border
                    inner = Place(inner.x + 1, inner.y + 1, inner.w - 2, inner.h - 2)
                assert not overlap(thick(segment), inner), (route.tail, route.head, text.name)
            for panel in sheet.panels.values():
                x, y, w, h = panel.place
                assert not overlap(thick(segment), Place(x + 1, y + 1, w - 2, h - 2))


def shares(one: Route, other: Route) -> bool:
    """Whether both are parts of one line: of an edge, from one state, or to one place."""
    if one.tail == other.tail:
        return one.head == other.head or one.points[1][0] == other.points[1][0]
    return one.points[-1] == other.points[-1]


def test_no_two_lines_cross_but_where_a_connection_is_replaced() -> None:
    sheet = layout(DRAWINGS[0])
    lines = [(route, segment) for route in sheet.routes for segment in segments(route)]
    crossing = [
        {one[:2], other[:2]}
        for (one, a), (other, b) in combinations(lines, 2)
        if not shares(one, other) and overlap(thick(a), thick(b))
    ]
    # The ways from reconnecting to both its states stand on one side of the path, and those of
    # idle and of the stop on the other: no side is free of them.
    assert crossing == [{("draining", "authorizing"), ("reconnecting", "connecting")}]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["ours", "small", *map(str, range(40))])
def test_all_stands_on_the_sheet_and_all_text_in_its_box(drawing: Drawing) -> None:
    sheet = layout(drawing)
    panels, texts = sheet.panels.values(), sheet.texts
    places = [panel.place for panel in panels] + [text.place for text in texts]
    for place in places + [frame.place for frame in sheet.frames.values()]:
        assert place.x >= 0
        assert place.y >= 0
        assert place.right <= WIDTH
        assert place.bottom <= sheet.height
    for panel in panels:
        for row in (row for part in panel.parts for row in part):
            assert width(row) <= panel.place.w - 2 * INSET
    for text in texts:
        room = text.place.w - (2 * INSET if text.card is not None else 0)
        assert all(width(row) <= room for row in text.rows), text.name


def test_the_happy_path_runs_down_and_a_frame_holds_its_states() -> None:
    drawing = DRAWINGS[0]
    sheet = layout(drawing)
    tops = [sheet.panels[state].place.y for state in drawing.boxes if state in sheet.panels]
    assert tops
    for name, states in drawing.groups.items():
        frame = sheet.frames[name].place
        for state, panel in sheet.panels.items():
            assert overlap(frame, panel.place) is (state in states)
    heavy = [route for route in sheet.routes if route.heavy]
    assert [route.points[0][1] for route in heavy] == sorted(r.points[0][1] for r in heavy)


def test_the_sheet_is_as_wide_as_a_page_and_its_letters_can_be_read() -> None:
    sizes = {float(size) for size in re.findall(r'POINT-SIZE="([\d.]+)"', dot(DRAWINGS[0]))}
    assert min(sizes) * 800 / WIDTH >= 10
    assert max(sizes) == NAME_SIZE


def test_edge_without_a_place_is_named() -> None:
    drawing = DRAWINGS[0]
    line = Line(("closed",), ("open_requested",), "", ())
    strange = drawing._replace(edges=(*drawing.edges, Edge("closed", "failed", (line,))))
    with pytest.raises(ValueError, match="no way to draw closed to failed: see PATH"):
        layout(strange)


# Labels.

LINE = Line(("idle",), ("socket_lost", "timed_out"), "no_retry", ("abort_socket", "end_dial"))


def texts(rows: list[tuple[Span, ...]]) -> list[str]:
    return ["".join(span.text for span in row) for row in rows]


@pytest.mark.parametrize(
    ("room", "rows"),
    [
        (400, ["socket_lost, timed_out [no_retry] / abort_socket, end_dial"]),
        (220, ["socket_lost, timed_out [no_retry]", "    / abort_socket, end_dial"]),
        (
            110,
            ["socket_lost,", "timed_out", "[no_retry]", "    / abort_socket,", "    end_dial"],
        ),
    ],
)
def test_a_long_line_breaks_before_its_actions_then_between_them(
    room: float, rows: list[str]
) -> None:
    assert texts(rows_of(LINE, room)) == rows


def test_a_long_line_without_actions_breaks_between_its_words() -> None:
    assert texts(rows_of(LINE._replace(actions=()), 110)) == [
        "socket_lost,",
        "timed_out",
        "[no_retry]",
    ]


def test_headings_and_lists_break_between_names() -> None:
    assert texts(heading("connecting, streaming", 90)) == ["connecting,", "streaming:"]
    assert texts(listed("timers: ", ("PING", "PONG"), 400)) == ["timers: PING, PONG"]
    assert listed("timers: ", (), 400) == []


def test_bold_and_large_letters_are_wider() -> None:
    quiet, bold, name = (
        width([Span("idle", style)]) for style in (Style.QUIET, Style.EVENT, Style.NAME)
    )
    assert quiet < bold < name
