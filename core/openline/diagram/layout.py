"""Where everything stands: the layout of a person who knows which path is the happy one.

Automatic layouts were tried. They let the happy path wander and need twice the width,
so that a page of 800 pixels leaves letters of six. Here the happy path is a *spine* of
boxes from top to bottom; a state beside it has the lane on its left; the lane on its right
holds what ends a session. A label that is shared by a group is a *card* between the
group's frame and the state that it leads to. Labels of the spine stand in the gaps
between its boxes, which are as high as their labels need; a step that jumps over a box
runs down on the right. So nothing can cross a label, however long a label becomes.

Points, from the top left corner. Places are computed, never measured, so a drawing is
the same on every machine.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from .label import GAP, ROW, Row, Span, Style, heading, height, listed, quiet, rows_of, width
from .look import OPEN, PATH, Role
from .model import Box, Drawing, Edge, Line

WIDTH: Final = 858.0
_EDGE: Final = 10.0  # around the whole
_PAD: Final = 12.0  # between a frame and what is in it
_LANE: Final = 248.0  # a side's width
_BOX: Final = 244.0  # a spine's width
TITLE: Final = 22.0  # a state's name
PAD: Final = 9.0  # between a border and text
_GAP: Final = 34.0  # between boxes, at least
_CAPTION: Final = 18.0  # a frame's name
_NEAR: Final = 6.0  # between a line and its label

_LEFT: Final = _EDGE + _PAD
_SPINE: Final = _LEFT + _LANE + 2 * _PAD
_TRUNK: Final = _SPINE + 34  # the spine's own line; labels stand on its right
_JUMP: Final = _SPINE + _BOX + 17  # steps that jump over a box
_FRAME_END: Final = _JUMP + 2 * _PAD
_RIGHT: Final = WIDTH - _EDGE - _LANE


class Place(NamedTuple):
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The right border."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The lower border."""
        return self.y + self.h


class Text(NamedTuple):
    """Rows of text in a place; a card has a border in its role's colour."""

    name: str
    place: Place
    rows: tuple[Row, ...]
    card: Role | None = None


class Panel(NamedTuple):
    """A state's box: its name, then compartments of rows."""

    box: Box
    place: Place
    parts: tuple[tuple[Row, ...], ...]


class Frame(NamedTuple):
    """The frame of a group; its name stands at the top, from ``caption`` on."""

    place: Place
    caption: float


class Route(NamedTuple):
    """A line through ``points``; ``to``: the role of the state that it leads to."""

    tail: str
    head: str
    points: tuple[tuple[float, float], ...]
    to: Role
    arrow: bool = True
    heavy: bool = False


class Layout(NamedTuple):
    """Everything to draw, and where."""

    height: float
    panels: dict[str, Panel]
    frames: dict[str, Frame]
    texts: list[Text]
    routes: list[Route]
    swatches: list[tuple[Role, Place]]


def layout(drawing: Drawing) -> Layout:
    """Place everything. Raises ValueError for an edge that has no way to go."""
    return _Desk(drawing).lay()


class _Desk:
    """The sheet while it is being filled."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.out = Layout(0.0, {}, {}, [], [], [])
        self.spine = [state for state in PATH if state in drawing.boxes]
        self.inner = {n: s for n, s in drawing.groups.items() if n != OPEN}
        self.aside = [
            state
            for state, box in drawing.boxes.items()
            if state not in self.spine and not box.final
        ]
        self.todo = {(edge.tail, edge.head): edge for edge in drawing.edges}

    def lay(self) -> Layout:
        """Fill the sheet: spine, left, right, legend."""
        self._spine()
        self._left()
        self._right()
        if self.todo:
            ways = ", ".join(f"{tail} to {head}" for tail, head in self.todo)
            raise ValueError(f"no way to draw {ways}: see diagram/look.py for path and groups")
        bottom = max(
            *(panel.place.bottom for panel in self.out.panels.values()),
            *(text.place.bottom for text in self.out.texts),
        )
        return self.out._replace(height=self._legend(bottom + 26))

    # The spine.

    def _spine(self) -> None:
        jumps = [
            self.todo.pop((a, b))
            for a, b in [*self.todo]
            if a in self.spine and b in self.spine and self.spine.index(b) != self._after(a)
        ]
        y = _EDGE + 34
        frame_top = y - 18
        tops: dict[str, float] = {}
        for state, after in pairwise([*self.spine, ""]):
            panel = self._panel(self.drawing.boxes[state], _SPINE, y, _BOX)
            y = panel.place.bottom
            for name, states in self.inner.items():
                if state == states[-1]:
                    y += _PAD
                    self._frame(name, tops[name], y)
            if not after:
                break
            if self.drawing.boxes[after].final:
                y += _PAD
                self._frame(OPEN, frame_top, y)
            leaving = [edge for edge in jumps if edge.tail == state]
            y += self._step(state, after, y, leaving)
            for name, states in self.inner.items():
                if after == states[0]:
                    tops[name] = y
                    y += _CAPTION + 4
        first = self.out.panels[self.spine[0]].place
        self._route("start", self.spine[0], (_TRUNK, _EDGE + 2), (_TRUNK, first.y), heavy=True)
        for a, b in pairwise(self.spine):
            start, end = self.out.panels[a].place.bottom, self.out.panels[b].place.y
            self._route(a, b, (_TRUNK, start), (_TRUNK, end), heavy=True)
        for edge in jumps:
            a, b = self.out.panels[edge.tail].place, self.out.panels[edge.head].place
            start, end = a.bottom - 14, b.y + 14
            points = ((a.right, start), (_JUMP, start), (_JUMP, end), (b.right, end))
            self._route(edge.tail, edge.head, *points)

    def _after(self, state: str) -> int:
        return self.spine.index(state) + 1

    def _step(self, state: str, after: str, y: float, leaving: list[Edge]) -> float:
        """Label the gap below ``state``; its height."""
        room = _JUMP - _NEAR - _TRUNK - _NEAR
        share = room / 2 - _NEAR if leaving else room
        step = self.todo.pop((state, after), None)
        rows = self._rows(step, share) if step else []
        high = max(_GAP, height(rows) + 14)
        texts = [(_TRUNK + _NEAR, rows)]
        for edge in leaving:
            rows = self._rows(edge, room / 2)
            high = max(high, height(rows) + 14)
            texts.append((_JUMP - _NEAR - max(map(width, rows)), rows))
        for number, (x, some) in enumerate(texts):
            if some:
                top = y + (high - height(some)) / 2 - 2
                self._text(f"{state}_{number}", x, top, max(map(width, some)), some)
        return high

    # The lane on the left.

    def _left(self) -> None:
        for state in self.aside:
            role = self.drawing.boxes[state].role
            links = [
                self.todo.pop(key)
                for spine in self.spine
                for key in ((spine, state), (state, spine))
                if key in self.todo
            ]
            ends: list[float] = []
            used: dict[str, float] = {}
            for number, edge in enumerate(links):
                inward = edge.head == state
                at = edge.tail if inward else edge.head
                x = _LEFT + 16 + 26 * number
                rows = self._rows(edge, _SPINE - x - _NEAR - (_PAD if at != links[0].tail else 0))
                y = used.get(at, self.out.panels[at].place.y + 14 - _GAP / 2)
                y = max(y + _GAP / 2, *ends, 0) if not ends else max(y + _GAP / 2, ends[-1] + 18)
                if number and used.get(at) is not None:
                    y = max(y, used[at] + height(rows) + 8)
                used[at] = y
                ends.append(y)
                self._text(
                    f"{edge.tail}_{edge.head}",
                    x + _NEAR,
                    y - height(rows) - 3,
                    _SPINE - x - _NEAR,
                    rows,
                )
            least = max(ends, default=self.out.frames[OPEN].place.y) + 60
            top = max(least, self._level(state))
            place = self._panel(self.drawing.boxes[state], _LEFT, top, _LANE).place
            for number, (edge, y) in enumerate(zip(links, ends, strict=True)):
                x = _LEFT + 16 + 26 * number
                points = ((_SPINE, y), (x, y), (x, place.y))
                ways = points if edge.head == state else points[::-1]
                self._route(edge.tail, edge.head, *ways)
            y = place.bottom + 40
            for name in self.inner:
                edge_ = self.todo.pop((name, state), None)
                if edge_ is not None:
                    card = self._card(edge_, _LEFT, y, role)
                    border = self.out.frames[name].place.x
                    middle = card.y + card.h / 2
                    self._route(name, state, (border, middle), (card.right, middle), arrow=False)
                    self._route(name, state, (_LEFT + 60, card.y), (_LEFT + 60, place.bottom))
                    y = card.bottom + 40

    def _level(self, state: str) -> float:
        """The top of a lane whose middle is that of the frame that it belongs to."""
        shared = [
            (name, self.todo[name, state]) for name in self.inner if (name, state) in self.todo
        ]
        if not shared:
            return 0.0
        frame = self.out.frames[shared[0][0]].place
        cards = sum(height(self._rows(edge, _LANE - 2 * PAD)) + 2 * PAD + 40 for _, edge in shared)
        panel = self._measure(self.drawing.boxes[state], _LANE)[1]
        return frame.y + (frame.h - cards - panel) / 2

    # The lane on the right.

    def _right(self) -> None:
        last = self.spine[-1]
        frame = self.out.frames[OPEN].place
        ends = [
            (self.drawing.boxes[state], self.todo.pop((OPEN, state)))
            for state in sorted(self.drawing.boxes, key=lambda each: each == last)
            if (OPEN, state) in self.todo
        ]
        high = sum(
            height(self._rows(edge, _LANE - 2 * PAD))
            + 2 * PAD
            + (0 if box.name == last else 36 + self._measure(box, _LANE)[1])
            for box, edge in ends
        )
        space = max(40.0, (frame.h - high) / (len(ends) + 1))
        y, x = frame.y + space, _RIGHT + _LANE / 2
        for box, edge in ends:
            card = self._card(edge, _RIGHT, y, box.role)
            middle = card.y + card.h / 2
            self._route(OPEN, box.name, (frame.right, middle), (_RIGHT, middle), arrow=False)
            if box.name == last:
                end = self.out.panels[last].place
                turn = end.y + end.h / 2
                self._route(OPEN, last, (x, card.bottom), (x, turn), (end.right, turn))
            else:
                place = self._panel(box, _RIGHT, card.bottom + 36, _LANE).place
                self._route(OPEN, box.name, (x, card.bottom), (x, place.y))
                y = place.bottom + space

    # Parts.

    def _panel(self, box: Box, x: float, y: float, wide: float) -> Panel:
        parts, high = self._measure(box, wide)
        ring = 4 if box.final else 0  # the second border of a final state lies outside
        panel = Panel(box, Place(x + ring, y, wide - 2 * ring, high), parts)
        self.out.panels[box.name] = panel
        return panel

    def _measure(self, box: Box, wide: float) -> tuple[tuple[tuple[Row, ...], ...], float]:
        room = wide - 2 * PAD
        ways = [*listed("entry / ", box.enter, room)]
        for line in box.inside:
            ways += rows_of(line, room)
        ways += listed("exit / ", box.leave, room)
        timers = listed("timers: ", box.timers, room)
        parts = tuple(tuple(part) for part in (ways, timers) if part)
        high = TITLE + sum(height(part) + 2 * GAP + 1 for part in parts) + 4
        return parts, high

    def _rows(self, edge: Edge, room: float) -> list[Row]:
        rows: list[Row] = []
        for states, lines in self.drawing.where(edge):
            rows += [()] if rows else []
            rows += heading(states, room) if states else []
            for line in lines:
                rows += rows_of(line, room)
        return rows

    def _card(self, edge: Edge, x: float, y: float, role: Role) -> Place:
        rows = self._rows(edge, _LANE - 2 * PAD)
        place = Place(x, y, _LANE, height(rows) + 2 * PAD)
        name = f"{edge.tail}_{edge.head}"
        self.out.texts.append(Text(name, place, tuple(rows), card=role))
        return place

    def _text(self, name: str, x: float, y: float, wide: float, rows: list[Row]) -> None:
        place = Place(x, y, wide, height(rows))
        self.out.texts.append(Text(name, place, tuple(rows)))

    def _route(
        self,
        tail: str,
        head: str,
        *points: tuple[float, float],
        arrow: bool = True,
        heavy: bool = False,
    ) -> None:
        role = self.drawing.boxes[head].role
        self.out.routes.append(Route(tail, head, points, role, arrow, heavy))

    def _frame(self, name: str, top: float, bottom: float) -> None:
        left, right, caption = _EDGE, _FRAME_END, _EDGE + _PAD
        if name != OPEN:
            left, right, caption = _SPINE - _PAD, _JUMP + _PAD, _TRUNK + _NEAR
        self.out.frames[name] = Frame(Place(left, top, right - left, bottom - top), caption)

    def _legend(self, y: float) -> float:
        """What colours and letters mean; the height of the whole."""
        shown = {box.role for box in self.drawing.boxes.values()}
        x = _EDGE
        for role in (role for role in Role if role in shown):
            row = quiet(role.value)
            self.out.swatches.append((role, Place(x, y + 3, 16, 10)))
            self._text(f"legend_{role.name}", x + 22, y, width(row), [row])
            x += 22 + width(row) + 14
        note = (
            Span("event", Style.EVENT),
            Span(" of a fact or a request, ", Style.QUIET),
            Span("event", Style.CLOCK),
            Span(" of a timer, [guard] if it is asked, / actions.", Style.QUIET),
            Span(" A line without a guard: where no other holds.", Style.QUIET),
        )
        self._text("legend", _EDGE, y + 22, WIDTH - 2 * _EDGE, [note])
        return y + 22 + ROW + _EDGE
