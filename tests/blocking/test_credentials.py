"""Credentials without an event loop: plain functions, called where the app waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from openline import Ended
from openline.backend import Backend
from openline_blocking import SharedProvider, Token, open_session
from openline_driver.credentials import CredentialError
from openline_driver.shared_provider import AGAIN, Place
from tests.blocking.support import Frames as RealFrames
from tests.blocking.support import nothing_left, scripted, serving
from tests.faces.blocking_harness import Frames, World, lock_step
from tests.faces.corpus import closing_at_once, echo


def ended(world: World, credentials: Any) -> Ended:
    given: dict[str, Any] = {"connect": world.connect, "credentials": credentials}
    with open_session(Backend(), {"mic": Frames(20)}, **given) as session:
        return session.wait()


def test_a_function_is_asked_again_for_a_token_that_was_refused() -> None:
    given = ["old", "fresh"]
    with lock_step(scripted(closing_at_once(1008), echo)) as world:
        assert ended(world, lambda: given.pop(0)).complete
        assert given == []


@pytest.mark.parametrize("shared", [False, True])
def test_a_provider_that_fails_is_asked_again(shared: bool) -> None:
    asked: list[int] = []

    def provide() -> Token:
        asked.append(1)
        if len(asked) == 1:
            raise OSError("no net")
        return Token("good")

    with lock_step(scripted(echo)) as world:
        assert ended(world, SharedProvider(provide) if shared else provide).complete
    assert len(asked) == 2


def test_a_provider_that_has_none_ends_the_session() -> None:
    def provide() -> str:
        raise CredentialError("none for you", fatal=True)

    with lock_step(scripted(echo)) as world:
        assert "none for you" in ended(world, provide).reason


def test_a_call_of_another_session_that_comes_to_nothing_is_made_anew() -> None:
    shared = SharedProvider(lambda: "good")
    with lock_step(scripted(echo)) as world:
        theirs = shared.join(None, 0.0, lambda: None)
        assert isinstance(theirs, Place)
        world.at(0.3, lambda: shared.land(theirs.call, AGAIN))
        assert ended(world, shared).complete
        assert world.now > 0.3


def test_sessions_in_threads_share_one_call() -> None:
    calls: list[int] = []
    go_on = threading.Event()

    def provide() -> str:
        calls.append(1)
        go_on.wait()
        return "good"

    def one(backend: Backend) -> bool:
        opening = open_session(backend, {"mic": RealFrames(20)}, credentials=shared)
        with opening as session:
            return session.wait().complete

    shared = SharedProvider(provide)
    with nothing_left(), serving(echo) as backend, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(one, backend) for _ in range(4)]
        threading.Timer(0.1, go_on.set).start()
        assert all(each.result() for each in running)
    assert len(calls) == 1


def test_an_async_function_is_refused_in_one_line() -> None:
    async def provide() -> str:
        return "token"

    for given in (provide, SharedProvider(provide)):
        with pytest.raises(TypeError, match=r"^credentials: give a .*plain function, not .*async"):
            open_session(Backend(), {"mic": Frames(1)}, credentials=given)  # type: ignore[arg-type]
