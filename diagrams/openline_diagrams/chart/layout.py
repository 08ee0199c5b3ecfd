"""Where everything stands: the layout of a person who knows which path is the happy one.

Automatic layouts were tried. They let the happy path wander and need half as much width
again, so that a page of 800 pixels leaves letters of six. Here the happy path is a *spine*
of boxes from top to bottom; a state beside it has the lane on its left; the lane on its
right holds what ends a session. What a group shares is a *card* between the group's frame
and the state that it leads to. Labels of the spine stand in the gaps between its boxes,
which are as high as their labels need; a step that jumps over a box runs beside the spine
(``jumps``). So no line can cross a label, however long a label becomes.

Places are computed, never measured, so a drawing is the same on every machine.
"""

from __future__ import annotations

from itertools import pairwise

from openline_diagrams.chart.jumps import Jumps, jumps
from openline_diagrams.chart.label import (
    GAP,
    ROW,
    Row,
    heading,
    height,
    listed,
    rows_of,
    width,
)
from openline_diagrams.chart.legend import legend
from openline_diagrams.chart.model import Box, Drawing, Edge
from openline_diagrams.chart.places import (
    APART,
    BOX,
    CAPTION,
    FRAME_END,
    INSET,
    JUMP,
    LANE,
    LEFT,
    MARGIN,
    NEAR,
    PAD,
    RIGHT,
    RING,
    SPINE,
    STEP,
    TITLE,
    TRUNK,
    Frame,
    Layout,
    Panel,
    Place,
    Route,
    Text,
)
from openline_diagrams.theme import OPEN, PATH


def layout(drawing: Drawing) -> Layout:
    """Place everything. Raises ValueError for an edge that has no way to go."""
    sheet = _Sheet(drawing).fill()
    over = MARGIN - min((text.place.y for text in sheet.texts), default=MARGIN)
    # The labels of a state at the top may need more room than there is above it.
    return _Sheet(drawing, lower=over).fill() if over > 0 else sheet


class _Sheet:
    """The sheet while it is being filled."""

    def __init__(self, drawing: Drawing, lower: float = 0.0) -> None:
        self.drawing = drawing
        self.top = MARGIN + STEP + lower
        self.spine: list[str] = [state for state in PATH if state in drawing.boxes]
        self.inner = {name: states for name, states in drawing.groups.items() if name != OPEN}
        self.todo = {(edge.tail, edge.head): edge for edge in drawing.edges}
        self.heats = {(edge.tail, edge.head): edge.heat for edge in drawing.edges}
        self.ways: dict[str, list[Edge]] = {}  # by state: the jumps that leave on the left
        self.exits: dict[Edge, float] = {}  # where they do
        self.panels: dict[str, Panel] = {}
        self.frames: dict[str, Frame] = {}
        self.texts: list[Text] = []
        self.routes: list[Route] = []

    def fill(self) -> Layout:
        """Spine, lanes, legend."""
        self.draw_spine()
        self.draw_left()
        self.draw_right()
        if self.todo:
            ways = ", ".join(f"{tail} to {head}" for tail, head in self.todo)
            raise ValueError(f"no way to draw {ways}: see PATH and GROUPS in theme.py")
        places = [panel.place for panel in self.panels.values()]
        places += [text.place for text in self.texts]
        swatches, notes, end = legend(self.drawing, max(place.bottom for place in places) + 26)
        self.texts += notes
        frames = {name: self.frames[name] for name in self.drawing.groups}
        return Layout(end, self.panels, frames, self.texts, self.routes, swatches)

    # The spine.

    def draw_spine(self) -> None:
        """The happy path, its frames, and the steps that jump over a box of it."""
        order = {state: number for number, state in enumerate(self.spine)}
        beside = jumps(
            [
                self.todo.pop((tail, head))
                for tail, head in [*self.todo]
                if tail in order and head in order and order[head] != order[tail] + 1
            ],
            order,
        )
        lines = beside.right
        for edge in beside.left:
            self.ways.setdefault(edge.tail, []).append(edge)
        y = self.top
        tops = {OPEN: y - PAD - NEAR}
        for state, after in pairwise([*self.spine, ""]):
            y = self.panel(state, SPINE, y, BOX).bottom
            for name, states in self.drawing.groups.items():
                if state == [each for each in self.spine if each in states][-1]:
                    y += PAD
                    self.frame(name, tops[name], y)
            if after:
                leaving = [edge for edge in lines if edge.tail == state]
                y += self.label_step(state, after, y, leaving, min(lines.values(), default=JUMP))
            for name, states in self.inner.items():
                if after == states[0]:
                    tops[name] = y
                    y += CAPTION
        places = [self.panels[state].place for state in self.spine]
        start = (TRUNK, self.top - STEP + 2)
        self.route("start", self.spine[0], start, (TRUNK, places[0].y), heavy=True)
        for (tail, head), (a, b) in zip(pairwise(self.spine), pairwise(places), strict=True):
            end = b.y - RING * self.drawing.boxes[head].final
            self.route(tail, head, (TRUNK, a.bottom), (TRUNK, end), heavy=True)
        self.draw_jumps(beside, order)

    def draw_jumps(self, beside: Jumps, order: dict[str, int]) -> None:
        """The lines beside the spine."""
        for edge, x in beside.right.items():
            a, b = self.panels[edge.tail].place, self.panels[edge.head].place
            out, back = a.bottom - 14 + (x - JUMP), b.y + 14 - (x - JUMP)
            self.route(edge.tail, edge.head, (a.right, out), (x, out), (x, back), (b.right, back))
        for edge, x in beside.left.items():
            b, out = self.panels[edge.head].place, self.exits[edge]
            # Up to the lower part of a box, above what leaves it there; down to its name.
            lowest = [self.exits[each] - 22 for each in self.ways.get(edge.head, ())]
            is_back = order[edge.head] < order[edge.tail]
            back = min([b.bottom - 14, *lowest]) if is_back else b.y + 14
            self.route(edge.tail, edge.head, (SPINE, out), (x, out), (x, back), (SPINE, back))

    def label_step(
        self, state: str, after: str, y: float, jumps: list[Edge], right: float
    ) -> float:
        """Label the gap below ``state``; its height.

        A jump has its label at the left of the line ``right``: beside the label of the step
        if there is room for both, else below it.
        """
        room = right - TRUNK - 2 * NEAR
        step = self.todo.pop((state, after), None)
        rows = self.rows(step, room / 2 if jumps else room) if step else []
        labels = [(TRUNK + NEAR, rows)]
        for edge in jumps:
            rows = self.rows(edge, room / 2)
            labels.append((right - NEAR - _wide(rows), rows))
        beside = len(labels) == 2 and sum(_wide(rows) for _, rows in labels) <= room
        heights = [height(rows) for _, rows in labels]
        high = max(heights) if beside else sum(heights)
        gap = max(STEP, high + 14)
        top = y + (gap - high) / 2 - 2
        for number, (x, rows) in enumerate(labels):
            down = (high - height(rows)) / 2 if beside else sum(heights[:number])
            self.text(f"{state}_{number}", x, top + down, rows)
        return gap

    # The lane on the left.

    def draw_left(self) -> None:
        """States beside the happy path: ways to and from it above, shared ones below."""
        ends = self.frames[OPEN].place.y
        for state, box in self.drawing.boxes.items():
            if state in self.spine or box.final:
                continue
            links = self.links(state)
            shared = [edge for name in self.inner if (edge := self.todo.pop((name, state), None))]
            heights = [self.card_height(edge) for edge in shared]
            top = max(links[-1][1] if links else ends, ends) + 2 * STEP
            if shared:  # half-way down the frame that they leave
                group = self.frames[shared[0].tail].place
                _, high = self.measure(box, LANE)
                top = max(top, group.middle - (high + sum(heights) + APART * len(shared)) / 2)
            place = self.panel(state, LEFT, top, LANE)
            for number, (edge, y) in enumerate(links):
                x = _channel(number)
                points = ((SPINE, y), (x, y), (x, place.y))
                self.route(edge.tail, edge.head, *(points if edge.head == state else points[::-1]))
            ends = place.bottom
            for edge in shared:
                card = self.card(edge, LEFT, ends + APART)
                border = self.frames[edge.tail].place.x
                across = ((border, card.middle), (card.right, card.middle))
                self.route(edge.tail, state, *across, arrow=False)
                x = _channel(1)
                self.route(edge.tail, state, (x, card.y), (x, ends))
                ends = card.bottom

    def links(self, state: str) -> list[tuple[Edge, float]]:
        """The edges between ``state`` and the spine, labelled; where each meets the spine."""
        found: list[tuple[Edge, float]] = []
        for each in self.spine:
            y = self.panels[each].place.y + 14
            for key in ((each, state), (state, each)):
                edge = self.todo.pop(key, None)
                if edge is None:
                    continue
                x = _channel(len(found)) + NEAR
                rows = self.rows(edge, SPINE - 4 * PAD - x)
                if found:  # below the line before it
                    y = max(y, found[-1][1] + height(rows) + PAD)
                self.text(f"{edge.tail}_{edge.head}", x, y - height(rows) - 3, rows)
                found.append((edge, y))
        return found

    # The lane on the right.

    def draw_right(self) -> None:
        """What ends a session: a card for each end, and the ends beside the happy one."""
        last = self.spine[-1]
        frame = self.frames[OPEN].place
        boxes = sorted(self.drawing.boxes.values(), key=lambda box: box.name == last)
        ends = [(box, edge) for box in boxes if (edge := self.todo.pop((OPEN, box.name), None))]
        heights = [self.card_height(edge) for _, edge in ends]
        heights += [APART + self.measure(box, LANE)[1] for box, _ in ends if box.name != last]
        space = max(STEP, (frame.h - sum(heights)) / (len(ends) + 1))
        y, x = frame.y + space, RIGHT + LANE / 2
        for box, edge in ends:
            card = self.card(edge, RIGHT, y)
            across = ((frame.right, card.middle), (RIGHT, card.middle))
            self.route(OPEN, box.name, *across, arrow=False)
            if box.name == last:
                end = self.panels[last].place
                self.route(
                    OPEN, last, (x, card.bottom), (x, end.middle), (end.right + RING, end.middle)
                )
            else:
                place = self.panel(box.name, RIGHT, card.bottom + APART, LANE)
                self.route(OPEN, box.name, (x, card.bottom), (x, place.y - RING))
                y = place.bottom + space

    # Parts.

    def measure(self, box: Box, wide: float) -> tuple[tuple[tuple[Row, ...], ...], float]:
        """The compartments of a state's box, and its height."""
        room = wide - 2 * INSET
        ways = listed("entry / ", box.enter, room)
        for line in box.inside:
            ways += rows_of(line, room)
        ways += listed("exit / ", box.leave, room)
        timers = listed("timers: ", box.timers, room)
        leaving = [self.way(edge, room) for edge in self.ways.get(box.name, ())]
        parts = tuple(tuple(part) for part in (ways, timers, *leaving) if part)
        return parts, TITLE + sum(height(part) + 2 * GAP + 1 for part in parts) + 4

    def panel(self, state: str, x: float, y: float, wide: float) -> Place:
        """Place the box of ``state``."""
        box = self.drawing.boxes[state]
        parts, high = self.measure(box, wide)
        ring = RING if box.final else 0
        place = Place(x + ring, y, wide - 2 * ring, high)
        self.panels[state] = Panel(box, place, parts)
        bottom = place.bottom - 4
        for edge in reversed(self.ways.get(state, ())):
            bottom -= height(self.way(edge, wide - 2 * INSET)) + 2 * GAP + 1
            self.exits[edge] = bottom + GAP + ROW / 2
        return place

    def rows(self, edge: Edge, room: float) -> list[Row]:
        """The label of ``edge``."""
        rows: list[Row] = []
        for states, lines in self.drawing.where(edge):
            rows += [()] if rows else []
            rows += heading(states, room) if states else []
            for line in lines:
                rows += rows_of(line, room)
        return rows

    def way(self, edge: Edge, room: float) -> list[Row]:
        """The compartment of a jump that leaves on the left."""
        return [*heading(f"to {edge.head}", room), *self.rows(edge, room)]

    def card_height(self, edge: Edge) -> float:
        """How high the card of ``edge`` is."""
        return height(self.rows(edge, LANE - 2 * INSET)) + 2 * INSET

    def card(self, edge: Edge, x: float, y: float) -> Place:
        """Place a label of its own, between the ends of ``edge``."""
        place = Place(x, y, LANE, self.card_height(edge))
        rows = self.rows(edge, LANE - 2 * INSET)
        role = self.drawing.boxes[edge.head].role
        self.texts.append(Text(f"{edge.tail}_{edge.head}", place, tuple(rows), role))
        return place

    def text(self, name: str, x: float, y: float, rows: list[Row]) -> None:
        """Place a label."""
        if rows:
            place = Place(x, y, _wide(rows), height(rows))
            self.texts.append(Text(name, place, tuple(rows)))

    def route(
        self,
        tail: str,
        head: str,
        *points: tuple[float, float],
        arrow: bool = True,
        heavy: bool = False,
    ) -> None:
        """Draw a line, in the colour of where it leads."""
        role = self.drawing.boxes[head].role
        heat = self.heats.get((tail, head))
        self.routes.append(Route(tail, head, points, role, arrow, heavy, heat))

    def frame(self, name: str, top: float, bottom: float) -> None:
        """Frame a group from ``top`` to ``bottom``."""
        left, right, caption = MARGIN, FRAME_END, MARGIN + PAD
        if name != OPEN:
            left, right, caption = SPINE - 3 * PAD, JUMP + PAD, TRUNK + NEAR
        self.frames[name] = Frame(Place(left, top, right - left, bottom - top), caption)


def _wide(rows: list[Row]) -> float:
    return max(map(width, rows), default=0.0)


def _channel(number: int) -> float:
    """Where a line of the left lane runs; the first is the outermost."""
    return LEFT + 16 + 26 * number
