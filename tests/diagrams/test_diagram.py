"""The drawing is the machine that runs: no transition is lost on the way into a picture."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest
from statemachine import State, StateChart

from openline.machine.table import Table, compile_chart
from openline.machine.timers import RUNS, Timer
from openline.session import TABLE
from openline.updates import State as Name
from openline_diagrams import DARK, LIGHT, Drawing, dot, markdown, mermaid, model, rows
from openline_diagrams.chart.model import CLOCKED, Box, Edge, Line
from openline_diagrams.theme import GROUPS, OPEN, PATH, ROLES, Palette, Role

DRAWING = model(TABLE)
SHOWN = Counter(
    (row.source, row.event, row.guard_name, row.on_names, row.target) for row in rows(TABLE)
)


class Small(StateChart[Any]):
    """Some of our states, and transitions that our chart does not have."""

    idle = State(initial=True)
    streaming = State(enter="hum")
    reconnecting = State()
    closed = State(final=True)

    open_requested = idle.to(streaming, on="one")
    socket_lost = streaming.to(reconnecting) | idle.to(reconnecting, on=["one", "two"])
    retry_due = reconnecting.to(idle)
    stop_requested = streaming.to(closed) | reconnecting.to(closed, cond="sure")
    back = streaming.to(idle)
    same = streaming.to(streaming, internal=True, cond="sure", on="one")


class Worker:
    """Does nothing."""

    def one(self) -> None: ...
    def two(self) -> None: ...
    def hum(self) -> None: ...
    def sure(self) -> bool:
        return True


def small() -> Table:
    events = ("open_requested", "socket_lost", "retry_due", "stop_requested", "back", "same")
    return compile_chart(Small, Worker, events)


@pytest.mark.parametrize("table", [TABLE, small()], ids=["ours", "small"])
def test_every_transition_is_in_the_drawing_once(table: Table) -> None:
    shown = Counter(
        (row.source, row.event, row.guard_name, row.on_names, row.target) for row in rows(table)
    )
    assert Counter(model(table).shown()) == shown


def lines(drawing: Drawing) -> list[Line]:
    inside = [line for box in drawing.boxes.values() for line in box.inside]
    return inside + [line for edge in drawing.edges for line in edge.lines]


def test_transitions_that_differ_in_source_or_event_are_one_line() -> None:
    for edge in DRAWING.edges:
        shown = [(line.sources, line.guard, line.actions) for line in edge.lines]
        assert len(shown) == len(set(shown))
        ways = [(e, line.guard, line.actions) for line in edge.lines for e in line.events]
        assert len(ways) == len(set(ways))
    pairs = [(edge.tail, edge.head) for edge in DRAWING.edges]
    assert len(pairs) == len(set(pairs))


def test_a_loss_and_an_abort_are_drawn_once_for_all_that_have_them() -> None:
    (loss,) = [edge for edge in DRAWING.edges if edge.tail == "dialled"]
    assert loss.head == "reconnecting"
    assert GROUPS["dialled"] in {line.sources for line in loss.lines}
    (end,) = [edge for edge in DRAWING.edges if (edge.tail, edge.head) == (OPEN, "closed")]
    aborts = {s for line in end.lines if "abort_requested" in line.events for s in line.sources}
    assert aborts == {state for state, events in TABLE.items() if events}


def test_the_happy_path_is_drawn_step_by_step() -> None:
    ways = {(edge.tail, edge.head) for edge in DRAWING.edges}
    assert ways >= set(pairwise(PATH))


def test_a_heading_names_the_states_and_a_group_stands_for_its_own() -> None:
    (end,) = [edge for edge in DRAWING.edges if (edge.tail, edge.head) == (OPEN, "failed")]
    headings = [states for states, _ in DRAWING.where(end)]
    assert "dialled" in headings
    assert "connecting, awaiting_ack" in headings
    way = ("awaiting_ack", "streaming")
    (step,) = [edge for edge in DRAWING.edges if (edge.tail, edge.head) == way]
    assert [states for states, _ in DRAWING.where(step)] == [""]


def test_boxes_show_all_actions_of_a_state() -> None:
    streaming = DRAWING.boxes["streaming"]
    assert streaming.enter == ("await_stable", "await_rotation")
    assert streaming.leave == ("disarm_state_timers",)
    assert streaming.timers == tuple(timer.name for timer in RUNS["streaming"])
    assert [box.name for box in DRAWING.boxes.values() if box.final] == ["closed", "failed"]
    assert DRAWING.initial == "idle"


def test_every_state_has_a_role_and_a_place() -> None:
    assert set(ROLES) == set(Name) == set(TABLE)
    assert not set(PATH) - set(TABLE)
    for states in GROUPS.values():
        assert set(states) < set(TABLE)


def test_state_without_a_role_is_named() -> None:
    strange: Table = MappingProxyType({**TABLE, "limbo": MappingProxyType({})})
    with pytest.raises(ValueError, match="no role for limbo: give it one in"):
        model(strange)


def test_a_shared_line_that_no_group_holds_is_drawn_for_each_state() -> None:
    drawing = model(small())
    ways = {(edge.tail, edge.head) for edge in drawing.edges}
    assert {("streaming", "reconnecting"), ("idle", "reconnecting")} <= ways


def test_what_only_a_timer_causes_is_marked() -> None:
    """An app can say itself that it stops."""
    fired = {timer.fires for timer in Timer if timer.fires}
    assert fired - CLOCKED == {"stop_requested"}
    assert fired > CLOCKED


# Mermaid, Markdown and DOT, read back.


def arrow_lines(text: str) -> set[tuple[str, str, str]]:
    """(from, to, line) of every labelled arrow."""
    found = re.findall(r"^ +(\w+) --> (\w+) : (.*)$", text, re.MULTILINE)
    return {(a, b, line) for a, b, label in found for line in label.split("<br/>")}


def box_lines(text: str) -> list[tuple[str, str]]:
    """(box, line) of every line in a box."""
    return re.findall(r"^ +(\w+) : (.*)$", text, re.MULTILINE)


def whole(line: str) -> str:
    """A line of a box before it was broken into rows."""
    return re.sub(r"<br/>\xa0+", " ", line).replace("\xa0", " ")


def test_mermaid_shows_every_line_where_it_belongs() -> None:
    text = mermaid(DRAWING)
    arrows = arrow_lines(text)
    plain = set(re.findall(r"^ +(\w+) --> (\w+)$", text, re.MULTILINE))
    inside = [(name, whole(line)) for name, line in box_lines(text)]
    groups = {
        name: {*states.split()}
        for name, states in re.findall(r"^    state (\w+) \{\n([^}]*)^    \}", text, re.MULTILINE)
    }

    def drawn(line: Line) -> str:
        return ("⌛ " if set(line.events) <= CLOCKED else "") + str(line)

    for box in DRAWING.boxes.values():
        assert (box.name, box.name) in inside
        for line in box.inside:
            assert (box.name, drawn(line)) in inside
    for edge in DRAWING.edges:
        card = f"{edge.tail}_{edge.head}"
        for line in edge.lines:
            if edge.tail in DRAWING.groups:
                assert card in groups[edge.tail]
                assert (card, edge.head) in plain
                assert (card, drawn(line)) in inside
            else:
                assert (edge.tail, edge.head, drawn(line)) in arrows
    assert "[*]" in groups[OPEN]
    assert mermaid(DRAWING, DARK) != text


def test_mermaid_breaks_long_lines() -> None:
    broken = [row for _, line in box_lines(mermaid(DRAWING)) for row in line.split("<br/>")]
    assert max(map(len, broken)) <= 30
    assert not [row for row in broken if row.endswith("/")], "an action without its stroke"


def test_markdown_has_a_line_for_every_transition_and_every_state() -> None:
    text = markdown(DRAWING, TABLE)
    states, transitions = text.split("## Transitions")
    shown = [line for line in transitions.splitlines() if line.startswith("| `")]
    assert len(shown) == len(rows(TABLE))
    for line, row in zip(shown, rows(TABLE), strict=True):
        source, event, guard, actions, target = (cell.strip() for cell in line[1:-1].split(" | "))
        assert source == f"`{row.source}`"
        assert event.strip("⌛ *") == row.event
        assert event.startswith("⌛") is (row.event in CLOCKED)
        assert guard.strip("`") == row.guard_name
        assert re.findall(r"\w+", actions) == list(row.on_names)
        assert target == (f"`{row.target}`" if row.target else "*(internal)*")
    assert all(f"| `{state}` |" in states for state in TABLE)


def words_of(text: str) -> dict[str, str]:
    """The text of every node of some DOT, as displayed."""
    nodes = re.findall(r"^ +(\w+) \[.*label=<(.*)>\]$", text, re.MULTILINE)
    return {
        name: " ".join(re.sub(r"<[^>]*>", " ", label.replace("><", "> <")).split())
        for name, label in nodes
    }


def test_dot_shows_every_line_where_it_belongs() -> None:
    words = words_of(dot(DRAWING))

    def holds(text: str, line: Line) -> bool:
        parts = [*line.events, *([f"[{line.guard}]"] if line.guard else []), *line.actions]
        return (
            re.search(r"\W+".join(re.escape(part.strip("[]")) for part in parts), text) is not None
        )

    for box in DRAWING.boxes.values():
        for line in box.inside:
            assert holds(words[box.name], line)
        for name in (*box.enter, *box.leave, *box.timers):
            assert re.search(rf"\b{name}\b", words[box.name])
    labels = " ".join(text for name, text in words.items() if name.startswith("label_"))
    for edge in DRAWING.edges:
        _, named, there = words.get(edge.tail, "").partition(f"to {edge.head}:")
        for line in edge.lines:  # some ways leave from a part of their box
            assert holds(there if named else labels, line)


def test_light_and_dark_differ_in_colours_alone() -> None:
    def plain(text: str) -> str:
        return re.sub(r"#[0-9a-f]{6}", "", text)

    light, dark = dot(DRAWING, LIGHT), dot(DRAWING, DARK)
    assert light != dark
    assert plain(light) == plain(dark)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return sum(x * weight for x, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(colour: str, ground: str) -> float:
    low, high = sorted((luminance(colour), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_their_ground(palette: Palette) -> None:
    """4.5 for letters and 3 for lines, as WCAG asks at its level AA."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    inks = [*palette.roles.values()]
    grounds = [palette.ground, *(ink.fill for ink in inks)]
    written = [(tone, ground) for tone in (palette.text, palette.quiet) for ground in grounds]
    written += [(ink.text, ground) for ink in inks for ground in (palette.ground, ink.fill)]
    written += [(tone, palette.ground) for tone in (palette.never, palette.unknown)]
    written += [(palette.roles[Role.FAIL].line, palette.ground), (palette.heat[4], palette.ground)]
    drawn = [palette.line, palette.frame, *palette.heat, *(ink.line for ink in inks)]
    assert {pair for pair in written if contrast(*pair) < 4.5} == set()
    assert {tone for tone in drawn if contrast(tone, palette.ground) < 3} == set()


def test_a_drawing_without_groups_or_internal_lines_is_one_too() -> None:
    box = Box("idle", ROLES["idle"], final=False, enter=(), leave=(), inside=(), timers=())
    end = Box("closed", ROLES["closed"], final=True, enter=(), leave=(), inside=(), timers=())
    line = Line(("idle",), ("stop_requested",), "", ())
    drawing = Drawing(
        "idle", {"idle": box, "closed": end}, {OPEN: ("idle",)}, (Edge("idle", "closed", (line,)),)
    )
    assert "idle --> closed : stop_requested" in mermaid(drawing)
    assert "idle -> closed" in dot(drawing)
