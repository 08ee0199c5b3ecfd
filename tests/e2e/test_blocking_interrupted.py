"""Sessions without a loop on real sockets, interrupted at any moment: nothing is left of them."""

from __future__ import annotations

import gc
import random
import signal
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended
from openline_blocking import Session, open_session, resume_session, spooled_sessions
from openline_testing.background import BackgroundBackend
from tests.blocking.support import Frames, nothing_left, serving
from tests.faces.corpus import cut, echo

QUICK = Policy(start_delay=0, scatter=0, prompt_retry=0)
ENDS: list[Callable[[Session, float], object]] = []


def ends(function: Callable[[Session, float], object]) -> Callable[[Session, float], object]:
    ENDS.append(function)
    return function


@ends
def ctrl_c(session: Session, seconds: float) -> None:
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    try:
        with suppress(KeyboardInterrupt):
            session.wait()
            timer.join()
    finally:
        timer.join()


@ends
def abort_by_a_thread(session: Session, seconds: float) -> None:
    timer = threading.Timer(seconds, session.abort)
    timer.start()
    assert isinstance(list(session)[-1], Ended)
    timer.cancel()
    timer.join()


@ends
def leave_in_time(session: Session, seconds: float) -> None:
    session.wait_readable(seconds)


@ends
def leave_by_an_error(session: Session, seconds: float) -> None:
    session.wait_readable(seconds)
    raise ZeroDivisionError


def opened(backend: Backend, spool: Path) -> Any:
    return open_session(backend, {"mic": Frames(300, step=0.004)}, spool=spool, policy=QUICK)


#: threading forgets a thread in a callback of a WeakSet. Python drops a Ctrl-C that arrives there.
DROPPED = "ignore:Exception ignored in. <function WeakSet:pytest.PytestUnraisableExceptionWarning"


@pytest.mark.repeats
@pytest.mark.filterwarnings(DROPPED)
def test_two_hundred_sessions_interrupted_at_random_moments_leave_nothing(tmp_path: Path) -> None:
    """Each spool is whole, and the first of them is resumed."""
    moments = random.Random(20)

    def one(number: int) -> None:
        with serving(cut, echo) as backend, opened(backend, tmp_path / f"{number}") as session:
            ENDS[number % len(ENDS)](session, moments.uniform(0.005, 0.4))

    with nothing_left():
        for number in range(200):
            with suppress(ZeroDivisionError):
                one(number)
    left = [folder for each in tmp_path.iterdir() for folder in spooled_sessions(each)]
    assert len(left) > 20
    for folder in left[:20]:
        with serving(echo) as backend, resume_session(folder, backend=backend) as session:
            assert session.wait().complete


@pytest.mark.repeats
def test_what_a_session_took_is_free_again(tmp_path: Path) -> None:
    def one(number: int) -> None:
        with serving(echo) as backend, opened(backend, tmp_path / f"{number}") as session:
            session.wait_readable(0.05)

    one(0)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1, 21):
            one(number)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(21, 61):
            one(number)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fault", [(), ("cut after 40 frames",)])
def test_a_session_against_the_reference_backend(fault: tuple[str, ...]) -> None:
    with nothing_left(), BackgroundBackend(*fault) as server:
        updates = list(open_session(server.backend, {"mic": Frames(100)}))
    ended = updates[-1]
    assert isinstance(ended, Ended)
    assert ended.complete
    assert ended.accounts["mic"].captured == 100 * 320
    assert ended.statistics.dials == 1 + len(fault)
