"""One source's audio, from capture to confirmation: three watermarks on one line of samples.

Positions are samples of session time. ``captured`` ≥ ``sent`` ≥ ``confirmed``:

    0 ── confirmed ──── sent ──────── captured
         │  unconfirmed │  unsent     │

``unsent`` is audio that this dial has not sent; ``unconfirmed`` is audio that it sent and the
backend has not confirmed. Frames move from one to the other, and back when the dial is lost.

Memory is bounded by ``limit`` samples. Over it the oldest frame goes. If it was never sent
on the live dial it is a gap at once; if it was, it is only *at risk* (``unconfirmed``). An
example, with room for three frames: A is sent and not confirmed, B and C wait, and D is
captured. A goes, and is at risk. E comes: nothing unconfirmed is left in memory, so B goes,
which was never sent: it is a gap (OVERFLOW).

With a spool all audio is on disk as well, and memory holds only the front of the queue
(``backlog``). Then ``disk_limit`` bounds the kept audio, and the oldest goes when that is full.

Audio of a final that was put aside (``hearing``) is not lost when it leaves memory: the final
is told then, and the rest of its audio is not sent again.

While the backend *ignores* the source, nothing of it is kept (``ignored``). What it reports as not
transcribed is a gap at once (UNHEARD), is not sent again, and the mark moves over it when all
audio before it is settled.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.audio.backlog import FRAME_SAMPLES, Backlog
from openline.audio.gaps import GapLog
from openline.audio.hearing import Hearing
from openline.audio.ignored import IgnoredRun
from openline.audio.marks import Marks, Reading
from openline.audio.time_map import TimeMap
from openline.audio.unconfirmed import Unconfirmed
from openline.machine.timers import OFF
from openline.updates import Gap, GapCause, to_samples

_FRAME_BYTES = 2 * FRAME_SAMPLES


class Outbox:
    """The audio of one source. All positions and counts are samples."""

    __slots__ = (
        "_backlog",
        "_disk_limit",
        "_ignored",
        "_limit",
        "_next",
        "_positions",
        "_sheds",
        "_tail",
        "_unconfirmed",
        "_unheard",
        "captured",
        "closed",
        "confirmed",
        "dial_sent",
        "dial_short",
        "hearing",
        "left_unproved",
        "losses",
        "origin",
        "quiet",
        "sent",
        "source",
    )

    def __init__(
        self, source: str, limit: int, origin: int, disk_limit: int = 0, *, sheds: bool = True
    ) -> None:
        """``sheds``: over the limits the oldest audio goes; a store waits, so none has to."""
        self.source = source
        self.origin = origin
        self.captured = self.sent = self.confirmed = origin
        self.closed = False
        self.left_unproved = False  # audio has left memory that is sent and not confirmed
        # Pulled on this dial, silence included; missing in its short frames.
        self.dial_sent = self.dial_short = 0
        self.quiet = 0  # samples of silence that are to be put in behind the audio
        self._next: int = -1  # where the audio that continues the last run begins; -1: none does
        self.losses = GapLog(source)
        self.hearing = Hearing(Marks(origin, 0, 0))
        self._limit = limit
        self._sheds = sheds
        self._disk_limit = disk_limit  # 0: there is no disk
        self._ignored = IgnoredRun(self.losses)
        self._unheard: list[tuple[int, int]] = []  # runs behind the mark that are lost already
        self._tail = b""  # captured, and not yet a frame
        self._backlog = Backlog()
        self._unconfirmed = Unconfirmed()
        self._positions = TimeMap()

    # Capture.

    def add(self, pcm: bytes) -> None:
        """Keep captured audio; it becomes frames of 320 samples however it was cut."""
        if self._ignored.begin is not None:
            self._skip(len(pcm) // 2)
            self._ignored.grow(self.captured)
        elif self._disk_limit and (
            self._backlog.disk or self.buffered + len(pcm) // 2 > self._limit
        ):
            self._leave_on_disk(len(pcm) // 2)
        elif self._tail or self._backlog.disk.runs or len(pcm) != _FRAME_BYTES:
            pcm = self._tail + pcm
            at = self.captured - len(self._tail) // 2
            whole = len(pcm) - len(pcm) % _FRAME_BYTES
            self._tail = pcm[whole:]
            for i in range(0, whole, _FRAME_BYTES):
                self._backlog.add(at + i // 2, pcm[i : i + _FRAME_BYTES])
            # A policy has room for a frame, and the tail is less: there is a frame to shed.
            while self._sheds and self.buffered > self._limit:
                self._shed()
            self.captured = at + len(pcm) // 2
        else:  # one whole frame, as nearly always
            backlog = self._backlog
            backlog.frames.append((self.captured, pcm))
            backlog.samples += FRAME_SAMPLES
            self.captured += FRAME_SAMPLES
            while backlog.samples + self._unconfirmed.samples > self._limit and self._sheds:
                self._shed()

    def _leave_on_disk(self, samples: int) -> None:
        tail, self._tail = self._tail, b""
        self._backlog.disk.extend(self.captured - len(tail) // 2, self.captured + samples)
        self.captured += samples
        while self._sheds and self.captured - self._front > self._disk_limit:
            self._shed()

    @property
    def _front(self) -> int:
        """The oldest sample that is kept anywhere."""
        if self._unconfirmed.frames:
            return self._unconfirmed.frames[0][0]
        front = self._backlog.front
        return self.captured if front is None else front

    def hole(self, samples: int) -> None:
        """``samples`` passed that the source could not capture."""
        self._flush()
        self.losses.lose(self.captured, self.captured + samples, GapCause.CAPTURE)
        self.captured += samples
        if self.ignored:
            self._skip(0)
            self._ignored.begin = self.captured

    def close(self) -> None:
        """No more audio comes: the last frame may go out, though it is short."""
        self._flush()
        self.closed = True

    def _flush(self) -> None:
        tail, self._tail = self._tail, b""
        if tail:
            self._backlog.add(self.captured - len(tail) // 2, tail)
        self._ignored.lose(self.captured)

    def _shed(self) -> None:
        """Take the oldest frame out of memory, or off the disk if memory holds none."""
        if self._unconfirmed.frames:
            self._unconfirmed.shed(self.confirmed)
            self.left_unproved = True
        else:
            self._let_go(*self._backlog.shed(), GapCause.OVERFLOW)

    def _let_go(self, start: int, end: int, cause: GapCause) -> None:
        """[start, end) left memory unsent: it is told, where a final covers it, or lost."""
        for reading in (left := self.hearing.leave(self.sent, end)):
            self.tell(reading._replace(known=0))  # all of it, for none is sent again
        self._lose(start, end, cause)
        if left and (front := self._backlog.front) is not None:
            # A claimed beginning that is not possible lies behind the one that counts.
            until = min(max(each.end for each in left), self.captured)
            self._backlog.skip(until)
            self.losses.lose_rest(front, until, cause)

    def tell(self, reading: Reading) -> None:
        """A final is told though its audio is not confirmed."""
        low = max(reading.start, to_samples(reading.final.start), self.confirmed)
        high = max(low, min(reading.told_until, self.captured))
        self.losses.tell(low, high)
        self.hearing.tell(reading._replace(start=low, end=high))

    # The disk.

    def wanted(self) -> tuple[int, int] | None:
        """(position, samples) to fetch from the disk now; None while there is no need."""
        backlog = self._backlog
        # With nothing left to send it must be, however much waits for confirmation.
        if self._has_message and self.buffered - len(self._tail) // 2 > self._limit // 2:
            return None
        return backlog.disk.wanted()

    def fetched(self, start: int, pcm: bytes) -> None:
        """Audio that ``wanted`` requested; empty if the disk does not have it.

        Then that part alone is lost: the disk may have the audio after it.
        """
        if (gone := self._backlog.fetched(start, pcm)) is not None:
            self._let_go(*gone, GapCause.SPOOL)

    def disk_failed(self) -> None:
        """The disk takes no more: from here on, audio is kept in memory alone."""
        self._disk_limit = 0

    def restore(
        self,
        confirmed: int,
        runs: Iterable[tuple[int, int]],
        gaps: Iterable[Gap],
        told: Iterable[tuple[int, int]] = (),
        assumed: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Restore the state of an earlier process: ``runs`` of audio on disk."""
        kept, self.captured = self.losses.restore(gaps, told, confirmed, runs, assumed)
        for start, end in kept:
            self._backlog.disk.extend(start, end)
        self.confirmed = self.sent = confirmed

    # Sending.

    @property
    def next_samples(self) -> int:
        """Samples in the frame that ``pull`` would give; 0 when there is none."""
        frames = self._backlog.frames
        return len(frames[0][1]) // 2 if frames else 0

    @property
    def _has_message(self) -> bool:
        """Whether memory holds enough for a message."""
        return bool(self._backlog.frames)

    @property
    def unsent(self) -> int:
        """Captured samples from the next frame to the live edge."""
        front = self._backlog.front
        return 0 if front is None else self.captured - front

    @property
    def on_disk(self) -> bool:
        """Whether audio waits on disk alone."""
        return bool(self._backlog.disk)

    @property
    def buffered(self) -> int:
        """Samples held in memory."""
        return self._backlog.samples + self._unconfirmed.samples + len(self._tail) // 2

    def has_room(self, room: int) -> bool:
        """Whether ``room`` more samples fit, on disk if there is one; some always fit at last."""
        if self._disk_limit:
            return self.captured - self._front < max(self._disk_limit // 2, self._disk_limit - room)
        return self.buffered < max(self._limit // 2, self._limit - room)

    @property
    def undelivered(self) -> bool:
        """Whether anything captured is neither confirmed nor given up."""
        # Audio at risk is older than the audio in memory, and confirmed before it.
        return bool(self._backlog or self._unconfirmed.frames or self._tail)

    def pull(self) -> bytes:
        """The next frame, which now counts as sent on this dial."""
        backlog, unconfirmed = self._backlog, self._unconfirmed
        at, pcm = frame = backlog.frames.popleft()
        if at != self._next:  # a skip, or the first of the dial or behind silence
            self._positions.begin_run(self.dial_sent, at)
        samples = len(pcm) // 2
        backlog.samples -= samples
        unconfirmed.frames.append(frame)
        unconfirmed.samples += samples
        self.dial_sent += samples
        self.dial_short += FRAME_SAMPLES - samples
        self._next = self.sent = at + samples
        return pcm

    def pull_silence(self, samples: int) -> bytes:
        """A message of ``samples`` of silence, behind all that was pulled so far."""
        self._positions.begin_still(self.dial_sent, self.sent)
        self._next = -1
        self.dial_sent += samples
        return bytes(2 * samples)

    def push(self) -> None:
        """All audio that is captured is to go out. Frames do so anyway."""

    def fill(self, _now: float, /) -> float:
        """When the rest of a message has waited for long enough; OFF: frames do not wait."""
        return OFF

    def place(self, origin: int) -> None:
        """The source starts at ``origin``; silence may have been sent of it before."""
        self.origin = self.captured = self.sent = self.confirmed = origin
        self._positions.clear()
        self._positions.begin_still(0, origin)

    # Confirmation.

    def interval(self, start: int, end: int) -> tuple[int, int]:
        """Session samples of the backend's interval [start, end), clamped to the sent audio."""
        nowhere = (self.confirmed, self.confirmed)
        return self._positions.interval(start, end, self.dial_sent) if self._positions else nowhere

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Session samples of connection samples [start, end), clamped to the sent audio."""
        nowhere = (self.confirmed, self.confirmed)
        return self._positions.span(start, end, self.dial_sent) if self._positions else nowhere

    def sent_by(self, counted: int) -> int:
        """Connection samples that the backend has processed when it has counted ``counted``."""
        return min(self._positions.earliest(counted), self.dial_sent)

    def drop(self, after: int, samples: int) -> None:
        """The backend dropped ``samples`` of the audio sent behind connection sample ``after``.

        They are lost somewhere in there, and its clock leaves them out.
        """
        start, end = self.span(after, self.dial_sent)
        if start < end:  # silence that was put in is no loss
            self.losses.somewhere(start, end, min(samples, end - start))
        self._positions.drop(after, self.dial_sent, samples)

    def lose(self, start: int, end: int) -> None:
        """The backend does not transcribe [start, end): it is lost, and not sent again."""
        for low, high in self.losses.unassume(start, min(end, self.confirmed)):
            self.losses.lose_rest(low, high, GapCause.UNHEARD)
        start = max(start, self.confirmed)
        if start < end:
            self.losses.lose_rest(start, end, GapCause.UNHEARD)
            self._unheard.append((start, end))
            self._unheard.sort()

    def beyond(self, position: int) -> int:
        """``position``, or the end of what is lost from there on."""
        for start, end in self._unheard:
            if start <= position < end:
                position = end
        return position

    def _lose(self, start: int, end: int, cause: GapCause) -> None:
        """Lose [start, end), of which some may be lost already."""
        (self.losses.lose_rest if self._unheard else self.losses.lose)(start, end, cause)

    def confirm(self, position: int) -> bool:
        """The backend confirms all audio before ``position``; True if that is new."""
        if position <= self.confirmed:
            return False
        self.confirmed = position
        self.losses.confirm(position)
        self._unconfirmed.confirm(position)
        if self._unheard:
            self._unheard = [each for each in self._unheard if each[1] > position]
        return True

    # The dial and the end.

    def end_dial(self) -> None:
        """The dial is lost: its unconfirmed audio is to be sent again."""
        self._ignored.end(self.captured)
        self.losses.end_dial(self.confirmed)
        self.hearing.seam |= self.sent > self.confirmed and self.dial_sent > 0
        self.hearing.end_dial(self.confirmed)
        unconfirmed = self._unconfirmed
        self._backlog.put_back(reversed(unconfirmed.frames), unconfirmed.samples)
        unconfirmed.clear()
        self._positions.clear()
        self.dial_sent = self.dial_short = self.quiet = 0
        self._next = -1
        self.sent = self.confirmed
        self._backlog.skip(self.confirmed)
        for start, end in self._unheard:
            self._backlog.cut(start, end)
        for start, end in unconfirmed.take_at_risk():
            self._let_go(start, end, GapCause.UNPROVEN)

    def end(self) -> None:
        """The session is over: unconfirmed audio is told or missing."""
        self._flush()
        for reading in self.hearing.finish():
            self.tell(reading)
        for start, end in self._unconfirmed.take_at_risk():
            self._lose(start, end, GapCause.UNPROVEN)
        for start, end in self._unconfirmed.runs:
            self._lose(max(start, self.confirmed), end, GapCause.UNCONFIRMED)
        for start, end in self._backlog.clear():
            self._lose(max(start, self.confirmed), end, GapCause.UNDELIVERED)
        self._forget()

    def _forget(self) -> None:
        self._unconfirmed = Unconfirmed()
        self._backlog.clear()
        self._tail = b""

    # A source that the backend ignores.

    @property
    def ignored(self) -> bool:
        """Whether the backend ignores the source on this dial."""
        return self._ignored.begin is not None

    def ignore(self) -> None:
        """The backend ignores the source on this dial: tell what it holds, and lose the rest."""
        if not self.ignored:
            for reading in self.hearing.finish():
                self.tell(reading)
            self._ignored.begin = self.confirmed
            self._unheard.clear()  # the run is lost but for what is lost already
            self._forget()
            self._skip(0)
            self._ignored.grow(self.captured)

    def _skip(self, samples: int) -> None:
        self.captured += samples
        self.sent = self.confirmed = self.captured
