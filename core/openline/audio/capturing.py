"""The sources of a session, and their audio as it is captured.

Session time 0 is the first sample of the source that started first. A source that starts later,
or could not capture for a while, keeps its place on that one timeline. A source has a stream
from its first sound on; silence that is to be sent of it before goes with a stream that has no
place yet (``_unplaced``). A resumed source has its stream at once, as an earlier process left it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from openline.audio.assuming import Assuming
from openline.audio.formed import FormedOutbox, is_formed
from openline.audio.loudness import Loudness, needs_peaks
from openline.audio.marks import Marks
from openline.audio.outbox import Outbox
from openline.audio.past import PastSource
from openline.audio.settling import Settling
from openline.audio.stream import Stream
from openline.audio.turns import Turns
from openline.audio.window import Limits, Window
from openline.dialects.traits import Ends, Traits
from openline.updates import SAMPLE_RATE

#: Shared by all sessions: an empty set takes 216 bytes.
_NONE: Final[frozenset[str]] = frozenset()


class Capturing(Turns):
    """All started sources, in the order in which they started."""

    __slots__ = (
        "_careful",
        "_declared",
        "_disk_limit",
        "_ends",
        "_is_formed",
        "_limit",
        "_memory",
        "_over",
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
        *,
        memory: int | None = None,
        careful: bool = False,
    ) -> None:
        super().__init__(Limits.of(traits))
        self._careful = careful  # a cut lies in a pause, even where ends are exact
        self._stores = frozenset(stores)  # the sources that wait while there is no room
        self._declared = tuple(declared)
        self._traits = traits
        self._ends = traits.ends  # what they prove on this dial
        self._limit = limit
        self._memory = memory  # of audio that is on disk too; None: the limit
        self._is_formed = is_formed(traits.form)
        self._disk_limit = disk_limit  # samples per source; 0: there is no disk
        self.has_disk = disk_limit > 0  # there may be audio on it, even after it failed
        self._streams: dict[str, Stream] = {}
        self._unplaced: dict[str, Stream] = {}  # without a sound so far, but for silence
        self._over = _NONE
        self._zero: float | None = None
        self.closed = False
        self.refused_samples = 0

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
        is_store, memory = source in self._stores, self._memory
        limits = self._limit, origin, self._disk_limit
        if self._is_formed:
            box: Outbox = FormedOutbox(
                source, *limits, memory=memory, sheds=not is_store, form=self._traits.form
            )
        else:
            box = Outbox(source, *limits, memory=memory, sheds=not is_store)
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
        elif needs_peaks(self._traits):
            stream.loudness = Loudness(captured)

    def _begin_hearing(self, box: Outbox) -> None:
        traits, is_exact = self._traits, self._ends is Ends.EXACT
        error, longest, disorder = (
            round(seconds * SAMPLE_RATE)
            for seconds in (traits.time_error, traits.longest_run, traits.disorder)
        )
        settles = self._ends is not Ends.NONE and (disorder or (self._careful and is_exact))
        if settles:
            margin = 2 * error if self._careful or not is_exact else 0
            marks: Marks = Settling(box.confirmed, error, longest, disorder, margin)
        else:
            marks = Marks(box.confirmed, 0 if is_exact else error, longest)
        box.hearing.begin_dial(marks, self._ends)

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

    @property
    def wants(self) -> bool:
        """Whether audio is to be fetched from the disk."""
        return any(stream.box.wants for stream in self._streams.values())

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

    @property
    def capturing(self) -> list[str]:
        """The sources of which audio may still come, in the order in which they were declared."""
        return [] if self.closed else [name for name in self._declared if name not in self._over]

    def has_room(self, source: str) -> bool:
        """Whether a source that can wait should deliver more."""
        stream = self._streams.get(source)
        return stream is None or stream.has_room

    def close(self) -> None:
        """Refuse audio from now on."""
        self.closed = True
        for stream in self._streams.values():
            stream.box.close()
