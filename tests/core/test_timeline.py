"""One timeline of finals, and at most one live partial per source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openline.audio.timeline import Timeline
from openline.updates import PartialRetracted, Transcript


def words(
    text: str, start: float, end: float, *, source: str = "mic", final: bool = True
) -> Transcript:
    return Transcript(source=source, text=text, final=final, start=start, end=end)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.sampled_from(["mic", "system"])),
        max_size=20,
    )
)
def test_finals_of_all_sources_are_in_order_of_session_time(
    heard: list[tuple[int, int, str]],
) -> None:
    timeline = Timeline()
    finals = [
        words(str(i), start, start + length, source=source)
        for i, (start, length, source) in enumerate(heard)
    ]
    for final in finals:
        timeline.add(final)
    in_order = sorted(finals, key=lambda final: (final.start, final.end))
    assert timeline.finals == tuple(in_order), "and what is equal in the order of arrival"


def test_the_same_words_twice_are_two_finals() -> None:
    timeline = Timeline()
    timeline.add(words("yes", 0, 1))
    timeline.add(words("yes", 1, 2))
    assert [final.text for final in timeline.finals] == ["yes", "yes"]


def test_a_partial_is_no_final() -> None:
    timeline = Timeline()
    timeline.add(words("may", 0, 1, final=False))
    assert timeline.finals == ()


def test_a_source_has_one_live_partial_that_is_retracted_once() -> None:
    timeline = Timeline()
    timeline.add(words("may", 0, 1, final=False))
    timeline.add(words("maybe", 0, 1.5, final=False))
    timeline.add(words("so", 0, 1, source="system", final=False))
    assert timeline.retract() == [PartialRetracted(source="mic"), PartialRetracted(source="system")]
    assert timeline.retract() == []


def test_a_final_replaces_the_partial_of_its_own_source_alone() -> None:
    timeline = Timeline()
    timeline.add(words("may", 0, 1, final=False))
    timeline.add(words("so", 0, 1, source="system", final=False))
    timeline.add(words("maybe", 0, 1.5))
    assert timeline.retract() == [PartialRetracted(source="system")]


def test_the_live_partials_are_the_newest_of_each_source() -> None:
    timeline = Timeline()
    assert not timeline.live
    timeline.add(words("may", 0, 1, final=False))
    timeline.add(words("so", 0, 1, source="system", final=False))
    timeline.add(maybe := words("maybe", 0, 1.5, final=False))
    assert [each.text for each in timeline.live] == ["maybe", "so"]
    timeline.add(words("so", 0, 1, source="system"))
    assert [*timeline.live] == [maybe]
    timeline.retract_live("mic")
    assert not timeline.live


def test_a_final_without_a_partial_retracts_nothing() -> None:
    timeline = Timeline()
    timeline.add(words("yes", 0, 1))
    assert timeline.retract() == []
    assert len(timeline.finals) == 1


def test_finals_of_an_earlier_process_are_in_order_too() -> None:
    timeline = Timeline()
    timeline.restore([words("b", 2, 3), words("a", 0, 1), words("c", 1, 2, source="system")])
    assert [each.text for each in timeline.finals] == ["a", "c", "b"]


def test_a_source_without_partials_retracts_none() -> None:
    timeline = Timeline()
    timeline.add(words("so", 0, 1, source="system", final=False))
    assert timeline.retract_all("mic") == []
    assert timeline.retract_all("system") == [PartialRetracted(source="system")]
    assert timeline.retract_all("system") == []
