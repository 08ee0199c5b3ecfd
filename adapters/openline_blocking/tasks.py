"""Coroutines without an event loop: each runs until it waits, whenever its session has a turn.

The sources of ``openline_audio`` and the opening of a socket are coroutines. What they wait for in
the end is always a ``Pause``: a moment, a condition, or a descriptor. So a session can carry them
on by itself: in each of its turns ``Tasks.run`` resumes the ones whose pause is over, and ``until``
tells when the next one will be. That is all of it. There is no queue of callbacks, no thread, and
nothing runs while the app does not wait for its session; a coroutine of another loop's library
cannot be awaited here (RuntimeError).

A few coroutines and one look at each of them a turn are cheaper than what keeps thousands in order.

``Task.cancel`` raises ``Cancelled`` where the coroutine waits, at once. If it waits for something
more then, as a microphone that is being closed, it is carried on until it ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeVar

from openline_blocking.poller import Poller

T = TypeVar("T")


class Cancelled(BaseException):
    """Raised where a coroutine waits that is to end."""


def _never() -> bool:
    return False


class Pause:
    """Await it: until the clock shows ``until``, or ``check`` is true, whichever is first."""

    __slots__ = ("check", "until")

    def __init__(self, until: float = math.inf, check: Callable[[], bool] = _never) -> None:
        self.until = until
        self.check = check

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


class Signal:
    """Something that happens once, told from any thread. Calling it makes it ``is_set``."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self.is_set = False

    def __call__(self) -> None:
        """It has happened."""
        self.is_set = True
        self._wake()

    async def wait(self) -> None:
        """Wait until it has happened."""
        await Pause(check=lambda: self.is_set)


class Task(Generic[T]):
    """A coroutine on its way; ``joins``: another one waits for its result, and takes its error."""

    def __init__(self, tasks: Tasks, work: Coroutine[Any, Any, T], *, joins: bool) -> None:
        #: Those of its session.
        self.tasks = tasks
        self._work = work
        self._joins = joins
        self._pause = Pause(-math.inf)
        self._is_running = False
        self._to_cancel = False
        self._found: list[T] = []
        self._error: BaseException | None = None
        self.done = False

    @property
    def until(self) -> float:
        """When it goes on at the latest."""
        return self._pause.until

    def is_ready(self, now: float) -> bool:
        """Whether its pause is over."""
        return self._pause.until <= now or self._pause.check()

    def result(self) -> T:
        """What it returned, once it is ``done``. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._found[0]

    @property
    def has_result(self) -> bool:
        """Whether it returned something."""
        return bool(self._found)

    @property
    def was_cancelled(self) -> bool:
        """Whether it ended by ``cancel``."""
        return isinstance(self._error, Cancelled)

    def cancel(self) -> None:
        """Raise ``Cancelled`` where it waits; where it waits next, if it is running."""
        if not self.done:
            self._to_cancel = True
            if not self._is_running:
                self.resume()

    def resume(self) -> None:
        """Run until it waits again, or ends. Raises its error, unless another task waits for it."""
        token = _RUNNING.set(self)
        self._is_running = True
        try:
            while True:
                if self._to_cancel:
                    self._to_cancel = False
                    pause = self._work.throw(Cancelled())
                else:
                    pause = self._work.send(None)
                if not isinstance(pause, Pause):
                    self._work.throw(RuntimeError(f"{FOREIGN} ({type(pause).__name__})"))
                self._pause = pause
                if not self._to_cancel:
                    return
        except StopIteration as end:
            self._found.append(end.value)
            self.done = True
        except BaseException as error:
            self._error, self.done = error, True
            if not self._joins and not isinstance(error, Cancelled):
                raise
        finally:
            self._is_running = False
            _RUNNING.reset(token)
            if self.done:
                self.tasks.end(self)

    async def join(self) -> None:
        """Wait until it is done; a cancellation waits as well, and is raised then."""
        cancelled: Cancelled | None = None
        while not self.done:
            try:
                await Pause(check=lambda: self.done)
            except Cancelled as exc:
                cancelled = exc
        if cancelled is not None:
            raise cancelled


class Tasks:
    """The coroutines of one session; ``poller`` is what it waits with."""

    def __init__(self, poller: Poller) -> None:
        self.poller = poller
        self._tasks: list[Task[Any]] = []
        self._posted: deque[Callable[[], object]] = deque()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, T], *, joins: bool = False) -> Task[T]:
        """Begin it, at the next ``run``."""
        task = Task(self, work, joins=joins)
        self._tasks.append(task)
        return task

    def end(self, task: Task[Any]) -> None:
        """It is done."""
        self._tasks.remove(task)

    def post(self, call: Callable[[], object]) -> None:
        """Have the session's thread call it; from any thread."""
        self._posted.append(call)
        self.poller.wake()

    def run(self) -> bool:
        """Resume each whose pause is over, once; whether there was any."""
        has_run = bool(self._posted)
        while self._posted:
            self._posted.popleft()()
        if self._tasks:
            now = self.poller.now()
            for task in tuple(self._tasks):
                if task.is_ready(now) and not task.done:
                    task.resume()
                    has_run = True
        return has_run

    def are_ready(self) -> bool:
        """Whether ``run`` would resume one, or call something."""
        if self._posted:
            return True
        now = self.poller.now() if self._tasks else 0.0
        return any(task.is_ready(now) for task in self._tasks)

    def until(self) -> float:
        """When the next one goes on at the latest."""
        return min((task.until for task in self._tasks), default=math.inf)

    def cancel_all(self) -> None:
        """Cancel all of them; those that wait for something more then are left."""
        for task in tuple(self._tasks):
            task.cancel()


FOREIGN: Final = (
    "openline_blocking has no event loop: await only what its sources and its sinks give"
)
_RUNNING: ContextVar[Task[Any]] = ContextVar("openline task")


def this_task() -> Task[Any]:
    """The one that is running. Raises RuntimeError outside of one."""
    try:
        return _RUNNING.get()
    except LookupError:
        raise RuntimeError("this is awaited by no session of openline_blocking") from None


def here() -> Tasks:
    """The coroutines beside the one that is running."""
    return this_task().tasks


async def readable(number: int) -> None:
    """Wait until the descriptor can be read. PermissionError: it always can."""
    await _ready(number, "reads", math.inf)


async def writable(number: int) -> None:
    """Wait until the descriptor can be written."""
    await _ready(number, "writes", math.inf)


async def _ready(number: int, how: str, until: float) -> None:
    poller = here().poller
    ready = Signal(_quiet)
    poller.watch(number, **{how: ready})
    try:
        await Pause(until, lambda: ready.is_set)
    finally:
        poller.watch(number)


async def sleep_until(at: float) -> None:
    """Wait until the session's clock shows ``at``; always at least one turn."""
    await Pause(at)


def _quiet() -> None:
    """The session looks by itself."""
