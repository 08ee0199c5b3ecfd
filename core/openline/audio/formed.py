"""The audio of one source for a backend that wants messages of another form than 20 ms frames.

Audio waits in the backlog until there is a whole message of it, so it counts as unsent, and is
lost, shed or sent again like any other. At most one message of latency is added. What is less
than a message goes out when

- no more audio comes: the source has ended, or the session is to stop;
- the dial is to be drained, or its words are asked for: ``push``;
- it has waited for its own length (FILL), as when a source is muted. If it would have to be
  filled up with silence it waits ``JITTER`` longer, for audio that is only late: silence within
  a word costs more than that.

Then it is filled up with silence to the least length of a message. The filter of another rate
(``forming``) lags by its delay, so that much silence follows the last audio too. All silence is
in the time map: a sample counts as sent when the messages hold all of it.

An example: messages of 0.1 s, at least 0.05 s, at 24 kHz; in samples of 16 kHz. 1,920 were
captured, and the source ends. The first message takes 1,600; 1,584 of them count as sent. The
second one takes 320, and 480 of silence, and all 1,920 are sent.

The captured audio of a message is kept as one frame behind it: it leaves memory as a whole.

Positions are samples of session time, counts are samples of 16 kHz.
"""

from __future__ import annotations

from typing import Final

from openline.audio.forming import Former
from openline.audio.outbox import Outbox
from openline.dialects.traits import AudioForm
from openline.machine.timers import OFF
from openline.updates import SAMPLE_RATE, to_samples

#: Seconds by which live audio may be late: a few blocks of a sound card. An estimate.
JITTER: Final = 0.5

_DEFAULT: Final = AudioForm()


def is_formed(form: AudioForm) -> bool:
    """Whether audio messages are other than frames as they are captured."""
    return form != _DEFAULT


class FormedOutbox(Outbox):
    """An outbox whose messages have a form of their own."""

    __slots__ = (
        "_fed",
        "_fill_at",
        "_form",
        "_former",
        "_held",
        "_is_pushed",
        "_least",
        "_pulled",
        "_usual",
    )

    def __init__(
        self,
        source: str,
        limit: int,
        origin: int,
        disk_limit: int = 0,
        *,
        memory: int | None = None,
        sheds: bool = True,
        form: AudioForm,
    ) -> None:
        super().__init__(source, limit, origin, disk_limit, memory=memory, sheds=sheds)
        self._form = form
        self._usual = to_samples(form.usual)
        self._least = to_samples(form.least)
        self._begin()

    def _begin(self) -> None:
        self._former = Former(self._form)
        self._fed = 0  # put into the former on this dial, silence included
        self._held = 0  # silence that pushes captured audio out of the filter
        self._pulled = self.sent  # the position behind the last audio put in
        self._is_pushed = False  # less than a message is to go out
        self._fill_at = OFF  # when that is due

    @property
    def _has_message(self) -> bool:
        return self._backlog.ready(self._usual) == self._usual

    @property
    def next_samples(self) -> int:
        """Samples in the message that ``pull`` would give, silence included; 0: there is none."""
        ready = self._backlog.ready(self._usual)
        if ready == self._usual:
            return ready
        # Audio on the disk is to be in the same message.
        if self._backlog.disk or not (self.closed or self._is_pushed):
            return 0
        held = self._former.delay if ready else self._held
        return min(max(ready + held, self._least), self._usual) if ready + held else 0

    @property
    def message_samples(self) -> int:
        """Samples in a message that holds them as they were captured; 0: none does."""
        return self._usual if self._former.is_identity else 0

    @property
    def is_level(self) -> bool:
        """Whether all that was captured is sent, and the next audio goes on where it ends."""
        return super().is_level and not self._is_pushed

    def relay(self, pcm: bytes) -> None:
        """Capture one message, and count it as sent on this dial; the box must be level."""
        samples, unconfirmed = self._usual, self._unconfirmed
        unconfirmed.audio.append(pcm)
        unconfirmed.samples += samples
        self.dial_sent = self._fed = self.dial_sent + samples
        self.captured = end = self.captured + samples
        self.sent = self._next = self._pulled = unconfirmed.end = end

    def push(self) -> None:
        """All that is captured is to go out, though it is less than a message."""
        self._is_pushed = bool(self._backlog or self._held)

    def fill(self, now: float, /) -> float:
        """When less than a message goes out, which waits now; if by ``now``, it does. OFF: none."""
        ready = self._backlog.ready(self._usual)
        if not ready or self.next_samples:
            self._fill_at = OFF
        elif self._fill_at == OFF:
            late = JITTER if ready < self._least else 0.0
            self._fill_at = now + self._usual / SAMPLE_RATE + late
        elif self._fill_at <= now:
            self._is_pushed = True
            self._fill_at = OFF
            return now
        return self._fill_at

    def pull(self) -> bytes:
        """The next message, in the form for the wire; what it holds counts as sent."""
        return self._message(self.next_samples)

    def pull_silence(self, samples: int) -> bytes:
        """A message of ``samples``: audio that waits is in it, the rest is silence."""
        return self._message(samples)

    def _message(self, samples: int) -> bytes:
        unconfirmed, positions, delay = self._unconfirmed, self._positions, self._former.delay
        frames = self._backlog.take(self._backlog.ready(samples))
        if not self._fed:
            self._pulled = self.sent
            if delay:  # the filter begins in silence
                positions.begin_still(0, frames[0][0] if frames else self.sent)
        audio = b"".join([pcm for _, pcm in frames])
        if frames and frames[-1][0] + len(frames[-1][1]) // 2 - frames[0][0] == len(audio) // 2:
            frames = [(frames[0][0], audio)]  # nothing is missing between them
        for at, pcm in frames:
            if at != self._next:
                positions.begin_run(self._fed + delay, at)
            count = len(pcm) // 2
            unconfirmed.add(at, pcm)
            self._fed += count
            self._next = self._pulled = at + count
        if frames:
            self._held, self._fill_at = delay, OFF
        if silence := samples - len(audio) // 2:
            positions.begin_still(self._fed + delay, self._pulled)
            self._fed += silence
            self._held = max(0, self._held - silence)
            self._next = -1
        self._is_pushed &= bool(self.next_samples)
        self.dial_sent = self._fed
        self.dial_short += self._usual - samples
        self.sent = positions.span(self._fed, self._fed, self._fed)[1]
        return self._former.push(audio + bytes(2 * silence))

    def end_dial(self) -> None:
        """The dial is lost: its unconfirmed audio is to be sent again."""
        super().end_dial()
        self._begin()

    def ignore(self) -> None:
        """The backend ignores the source on this dial: what the filter holds is lost too."""
        super().ignore()
        self._held = 0
