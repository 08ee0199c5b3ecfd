"""A Ctrl-C at any moment: no update is lost, and the session can go on or be left."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from openline import Ended
from openline.backend import Backend
from openline.updates import Update
from openline_blocking import open_session
from openline_blocking.interrupts import Held, interruptible
from tests.blocking.support import Frames as RealFrames
from tests.blocking.support import nothing_left, scripted, serving
from tests.faces.blocking_harness import Frames, World, lock_step
from tests.faces.corpus import closing_at_once, cut, echo
from tests.faces.harness import own_words

#: A loss, a refused token, words, an end.
SCRIPTS = (closing_at_once(1008), cut, echo)


def whole(world: World, lines: _Lines) -> list[Update]:
    """All updates, by an app that goes on after each Ctrl-C."""
    tokens = iter(["old", "fresh", "fresh"])
    given: dict[str, Any] = {"random": lambda: 0.5, "session_id": "s"}
    found: list[Update] = []
    with open_session(
        Backend(),
        {"mic": Frames(60)},
        connect=world.connect,
        credentials=lambda: next(tokens, "fresh"),
        **given,
    ) as session:
        while not session.exhausted:
            try:
                with lines:
                    update = next(session)
            except KeyboardInterrupt:
                continue
            except StopIteration:
                break
            found.append(update)
    return found


def test_a_ctrl_c_while_it_waits_is_raised_there_and_the_session_can_finish() -> None:
    with (
        lock_step(scripted(echo)) as world,
        open_session(Backend(), {"mic": Frames(400)}, connect=world.connect) as session,
    ):
        world.at(1.0, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            for _ in session:
                pass
        assert world.now == 1.0
        assert session.stop().complete
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class LateError(Exception):
    """Raised by a handler of the app's own."""


@pytest.mark.parametrize("error", [LateError(), TimeoutError(), SystemExit()])
def test_a_handler_of_the_app_that_raises_while_it_waits_ends_no_session(
    error: BaseException,
) -> None:
    def raises(_number: int, _frame: FrameType | None) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, raises)
    try:
        with (
            lock_step(scripted(echo)) as world,
            open_session(Backend(), {"mic": Frames(400)}, connect=world.connect) as session,
        ):
            world.at(1.0, lambda: signal.raise_signal(signal.SIGALRM))
            with pytest.raises(type(error)):
                list(session)
            assert world.now == 1.0
            assert session.ended is None
            ended = session.stop()
        assert ended.complete
        assert [each.text for each in ended.transcript] == ["0-24", "25-48"]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_app_that_reads_on_after_a_ctrl_c_gets_each_word_and_the_end() -> None:
    """As the page on sessions without a loop has it."""
    with (
        lock_step(scripted(echo)) as world,
        open_session(Backend(), {"mic": Frames(400)}, connect=world.connect) as session,
    ):
        world.at(1.0, lambda: signal.raise_signal(signal.SIGINT))
        found: list[Update] = []
        with pytest.raises(KeyboardInterrupt):
            found.extend(iter(session))
        session.request_stop()
        found.extend(session)
    ended = found[-1]
    assert isinstance(ended, Ended)
    assert ended.complete
    assert [each.text for each in ended.transcript] == ["0-24", "25-48"]


def test_a_ctrl_c_that_nobody_catches_leaves_nothing() -> None:
    with lock_step(scripted(echo)) as world, nothing_left():
        world.at(1.0, lambda: signal.raise_signal(signal.SIGINT))
        opening = open_session(Backend(), {"mic": Frames(400)}, connect=world.connect)
        with pytest.raises(KeyboardInterrupt):
            list(opening)
        assert world.left() == 0
        world.close()


@pytest.mark.repeats
@pytest.mark.parametrize("part", range(4))
def test_a_ctrl_c_at_any_line_loses_no_update(part: int) -> None:
    with lock_step(scripted(*SCRIPTS)) as world:
        counter = _Lines(-1)
        expected = own_words(whole(world, counter))
    for at in range(part * 97, counter.count, 4 * 97):
        lines = _Lines(at)
        with lock_step(scripted(*SCRIPTS)) as world:
            found = whole(world, lines)
            assert world.left() == 0
        assert lines.has_raised
        if any("Ctrl-C" in each or "provider failed" in each for each in own_words(found)):
            # It ended the call of the provider, or of ``connect``: they were called again.
            assert found[-1].complete  # type: ignore[union-attr]
        else:
            assert own_words(found) == expected, at
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class _Lines:
    """Counts the lines of openline that run, and raises SIGINT at one of them.

    Not behind the last step of ``__next__``: from there on Python looks for no signal until the app
    has its update, though this tracer would.
    """

    def __init__(self, at: int) -> None:
        self._at = at
        self.count = 0
        self.has_raised = False

    def __enter__(self) -> None:
        if not self.has_raised:
            sys.settrace(self._call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _call(self, frame: FrameType, event: str, arg: object) -> Any:
        code = frame.f_code
        ours = "/openline" in code.co_filename and code.co_name != "__next__"
        return self._line if ours else None

    def _line(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "line":
            self.count += 1
            if self.count == self._at + 1:
                self.has_raised = True
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return self._line


def test_a_provider_that_blocks_is_interrupted_and_asked_again() -> None:
    asked: list[int] = []

    def provide() -> str:
        asked.append(1)
        if len(asked) == 1:
            signal.raise_signal(signal.SIGINT)
        return "token"

    with (
        lock_step(scripted(echo)) as world,
        open_session(
            Backend(), {"mic": Frames(60)}, connect=world.connect, credentials=provide
        ) as session,
    ):
        with pytest.raises(KeyboardInterrupt):
            session.wait()
        assert session.wait().complete
    assert len(asked) == 2


def test_a_connect_that_blocks_is_interrupted_and_called_again() -> None:
    with lock_step(scripted(echo)) as world:
        dialled: list[Backend] = []

        def connect(backend: Backend) -> Any:
            dialled.append(backend)
            if len(dialled) == 1:
                signal.raise_signal(signal.SIGINT)
            return world.connect(backend)

        with open_session(Backend(), {"mic": Frames(60)}, connect=connect) as session:
            with pytest.raises(KeyboardInterrupt):
                session.wait()
            assert session.wait().complete


def test_a_handler_of_the_app_stays_its_own() -> None:
    with (
        lock_step(scripted(echo)) as world,
        open_session(Backend(), {"mic": Frames(400)}, connect=world.connect) as session,
    ):
        world.at(1.0, lambda: signal.raise_signal(signal.SIGINT))

        def stop(_number: int, _frame: FrameType | None) -> None:
            session.request_stop()

        before = signal.signal(signal.SIGINT, stop)
        try:
            ended = list(session)[-1]
        finally:
            signal.signal(signal.SIGINT, before)
        assert isinstance(ended, Ended)
        assert ended.complete
        assert world.now < 2


def test_in_another_thread_nothing_is_held_back() -> None:
    def work() -> None:
        with Held(lambda: None) as held:
            assert not held.is_ours
            assert interruptible(lambda: 1) == 1

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_ctrl_c_ends_a_real_wait() -> None:
    with (
        nothing_left(),
        serving(echo) as backend,
        open_session(backend, {"mic": RealFrames(10_000)}) as session,
    ):
        next(session)
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            session.wait()
        timer.join()
        assert session.stop().complete
