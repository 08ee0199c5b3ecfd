"""The functions that open sessions: what they were given goes on by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from openline.backend import Backend
from openline_driver.openers import Openers
from openline_driver.options import STORE_LIMIT

OTHERS = {
    "policy": None,
    "dialect": None,
    "credentials": None,
    "connect": None,
    "proxy": True,
    "ssl_context": None,
    "network_hints": True,
    "random": None,
    "journal": None,
    "journal_audio": False,
    "observers": (),
}


def given_to(name: str) -> Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Any]]:
    """Makes a block that gives ``name`` and what it was made with, but for the method's own."""

    def block(given: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
        return nullcontext((name, {key: each for key, each in given.items() if key != "self"}))

    return block


OPENERS = Openers[None, tuple[str, dict[str, Any]]](given_to("begin"), given_to("resume"))


async def test_a_session_is_begun_with_what_was_given() -> None:
    backend = Backend()
    async with OPENERS.open_session(backend, {}, spool="here") as (begun, given):
        assert begun == "begin"
    own: dict[str, Any] = {"backend": backend, "sources": {}, "session_id": None, "spool": "here"}
    assert given == {**OTHERS, **own, "spool_limit": STORE_LIMIT}


async def test_a_session_is_resumed_with_what_was_given() -> None:
    async with OPENERS.resume_session("folder", proxy=False) as (resumed, given):
        assert resumed == "resume"
    assert given == {**OTHERS, "folder": "folder", "backend": None, "proxy": False}
