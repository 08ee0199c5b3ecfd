"""Asks a ``SharedProvider`` on asyncio: makes the one call, or waits for the one under way.

The call must outlive the session that begins it, so its task belongs to the loop and not to the
session. Sessions of other loops and threads may wait for it as well, so they are woken through
their loop. If a loop ends before its call does, another session that waits makes the call anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from functools import partial
from typing import cast

from openline.events import Event
from openline_asyncio.workers import in_loop, in_thread, is_cancelled
from openline_driver.facts import Fact, ProviderFailed
from openline_driver.shared_provider import AGAIN, Call, Landed, Place, SharedProvider
from openline_store import asking

#: The calls under way: a loop keeps only weak references to its tasks.
_CALLS: set[asyncio.Task[Landed]] = set()


async def answer(credentials: object, request: int, refused: str | None) -> Event | Fact:
    """What the session's provider gives, as an event; see ``openline_store.asking``."""
    try:
        return await asking.answer(credentials, request, refused, ask=ask, now=time.time)
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        return ProviderFailed(request, RuntimeError("something that it awaits was cancelled"))


async def ask(provider: SharedProvider, refused: str | None) -> object:
    """What ``provider`` gives; ``refused`` is the token that the backend refused, if it did.

    Raises whatever the provider raises.
    """
    loop = asyncio.get_running_loop()
    while True:
        called = asyncio.Event()
        found = provider.join(refused, time.time(), partial(in_loop, loop, called.set))
        if not isinstance(found, Place):
            return found
        if found.leads:
            _make(loop, provider, found.call, refused)
        try:
            await called.wait()
        finally:
            provider.leave(found)
        if found.is_settled:
            return found.given()


def _make(
    loop: asyncio.AbstractEventLoop, provider: SharedProvider, call: Call, refused: str | None
) -> None:
    """Begin the call; whatever happens to it, those who wait are woken."""

    def land(task: asyncio.Task[Landed]) -> None:
        _CALLS.discard(task)
        provider.land(call, AGAIN if task.cancelled() else task.result())

    task = loop.create_task(_outcome(provider, call, refused))
    _CALLS.add(task)
    task.add_done_callback(land)


async def _outcome(provider: SharedProvider, call: Call, refused: str | None) -> Landed:
    this = cast("asyncio.Task[Landed]", asyncio.current_task())
    try:
        if provider.blocks:  # a thread cannot be cancelled
            return Landed(await in_thread(partial(provider.provide, refused), abandon=True))
        if not provider.began(call, partial(in_loop, this.get_loop(), this.cancel)):
            return AGAIN
        return Landed(await cast("Awaitable[object]", provider.provide(refused)))
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        return Landed(error=RuntimeError(f"the provider was cancelled: {error}"))
    except BaseException as error:  # noqa: BLE001  # raised again by those who wait
        return Landed(error=error)
