"""How many sessions this process has files for.

A session has a socket, and with a spool its log, its lock and the file of each source that is being
written. A process that runs out of them can dial no more, and loses sessions that would be well on
another machine. So a shard counts, and refuses a session for which there is no room.

The soft limit (``ulimit -n``, often 1,024) is there for programs that use ``select``; a shard uses
none, and raises it to the hard one. ``openline load`` asks here as well.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

from openline_fleet.spec import SessionSpec

#: Files that the program keeps for all else: its libraries, its log, a thread's reads.
SPARE: Final = 64
#: Of a spool: its log and its lock.
_SPOOL: Final = 2


def needed(spec: SessionSpec) -> int:
    """The files that a session may have open at once."""
    spooled = 0 if spec.spool is None else _SPOOL + len(spec.sources)
    recordings = sum(each.path is not None for each in spec.sources)
    return 1 + spooled + recordings + (spec.journal is not None)


def allowed() -> int | None:
    """The files that all sessions of this process may have open; None: nobody says.

    Raises the soft limit as far as it goes.
    """
    files = raised(None)
    return None if files is None else max(1, files - SPARE)


def raised(*wishes: int | None) -> int | None:
    """The files that this process may have open, once the soft limit is raised; None: any number.

    ``wishes`` are tried in turn, until the system allows one: it may refuse what the hard limit
    allows, as on macOS. None: as many as the hard limit has.
    """
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415  # not on Windows

    endless = resource.RLIM_INFINITY
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wish in wishes:
        high = hard if wish is None or (hard != endless and wish > hard) else wish
        if soft in {endless, high} or (high != endless and soft > high):
            break
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (high, hard))
            soft = high
            break
    return None if soft == endless else soft
