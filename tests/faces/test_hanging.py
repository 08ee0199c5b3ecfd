"""A call of the app, or of the system, that never returns holds up the end of no program.

It is made in a thread, which no program can end: so the thread is left to itself. The face without
a loop calls in the thread that waits for it, where a Ctrl-C ends it (``openline_blocking``).
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio

from openline.backend import Backend
from openline_asyncio import SharedProvider
from openline_asyncio import open_session as on_asyncio
from openline_asyncio.sources import PushSource as AsyncioSource
from openline_fleet import SessionSpec, Shard, SourceSpec
from openline_threads import open_session as in_thread
from openline_trio import open_session as on_trio
from openline_trio.sources import PushSource as TrioSource

BACKEND = Backend.from_url("wss://far.example")
#: Seconds after which the call returns all the same: a test fails then, and ends.
PATIENCE = 10.0


class Hanging:
    """A call that does not return before ``released``."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.released = threading.Event()
        self.has_returned = False

    def __call__(self, *_: object, **__: object) -> Any:
        self.has_begun.set()
        self.released.wait(PATIENCE)
        self.has_returned = True
        raise OSError("it was released")

    def begun(self) -> None:
        """Wait until it was called."""
        assert self.has_begun.wait(PATIENCE)

    @property
    def is_under_way(self) -> bool:
        return self.has_begun.is_set() and not self.has_returned


@pytest.fixture
def call() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.released.set()


def trio_face(call: Hanging, credentials: Any) -> None:
    async def main() -> None:
        async with on_trio(
            BACKEND,
            {"mic": TrioSource()},
            credentials=credentials,
            network_hints=False,
            proxy=False,
        ):
            await trio.to_thread.run_sync(call.begun)

    trio.run(main)


def asyncio_face(call: Hanging, credentials: Any) -> None:
    async def main() -> None:
        async with on_asyncio(
            BACKEND,
            {"mic": AsyncioSource()},
            credentials=credentials,
            network_hints=False,
            proxy=False,
        ):
            await asyncio.to_thread(call.begun)

    asyncio.run(main())


def threads_face(call: Hanging, credentials: Any) -> None:
    with in_thread(
        BACKEND,
        {"mic": AsyncioSource()},
        credentials=credentials,
        network_hints=False,
        proxy=False,
    ):
        call.begun()


def fleet_face(call: Hanging, credentials: Any) -> None:
    async def main() -> None:
        async with Shard(credentials=credentials, network_hints=False, proxy=False) as shard:
            shard.start(SessionSpec(session_id="s", backend=BACKEND, sources=(SourceSpec(),)))
            await asyncio.to_thread(call.begun)

    asyncio.run(main())


FACES = [trio_face, asyncio_face, threads_face, fleet_face]


@pytest.mark.parametrize("face", FACES)
def test_a_provider_that_hangs_holds_up_no_end(
    face: Callable[[Hanging, Any], None], call: Hanging
) -> None:
    face(call, SharedProvider(call))
    assert call.is_under_way


@pytest.mark.parametrize("face", FACES)
def test_a_name_that_is_looked_up_for_ever_holds_up_no_end(
    face: Callable[[Hanging, Any], None], call: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = socket.getaddrinfo

    def look_up(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        flags = named.get("flags", 0) or (*given, 0, 0, 0, 0)[3]
        is_number = flags & socket.AI_NUMERICHOST
        return usual(host, port, *given, **named) if is_number else call()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    face(call, "a-token-1")
    assert call.is_under_way
