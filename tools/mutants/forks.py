"""Share work among forked processes, each of which starts with the state of its parent.

A child writes its results line by line into one pipe. A line is shorter than PIPE_BUF, the size
that the system writes atomically, so lines never mix.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Value
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Write: TypeAlias = Callable[[bytes], object]


class WorkerError(RuntimeError):
    """A child process failed."""


def children(works: Sequence[Callable[[Write], object]]) -> Iterator[bytes]:
    """Run each work in a child; yield the lines that the children write, as they come.

    A child's stdout is dropped; its stderr is kept. Raises WorkerError.
    """
    read, write = os.pipe()
    pids = [_child(work, write) for work in works]
    os.close(write)
    with os.fdopen(read, "rb") as said:
        yield from said
    failed = [pid for pid in pids if os.waitpid(pid, 0)[1]]
    if failed:
        raise WorkerError(f"{len(failed)} of {len(pids)} processes failed, see above")


def _child(work: Callable[[Write], object], write: int) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        work(lambda line: os.write(write, line))
        status = 0
    except BaseException:  # noqa: BLE001  # nothing may go on in the child as if it were the parent
        traceback.print_exc()
    finally:
        os._exit(status)


def share(todo: Sequence[T], do: Callable[[T], bytes], jobs: int) -> Iterator[bytes]:
    """Process all things in ``jobs`` children; a line for each thing."""
    taken: Any = Value("i", 0)

    def work(write: Write) -> None:
        while True:
            with taken.get_lock():
                i: int = taken.value
                taken.value += 1
            if i >= len(todo):
                return
            write(do(todo[i]))

    return children([work] * jobs)
