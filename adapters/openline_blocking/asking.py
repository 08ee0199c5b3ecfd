"""Asks the app for a credential: calls its function, or waits for the call of another session.

A function is called here and now, and may block: nothing else of the session goes on meanwhile. No
line is open then, in most cases, for an open one needs no credential. A ``SharedProvider`` makes
one call for all its sessions, whichever thread, greenlet or loop they live in; who finds it under
way waits without blocking.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias, cast

from openline_blocking.interrupts import interruptible
from openline_blocking.tasks import Signal, here
from openline_driver import facts as f
from openline_driver.shared_provider import AGAIN, Landed, Place, SharedProvider
from openline_driver.tokens import Token

#: Asked for a credential: a plain function, or a SharedProvider of one.
Provider: TypeAlias = Callable[[], str | Token] | SharedProvider
Credentials: TypeAlias = str | Provider | None


async def answer(
    credentials: object, request: int, refused: str | None
) -> f.CredentialGiven | f.ProviderFailed:
    """What ``credentials`` give; ``refused`` is the token that the backend refused, if it did."""
    try:
        if isinstance(credentials, SharedProvider):
            given = await _shared(credentials, refused)
        else:
            given = interruptible(cast("Callable[[], object]", credentials))
    except Exception as exc:  # noqa: BLE001  # whatever an app's provider raises
        return f.ProviderFailed(request, exc)
    return f.CredentialGiven(request, given, time.time())


async def _shared(provider: SharedProvider, refused: str | None) -> object:
    """What ``provider`` gives. Raises whatever it raises."""
    while True:
        called = Signal(here().poller.wake)
        found = provider.join(refused, time.time(), called)
        if not isinstance(found, Place):
            return found
        try:
            if found.leads:
                _make(provider, found, refused)
            await called.wait()
        finally:
            provider.leave(found)
        if found.is_settled:
            return found.given()


def _make(provider: SharedProvider, place: Place, refused: str | None) -> None:
    """Make the call; whatever happens to it, those who wait are woken."""
    landed = AGAIN  # for the others, should a Ctrl-C end it
    try:
        landed = Landed(interruptible(partial(provider.provide, refused)))
    except Exception as exc:  # noqa: BLE001  # raised again by those who wait
        landed = Landed(error=exc)
    finally:
        provider.land(place.call, landed)
