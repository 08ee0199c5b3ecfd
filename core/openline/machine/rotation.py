"""Replacing a dial by the next one before its connection ends: the actions of ``draining``.

    streaming ──ROTATE──► draining ──all is confirmed, or DRAIN──► closing handshake ──► next dial

When its time has come (``life``) and a pause, the dial is *drained*: no new audio goes out on it,
while capture goes on. The words of all audio so far are asked for, by a flush or by a stop, as
``Traits.drain`` says. When all of it is confirmed, a final message came, or ``drain_timeout``
passed, the connection is closed, and the next dial goes out at once. What is unconfirmed is sent
again there. Three cases differ:

- Without a pause until the last moment the dial is replaced within a word. A flush would cut
  that word in two, so none is sent: the next dial hears the word whole.
- What the backend tells is behind what is said: a word may have begun of which it tells nothing
  yet. So it is a pause only if the audio is quiet too (``openline.audio.loudness``), where its
  level is known. In noise that lasts for ``NOISE`` seconds the words alone count.
- The limit of dials a minute applies first: a dial is kept until another one may go out.
- A stop that arrives while the flush is awaited is finished on this dial. Where the dial's own
  stop has gone out, the drain goes on, and unsent audio is finished over the next dial.

A backend that is much slower than speech may prove nothing on a dial. Where ends are claims the
mark moves all the same, between two held finals (``openline.audio.marks``): else each dial would
hear the audio of the one before again, until memory is full.

A rotation is *free*, without a delay and uncounted, only if the line held for as long as a stable
one, whether or not anything was said: an app may be muted for an hour. Otherwise a backend that
announces its end at each ack would be dialled for ever. Every ending while draining is judged as
any other one, and only a RETRY without a strike keeps the rotation free.
"""

from __future__ import annotations

from typing import Final

from openline.commands import CloseSocket
from openline.dialects.protocol import Expires
from openline.dialects.traits import Drain, Ends
from openline.machine.life import Leaving
from openline.machine.timers import DIAL_TIMERS, OFF, Timer
from openline.machine.words import Words

#: RFC 6455 §7.4.1: the purpose of the connection has been fulfilled.
CLOSE_NORMAL: Final = 1000
#: Seconds that the closing handshake of a replaced dial may take: the next dial waits for it.
HANDSHAKE: Final = 1.0
#: Seconds for which loud audio delays the replacement: a sentence has a pause in it before.
NOISE: Final = 10.0
#: Seconds between two looks for quiet audio: its level is known for each tenth of a second.
LOOK: Final = 0.1


class Rotating(Words):
    """The guards and actions that the chart names for replacing a dial."""

    __slots__ = ()

    # Guards.

    def may_rotate(self) -> bool:
        """Whether the dial may be left now: in a pause or at last, and another one may go out."""
        awaits_quiet = self.now < self.life.replaced_at + NOISE and self._is_loud
        is_time = self.now >= self.life.latest or not (self.timeline.speaks or awaits_quiet)
        return is_time and self.retry.gate.opens_at(self.now) <= self.now

    @property
    def _is_loud(self) -> bool:
        """Whether what a flush or a stop would cut now may be a word."""
        asks = self.dialect.traits.drain is not Drain.NONE
        return asks and any(stream.is_loud for stream in self.streams.all)

    def line_usable(self) -> bool:
        """Whether this dial can still be sent audio and a stop."""
        return self.life.leaving is not Leaving.CLOSING and not self.stop_is_sent

    def awaits_final(self) -> bool:
        """Whether this dial's stop has gone out, and its closing handshake has not begun."""
        return self.stop_is_sent and self.life.leaving is not Leaving.CLOSING

    def nothing_left(self) -> bool:
        """Whether the app has requested the stop, and all audio is confirmed or given up."""
        return self.stop_wanted and not self.streams.undelivered

    def renews_with_credential(self) -> bool:
        """Whether the next dial follows at once, and a credential is needed for it."""
        return self.retry.free and (self.credential_wanted or self.now >= self.credential_due_at)

    def renews(self) -> bool:
        """Whether the next dial follows at once."""
        return self.retry.free

    # Waiting for the time.

    def await_rotation(self) -> None:
        """The dial is to be replaced before its end, if that is known."""
        self.deadlines[Timer.ROTATE] = max(self.now, self.life.replaced_at)

    def note_expiry(self) -> None:
        """The backend announces the end of the connection; a date is not reported."""
        expires: Expires = self.message
        left = expires.seconds
        if expires.at is not None:
            left = self.life.until(self.now, expires.at)
        if left is not None:
            self.life.expire(self.now, left)
        if expires.seconds is not None:
            self.report_status_of("expiring", expires.text)

    def put_off_rotation(self) -> None:
        """Wait for a pause, or until another dial may go out."""
        self.life.waiting = True
        at = self.life.latest
        if not self.timeline.speaks:
            at = min(at, self.now + LOOK)
        opens_at = self.retry.gate.opens_at(self.now)
        if opens_at > self.now:
            at = opens_at
        self.deadlines[Timer.ROTATE] = at

    def look_for_pause(self) -> None:
        """Words or a proof came: is that the pause?"""
        if self.life.waiting and not self.timeline.speaks:
            self.arm(Timer.ROTATE, 0.0)

    # Draining.

    def begin_drain(self) -> None:
        """Send no more audio on this dial, and ask for the words of what was sent.

        Words that are being spoken are left to the next dial. But where nothing else than the end
        proves anything, the stop goes out all the same: the dial would prove nothing.
        """
        traits = self.dialect.traits
        drain, ends = traits.drain, traits.ends
        speaks = self.timeline.speaks or self._is_loud
        waits = speaks and not (drain is Drain.STOP and ends is Ends.NONE)
        asks = drain is not Drain.NONE and not waits and self._unconfirmed
        if asks:
            self.life.leaving = Leaving.FLUSH if drain is Drain.FLUSH else Leaving.STOP
        else:
            self.life.leaving = Leaving.DRAINING
        self.arm(Timer.DRAIN, traits.drain_timeout if asks else 0.0)

    @property
    def _unconfirmed(self) -> bool:
        return any(stream.box.confirmed < stream.box.sent for stream in self.streams.all)

    def look_for_end_of_drain(self) -> None:
        """Words, figures or a proof came: is all that was sent confirmed?"""
        if self.life.leaving is not Leaving.CLOSING and not self._unconfirmed:
            self.arm(Timer.DRAIN, 0.0)

    def take_drain_summary(self) -> None:
        """The answer to this dial's stop, which ended the dial and not the session."""
        self.confirm_by_final(at_the_end=False)

    def end_drain(self) -> None:
        """Nothing more is awaited: begin the closing handshake.

        Where the mark did not move on this dial, it moves now, if the held finals allow it.
        """
        for stream in self.streams.all:
            self.confirm(stream.box, stream.box.hearing.leave_dial())
        self.life.leaving = Leaving.CLOSING
        self.line_open = False
        self.queued.clear()
        self.disarm(DIAL_TIMERS)
        self.deadlines[Timer.DRAIN] = OFF
        self.arm(Timer.CLOSE, min(HANDSHAKE, self.policy.close_timeout))
        self.out.append(CloseSocket(self.dial, CLOSE_NORMAL))

    def stay(self) -> None:
        """The session is stopped, and finished on this dial."""
        self.life.leaving = Leaving.NOT

    def renew(self) -> None:
        """The next dial follows at once, to the backend itself; nothing is counted."""
        self.retry.note_renewal()
        self.aim_home()
