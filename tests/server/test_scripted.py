"""The scripted server."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from openline_server.scripted import Dial, open_session, receive, serve_script

if TYPE_CHECKING:
    from tests.server.conftest import Opened

START = {"type": "start", "session_id": "s", "connection_id": "c"}


async def play(ws: WebSocketConnection) -> None:
    """The client's side of ``open_session``, until the server closes."""
    await ws.get_message()
    await ws.send_message(json.dumps(START))
    ack = json.loads(await ws.get_message())
    assert (ack["state"], ack["connection_id"]) == ("streaming", "c")
    await ws.send_message(b"audio")
    await ws.send_message('{"type":"stop"}')
    await ws.get_message()


async def test_a_script_plays_and_dials_are_counted(nursery: trio.Nursery, opened: Opened) -> None:
    async def script(ws: WebSocketConnection, dial: Dial) -> None:
        if dial.number == 2:
            dial.abort()
            return
        start = await open_session(ws)
        assert start == START
        assert await receive(ws) == {"type": "stop"}
        if dial.number == 3:
            await ws.aclose(4001, "enough")

    server = await nursery.start(serve_script, script)
    codes: list[int] = []
    for _ in range(3):
        async with opened(server.url + "?x=1", headers=[(b"X-A", b"b")]) as ws:
            with pytest.raises(ConnectionClosed):
                await play(ws)
            assert ws.closed is not None
            codes.append(ws.closed.code)
    assert codes == [1000, 1006, 4001]
    assert [dial.number for dial in server.dials] == [1, 2, 3]
    assert server.times == sorted(server.times)
    assert server.dials[0].path.endswith("?x=1")
    assert server.dials[0].headers["x-a"] == "b"
    nursery.cancel_scope.cancel()


async def test_a_dial_may_be_refused_or_go_away(nursery: trio.Nursery, opened: Opened) -> None:
    async def script(ws: WebSocketConnection, dial: Dial) -> None:
        await ws.get_message()

    def refuse(dial: Dial) -> tuple[int, dict[str, str]] | None:
        return (503, {"Retry-After": "7"}) if dial.number == 1 else None

    server = await nursery.start(partial(serve_script, script, refuse=refuse))
    async with await trio.open_tcp_stream(server.host, server.port) as stream:
        await stream.send_all(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        answer = b"".join([part async for part in stream])
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 7\r\n" in answer.lower()
    async with await trio.open_tcp_stream(server.host, server.port):
        pass  # opened, and closed again
    async with opened(server.url):
        pass
    assert len(server.dials) == 3
    Dial(1, 0.0).abort()  # no stream yet: no effect
    nursery.cancel_scope.cancel()
