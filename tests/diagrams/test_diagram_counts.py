"""The chart coloured by counts: every line has a note, and all text can be read."""

from __future__ import annotations

from itertools import chain

import pytest

from openline.session import TABLE
from openline_diagrams import DARK, LIGHT, counted, dot, mermaid, model, rows
from openline_diagrams.chart.counts import HOTTEST, NEVER, UNKNOWN, brief, heat
from openline_diagrams.chart.label import Style, width
from openline_diagrams.chart.layout import layout
from openline_diagrams.chart.places import INSET, WIDTH

DRAWING = model(TABLE)
ROWS = [row.name for row in rows(TABLE)]
COUNTS = {name: 10 ** (number % 8) for number, name in enumerate(ROWS)}
LOSS = [name for name in ROWS if "--socket_lost--> reconnecting" in name]


def notes(counts: dict[str, int]) -> dict[str, str]:
    """Each line of the drawing with its note."""
    drawing = counted(DRAWING, TABLE, counts)
    inside = chain.from_iterable(box.inside for box in drawing.boxes.values())
    lines = [*inside, *chain.from_iterable(edge.lines for edge in drawing.edges)]
    return {f"{', '.join(line.sources)}: {line}": line.note for line in lines}


def test_a_row_has_a_name_of_its_own() -> None:
    assert len(set(ROWS)) == len(ROWS)
    assert "finishing --final_message [stop_sent]--> closing" in ROWS
    assert "streaming --pong--> itself" in ROWS


def test_a_line_of_many_rows_has_their_sum() -> None:
    counts = dict.fromkeys(ROWS, 7)
    [loss] = [note for line, note in notes(counts).items() if "socket_lost / end_dial, c" in line]
    assert loss == str(7 * len(LOSS))
    assert all(note for note in notes(counts).values())


def test_row_that_never_fired_is_named_in_its_line() -> None:
    counts = COUNTS | dict.fromkeys(LOSS[:1], 0) | dict.fromkeys(LOSS[1:], 30)
    [loss] = [note for line, note in notes(counts).items() if "socket_lost / end_dial, c" in line]
    assert loss == "120; never: connecting"
    for name in LOSS[1:]:
        counts[name] = 0
    [loss] = [note for line, note in notes(counts).items() if "socket_lost / end_dial, c" in line]
    assert loss == "never"


def test_event_that_never_fired_is_named_among_several() -> None:
    counts = COUNTS | {"streaming --status--> itself": 0, "streaming --acked--> itself": 5}
    shown = notes(counts)
    [line] = [note for line, note in shown.items() if line.startswith("streaming: acked, status")]
    assert line == "5; never: status"


def test_a_row_may_lack_a_count_and_a_count_may_lack_a_row() -> None:
    counts = {name: number for name, number in COUNTS.items() if name not in LOSS}
    counts["limbo --was_there--> once"] = 5
    shown = notes(counts)
    assert [note for line, note in shown.items() if "socket_lost / end_dial, c" in line] == [
        "uncounted"
    ]
    text = dot(counted(DRAWING, TABLE, counts))
    assert "uncounted" in text
    assert "limbo" not in text


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([], UNKNOWN),
        ([None, None], UNKNOWN),
        ([None, 0], NEVER),
        ([1], 0),
        ([9, None, 0], 0),
        ([5, 5], 1),
        ([999_999], 5),
        ([10**9], HOTTEST),
    ],
)
def test_an_edge_is_as_hot_as_its_rows_together(numbers: list[int | None], found: int) -> None:
    assert heat(numbers) == found


@pytest.mark.parametrize(
    ("number", "text"),
    [(7, "7"), (999, "999"), (1000, "1k"), (1234, "1.2k"), (9960, "10k"), (35_500_000, "36M")],
)
def test_number_is_shown_in_a_few_digits(number: int, text: str) -> None:
    assert brief(number) == text


def test_every_power_of_ten_has_a_colour_in_both_palettes() -> None:
    for palette in (LIGHT, DARK):
        assert len(set(palette.heat)) == HOTTEST + 1
        assert not {palette.never, palette.unknown} & {*palette.heat}


def test_an_edge_that_never_fired_is_dashed_and_a_hot_one_is_wide() -> None:
    text = dot(counted(DRAWING, TABLE, COUNTS | {"streaming --stop_requested--> finishing": 0}))
    [cold] = [line for line in text.splitlines() if line.startswith("  streaming -> finishing ")]
    assert f'color="{LIGHT.never}"' in cold
    assert 'style="dashed"' in cold
    hot = text.split("  in_dialled -> reconnecting ")[1].splitlines()[0]
    assert f'color="{LIGHT.heat[HOTTEST]}"' in hot
    assert "penwidth=3.18" in hot


@pytest.mark.parametrize(
    "counts",
    [COUNTS, {}, dict.fromkeys(ROWS, 0), dict.fromkeys(ROWS[::2], 0)],
    ids=["counted", "uncounted", "silent", "half"],
)
def test_text_fits_and_legend_shows_the_used_colours(
    counts: dict[str, int],
) -> None:
    drawing = counted(DRAWING, TABLE, counts)
    sheet = layout(drawing)
    for panel in sheet.panels.values():
        for row in (row for part in panel.parts for row in part):
            assert width(row) <= panel.place.w - 2 * INSET
    for text in sheet.texts:
        room = text.place.w - (2 * INSET if text.card is not None else 0)
        assert all(width(row) <= room for row in text.rows), text.name
        assert text.place.right <= WIDTH
    assert {key for key, _ in sheet.swatches} == {edge.heat for edge in drawing.edges}
    styles = {span.style for panel in sheet.panels.values() for part in panel.parts for row in part
              for span in row}  # fmt: skip
    assert bool(styles & {Style.COUNT}) == any(counts.values())


def test_without_counts_nothing_is_heated() -> None:
    assert not DRAWING.heated
    assert counted(DRAWING, TABLE, {}).heated
    assert mermaid(counted(DRAWING, TABLE, COUNTS)) == mermaid(DRAWING)
