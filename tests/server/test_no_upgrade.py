"""A request that is no upgrade to WebSocket: one line in answer, and one in the log."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from openline_server import Server, ServerConfig
from openline_server.recognizer import Echo

HOST = b"Host: a\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


async def answer_to(request: bytes) -> bytes:
    server = Server(ServerConfig(recognizer="echo"), Echo())
    here, there = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.handle, there)
        await here.send_all(request)
        return b"".join([piece async for piece in here])


@pytest.mark.parametrize(
    ("request_", "status", "why"),
    [
        (b"GET /health HTTP/1.1\r\n" + HOST, "400 Bad Request", "'GET /health' is no upgrade"),
        (b"GET / HTTP/1.0\r\n", "400 Bad Request", "'GET /' is no upgrade"),
        (b"POST /x?token=s3cret HTTP/1.1\r\n" + HOST, "400 Bad Request", "'POST /x' is no upgrade"),
        (b"hello\r\n", "400 Bad Request", "'hello' is no upgrade"),
        (
            b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"Sec-WebSocket-Version: 8\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "426 Upgrade Required", "'GET /' is no upgrade to version 13 of WebSocket",
        ),
    ],
)  # fmt: skip
async def test_a_request_without_an_upgrade_gets_a_line(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, request_: bytes, status: str,
    why: str,
) -> None:  # fmt: skip
    head, _, body = (await answer_to(request_ + b"\r\n")).decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == f"HTTP/1.1 {status}"
    assert f"Content-Length: {len(body)}" in lines
    assert ("Sec-WebSocket-Version: 13" in lines) == status.startswith("426")
    assert body == "this port speaks WebSocket alone: dial ws:// and /ws/live-listener\n"
    (line,) = caplog.messages
    assert line.startswith(f"connection 1 was refused with HTTP {status[:3]}: {why}")
    assert "s3cret" not in line


async def test_the_answer_to_head_has_no_body(autojump_clock: MockClock) -> None:
    answer = await answer_to(b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\n")


async def test_tls_on_the_plain_port_is_told_in_the_log(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    hello = b"\x16\x03\x01\x00\xa5\x01\x00\x00"
    assert await answer_to(hello) == b""
    assert caplog.messages == [
        "connection 1 was refused with no answer: it speaks TLS, and this port is for ws://"
    ]
