"""How many workers and sessions of a batch this machine has open files for.

The limit is that of each process (``ulimit -n``); workers have it from the command, which raises it
as far as it goes (``openline_fleet.descriptors``). Where that is too little, the batch is slower,
and one line says so: it is done all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from openline_fleet.descriptors import SPARE

#: Files of a recording in a worker: its socket, its file and what decodes it, the log, the lock and
#: the audio of its spool, what is written, and a name that is looked up.
_SESSION: Final = 8
#: Files of a worker in the command: two pipes, two that it gets while it starts, and its process.
_WORKER: Final = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """Workers, sessions in each of them, and a line for each that is less than was wanted."""

    workers: int
    sessions: int
    remarks: tuple[str, ...] = ()


def limited(workers: int, sessions: int, files: int | None) -> Limits:
    """What ``files`` are enough for, one of each at least; None: there is no limit."""
    if files is None:
        return Limits(workers, sessions)
    most_workers, most_sessions = max(1, files // _WORKER), max(1, files // _SESSION)
    remarks = [
        f"{option} {wanted}: {most} are begun, for this process may have no more than "
        f"{files + SPARE} open files: raise the limit (ulimit -n {wanted * each + SPARE})"
        for option, wanted, most, each in (
            ("--workers", workers, most_workers, _WORKER),
            ("--sessions", sessions, most_sessions, _SESSION),
        )
        if wanted > most
    ]
    return Limits(min(workers, most_workers), min(sessions, most_sessions), tuple(remarks))
