"""The transcript: the finals of all sources on one timeline, and the live partials.

Finals are kept in order of session time. A source has at most one live partial; any
later transcript of that source replaces it, and at a loss or the end it is retracted.
A repeated final is recognised by its interval, never by its words: "yes" may occur twice.
"""

from __future__ import annotations

from bisect import insort_right
from collections.abc import Iterable

from openline.updates import PartialRetracted, Transcript


def _order(transcript: Transcript) -> tuple[float, float]:
    return (transcript.start, transcript.end)


class Timeline:
    """The transcript of a session so far."""

    __slots__ = ("_finals", "_partials")

    def __init__(self) -> None:
        self._finals: list[Transcript] = []
        self._partials: dict[str, Transcript] = {}

    def restore(self, finals: Iterable[Transcript]) -> None:
        """The finals of an earlier process."""
        self._finals = sorted(finals, key=_order)

    def add(self, transcript: Transcript) -> None:
        """Add a partial or a final; either replaces the source's partial."""
        if transcript.final:
            self._partials.pop(transcript.source, None)
            insort_right(self._finals, transcript, key=_order)
        else:
            self._partials[transcript.source] = transcript

    def retract(self) -> list[PartialRetracted]:
        """Discard the live partials; returns the reports for the app."""
        gone = [PartialRetracted(source=source) for source in self._partials]
        self._partials.clear()
        return gone

    @property
    def finals(self) -> tuple[Transcript, ...]:
        """All finals, in order of session time."""
        return tuple(self._finals)
