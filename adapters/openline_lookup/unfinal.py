"""Words that were seen as a partial and never became final. Pure.

A source has one live partial, which the next one replaces and a final makes good. One that is
retracted, as when its line is lost, waits for a final of its audio, which is sent again:

    partial "so we"       0.0 to 0.8
    partial "so we go"    0.0 to 1.1      in place of the first
    (the line is lost)                    it is retracted, and waits
    final   "so we go."   0.0 to 1.2      it is made good
    partial "and"         2.0 to 2.3      it is left, if nothing follows

A backend may take words back that it said, for what it hears later is more sure. That loses no
audio, so a session that is complete has no such words.
"""

from __future__ import annotations

from typing import Final

import msgspec

from openline.updates import PartialRetracted, Transcript

#: Partials of a source that wait at most: a backend has one or two at a time.
_MOST: Final = 64


class Unfinal(msgspec.Struct, frozen=True, kw_only=True):
    """A partial, or words that were settled. ``start`` and ``end``: seconds of session time."""

    source: str
    text: str
    start: float
    end: float


class Partials:
    """The partials of one session that no final has made good."""

    __slots__ = ("_live", "_settled", "_waiting")

    def __init__(self) -> None:
        self._live: dict[str, Unfinal] = {}
        self._settled: dict[str, Unfinal] = {}  # by their ids
        self._waiting: dict[str, list[Unfinal]] = {}

    def hear(self, words: Transcript) -> None:
        """Take a partial, words that are settled, or a final."""
        source = words.source
        waiting = self._waiting.get(source, [])
        waiting[:] = [each for each in waiting if not _overlap(each, words)]
        found = Unfinal(source=source, text=words.text, start=words.start, end=words.end)
        if words.final:
            self._settled.pop(words.id, None)
            live = self._live.get(source)
            if live is not None and live.start <= words.end:
                del self._live[source]
        elif words.settled:
            self._live.pop(source, None)
            self._settled[words.id] = found
        elif words.text.strip():
            self._live[source] = found

    def retract(self, update: PartialRetracted) -> None:
        """The live partial of a source is removed, and what is settled, if the update says so."""
        source = update.source
        gone = [self._live.pop(source)] if source in self._live else []
        if update.settled:
            gone += [each for each in self._settled.values() if each.source == source]
            self._settled = {k: v for k, v in self._settled.items() if v.source != source}
        waiting = self._waiting.setdefault(source, [])
        waiting += gone
        del waiting[:-_MOST]

    def left(self) -> list[Unfinal]:
        """What is left, in order of session time."""
        waiting = [each for those in self._waiting.values() for each in those]
        found = [*waiting, *self._settled.values(), *self._live.values()]
        return sorted(found, key=lambda each: each.start)


def _overlap(partial: Unfinal, words: Transcript) -> bool:
    if partial.start == words.start:  # one of them may have no length
        return True
    return partial.start < words.end and words.start < partial.end
