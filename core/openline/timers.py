"""Every clock that the core waits on, as one enum and one table.

A deadline is data: ``Link.deadlines[timer]`` is a time or ``OFF``. Who is due first is
``min``; what then happens is the event in ``FIRES``. Equal deadlines fire in the
order of the enum. Scopes are contiguous, so that a scope is over with one slice:
the session's timers, the state's (a timer lives as long as its state), the dial's
(from the ack to the end of the socket) and the sender's.
"""

from __future__ import annotations

import math
from enum import IntEnum

#: The deadline of a timer that is not armed.
OFF = math.inf


class Timer(IntEnum):
    """A clock; the order settles ties."""

    # of the session
    FINISH = 0  # from the stop request
    GIVE_UP = 1  # from the first loss until the line is stable
    # of the state
    AUTH = 2
    CONNECT = 3
    SETTLE = 4
    ACK = 5
    STABLE = 6
    RETRY = 7
    CLOSE = 8
    # of the dial
    PONG = 9
    SEND = 10
    STALL = 11
    PING = 12
    # of the sender
    PACE = 13


SESSION_TIMERS = slice(0, 2)
STATE_TIMERS = slice(2, 9)
DIAL_TIMERS = slice(9, 14)

#: The chart's event that a due timer fires. PACE fires none: it only makes the sender
#: pull again.
FIRES: dict[Timer, str | None] = {
    Timer.FINISH: "finish_due",
    Timer.GIVE_UP: "give_up_due",
    Timer.AUTH: "credential_failed",
    Timer.CONNECT: "timed_out",
    Timer.SETTLE: "settle_due",
    Timer.ACK: "timed_out",
    Timer.STABLE: "stable_due",
    Timer.RETRY: "retry_due",
    Timer.CLOSE: "timed_out",
    Timer.PONG: "timed_out",
    Timer.SEND: "timed_out",
    Timer.STALL: "timed_out",
    Timer.PING: "ping_due",
    Timer.PACE: None,
}

#: The timers that may run in each state; drawn in the diagrams, held by the tests.
RUNS: dict[str, tuple[Timer, ...]] = {
    "idle": (),
    "authorizing": (Timer.AUTH, Timer.GIVE_UP, Timer.FINISH),
    "connecting": (Timer.CONNECT, Timer.GIVE_UP, Timer.FINISH),
    "awaiting_ack": (Timer.SETTLE, Timer.ACK, Timer.GIVE_UP, Timer.FINISH),
    "streaming": (Timer.STABLE, Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PACE),
    "reconnecting": (Timer.RETRY, Timer.GIVE_UP, Timer.FINISH),
    "finishing": (Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PACE, Timer.FINISH),
    "closing": (Timer.CLOSE,),
    "closed": (),
    "failed": (),
}
