"""Every timer of a session, as one enum.

A deadline is data: ``SessionState.deadlines[timer]`` is a time or ``OFF``. The timer that is due
next is ``min``; what then happens is the chart's event in ``Timer.fires``. Equal deadlines fire
in the order of the enum. A scope is a contiguous run of the enum, so that a scope ends with
one slice: the session's timers, the state's (such a timer lives as long as its state) and the
dial's (from the ack to the end of the socket).

To add a timer: a member here, and the states that it runs in; its duration in ``policy``; its
event in ``chart`` if it fires a new one; the action that arms it; and a row in the verdict
table if it ends a dial.
"""

from __future__ import annotations

import math
from enum import Enum, IntEnum, auto
from typing import Final, Self

from openline.reconnect.verdict_table import ErrorKind

#: The deadline of a timer that is not armed.
OFF = math.inf


class Scope(Enum):
    """How long a timer lives at most."""

    SESSION = auto()
    STATE = auto()
    DIAL = auto()


class Timer(IntEnum):
    """A timer; the order settles ties.

    ``fires`` is the chart's event that it fires when due, None: none. ``error`` is how a dial,
    or a request for a credential, has ended then; None: none has.
    """

    # From the stop request.
    FINISH = Scope.SESSION, "finish_due"
    # From the first loss until the line is stable.
    GIVE_UP = Scope.SESSION, "give_up_due"
    # From the opening until the stop: is a source silent for too long? Fires its event only
    # when the last source is lost.
    SOURCE = Scope.SESSION, "stop_requested"

    AUTH = Scope.STATE, "timed_out", ErrorKind.CREDENTIAL_LATE
    CONNECT = Scope.STATE, "timed_out", ErrorKind.NO_SOCKET
    SETTLE = Scope.STATE, "settle_due"
    ACK = Scope.STATE, "timed_out", ErrorKind.NO_ACK
    STABLE = Scope.STATE, "stable_due"
    # Until the dial is to be replaced, if its connection is known to end.
    ROTATE = Scope.STATE, "rotate_due"
    # While a dial is replaced: until what was sent is confirmed.
    DRAIN = Scope.STATE, "drain_due"
    RETRY = Scope.STATE, "retry_due"
    CLOSE = Scope.STATE, "timed_out"

    PONG = Scope.DIAL, "timed_out", ErrorKind.NO_PONG
    SEND = Scope.DIAL, "timed_out", ErrorKind.SEND_STUCK
    STALL = Scope.DIAL, "timed_out", ErrorKind.STALLED
    # While audio of a source is sent and not confirmed: does the backend process it?
    PROOF = Scope.DIAL, "timed_out", ErrorKind.DEAF
    PING = Scope.DIAL, "ping_due"
    # From the stop, where the backend ends no session: until when words are waited for.
    QUIET = Scope.DIAL, "quiet_due"
    # These fire none: they only make the sender pull again. When time opens a window; when the
    # rest of a message has waited for long enough, a flush is due, a line was silent too long.
    PACE = Scope.DIAL, None
    FILL = Scope.DIAL, None
    FLUSH = Scope.DIAL, None
    KEEPALIVE = Scope.DIAL, None

    scope: Scope
    fires: str | None
    error: ErrorKind | None

    def __new__(cls, scope: Scope, fires: str | None, error: ErrorKind | None = None) -> Self:
        """A member with the next number."""
        number = len(cls.__members__)
        member = int.__new__(cls, number)
        member._value_ = number
        member.scope, member.fires, member.error = scope, fires, error
        return member


#: Every timer at its number: ``TIMERS[number]`` is faster than ``Timer(number)``.
TIMERS: Final = tuple(Timer)


def _run_of(scope: Scope) -> slice:
    timers = [timer for timer in Timer if timer.scope is scope]
    return slice(timers[0], timers[-1] + 1)


ALL_TIMERS: Final = slice(0, len(Timer))
SESSION_TIMERS: Final = _run_of(Scope.SESSION)
STATE_TIMERS: Final = _run_of(Scope.STATE)
DIAL_TIMERS: Final = _run_of(Scope.DIAL)

#: The timers that may run in each state; drawn in the diagrams, held by the tests.
RUNS: dict[str, tuple[Timer, ...]] = {
    "idle": (),
    "authorizing": (Timer.AUTH, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "connecting": (Timer.CONNECT, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "awaiting_ack": (Timer.SETTLE, Timer.ACK, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "streaming": (
        *(Timer.STABLE, Timer.ROTATE),
        *(Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PROOF),
        *(Timer.PACE, Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE, Timer.SOURCE),
    ),
    "draining": (
        *(Timer.DRAIN, Timer.CLOSE),
        *(Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PROOF),
        *(Timer.PACE, Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE, Timer.SOURCE, Timer.FINISH),
    ),
    "reconnecting": (Timer.RETRY, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "finishing": (
        *(Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PROOF),
        *(Timer.PACE, Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE, Timer.QUIET, Timer.FINISH),
    ),
    "closing": (Timer.CLOSE,),
    "closed": (),
    "failed": (),
}
