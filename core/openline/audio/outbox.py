"""One source's audio, from capture to confirmation: three watermarks on one line of samples.

Positions are samples of session time. ``captured`` ≥ ``sent`` ≥ ``confirmed``:

    0 ── confirmed ──── sent ──────── captured
         │  unconfirmed │  unsent     │

``unsent`` is audio that this dial has not sent; ``unconfirmed`` is audio that it sent and the
backend has not confirmed. Both are queues of frames that are moved, never copied: a frame
is pulled from ``unsent`` to ``unconfirmed``, dropped when confirmed, and moved back when the
dial is lost, so that a new dial begins at ``confirmed``.

Memory is bounded by ``limit`` samples. Over it the oldest frame goes. If it was never sent
on the live dial it is a gap at once; if it was, it is only *at risk*: a gap if the dial
is lost before the backend confirms it, and no loss otherwise.

With a spool the adapter keeps all audio on disk as well, and memory holds only the front
of the queue. Audio captured while memory is full stays on disk alone (``disk_runs``) and is
fetched when the front has been sent. Then ``disk_limit`` bounds the kept audio, and the oldest
goes when that is full.

Audio of a final that was put aside (``hearing``) is not lost when it leaves memory: the final
is told then, and the rest of its audio is not sent again.

While the backend *ignores* the source, nothing of it is kept: it is one gap that grows.

``positions`` maps the backend's own times to session time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from openline.audio.backlog import FRAME_SAMPLES, Backlog
from openline.audio.gaps import GapLog
from openline.audio.hearing import Hearing
from openline.audio.marks import Marks, Reading
from openline.audio.time_map import TimeMap
from openline.updates import SAMPLE_RATE, Gap, GapCause

_FRAME_BYTES = 2 * FRAME_SAMPLES
#: A gap that grows while the source is ignored is reported when it is so long: 10 s.
_LONG_GAP = 10 * SAMPLE_RATE


class Outbox:
    """The audio of one source. All positions and counts are samples."""

    __slots__ = (
        "_at_risk",
        "_backlog",
        "_disk_limit",
        "_ignored_from",
        "_limit",
        "_positions",
        "_tail",
        "_told",
        "_unconfirmed",
        "_waiting",
        "captured",
        "closed",
        "confirmed",
        "dial_sent",
        "hearing",
        "losses",
        "origin",
        "sent",
        "source",
    )

    def __init__(self, source: str, limit: int, origin: int, disk_limit: int = 0) -> None:
        self.source = source
        self.origin = origin
        self.captured = origin
        self.sent = origin
        self.confirmed = origin
        self.closed = False
        self.dial_sent = 0  # samples pulled on this dial
        self.losses = GapLog(source)
        self.hearing = Hearing(Marks(origin, 0, 0))
        self._told: list[Reading] = []  # finals to be reported though they are not confirmed
        self._limit = limit
        self._disk_limit = disk_limit  # 0: there is no disk
        self._ignored_from: int | None = None
        self._tail = b""  # captured, and not yet a frame
        self._backlog = Backlog()
        self._unconfirmed: deque[tuple[int, bytes]] = deque()
        self._waiting = 0  # samples in memory that are not confirmed
        self._at_risk: list[tuple[int, int]] = []
        self._positions = TimeMap()

    # Capture.

    def add(self, pcm: bytes) -> None:
        """Keep captured audio; it becomes frames of 320 samples however it was cut."""
        if self._ignored_from is not None:
            self.captured += len(pcm) // 2
            self._skip_ignored()
        elif self._disk_limit and (
            self._backlog.disk or self.buffered + len(pcm) // 2 > self._limit
        ):
            self._leave_on_disk(len(pcm) // 2)
        elif self._tail or self._backlog.disk or len(pcm) != _FRAME_BYTES:
            pcm = self._tail + pcm
            at = self.captured - len(self._tail) // 2
            whole = len(pcm) - len(pcm) % _FRAME_BYTES
            self._tail = pcm[whole:]
            for i in range(0, whole, _FRAME_BYTES):
                self._backlog.add(at + i // 2, pcm[i : i + _FRAME_BYTES])
            # A policy has room for a frame, and the tail is less: there is a frame to shed.
            while self.buffered > self._limit:
                self._shed()
            self.captured = at + len(pcm) // 2
        else:  # one whole frame, as nearly always
            backlog = self._backlog
            backlog.frames.append((self.captured, pcm))
            backlog.samples += FRAME_SAMPLES
            self.captured += FRAME_SAMPLES
            while backlog.samples + self._waiting > self._limit:
                self._shed()

    def _leave_on_disk(self, samples: int) -> None:
        tail, self._tail = self._tail, b""
        self._backlog.disk.extend(self.captured - len(tail) // 2, self.captured + samples)
        self.captured += samples
        while self.captured - self._front > self._disk_limit:
            self._shed()

    @property
    def _front(self) -> int:
        """The oldest sample that is kept anywhere."""
        if self._unconfirmed:
            return self._unconfirmed[0][0]
        front = self._backlog.front
        return self.captured if front is None else front

    def hole(self, samples: int) -> None:
        """``samples`` passed that the source could not capture."""
        self._flush()
        self._end_ignored()
        self.losses.lose(self.captured, self.captured + samples, GapCause.CAPTURE)
        self.captured += samples
        if self._ignored_from is not None:
            self._ignored_from = self.sent = self.confirmed = self.captured

    def close(self) -> None:
        """No more audio comes: the last frame may go out, though it is short."""
        self._flush()
        self._end_ignored()
        self.closed = True

    def _flush(self) -> None:
        tail, self._tail = self._tail, b""
        if tail:
            self._backlog.add(self.captured - len(tail) // 2, tail)

    def _shed(self) -> None:
        """Take the oldest frame out of memory, or off the disk if memory holds none.

        An example, with room for three frames: A is sent and not confirmed, B and C wait, and D
        is captured. A goes, and [0, 320) is at risk: no gap if the backend still confirms it, a
        gap (UNPROVEN) if the dial is lost before. E comes: nothing unconfirmed is left in
        memory, so B goes, which was never sent: it is a gap (OVERFLOW) at once. Adjacent frames
        at risk are kept as one run. Of a final that was put aside and begins in B, the audio is
        told in place of lost, and all of it goes.
        """
        if self._unconfirmed:
            at, pcm = self._unconfirmed.popleft()
            end = at + len(pcm) // 2
            if self._at_risk and self._at_risk[-1][1] == at:
                at = self._at_risk.pop()[0]
            self._at_risk.append((max(at, self.confirmed), end))
            self._waiting -= len(pcm) // 2
        else:
            self._let_go(*self._backlog.shed(), GapCause.OVERFLOW)

    def _let_go(self, start: int, end: int, cause: GapCause) -> None:
        """[start, end) left memory unsent: it is told, where a final covers it, or lost."""
        for reading in self.hearing.leave(self.sent, end):
            self.tell(reading)
            self._backlog.skip(reading.end)
        self.losses.lose(start, end, cause)

    def tell(self, reading: Reading) -> None:
        """A final is told though its audio is not confirmed."""
        low = max(reading.start, self.confirmed)
        high = max(low, min(reading.end, self.captured))
        self.losses.tell(low, high)
        self._told.append(reading._replace(start=low, end=high))

    def _tell_all(self) -> None:
        for reading in self.hearing.finish():
            self.tell(reading)

    def take_told(self) -> list[Reading]:
        """The finals that were told since the last call, each with the audio that it covers."""
        told, self._told = self._told, []
        return told

    # The disk.

    def wanted(self) -> tuple[int, int] | None:
        """(position, samples) to fetch from the disk now; None while there is no need."""
        backlog = self._backlog
        # With nothing left to send it must be, however much waits for confirmation.
        if backlog.samples + self._waiting > self._limit // 2 and backlog.frames:
            return None
        return backlog.disk.wanted()

    def fetched(self, start: int, pcm: bytes) -> None:
        """Audio that ``wanted`` requested; empty if the disk does not have it.

        Then that part alone is lost: the disk may have the audio after it.
        """
        gone = self._backlog.fetched(start, pcm)
        if gone is not None:
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
    ) -> None:
        """Restore the state of an earlier process: ``runs`` of audio on disk."""
        kept, self.captured = self.losses.restore(gaps, told, confirmed, runs)
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
        return self._backlog.samples + self._waiting + len(self._tail) // 2

    @property
    def undelivered(self) -> bool:
        """Whether anything captured is neither confirmed nor given up."""
        # Audio at risk is older than the audio in memory, and confirmed before it.
        return bool(self._backlog or self._unconfirmed or self._tail)

    def pull(self) -> bytes:
        """The next frame, which now counts as sent on this dial."""
        frame = self._backlog.pop()
        at, pcm = frame
        if at != self.sent or not self.dial_sent:  # a skip, or the dial's first
            self._positions.begin_run(self.dial_sent, at)
        self._unconfirmed.append(frame)
        samples = len(pcm) // 2
        self._waiting += samples
        self.dial_sent += samples
        self.sent = at + samples
        return pcm

    # Confirmation.

    def interval(self, start: int, end: int) -> tuple[int, int]:
        """Session samples of the backend's interval [start, end), clamped to the sent audio."""
        if not self._positions:
            return self.confirmed, self.confirmed
        return self._positions.interval(start, end, self.dial_sent)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Session samples of connection samples [start, end), clamped to the sent audio."""
        if not self._positions:
            return self.confirmed, self.confirmed
        return self._positions.span(start, end, self.dial_sent)

    def sent_by(self, counted: int) -> int:
        """Connection samples that the backend has processed when it has counted ``counted``."""
        return min(self._positions.earliest(counted), self.dial_sent)

    def drop(self, after: int, samples: int) -> None:
        """The backend dropped ``samples`` of the audio sent behind connection sample ``after``.

        They are lost somewhere in there, and its clock leaves them out.
        """
        self.losses.somewhere(*self.span(after, self.dial_sent), samples)
        self._positions.drop(after, self.dial_sent, samples)

    def confirm(self, position: int) -> bool:
        """The backend confirms all audio before ``position``; True if that is new."""
        if position <= self.confirmed:
            return False
        self.confirmed = position
        self.losses.confirm(position)
        unconfirmed = self._unconfirmed
        while unconfirmed and unconfirmed[0][0] + len(unconfirmed[0][1]) // 2 <= position:
            self._waiting -= len(unconfirmed.popleft()[1]) // 2
        while self._at_risk and self._at_risk[0][0] < position:
            end = self._at_risk.pop(0)[1]
            if end > position:
                self._at_risk.insert(0, (position, end))
        return True

    # The dial and the end.

    def end_dial(self) -> None:
        """The dial is lost: its unconfirmed audio is to be sent again."""
        self._end_ignored()
        self._ignored_from = None
        self.losses.end_dial(self.confirmed)
        hearing = self.hearing
        hearing.seam |= self.sent > self.confirmed and self.dial_sent > 0 and not hearing.exact
        hearing.end_dial()
        self._backlog.put_back(reversed(self._unconfirmed), self._waiting)
        self._unconfirmed.clear()
        self._waiting = 0
        self._positions.clear()
        self.dial_sent = 0
        self.sent = self.confirmed
        self._backlog.skip(self.confirmed)
        at_risk, self._at_risk = self._at_risk, []
        for start, end in at_risk:
            self._let_go(start, end, GapCause.UNPROVEN)

    def end(self) -> None:
        """The session is over: unconfirmed audio is told or missing."""
        self._flush()
        self._end_ignored()
        self._tell_all()
        for start, end in self._at_risk:
            self.losses.lose(start, end, GapCause.UNPROVEN)
        for at, pcm in self._unconfirmed:
            start = max(at, self.confirmed)
            self.losses.lose(start, at + len(pcm) // 2, GapCause.UNCONFIRMED)
        for start, end in self._backlog.clear():
            self.losses.lose(max(start, self.confirmed), end, GapCause.UNDELIVERED)
        self._forget()
        self.losses.settle()

    def _forget(self) -> None:
        self._unconfirmed.clear()
        self._backlog.clear()
        self._at_risk.clear()
        self._tail = b""
        self._waiting = 0

    # A source that the backend ignores.

    @property
    def ignored(self) -> bool:
        """Whether the backend ignores the source on this dial."""
        return self._ignored_from is not None

    def ignore(self) -> None:
        """The backend ignores the source on this dial: tell what it holds, and lose the rest."""
        if self._ignored_from is None:
            self._tell_all()
            self._ignored_from = self.confirmed
            self._forget()
            self._skip_ignored()

    def _skip_ignored(self) -> None:
        self.sent = self.confirmed = self.captured
        if self._ignored_from is not None and self.captured - self._ignored_from >= _LONG_GAP:
            self._end_ignored()

    def _end_ignored(self) -> None:
        """Lose the audio of the gap that grows; it may grow on behind it."""
        if self._ignored_from is not None:
            self.losses.lose_rest(self._ignored_from, self.captured, GapCause.IGNORED)
            self._ignored_from = self.captured
