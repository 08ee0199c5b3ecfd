"""How much audio a session has captured and confirmed, looked at now and then.

A snapshot costs twenty microseconds, and a measurement five, so a session is looked at when
something other than audio happens, at most once in a while. Between two looks the growth of each
watermark is counted; the end counts the rest, from the session's own statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from openline.snapshot import Snapshot
from openline.updates import SAMPLE_RATE, SourceStatistics


class Growth(NamedTuple):
    """Seconds since the last look, and the audio that the worst source has unconfirmed now."""

    captured: float
    confirmed: float
    lag: float


class Amounts:
    """The watermarks of one session. ``every``: seconds between two looks, at least.

    ``resumed``: an earlier process has counted a part of it.
    """

    __slots__ = ("_captured", "_confirmed", "_every", "_look", "next_at")

    def __init__(self, look: Callable[[], Snapshot], every: float, *, resumed: bool) -> None:
        self._look = look
        self._every = every
        self.next_at = 0.0  #: when to look next
        self._captured = self._confirmed = 0
        if resumed:
            self._grow(*_summed(look()))

    def start(self, now: float) -> None:
        """The session begins; there is nothing to be seen yet."""
        self.next_at = now + self._every

    def look(self, now: float) -> Growth:
        """Look at the session."""
        self.next_at = now + self._every
        snapshot = self._look()
        lag = max((each.captured - each.confirmed for each in snapshot.sources.values()), default=0)
        return Growth(*self._grow(*_summed(snapshot)), max(0, lag) / SAMPLE_RATE)

    def finish(self, sources: Mapping[str, SourceStatistics]) -> tuple[float, float]:
        """Seconds captured and confirmed since the last look, at the end of the session."""
        captured = sum(each.captured for each in sources.values())
        confirmed = sum(each.confirmed for each in sources.values())
        return self._grow(captured, confirmed)

    def _grow(self, captured: int, confirmed: int) -> tuple[float, float]:
        """Count up to the two sums of samples; neither ever falls."""
        more = max(0, captured - self._captured), max(0, confirmed - self._confirmed)
        self._captured += more[0]
        self._confirmed += more[1]
        return more[0] / SAMPLE_RATE, more[1] / SAMPLE_RATE


def _summed(snapshot: Snapshot) -> tuple[int, int]:
    """The samples captured and confirmed of all sources, each since it started."""
    sources = snapshot.sources.values()
    captured = sum(each.captured - each.origin for each in sources)
    return captured, sum(each.confirmed - each.origin for each in sources)
