"""One source's audio, from capture to confirmation: three watermarks on one line of samples.

Positions are samples of session time. ``captured`` ≥ ``sent`` ≥ ``confirmed``:

    0 ── confirmed ──── sent ──────── captured
         │  unconfirmed │  unsent     │

``unsent`` is audio that this dial has not sent; ``unconfirmed`` is audio that it sent and the
backend has not confirmed. Frames move from one to the other, and back when the dial is lost.

``kept`` is the audio, and what is lost of it. This module adds what a dial does with it: it is
sent, the backend's times are mapped back to it (``time_map``), and it is confirmed.

What the backend reports as not transcribed is a gap at once (UNHEARD), is not sent again, and
the mark moves over it when all audio before it is settled.
"""

from __future__ import annotations

from openline.audio.backlog import FRAME_SAMPLES
from openline.audio.kept import KeptAudio
from openline.audio.time_map import TimeMap
from openline.machine.timers import OFF
from openline.updates import SAMPLE_RATE, GapCause

#: Samples waiting to be sent above which a source that can wait is paused.
ROOM = 2 * SAMPLE_RATE


class Outbox(KeptAudio):
    """The audio of one source, and what this dial sent of it. All counts are samples."""

    __slots__ = ("_next", "_positions", "dial_sent", "dial_short", "quiet")

    def __init__(
        self,
        source: str,
        limit: int,
        origin: int,
        disk_limit: int = 0,
        *,
        memory: int | None = None,
        sheds: bool = True,
    ) -> None:
        """The arguments are those of ``KeptAudio``."""
        super().__init__(source, limit, origin, disk_limit, memory=memory, sheds=sheds)
        # Pulled on this dial, silence included; missing in its short frames.
        self.dial_sent = self.dial_short = 0
        self.quiet = 0  # samples of silence that are to be put in behind the audio
        self._next: int = -1  # where the audio that continues the last run begins; -1: none does
        self._positions = TimeMap()

    # Sending.

    @property
    def next_samples(self) -> int:
        """Samples in the frame that ``pull`` would give; 0 when there is none."""
        frames = self._backlog.frames
        return len(frames[0][1]) // 2 if frames else 0

    def pull(self) -> bytes:
        """The next frame, which now counts as sent on this dial."""
        backlog = self._backlog
        at, pcm = backlog.frames.popleft()
        if at != self._next:  # a skip, or the first of the dial or behind silence
            self._positions.begin_run(self.dial_sent, at)
        samples = len(pcm) // 2
        backlog.samples -= samples
        self._unconfirmed.add(at, pcm)
        self.dial_sent += samples
        self.dial_short += FRAME_SAMPLES - samples
        self._next = self.sent = at + samples
        return pcm

    @property
    def message_samples(self) -> int:
        """Samples in a message that holds them as they were captured; 0: none does."""
        return FRAME_SAMPLES

    @property
    def is_level(self) -> bool:
        """Whether all that was captured is sent, and the next audio goes on where it ends."""
        at = self._next
        return at == self.captured and not (self.closed or self._tail or self._backlog)

    @property
    def room_in_memory(self) -> int:
        """Samples that may be kept beside those that are, before memory is full of them."""
        limit = self._limit
        return (limit if self._sheds else max(limit // 2, limit - ROOM) - 1) - self.buffered

    def relay(self, pcm: bytes) -> None:
        """Capture one message, and count it as sent on this dial; the box must be level."""
        unconfirmed = self._unconfirmed
        unconfirmed.audio.append(pcm)
        unconfirmed.samples += FRAME_SAMPLES
        self.dial_sent += FRAME_SAMPLES
        self.captured = self.sent = self._next = unconfirmed.end = self.captured + FRAME_SAMPLES

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
        """``position``, or the end of the lost audio that it lies in."""
        for start, end in self._unheard:
            if start <= position < end:
                position = end
        return position

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
        self._backlog.put_back(*unconfirmed.take())
        self._positions.clear()
        self.dial_sent = self.dial_short = self.quiet = 0
        self._next = -1
        self.sent = self.confirmed
        self._backlog.skip(self.confirmed)
        for start, end in self._unheard:
            self._backlog.cut(start, end)
        for start, end in unconfirmed.take_at_risk():
            self._let_go(start, end, GapCause.UNPROVEN, rest=True)

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

    # A source that the backend ignores.

    def ignore(self) -> None:
        """The backend ignores the source on this dial: tell what it holds, and lose the rest."""
        if not self.ignored:
            for reading in self.hearing.finish():
                self.tell(reading)
            self._ignored.begin = self.confirmed
            self._unheard.clear()  # the run is lost but for what is lost already
            self._forget()
            self._next = -1  # nothing goes straight through
            self._skip(0)
            self._ignored.grow(self.captured)
