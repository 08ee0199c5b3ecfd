"""Asks the app's provider for a credential, in each face whose providers are async functions.

It waits for nothing but what the provider waits for. A face hands in how it asks a
``SharedProvider`` of its loop, and its clock; it deals with the cancellation of its own tasks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

from openline.events import Event
from openline_driver.credentials import not_async
from openline_driver.facts import CredentialGiven, Fact, ProviderFailed
from openline_driver.shared_provider import SharedProvider

#: What the provider gives; the token is the one that the backend refused, if it did.
Ask: TypeAlias = Callable[[SharedProvider, str | None], Awaitable[object]]


async def answer(
    provide: object, request: int, refused: str | None, *, ask: Ask, now: Callable[[], float]
) -> Event | Fact:
    """What to feed for ``request``: what ``provide`` gave or raised, or that it is not async.

    ``now`` gives seconds since the epoch.
    """
    try:
        if isinstance(provide, SharedProvider):
            given = await ask(provide, refused)
        else:
            promised = cast("Callable[[], object]", provide)()
            if not isinstance(promised, Awaitable):
                return not_async(request, promised)
            given = cast("object", await promised)
    except Exception as exc:  # noqa: BLE001  # whatever an app's provider raises
        return ProviderFailed(request, exc)
    return CredentialGiven(request, given, now())
