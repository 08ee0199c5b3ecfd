"""Who works for a session: one thread waits for it, and one works at a time.

    reads      ``waiting``: a thread reads updates, or waits for the end. Another one that tries
               meanwhile gets RuntimeError, as does an observer or a source of the session itself.
    works      for a moment, the one that reads, or one that requests something (``at_once``).
    requests   from elsewhere, a signal handler too, never wait: where another thread works, that
               one carries the request out.

A Ctrl-C is held back while a thread works (``openline_blocking.interrupts``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from openline_blocking.interrupts import Held


class Work:
    """That of one session; ``wake`` ends the wait of the thread that works."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._reading = threading.Lock()  # of the one thread that waits
        self._lock = threading.Lock()  # of the one that works
        self._owner = 0  # its holder

    @contextmanager
    def waiting(self) -> Generator[Held]:
        """This thread waits, and works; a Ctrl-C is raised when it has finished.

        Raises RuntimeError if one waits already.
        """
        with Held(self._wake) as held:
            in_itself = self._owner == threading.get_ident()  # in an observer, say
            if in_itself or not self._reading.acquire(blocking=False):
                raise RuntimeError(
                    "this session is at work already: read its updates in one thread, and not in "
                    "an observer or a source"
                )
            try:
                with self._lock:
                    self._owner = threading.get_ident()
                    try:
                        yield held
                    finally:
                        self._owner = 0
            finally:
                self._reading.release()

    def at_once(self, call: Callable[[], object]) -> bool:
        """Call it if nobody works. False: somebody does. It never waits."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._owner = threading.get_ident()
            call()
        finally:
            self._owner = 0
            self._lock.release()
        return True

    def end(self, abort: Callable[[], object], shut: Callable[[], object]) -> None:
        """The end of all work: ``abort`` has a thread that waits come to its end, then ``shut``."""
        with Held(self._wake):
            if not self._reading.acquire(blocking=False):
                abort()
                self._reading.acquire()
            try:
                with self._lock:
                    shut()
            finally:
                self._reading.release()
