"""Whether anything was proved: sessions in which nothing ever happens break no clause.

The ideal backend speaks through a ``Speech`` of somebody's own, and a dialect tolerates what
it does not know. So a letter that is wrong in an ack makes a backend that never answers, of
which everything in the theorem is true. When no play went wrong, two questions are asked:

- Does the dialect read the ack, a final and the final message as what they are?
- Of the sessions that were played, has any streamed, any been told a final, any come to its
  proper end? A few may be unlucky, as dials fail and apps abort; ``ENOUGH`` are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openline.dialects.checking import decode_strict
from openline.dialects.protocol import FinalMessage, Heard, Ids, Message, Status
from openline_testing.theorem.books import Ledger
from openline_testing.theorem.speech import Said, Speech, Words

#: So many sessions cannot all be unlucky: of 300 that were drawn 284 were told a final, and
#: 259 came to their proper end.
ENOUGH: Final = 20
_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection 1")


class NothingProved(AssertionError):  # noqa: N818 (it says what it is)
    """No clause is broken, and yet nothing is proved; one line says what never happened."""


class VacuityCheck:
    """What has happened at least once in the sessions that were played."""

    def __init__(self) -> None:
        self._sessions = 0
        self._streamed = self._told = self._finished = False

    def sees(self, books: Ledger) -> None:
        """A session was played to its end, and no clause is broken."""
        self._sessions += 1
        self._streamed |= books.streamed
        self._told |= bool(books.delivered)
        # There is a summary exactly if the final message was taken.
        self._finished |= books.ended is not None and books.ended.summary is not None

    def swears(self, speech: Speech) -> None:
        """Raise NothingProved if the sessions prove nothing about ``speech``."""
        _reads_its_backend(speech)
        if self._sessions < ENOUGH:
            return
        for happened, what in (
            (self._streamed, "streamed anything"),
            (self._told, "was told a final"),
            (self._finished, "came to its proper end, with the final message"),
        ):
            if not happened:
                raise NothingProved(
                    f"of {self._sessions} sessions none {what}, so nothing is proved: look at "
                    f"{type(speech).__name__}, and at the policy if you gave one"
                )


def _reads_its_backend(speech: Speech) -> None:
    dialect = speech.dialect
    words = Words("words", dialect.traits.sources[0], 0.0, 0.02, final=True)
    said: tuple[tuple[str, Said, Callable[[Message], bool], str], ...] = (
        ("ack", speech.ack(_IDS), _is_ack, "a Status with ack=True: no audio is ever sent"),
        ("words", speech.words(_IDS, words), _is_final, "a final Heard: no word is ever told"),
        ("summary", speech.summary(_IDS), _is_end, "a FinalMessage: no session ever finishes"),
    )
    for name, data, is_right, want in said:
        made = decode_strict(dialect, data)
        if not is_right(made):
            raise NothingProved(
                f"the dialect {type(dialect).__name__} reads what {type(speech).__name__}.{name} "
                f"says as {_told(made)}, not as {want}"
            )


def _is_ack(message: Message) -> bool:
    return isinstance(message, Status) and message.ack


def _is_final(message: Message) -> bool:
    return isinstance(message, Heard) and message.final


def _is_end(message: Message) -> bool:
    return isinstance(message, FinalMessage)


def _told(message: Message) -> str:
    match message:
        case Status(ack=False):
            return "a Status without ack"
        case Heard(final=False):
            return "a Heard that is not final"
        case _:
            return type(message).__name__
