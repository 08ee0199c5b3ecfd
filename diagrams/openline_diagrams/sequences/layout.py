"""The layout of a sequence diagram: a sheet of shapes, ready to be drawn.

From the left: a column of times; the life lines of the app, openline, the backend and, if
it takes part, the provider; a column of gauges. Everything goes through openline, so a
message's label stands between openline and its neighbour, and no label meets a life line.
A backend's message and openline's report of it in the same step stand on one row, on both
sides.

The state is a band along openline's line, in the colour of its role; a pill begins it, with
its timers on the left and the reason on the right. A gauge is the audio of each source at
that moment: captured, of that sent, of that confirmed; it stands where any of it has
changed.

A text breaks where it gets too wide, in the widths of a wide font, and a row is as high as
its texts. The sheet is as wide as it will be shown, so letters keep their size.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Many
from typing import Final

from openline_diagrams.sequences.bars import LAYERS, Gauges, Layer
from openline_diagrams.sequences.model import Alarm, Item, Message, Note, Sequence, Style, Turn, Who
from openline_diagrams.sequences.shapes import (
    BAD,
    FRAME,
    LEADING,
    LINE,
    MARGIN,
    QUIET,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    Box,
    Patch,
    Shape,
    Sheet,
    Stroke,
    Text,
    Tone,
    broken,
)
from openline_diagrams.sequences.words import seconds
from openline_diagrams.theme import ROLES, Role

BAND: Final = 14.0
PILL: Final = 24.0
HEAD: Final = 28.0  # of a participant
NEAR: Final = 10.0
TIMES: Final = 56.0  # where the column of times ends
#: The life lines, and where the gauges begin: without a provider and with one.
_PLACES: Final = (
    ({Who.APP: 116.0, Who.LINE: 358.0, Who.BACKEND: 600.0}, 660.0),
    ({Who.APP: 112.0, Who.LINE: 330.0, Who.BACKEND: 548.0, Who.PROVIDER: 646.0}, 704.0),
)


def rows_of(items: Many[Item]) -> Iterator[tuple[Item, ...]]:
    """The items by rows: an event and openline's report of it share a row."""
    at = 0
    while at < len(items):
        pair = items[at : at + 2]
        first = pair[0]
        second = pair[1] if len(pair) == 2 else None
        if (
            isinstance(first, Message)
            and isinstance(second, Message)
            and first.at == second.at
            and (Who.APP in first[1:3]) != (Who.APP in second[1:3])
        ):
            yield first, second
            at += 2
        else:
            yield (first,)
            at += 1


def layout(seq: Sequence) -> Sheet:
    """Place everything."""
    return _Sheet(seq).fill()


class _Sheet:
    """The sheet while it is being filled."""

    def __init__(self, seq: Sequence) -> None:
        self.seq = seq
        self.x, gauge = _PLACES[Who.PROVIDER in seq.who]
        self.gauges = Gauges(seq, gauge)
        self.y = MARGIN
        self.shapes: list[Shape] = []
        self.below: list[Shape] = []  # life lines and bands
        self.role: Role | None = None
        self.since = 0.0  # where the band of the state begins
        self.shown = ""  # the time shown last

    def fill(self) -> Sheet:
        """Caption, participants, rows, legend."""
        self.caption()
        top = self.heads()
        for row in rows_of(self.seq.items):
            self.row(row)
        self.end_band()
        self.y += 16
        for who in self.seq.who:
            foot = self.since if who is Who.LINE else self.y
            line = Stroke(((self.x[who], top), (self.x[who], max(foot, top))), FRAME, 1.2, "3 4")
            self.below.insert(0, line)
        self.legend()
        return Sheet(round(self.y + MARGIN), (*self.below, *self.shapes))

    def write(
        self,
        x: float,
        y: float,
        lines: Many[str],
        tone: Tone,
        *,
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """Lines of text, the last at ``y``."""
        for number, line in enumerate(reversed(lines)):
            at = y - number * LEADING
            self.shapes.append(Text(x, at, line, tone, anchor=anchor, bold=bold))

    def caption(self) -> None:
        """The title, and the caption."""
        room = WIDTH - 2 * MARGIN
        for line in broken(self.seq.title, room, TITLE, bold=True):
            self.y += TITLE + 2
            self.shapes.append(Text(MARGIN, self.y, line, TEXT, TITLE, bold=True))
        self.y += 6
        for line in broken(self.seq.about, room) if self.seq.about else ():
            self.y += LEADING + 1
            self.shapes.append(Text(MARGIN, self.y, line, QUIET))
        self.y += 18

    def heads(self) -> float:
        """The participants; returns where their life lines begin."""
        y = self.y
        for who in self.seq.who:
            x, wide = self.x[who], 88.0
            tone = (Role.LIVE if who is Who.LINE else Role.REST, "fill")
            border = (tone[0], "line")
            self.shapes.append(Box(x - wide / 2, y, wide, HEAD, 7, tone, border))
            text = Text(x, y + 18.5, who, (tone[0], "text"), 13.5, "middle", bold=True)
            self.shapes.append(text)
        self.shapes.append(Text(TIMES, y + 18, "seconds", QUIET, SMALL, "end"))
        self.shapes += self.gauges.head(y + 18)
        self.y += HEAD + 6
        return y + HEAD

    # Rows.

    def row(self, row: tuple[Item, ...]) -> None:
        """One row of the diagram."""
        match row[0]:
            case Turn() as turn:
                self.turn(turn)
            case Alarm() as alarm:
                self.alarm(alarm)
            case Note(_, text):
                x, edge = self.x[Who.LINE] + BAND / 2 + NEAR, self.x[Who.BACKEND] - NEAR
                lines = broken(text, edge - x, bold=True)
                self.y += 8 + LEADING * len(lines)
                tone = (Role.WAIT, "text")
                self.write(x, self.y, lines, tone, bold=True)
                self.time(row[0].at, self.y)
                self.y += 2
            case _:
                messages = [item for item in row if isinstance(item, Message)]
                labels = [broken(each.text, self.room(each)) for each in messages]
                self.y += 10 + LEADING * max(map(len, labels))
                for each, lines in zip(messages, labels, strict=True):
                    self.arrow(each, lines)
                self.time(row[0].at, self.y + 3)
                self.shapes += self.gauges.bars([each.marks for each in messages], self.y)
                self.y += 6

    def time(self, at: float, y: float) -> None:
        """The time of a row, where it differs from the last one."""
        text = f"{at:.2f}"
        if text != self.shown:
            self.shown = text
            self.shapes.append(Text(TIMES, y, text, QUIET, SMALL, "end"))

    def room(self, message: Message) -> float:
        """How wide the label of a message may be."""
        side = Who.APP if Who.APP in {message.tail, message.head} else Who.BACKEND
        return abs(self.x[side] - self.x[Who.LINE]) - BAND / 2 - 2 * NEAR - 6

    def arrow(self, message: Message, lines: list[str]) -> None:
        """A message, with its label above it."""
        other = message.head if message.tail is Who.LINE else message.tail
        near, far = self.x[Who.LINE], self.x[other]
        side = 1 if far > near else -1
        near += side * BAND / 2
        wall = self.x[Who.BACKEND] if side > 0 else far
        start, end = (near, far) if message.tail is Who.LINE else (far, near)
        late = message.style is Style.LATE
        tone = BAD if message.style is Style.CUT else QUIET if late else LINE
        dashes = "5 4" if message.style in {Style.ANSWER, Style.LATE} else ""
        y = self.y
        self.shapes.append(Stroke(((start, y), (end, y)), tone, dashes=dashes))
        if message.style in {Style.CUT, Style.LATE}:
            x = end - 9 * (1 if end > start else -1)
            self.shapes.append(Stroke(((x - 4, y - 4), (x + 4, y + 4)), tone, 1.8))
            self.shapes.append(Stroke(((x - 4, y + 4), (x + 4, y - 4)), tone, 1.8))
        else:
            self.shapes.append(_point(end, y, end - start, tone))
        if message.both:
            self.shapes.append(_point(start, y, start - end, tone))
        words = BAD if message.style is Style.CUT else QUIET if late else TEXT
        self.write((near + wall) / 2, y - 6, lines, words, anchor="middle")

    def alarm(self, alarm: Alarm) -> None:
        """A timer: a loop from the band and back to it."""
        x, y = self.x[Who.LINE] + BAND / 2, self.y + 10
        loop = ((x, y), (x + 24, y), (x + 24, y + 11), (x + 2, y + 11))
        self.shapes.append(Stroke(loop, LINE))
        self.shapes.append(_point(x, y + 11, -1, LINE))
        more = f" after {seconds(alarm.after)}"
        name = Text(x + 32, y + 10, alarm.timer, TEXT, bold=True, italic=True, more=more)
        self.shapes.append(name)
        self.time(alarm.at, y + 10)
        self.y += 24

    def turn(self, turn: Turn) -> None:
        """A pill, and the band that it begins."""
        self.role, before = ROLES[turn.state], self.role
        name = Text(0, 0, turn.state, (self.role, "text"), 13.0, "middle", bold=True)
        x, wide = self.x[Who.LINE], name.wide + 22
        room = self.x[Who.BACKEND] - x - wide / 2 - 2 * NEAR
        why = broken(turn.why, room, SMALL) if turn.why else []
        waits = [f"{timer} {seconds(value)}" for timer, value in turn.timers]
        top = self.y + 8
        middle = top + PILL / 2
        self.end_band(middle, before)
        self.since = middle
        pill = Box(
            x - wide / 2, top, wide, PILL, PILL / 2, (self.role, "fill"), (self.role, "line")
        )
        self.shapes += [pill, name._replace(x=x, y=middle + 4.5)]
        baseline = middle + 4
        for number, line in enumerate(waits):
            place = x - wide / 2 - NEAR, baseline + number * LEADING
            self.shapes.append(Text(*place, line, QUIET, SMALL, "end", italic=True))
        for number, line in enumerate(why):
            self.shapes.append(
                Text(x + wide / 2 + NEAR, baseline + number * LEADING, line, QUIET, SMALL)
            )
        self.time(turn.at, baseline)
        self.y = top + max(PILL, 8 + LEADING * max(len(why), len(waits))) + 2

    def end_band(self, y: float | None = None, role: Role | None = None) -> None:
        """The band of the state that ends; the last one a little below its last row."""
        role = role or (self.role if y is None else None)
        if y is None:
            y = self.y + 10
        if role is not None:
            x = self.x[Who.LINE] - BAND / 2
            box = Box(x, self.since, BAND, y - self.since, 0, (role, "fill"), (role, "line"))
            self.below.append(box)
        if self.role is not None and y > self.y:
            self.since = y

    # The gauges and the legend.

    def legend(self) -> None:
        """What the colours mean."""
        self.y += 24
        roles = {ROLES[item.state] for item in self.seq.items if isinstance(item, Turn)}
        states = [Layer(role.value, role, "fill") for role in Role if role in roles]
        audio = [layer._replace(name=f"audio {layer.name}") for layer in LAYERS]
        for row in (states, audio if self.gauges.captured else ()):
            x = MARGIN
            for layer in row:
                text = Text(x + 22, self.y, layer.name, QUIET, SMALL)
                self.shapes += [*layer.drawn(x, self.y - 9, 16, 10, 2), text]
                x = text.x + text.wide + 16
            self.y += LEADING + 2
        self.y -= LEADING + 2


def _point(x: float, y: float, direction: float, tone: Tone) -> Patch:
    """The head of an arrow that comes to ``x`` in ``direction``."""
    back = x - 9 * (1 if direction > 0 else -1)
    return Patch(((x, y), (back, y - 4), (back, y + 4)), tone)
