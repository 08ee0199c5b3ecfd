"""The signals that ask a command for a proper end, and which of them are one request.

A terminal that closes sends SIGHUP. Its shell and the kernel both send it, and a service manager
may send it right behind SIGTERM. So a SIGHUP close to another signal is the same request. (Of two
signals that are pending Python hands over the lower number first, which is SIGHUP.)
"""

from __future__ import annotations

import math
import signal
from typing import Final

#: Seconds in which a SIGHUP and another signal are one request.
SAME: Final = 1.0
HANGUP: Final = getattr(signal, "SIGHUP", None)  # Windows has none


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask for a proper end. A SIGHUP that is ignored (``nohup``) stays so."""
    asked = (signal.SIGINT, signal.SIGTERM)
    if HANGUP is None or signal.getsignal(HANGUP) is signal.SIG_IGN:
        return asked
    return (*asked, HANGUP)


class Requests:
    """Tells which signals are requests of their own."""

    def __init__(self) -> None:
        self._last = -math.inf
        self._other = 0  # the last one that was no SIGHUP beside another

    def is_new(self, number: int, now: float) -> bool:
        """Whether the signal ``number``, at ``now`` in seconds, asks once more."""
        is_near, before = now - self._last < SAME, self._other
        self._last = now
        if number != HANGUP or not is_near:
            self._other = number
        return not (is_near and HANGUP in {number, before})
