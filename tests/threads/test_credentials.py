"""Providers of credentials in a session for threads, on real time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import State
from openline_testing.background import BackgroundBackend
from openline_threads import SharedProvider, open_session
from openline_threads.sources import PushSource

BACKEND = Backend(port=1)
PROMPT = Policy(backoff_first=0.01, backoff_cap=0.05, start_delay=0)


def test_thread_sessions_share_one_call() -> None:
    begun, gate = list[int](), threading.Event()

    def provide() -> str:
        begun.append(1)
        assert gate.wait(60)
        return "fresh-token"

    shared = SharedProvider(provide)
    with BackgroundBackend(token="fresh-token") as backend:
        sessions = [
            open_session(backend.backend, {"mic": PushSource()}, credentials=shared)
            for _ in range(4)
        ]
        sessions[0].abort()  # the one that made the call
        sessions[0].close()
        gate.set()
        for session in sessions[1:]:
            session.push(bytes(32_000))
            assert session.stop().complete
            session.close()
    # If the first run ended before its call did, another session made the call anew.
    assert len(begun) <= 2


def test_provider_that_never_returns_holds_up_no_close() -> None:
    for_ever = threading.Event()
    policy = Policy(auth_timeout=0.05, backoff_first=0.01, backoff_cap=0.02)
    before = threading.active_count()
    begun: list[int] = []

    def provide() -> str:
        begun.append(1)
        for_ever.wait()
        return "late-token"

    with open_session(BACKEND, {"mic": PushSource()}, credentials=provide, policy=policy) as one:
        asked = 0
        for update in one:
            asked += getattr(update, "state", None) is State.AUTHORIZING
            if asked == 4:
                break
        closing = threading.Thread(target=one.close, daemon=True)
        closing.start()
        closing.join(60)
        waits = closing.is_alive()
        for_ever.set()  # whatever was found: what waits for it shall not hold up the other tests
        assert not waits, "the close waits for the provider"
    assert len(begun) == 1, "one call, however often it was too late"
    assert threading.active_count() <= before + 2


def function() -> str:
    return "some-token"


@pytest.mark.parametrize("credentials", [SharedProvider(function), function])
def test_plain_functions_fit_the_thread_face(
    credentials: SharedProvider | Callable[[], str],
) -> None:
    with open_session(BACKEND, {"mic": PushSource()}, credentials=credentials) as session:
        session.abort()


async def provide() -> str:
    return "some-token"


def test_coroutine_from_a_threads_provider_fails_without_warning() -> None:
    given: Any = lambda: provide()  # noqa: E731, PLW0108  # no coroutine function
    with open_session(Backend(), {"mic": PushSource()}, credentials=given) as session:
        ended = session.wait()
    assert ended.reason.endswith("(it returned coroutine; a token is a str)")
