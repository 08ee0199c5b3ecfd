"""A dial through a proxy on asyncio and uvloop: HTTP CONNECT and SOCKS, over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest
import trustme

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_asyncio.network import connector
from openline_driver.network_errors import DialError
from openline_driver.proxies import Proxies
from tests.asyncio.support import LOOPS, run, settled
from tests.asyncio.test_network import Noting

Loop = Callable[[], asyncio.AbstractEventLoop]
Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Serves = Callable[[Reader, Writer], Awaitable[None]]

every_loop = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
#: A name that only the proxy can look up.
UNKNOWN = "speech.invalid"
OPEN = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 the proxy\r\n\r\n"


async def serving(handler: Serves, context: ssl.SSLContext | None = None) -> asyncio.Server:
    async def handle(reader: Reader, writer: Writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def echo(reader: Reader, writer: Writer) -> None:
    writer.write(await reader.readexactly(5))
    await writer.drain()


async def joined(reader: Reader, writer: Writer, port: int) -> None:
    """Pass all bytes on, both ways, until one side ends."""
    back, there = await asyncio.open_connection("127.0.0.1", port)

    async def pump(source: Reader, to: Writer) -> None:
        with suppress(OSError):
            while data := await source.read(1000):
                to.write(data)

    pumps = [asyncio.ensure_future(pump(reader, there)), asyncio.ensure_future(pump(back, writer))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in pumps:
            each.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        there.close()
        with suppress(OSError):
            await there.wait_closed()


class HttpProxy:
    """Opens a tunnel to ``port``, whatever it is asked for, in an answer of small pieces."""

    def __init__(self, port: int, answer: bytes = OPEN) -> None:
        self.port, self.answer = port, answer
        self.asked: list[str] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        for at in range(0, len(self.answer), 5):
            writer.write(self.answer[at : at + 5])
            await writer.drain()
        if self.answer.split()[1:2] == [b"200"]:
            await joined(reader, writer, self.port)


class SocksProxy:
    """SOCKS 5 without a user (RFC 1928), to ``port``; ``reply`` is its reply code."""

    def __init__(self, port: int, reply: int = 0) -> None:
        self.port, self.reply = port, reply
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\5\0")
        length = (await reader.readexactly(5))[4]
        host = (await reader.readexactly(length)).decode()
        self.asked.append((host, struct.unpack("!H", await reader.readexactly(2))[0]))
        writer.write(bytes([5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if self.reply == 0:
            await joined(reader, writer, self.port)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The TLS settings of a server of this name, and of a client that trusts it."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(server)  # pyright: ignore[reportUnknownMemberType]
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType]
    return server, client


async def echoes(backend: Backend, proxies: Proxies, context: ssl.SSLContext | None = None) -> None:
    seen = Noting()
    transport = await connector(context, proxies)(backend, seen)
    transport.write(b"hello")
    await seen.until(5)
    assert bytes(seen.data) == b"hello"
    transport.abort()
    await seen.lost


async def fails(proxy: str) -> DialError:
    before, own = len(os.listdir("/proc/self/fd")), asyncio.all_tasks()
    with pytest.raises(DialError) as caught:
        await connector(None, Proxies(proxy, {}))(Backend(UNKNOWN, port=443), Noting())
    assert "\n" not in str(caught.value)
    await settled(own)
    assert len(os.listdir("/proc/self/fd")) <= before, "a socket is left"
    return caught.value


@every_loop
def test_tls_through_http_connect(loop: Loop, authority: trustme.CA) -> None:
    async def main() -> None:
        ours, context = contexts(authority, UNKNOWN)
        async with await serving(echo, ours) as server:
            proxy = HttpProxy(port_of(server))
            async with await serving(proxy) as proxied:
                environ = {"HTTPS_PROXY": f"http://me:pass@localhost:{port_of(proxied)}"}
                backend = Backend(UNKNOWN, port=443, secure=True)
                await echoes(backend, Proxies(True, environ), context)
        assert proxy.asked[0].startswith(f"CONNECT {UNKNOWN}:443 HTTP/1.1\r\n")
        assert "Proxy-Authorization: Basic bWU6cGFzcw==\r\n" in proxy.asked[0]

    run(main, loop)


@every_loop
@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_that_speaks_tls(
    loop: Loop, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    """To a backend that speaks TLS as well, or does not; in large blocks."""

    async def main() -> None:
        ours, trusting = contexts(authority, UNKNOWN)
        proxys, _ = contexts(authority, "localhost")
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        async with (
            await serving(echo_all, ours if secure else None) as server,
            await serving(HttpProxy(port_of(server)), proxys) as proxied,
        ):
            backend = Backend(UNKNOWN, port=443, secure=secure, allow_plain=True)
            proxies = Proxies(f"https://localhost:{port_of(proxied)}", {})
            seen = Noting()
            transport = await connector(trusting, proxies)(backend, seen)
            data = bytes(range(256)) * 8_000
            transport.write(data)
            transport.write(b"behind it")
            await seen.until(len(data) + 9)
            assert bytes(seen.data) == data + b"behind it"
            assert transport.get_write_buffer_size() == 0
            transport.abort()
            assert await seen.lost is None

    run(main, loop)


async def echo_all(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        with suppress(OSError):
            await writer.drain()
    writer.close()


@every_loop
def test_a_proxy_that_speaks_tls_and_is_not_trusted(loop: Loop, authority: trustme.CA) -> None:
    async def main() -> None:
        proxys, _ = contexts(authority, "localhost")
        async with await serving(HttpProxy(0), proxys) as proxied:
            error = await fails(f"https://localhost:{port_of(proxied)}")
        assert error.kind is ErrorKind.PROXY_FAILED
        assert error.detail.startswith("proxy localhost:")

    run(main, loop)


@every_loop
def test_socks(loop: Loop) -> None:
    async def main() -> None:
        async with await serving(echo) as server:
            proxy = SocksProxy(port_of(server))
            async with await serving(proxy) as proxied:
                address = f"socks5h://127.0.0.1:{port_of(proxied)}"
                far = Backend(UNKNOWN, port=443, secure=False, allow_plain=True)
                await echoes(far, Proxies(address, {}))
        assert proxy.asked == [(UNKNOWN, 443)]

    run(main, loop)


async def closes(reader: Reader, writer: Writer) -> None:
    await reader.read(1)


async def resets(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@every_loop
@pytest.mark.parametrize(
    ("scheme", "handler", "kind"),
    [
        ("http", HttpProxy(0, b"HTTP/1.1 407 No\r\n\r\n"), ErrorKind.PROXY_CREDENTIALS),
        ("http", HttpProxy(0, b"HTTP/1.1 502 No\r\n\r\n"), ErrorKind.PROXY_BUSY),
        ("http", closes, ErrorKind.PROXY_FAILED),
        ("http", resets, ErrorKind.PROXY_FAILED),
        ("https", closes, ErrorKind.PROXY_FAILED),
        ("socks5h", SocksProxy(0, 2), ErrorKind.PROXY_FORBIDS),
        ("socks5h", closes, ErrorKind.PROXY_FAILED),
        ("socks5h", resets, ErrorKind.PROXY_FAILED),
    ],
)
def test_a_proxy_that_fails(loop: Loop, scheme: str, handler: Serves, kind: ErrorKind) -> None:
    async def main() -> None:
        async with await serving(handler) as server:
            address = f"127.0.0.1:{port_of(server)}"
            error = await fails(f"{scheme}://{address}")
        assert error.kind is kind
        assert error.detail.startswith(f"proxy {address}: ")

    run(main, loop)


@every_loop
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_that_is_not_there(loop: Loop, scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        error = run(lambda: fails(f"{scheme}://127.0.0.1:{port}"), loop)
    assert error.kind is ErrorKind.PROXY_UNREACHABLE
    assert "connection refused" in error.detail


@every_loop
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_cancelled_dial_leaves_no_socket(loop: Loop, scheme: str) -> None:
    async def main() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def mute(reader: Reader, writer: Writer) -> None:
            await reader.read(1)
            asked.set()
            with suppress(OSError):
                while await reader.read(1000):
                    pass
            gone.set()

        async with await serving(mute) as server:
            proxies = Proxies(f"{scheme}://127.0.0.1:{port_of(server)}", {})
            dial = connector(None, proxies)(Backend(UNKNOWN, port=443), Noting())
            dialling = asyncio.ensure_future(dial)
            await asked.wait()
            dialling.cancel()
            with suppress(asyncio.CancelledError):
                await dialling
            async with asyncio.timeout(60):
                await gone.wait()

    run(main, loop)


@every_loop
def test_a_key_log_is_opened_before_any_dial(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    with pytest.raises(ValueError, match=r"^SSLKEYLOGFILE: .*, or unset it$"):
        connector()
