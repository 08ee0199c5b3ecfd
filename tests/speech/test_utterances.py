"""Updates as utterances, and the two kinds of partials as one interim text."""

from __future__ import annotations

from openline.updates import Ended, PartialRetracted, State, StateChanged, Statistics, Transcript
from openline_speech.utterances import Begun, Final, Over, SoFar, Step, Utterances


def words(
    text: str, start: float, *, final: bool = False, settled: bool = False, name: str = ""
) -> Transcript:
    return Transcript(
        source="mic", text=text, start=start, end=start + 1, final=final, settled=settled, id=name
    )


def end() -> Ended:
    return Ended(
        state=State.CLOSED, complete=True, reason="finished", missing=(), transcript=(),
        statistics=Statistics(dials=1, sources={}),
    )  # fmt: skip


def read(*updates: Transcript | PartialRetracted | StateChanged | Ended) -> list[Step]:
    heard = Utterances()
    return [step for each in updates for step in heard.read(each)]


def test_a_live_partial_is_replaced_until_it_is_final() -> None:
    one, two, last = words("go", 1.0), words("go for", 1.0), words("go forward", 1.0, final=True)
    assert read(one, two, last) == [
        Begun(1.0), SoFar("go", one), SoFar("go for", two), Final(last), Over(2.0),
    ]  # fmt: skip


def test_each_utterance_begins_anew() -> None:
    one, two = words("go", 1.0, final=True), words("back", 5.0, final=True)
    assert read(one, two) == [
        Begun(1.0), Final(one), Over(2.0), Begun(5.0), Final(two), Over(6.0),
    ]  # fmt: skip


def test_the_interim_text_is_all_that_is_not_final() -> None:
    first = words("go", 0.0, settled=True, name="1")
    again = words("no", 0.0, settled=True, name="1")
    live = words("for", 1.0)
    final = words("no", 0.0, settled=True, final=True, name="1")
    last = words("forward", 1.0, final=True)
    assert read(first, again, live, final, last) == [
        Begun(0.0), SoFar("go", first), SoFar("no", again), SoFar("no for", live),
        Final(final), SoFar("for", live), Final(last), Over(2.0),
    ]  # fmt: skip


def test_what_is_retracted_is_no_longer_told() -> None:
    settled, live = words("go", 0.0, settled=True, name="1"), words("for", 1.0)
    again, last = words("five", 1.0), words("go", 0.0, final=True, settled=True, name="1")
    steps = read(settled, live, PartialRetracted(source="mic", settled=False), again, last)
    assert steps[3:] == [SoFar("go five", again), Final(last), SoFar("five", again)]
    steps = read(settled, live, PartialRetracted(source="mic"), again)
    assert steps[3:] == [SoFar("five", again)]


def test_a_partial_without_words_and_the_end() -> None:
    empty = words("", 1.0)
    changed = StateChanged(state=State.STREAMING, dial=1)
    assert read(changed, words("go", 1.0), empty, end())[2:] == [SoFar("", empty), Over(2.0)]
    assert read(end()) == []
