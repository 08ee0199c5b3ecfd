"""The audio of all sources of a session, and how they share one line.

Each source has an outbox (the kept audio), and on a live dial a window (how much of it
may go). ``turns`` chooses whose audio is next. Session time 0 is the first sample of the source
that started first; a source that starts later, or could not capture for a while, keeps its place
on that one timeline.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from openline.audio.assuming import Assuming
from openline.audio.drops import charge
from openline.audio.formed import FormedOutbox, is_formed
from openline.audio.loudness import Loudness
from openline.audio.marks import Marks
from openline.audio.outbox import Outbox
from openline.audio.pings import PingMarks
from openline.audio.stream import Stream
from openline.audio.turns import Turns
from openline.audio.window import Limits, Window
from openline.dialects.traits import Drain, Ends, Traits
from openline.machine.timers import OFF
from openline.updates import (
    SAMPLE_RATE,
    Account,
    Gap,
    SourceStatistics,
    Transcript,
    to_samples,
)


class PastSource(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a source as an earlier process left it; positions are session samples.

    ``on_disk`` are the runs of audio that can be fetched, ``gaps`` the reported losses, ``told``
    the runs that are in a final and were not confirmed otherwise, and ``held`` the finals that
    were not final yet. ``assumed`` are the runs that were assumed to be processed, as far as the
    mark has passed them; ``unmeasured``: no peaks show that some were quiet.
    """

    source: str
    origin: int
    confirmed: int
    on_disk: tuple[tuple[int, int], ...] = ()
    gaps: tuple[Gap, ...] = ()
    told: tuple[tuple[int, int], ...] = ()
    held: tuple[Transcript, ...] = ()
    assumed: tuple[tuple[int, int], ...] = ()
    unmeasured: bool = False


class Streams(Turns):
    """All started sources, in the order in which they started."""

    __slots__ = (
        "_declared",
        "_disk_limit",
        "_dropped",
        "_ends",
        "_is_formed",
        "_limit",
        "_over",
        "_pings",
        "_stores",
        "_streams",
        "_traits",
        "_unplaced",
        "_zero",
        "closed",
        "has_disk",
        "refused_samples",
    )

    def __init__(
        self,
        declared: Sequence[str],
        traits: Traits,
        limit: int,
        disk_limit: int = 0,
        stores: Collection[str] = (),
    ) -> None:
        super().__init__(Limits.of(traits))
        self._stores = frozenset(stores)  # the sources that wait while there is no room
        self._declared = tuple(declared)
        self._traits = traits
        self._ends = traits.ends  # what they prove on this dial
        self._limit = limit
        self._is_formed = is_formed(traits.form)
        self._disk_limit = disk_limit  # samples per source; 0: there is no disk
        self.has_disk = disk_limit > 0  # there may be audio on it, even after it failed
        self._streams: dict[str, Stream] = {}
        self._unplaced: dict[str, Stream] = {}  # without a sound so far, but for silence
        self._over: frozenset[str] = frozenset()
        self._zero: float | None = None
        self._pings = PingMarks()
        self._dropped: int = 0  # samples that the backend has dropped on this dial
        self.closed = False
        self.refused_samples = 0

    # Capture.

    def declared(self, source: str) -> bool:
        """Whether the session was opened with this source."""
        return source in self._declared

    def start(self, source: str, at: float, now: float) -> Stream:
        """The source's stream; made, and placed on the timeline, at its first sound."""
        stream = self._streams.get(source)
        if stream is None:
            if self._zero is None:
                self._zero = at
            origin = max(0, round((at - self._zero) * SAMPLE_RATE))
            stream = self._unplaced.pop(source, None) or self._make(source, origin, now)
            box = stream.box
            if not stream.is_placed:
                stream.is_placed = True
                box.place(origin)
                self._measure(stream, origin, origin)
                stream.window = Window(self._limits, now)
                stream.window.note_drained(box.dial_sent)  # the silence went long ago
            self._begin_hearing(box)
            self._streams[source] = stream
            self._order.append(stream)
            if self.closed or source in self._over:
                stream.box.close()
        return stream

    def _make(self, source: str, origin: int, now: float) -> Stream:
        is_store = source in self._stores
        limits = self._limit, origin, self._disk_limit
        if self._is_formed:
            form = self._traits.form
            box: Outbox = FormedOutbox(source, *limits, sheds=not is_store, form=form)
        else:
            box = Outbox(source, *limits, sheds=not is_store)
        assuming = None
        if self._traits.silent_in_silence or not self._traits.proves_silence:
            assuming = Assuming(self._traits.horizon, origin, now)
        stream = Stream(box, self._limits, now, is_store=is_store, assuming=assuming)
        self._measure(stream, origin, origin)
        return stream

    def _measure(self, stream: Stream, confirmed: int, captured: int) -> None:
        """What is captured from ``captured`` on is measured, where loudness decides anything."""
        if stream.assuming is not None:
            stream.assuming.restore(confirmed, captured)
            stream.loudness = stream.assuming.loudness
        elif self._traits.drain is not Drain.NONE:
            stream.loudness = Loudness(captured)

    def capture(
        self, source: str, pcm: bytes, now: float, peak: int | None = None
    ) -> Stream | None:
        """Keep audio; None if the source is unknown, or closed (then the audio is counted).

        ``peak``: its largest absolute sample, if that was measured.
        """
        stream = self._streams.get(source)
        if stream is None:
            if source not in self._declared:
                return None
            stream = self.start(source, now, now)
        box = stream.box
        if box.closed:
            self.refused_samples += len(pcm) // 2
            return None
        if stream.loudness is not None:
            stream.loudness.note(box.captured, len(pcm) // 2, peak)
        box.add(pcm)
        return stream

    def restore(self, past: PastSource) -> None:
        """Restore the state of a source from an earlier process."""
        stream = self._make(past.source, past.origin, 0.0)
        box = stream.box
        box.restore(past.confirmed, past.on_disk, past.gaps, past.told, past.assumed)
        box.losses.unmeasured = past.unmeasured
        self._measure(stream, past.confirmed, box.captured)  # what is on disk has no peaks
        error = round(self._traits.time_error * SAMPLE_RATE)
        box.hearing.restore(past.held, past.confirmed, error)
        self.has_disk = True
        self._streams[past.source] = stream
        self._order.append(stream)

    def disk_failed(self) -> None:
        """The disk takes no more: from here on, audio is kept in memory alone."""
        self._disk_limit = 0
        for stream in self._streams.values():
            stream.box.disk_failed()

    def wanted(self) -> list[tuple[str, int, int]]:
        """Audio to fetch from the disk now: source, position, samples."""
        found: list[tuple[str, int, int]] = []
        for name, stream in self._streams.items():
            part = stream.box.wanted()
            if part is not None:
                found.append((name, *part))
        return found

    @property
    def on_disk(self) -> bool:
        """Whether some waiting audio is on disk and not in memory."""
        return any(s.box.on_disk for s in self._streams.values())

    def hole(self, source: str, samples: int, now: float) -> None:
        """``samples`` passed that the source could not capture."""
        stream = self.start(source, now, now)
        if not stream.box.closed:
            stream.box.hole(samples)

    def end_source(self, source: str) -> bool:
        """The source has no more audio; True unless it had ended before."""
        if source in self._over:
            return False
        self._over |= {source}
        if source in self._streams:
            self._streams[source].box.close()
        return True

    @property
    def over(self) -> bool:
        """Whether every source has ended or was lost."""
        return self._over.issuperset(self._declared)

    def close(self) -> None:
        """Refuse audio from now on."""
        self.closed = True
        for stream in self._streams.values():
            stream.box.close()

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

    def has_room(self, source: str) -> bool:
        """Whether a source that can wait should deliver more."""
        stream = self._streams.get(source)
        return stream is None or stream.has_room

    def statistics(self) -> dict[str, SourceStatistics]:
        """The watermarks per source, in samples since it started."""
        return {
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
            stream.shut_since = stream.due_since = stream.full_since = OFF
            self._begin_hearing(stream.box)
            if stream.loudness is not None:
                stream.loudness.forget(stream.box.confirmed)
            if stream.assuming is not None:
                stream.assuming.begin_dial(now)

    def _begin_hearing(self, box: Outbox) -> None:
        error = 0.0 if self._ends is Ends.EXACT else self._traits.time_error
        marks = Marks(
            box.confirmed, round(error * SAMPLE_RATE), round(self._traits.longest_run * SAMPLE_RATE)
        )
        box.hearing.begin_dial(marks, self._ends)

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

    def push(self) -> None:
        """All audio that is captured is to go out, the rest of a message too."""
        for stream in self._streams.values():
            stream.box.push()

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
    def capturing(self) -> list[str]:
        """The sources of which audio may still come, in the order in which they were declared."""
        return [] if self.closed else [name for name in self._declared if name not in self._over]

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
