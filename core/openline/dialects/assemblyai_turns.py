"""The turns of one connection to AssemblyAI: which of their messages are final, what is proved.

A turn is told by many ``Turn`` messages of the same ``turn_order``: parts of it, then its end.
With formatting, older models send the end twice, first as it was recognised, then formatted. One of
the two is the final. The unformatted one is kept until the formatted one comes, and told if none
does: at the next turn's end, at an error, and at the end of the session.

What says the same again is known by its ``turn_order`` and its times. The order alone is not
trusted: a turn whose order is lower, or was there before, is told if it lies elsewhere. If only
a part of it lies elsewhere, the words of that part are told.

A ``Silence`` up to a time says that the audio before it was processed, not that its words were
told: a turn ends some time after its last word, and its silence may be reported first. So a
silence proves audio that is ``within`` seconds old: ``TOLD_WITHIN``, and more by the larger of the
two silences that the app sets for the end of a turn. It proves nothing from the beginning of a turn
on whose final has not come.

    after Silence up to 9.0, nothing open          proved 4.0
    after Silence up to 20.0, a turn open at 12.5  proved 12.5
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from openline.dialects.protocol import Heard, Malformed, Message, Proof, Word
from openline.dialects.speakers import by_speaker
from openline.dialects.wire_json import Fields, flag, label, number, objects, seconds, text

#: Seconds of silence after which a turn has been told, or is open: turns end after 2.6 s of silence
#: at most, if the app sets no other time; an assumption.
TOLD_WITHIN: Final = 5.0
#: Words that a kept turn may have, so that a memory stays small; more lose their times.
_WORDS: Final = 200
#: Turns that were told and are remembered.
_TOLD: Final = 8


class Told(msgspec.Struct, frozen=True):
    """A turn that was told as final, and the seconds where its words begin and end."""

    order: int | None
    start: float | None
    end: float | None

    def has(self, order: int | None, said: Heard) -> bool:
        """Whether ``said`` overlaps this turn, or may, where times are unknown."""
        if order != self.order:
            return False
        if self.start is None or self.end is None or said.start is None or said.end is None:
            return True
        return said.start == self.start or (said.start < self.end and self.start < said.end)

    def lacks(self, word: Word) -> bool:
        """Whether ``word`` lies before the words of this turn, or behind them."""
        if self.start is None or self.end is None or word.start is None or word.end is None:
            return False
        is_behind = word.end > self.end and word.start >= self.end
        return is_behind or (word.start < self.start and word.end <= self.start)


class Turns(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of a connection.

    ``told``: the last turns that were told as final. ``ended``: a turn that has ended and whose
    formatted text is still to come, with its order. ``opened``: where a turn begins that has not
    ended, in seconds, with its order. ``proved``: the seconds that silence has proved. ``sent``:
    the seconds of audio sent when the stop was asked for; None before.
    """

    told: tuple[Told, ...] = ()
    ended: Heard | None = None
    ended_order: int | None = None
    opened: float | None = None
    opened_order: int | None = None
    proved: float = 0.0
    sent: float | None = None


def order_of(message: Fields) -> int | None:
    """The number of a turn, from 0 on; None if it has none."""
    found = number(message.get("turn_order"))
    return None if found is None or found < 0 else int(found)


def heard(message: Fields, order: int | None, *, is_over: bool) -> Heard | Malformed:
    """The words of a ``Turn``."""
    spoken = objects(message.get("words"))
    words = tuple(_word(each) for each in spoken if text(each.get("text")))
    said = message.get("transcript")
    if not isinstance(said, str) and not words:
        return Malformed(why="Turn: no transcript", words=is_over)
    # The transcript of a part leaves out the words that may still change.
    has_more = not is_over and not all(flag(each.get("word_is_final")) for each in spoken)
    joined = " ".join(word.text for word in words)
    return Heard(
        text=joined if has_more else text(said).strip() or joined,
        start=words[0].start if words else None,
        end=words[-1].end if words else None,
        final=is_over,
        language=label(message.get("language_code")),
        speaker=label(message.get("speaker_label")),
        segment_id=label(order),
        words=words,
    )


def _word(word: Fields) -> Word:
    return Word(
        text=text(word.get("text")),
        start=seconds(word.get("start")),
        end=seconds(word.get("end")),
        confidence=number(word.get("confidence")),
        speaker=label(word.get("speaker")),
    )


def partial(turns: Turns, order: int | None, said: Heard) -> tuple[Turns, tuple[Message, ...]]:
    """A part of a turn. Without words there is none open."""
    if (rest := _untold(turns, order, said)) is None:
        return turns, ()
    said = rest
    opened = None
    if said.text:
        opened = turns.proved if said.start is None else said.start
    return replace(turns, opened=opened, opened_order=order), by_speaker(said)


def unformatted(turns: Turns, order: int | None, said: Heard) -> tuple[Turns, tuple[Message, ...]]:
    """The end of a turn whose formatted text is to come. It is kept, and shown as a partial."""
    if (rest := _untold(turns, order, said)) is None:
        return turns, ()
    said = rest
    # A turn has one unformatted end. So one without a number and without times is of another turn.
    is_unknown = order is None and not _has_times(turns.ended, said)
    turns, items = release(turns) if is_unknown else _released(turns, order, said)
    kept = said if len(said.words) <= _WORDS else replace(said, words=())
    turns = replace(_closed(turns, order), ended=kept, ended_order=order)
    return turns, (*items, *by_speaker(replace(said, final=False)))


def final(turns: Turns, order: int | None, said: Heard) -> tuple[Turns, tuple[Message, ...]]:
    """The end of a turn. A second one of the same order says the same again."""
    if (rest := _untold(turns, order, said)) is None:
        return turns, ()
    said = rest
    turns, items = _released(turns, order, said)
    turns = replace(_closed(turns, order), ended=None, ended_order=None)
    return _with_told(turns, order, said), (*items, *by_speaker(said))


def release(turns: Turns) -> tuple[Turns, tuple[Message, ...]]:
    """The turn that was kept, told as it is."""
    if turns.ended is None:
        return turns, ()
    said, order = turns.ended, turns.ended_order
    after = replace(turns, ended=None, ended_order=None)
    return _with_told(after, order, said), by_speaker(said)


def silence(turns: Turns, end: float, within: float) -> tuple[Turns, tuple[Message, ...]]:
    """The audio before ``end`` was processed, and its words are told ``within`` so many seconds."""
    proved = reach(turns, end - within)
    if proved <= turns.proved:
        return turns, ()
    return replace(turns, proved=proved), (Proof(confirmed=proved),)


def reach(turns: Turns, end: float) -> float:
    """How far a proof up to ``end`` reaches: not into a turn whose final has not come."""
    if turns.opened is not None:
        end = min(end, turns.opened)
    if turns.ended is not None:
        end = min(end, turns.proved if turns.ended.start is None else turns.ended.start)
    return end


def _untold(turns: Turns, order: int | None, said: Heard) -> Heard | None:
    """``said`` without the words that were told; None if it says the same again."""
    found = [each for each in turns.told if each.has(order, said)]
    if not found:
        return said
    words = tuple(word for word in said.words if all(each.lacks(word) for each in found))
    if not words:
        return None
    joined = " ".join(word.text for word in words)
    return replace(said, text=joined, start=words[0].start, end=words[-1].end, words=words)


def _has_times(*turns: Heard | None) -> bool:
    return all(each and each.start is not None and each.end is not None for each in turns)


def _with_told(turns: Turns, order: int | None, said: Heard) -> Turns:
    if order is None:
        return turns
    return replace(turns, told=(*turns.told, Told(order, said.start, said.end))[-_TOLD:])


def _released(turns: Turns, order: int | None, said: Heard) -> tuple[Turns, tuple[Message, ...]]:
    """The memory without a kept turn that is another one than ``said``."""
    kept = turns.ended
    if kept is not None and Told(turns.ended_order, kept.start, kept.end).has(order, said):
        return turns, ()
    return release(turns)


def _closed(turns: Turns, order: int | None) -> Turns:
    """The turn of ``order`` has ended; a later one may be open."""
    if order is not None and turns.opened_order is not None and turns.opened_order > order:
        return turns
    return replace(turns, opened=None, opened_order=None)
