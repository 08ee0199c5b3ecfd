"""``openline serve``: the reference backend as a process.

It says where it listens in one line on stdout, once it can serve. Ctrl-C and SIGTERM
close every socket with 1012 and end it properly.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from functools import partial

import trio

from ..backend import BackendError, ServerConfig, run_server
from .problems import COMPLETE, FAILED, Problem


def serve(config: ServerConfig, *, with_parent: bool = False) -> int:
    """Serve until told to stop; ``with_parent``: or until standard input ends.

    Raises Problem where the server cannot be started.
    """
    logging.basicConfig(level=logging.WARNING, format="openline: %(message)s")
    try:
        trio.run(partial(_serve, config, with_parent=with_parent))
    except BackendError as error:
        raise Problem(str(error), status=FAILED) from None
    return COMPLETE


async def _serve(config: ServerConfig, *, with_parent: bool) -> None:
    failures: list[BackendError] = []
    async with trio.open_nursery() as nursery:
        if with_parent:
            nursery.start_soon(_outlive_nobody)
        try:
            await run_server(config, announce)
        except BackendError as error:
            failures.append(error)  # raised outside of the nursery, which would wrap it
        nursery.cancel_scope.cancel()
    for failure in failures:
        raise failure


async def _outlive_nobody() -> None:
    """End when the pipe from the parent does, however the parent died."""
    fd = sys.stdin.fileno()
    while True:
        await trio.lowlevel.wait_readable(fd)
        if not os.read(fd, 4096):
            break
    signal.raise_signal(signal.SIGTERM)


def announce(line: str) -> None:
    """To stdout, at once: somebody may be waiting for it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
