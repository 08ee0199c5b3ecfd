"""The law of ignored sources: what the backend says it ignores is not sent, but reported lost.

Once the backend reports that it does not transcribe a source, all further audio of that source
on this dial would be wasted. It goes into one growing gap instead, reported at the latest each
10 s of it. The next dial tries the source again.
"""

from __future__ import annotations

from typing import Final, NoReturn

from openline.events import AudioCaptured
from openline.updates import SAMPLE_RATE, Gap, GapCause
from openline_testing.laws import broken
from openline_testing.line import Line
from openline_testing.observation import Observation

#: Samples between two reports of a gap that grows: 10 s.
EACH: Final = 10 * SAMPLE_RATE


class IgnoredLaws:
    """Observes the sources that the backend ignores."""

    __slots__ = ("_from", "_line", "_seen")

    def __init__(self, seen: Observation, line: Line) -> None:
        self._seen = seen
        self._line = line
        self._from: dict[str, int] = {}  # where the gap begins that is not reported yet

    @property
    def sources(self) -> set[str]:
        """The sources that the live dial's backend ignores."""
        return {source for source, each in self._line.tracks.items() if each.ignored}

    def reported(self, gap: Gap) -> None:
        """Check a gap."""
        if gap.cause is not GapCause.IGNORED:
            if gap.source in self._from and gap.exact:  # a hole within
                self._from[gap.source] = max(self._from[gap.source], gap.end)
            return
        track = self._line.tracks.get(gap.source)
        if track is None or not track.ignored or not gap.exact:
            self._broken(f"a gap of {gap.source}, which is not ignored: {gap}")
        self._from[gap.source] = gap.end

    def settle(self) -> None:
        """All commands of the event are read."""
        seen, event = self._seen, self._seen.event
        if not self._line.open or seen.live is None or seen.ended is not None:
            self._from.clear()
            return
        for source in self.sources:
            now = self._line.after.sources[source]
            if now.confirmed < now.captured:
                self._broken(f"audio of {source} waits, which is ignored: {now}")
            begins = self._from.setdefault(source, self._line.mark(source, self._line.before))
            grown = self._line.mark(source, self._line.after) - begins
            grows = isinstance(event, AudioCaptured) and event.source == source
            if grows and not seen.stopping and grown >= EACH:
                self._broken(f"{grown} samples of {source} are in a gap, and not reported")

    def _broken(self, what: str) -> NoReturn:
        broken("ignored sources", what, self._seen.now)
