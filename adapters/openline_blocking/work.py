"""Who works for a session: one thread waits for it, and one works at a time.

    reads      ``waiting``: a thread reads updates, or waits for the end. Another one that tries
               meanwhile gets RuntimeError, as does an observer or a source of the session itself.
    drains     ``aside``: a thread waits for room for the audio that it pushes. The one that read
               last works meanwhile, and gives way to one that wants to read.
    works      for a moment, the one that reads, or one that requests something (``at_once``).
    requests   from elsewhere, a signal handler too, never wait: where another thread works, that
               one carries the request out.

A Ctrl-C is held back while a thread works (``openline_blocking.interrupts``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from openline_blocking.interrupts import Held

_AT_WORK: Final = (
    "this session is at work already: read its updates in one thread, and not in an observer or a "
    "source"
)


class Work:
    """That of one session; ``wake`` ends the wait of the thread that works."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._reading = threading.Lock()  # of the one thread that waits
        self._lock = threading.Lock()  # of the one that works
        self._owner = 0  # its holder
        self._last = 0  # the thread that waited last
        self._gives_way = False  # the one that waits would let another one wait
        #: A thread wants to wait while one does that gives way.
        self.is_wanted = False

    @contextmanager
    def waiting(self) -> Generator[Held]:
        """This thread waits, and works; a Ctrl-C is raised when it has finished.

        Raises RuntimeError if one waits already.
        """
        with Held(self._wake) as held:
            self._check_outside()
            if not (self._reading.acquire(blocking=False) or self._takes_over()):
                raise RuntimeError(_AT_WORK)
            with self._at_work():
                yield held

    @contextmanager
    def aside(self) -> Generator[Held | None]:
        """The same for the thread that waited last, until it ``is_wanted`` by another one.

        Gives None in any other thread, and while another one waits. Raises RuntimeError inside of
        the work of this thread.
        """
        with Held(self._wake) as held:
            self._check_outside()
            if self._last != threading.get_ident() or not self._reading.acquire(blocking=False):
                yield None
                return
            self.is_wanted, self._gives_way = False, True
            with self._at_work():
                yield held

    def _check_outside(self) -> None:
        if self._owner == threading.get_ident():  # in an observer, say
            raise RuntimeError(_AT_WORK)

    def _takes_over(self) -> bool:
        """Wait until a thread that gives way has done so. False: none does."""
        if not self._gives_way:
            return False
        self.is_wanted = True
        self._wake()
        return self._reading.acquire()

    @contextmanager
    def _at_work(self) -> Generator[None]:
        """This thread has begun to wait."""
        try:
            with self._lock:
                self._last = self._owner = threading.get_ident()
                try:
                    yield
                finally:
                    self._owner = 0
        finally:
            self._gives_way = False
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
