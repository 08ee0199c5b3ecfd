"""``openline serve``: the reference backend as a process.

Once it can serve, it prints its address on stdout, and a line for each fault to inject. Each
fault that happens is a line on stderr. Ctrl-C, SIGTERM and SIGHUP close every socket with 1012 and
end it properly: this is its only way to end, so the status is 0.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from openline_cli.problems import COMPLETE, FAILED, Problem
from openline_cli.signals import Requests, stop_signals
from openline_server import (
    BackendError,
    FaultError,
    FaultInjector,
    ServerConfig,
    fault_list,
    parse_faults,
    run_server,
)
from openline_server.config import AddressError

#: Given instead of a fault: list the faults.
HELP: Final = "help"


def serve(
    config: ServerConfig,
    *,
    faults: Sequence[str] = (),
    figures: float | None = None,
    with_parent: bool = False,
) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP; ``with_parent``: or until standard input ends.

    ``figures``: print the backend's own figures each so many seconds. ``faults`` are phrases;
    ``help`` among them lists the possible faults instead of serving. Raises Problem for an invalid
    phrase, and if the server cannot be started.
    """
    if HELP in (phrase.strip().lower() for phrase in faults):
        sys.stdout.write(fault_list())
        return COMPLETE
    try:
        injector = FaultInjector(
            fault for text in faults for fault in parse_faults(text, dialect=config.dialect)
        )
    except FaultError as error:
        raise Problem(str(error)) from None
    logging.basicConfig(level=logging.WARNING, format="openline: %(message)s")
    try:
        trio.run(partial(_serve, config, injector, figures=figures, with_parent=with_parent))
    except AddressError as error:
        other = "; give another --port, or 0 for a free one" if error.taken else "; see --host"
        raise Problem(f"{error}{other}") from None
    except BackendError as error:
        raise Problem(str(error), status=FAILED) from None
    return COMPLETE


async def _serve(
    config: ServerConfig, injector: FaultInjector, *, figures: float | None, with_parent: bool
) -> None:
    def ready(line: str) -> None:
        announce("\n".join([line, *(f"fault: {fault}" for fault in injector.faults)]))

    failures: list[BackendError] = []
    async with trio.open_nursery() as nursery:
        if with_parent:
            nursery.start_soon(_end_with_parent)
        try:
            hooks = injector if injector.faults else None
            await run_server(
                config,
                ready,
                hooks=hooks,
                figures=figures,
                signals=stop_signals(),
                is_new=Requests().is_new,
            )
        except BackendError as error:
            failures.append(error)  # raised outside of the nursery, which would wrap it
        nursery.cancel_scope.cancel()
    for failure in failures:
        raise failure


async def _end_with_parent() -> None:
    """End when the pipe from the parent ends, which it does even if the parent is killed."""
    fd = sys.stdin.fileno()
    while True:
        await trio.lowlevel.wait_readable(fd)
        if not os.read(fd, 4096):
            break
    signal.raise_signal(signal.SIGTERM)


def announce(line: str) -> None:
    """Write to stdout and flush, because the caller may wait for the line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
