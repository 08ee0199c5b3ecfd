"""What a session waits for: descriptors, a moment, and a call from elsewhere.

One selector, made when the session is opened, looked up at that moment: gevent replaces it, and a
session then holds up its own greenlet alone. A pair of sockets stands for a call from elsewhere:
who calls ``wake`` (another thread, a signal handler, a sound card's callback) changes what the
session looks at first, then calls it. The session looks again after each ``wait``, so no call is
missed; calls that come before it looked are one.
"""

from __future__ import annotations

import math
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

Call: TypeAlias = Callable[[], object]


class Poller:
    """Waits for one session. ``open`` and ``close`` go around its work."""

    def __init__(self) -> None:
        self._selector: selectors.BaseSelector | None = None
        self._inner: socket.socket | None = None
        self._outer: socket.socket | None = None
        #: Also for a signal handler that interrupts its holder.
        self._lock = threading.RLock()
        self._is_woken = False

    def now(self) -> float:
        """Seconds, on a clock that never runs back."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Do nothing until then."""
        if (left := moment - self.now()) > 0:
            time.sleep(left)

    def open(self) -> None:
        """Be ready to wait."""
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)  # noqa: FBT003  # its only argument
        self._outer.setblocking(False)  # noqa: FBT003  # its only argument
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._inner, selectors.EVENT_READ, (self._hear, None))

    def close(self) -> None:
        """Wait for nothing more; a ``wake`` does nothing from now on."""
        with self._lock:
            for each in (self._selector, self._inner, self._outer):
                if each is not None:
                    each.close()
            self._selector = self._inner = self._outer = None

    def wake(self) -> None:
        """End the ``wait`` that is under way, or the next one. From any thread, at any moment."""
        with self._lock:
            if self._outer is not None and not self._is_woken:
                self._is_woken = True
                with suppress(OSError):  # full: then it has been woken
                    self._outer.send(b"\0")

    def watch(self, number: int, reads: Call | None = None, writes: Call | None = None) -> None:
        """Have ``wait`` return ``reads`` once the descriptor can be read, ``writes`` once written.

        It counts until the next ``watch`` of this descriptor; neither: it is watched no more.
        Raises PermissionError for one that is always ready.
        """
        selector = self._selector
        if selector is None:
            return
        events = (reads is not None) * selectors.EVENT_READ
        events |= (writes is not None) * selectors.EVENT_WRITE
        is_watched = number in selector.get_map()
        if events and is_watched:
            selector.modify(number, events, (reads, writes))
        elif events:
            selector.register(number, events, (reads, writes))
        elif is_watched:
            selector.unregister(number)

    def wait(self, until: float) -> list[Call]:
        """Wait until there is something to call, or until that moment, or for a ``wake``."""
        timeout = None if until == math.inf else max(0.0, until - self.now())
        return self._ready(timeout)

    def _ready(self, timeout: float | None) -> list[Call]:
        assert self._selector is not None  # noqa: S101  # it is open
        found: list[Any] = []
        for key, events in self._selector.select(timeout):
            reads, writes = key.data
            found += [reads] if events & selectors.EVENT_READ else []
            found += [writes] if events & selectors.EVENT_WRITE else []
        return [each for each in found if each is not None]

    def _hear(self) -> None:
        assert self._inner is not None  # noqa: S101  # it is open
        with suppress(BlockingIOError):
            self._inner.recv(64)
        self._is_woken = False
