"""The audio of all sources of a session, and how they share one line.

Each source has an outbox (the kept audio), and on a live dial a window (how much of it
may go). ``turns`` chooses whose audio is next, and ``capturing`` has the sources, each with its
place on one timeline. This module adds what a dial and the end of the session do to all of them,
what goes out beside captured audio, and what became of every sample.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from openline.account import Account
from openline.audio.capturing import Capturing
from openline.audio.drops import charge
from openline.audio.pings import PingMarks
from openline.audio.stream import Stream
from openline.audio.window import Limits, Window
from openline.dialects.traits import Ends, Traits
from openline.machine.timers import OFF
from openline.updates import SAMPLE_RATE, Gap, SourceStatistics, to_samples

#: Of a source that has not started.
_NOTHING: Final = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)


class Streams(Capturing):
    """All started sources, and what a dial does with their audio."""

    __slots__ = ("_dropped", "_pings")

    def __init__(
        self,
        declared: Sequence[str],
        traits: Traits,
        limit: int,
        disk_limit: int = 0,
        stores: Collection[str] = (),
        *,
        memory: int | None = None,
        careful: bool = False,
    ) -> None:
        super().__init__(
            declared, traits, limit, disk_limit, stores, memory=memory, careful=careful
        )
        self._pings = PingMarks()
        self._dropped: int = 0  # samples that the backend has dropped on this dial

    # Queries.

    def get(self, source: str | None) -> Stream | None:
        """The stream that a backend names; without a name it is the first one."""
        if source is None:
            return next(iter(self._streams.values()), None)
        return self._streams.get(source)

    @property
    def all(self) -> list[Stream]:
        """Every stream."""
        return list(self._streams.values())

    @property
    def undelivered(self) -> bool:
        """Whether any captured audio is neither confirmed nor given up."""
        return any(s.box.undelivered for s in self._streams.values())

    @property
    def due_seconds(self) -> float:
        """Seconds from the confirmed to the captured watermark, of the longest source."""
        due = [s.box.captured - s.box.confirmed for s in self._streams.values()]
        return max(due, default=0) / SAMPLE_RATE

    def statistics(self) -> dict[str, SourceStatistics]:
        """The watermarks per declared source, in samples since it started; zeros before."""
        return dict.fromkeys(self._declared, _NOTHING) | {
            name: SourceStatistics(
                captured=s.box.captured - s.box.origin,
                sent=s.box.sent - s.box.origin,
                confirmed=s.box.confirmed - s.box.origin,
                missing=s.box.losses.lost,
                told=s.box.losses.told,
                assumed=s.box.losses.assumed,
            )
            for name, s in self._streams.items()
        }

    def accounts(self) -> dict[str, Account]:
        """What became of every sample, per source, when the session is over."""
        return {
            name: Account(
                captured=each.captured,
                confirmed=each.captured - each.assumed - each.told - each.missing,
                assumed=each.assumed,
                told=each.told,
                missing=each.missing,
            )
            for name, each in self.statistics().items()
        }

    # The dial.

    def begin_dial(self, now: float, ends: Ends) -> None:
        """The line is open: every window starts afresh. ``ends``: what those of finals prove."""
        self._pings.clear()
        self._unplaced.clear()
        self.quiet.clear()
        self._dropped = 0
        self._ends = ends
        for stream in self._streams.values():
            stream.window = Window(self._limits, now, is_store=stream.is_store)
            stream.stuck = stream.spoke = False
            stream.flushed = 0
            stream.flushed_to = stream.ponged = -1
            stream.shut_since = stream.due_since = stream.full_since = OFF
            self._begin_hearing(stream.box)
            if stream.loudness is not None:
                stream.loudness.forget(stream.box.confirmed)
            if stream.assuming is not None:
                stream.assuming.begin_dial(now)

    def announce(self, queue: float) -> None:
        """The backend keeps ``queue`` seconds per source, on later dials too."""
        self._limits = limits = Limits.of(self._traits, queue)
        for stream in self._streams.values():
            stream.window.limits = limits

    def finish_seconds(self, *, live: bool) -> float:
        """Seconds of audio that the backend has yet to process if no more is captured."""
        most = 0
        for stream in self._streams.values():
            box = stream.box
            # Of audio that is sent no more than is unproved is yet to be processed.
            queued = min(
                *(box.dial_sent - stream.window.drained, self._limits.queue),
                *([box.sent - box.confirmed] if self._limits.keeps_all else []),
            )
            most = max(most, box.unsent + (queued if live else 0))
        return most / SAMPLE_RATE + self._traits.horizon

    def end_dial(self) -> list[Gap]:
        """The dial is lost; the gaps that are certain now."""
        for stream in self._streams.values():
            stream.box.end_dial()
        return self.take_gaps()

    def end(self) -> list[Gap]:
        """The session is over; the last gaps."""
        for stream in self._streams.values():
            stream.box.end()
        return self.take_gaps()

    def settle(self) -> list[Gap]:
        """Make the gaps add up, when all of them are known; the gaps that this makes smaller."""
        for stream in self._streams.values():
            stream.box.losses.settle()
        return self.take_gaps()

    @property
    def unmeasured(self) -> bool:
        """Whether no peaks show that some audio was quiet that was assumed to be processed."""
        return any(stream.box.losses.unmeasured for stream in self._streams.values())

    def take_gaps(self) -> list[Gap]:
        """The gaps not yet reported."""
        return [gap for s in self._streams.values() for gap in s.box.losses.take()]

    def missing(self) -> tuple[Gap, ...]:
        """Every gap, by source and time."""
        return tuple(gap for s in self._streams.values() for gap in s.box.losses.missing())

    # What goes out beside whole messages of captured audio.

    def fill(self, now: float) -> float:
        """When the rest of a message has waited for long enough; what is due by ``now`` goes out.

        OFF: no rest waits.
        """
        return min([s.box.fill(now) for s in self._streams.values()], default=OFF)

    def put_silence(self, seconds: float, sources: Collection[str]) -> None:
        """Put in ``seconds`` of silence of each of ``sources`` now, behind all its audio.

        It is sent as soon as the windows and the pace allow it, and only on this dial. The
        session time stands still meanwhile, and none of it is ever confirmed or lost. A source
        that the backend ignores gets none.
        """
        for name in sources:
            stream = self._streams.get(name) or self._unplaced.get(name)
            if stream is None:
                stream = self._unplaced[name] = self._make(name, 0, OFF)
                stream.is_placed = False
            if not stream.box.ignored:
                stream.box.push()
                stream.box.quiet += to_samples(seconds)
                if stream not in self.quiet:
                    self.quiet.append(stream)

    @property
    def sent_samples(self) -> int:
        """Samples sent on this dial, silence included, of the source of which most were sent."""
        streams = (*self._streams.values(), *self._unplaced.values())
        return max([stream.box.dial_sent for stream in streams], default=0)

    # Confirmation.

    def mark(self) -> bytes:
        """A mark for a ping that goes out behind everything sent so far."""
        for stream in self._streams.values():
            stream.window.pinged = stream.box.dial_sent
        return self._pings.mark([stream.box.dial_sent for stream in self._streams.values()])

    def note_pong(self, mark: bytes) -> None:
        """The backend received everything that was sent before ``mark``."""
        # A source that started after the ping has no entry in its counts.
        for stream, sent in zip(self._streams.values(), self._pings.take(mark), strict=False):
            stream.window.note_received(sent)

    def note_dropped(self, reporting: Stream, items: int) -> None:
        """The backend dropped ``items`` frames of its queues; ``charge`` finds the sources."""
        self._dropped += charge(reporting, self._order, items, self._dropped, self._limits)
