"""How much audio each minute captured, sent and confirmed, by what the core says of itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.journal.reader import Journal, read
from openline.updates import SAMPLE_RATE, Ended, Gap, GapCause, SourceStatistics
from openline_lookup.amounts import Amount, Amounts, replayed
from openline_lookup.records import records
from openline_lookup.story import Story, stories

JOURNALS = Path(__file__).parents[1] / "journals"
NAMES = sorted(each.stem for each in JOURNALS.glob("*.jsonl"))


def marks(captured: int, sent: int, confirmed: int) -> SourceStatistics:
    return SourceStatistics(
        captured=captured * SAMPLE_RATE,
        sent=sent * SAMPLE_RATE,
        confirmed=confirmed * SAMPLE_RATE,
        missing=0,
    )


def journal(name: str) -> tuple[list[bytes], Journal]:
    lines = (JOURNALS / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
    [found] = read(lines)
    return lines, found


def told(name: str) -> Story:
    lines, found = journal(name)
    [story] = stories(records(lines), [replayed(found)])
    return story


def test_each_minute_gets_what_moved_in_it() -> None:
    amounts = Amounts()
    amounts.see(0.0, {"mic": marks(5, 3, 2)})  # of an earlier process
    amounts.see(59.0, {"mic": marks(15, 10, 4)})
    amounts.see(60.0, {"mic": marks(16, 12, 9), "system": marks(7, 0, 0)})
    amounts.see(200.0, {"mic": marks(16, 16, 16), "system": marks(9, 8, 1)})
    assert amounts.of(0, 0) == Amount(10, 7, 2)
    assert amounts.of(1, 1) == Amount(1, 2, 5)
    assert amounts.of(2, 2) == Amount()
    assert amounts.of(3, 3) == Amount(2, 12, 8)
    assert amounts.of(0, 3) == Amount(13, 21, 15)


def test_audio_that_is_sent_again_counts_once() -> None:
    amounts = Amounts()
    for at, sent in enumerate([0, 10, 4, 9, 12]):
        amounts.see(at, {"mic": marks(20, sent, 4)})
    assert amounts.of(0, 0) == Amount(0, 12, 0)


def gap(start: int, end: int, samples: int | None = None) -> Gap:
    """A gap, in seconds."""
    lost = end - start if samples is None else samples
    start, end, lost = (each * SAMPLE_RATE for each in (start, end, lost))
    return Gap(source="mic", start=start, end=end, samples=lost, cause=GapCause.BACKEND)


def seen_with_gaps(*seen: tuple[float, int, list[Gap]]) -> Amounts:
    """At a time: how far is confirmed, in seconds, and the gaps."""
    amounts = Amounts()
    amounts.see(0.0, {"mic": marks(0, 0, 0)})
    for at, confirmed, gaps in seen:
        amounts.see(at, {"mic": marks(300, 300, confirmed)}, {"mic": gaps})
    return amounts


NO_GAPS: list[Gap] = []


@pytest.mark.parametrize(
    ("seen", "confirmed"),
    [
        ([(1, 10, NO_GAPS), (70, 30, [gap(12, 16)])], [10, 16]),  # told as it is passed
        ([(1, 10, [gap(12, 16)]), (70, 30, [gap(12, 16)])], [10, 16]),  # told before
        ([(1, 10, [gap(12, 16)])], [10]),  # and never passed, as at the end of a session
        ([(1, 10, NO_GAPS), (70, 12, [gap(1, 9)])], [4, 0]),  # told behind it
        ([(1, 10, [gap(1, 9)]), (70, 30, NO_GAPS)], [2, 28]),  # and withdrawn
        ([(1, 10, NO_GAPS), (70, 20, [gap(10, 30, 10)])], [10, 5]),  # lost somewhere within it
    ],
)
def test_what_is_missing_is_not_confirmed(
    seen: list[tuple[float, int, list[Gap]]], confirmed: list[int]
) -> None:
    amounts = seen_with_gaps(*seen)
    found = [amounts.of(minute, minute) for minute in range(len(confirmed))]
    assert [each and each.confirmed for each in found] == confirmed


@given(
    st.lists(st.tuples(st.floats(0, 600), st.integers(0, 90)), max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 99)), max_size=5),
)
def test_no_minute_confirms_what_the_whole_does_not(
    seen: list[tuple[float, int]], lost: list[tuple[int, int]]
) -> None:
    """Whenever each gap of a second is told."""
    gaps = [(when, gap(3 * at, 3 * at + 1)) for at, (when, _) in enumerate(lost)]
    marked, last = list[tuple[float, int, list[Gap]]](), 0
    for count, (at, confirmed) in enumerate(sorted(seen)):
        last = max(last, confirmed)
        marked.append((at, last, [each for when, each in gaps if when <= count]))
    amounts = seen_with_gaps(*marked)
    whole = amounts.of(0, 10)
    assert whole is not None
    told = marked[-1][2] if marked else []
    passed = sum(each.end <= last * SAMPLE_RATE for each in told)
    assert whole.confirmed == pytest.approx(last - passed)
    minutes = [amounts.of(each, each) for each in range(11)]
    assert all(each is not None and each.confirmed >= 0 for each in minutes)


@given(st.lists(st.tuples(st.floats(0, 600), st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_the_minutes_together_are_the_whole(seen: list[tuple[float, int, int]]) -> None:
    amounts = Amounts()
    amounts.see(0.0, {"mic": marks(0, 0, 0)})
    for at, sent, confirmed in sorted(seen):
        amounts.see(at, {"mic": marks(50, sent, confirmed)})
    whole = amounts.of(0, 10)
    assert whole is not None
    assert whole.sent == max([sent for _, sent, _ in seen], default=0)
    assert whole.confirmed == max([confirmed for _, _, confirmed in seen], default=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_moves_what_its_end_says(name: str) -> None:
    lines, found = journal(name)
    [ended] = [
        update
        for each in records(lines)
        for update in getattr(each, "updates", ())
        if isinstance(update, Ended)
    ]
    sources = ended.statistics.sources.values()
    story = told(name)
    assert sum(each.captured for each in story.minutes) * SAMPLE_RATE == pytest.approx(
        sum(each.captured for each in sources)
    )
    assert sum(each.confirmed or 0.0 for each in story.minutes) * SAMPLE_RATE == pytest.approx(
        sum(each.confirmed for each in sources)
    )
    assert replayed(found).until == float("inf")
    for minute in story.minutes:
        assert minute.sent is not None
        assert minute.confirmed is not None
        assert minute.captured + 0.01 >= minute.sent


def test_what_cannot_be_replayed_is_not_known() -> None:
    lines, found = journal("happy-path")
    entries = list(found.entries)
    entries[60] = msgspec.structs.replace(entries[60], raised="ValueError: x")
    amounts = replayed(msgspec.structs.replace(found, entries=tuple(entries)))
    assert 0.0 < amounts.until <= entries[60].now
    assert amounts.of(0, 0) is None
    [story] = stories(records(lines), [amounts])
    assert [(each.sent, each.confirmed) for each in story.minutes] == [(None, None)]


def test_minutes_before_what_cannot_be_replayed_are_known() -> None:
    amounts = Amounts()
    amounts.see(0.0, {"mic": marks(0, 0, 0)})
    amounts.see(70.0, {"mic": marks(9, 9, 9)})
    amounts.until = 119.9
    assert amounts.of(0, 0) == Amount()
    assert amounts.of(1, 1) is None
    assert amounts.of(0, 1) is None


def test_without_amounts_nothing_is_known() -> None:
    lines, _ = journal("happy-path")
    [story] = stories(records(lines))
    assert [(each.sent, each.confirmed) for each in story.minutes] == [(None, None)]


def test_another_dialect_is_not_known() -> None:
    _, found = journal("happy-path")
    opening = msgspec.structs.replace(found.opening, dialect="steno")
    assert replayed(msgspec.structs.replace(found, opening=opening)).of(0, 0) is None
