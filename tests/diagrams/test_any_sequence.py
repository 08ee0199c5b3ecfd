"""Whatever a session says: all that is drawn lies within its sheet, and no text meets another."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from openline.machine.timers import Timer
from openline.updates import State
from openline_diagrams.sequences.bars import LAYERS
from openline_diagrams.sequences.layout import BAND, layout
from openline_diagrams.sequences.model import Alarm, Item, Message, Note, Sequence, Style, Turn, Who
from openline_diagrams.sequences.shapes import MARGIN, WIDTH, Box, Sheet, Stroke, Text
from openline_diagrams.sequences.steps import Mark
from tests.diagrams.support_sheets import check_texts
from tests.support_profiles import paced

#: The height of a bar, and of a swatch in the legend.
BAR, SWATCH = 6.0, 10.0
WORDS = st.lists(
    st.one_of(
        st.text("abcdefghijklmnop_.,:“”–", min_size=1, max_size=12),
        st.text("WM漢字", min_size=1, max_size=40),
        st.sampled_from(
            ["final", "0.00–0.80 s", "https://example.org/a/rather/long/path?of=words"]
        ),
    ),
    min_size=1,
    max_size=14,
).map(" ".join)


KINDS = st.lists(st.sampled_from(["turn", "alarm", "note", "message"]), max_size=12)
TIMERS = st.sampled_from([each.name for each in Timer])


@st.composite
def marks(draw: st.DrawFn, captured: dict[str, float]) -> tuple[Mark, ...]:
    """Where the audio of each source stands: captured grows, and may not be confirmed."""
    found: list[Mark] = []
    for source, before in captured.items():
        captured[source] = end = before + draw(st.sampled_from([0.0, 0.02, 1.5, 400.0]))
        origin = draw(st.sampled_from([0.0, end / 2]))
        parts = sorted(draw(st.lists(st.floats(0, 1), min_size=2, max_size=2)))
        confirmed, sent = (origin + part * (end - origin) for part in parts)
        found.append(Mark(source, origin, end, sent, confirmed))
    return tuple(found)


@st.composite
def sequences(draw: st.DrawFn) -> Sequence:
    """A diagram of anything: its first item is a state, as in each session."""
    who = tuple(Who) if draw(st.booleans()) else (Who.APP, Who.LINE, Who.BACKEND)
    sources: tuple[str, ...] = draw(st.sampled_from([(), ("mic",), ("mic", "system")]))
    captured: dict[str, float] = dict.fromkeys(sources, 0.0)
    at = 0.0
    items: list[Item] = []
    for kind in ["turn", *draw(KINDS)]:
        at += draw(st.sampled_from([0.0, 0.01, 3.0, 4_000.0]))
        match kind:
            case "turn":
                names = draw(st.lists(TIMERS, max_size=3))
                waits = tuple((name, draw(st.sampled_from([0.5, 300.0]))) for name in names)
                why = draw(st.one_of(st.just(""), WORDS))
                items.append(Turn(at, draw(st.sampled_from(State)), waits, why))
            case "alarm":
                items.append(Alarm(at, draw(TIMERS), 3_600.5))
            case "note":
                items.append(Note(at, draw(WORDS)))
            case _:
                for _ in range(draw(st.integers(1, 2))):
                    other = draw(st.sampled_from([each for each in who if each is not Who.LINE]))
                    tail, head = (other, Who.LINE) if draw(st.booleans()) else (Who.LINE, other)
                    items.append(
                        Message(
                            at,
                            tail,
                            head,
                            draw(WORDS),
                            draw(st.sampled_from(Style)),
                            draw(marks(captured)),
                            both=draw(st.booleans()),
                        )
                    )
    return Sequence(draw(WORDS), draw(st.one_of(st.just(""), WORDS)), who, tuple(items))


def bars(sheet: Sheet) -> list[Box]:
    fills = {(layer.role, layer.part) for layer in LAYERS}
    return [s for s in sheet.shapes if isinstance(s, Box) and s.h == BAR and s.fill in fills]


def check_bounds(sheet: Sheet) -> None:
    """Every shape lies on the sheet."""
    for shape in sheet.shapes:
        match shape:
            case Text():
                inside = shape.left >= 0 and shape.left + shape.wide <= WIDTH
                inside = inside and shape.y - shape.size >= 0 and shape.y < sheet.height
            case Box():
                assert shape.w > 0, "a box has no width"
                assert shape.h >= 0, "a box has no height"
                inside = shape.x >= 0 and shape.x + shape.w <= WIDTH + 1e-6
                inside = inside and 0 <= shape.y <= shape.y + shape.h <= sheet.height
            case _:
                inside = all(0 <= x <= WIDTH and 0 <= y <= sheet.height for x, y in shape.points)
        assert inside, f"lies outside the sheet of {sheet.height}: {shape}"


def check_bars(sheet: Sheet) -> None:
    """The longest bar ends at the margin; no bar begins left of the column or lies on another."""
    found = bars(sheet)
    for bar in found:
        assert bar.x + bar.w <= WIDTH - MARGIN + 1e-6, "a bar is longer than its column"
        hatches = [s for s in sheet.shapes if isinstance(s, Stroke) and s.width == BAR]
        for hatch in hatches:
            assert all(x <= WIDTH - MARGIN + 1e-6 for x, _ in hatch.points), "a hatch is too long"
        rows = [
            s.points[0][1] for s in sheet.shapes if isinstance(s, Stroke) and len(s.points) == 2
        ]
        middle = bar.y + bar.h / 2
        assert any(abs(middle - row) < 2 * BAR for row in rows), "a bar lies beside no message"
    for one, other in combinations(found, 2):
        apart = one.y + one.h <= other.y or other.y + other.h <= one.y
        assert apart or one.y == other.y, "bars of two rows meet"
    if found:
        assert min(bar.x for bar in found) > 640, "a bar lies beside its column"


def check_bands(sheet: Sheet) -> None:
    """The states follow each other without a gap, and none lies on another."""
    bands = sorted((s.y, s.y + s.h) for s in sheet.shapes if isinstance(s, Box) and s.w == BAND)
    for (_, end), (start, _) in pairwise(bands):
        assert abs(end - start) < 1e-6, "the bands of two states do not meet"


@paced(examples=150, steps=1)
@given(sequences())
def test_everything_lies_within_its_sheet_and_nothing_meets_another(seq: Sequence) -> None:
    sheet = layout(seq)
    check_bounds(sheet)
    check_bars(sheet)
    check_bands(sheet)
    check_texts(sheet)
