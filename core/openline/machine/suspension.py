"""A process that was stopped for a while: its clock went on, and nothing else did.

A laptop sleeps, a container is frozen, a user presses Ctrl-Z, or the app blocks its event loop.
Then all timers are overdue at once, though no one else is late: a pong, audio of a source and
messages lie ready and were not read.

So an event that comes more than ``LATE`` after the soonest deadline shows that the process did
not run in time. Before it is processed, overdue timers that wait for something get ``GRACE``, in
which what lies ready arrives. A timer gets it once, until it fires or is armed anew: a process
that is slow for good still finds a dead line. Timers that wait for time alone, as RETRY and PING
do, fire at once.

An event that comes more than ``NOTICED`` late is the end of a *suspension*. Then besides

- GIVE_UP, FINISH and QUIET, and the times in which a backend neither drained nor transcribed, are
  moved by the length of the suspension;
- STABLE starts anew: nothing shows that the line held;
- the session reports it.

An example: a ping went out at 100.0 s, so PONG is due at 105.0. The process is stopped from 101
to 400. The first event comes at 400.0, 295 s after the deadline. PONG is due at 400.25 now;
the pong that was there since 101 arrives before. If the process is stopped until 105.5 alone,
PONG is due at 105.75, and that is all.
"""

from __future__ import annotations

from typing import Final

from openline.machine.reporting import Reporting
from openline.machine.timers import OFF, Timer
from openline.updates import Resumed

#: Seconds by which an event has to be late for a grace: a loop that runs is late by less.
LATE: Final = 0.05
#: Seconds by which an event has to be late for a suspension: a busy loop is late by less.
NOTICED: Final = 1.0
#: Seconds in which what lies ready is read.
GRACE: Final = 0.25
#: The timers that get ``GRACE``: what they wait for may lie ready.
_GRANTED: Final = (
    *(Timer.SOURCE, Timer.AUTH, Timer.CONNECT, Timer.ACK, Timer.DRAIN, Timer.CLOSE),
    *(Timer.PONG, Timer.SEND, Timer.STALL, Timer.PROOF, Timer.QUIET),
)


def note_lateness(session: Reporting, late: float) -> None:
    """An event comes ``late`` seconds after the soonest deadline, more than ``LATE``."""
    now, deadlines, granted = session.now, session.deadlines, session.granted
    if late > NOTICED:
        _note_suspension(session, late)
    for timer in _GRANTED:
        if deadlines[timer] < now + GRACE and granted.get(timer) != deadlines[timer]:
            granted[timer] = deadlines[timer] = now + GRACE


def _note_suspension(session: Reporting, gap: float) -> None:
    """The process was suspended for ``gap`` seconds up to now."""
    deadlines = session.deadlines
    session.streams.note_suspension(gap)
    session.flushing_since += gap
    session.retry.note_suspension(gap)
    for timer in (Timer.GIVE_UP, Timer.FINISH, Timer.STALL, Timer.PROOF, Timer.QUIET):
        deadlines[timer] += gap  # OFF stays OFF
    if deadlines[Timer.STABLE] != OFF:
        session.arm(Timer.STABLE, session.policy.stable_after)
    session.report(Resumed(gap=gap))
