"""Doors that close in a session's midst, on real sockets: routers, portals, certificates."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
import trio
import trustme

from openline.backend import Backend
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import Ended, State, StateChanged
from openline_trio import open_session
from openline_trio.network import connector
from tests.support_clock import WaitedClock
from tests.support_lines import Frames

Stream = trio.abc.Stream
Door = Callable[[Stream], Awaitable[None]]

QUICK = Policy(start_delay=0.001, backoff_first=0.01, backoff_cap=0.01, later_floor=0.01, scatter=0)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def request(stream: Stream) -> bytes:
    """Read the request; return the value of Sec-WebSocket-Accept that it asks for."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += await stream.receive_some()
    key = next(
        line for line in text.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
    )
    return base64.b64encode(hashlib.sha1(key.split(b": ")[1] + _GUID).digest())  # noqa: S324


async def answer(stream: Stream, *lines: str, early: str = "", accept: bytes | None = None) -> None:
    """Answer an upgrade; without ``lines`` by agreeing to it."""
    right = await request(stream)
    head = lines or (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {(right if accept is None else accept).decode()}",
    )
    await stream.send_all((early + "\r\n".join(head) + "\r\n\r\n").encode())


async def frame(stream: Stream, opcode: int, body: bytes) -> None:
    await stream.send_all(bytes([0x80 | opcode, len(body)]) + body)


async def good(stream: Stream, *, early: str = "") -> None:
    """Upgrade, acknowledge the start, and close with 1001."""
    await answer(stream, early=early)
    await stream.receive_some()  # the start
    await frame(stream, 1, b'{"type":"status","state":"streaming"}')
    await trio.sleep(0.05)
    await frame(stream, 8, b"\x03\xe9")
    await stream.receive_some()


class Place:
    """A server on loopback: dial n meets the n-th door, later dials the last one."""

    def __init__(self, *doors: Door, contexts: list[ssl.SSLContext] | None = None) -> None:
        self.doors = doors
        self.contexts = contexts
        self.dials = 0

    async def meet(self, tcp: trio.SocketStream) -> None:
        number = self.dials
        self.dials += 1
        stream: Stream = tcp
        try:
            if self.contexts is not None:
                context = self.contexts[min(number, len(self.contexts) - 1)]
                stream = trio.SSLStream(tcp, context, server_side=True, https_compatible=True)
                await stream.do_handshake()
            await self.doors[min(number, len(self.doors) - 1)](stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(stream)

    async def session(
        self, nursery: trio.Nursery, context: ssl.SSLContext | None = None
    ) -> tuple[list[StateChanged], Ended]:
        """A session with it, to the end."""
        serve = partial(trio.serve_tcp, self.meet, 0, host="127.0.0.1")
        listeners: list[trio.SocketListener] = await nursery.start(serve)
        port = listeners[0].socket.getsockname()[1]
        secure = self.contexts is not None
        backend = Backend("127.0.0.1", port=port, secure=secure)
        with trio.fail_after(30):
            async with open_session(
                backend,
                {"mic": Frames(5)},
                policy=replace(QUICK, max_attempts=6),
                connect=connector(context),
            ) as session:
                states = [each async for each in session if isinstance(each, StateChanged)]
                return states, await session.wait()


def actions(states: list[StateChanged]) -> list[Action | None]:
    return [each.action for each in states if each.state is State.RECONNECTING]


PAGE = ("HTTP/1.1 200 OK", "Content-Type: text/html", "Content-Length: 9", "", "<html>...")
DOORS = {
    "404": ("HTTP/1.1 404 Not Found",),
    "403": ("HTTP/1.1 403 Forbidden", "Content-Type: text/html", "", "<html>"),
    "400": ("HTTP/1.1 400 Bad Request",),
    "page": PAGE,
    "portal": ("HTTP/1.1 302 Found", "Location: http://portal.example/login?token=1"),
    "downgrade": ("HTTP/1.1 302 Found", "Location: ftp://127.0.0.1/"),
}


@pytest.mark.parametrize("door", DOORS)
async def test_a_closed_door_is_tried_again_once_connected(
    waited_clock: WaitedClock, nursery: trio.Nursery, door: str
) -> None:
    closed = partial(answer_lines, lines=DOORS[door])
    place = Place(good, closed, closed, closed, good, closed)
    states, _ = await place.session(nursery)
    assert place.dials >= 5
    assert actions(states)[1:4] == [Action.LATER] * 3
    # The ack leads to one of the two: on a busy machine the source is over before it comes.
    assert {State.STREAMING, State.FINISHING} & {each.state for each in states}


async def answer_lines(stream: Stream, lines: tuple[str, ...]) -> None:
    await answer(stream, *lines)


@pytest.mark.parametrize("door", ["404", "400", "403", "downgrade"])
async def test_at_a_first_contact_it_ends_the_session(
    waited_clock: WaitedClock, nursery: trio.Nursery, door: str
) -> None:
    place = Place(partial(answer_lines, lines=DOORS[door]))
    _, ended = await place.session(nursery)
    assert (place.dials, ended.state, ended.action) == (1, State.FAILED, Action.FATAL)


@pytest.mark.parametrize("door", ["page", "portal"])
async def test_a_portal_is_tried_again_at_a_first_contact(
    waited_clock: WaitedClock, nursery: trio.Nursery, door: str
) -> None:
    place = Place(partial(answer_lines, lines=DOORS[door]), good)
    states, _ = await place.session(nursery)
    assert actions(states)[0] is Action.RETRY
    assert {each.state for each in states} & {State.STREAMING, State.FINISHING}


EARLY = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


async def test_preliminary_answers_are_passed_over(
    waited_clock: WaitedClock, nursery: trio.Nursery
) -> None:
    states, _ = await Place(partial(good, early=EARLY)).session(nursery)
    assert [each.state for each in states][:2] == [State.CONNECTING, State.AWAITING_ACK]


@pytest.mark.parametrize("accept", [b"bm9uc2Vuc2U=", b""])
async def test_a_wrong_accept_is_a_strike(
    waited_clock: WaitedClock, nursery: trio.Nursery, accept: bytes
) -> None:
    place = Place(partial(answer, accept=accept))
    states, ended = await place.session(nursery)
    assert actions(states) == [Action.RETRY] * 3
    assert place.dials == 4
    assert "4 unknown endings" in ended.reason


async def test_a_portals_certificate_is_waited_out(
    waited_clock: WaitedClock, nursery: trio.Nursery
) -> None:
    authority, portal = trustme.CA(), trustme.CA()
    ours, theirs = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    authority.issue_cert("127.0.0.1").configure_cert(ours)  # pyright: ignore[reportUnknownMemberType]
    portal.issue_cert("portal.example").configure_cert(theirs)  # pyright: ignore[reportUnknownMemberType]
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)  # pyright: ignore[reportUnknownMemberType]
    place = Place(good, contexts=[ours, theirs, theirs, ours])
    states, _ = await place.session(nursery, trusting)
    assert place.dials >= 4
    assert actions(states)[1:3] == [Action.LATER] * 2
