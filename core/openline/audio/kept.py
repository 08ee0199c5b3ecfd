"""The captured audio of one source that is kept, within the limits of memory and disk.

Captured audio becomes frames, and they wait in the *backlog* until they are sent. What is sent
is kept too (``unconfirmed``), for it is sent again if the dial is lost.

Memory is bounded by ``limit`` samples. Over it the oldest frame goes. If it was never sent
on the live dial it is a gap at once; if it was, it is only *at risk* (``unconfirmed``). An
example, with room for three frames: A is sent and not confirmed, B and C wait, and D is
captured. A goes, and is at risk. E comes: nothing unconfirmed is left in memory, so B goes,
which was never sent: it is a gap (OVERFLOW).

With a spool all audio is on disk as well, and memory holds only the front of the queue
(``backlog``). Then ``disk_limit`` bounds the kept audio, and the oldest goes when that is full.

Audio of a final that was put aside (``hearing``) is not lost when it leaves memory: the final
is told then, and the rest of its audio is not sent again.

That holds for a final of which this dial was sent nothing yet. If it was sent the beginning, the
audio that leaves memory is a gap, and the dial's own finals may replace the one put aside, with
the word in the gap. An example: "one two three" is aside, and the dial was sent "one" again when
memory ran over at "two". It says "one" and "three", and the gap holds "two". To tell the older
final too would save "two", and put "one" and "three" into the transcript twice, as if they had
been said twice, up to a window's worth of words. A gap shows where to listen, and doubled words
show nothing. So it is a gap. If the older final is told in the end, for the dial's own did not
replace it, the gap is withdrawn (``reclaim``).

While the backend *ignores* the source, nothing of it is kept (``ignored``).

Positions are samples of session time.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.audio.backlog import FRAME_SAMPLES, Backlog
from openline.audio.gaps import GapLog
from openline.audio.hearing import Hearing
from openline.audio.ignored import IgnoredRun
from openline.audio.marks import Marks
from openline.audio.readings import Reading
from openline.audio.unconfirmed import Unconfirmed
from openline.updates import Gap, GapCause, to_samples

_FRAME_BYTES = 2 * FRAME_SAMPLES


class KeptAudio:
    """The audio of one source that is kept. All positions and counts are samples."""

    __slots__ = (
        "_backlog",
        "_disk_limit",
        "_heard",
        "_ignored",
        "_limit",
        "_sheds",
        "_tail",
        "_unconfirmed",
        "_unheard",
        "captured",
        "closed",
        "confirmed",
        "hearing",
        "left_unproved",
        "losses",
        "origin",
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
        self.losses = GapLog(source)
        self.hearing = Hearing(Marks(origin, 0, 0))
        self._limit = limit
        self._sheds = sheds
        self._disk_limit = disk_limit  # 0: there is no disk
        self._ignored = IgnoredRun(self.losses)
        self._unheard: list[tuple[int, int]] = []  # runs behind the mark that are lost already
        # Lost, though it lies in a final that was put aside: the id of that, and the run.
        self._heard: list[tuple[str, int, int]] = []
        self._tail = b""  # captured, and not yet a frame
        self._backlog = Backlog()
        self._unconfirmed = Unconfirmed()

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
        self._note_heard(self.hearing.aside_in(start, end))
        if left and (front := self._backlog.front) is not None:
            # A claimed beginning that is not possible lies behind the one that counts.
            until = min(max(each.end for each in left), self.captured)
            self._backlog.skip(until)
            self.losses.lose_rest(front, until, cause)

    def give_up(self, cause: GapCause) -> None:
        """Lose what waits to be sent, but for what is less than a frame; what was sent stays."""
        for start, end in self._backlog.clear():
            self._let_go(max(start, self.confirmed), end, cause)

    def tell(self, reading: Reading) -> None:
        """A final is told though its audio is not confirmed."""
        low = max(reading.start, to_samples(reading.final.start), self.confirmed)
        high = max(low, min(reading.told_until, self.captured))
        self.reclaim(reading, high)
        self.losses.tell(low, high)
        self.hearing.tell(reading._replace(start=low, end=high))

    def _note_heard(self, runs: Iterable[tuple[str, int, int]]) -> None:
        for key, start, end in runs:
            joins = bool(self._heard) and self._heard[-1][::2] == (key, start)
            self._heard.append((key, self._heard.pop()[1] if joins else start, end))

    def reclaim(self, reading: Reading, until: int) -> list[tuple[int, int]]:
        """A final is final: what was lost of its audio, up to ``until``, is no gap any more.

        Returns the runs that were.
        """
        own = [each for each in self._heard if each[0] == reading.final.id]
        self._heard = [each for each in self._heard if each not in own and each[2] > self.confirmed]
        return [run for _, start, end in own for run in self.losses.reclaim(start, min(end, until))]

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

    # What is kept.

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

    # What is lost.

    def _lose(self, start: int, end: int, cause: GapCause) -> None:
        """Lose [start, end), of which some may be lost already."""
        (self.losses.lose_rest if self._unheard else self.losses.lose)(start, end, cause)

    def _forget(self) -> None:
        self._unconfirmed = Unconfirmed()
        self._backlog.clear()
        self._tail = b""

    @property
    def ignored(self) -> bool:
        """Whether the backend ignores the source on this dial."""
        return self._ignored.begin is not None

    def _skip(self, samples: int) -> None:
        self.captured += samples
        self.sent = self.confirmed = self.captured
