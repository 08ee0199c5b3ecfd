"""Asks a ``SharedProvider`` on trio: makes the one call, or waits for the one under way.

The call must outlive the session that begins it, so it is made in a system task of the run, and
not in the session's nursery. Sessions of other runs may wait for it as well, so they are woken
through their run's token. If the run ends before the call does, another session that waits makes
the call anew.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import cast

import trio

from openline_driver.shared_provider import AGAIN, Call, Landed, Place, SharedProvider


async def ask(provider: SharedProvider, refused: str | None) -> object:
    """What ``provider`` gives; ``refused`` is the token that the backend refused, if it did.

    Raises whatever the provider raises.
    """
    await trio.lowlevel.checkpoint()
    while True:
        called = trio.Event()
        wake = partial(_in_run, trio.lowlevel.current_trio_token(), called.set)
        found = provider.join(refused, time.time(), wake)
        if not isinstance(found, Place):
            return found
        if found.leads:
            trio.lowlevel.spawn_system_task(
                _make, provider, found.call, refused, context=contextvars.copy_context()
            )
        try:
            await called.wait()
        finally:
            provider.leave(found)
        if found.is_settled:
            return found.given()


async def _make(provider: SharedProvider, call: Call, refused: str | None) -> None:
    """Make the call; whatever happens to it, those who wait are woken."""
    outcome = AGAIN
    try:
        if provider.blocks:
            outcome = await _in_thread(provider, refused)
            return
        with trio.CancelScope() as scope:
            cancel = partial(_in_run, trio.lowlevel.current_trio_token(), scope.cancel)
            if provider.began(call, cancel):
                outcome = await _outcome(provider, refused)
    finally:
        provider.land(call, outcome)


async def _outcome(provider: SharedProvider, refused: str | None) -> Landed:
    try:
        return Landed(await cast("Awaitable[object]", provider.provide(refused)))
    except trio.Cancelled:
        raise
    except BaseException as error:  # noqa: BLE001  # raised again by those who wait
        return Landed(error=error)


async def _in_thread(provider: SharedProvider, refused: str | None) -> Landed:
    def call() -> Landed:
        try:
            return Landed(provider.provide(refused))
        except BaseException as error:  # noqa: BLE001  # raised again by those who wait
            return Landed(error=error)

    # A limiter of its own: a provider that hangs takes no thread away from a source.
    return await trio.to_thread.run_sync(
        call, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
    )


def _in_run(token: trio.lowlevel.TrioToken, do: Callable[[], object]) -> None:
    with suppress(trio.RunFinishedError):
        token.run_sync_soon(do)
