"""Checks that the theorem is not vacuous: sessions in which nothing happens break no clause.

A user supplies the ``Speech`` that encodes the ideal backend's messages, and a dialect
ignores messages that it does not know. So a misspelt ack makes a backend that never answers,
and everything in the theorem is true of it. When no play went wrong, two questions are
asked:

- Does the dialect decode the ack, a final and the final message as such?
- Of the sessions played, has any streamed, has any reported a final, has any finished
  properly? A few may be unlucky, as dials fail and apps abort; ``ENOUGH`` are not. And in as
  many sessions with claimed ends: has any end lain behind the audio, was any final held?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from openline.dialects.protocol import FinalMessage, Heard, Message, Status
from openline_testing.scope import item_of
from openline_testing.theorem.ledger import Ledger
from openline_testing.theorem.speech import IDS, Encoded, Speech, Words

#: So many sessions cannot all be unlucky: of 300 that were drawn 284 reported a final, and
#: 259 finished properly.
ENOUGH: Final = 20
#: What happens in sessions whose backends claim their ends.
CLAIMED: Final = ("a final that is held", "an end behind the audio", "a final without a word")


class NothingProved(AssertionError):  # noqa: N818  # an assertion, not an error of a program
    """No clause is broken, and yet nothing is proved; one line names what never happened."""


class VacuityCheck:
    """What happened at least once in the sessions that were played."""

    def __init__(self) -> None:
        self._sessions = 0
        self._streamed = self._reported = self._finished = False
        self._claiming: int = 0
        self.happened: Counter[str] = Counter()

    def count(self, books: Ledger) -> None:
        """A session was played to its end, and no clause is broken."""
        self._sessions += 1
        self._claiming += books.claims
        self.happened.update(books.happened)
        self._streamed |= books.streamed
        self._reported |= bool(books.delivered)
        # There is a summary exactly if the final message was taken.
        self._finished |= books.ended is not None and books.ended.summary is not None

    def check(self, speech: Speech) -> None:
        """Raise NothingProved if the sessions prove nothing about ``speech``."""
        _check_decoding(speech)
        asked = [
            (self._sessions, self._streamed, "streamed anything"),
            (self._sessions, self._reported, "reported a final"),
            (self._sessions, self._finished, "finished properly, with the final message"),
            *((self._claiming, self.happened[each], f"had {each}") for each in CLAIMED),
        ]
        for sessions, happened, what in asked:
            if sessions >= ENOUGH and not happened:
                raise NothingProved(
                    f"of {sessions} sessions none {what}, so nothing is proved: check "
                    f"{type(speech).__name__}, and the policy if you gave one"
                )


def _check_decoding(speech: Speech) -> None:
    dialect = speech.dialect
    words = Words("words", dialect.traits.sources[0], 0.0, 0.02, final=True)
    samples: tuple[tuple[str, Encoded, Callable[[Message | None], bool], str], ...] = (
        ("ack", speech.ack(IDS), _is_ack, "a Status with ack=True: no audio is ever sent"),
        ("words", speech.words(IDS, words), _is_final, "a final Heard: no final ever comes"),
        ("summary", speech.summary(IDS), _is_end, "a FinalMessage: no session ever finishes"),
    )
    for name, data, is_right, want in samples:
        made = item_of(dialect, data)
        if not is_right(made):
            raise NothingProved(
                f"the dialect {type(dialect).__name__} decodes {type(speech).__name__}.{name} "
                f"as {_described(made)}, not as {want}"
            )


def _is_ack(message: Message | None) -> bool:
    return isinstance(message, Status) and message.ack


def _is_final(message: Message | None) -> bool:
    return isinstance(message, Heard) and message.final


def _is_end(message: Message | None) -> bool:
    return isinstance(message, FinalMessage)


def _described(message: Message | None) -> str:
    match message:
        case None:
            return "nothing"
        case Status(ack=False):
            return "a Status without ack"
        case Heard(final=False):
            return "a Heard that is not final"
        case _:
            return type(message).__name__
