"""What a gap means to a person, and what to do about it."""

from __future__ import annotations

from openline.audio.causes import CAUSES, REMEDIES, describe_missing
from openline.updates import SAMPLE_RATE, Gap, GapCause


def gap(start: float, end: float, cause: GapCause, source: str = "mic") -> Gap:
    first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
    return Gap(source=source, start=first, end=last, samples=last - first, cause=cause)


def test_each_cause_of_a_gap_has_words_and_a_remedy() -> None:
    assert set(CAUSES) == set(REMEDIES) == set(GapCause)
    assert not any("\n" in text for text in (*CAUSES.values(), *REMEDIES.values()))


def test_the_times_of_a_gap_are_there_in_seconds() -> None:
    one = gap(1.5, 4.0, GapCause.OVERFLOW)
    assert (one.start_seconds, one.end_seconds, one.seconds) == (1.5, 4.0, 2.5)


def test_one_gap_is_told_with_its_place_its_cause_and_what_to_do() -> None:
    assert describe_missing([gap(1.5, 4, GapCause.OVERFLOW)]) == (
        "2.50 s of mic from 1.50 s on are missing: the buffer was full before it could be sent; "
        "raise Policy.buffer_seconds, or give the session a spool"
    )


def test_of_several_the_cause_of_most_of_it_is_told() -> None:
    found = describe_missing(
        [
            gap(0, 3, GapCause.CAPTURE),
            gap(8, 10, GapCause.BACKEND),
            gap(5, 7, GapCause.BACKEND),
            gap(0, 3.5, GapCause.BACKEND, "system"),
        ]
    )
    assert found.startswith(
        "4.00 s of mic from 5.00 s on are missing (4 gaps in all): the backend dropped it; "
    )
