"""A Ctrl-C while a session is at work: held back, and raised between two of its steps.

Python raises KeyboardInterrupt between any two instructions, so also where an event has reached the
session's machine and its effects are not carried out yet. While a session works, its own handler
notes the Ctrl-C and wakes the wait. ``KeyboardInterrupt`` is raised when all is in order: no update
is lost, and the session can go on, or ``stop`` properly.

Code that may block for long, a look-up of a name or the app's provider, is called through
``interruptible``: there a Ctrl-C is raised at once. Python has its handler in the main thread
alone, and an app with a handler of its own keeps it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Coroutine
from types import FrameType, TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Held:
    """Holds a Ctrl-C back inside its block, and calls ``wake`` at one."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._is_noted = False
        self._is_ours = False

    @property
    def is_ours(self) -> bool:
        """Whether it is inside its block, and has the signal."""
        return self._is_ours

    def __enter__(self) -> Self:
        if _in_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._is_ours = True
            signal.signal(signal.SIGINT, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_ours:
            self._is_ours = False
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.check()

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """SIGINT came."""
        self._is_noted = True
        self._wake()

    def check(self) -> None:
        """Raise KeyboardInterrupt if one was held back."""
        if self._is_noted:
            self._is_noted = False
            raise KeyboardInterrupt


def interruptible(call: Callable[[], T]) -> T:
    """Call what may block: a Ctrl-C is raised in it at once."""
    held = signal.getsignal(signal.SIGINT) if _in_main_thread() else None
    if not isinstance(held, Held):
        return call()
    held.check()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found: list[T] = []
    try:
        try:
            found.append(call())
        finally:
            if held.is_ours:  # else another greenlet has ended its block meanwhile
                signal.signal(signal.SIGINT, held)
        return found[0]
    except KeyboardInterrupt:
        for each in found:  # it came behind the call, whose coroutine is not awaited
            if isinstance(each, Coroutine):
                each.close()
        raise


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
