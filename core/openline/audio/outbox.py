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
of the queue. Audio captured while memory is full stays on disk alone (``_on_disk``,
runs of positions behind all that is in memory) and is fetched when the front has been
sent. Then ``disk_limit`` bounds the kept audio, and the oldest goes when that is full.

``positions`` maps the backend's own times to session time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from openline.audio.gaps import GapLog
from openline.audio.time_map import TimeMap
from openline.updates import SAMPLE_RATE, Gap, GapCause

#: Samples in a frame on the wire: 20 ms.
FRAME_SAMPLES = 320
_FRAME_BYTES = 2 * FRAME_SAMPLES
#: Samples fetched from the disk at a time: 5 s.
FETCH = 5 * SAMPLE_RATE


class Outbox:
    """The audio of one source. All positions and counts are samples."""

    __slots__ = (
        "_at_risk",
        "_buffered",
        "_disk_limit",
        "_fetching",
        "_later",
        "_limit",
        "_on_disk",
        "_positions",
        "_tail",
        "_unconfirmed",
        "_unsent",
        "captured",
        "closed",
        "confirmed",
        "dial_sent",
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
        self._limit = limit
        self._disk_limit = disk_limit  # 0: there is no disk
        self._on_disk: deque[tuple[int, int]] = deque()
        self._fetching = False
        self._later: deque[tuple[int, bytes]] = deque()
        self._buffered = 0
        self._tail = b""
        self._unsent: deque[tuple[int, bytes]] = deque()
        self._unconfirmed: deque[tuple[int, bytes]] = deque()
        self._at_risk: list[tuple[int, int]] = []
        self._positions = TimeMap()

    # Capture.

    def add(self, pcm: bytes) -> None:
        """Keep captured audio; it becomes frames of 320 samples however it was cut."""
        if self._disk_limit and (self._on_disk or self.buffered + len(pcm) // 2 > self._limit):
            self._leave_on_disk(len(pcm) // 2)
        elif self._tail or self._on_disk or len(pcm) != _FRAME_BYTES:
            pcm = self._tail + pcm
            at = self.captured - len(self._tail) // 2
            whole = len(pcm) - len(pcm) % _FRAME_BYTES
            self._tail = pcm[whole:]
            for i in range(0, whole, _FRAME_BYTES):
                self._keep(at + i // 2, pcm[i : i + _FRAME_BYTES])
            # A policy has room for a frame, and the tail is less: there is a frame to shed.
            while self.buffered > self._limit:
                self._shed()
            self.captured = at + len(pcm) // 2
        else:  # one whole frame, as nearly always
            self._unsent.append((self.captured, pcm))
            self.captured += FRAME_SAMPLES
            self._buffered += FRAME_SAMPLES
            while self._buffered > self._limit:
                self._shed()

    def _leave_on_disk(self, samples: int) -> None:
        tail, self._tail = self._tail, b""
        self._extend_disk(self.captured - len(tail) // 2, self.captured + samples)
        self.captured += samples
        while self.captured - self._front > self._disk_limit:
            self._shed()

    def _extend_disk(self, start: int, end: int) -> None:
        if self._on_disk and self._on_disk[-1][1] == start:
            start = self._on_disk.pop()[0]
        if start < end:
            self._on_disk.append((start, end))

    @property
    def _front(self) -> int:
        """The oldest sample that is kept anywhere."""
        for frames in (self._unconfirmed, self._unsent, self._on_disk):
            if frames:
                return frames[0][0]
        return self.captured

    def hole(self, samples: int) -> None:
        """``samples`` passed that the source could not capture."""
        self._flush()
        self.losses.lose(self.captured, self.captured + samples, GapCause.CAPTURE)
        self.captured += samples

    def close(self) -> None:
        """No more audio comes: the last frame may go out, though it is short."""
        self._flush()
        self.closed = True

    def _flush(self) -> None:
        tail, self._tail = self._tail, b""
        if tail:
            self._keep(self.captured - len(tail) // 2, tail)

    def _keep(self, at: int, pcm: bytes) -> None:
        # Behind a disk that failed, later audio waits until the disk's runs are fetched.
        (self._later if self._on_disk else self._unsent).append((at, pcm))
        self._buffered += len(pcm) // 2

    def _shed(self) -> None:
        """Take the oldest frame out of memory, or off the disk if memory holds none.

        An example, with room for three frames: A is sent and not confirmed, B and C wait, and D
        is captured. A goes, and [0, 320) is at risk: no gap if the backend still confirms it, a
        gap (UNPROVEN) if the dial is lost before. E comes: nothing unconfirmed is left in
        memory, so B goes, which was never sent: it is a gap (OVERFLOW) at once. Adjacent frames
        at risk are kept as one run.
        """
        if self._unconfirmed:
            at, pcm = self._unconfirmed.popleft()
            end = at + len(pcm) // 2
            if self._at_risk and self._at_risk[-1][1] == at:
                at = self._at_risk.pop()[0]
            self._at_risk.append((max(at, self.confirmed), end))
        elif frames := self._unsent or self._later:  # dropping from the disk frees no memory
            at, pcm = frames.popleft()
            self.losses.lose(at, at + len(pcm) // 2, GapCause.OVERFLOW)
        else:
            start, end = self._on_disk.popleft()
            pcm = b""
            if end - start > FRAME_SAMPLES:
                self._on_disk.appendleft((start + FRAME_SAMPLES, end))
                end = start + FRAME_SAMPLES
            self.losses.lose(start, end, GapCause.OVERFLOW)
        self._buffered -= len(pcm) // 2

    # The disk.

    def wanted(self) -> tuple[int, int] | None:
        """(position, samples) to fetch from the disk now; None while there is no need."""
        if not self._on_disk or self._fetching:
            return None
        # With nothing left to send it must be, however much waits for confirmation.
        if self._buffered > self._limit // 2 and self._unsent:
            return None
        start, end = self._on_disk[0]
        self._fetching = True
        return start, min(end - start, FETCH)

    def fetched(self, start: int, pcm: bytes) -> None:
        """Audio that ``wanted`` requested; empty if the disk does not have it.

        Then that part alone is lost: the disk may have the audio after it.
        """
        self._fetching = False
        if not self._on_disk or self._on_disk[0][0] != start:
            return  # the limit dropped it meanwhile
        _, end = self._on_disk.popleft()
        until = start + len(pcm) // 2
        if not pcm:
            until = min(start + FETCH, end)
            self.losses.lose(start, until, GapCause.SPOOL)
        if until < end:
            self._on_disk.appendleft((until, end))
        for i in range(0, len(pcm), _FRAME_BYTES):
            frame = pcm[i : i + _FRAME_BYTES]
            self._unsent.append((start + i // 2, frame))
            self._buffered += len(frame) // 2
        self._join_later()

    def _join_later(self) -> None:
        if not self._on_disk:
            self._unsent.extend(self._later)
            self._later.clear()

    def disk_failed(self) -> None:
        """The disk takes no more: from here on, audio is kept in memory alone."""
        self._disk_limit = 0

    def restore(self, confirmed: int, runs: Iterable[tuple[int, int]], gaps: Iterable[Gap]) -> None:
        """Restore the state of an earlier process: ``runs`` of audio on disk."""
        kept, self.captured = self.losses.restore(gaps, confirmed, runs)
        for start, end in kept:
            self._extend_disk(start, end)
        self.confirmed = self.sent = confirmed

    # Sending.

    @property
    def next_samples(self) -> int:
        """Samples in the frame that ``pull`` would give; 0 when there is none."""
        return len(self._unsent[0][1]) // 2 if self._unsent else 0

    @property
    def unsent(self) -> int:
        """Captured samples from the next frame to the live edge."""
        if self._unsent:
            return self.captured - self._unsent[0][0]
        return self.captured - self._on_disk[0][0] if self._on_disk else 0

    @property
    def on_disk(self) -> bool:
        """Whether audio waits on disk alone."""
        return bool(self._on_disk)

    @property
    def buffered(self) -> int:
        """Samples held in memory."""
        return self._buffered + len(self._tail) // 2

    @property
    def undelivered(self) -> bool:
        """Whether anything captured is neither confirmed nor given up."""
        # Audio at risk is older than the audio in memory, and confirmed before it.
        return bool(self._unsent or self._unconfirmed or self._tail or self._on_disk)

    def pull(self) -> bytes:
        """The next frame, which now counts as sent on this dial."""
        frame = self._unsent.popleft()
        at, pcm = frame
        if at != self.sent or not self.dial_sent:  # a skip, or the dial's first
            self._positions.begin_run(self.dial_sent, at)
        self._unconfirmed.append(frame)
        samples = len(pcm) // 2
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
        unconfirmed = self._unconfirmed
        while unconfirmed and unconfirmed[0][0] + len(unconfirmed[0][1]) // 2 <= position:
            self._buffered -= len(unconfirmed.popleft()[1]) // 2
        while self._at_risk and self._at_risk[0][0] < position:
            end = self._at_risk.pop(0)[1]
            if end > position:
                self._at_risk.insert(0, (position, end))
        return True

    # The dial and the end.

    def end_dial(self) -> None:
        """The dial is lost: its unconfirmed audio is to be sent again."""
        for start, end in self._at_risk:
            self.losses.lose(start, end, GapCause.UNPROVEN)
        self._at_risk.clear()
        self._unsent.extendleft(reversed(self._unconfirmed))
        self._unconfirmed.clear()
        self._positions.clear()
        self.dial_sent = 0
        self.sent = self.confirmed
        if self._unsent:
            at, pcm = self._unsent[0]
            confirmed = self.confirmed - at
            if confirmed > 0:
                self._unsent[0] = (self.confirmed, pcm[2 * confirmed :])
                self._buffered -= confirmed

    def end(self) -> None:
        """The session is over: unconfirmed audio is missing."""
        self._flush()
        for start, end in self._at_risk:
            self.losses.lose(start, end, GapCause.UNPROVEN)
        for frames, cause in (
            (self._unconfirmed, GapCause.UNCONFIRMED),
            (self._unsent, GapCause.UNDELIVERED),
        ):
            for at, pcm in frames:
                self.losses.lose(max(at, self.confirmed), at + len(pcm) // 2, cause)
            frames.clear()
        for start, end in self._on_disk:
            self.losses.lose(start, end, GapCause.UNDELIVERED)
        for at, pcm in self._later:
            self.losses.lose(at, at + len(pcm) // 2, GapCause.UNDELIVERED)
        self._on_disk.clear()
        self._later.clear()
        self._at_risk.clear()
        self._buffered = 0
