"""Hostile servers, on real sockets: no behaviour of theirs causes a hot loop.

The policy is as impatient as it may be; only the verdict and the gate bound the dials.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
from trio_websocket import WebSocketConnection

from openline.backend import Backend
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import Ended, State, StateChanged
from openline_server import FaultInjector, Server, ServerConfig, serve
from openline_server.scripted import Dial, Scripted, serve_script
from openline_trio import open_session
from tests.support_clock import WaitedClock
from tests.support_lines import Frames, Silent

IMPATIENT = Policy(
    start_delay=0.001,
    backoff_first=0.001,
    backoff_cap=0.001,
    later_floor=0,
    scatter=0,
    prompt_retry=0,
    connect_timeout=0.5,
    ack_timeout=0.5,
    ping_interval=0.2,
    pong_timeout=0.3,
    send_timeout=0.3,
    max_attempts=2,
)
FOREVER = Policy(
    start_delay=0.001, backoff_first=0.001, backoff_cap=0.001, later_floor=0, scatter=0
)
#: Dials with two retries allowed.
GIVES_UP, TRIES = 1, 3
CODES = {
    **dict.fromkeys((1000, 1001, 1011, 1012, 1013, 1014, 3008, 4408, 4429), TRIES),
    **dict.fromkeys((3001, 3999, 4000, 4999), TRIES),  # unknown: a strike each
    **dict.fromkeys((1002, 1003, 1007, 1009, 1010, 3003, 4003, 4403, 4004), GIVES_UP),
    **dict.fromkeys((1008, 3000, 4001, 4401), GIVES_UP),  # a static token cannot be renewed
}


#: As soon as it is open, or once a session has begun.
MOMENTS = ["", "after ack"]


async def failing(nursery: trio.Nursery, phrase: str) -> Server:
    """A backend with this fault on every dial."""
    config = ServerConfig(recognizer="none", port=0)
    hooks = FaultInjector(f"{phrase} on every dial")
    server: Server = await nursery.start(partial(serve, config, hooks=hooks))
    return server


async def run_to_end(
    backend: Backend, policy: Policy = IMPATIENT
) -> tuple[Ended, list[StateChanged]]:
    """A session to its end."""
    async with open_session(
        backend, {"mic": Silent()}, policy=policy, credentials="token", random=lambda: 0.0
    ) as session:
        with trio.fail_after(20):
            states = [u async for u in session if isinstance(u, StateChanged)]
            return await session.wait(), states


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_server_that_closes(
    waited_clock: WaitedClock, nursery: trio.Nursery, moment: str, code: int
) -> None:
    server = await failing(nursery, f'close {code} "go away" {moment}')
    ended, states = await run_to_end(Backend.from_url(server.url))
    assert ended.state is State.FAILED
    assert server.accepted == ended.statistics.dials == CODES[code]
    assert ended.action is (Action.FATAL if CODES[code] == GIVES_UP else ended.action)
    assert "go away" in ended.reason or code == 1014  # which wsproto takes for a violation
    assert (State.STREAMING in {s.state for s in states}) == (moment == "after ack")


async def test_unknown_endings_have_an_end_without_any_limit(
    waited_clock: WaitedClock, nursery: trio.Nursery
) -> None:
    server = await failing(nursery, "close 4999 after ack")
    ended, _ = await run_to_end(Backend.from_url(server.url), FOREVER)
    assert (ended.state, server.accepted) == (State.FAILED, 4)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("code", [1000, 1013])
async def test_the_gate_ends_every_hot_loop(
    waited_clock: WaitedClock, nursery: trio.Nursery, moment: str, code: int
) -> None:
    server = await failing(nursery, f"close {code} {moment}")
    async with open_session(
        Backend.from_url(server.url), {"mic": Silent()}, policy=FOREVER, random=lambda: 0.0
    ) as session:
        with trio.fail_after(20):
            async for update in session:
                if isinstance(update, StateChanged) and (update.retry_in or 0) > 30:
                    break
        session.network_restored()  # a hint does not open the gate
        assert server.accepted == 15


@pytest.mark.parametrize(
    ("phrase", "dials"),
    [
        ("refuse 404", GIVES_UP),
        ("refuse 401", GIVES_UP),
        ("refuse 403", GIVES_UP),
        ("refuse 502", TRIES),
        ("refuse 503 retry-after 0", TRIES),
        ("redirect /again", 11),
        ("redirect http://[/", GIVES_UP),
        ("unauthorized", GIVES_UP),
        ("error", GIVES_UP),
        ("no ack", TRIES),
        ("reset after accept", TRIES),
        ("cut mid-frame", TRIES),
        ("garbage bytes", TRIES),
        ("garbage bytes after accept", TRIES),
        ("freeze 1min", TRIES),
        ("half-open", TRIES),
        ("no pong", TRIES),
    ],
)
async def test_a_server_that_refuses_or_breaks(
    waited_clock: WaitedClock, nursery: trio.Nursery, phrase: str, dials: int
) -> None:
    server = await failing(nursery, phrase)
    ended, _ = await run_to_end(Backend.from_url(server.url))
    assert ended.state is State.FAILED
    assert server.accepted == dials


async def test_retry_after_without_a_time(waited_clock: WaitedClock, nursery: trio.Nursery) -> None:
    async def refused(ws: WebSocketConnection, dial: Dial) -> None:
        raise AssertionError("refused dials do not get here")

    refuse = partial(serve_script, refused, refuse=lambda _: (429, {"Retry-After": "nonsense"}))
    server: Scripted = await nursery.start(refuse)
    ended, _ = await run_to_end(Backend.from_url(server.url))
    assert (ended.state, len(server.dials)) == (State.FAILED, TRIES)


Raw = Callable[[trio.SocketStream], Awaitable[None]]


def reset(stream: trio.SocketStream) -> None:
    """Make the close a reset."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def leave(stream: trio.SocketStream) -> None:
    """End at once."""
    await trio.lowlevel.checkpoint()


async def break_off(stream: trio.SocketStream) -> None:
    """Reset at once."""
    reset(stream)
    await trio.lowlevel.checkpoint()


async def read_and_break_off(stream: trio.SocketStream) -> None:
    """Read the request, then reset."""
    await stream.receive_some()
    reset(stream)


async def accept_only(stream: trio.SocketStream) -> None:
    """Accept, and send nothing."""
    await trio.sleep_forever()


async def send_endless_header(stream: trio.SocketStream) -> None:
    """A header without an end."""
    await stream.send_all(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await stream.send_all(b"x" * 65536)


async def greet(stream: trio.SocketStream) -> None:
    """Another protocol."""
    await stream.send_all(b"220 mail.example ESMTP\r\n")
    await stream.receive_some()


@pytest.mark.parametrize(
    "handler", [leave, break_off, read_and_break_off, accept_only, send_endless_header, greet]
)
async def test_server_of_another_protocol(
    waited_clock: WaitedClock, nursery: trio.Nursery, handler: Raw
) -> None:
    accepted = 0

    async def serve(stream: trio.SocketStream) -> None:
        nonlocal accepted
        accepted += 1
        try:
            await handler(stream)
        except trio.BrokenResourceError:
            pass
        finally:
            await trio.aclose_forcefully(stream)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    port = int(listeners[0].socket.getsockname()[1])
    ended, _ = await run_to_end(Backend(port=port))
    assert (ended.state, ended.statistics.dials, accepted) == (State.FAILED, TRIES, TRIES)


async def test_a_server_that_stops_reading_is_left(
    waited_clock: WaitedClock, nursery: trio.Nursery
) -> None:
    """Kernel buffers take a lot; the missing pongs show it."""

    server = await failing(nursery, "stall uplink 1min after ack")
    async with open_session(
        Backend.from_url(server.url),
        {"mic": Frames(10_000)},
        policy=IMPATIENT,
        random=lambda: 0.0,
    ) as session:
        with trio.fail_after(20):
            ended = await session.wait()
    assert (ended.state, server.accepted) == (State.FAILED, TRIES)
    assert "ping" in ended.reason
