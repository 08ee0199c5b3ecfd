"""Sends a live frame at once, by the answers that the frame before it got.

``receive`` and ``next_message`` ask some twenty questions for each frame: is the line open, does a
ping go first, does the window allow it, is memory full, is a timer due? On a line that streams,
nothing but audio comes for half a second at a time, and the answers stay the same. A ``Lane``
holds them for one source, as limits that one comparison each can check:

- ``until``: a timer is due then, so time decides something.
- ``_clear_to``: up to this connection sample no window shuts, and memory is not full.
- ``_ping_from``: from this connection sample on a ping is wanted.
- ``_free_to``: up to this one neither of the two has to be asked.

Within them a frame is captured, encoded and pulled in one step, and the books are those that the
long way leaves: ``tests/properties/test_relay.py`` plays both and compares. Whatever else happens
may change an answer, so the machine shuts its lanes then, and the next frame goes the long way. A
lane is made only while the sender is idle: all that was captured is sent, and no send is under way.
A face may keep the lane of the last frame, and ask it directly: one that is shut takes nothing.

Three things happen so often that they keep the lane: the ping that a frame makes due, the pull
behind that ping, and its pong. Each changes what the limits are made of, and no other answer.
Observers are shown a pull and a pong as on the long way; the lane is held meanwhile, so that none
of them sends audio by it.

An example: the last ping went out behind connection sample 8,000, and the backend has received
that much. The next ping is wanted 8,000 samples later (``Limits.ping_live``), and the window is
open up to 33,600. So 25 frames of 320 go through the lane, and the ping follows the last of them.

A lane takes messages whose form is the samples as captured. A spool, a line that must be tended,
a pace, and silence that is only assumed need the long way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from openline.audio.stream import Stream
from openline.commands import SendPing
from openline.events import PongReceived
from openline.machine.life import Leaving
from openline.machine.observing import Observers
from openline.machine.reporting import Reporting
from openline.machine.sender import ping
from openline.machine.table import Transition
from openline.machine.timers import OFF, Timer
from openline.observer import Observer
from openline.updates import State

_SEND, _STALL, _PACE = int(Timer.SEND), int(Timer.STALL), int(Timer.PACE)
_PONG = int(Timer.PONG)
_STREAMING = State.STREAMING.value
S = TypeVar("S", bound=Reporting)
#: The largest absolute value of a signed 16-bit sample.
_FULL_SCALE = 32768


def lane_of(session: Reporting, source: str) -> Lane | None:
    """The lane of ``source`` while its audio may go straight through; None: it may not."""
    streams, deadlines = session.streams, session.deadlines
    stream = streams.get(source)
    if stream is None or not (_is_plain(session) and _is_idle(session)):
        return None
    box, limits = stream.box, stream.window.limits
    size = box.message_samples
    if (
        not size
        or not box.is_level
        or box.left_unproved
        or box.hearing.told
        or box.losses.has_news
        or stream.assuming is not None
        or stream.stuck
        or stream.shut_since != OFF
        or limits.pace is not None
        or (limits.keeps_all and stream.due_since == OFF)
    ):
        return None
    return Lane(session, stream, min(deadlines))


def _is_plain(session: Reporting) -> bool:
    """Whether a frame has nothing to do but to be sent and kept."""
    return (
        session.state == _STREAMING
        and not session.spooled
        and not session.streams.has_disk
        and not session.upkeep.notes_audio
        and not session.stop_wanted
        and not session.watch.holds
        and not session.streams.closed
        and session.life.leaving is Leaving.NOT
    )


def _is_idle(session: Reporting) -> bool:
    """Whether the sender has nothing to send, completed its last send, and left no report."""
    streams, deadlines = session.streams, session.deadlines
    return (
        session.line_open
        and deadlines[_SEND] == deadlines[_STALL] == deadlines[_PACE] == OFF
        and not session.out
        and not session.queued
        and not session.start_due
        and not session.ping_wanted
        and not streams.quiet
        and not streams.newly_due
        and not streams.wants_ping()
    )


class Lane:
    """The way of one source straight through, within its limits.

    It is *held* while a ping is to be pulled, or is being sent, and while observers are called:
    then no audio goes through.
    """

    __slots__ = (
        *("_box", "_bytes", "_clear_to", "_encode", "_free_to", "_heard", "_loudness"),
        *("_ping_from", "_resumes", "_samples", "_session", "_shares", "_stream", "_until"),
        *("is_shut", "source", "wants_ping"),
    )

    def __init__(self, session: Reporting, stream: Stream, until: float) -> None:
        box = stream.box
        self._until = self._resumes = until  # it takes nothing at this time or later
        self.is_shut = False  #: something else has happened: it takes nothing any more
        self.wants_ping = False  #: a ping is to be pulled
        self._samples = box.message_samples
        self._bytes = 2 * self._samples
        self._session, self._stream, self._box = session, stream, box
        self.source, self._loudness = box.source, stream.loudness
        self._shares = session.streams.are_several
        self._encode, self._heard = session.dialect.audio, session.watch.heard
        self._look()

    def _look(self) -> None:
        """Read the limits, which a ping and a pong move."""
        box, window = self._box, self._stream.window
        limits, pinged = window.limits, window.pinged
        clear_to = min(window.drained + limits.free, box.dial_sent + box.room_in_memory)
        self._clear_to = clear_to - self._samples
        late = max(pinged + limits.ping_backlog, window.received + limits.ping_live + 1)
        self._ping_from = min(pinged + limits.ping_live, late) - self._samples
        self._free_to = min(self._clear_to, self._ping_from - 1)

    def send(self, pcm: bytes, now: float, peak: int | None = None) -> bytes | None:
        """The message with ``pcm``, which counts as sent; None: it has to go the long way."""
        session, box = self._session, self._box
        sent = box.dial_sent
        if not session.now <= now < self._until:
            return None
        if len(pcm) != self._bytes or (sent > self._free_to and sent > self._clear_to):
            return None
        if peak is not None and not 0 <= peak <= _FULL_SCALE:
            return None  # it is refused on the long way
        try:  # a dialect is pure: what fails here fails again on the long way, and is reported
            made = self._encode(session.memory, self.source, pcm, session.sent_audio)
            memory, (data,) = made
        except Exception:  # noqa: BLE001  # what fails here fails again on the long way
            return None
        if type(data) is not bytes or type(made) is not tuple or type(made[1]) is not tuple:
            return None
        session.now = now
        session.memory = memory
        session.sent_audio += 1
        session.sent_messages += 1
        if self._loudness is not None:
            self._loudness.note(box.captured, self._samples, peak)
        box.relay(pcm)
        if self._shares:
            session.streams.rotate(self._stream)
        self._heard[self.source] = now
        if sent > self._free_to and sent >= self._ping_from:
            self.wants_ping = True
            self._until = -OFF
        return data

    def shut(self) -> None:
        """Something else happens."""
        self.is_shut = True
        self._until = self._resumes = -OFF

    def may_pull(self, now: float) -> bool:
        """Whether ``pull`` takes the place of the long way.

        With several sources, another one may have audio that waits for a window to open.
        """
        return not self._shares and self._session.now <= now < self._resumes

    def pull(self, now: float) -> SendPing | None:
        """The ping, if it wants one; else None, and it is held no longer."""
        session, deadlines = self._session, self._session.deadlines
        session.now = now
        if self.wants_ping:
            self.wants_ping = False
            made = ping(session)
            self._resumes = min(deadlines)
            self._look()
            return made
        deadlines[_SEND] = deadlines[_PACE] = OFF
        self._until = self._resumes
        return None

    def hold(self) -> float:
        """Take nothing until ``go_on``, which wants what this returns."""
        until, self._until = self._until, -OFF
        return until

    def go_on(self, until: float) -> None:
        """Be held no longer, unless something else has happened."""
        if not self.is_shut:
            self._until = until

    def may_pong(self, now: float) -> bool:
        """Whether ``pong`` takes the place of the long way: not while the source pauses."""
        is_next = self._box.dial_sent > self._stream.ponged
        return is_next and self._session.now <= now < self._until

    def pong(self, mark: bytes, now: float) -> None:
        """The backend received what was sent before the ping with ``mark``."""
        session = self._session
        session.now = now
        session.deadlines[_PONG] = OFF
        session.pong = mark
        session.streams.note_pong(mark)
        self._stream.ponged = self._box.dial_sent
        self._look()


class Relaying(Generic[S]):
    """The part of a ``SessionMachine`` that keeps the lanes: what a face may do at once."""

    __slots__ = ("_interpret", "_lanes", "_observers", "_session", "wants_pull")

    _session: S
    _observers: Observers | None
    _interpret: Callable[[str], Transition | bool | None] | None
    _lanes: dict[str, Lane]  # how frames go while nothing else happens
    _pong_row: ClassVar[Transition]  # what a pong runs in the chart, on a line that streams
    wants_pull: bool  #: after ``relay``: there is a ping to pull, behind its message

    def relay(self, source: str, pcm: bytes, now: float, peak: int | None = None) -> bytes | None:
        """Capture one message of live audio, and return it for the wire, where that is all to do.

        None: nothing has changed; ``receive`` it as ``AudioCaptured``, and pull. Else it is as if
        the message was received and pulled: the send counts as completed. Call ``sending`` if it
        is not. A further pull gives None, but for a ping if ``wants_pull`` is True now. ``peak``,
        0 to 32768, as in ``AudioCaptured``.
        A session has no such way where an observer wants to see audio. Raises RuntimeError if an
        observer calls it.
        """
        lane = self.lane(source)
        if lane is None:
            return None
        message = lane.send(pcm, now, peak)
        if message is None and self._observers is not None:
            self._observers.begin()  # refuse an observer, for which the lane is held
        self.wants_pull = lane.wants_ping
        return message

    def lane(self, source: str) -> Lane | None:
        """The lane of ``source`` for its next messages, as ``relay`` has it; None: there is none.

        It takes none any more once anything else has happened.
        """
        lane = self._lanes.get(source)
        if lane is None:
            watch = self._observers
            if watch is not None and not watch.lets_relay():
                return None
            if (lane := lane_of(self._session, source)) is not None:
                self._lanes[source] = lane
        return lane

    def pong(self, event: PongReceived, now: float) -> bool:
        """Take in a pong that only proves what the backend received, where that is all to do.

        False: nothing has changed; ``receive`` it. Else it is as if it was received: there are no
        commands, and a pull that gave None gives None again. Observers are shown it as ever, but a
        session has no such way where one of them wants to see audio. Raises RuntimeError if an
        observer calls it.
        """
        if event.dial != self._session.dial or self._interpret is not None:
            return False
        lane, watch = self._lane(), self._observers
        if lane is None or not lane.may_pong(now):
            return False
        if watch is None:
            lane.pong(event.mark, now)
            return True
        until = lane.hold()
        watch.call(Observer.on_event, event, now)
        lane.pong(event.mark, now)
        watch.call(Observer.on_transition, self._pong_row, now)
        watch.call(Observer.on_done, event, now)
        lane.go_on(until)
        return True

    def _pull_by(self, lane: Lane, now: float) -> SendPing | None:
        """Pull by a lane that allows it."""
        watch = self._observers
        if watch is None:
            return lane.pull(now)
        watch.begin()
        outgoing = lane.pull(now)
        if outgoing is not None:  # it is held until the next pull
            watch.call(Observer.on_pull, outgoing, now)
        return outgoing

    def is_idle(self) -> bool:
        """Whether a pull that gave None would give None again, whatever was received since.

        It looks only where that is quickly told: False may be wrong.
        """
        return self._lane() is not None

    def _shut_lanes(self) -> None:
        """Something happens that may change where audio may go."""
        if self._lanes:
            for lane in self._lanes.values():
                lane.shut()
            self._lanes.clear()

    def _lane(self) -> Lane | None:
        """The lane of the one source of a session; None: there is none, as in ``lane``."""
        lanes, streams, watch = self._lanes, self._session.streams, self._observers
        if streams.are_several or (watch is not None and not watch.lets_relay()):
            return None
        for lane in lanes.values():
            return lane
        if (stream := streams.get(None)) is None:
            return None
        source = stream.box.source
        made = lane_of(self._session, source)
        if made is not None:
            lanes[source] = made
        return made

    def sending(self, now: float) -> None:
        """The socket has not taken the message of the last ``relay`` yet; pull when it has."""
        self._shut_lanes()
        session = self._session
        session.now = max(session.now, now)
        session.arm(Timer.SEND, session.policy.send_timeout)
