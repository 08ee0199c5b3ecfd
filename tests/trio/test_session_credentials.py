"""Sessions whose token is refused, late, or led elsewhere by a redirect."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast

import pytest
import trio
from trio.testing import MockClock

from openline.backend import Backend
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import State, StateChanged
from openline_trio import CredentialError, Session, open_session
from tests.support_lines import (
    Frames,
    Peer,
    Script,
    Silent,
    all_delivered,
    close,
)
from tests.support_sessions import (
    BACKEND,
    TOKEN,
    Play,
    Provider,
    drop,
    echo,
    last,
    refuse_token,
)

# Credentials.


def token_of(peer: Peer) -> str | None:
    return peer.headers.get("x-echopanel-token")


async def unauthorized(peer: Peer) -> None:
    await peer.upgrade()
    await peer.send("status", state="error", message="Unauthorized websocket connection")
    await peer.stream.send_all(close(1008))
    await peer.receive()


async def http_401(peer: Peer) -> None:
    await peer.refuse(401, "Content-Length: 0")


@pytest.mark.parametrize("refusing", [refuse_token, unauthorized, http_401])
async def test_a_wrong_token_is_one_dial(
    autojump_clock: MockClock, play: Play, refusing: Script
) -> None:
    net = play.net(refusing)
    ended = last(await play(net, Frames(5), credentials=TOKEN))
    assert (ended.state, ended.action) == (State.FAILED, Action.FATAL)
    assert len(net.dials) == 1
    assert token_of(net.dials[0]) == TOKEN
    assert net.dials[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("refusing", [refuse_token, unauthorized, http_401])
async def test_a_refused_token_is_replaced_by_a_fresh_one(
    autojump_clock: MockClock, play: Play, refusing: Script
) -> None:
    net = play.net(refusing, echo)
    provider = Provider("first", "second")
    ended = last(await play(net, Frames(30), credentials=provider))
    assert ended.complete
    assert [token_of(peer) for peer in net.dials] == ["first", "second"]
    assert len(provider.asked) == 2


async def test_a_fresh_token_that_is_refused_too_is_the_end(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(refuse_token)
    provider = Provider("first", "second", "third")
    ended = last(await play(net, Frames(30), credentials=provider))
    assert ended.state is State.FAILED
    assert len(net.dials) == len(provider.asked) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (CredentialError("log in again", fatal=True), "log in again"),
        ("", "it returned a token that cannot be sent"),
        ("nö", "it returned a token that cannot be sent"),
        (cast("str", b"bytes"), "it returned bytes; a token is a str"),
        (cast("str", None), "it returned NoneType; a token is a str"),
    ],
)
async def test_fatal_credential_error_ends_the_session(
    autojump_clock: MockClock, play: Play, answer: str | BaseException, reason: str
) -> None:
    net = play.net(echo)
    provider = Provider(answer)
    ended = last(await play(net, Frames(3), credentials=provider))
    assert ended.state is State.FAILED
    assert reason in ended.reason
    says_no = isinstance(answer, CredentialError)
    assert ("reports that it has no credential" in ended.reason) is says_no
    assert (len(provider.asked), net.dials) == (1, [])


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (CredentialError("the vault is shut"), "the vault is shut"),
        (
            ExceptionGroup("x", [CredentialError("the vault is shut")]),
            "provider failed (the vault is shut)",
        ),
        (RuntimeError(TOKEN), "it raised RuntimeError (support_sessions.py, line "),
        (json.JSONDecodeError("a login page", TOKEN, 0), "it raised JSONDecodeError (support_s"),
        (ExceptionGroup("x", [OSError(), OSError()]), "it raised ExceptionGroup (support_s"),
    ],
)
async def test_failed_provider_is_retried(
    autojump_clock: MockClock, play: Play, error: Exception, shown: str
) -> None:
    net = play.net(echo)
    provider = Provider(error, error, TOKEN)
    updates = await play(net, Frames(3), credentials=provider)
    assert last(updates).complete
    assert len(provider.asked) == 3
    waits = [u for u in updates if isinstance(u, StateChanged) and u.retry_in is not None]
    assert len(waits) == 2
    assert all(shown in wait.reason for wait in waits)
    assert TOKEN not in repr(updates)


async def test_slow_provider_is_cancelled_and_retried(
    autojump_clock: MockClock, play: Play
) -> None:
    cancelled: list[float] = []

    async def never() -> str:
        try:
            await trio.Event().wait()
        finally:
            cancelled.append(trio.current_time())
        return "never"

    provider = Provider(never, TOKEN)
    assert last(await play(play.net(echo), Frames(2000), credentials=provider)).complete
    assert cancelled == [Policy().auth_timeout]
    assert len(provider.asked) == 2


async def test_late_token_is_not_used(autojump_clock: MockClock, play: Play) -> None:
    """A provider in a thread cannot be cancelled, and answers after its timeout."""

    async def thread() -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(Policy().auth_timeout + 5)
        return "stale"

    net = play.net(partial(drop, seconds=10), echo)
    await play(net, Frames(2500), credentials=Provider(thread, TOKEN))
    assert [token_of(peer) for peer in net.dials] == [TOKEN, TOKEN]


@pytest.mark.parametrize("how", [Session.request_stop, Session.abort])
async def test_stop_while_the_provider_runs(
    autojump_clock: MockClock, play: Play, how: Callable[[Session], None]
) -> None:
    async def never() -> str:
        await trio.Event().wait()
        return "never"

    net = play.net(echo)
    with all_delivered():
        async with open_session(
            BACKEND, {"mic": Silent()}, connect=net, credentials=Provider(never)
        ) as session:
            await trio.sleep(1)
            assert session.state is State.AUTHORIZING
            how(session)
            ended = await session.wait()
    assert (ended.state, net.dials, trio.current_time()) == (State.CLOSED, [], 1)


# Redirects.

#: The origins that the app allows by name.
ORIGINS = (
    *("ws://127.0.0.1:8001", "ws://127.0.0.1:9000"),
    *("wss://127.0.0.1:8000", "wss://example.org"),
)


async def redirect(peer: Peer, location: str, status: int = 307) -> None:
    await peer.refuse(status, f"Location: {location}")


@pytest.mark.parametrize(
    ("location", "url", "token"),
    [
        ("/other?x=1", "ws://127.0.0.1:8000/other?x=1", TOKEN),
        ("other", "ws://127.0.0.1:8000/ws/other", TOKEN),
        ("http://127.0.0.1:8000/other", "ws://127.0.0.1:8000/other", TOKEN),
        ("ws://127.0.0.1:8001/other", "ws://127.0.0.1:8001/other", None),
        ("wss://127.0.0.1:8000/other", "wss://127.0.0.1:8000/other", None),
        ("https://example.org/other", "wss://example.org:443/other", None),
    ],
)
async def test_a_redirect_is_followed_and_the_token_stays_with_its_origin(
    autojump_clock: MockClock, play: Play, location: str, url: str, token: str | None
) -> None:
    net = play.net(partial(redirect, location=location), echo)
    backend = replace(BACKEND, redirects_to=ORIGINS)
    assert last(await play(net, Frames(3), backend=backend, credentials=TOKEN)).complete
    assert [token_of(peer) for peer in net.dials] == [TOKEN, token]
    assert net.dials[1].backend.url == url


async def test_a_token_that_was_dropped_does_not_come_back_on_the_way(
    autojump_clock: MockClock, play: Play
) -> None:
    hops = [partial(redirect, location=f"ws://127.0.0.1:{port}/") for port in (9000, 8000)]
    net = play.net(*hops, echo)
    await play(net, Frames(3), backend=replace(BACKEND, redirects_to=ORIGINS), credentials=TOKEN)
    assert [token_of(peer) for peer in net.dials] == [TOKEN, None, None]


@pytest.mark.parametrize(
    "location",
    ["ws://127.0.0.1:8001/", "https://portal.example/", "http://portal.example/?token=1"],
)
async def test_a_redirect_to_an_origin_that_is_not_allowed_gets_nothing(
    autojump_clock: MockClock, play: Play, location: str
) -> None:
    astray = partial(redirect, location=location)
    net = play.net(astray, astray, echo)
    assert last(await play(net, Frames(3), credentials=TOKEN)).complete
    assert {peer.backend.url for peer in net.dials} == {BACKEND.url}
    assert len(net.dials) == 3


@pytest.mark.parametrize("location", ["ws://example.org/", "http://example.org/", "ftp://x/"])
async def test_a_redirect_to_where_it_is_not_safe_is_the_end(
    autojump_clock: MockClock, play: Play, location: str
) -> None:
    net = play.net(partial(redirect, location=location))
    backend = Backend(host="example.org", port=443)
    ended = last(await play(net, backend=backend, credentials=TOKEN))
    assert (ended.state, len(net.dials)) == (State.FAILED, 1)


async def test_redirects_have_an_end(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(partial(redirect, location="/again"))
    ended = last(await play(net))
    assert ended.state is State.FAILED
    assert len(net.dials) == Policy().max_redirects + 1
