"""The corpus in plain threads: the loop of the session jumps, and waits for each thread at work.

A thread is at work but while it waits for the session. Whoever lets it go on says so first
(``_Answer``, ``_Worker``), in the loop's thread: so the clock never moves in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from openline_asyncio import workers
from openline_threads import ThreadSession, calls, open_session, resume_session, spooled_sessions
from tests.faces.asyncio_harness import Frames, Net
from tests.faces.harness import Nth, Played, kill
from tests.faces.script import Scenario
from tests.support_asyncio import Busy, JumpingLoop


class ThreadsHarness:
    """openline_threads."""

    name = "threads"

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario`` to its end."""
        before = {*threading.enumerate()}
        loop = JumpingLoop()
        with _lock_step(loop.busy) as blocking:
            played = _Play(loop, scenario, spool).run(journal)
            for each in blocking:
                each.join()
        assert {*threading.enumerate()} <= before, "a thread is left"
        return played


@contextmanager
def _lock_step(busy: Busy) -> Generator[list[threading.Thread]]:
    """Count the threads of a session that are at work; those that block are listed."""
    begun: list[threading.Thread] = []

    class _Answer(Future[Any]):
        """Who waits for it is at work again as soon as it is there."""

        def set_result(self, result: Any) -> None:
            busy.begin()
            super().set_result(result)

        def set_exception(self, exception: BaseException | None) -> None:
            busy.begin()
            super().set_exception(exception)

        def cancel(self) -> bool:
            busy.begin()
            return super().cancel()

        def result(self, timeout: float | None = None) -> Any:
            busy.end()
            return super().result(timeout)

    class _Worker(threading.Thread):
        """A blocking call. Its last act is to tell the loop."""

        def start(self) -> None:
            busy.begin()
            begun.append(self)
            super().start()

    def told(loop: Any, call: Callable[..., object], *arguments: object) -> None:
        in_loop(loop, call, *arguments)
        if call is workers.resolve:
            busy.end()

    in_loop = workers.in_loop
    with (
        mock.patch.object(calls, "Future", _Answer),
        mock.patch.object(workers, "threading", mock.Mock(Thread=_Worker)),
        mock.patch.object(workers, "in_loop", told),
    ):
        yield begun


class _Play:
    def __init__(self, loop: JumpingLoop, scenario: Scenario, spool: Path | None) -> None:
        self._loop = loop
        self._busy = loop.busy
        self._scenario = scenario
        self._spool = spool
        self._session: ThreadSession
        self._is_open = threading.Event()
        self._others: list[threading.Thread] = []
        self._gone = threading.Event()  # a provider that hangs goes on, and gives nothing

    def run(self, journal: Path) -> Played:
        scenario, spool, played = self._scenario, self._spool, Played()
        net = Net(scenario, played)
        given: dict[str, Any] = {
            "connect": net,
            "policy": scenario.policy,
            "dialect": scenario.dialect,
            "credentials": self._provider(),
            "random": lambda: 0.5,
            "journal": journal,
            "loop_factory": lambda: self._loop,
        }
        if scenario.cancel_at is not None:
            given["observers"] = [Nth(scenario.cancel_at, lambda: self._elsewhere("cancel"))]
        for at, act in scenario.acts:
            self._loop.call_at(at, self._elsewhere, act)
        self._busy.begin()  # this thread
        if spool is not None and spooled_sessions(spool):
            self._session = resume_session(spool, **given)
        else:
            sources = scenario.sources(Frames)
            self._session = open_session(
                scenario.backend, sources, session_id="s", spool=spool, **given
            )
        self._is_open.set()
        with self._session as session:
            if not scenario.reads:
                session.wait()
            for update in session:
                played.updates.append(update)
                if scenario.pause:
                    self._sleep(scenario.pause)
            played.seconds = self._loop.now
            for other in self._others:
                self._busy.end()  # it may have to be waited for
                other.join()
                self._busy.begin()
        self._gone.set()
        played.left = net.left
        return played

    def _elsewhere(self, act: str) -> None:
        """Another thread of the app does this; called in the loop."""

        def work() -> None:
            assert self._is_open.wait(30)
            if act == "cancel":  # a Ctrl-C leaves the block, and so closes the session
                self._session.close()
            elif act == "kill":
                assert self._spool is not None
                kill(self._spool)
            else:
                getattr(self._session, act)()
            self._busy.end()

        self._busy.begin()
        other = threading.Thread(target=work)
        self._others.append(other)
        other.start()

    def _sleep(self, seconds: float) -> bool:
        """Sleep in a thread at work; False: the session has ended before."""
        slept = threading.Event()

        def wake() -> None:
            self._busy.begin()
            slept.set()

        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, wake)
        self._busy.end()
        while not slept.wait(0.01):
            if self._gone.is_set():
                return False
        return True

    def _provider(self) -> Any:
        if self._scenario.tokens is None:
            return None
        tokens = list(self._scenario.tokens)

        def provide() -> str:
            if isinstance(tokens[0], float) and not self._sleep(tokens.pop(0)):  # type: ignore[arg-type]
                raise OSError("nobody waits for it")
            token = tokens.pop(0) if len(tokens) > 1 else tokens[0]
            if isinstance(token, Exception):
                raise token
            return str(token)

        return provide
