"""How many files this process may open, asked before a load begins.

Each caller has a socket. A process that runs out of descriptors halfway would measure nothing but
that, so the soft limit is raised as far as it must be; where the hard limit forbids it, one line
says what to do. Windows has no such limit for sockets.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

from openline_cli.problems import Problem

if sys.platform != "win32":
    import resource

#: What a process needs besides: standard streams, the loop's own, names that are looked up, files.
SPARE: Final = 64


def check_files(callers: int, *, most: int = 0, given: bool = True) -> None:
    """Raise the limit of open files for so many callers. Raises Problem if that is forbidden.

    ``most``: there may be more of them, where a backend does not let them go; the limit is raised
    for these too as far as it goes. ``given``: the number is the user's.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = callers + SPARE
    if soft == resource.RLIM_INFINITY:
        return
    wished = max(needed, most + SPARE)
    if hard != resource.RLIM_INFINITY:
        wished = min(wished, max(hard, needed))
    if soft >= wished:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        return
    if soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):  # above the hard limit, or above the system's own
        fewer = f"give --sessions {max(1, soft - SPARE)}"
        if given:
            fewer = f"or {fewer}"
        what = f"{callers} callers need {needed} open files, and this process may have {soft}"
        raise Problem(
            f"--sessions: {what}: raise the limit (ulimit -n {needed}), {fewer}"
        ) from None
