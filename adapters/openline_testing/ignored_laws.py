"""The law of ignored sources: what the backend says it ignores is not sent, but reported lost.

Once the backend reports that it does not transcribe a source, all further audio of that source
on this dial would be wasted. It goes into one growing gap instead, reported at the latest each
10 s. The next dial tries the source again.
"""

from __future__ import annotations

from typing import Final, NoReturn

from openline.events import AudioCaptured
from openline.updates import Gap, GapCause
from openline_testing.laws import SLACK, broken
from openline_testing.line import Line
from openline_testing.observation import Observation

#: Seconds between two reports of a gap that grows.
EACH: Final = 10.0


class IgnoredLaws:
    """Observes the sources that the backend ignores."""

    __slots__ = ("_grows_since", "_line", "_seen")

    def __init__(self, seen: Observation, line: Line) -> None:
        self._seen = seen
        self._line = line
        self._grows_since: dict[str, float] = {}

    @property
    def sources(self) -> set[str]:
        """The sources that the live dial's backend ignores."""
        return {source for source, each in self._line.tracks.items() if each.ignored}

    def reported(self, gap: Gap) -> None:
        """Check a gap."""
        if gap.cause is not GapCause.IGNORED:
            return
        track = self._line.tracks.get(gap.source)
        if track is None or not track.ignored or not gap.exact:
            self._broken(f"a gap of {gap.source}, which is not ignored: {gap}")
        self._grows_since.pop(gap.source, None)

    def settle(self) -> None:
        """All commands of the event are read."""
        seen, event = self._seen, self._seen.event
        if not self._line.open or seen.live is None or seen.ended is not None:
            self._grows_since.clear()
            return
        for source in self.sources:
            now = self._line.after.sources[source]
            if now.confirmed < now.captured:
                self._broken(f"audio of {source} waits, which is ignored: {now}")
            if isinstance(event, AudioCaptured) and event.source == source and not seen.stopping:
                since = self._grows_since.setdefault(source, seen.now)
                if seen.now > since + EACH + SLACK:
                    self._broken(f"the gap of {source} grows unreported for {seen.now - since:g} s")

    def _broken(self, what: str) -> NoReturn:
        broken("ignored sources", what, self._seen.now)
