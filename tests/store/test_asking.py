"""A provider's answer, as an event: a token, an error, or that it is no async function."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from openline import events as e
from openline_driver import facts as f
from openline_driver.shared_provider import SharedProvider
from openline_store import asking


def played(waiting: Coroutine[Any, Any, e.Event | f.Fact]) -> e.Event | f.Fact:
    """What comes of a coroutine that waits for nothing."""
    try:
        waiting.send(None)
    except StopIteration as over:
        found: e.Event | f.Fact = over.value
        return found
    raise AssertionError("it waits")


async def shared(provider: SharedProvider, refused: str | None) -> object:
    return provider.provide(refused), refused


def answer(provide: object) -> e.Event | f.Fact:
    return played(asking.answer(provide, 7, "old", ask=shared, now=lambda: 9.0))


async def token() -> str:
    return "token"


async def fails() -> str:
    raise LookupError("no token")


def test_what_an_async_function_gives() -> None:
    assert answer(token) == f.CredentialGiven(7, "token", 9.0)


def test_what_a_shared_provider_gives_who_knows_the_refused_token() -> None:
    assert answer(SharedProvider(lambda: "token")) == f.CredentialGiven(7, ("token", "old"), 9.0)


def test_what_a_provider_raises() -> None:
    failed = answer(fails)
    assert isinstance(failed, f.ProviderFailed)
    assert failed.request == 7
    assert isinstance(failed.error, LookupError)


def test_a_function_that_is_not_async() -> None:
    answered = answer(lambda: "token")
    assert type(answered) is not f.CredentialGiven
    assert "token" not in repr(answered)
