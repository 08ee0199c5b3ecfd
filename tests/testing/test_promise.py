"""The promise of every dialect, played against a backend made of its traits alone.

The kit itself is tested by bugs that are planted: each has to be found.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from openline.audio import loudness
from openline.audio.marks import Marks
from openline.audio.outbox import Outbox
from openline.audio.settling import Settling
from openline.audio.window import Window
from openline.dialects.protocol import Decoded, FinalMessage, Heard, Memory
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import AudioForm, Drain, Encoding, End, Ends, Traits, Unit
from openline.machine.reporting import Reporting
from openline.policy import Policy
from openline_testing.promise import Faults, Outcome, PromiseBroken, promise
from openline_testing.promise.recognizer import Ear
from openline_testing.promise.speaker import RATE, Speaker, level_of, number_at
from openline_testing.promise.wire import WireDialect

#: One session takes a third of a second; `make soak` plays thousands.
SEEDS = range(3)
#: Another rate takes ten times as long.
FEW = range(1, 3)

BASE = Traits(sources=(), horizon=8.0, ends=Ends.EXACT, queue=None)
SHAPES = {
    "claims, a short queue": replace(BASE, ends=Ends.CLAIMED, queue=2.0, horizon=15.0),
    "claims, no queue": replace(BASE, ends=Ends.CLAIMED, horizon=15.0),
    "24 kHz": replace(BASE, form=AudioForm(rate=24_000, usual=0.1)),
    "floats of 8 kHz": replace(BASE, form=AudioForm(rate=8000, encoding=Encoding.F32LE)),
    "at least 50 ms": replace(BASE, form=AudioForm(usual=0.1, least=0.05)),
    "greets": replace(BASE, greets=True),
    "greets, no reply": replace(BASE, greets=True, replies=False),
    "no step": replace(BASE, replies=False, start_delay=0.2),
    "counts messages": replace(BASE, ends=Ends.NONE, counts=Unit.MESSAGES, end=End.CLOSE),
    "counts audio": replace(BASE, ends=Ends.NONE, counts=Unit.AUDIO),
    "counts bytes": replace(BASE, ends=Ends.NONE, counts=Unit.BYTES),
    "pace": replace(BASE, pace=1.25),
    "in disorder": replace(BASE, disorder=3.0, word_times=True),
    "keepalive": replace(BASE, keepalive=4.0),
    "lives a minute, flush": replace(BASE, longest=60.0, drain=Drain.FLUSH),
    "lives a minute, stop": replace(BASE, longest=60.0, drain=Drain.STOP),
    "lives a minute, claims": replace(BASE, longest=60.0, ends=Ends.CLAIMED, horizon=15.0),
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_dialect_keeps_its_promise(name: str) -> None:
    traits = BUILT_IN[name].traits
    for seed in _seeds(traits):
        promise(traits, seed).check()


@pytest.mark.repeats
@pytest.mark.parametrize("name", SHAPES)
def test_every_trait_keeps_its_promise(name: str) -> None:
    traits = SHAPES[name]
    for seed in _seeds(traits):
        promise(traits, seed, seconds=75.0).check()


#: Sessions that lose or double a word at a seam where times are wrong, unless seams are careful.
SEAMS = (4, 44, 76)


@pytest.mark.parametrize("seed", SEAMS)
def test_careful_seams_cut_no_word(seed: int) -> None:
    policy = Policy(careful_seams=True)
    promise(replace(BASE, time_error=0.4), seed, policy=policy).check()


def test_seams_that_are_not_careful_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settling, "_place", _settled_place)
    with pytest.raises(PromiseBroken, match="twice"):
        promise(replace(BASE, time_error=0.4), 4, policy=Policy(careful_seams=True)).check()


def _settled_place(marks: Settling) -> int:
    return marks._settled  # pyright: ignore[reportPrivateUsage]  # the fault that is planted


def test_finals_in_disorder_that_prove_their_ends_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Settling, "_place", _settled_place)
    monkeypatch.setattr(Settling, "prove", Settling.at_proof)
    assert "lost without a gap: [w" in _breaks(SHAPES["in disorder"], 20)


def test_segments_that_are_said_again_and_do_not_replace_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Marks, "take_back", _none)
    assert "lost without a gap: [w" in _breaks(SHAPES["in disorder"], 3)


def _none(*_: object) -> list[object]:
    return []


def _seeds(traits: Traits) -> range:
    return SEEDS if traits.form.rate == RATE else FEW


@pytest.mark.parametrize("name", ["lives a minute, flush", "lives a minute, claims"])
def test_limits_of_300_s_are_rotated_through(name: str) -> None:
    outcome = promise(replace(SHAPES[name], longest=300.0), 3, seconds=900.0, faults=Faults())
    outcome.check()
    assert not outcome.lost
    assert not outcome.twice
    assert 4 <= outcome.dials <= 6


@pytest.mark.parametrize("seed", [1051, 1092])
def test_a_word_of_which_nothing_is_told_yet_is_not_cut_by_a_stop(seed: int) -> None:
    promise(BUILT_IN["sherpa"].traits, seed).check()


def _left_partial() -> Outcome:
    """Three dials of a minute, each of which leaves its last words partial."""
    traits = SHAPES["lives a minute, stop"]
    return promise(traits, 2, seconds=200.0, faults=Faults(), leaves=True)


def test_words_that_a_dial_leaves_partial_are_heard_by_the_next() -> None:
    outcome = _left_partial()
    outcome.check()
    assert outcome.dials > 2


def test_words_that_the_last_dial_leaves_partial_are_reported() -> None:
    outcome = promise(BASE, 1, leaves=True)
    outcome.check()
    assert outcome.unfinal
    assert outcome.ended is not None
    assert not outcome.ended.complete


# The kit finds what is wrong.


def _as_it_is(_: Marks, position: int) -> int:
    return position


def test_a_final_message_that_proves_a_partial_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Marks, "before_live", _as_it_is)
    assert "lost without a gap: [w" in _left_partial().wrong()


def test_words_that_are_left_and_not_reported_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reporting, "note_unfinal", _none)
    assert "lost without a gap: [w" in promise(BASE, 1, leaves=True).wrong()


def _breaks(traits: Traits, count: int = 12) -> str:
    """What the first of so many sessions breaks."""
    for seed in range(count):
        try:
            promise(traits, seed).check()
        except PromiseBroken as broken:
            return str(broken)
    return ""


def _always(*_: object) -> bool:
    return True


def test_a_final_that_is_dropped_is_a_lost_word(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = WireDialect.decode

    def forgetful(self: WireDialect, memory: Memory, data: str | bytes) -> Decoded:
        count, (_, items) = memory or 0, decode(self, None, data)
        kept = tuple(
            replace(each, text="") if isinstance(each, Heard) and count == 20 else each
            for each in items
        )
        return count + len(items), kept

    monkeypatch.setattr(WireDialect, "decode", forgetful)
    assert "lost without a gap: [w" in _breaks(BASE)


def test_audio_that_is_sent_again_is_a_word_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    confirm = Outbox.confirm

    def confirm_less(self: Outbox, at: int) -> bool:
        return confirm(self, at - 4 * RATE)

    monkeypatch.setattr(Outbox, "confirm", confirm_less)
    assert "twice: [w" in _breaks(BASE)


def test_a_final_message_that_proves_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    confirm = Outbox.confirm

    def confirm_more(self: Outbox, at: int) -> bool:
        return confirm(self, at + RATE)

    monkeypatch.setattr(Outbox, "confirm", confirm_more)
    assert "lost without a gap" in _breaks(BASE)


def test_a_window_that_is_ignored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Window, "allows", _always)
    assert "more than its queue holds" in _breaks(SHAPES["claims, a short queue"])


def test_a_pace_that_is_ignored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Window, "allows", _always)
    assert "faster than 1.25 times as time" in _breaks(SHAPES["pace"])


def test_a_keepalive_that_is_forgotten_is_found() -> None:
    impatient = replace(BASE, keepalive=0.004)
    assert "no message came for" in _breaks(impatient)


DEAF = Faults(ends=(("deaf", 20.0), ("deaf", 5.0), ("deaf", 5.0)))


def test_words_that_are_taken_for_silence_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    traits = replace(BASE, proves_silence=False)
    promise(traits, 3, faults=DEAF).check()
    monkeypatch.setattr(loudness, "LOUD", 60 * RATE)
    with pytest.raises(PromiseBroken, match="lost without a gap"):
        promise(traits, 3, faults=DEAF).check()


def test_less_than_a_second_may_be_a_cough() -> None:
    promise(BUILT_IN["whisperlive"].traits, 1036).check()


def test_a_close_replaces_a_lost_final_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decode = WireDialect.decode

    def endless(self: WireDialect, memory: Memory, data: str | bytes) -> Decoded:
        memory, items = decode(self, memory, data)
        return memory, tuple(each for each in items if not isinstance(each, FinalMessage))

    monkeypatch.setattr(WireDialect, "decode", endless)
    promise(BASE, 0).check()  # all is delivered, so nothing is missing


def test_the_parts_of_an_outcome_are_checked() -> None:
    outcome = promise(BASE, 0)
    assert not outcome.wrong()
    ended = outcome.ended
    assert ended is not None
    changed: Any = replace(outcome, ended=None)
    assert "did not end" in changed.wrong()
    changed = replace(outcome, accusations=["dial 1: too fast"])
    assert changed.wrong() == "dial 1: too fast"
    (name, account), *_ = ended.accounts.items()
    short = replace(ended, accounts={name: replace(account, confirmed=account.confirmed - 1)})
    assert "accounted for" in replace(outcome, ended=short).wrong()
    failed = replace(ended, complete=False)
    assert "not complete" in replace(outcome, ended=failed, calm=True).wrong()
    with pytest.raises(PromiseBroken, match="seed 0"):
        replace(outcome, twice=["w1"]).check()


# Its parts.


def test_words_can_be_told_from_one_another() -> None:
    speaker = Speaker(Random(1), 60.0, silence=20.0)
    assert [each.number for each in speaker.words] == list(range(1, len(speaker.words) + 1))
    assert all(one.end < two.start for one, two in pairwise(speaker.words))
    for each in speaker.words:
        pcm, peak = speaker.pcm(each.start, each.end)
        assert peak == abs(level_of(each.number))
        assert number_at(level_of(each.number)) == each.number
        level = level_of(each.number).to_bytes(2, "little", signed=True)
        assert pcm == level * (each.end - each.start)
    assert number_at(0.0) == number_at(level_of(3) + 60) == number_at(level_of(4) - 60) == 0


def test_a_word_is_heard_if_most_of_it_was_sent() -> None:
    speaker = Speaker(Random(1), 60.0, silence=20.0)
    word = speaker.words[3]
    middle = (word.start + word.end) // 2
    for start, heard in ((word.start, True), (middle, False)):
        ear = Ear(speaker, AudioForm())
        ear.hear(speaker.pcm(start, word.end + 3200)[0])
        assert ([each.text for each in ear.words(0.0, ear.seconds)] == [word.text]) is heard
        assert not ear.is_silent(0.0, ear.seconds)
        assert ear.pause_before(ear.seconds, 5.0, 0.0) is None


def test_what_cannot_be_read_is_malformed() -> None:
    for data in ("x", '[["odd", {}]]', '[["heard", {"word": 1}]]', "7"):
        memory, (item,) = WireDialect(BASE).decode(3, data)
        assert memory == 3
        assert type(item).__name__ == "Malformed"


def test_faults_are_drawn() -> None:
    drawn = [Faults.draw(Random(seed)) for seed in range(40)]
    kinds = {kind for each in drawn for kind, _ in each.ends}
    assert kinds == {"cut", "freeze", "deaf", "expires"}
    assert any(each.refused for each in drawn)
