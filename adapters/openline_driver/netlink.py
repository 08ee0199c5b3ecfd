"""The kernel's socket for news of the network, and the clock of a machine that slept: Linux alone.

A face waits until ``news_socket`` can be read, feeds what ``read_news`` gives as ``NetworkNews``,
and closes it. Elsewhere, and where a sandbox forbids it, there is none, and a session has no hints.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Final

from openline_driver.network_hints import GROUPS

_MOST_BYTES: Final = 65_536


def news_socket() -> socket.socket | None:
    """A socket that does not block and gets each change of the network, or None."""
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    try:
        made = socket.socket(family, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    except OSError:
        return None
    try:
        made.setblocking(False)  # noqa: FBT003  # its only argument
        made.bind((0, GROUPS))
    except OSError:
        made.close()
        return None
    return made


def read_news(made: socket.socket) -> bytes | None:
    """What is to be fed; None: nothing is there yet."""
    try:
        return made.recv(_MOST_BYTES)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:  # ENOBUFS: there were too many
        return b""


def sleep_clock() -> Callable[[], float] | None:
    """Seconds for which the machine has slept in all, or None."""
    since_boot = getattr(time, "CLOCK_BOOTTIME", None)
    if since_boot is None:
        return None
    awake: int = time.CLOCK_MONOTONIC

    def slept() -> float:
        return time.clock_gettime(since_boot) - time.clock_gettime(awake)

    return slept
