"""Whether this process may open as many files as a load needs, asked before it begins.

Each caller has a socket. A process that runs out of descriptors halfway would measure nothing but
that, so the soft limit is raised as far as it must be (``openline_fleet.descriptors``); where the
system forbids it, one line says what to do.
"""

from __future__ import annotations

from openline_cli.problems import Problem
from openline_fleet.descriptors import SPARE, raised


def check_files(callers: int, *, most: int = 0, given: bool = True) -> None:
    """Raise the limit of open files for so many callers. Raises Problem if that is forbidden.

    ``most``: there may be more of them, where a backend does not let them go; the limit is raised
    for these too as far as it goes. ``given``: the number is the user's.
    """
    needed = callers + SPARE
    files = raised(max(needed, most + SPARE), needed)
    if files is None or files >= needed:
        return
    fewer = f"give --sessions {max(1, files - SPARE)}"
    if given:
        fewer = f"or {fewer}"
    what = f"{callers} callers need {needed} open files, and this process may have {files}"
    raise Problem(f"--sessions: {what}: raise the limit (ulimit -n {needed}), {fewer}")
