"""The lock that keeps a file to one process at a time: ``flock``, where there is one.

Windows has no ``fcntl``. Everything but a spool and a journal works there; these two need the
lock, and refuse in one line, rather than let two processes write into each other's files.
"""

from __future__ import annotations

import errno
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:
    fcntl = None


def check_locks(what: str) -> None:
    """Raise OSError, one line, if this system has no locks, so that ``what`` cannot work."""
    if fcntl is None:
        raise OSError(
            errno.ENOTSUP, f"{what} needs file locks (fcntl), which this system does not have"
        )


def lock(fd: int, what: str) -> None:
    """Lock the open file for ``what``, until it is closed.

    Raises BlockingIOError if another process has locked it, OSError if it cannot be locked.
    """
    check_locks(what)
    assert fcntl is not None  # noqa: S101  # just checked
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
