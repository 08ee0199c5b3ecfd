"""A process that was stopped for a while: its clock went on, and nothing else did.

A laptop sleeps, a container is frozen, a user presses Ctrl-Z, or the app blocks its event loop.
Then all timers are overdue at once, though no one else is late: a pong, audio of a source and
messages lie ready and were not read. So an event that comes more than ``NOTICED`` after the
soonest deadline is taken for the end of a *suspension*, and before it is processed

- overdue timers of the dial, the state and the sources get ``GRACE``, in which what lies ready
  arrives. A timer gets it once, until it fires or is armed anew: a process that is slow for
  good still finds a dead line;
- GIVE_UP, FINISH and QUIET, and the times in which a backend neither drained nor transcribed, are
  moved by the length of the suspension;
- STABLE starts anew: nothing shows that the line held.

An example: a ping went out at 100.0 s, so PONG is due at 105.0. The process is stopped from 101
to 400. The first event comes at 400.0, 295 s after the deadline. PONG is due at 400.25 now;
the pong that was there since 101 arrives before.
"""

from __future__ import annotations

from typing import Final

from openline.machine.reporting import Reporting
from openline.machine.timers import DIAL_TIMERS, OFF, STATE_TIMERS, TIMERS, Timer
from openline.updates import Resumed

#: Seconds by which an event has to be late: a busy loop is late by less.
NOTICED: Final = 1.0
#: Seconds in which what lies ready is read.
GRACE: Final = 0.25
#: These only let the sender look again.
_SENDING: Final = {Timer.PACE, Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE}
#: The timers that get ``GRACE``.
_GRANTED: Final = frozenset(
    {*TIMERS[STATE_TIMERS], *TIMERS[DIAL_TIMERS], Timer.SOURCE} - {Timer.STABLE, *_SENDING}
)


def note_suspension(session: Reporting, gap: float) -> None:
    """The process was suspended for ``gap`` seconds up to now."""
    now, deadlines, granted = session.now, session.deadlines, session.granted
    session.streams.note_suspension(gap)
    session.flushing_since += gap
    session.retry.note_suspension(gap)
    for timer in (Timer.GIVE_UP, Timer.FINISH, Timer.STALL, Timer.PROOF, Timer.QUIET):
        deadlines[timer] += gap  # OFF stays OFF
    if deadlines[Timer.STABLE] != OFF:
        session.arm(Timer.STABLE, session.policy.stable_after)
    for timer in _GRANTED:
        if deadlines[timer] < now + GRACE and granted.get(timer) != deadlines[timer]:
            granted[timer] = deadlines[timer] = now + GRACE
    # A last retry is due just before the limit of the session, and stays so.
    if min(deadlines[Timer.GIVE_UP], deadlines[Timer.FINISH]) <= deadlines[Timer.RETRY] < OFF:
        deadlines[Timer.RETRY] = now
    session.report(Resumed(gap=gap))
