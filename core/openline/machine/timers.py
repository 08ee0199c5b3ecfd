"""Every clock that the core waits on, as one enum and one table.

A deadline is data: ``Actions.deadlines[timer]`` is a time or ``OFF``. Who is due first is
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
    SOURCE = 2  # from the opening until the stop: has a source fallen silent?
    # of the state
    AUTH = 3
    CONNECT = 4
    SETTLE = 5
    ACK = 6
    STABLE = 7
    RETRY = 8
    CLOSE = 9
    # of the dial
    PONG = 10
    SEND = 11
    STALL = 12
    PING = 13
    # of the sender
    PACE = 14


ALL_TIMERS = slice(0, 15)
SESSION_TIMERS = slice(0, 3)
STATE_TIMERS = slice(3, 10)
DIAL_TIMERS = slice(10, 15)

#: The chart's event that a due timer fires. PACE fires none: it only makes the sender
#: pull again. SOURCE fires its event only when the last source is lost.
FIRES: dict[Timer, str | None] = {
    Timer.FINISH: "finish_due",
    Timer.GIVE_UP: "give_up_due",
    Timer.SOURCE: "stop_requested",
    Timer.AUTH: "timed_out",
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
    "authorizing": (Timer.AUTH, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "connecting": (Timer.CONNECT, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "awaiting_ack": (Timer.SETTLE, Timer.ACK, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "streaming": (
        *(Timer.STABLE, Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PACE),
        Timer.SOURCE,
    ),
    "reconnecting": (Timer.RETRY, Timer.GIVE_UP, Timer.FINISH, Timer.SOURCE),
    "finishing": (Timer.PING, Timer.PONG, Timer.SEND, Timer.STALL, Timer.PACE, Timer.FINISH),
    "closing": (Timer.CLOSE,),
    "closed": (),
    "failed": (),
}
