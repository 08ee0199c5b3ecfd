"""The transcript: the finals of all sources on one timeline, and the partials.

Finals are kept in order of session time. A source has at most one live partial; any later
transcript of that source replaces it, but a final that was settled before. Settled partials stay
until they become final. At a loss or the end all partials are retracted.
"""

from __future__ import annotations

from bisect import insort_right
from collections.abc import Iterable, Mapping
from typing import Final

from openline.updates import PartialRetracted, Transcript

#: Shared by all sessions, most of which have no live partial at a time.
_NONE: Final[Mapping[str, Transcript]] = {}


def _order(transcript: Transcript) -> tuple[float, float]:
    return (transcript.start, transcript.end)


class Timeline:
    """The transcript of a session so far."""

    __slots__ = ("_finals", "_live", "_settled")

    def __init__(self) -> None:
        self._finals: list[Transcript] = []
        self._live = _NONE  # the live partials, by source
        self._settled: dict[str, set[str]] = {}  # the ids of the settled ones, by source

    def restore(self, finals: Iterable[Transcript]) -> None:
        """The finals of an earlier process."""
        self._finals = sorted(finals, key=_order)

    def add(self, transcript: Transcript) -> None:
        """Add a partial or a final."""
        source = transcript.source
        settled = self._settled.setdefault(source, set())
        if transcript.final:
            if not transcript.settled:
                self._drop_live(source)
            settled.discard(transcript.id)
            insort_right(self._finals, transcript, key=_order)
        elif transcript.settled:
            self._drop_live(source)
            settled.add(transcript.id)
        else:
            self._live = {**self._live, source: transcript}

    def _drop_live(self, source: str) -> None:
        if source in self._live:
            rest = {name: each for name, each in self._live.items() if name != source}
            self._live = rest or _NONE

    @property
    def speaks(self) -> bool:
        """Whether any source has a live partial, so that a word may be open."""
        return bool(self._live)

    @property
    def live(self) -> tuple[Transcript, ...]:
        """The live partial of each source that has one."""
        return tuple(self._live.values())

    def retract_live(self, source: str) -> list[PartialRetracted]:
        """Discard the live partial of a source; returns the report, if there was one."""
        if source not in self._live:
            return []
        self._drop_live(source)
        return [PartialRetracted(source=source, settled=False)]

    def retract_all(self, source: str) -> list[PartialRetracted]:
        """Discard all partials of a source; returns the report, if there were any."""
        settled = self._settled.pop(source, None)
        if not settled and source not in self._live:
            return []
        self._drop_live(source)
        return [PartialRetracted(source=source)]

    def retract(self) -> list[PartialRetracted]:
        """Discard all partials; returns the reports for the app."""
        sources = [name for name, ids in self._settled.items() if ids or name in self._live]
        self._live = _NONE
        self._settled.clear()
        return [PartialRetracted(source=source) for source in sources]

    @property
    def finals(self) -> tuple[Transcript, ...]:
        """All finals, in order of session time."""
        return tuple(self._finals)
