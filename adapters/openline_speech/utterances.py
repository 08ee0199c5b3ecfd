"""Turns the updates of one source into utterances: a beginning, interim words, finals, an end.

Voice frameworks know one interim text, which the next one replaces, and finals. A session has a
live partial, and before it settled partials, which will not change but are not confirmed yet. So
the interim text is all of them, in order. An utterance begins with the first words, and is over
once a final leaves no words that are not final.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from openline.updates import Ended, PartialRetracted, Transcript, Update


class Begun(NamedTuple):
    """Speech began at ``start``, in seconds of session time."""

    start: float


class SoFar(NamedTuple):
    """All words of the utterance that are not final yet, and the newest of them."""

    text: str
    newest: Transcript


class Final(NamedTuple):
    """Words that will not change any more."""

    words: Transcript


class Over(NamedTuple):
    """Speech ended at ``end``, in seconds of session time."""

    end: float


Step: TypeAlias = Begun | SoFar | Final | Over


class Utterances:
    """Of a session with one source."""

    def __init__(self) -> None:
        self._settled: dict[str, Transcript] = {}
        self._live: Transcript | None = None
        self._is_open = False
        self._end = 0.0

    def read(self, update: Update) -> list[Step]:
        """What an update means, in order."""
        match update:
            case Transcript():
                return self._words(update)
            case PartialRetracted():  # its audio is heard again: the utterance goes on
                self._live = None
                if update.settled:
                    self._settled.clear()
            case Ended():
                return self._over()
            case _:
                pass
        return []

    def _words(self, new: Transcript) -> list[Step]:
        if not new.final:
            self._keep(new)
            return [*self._begun(new), SoFar(self._text(), new)]
        self._settled.pop(new.id, None)
        if not new.settled:
            self._live = None
        steps: list[Step] = [*self._begun(new), Final(new)]
        left = [*self._settled.values(), *([self._live] if self._live else [])]
        return steps + ([SoFar(self._text(), left[-1])] if left else self._over())

    def _keep(self, new: Transcript) -> None:
        if new.settled:
            self._settled[new.id] = new
            self._live = None
        else:
            self._live = new if new.text else None

    def _text(self) -> str:
        texts = [each.text for each in self._settled.values()]
        return " ".join([*texts, self._live.text] if self._live else texts)

    def _begun(self, new: Transcript) -> list[Step]:
        self._end = max(self._end, new.end)
        if self._is_open:
            return []
        self._is_open = True
        return [Begun(new.start)]

    def _over(self) -> list[Step]:
        if not self._is_open:
            return []
        self._is_open = False
        return [Over(self._end)]
