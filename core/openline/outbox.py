"""One source's audio, from capture to proof: three watermarks on one line of samples.

Positions are samples of session time. ``captured`` ≥ ``sent`` ≥ ``confirmed``:

    0 ── confirmed ──── sent ──────── captured
         │  unproven    │  unsent     │

``unsent`` is audio that this dial has not sent, ``unproven`` what it sent and the
backend has not proved to have dealt with. Both are queues of frames that are moved,
never copied: a frame is pulled from the one to the other, dropped when confirmed, and
moved back when the dial is lost, so that a new dial begins at ``confirmed``.

Memory is bounded by ``limit`` samples. Over it the oldest goes. If that was never sent
on the live dial it is a gap at once; if it was, it is only *at risk*: a gap if the dial
is lost before the backend proves it, and nothing to speak of otherwise.

A backend without resume counts its own samples from 0 on every connection and knows
nothing of what was skipped, so ``sent`` audio leaves a list of (connection sample,
session sample), in which the backend's times are looked up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from .messages import Gap, GapCause

#: Samples in a frame on the wire: 20 ms (contract: "usual frame").
FRAME_SAMPLES = 320
_FRAME_BYTES = 2 * FRAME_SAMPLES


def _order(gap: Gap) -> tuple[int, int]:
    return (gap.start, gap.end)


class Outbox:
    """The audio of one source. All positions and counts are samples."""

    __slots__ = (
        "_at_risk",
        "_buffered",
        "_connection_marks",
        "_limit",
        "_lost",
        "_lost_open",
        "_session_marks",
        "_tail",
        "_unproven",
        "_unsent",
        "captured",
        "closed",
        "confirmed",
        "dial_sent",
        "origin",
        "sent",
        "source",
    )

    def __init__(self, source: str, limit: int, origin: int) -> None:
        self.source = source
        self.origin = origin
        self.captured = origin
        self.sent = origin
        self.confirmed = origin
        self.closed = False
        self.dial_sent = 0  # samples pulled on this dial
        self._limit = limit
        self._buffered = 0
        self._tail = b""
        self._unsent: deque[tuple[int, bytes]] = deque()
        self._unproven: deque[tuple[int, bytes]] = deque()
        self._at_risk: list[tuple[int, int]] = []
        self._connection_marks: list[int] = []
        self._session_marks: list[int] = []
        self._lost: list[Gap] = []
        self._lost_open = 0  # gaps from here on are not reported yet and may still grow

    # Capture.

    def add(self, pcm: bytes) -> None:
        """Keep captured audio; it becomes frames of 320 samples however it was cut."""
        if self._tail or len(pcm) != _FRAME_BYTES:
            pcm = self._tail + pcm
            at = self.captured - len(self._tail) // 2
            whole = len(pcm) - len(pcm) % _FRAME_BYTES
            self._tail = pcm[whole:]
            for i in range(0, whole, _FRAME_BYTES):
                self._keep(at + i // 2, pcm[i : i + _FRAME_BYTES])
            self._fit()
            self.captured = at + len(pcm) // 2
        else:  # one whole frame, as nearly always
            self._unsent.append((self.captured, pcm))
            self.captured += FRAME_SAMPLES
            self._buffered += FRAME_SAMPLES
            while self._buffered > self._limit:
                self._shed()

    def hole(self, samples: int) -> None:
        """``samples`` passed that the source could not hear."""
        self._flush()
        self._lose(self.captured, self.captured + samples, GapCause.CAPTURE)
        self.captured += samples

    def close(self) -> None:
        """No more audio comes: the last, short frame may go out."""
        self._flush()
        self.closed = True

    def _flush(self) -> None:
        tail, self._tail = self._tail, b""
        if tail:
            self._keep(self.captured - len(tail) // 2, tail)

    def _keep(self, at: int, pcm: bytes) -> None:
        self._unsent.append((at, pcm))
        self._buffered += len(pcm) // 2
        self._fit()

    def _fit(self) -> None:
        while self.buffered > self._limit and self._buffered:
            self._shed()

    def _shed(self) -> None:
        if self._unproven:
            at, pcm = self._unproven.popleft()
            end = at + len(pcm) // 2
            if self._at_risk and self._at_risk[-1][1] == at:
                at = self._at_risk.pop()[0]
            self._at_risk.append((max(at, self.confirmed), end))
        else:
            at, pcm = self._unsent.popleft()
            end = at + len(pcm) // 2
            self._lose(at, end, GapCause.OVERFLOW)
        self._buffered -= len(pcm) // 2

    # Sending.

    @property
    def next_samples(self) -> int:
        """Samples in the frame that ``pull`` would give; 0 when there is none."""
        return len(self._unsent[0][1]) // 2 if self._unsent else 0

    @property
    def unsent(self) -> int:
        """Captured samples from the next frame to the live edge."""
        return self.captured - self._unsent[0][0] if self._unsent else 0

    @property
    def buffered(self) -> int:
        """Samples held in memory."""
        return self._buffered + len(self._tail) // 2

    @property
    def undelivered(self) -> bool:
        """Whether anything captured is neither confirmed nor given up."""
        return bool(self._unsent or self._unproven or self._at_risk or self._tail)

    def pull(self) -> bytes:
        """The next frame, which now counts as sent on this dial."""
        frame = self._unsent.popleft()
        at, pcm = frame
        if at != self.sent or not self._session_marks:  # a skip, or the dial's first
            self._connection_marks.append(self.dial_sent)
            self._session_marks.append(at)
        self._unproven.append(frame)
        samples = len(pcm) // 2
        self.dial_sent += samples
        self.sent = at + samples
        return pcm

    # Proof.

    def interval(self, start: int, end: int) -> tuple[int, int]:
        """Session samples of connection samples [start, end), clamped to what was sent."""
        if not self._session_marks:
            return self.confirmed, self.confirmed
        first = self._look_up(min(max(start, 0), self.dial_sent))
        end = min(max(end, 0), self.dial_sent)
        last = self._look_up(end - 1) + 1 if end else self._session_marks[0]
        return min(first, last), last

    def _look_up(self, sample: int) -> int:
        i = bisect_right(self._connection_marks, sample) - 1
        return self._session_marks[i] + sample - self._connection_marks[i]

    def confirm(self, position: int) -> bool:
        """The backend has dealt with everything before ``position``; True if that is news."""
        if position <= self.confirmed:
            return False
        self.confirmed = position
        unproven = self._unproven
        while unproven and unproven[0][0] + len(unproven[0][1]) // 2 <= position:
            self._buffered -= len(unproven.popleft()[1]) // 2
        while self._at_risk and self._at_risk[0][0] < position:
            end = self._at_risk.pop(0)[1]
            if end > position:
                self._at_risk.insert(0, (position, end))
                break
        return True

    # The dial and the end.

    def end_dial(self) -> None:
        """The dial is lost: what it did not prove is to be sent again."""
        for start, end in self._at_risk:
            self._lose(start, end, GapCause.UNPROVEN)
        self._at_risk.clear()
        self._unsent.extendleft(reversed(self._unproven))
        self._unproven.clear()
        self._connection_marks.clear()
        self._session_marks.clear()
        self.dial_sent = 0
        self.sent = self.confirmed
        if self._unsent:
            at, pcm = self._unsent[0]
            proved = self.confirmed - at
            if proved > 0:
                self._unsent[0] = (self.confirmed, pcm[2 * proved :])
                self._buffered -= proved

    def end(self) -> None:
        """The session is over: what is not confirmed is missing."""
        self._flush()
        for start, end in self._at_risk:
            self._lose(start, end, GapCause.UNPROVEN)
        for frames, cause in (
            (self._unproven, GapCause.UNCONFIRMED),
            (self._unsent, GapCause.UNDELIVERED),
        ):
            for at, pcm in frames:
                self._lose(max(at, self.confirmed), at + len(pcm) // 2, cause)
            frames.clear()
        self._at_risk.clear()
        self._buffered = 0

    def lose_somewhere(self, start: int, end: int, samples: int) -> None:
        """The backend says that it dropped ``samples`` somewhere within [start, end)."""
        self._lost.append(
            Gap(
                source=self.source,
                start=start,
                end=end,
                samples=samples,
                cause=GapCause.BACKEND,
                exact=False,
            )
        )

    def _lose(self, start: int, end: int, cause: GapCause) -> None:
        if start == end:
            return
        if len(self._lost) > self._lost_open and self._lost[-1].exact:
            last = self._lost[-1]
            if last.end == start and last.cause is cause:
                start = last.start
                self._lost.pop()
        self._lost.append(
            Gap(source=self.source, start=start, end=end, samples=end - start, cause=cause)
        )

    @property
    def has_news(self) -> bool:
        """Whether there are gaps that ``take_gaps`` has not handed out."""
        return len(self._lost) > self._lost_open

    def take_gaps(self) -> list[Gap]:
        """The gaps since the last call; they do not grow any more."""
        news = self._lost[self._lost_open :]
        self._lost_open = len(self._lost)
        return news

    def missing(self) -> list[Gap]:
        """All gaps in order of time, adjacent ones of one cause merged."""
        merged: list[Gap] = []
        for gap in sorted((g for g in self._lost if g.exact), key=_order):
            last = merged[-1] if merged else None
            if last and (last.end, last.cause) == (gap.start, gap.cause):
                merged[-1] = Gap(
                    source=gap.source,
                    start=last.start,
                    end=gap.end,
                    samples=last.samples + gap.samples,
                    cause=gap.cause,
                )
            else:
                merged.append(gap)
        return sorted([*merged, *(g for g in self._lost if not g.exact)], key=_order)
