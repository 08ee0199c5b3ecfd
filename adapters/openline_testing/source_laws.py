"""The law of sources: each ends once, for the reason that it gave, or because it hung."""

from __future__ import annotations

import math
from collections.abc import Collection

from openline.commands import CloseSource
from openline.events import (
    AudioCaptured,
    CaptureHole,
    DeviceFound,
    DeviceLost,
    OpenRequested,
    SourceFinished,
)
from openline.events import SourceFailed as Failed
from openline.updates import SourceEnded, SourceEndReason, State
from openline_testing.laws import GRACE, SLACK, broken
from openline_testing.observation import Observation


class SourceLaws:
    """Observes the reports about sources."""

    __slots__ = (
        *("_busy_at", "_granted", "_held", "_hung", "_may_pause", "_ready_by"),
        *("active_at", "broke_off", "lost", "seen"),
    )

    def __init__(self, seen: Observation, may_pause: Collection[str]) -> None:
        self.seen = seen
        self._may_pause = frozenset(may_pause)
        self._busy_at = -math.inf  # when audio was last undelivered
        self._ready_by: float | None = None  # until when what lies ready arrives
        self._granted: dict[str, float] = {}  # by source: until when it got a grace
        self._held: set[str] = set()  # those that wait for a device
        self._hung: set[str] = set()  # those to be closed
        self.active_at: dict[str, float] = dict.fromkeys(seen.sources, 0.0)
        self.lost: set[str] = set()
        self.broke_off: list[SourceEnded] = []  # those that failed or hung before the stop

    def happened(self) -> None:
        """After the event was noted: restart the source's silence count."""
        seen, event = self.seen, self.seen.event
        match event:
            case AudioCaptured(source) | CaptureHole(source) | DeviceFound(source):
                self.active_at[source] = seen.now
                self._held.discard(source)
                self._granted.pop(source, None)
            case DeviceLost(source):
                self._held.add(source)
            case OpenRequested():
                self.active_at = dict.fromkeys(self.active_at, seen.now)
                self._granted.clear()
            case _:
                pass

    def suspended(self, gap: float) -> None:  # noqa: ARG002  # audio lies ready, or does not
        """The process was suspended: what was captured meanwhile arrives now."""
        now = self.seen.now
        # The session looks from time to time: after a second suspension it may look at once.
        self._ready_by = now + GRACE if self._ready_by is None else -math.inf
        for source in self.active_at:  # it gets the grace once, until audio comes
            self._granted.setdefault(source, now + GRACE)

    def reported(self, update: SourceEnded) -> None:
        """Check a SourceEnded report."""
        seen, source = self.seen, update.source
        if source in self.lost:
            broken("sources end once", f"{source} is lost again", seen.now)
        self.lost.add(source)
        if update.cause is not SourceEndReason.EXHAUSTED and not seen.stopping:
            self.broke_off.append(update)
        if update.cause is SourceEndReason.STALLED:
            self._hangs(source)
            seen.loses_source(source)
            return
        event = seen.event
        stated = isinstance(event, SourceFinished | Failed) and event.source == source
        how = (
            SourceEndReason.EXHAUSTED
            if isinstance(event, SourceFinished)
            else SourceEndReason.FAILED
        )
        if not stated or update.cause is not how:
            broken("sources end once", f"{source} {update.cause}, without such an event", seen.now)

    def _hangs(self, source: str) -> None:
        seen, timeout = self.seen, self.seen.policy.source_timeout
        silent = seen.now - self.active_at[source]
        if timeout is None or source in self._may_pause or silent < timeout - SLACK:
            broken("a source that hangs", f"{source} was silent for {silent:.3f} s", seen.now)
        if source in self._held:
            broken("a source that hangs", f"{source} waits for its device", seen.now)
        if seen.stop_wanted or seen.state is State.IDLE:
            broken("a source that hangs", f"{source} is lost while {seen.state}", seen.now)
        if self._ready_by is not None and seen.now < self._ready_by - SLACK:
            broken("a suspension", f"{source} is lost before its audio is read", seen.now)
        self._hung.add(source)

    def commanded(self, command: CloseSource) -> None:
        """A source is closed exactly if it hung."""
        if command.source not in self._hung:
            broken("a source that hangs", f"{command.source} is closed", self.seen.now)
        self._hung.discard(command.source)

    @property
    def silent_by(self) -> float:
        """When a source that stays silent must be reported as lost; inf: never.

        A source may pause while audio is undelivered, so only the time without counts.
        """
        seen, timeout = self.seen, self.seen.policy.source_timeout
        if timeout is None or seen.stop_wanted or self._busy_at == seen.now:
            return math.inf
        watched = {*self.active_at} - self._may_pause - self._held - seen.over
        limits: list[float] = []
        for source in watched:
            granted = self._granted.get(source, -math.inf)
            limits.append(max(max(self.active_at[source], self._busy_at) + timeout, granted))
        return min(limits, default=math.inf)

    def rest(self, due: float) -> None:
        """The connection rests, ``due`` seconds of audio being unconfirmed."""
        if due:
            self._busy_at = self.seen.now
        if self._hung:
            broken("a source that hangs", f"{min(self._hung)} is not closed", self.seen.now)
        gone = self.seen.over - self.lost
        if gone and self.seen.ended is None:
            broken("sources end once", f"the end of {min(gone)} is not reported", self.seen.now)
