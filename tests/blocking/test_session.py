"""A session that works while it is waited for: reading, being away, leaving, other threads."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from openline import Ended
from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.events import Event
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import Gap, Resumed, State, StateChanged, Transcript, Update
from openline_blocking import Session, open_session, resume_session, spooled_sessions
from openline_blocking.sources import PushSource
from tests.blocking.support import Frames as RealFrames
from tests.blocking.support import held, nothing_left, scripted, serving
from tests.faces.blocking_harness import Frames, World, lock_step
from tests.faces.corpus import closing, cut, deaf, echo, mute
from tests.support_lines import numbered


def opened(world: World, frames: int = 60, **given: Any) -> Any:
    source = given.pop("source", None) or Frames(frames)
    return open_session(Backend(), {"mic": source}, connect=world.connect, **given)


def test_updates_come_in_a_for_loop_over_the_opening() -> None:
    with lock_step(scripted(echo)) as world:
        updates = list(opened(world))
        assert isinstance(updates[-1], Ended)
        assert updates[-1].complete
        assert world.left() == 0


def test_in_a_block_the_session_has_methods_too() -> None:
    with lock_step(scripted(echo)) as world, opened(world) as session:
        first = next(session)
        assert isinstance(first, StateChanged)
        assert session.level("mic") == 0.0
        assert session.wait_readable()
        assert session.poll() is not None
        ended = session.stop()
        assert ended is session.ended
        assert list(session)[-1] is ended
        assert session.exhausted
        assert session.poll() is None
        assert not session.wait_readable()
        with pytest.raises(StopIteration):
            next(session)


def test_a_wait_can_have_a_limit() -> None:
    with lock_step(scripted(deaf)) as world, opened(world, 0, source=PushSource()) as session:
        while session.poll() is not None:
            pass
        while session.wait_readable(0.5):
            session.poll()
        before = world.now
        assert not session.wait_readable(0.25)
        assert world.now == pytest.approx(before + 0.25)


def test_poll_alone_keeps_a_session_going() -> None:
    """As in a program with a main loop of its own."""
    with lock_step(scripted(echo)) as world, opened(world) as session:
        updates: list[Update] = []
        while not session.exhausted:
            world.away(0.05)
            while (update := session.poll()) is not None:
                updates.append(update)
        assert isinstance(updates[-1], Ended)
        assert updates[-1].complete


def texts(updates: list[Update]) -> list[str]:
    return [each.text for each in updates if isinstance(each, Transcript) and each.final]


def test_an_app_that_is_away_loses_no_word() -> None:
    """For 15 s nothing is sent, read or answered; what was pushed meanwhile waits."""
    source = PushSource()
    updates: list[Update] = []
    with lock_step(scripted(echo)) as world, opened(world, source=source) as session:
        pushed = 0

        def push() -> None:
            nonlocal pushed
            source.send(numbered(pushed))
            pushed += 1

        for number in range(1000):
            world.at((number + 1) * 0.02 + 0.0007, push)
        while pushed < 100:
            session.wait_readable(0.1)
            updates += [each] if (each := session.poll()) is not None else []
        assert world.now < 3
        world.away(15)
        assert pushed > 800
        while pushed < 1000:
            session.wait_readable(0.1)
            updates += [each] if (each := session.poll()) is not None else []
        session.request_stop()
        updates += session
        assert world.dials == 1
    ended = updates[-1]
    assert isinstance(ended, Ended)
    assert ended.complete
    [resumed] = [each for each in updates if isinstance(each, Resumed)]
    assert 9 < resumed.gap <= 15  # from the first deadline on that was overdue
    spans = [tuple(map(int, each.split("-"))) for each in texts(updates)]
    assert spans[0][0] == 0
    assert spans[-1][1] == 999
    assert all(second[0] == first[1] + 1 for first, second in pairwise(spans))


def test_audio_that_finds_no_room_while_the_app_is_away_is_a_gap() -> None:
    source = PushSource(buffer_seconds=2.0)
    with lock_step(scripted(echo)) as world, opened(world, source=source) as session:
        for number in range(500):
            world.at((number + 1) * 0.02, partial(source.send, numbered(number)))
        world.away(10.01)
        session.request_stop()
        gaps = [each for each in session if isinstance(each, Gap)]
        assert [each.cause.value for each in gaps] == ["capture"]
        assert (gaps[0].end - gaps[0].start) / 16_000 == pytest.approx(8.0, abs=0.03)


def test_a_backend_that_gives_up_meanwhile_is_dialled_again() -> None:
    with lock_step(scripted(closing(1011, "no ping was answered"), echo)) as world:
        with opened(world, 200) as session:
            while world.now < 0.9:
                session.wait_readable(0.1)
                session.poll()
            world.away(15)
            updates = list(session)
        assert isinstance(updates[-1], Ended)
        assert updates[-1].complete
        assert world.dials == 2


LEAVES: dict[str, Callable[[World], None]] = {}


def leaves(function: Callable[[World], None]) -> Callable[[World], None]:
    LEAVES[function.__name__] = function
    return function


@leaves
def break_out(world: World) -> None:
    for update in opened(world):
        if isinstance(update, Transcript):
            break


@leaves
def error_in_the_loop(world: World) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012  # what the app writes
        for update in opened(world):
            if isinstance(update, Transcript):
                _ = 1 / 0


@leaves
def error_in_the_block(world: World) -> None:
    with pytest.raises(ZeroDivisionError), opened(world) as session:  # noqa: PT012
        next(session)
        _ = 1 / 0


@leaves
def leave_at_once(world: World) -> None:
    with opened(world):
        pass


@leaves
def drop_the_iterator(world: World) -> None:
    updates = iter(opened(world))
    next(updates)
    del updates
    gc.collect()


@leaves
def abort_and_read_on(world: World) -> None:
    with opened(world) as session:
        next(session)
        session.abort()
        assert isinstance(list(session)[-1], Ended)


@leaves
def never_enter(world: World) -> None:
    opened(world)
    gc.collect()
    assert world.dials == 0


@pytest.mark.parametrize("name", LEAVES)
def test_whatever_ends_it_nothing_is_left(name: str) -> None:
    with lock_step(scripted(echo)) as world, nothing_left():
        LEAVES[name](world)
        assert world.left() == 0
        world.close()


def test_what_was_left_early_can_be_resumed(tmp_path: Path) -> None:
    with lock_step(scripted(cut, echo)) as world:
        for update in opened(world, 100, spool=tmp_path):
            if isinstance(update, StateChanged) and update.state is State.RECONNECTING:
                break
        [folder] = spooled_sessions(tmp_path)
    with lock_step(scripted(echo)) as world:
        ended = list(resume_session(folder, connect=world.connect))[-1]
    assert isinstance(ended, Ended)
    assert ended.complete
    assert ended.accounts["mic"].captured >= 40 * 320


@pytest.mark.repeats
def test_a_thousand_sessions_leave_nothing() -> None:
    def one() -> None:
        with lock_step(scripted(cut, echo)) as world:
            assert list(opened(world, 50))[-1].complete

    one()
    gc.collect()
    gc.disable()
    logging.disable(logging.CRITICAL)  # pytest keeps each record
    try:
        before, objects = held(), 0
        for number in range(1000):
            one()
            if number % 100 == 99:
                gc.collect()
                objects = objects or len(gc.get_objects())
        gc.collect()
        assert held() == before
        assert len(gc.get_objects()) < objects + 500
    finally:
        logging.disable(logging.NOTSET)
        gc.enable()


def test_an_opening_is_used_once_and_in_a_plain_block() -> None:
    with lock_step(scripted(echo)) as world:
        opening = opened(world)
        assert repr(opening).startswith("<a session to be opened with `with`")
        with pytest.raises(AttributeError, match="what it gives has stop"):
            opening.stop()
        with pytest.raises(AttributeError, match="'Opening' object has no attribute 'radio'"):
            _ = opening.radio
        with pytest.raises(TypeError, match="not `async with`"):
            opening.__aenter__().send(None)
        with opening as session:
            session.abort()
        with pytest.raises(RuntimeError, match="opened before: call open_session again"):
            list(opening)


def test_a_dialect_that_fails_ends_the_session_where_it_is_waited_for() -> None:
    class Failing(EchoPanel):
        def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
            if number == 10:
                raise ZeroDivisionError("mine")
            return super().audio(memory, source, pcm, number)

    with lock_step(scripted(echo)) as world, nothing_left():
        with opened(world, 20, dialect=Failing()) as session:
            with pytest.raises(DialectError, match="audio raised ZeroDivisionError"):
                session.wait()
            assert isinstance(list(session)[-1], Ended)
        world.close()


def test_an_observer_may_end_the_session() -> None:
    class Aborts(Observer):
        session: Session

        def on_event(self, event: Event, now: float) -> None:
            if now > 0.5:
                self.session.abort()

    observer = Aborts()
    with lock_step(scripted(echo)) as world, opened(world, 400, observers=[observer]) as session:
        observer.session = session
        ended = list(session)[-1]
        assert isinstance(ended, Ended)
        assert world.now == pytest.approx(0.5, abs=0.05)


def test_an_observer_may_not_wait_for_it() -> None:
    errors: list[str] = []

    class Waits(Observer):
        session: Session

        def on_event(self, event: Event, now: float) -> None:
            try:
                if now > 0.1:
                    self.session.poll()
            except RuntimeError as exc:
                errors.append(str(exc))

    observer = Waits()
    with lock_step(scripted(echo)) as world, opened(world, 20, observers=[observer]) as session:
        observer.session = session
        session.wait()
    assert "at work already" in errors[0]


def test_a_second_thread_that_waits_is_told_so() -> None:
    found: list[str] = []

    def other(session: Session) -> None:
        for wait in (session.__next__, session.poll, session.wait, session.wait_readable):
            with pytest.raises(RuntimeError) as caught:
                wait()
            found.append(str(caught.value))

    with lock_step(scripted(echo)) as world, opened(world) as session:

        def in_the_wait() -> None:
            thread = threading.Thread(target=other, args=(session,))
            thread.start()
            thread.join()

        world.at(0.5, in_the_wait)
        session.wait()
    assert len(found) == 4
    assert all("read its updates in one thread" in each for each in found)


@pytest.mark.parametrize("act", ["request_stop", "abort"])
def test_another_thread_may_end_it(act: str) -> None:
    with (
        nothing_left(),
        serving(echo) as backend,
        open_session(backend, {"mic": RealFrames(10_000)}) as session,
    ):
        thread = threading.Thread(target=getattr(session, act))
        for update in session:
            if isinstance(update, Transcript) and not thread.ident:
                thread.start()
        thread.join()
        assert session.ended is not None
        assert session.ended.complete is (act == "request_stop")


def test_another_thread_may_leave_the_block() -> None:
    with nothing_left(), serving(mute) as backend:
        opening = open_session(backend, {"mic": RealFrames(10_000)})
        session = opening.__enter__()
        waiting = threading.Event()

        def wait() -> None:
            next(session)
            waiting.set()
            session.wait()

        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        opening.__exit__()
        thread.join()
        assert session.ended is not None


def test_a_source_that_hangs_is_released() -> None:
    policy = Policy(source_timeout=1.0)
    with lock_step(scripted(echo)) as world:
        source = Frames(20, ends=False)
        ended = list(opened(world, source=source, policy=policy))[-1]
        assert isinstance(ended, Ended)
        assert [each.source for each in ended.lost_sources] == ["mic"]


def test_an_app_that_sleeps_in_the_session_keeps_its_line() -> None:
    with lock_step(scripted(echo)) as world, opened(world, 60) as session:
        updates: list[Update] = []
        while (update := session.poll()) is not None or not session.exhausted:
            updates += [] if update is None else [update]
            session.sleep(0.25)
        assert isinstance(updates[-1], Ended)
        assert updates[-1].complete
        assert not any(isinstance(each, Resumed) for each in updates)
        before = world.now
        session.sleep(0.5)
        assert world.now == before + 0.5
