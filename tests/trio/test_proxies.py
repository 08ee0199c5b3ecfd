"""A dial through a proxy: HTTP CONNECT and SOCKS, over real sockets of this machine."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import trio
import trustme

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError
from openline_driver.proxies import Proxies
from openline_trio.network import connector
from tests.support_lines import descriptors

Handler = Callable[[trio.SocketStream], Awaitable[None]]

#: A name that only the proxy can look up.
UNKNOWN = "speech.invalid"
OPEN = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 the proxy\r\n\r\n"


async def serving(nursery: trio.Nursery, handler: Handler) -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, handler, listeners)
    return int(listeners[0].socket.getsockname()[1])


async def pump(source: trio.abc.Stream, to: trio.abc.Stream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for data in source:
            await to.send_all(data)


async def joined(client: trio.abc.Stream, port: int) -> None:
    """Pass all bytes on, both ways, until one side ends."""
    server = await trio.open_tcp_stream("127.0.0.1", port)
    async with client, server, trio.open_nursery() as nursery:
        for source, to in ((client, server), (server, client)):

            async def one(source: trio.abc.Stream = source, to: trio.abc.Stream = to) -> None:
                await pump(source, to)
                nursery.cancel_scope.cancel()

            nursery.start_soon(one)


async def head(stream: trio.abc.Stream) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        received = await stream.receive_some()
        if not received:
            break
        data += received
    return data.decode()


class HttpProxy:
    """Opens a tunnel to ``port``, whatever it is asked for, in an answer of small pieces."""

    def __init__(self, port: int, answer: bytes = OPEN, *, piece: int = 5) -> None:
        self.port = port
        self.answer = answer
        self.piece = piece
        self.asked: list[str] = []

    async def __call__(self, stream: trio.abc.Stream) -> None:
        async with stream:
            self.asked.append(await head(stream))
            with suppress(trio.BrokenResourceError):
                for at in range(0, len(self.answer), self.piece):
                    await stream.send_all(self.answer[at : at + self.piece])
            if self.answer.split()[1:2] == [b"200"]:
                await joined(stream, self.port)


class SocksProxy:
    """SOCKS 5 (RFC 1928, RFC 1929) and 4a, to ``port``; ``reply`` is its reply code."""

    def __init__(self, port: int, *, reply: int = 0, user: str | None = None) -> None:
        self.port = port
        self.reply = reply
        self.user = user
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, stream: trio.SocketStream) -> None:
        async with stream:
            with suppress(trio.BrokenResourceError, EOFError):
                version = (await exactly(stream, 1))[0]
                opened = await (self.five(stream) if version == 5 else self.four(stream))
                if opened:
                    await joined(stream, self.port)

    async def five(self, stream: trio.SocketStream) -> bool:
        methods = await exactly(stream, (await exactly(stream, 1))[0])
        wanted = 0 if self.user is None else 2
        await stream.send_all(bytes([5, wanted if wanted in methods else 255]))
        if wanted not in methods:
            return False
        if self.user is not None:
            name = await exactly(stream, (await exactly(stream, 2))[1])
            password = await exactly(stream, (await exactly(stream, 1))[0])
            right = f"{name.decode()}:{password.decode()}" == self.user
            await stream.send_all(bytes([1, 0 if right else 1]))
            if not right:
                return False
        kind = (await exactly(stream, 4))[3]
        if kind == 3:
            host = (await exactly(stream, (await exactly(stream, 1))[0])).decode()
        else:
            family, size = {1: (socket.AF_INET, 4), 4: (socket.AF_INET6, 16)}[kind]
            host = socket.inet_ntop(family, await exactly(stream, size))
        self.asked.append((host, struct.unpack("!H", await exactly(stream, 2))[0]))
        await stream.send_all(bytes([5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        return self.reply == 0

    async def four(self, stream: trio.SocketStream) -> bool:
        _, port, address = struct.unpack("!BH4s", await exactly(stream, 7))
        await zero_ended(stream)  # the user
        looked_up = address[:3] == b"\0\0\0"
        host = (await zero_ended(stream)).decode() if looked_up else socket.inet_ntoa(address)
        self.asked.append((host, port))
        await stream.send_all(bytes([0, 90 + self.reply]) + bytes(6))
        return self.reply == 0


async def exactly(stream: trio.SocketStream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        received = await stream.receive_some(count - len(data))
        if not received:
            raise EOFError
        data += received
    return data


async def zero_ended(stream: trio.SocketStream) -> bytes:
    data = b""
    while not data.endswith(b"\0"):
        data += await exactly(stream, 1)
    return data[:-1]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def encrypted(authority: trustme.CA, name: str, handler: Handler) -> Handler:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]

    async def handle(stream: trio.SocketStream) -> None:
        tls = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        with suppress(trio.BrokenResourceError):
            await handler(tls)  # type: ignore[arg-type]

    return handle


async def echo(stream: trio.abc.Stream) -> None:
    async with stream:
        await stream.send_all(await stream.receive_some())


@pytest.fixture
def no_leak() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before


async def echoes(
    backend: Backend, proxy: str | bool, environ: dict[str, str], context: ssl.SSLContext
) -> None:
    connect = connector(context, Proxies(proxy, environ))
    async with await connect(backend) as stream:
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"


async def fails(backend: Backend, proxy: str) -> DialError:
    with pytest.raises(DialError) as caught:
        await connector(None, Proxies(proxy, {}))(backend)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_tls_through_http_connect(
    nursery: trio.Nursery, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """The answer of the proxy comes in pieces, and its last one is not taken for TLS."""
    server = await serving(nursery, encrypted(authority, UNKNOWN, echo))
    proxy = HttpProxy(server)
    port = await serving(nursery, proxy)
    backend = Backend(UNKNOWN, port=443, secure=True)
    environ = {"HTTPS_PROXY": f"http://me:pass@localhost:{port}"}
    await echoes(backend, True, environ, trusting)
    (asked,) = proxy.asked
    assert asked.startswith(f"CONNECT {UNKNOWN}:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cGFzcw==\r\n" in asked


async def test_plain_text_through_http_connect(
    nursery: trio.Nursery, trusting: ssl.SSLContext
) -> None:
    server = await serving(nursery, echo)
    proxy = HttpProxy(server, piece=1000)
    port = await serving(nursery, proxy)
    await echoes(Backend(port=server), True, {"ALL_PROXY": f"127.0.0.1:{port}"}, trusting)
    assert len(proxy.asked) == 1


async def test_a_proxy_that_speaks_tls(
    nursery: trio.Nursery,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = await serving(nursery, encrypted(authority, UNKNOWN, echo))
    port = await serving(nursery, encrypted(authority, "localhost", HttpProxy(server)))
    backend = Backend(UNKNOWN, port=443, secure=True)
    untrusted = await fails(backend, f"https://localhost:{port}")
    assert untrusted.kind is ErrorKind.PROXY_FAILED
    assert untrusted.detail.startswith(f"proxy localhost:{port}: ")
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    await echoes(backend, f"https://localhost:{port}", {}, trusting)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n", ErrorKind.PROXY_CREDENTIALS),
        (b"HTTP/1.1 403 No\r\nContent-Length: 9999\r\n\r\nbecause", ErrorKind.PROXY_FORBIDS),
        (b"HTTP/1.1 502 No\r\n\r\n", ErrorKind.PROXY_BUSY),
        (b"", ErrorKind.PROXY_FAILED),
        (b"nonsense\r\n\r\n", ErrorKind.PROXY_FAILED),
    ],
)
async def test_a_proxy_that_refuses(
    nursery: trio.Nursery, answer: bytes, kind: ErrorKind, no_leak: None
) -> None:
    async with trio.open_nursery() as servers:
        port = await serving(servers, HttpProxy(0, answer))
        backend = Backend(UNKNOWN, port=443, secure=True)
        error = await fails(backend, f"http://127.0.0.1:{port}")
        servers.cancel_scope.cancel()
    assert error.kind is kind
    assert error.detail.startswith(f"proxy 127.0.0.1:{port}: ")


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h", "socks4a"])
async def test_a_proxy_that_is_not_there(scheme: str) -> None:
    port = closed_port()
    error = await fails(Backend(port=1), f"{scheme}://127.0.0.1:{port}")
    assert error.kind is ErrorKind.PROXY_UNREACHABLE
    assert error.detail.startswith(f"proxy 127.0.0.1:{port}: connection refused")


async def reset(stream: trio.SocketStream) -> None:
    await stream.receive_some()
    linger = struct.pack("ii", 1, 0)
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    await trio.aclose_forcefully(stream)


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks4a"])
async def test_a_proxy_that_breaks_off(nursery: trio.Nursery, scheme: str) -> None:
    port = await serving(nursery, reset)
    error = await fails(Backend(port=1), f"{scheme}://127.0.0.1:{port}")
    assert error.kind is ErrorKind.PROXY_FAILED


async def closes(stream: trio.SocketStream) -> None:
    await stream.receive_some()
    await stream.aclose()


@pytest.mark.parametrize("scheme", ["socks5h", "socks4a"])
async def test_a_socks_proxy_that_closes(nursery: trio.Nursery, scheme: str) -> None:
    port = await serving(nursery, closes)
    error = await fails(Backend(port=1), f"{scheme}://127.0.0.1:{port}")
    assert error.kind is ErrorKind.PROXY_FAILED
    assert error.detail.endswith("it closed without an answer")


@pytest.mark.parametrize("user", ["", "me:pass@"])
@pytest.mark.parametrize("version", ["5", "4"])
async def test_a_proxy_that_speaks_no_socks(nursery: trio.Nursery, user: str, version: str) -> None:
    """No user is to blame for it."""

    async def refuses(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    port = await serving(nursery, refuses)
    error = await fails(Backend(port=1), f"socks{version}://{user}127.0.0.1:{port}")
    assert error.kind is ErrorKind.PROXY_FAILED
    assert error.detail == f"proxy 127.0.0.1:{port}: its answer is not SOCKS {version}"


@pytest.mark.parametrize("scheme", ["socks5h", "socks4a"])
async def test_socks_looks_the_name_up(
    nursery: trio.Nursery, authority: trustme.CA, trusting: ssl.SSLContext, scheme: str
) -> None:
    server = await serving(nursery, encrypted(authority, UNKNOWN, echo))
    proxy = SocksProxy(server)
    port = await serving(nursery, proxy)
    backend = Backend(UNKNOWN, port=443, secure=True)
    await echoes(backend, f"{scheme}://127.0.0.1:{port}", {}, trusting)
    assert proxy.asked == [(UNKNOWN, 443)]


@pytest.mark.parametrize("scheme", ["socks5", "socks4"])
async def test_this_machine_looks_the_name_up(
    nursery: trio.Nursery, trusting: ssl.SSLContext, scheme: str
) -> None:
    server = await serving(nursery, echo)
    proxy = SocksProxy(server)
    port = await serving(nursery, proxy)
    local = Backend("127.0.0.1", port=server)
    await echoes(local, f"{scheme}://127.0.0.1:{port}", {}, trusting)
    assert proxy.asked == [("127.0.0.1", server)]


async def test_socks_with_a_user(nursery: trio.Nursery, trusting: ssl.SSLContext) -> None:
    server = await serving(nursery, echo)
    port = await serving(nursery, SocksProxy(server, user="me:pass"))
    address = f"127.0.0.1:{port}"
    await echoes(Backend(port=server), f"socks5://me:pass@{address}", {}, trusting)
    for url, kind in (
        (f"socks5://me:wrong@{address}", ErrorKind.PROXY_CREDENTIALS),
        (f"socks5://{address}", ErrorKind.PROXY_CREDENTIALS),
    ):
        error = await fails(Backend(port=server), url)
        assert error.kind is kind
        assert "wrong" not in error.detail


@pytest.mark.parametrize(
    ("scheme", "reply", "kind"),
    [
        ("socks5h", 2, ErrorKind.PROXY_FORBIDS),
        ("socks5h", 5, ErrorKind.PROXY_BUSY),
        ("socks4a", 1, ErrorKind.PROXY_BUSY),
        ("socks4a", 3, ErrorKind.PROXY_CREDENTIALS),
    ],
)
async def test_a_reply_of_socks(
    nursery: trio.Nursery, scheme: str, reply: int, kind: ErrorKind
) -> None:
    port = await serving(nursery, SocksProxy(0, reply=reply))
    error = await fails(Backend(UNKNOWN, port=443), f"{scheme}://127.0.0.1:{port}")
    assert error.kind is kind


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_name_that_no_host_can_have(nursery: trio.Nursery, scheme: str) -> None:
    port = await serving(nursery, SocksProxy(0))
    error = await fails(Backend("a" * 64 + ".invalid"), f"{scheme}://127.0.0.1:{port}")
    assert error.kind is ErrorKind.DNS_NOT_FOUND


class Resolver(trio.abc.HostnameResolver):
    """Finds these addresses for each name."""

    def __init__(self, *found: str) -> None:
        self._found = found

    async def getaddrinfo(self, host: object, port: Any, *_: Any, **__: Any) -> list[Any]:
        await trio.lowlevel.checkpoint()
        if not self._found:
            raise socket.gaierror(socket.EAI_NONAME, "No Luck")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in self._found
        ]

    async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
        raise NotImplementedError


@pytest.mark.parametrize("scheme", ["socks5", "socks4"])
@pytest.mark.parametrize("count", range(5))
async def test_a_proxy_is_asked_for_ipv4_in_whichever_order_it_is_found(
    nursery: trio.Nursery, scheme: str, count: int
) -> None:
    """Many a proxy has no IPv6, and the system gives it first."""
    before = [f"2001:db8::{number}" for number in range(1, count + 1)]
    behind = [f"2001:db8::{number}" for number in range(count + 1, 5)]
    trio.socket.set_custom_hostname_resolver(Resolver(*before, "192.0.2.7", *behind))
    proxy = SocksProxy(0, reply=2)
    port = await serving(nursery, proxy)
    await fails(Backend(UNKNOWN, port=443), f"{scheme}://127.0.0.1:{port}")
    assert proxy.asked == [("192.0.2.7", 443)]


async def test_a_host_with_ipv6_alone_is_not_for_socks_4(nursery: trio.Nursery) -> None:
    trio.socket.set_custom_hostname_resolver(Resolver("2001:db8::1"))
    proxy = SocksProxy(0, reply=2)
    port = await serving(nursery, proxy)
    error = await fails(Backend(UNKNOWN, port=443), f"socks4://127.0.0.1:{port}")
    assert (error.kind, proxy.asked) == (ErrorKind.DNS_NOT_FOUND, [])
    await fails(Backend(UNKNOWN, port=443), f"socks5://127.0.0.1:{port}")
    assert proxy.asked == [("2001:db8::1", 443)]


async def test_a_name_that_this_machine_does_not_find(nursery: trio.Nursery) -> None:
    trio.socket.set_custom_hostname_resolver(Resolver())
    port = await serving(nursery, SocksProxy(0))
    error = await fails(Backend(UNKNOWN, port=443), f"socks5://127.0.0.1:{port}")
    assert (error.kind, error.detail) == (ErrorKind.DNS_NOT_FOUND, "no luck: speech.invalid:443")


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
async def test_a_cancelled_dial_leaves_no_socket(nursery: trio.Nursery, scheme: str) -> None:
    asked, gone = trio.Event(), trio.Event()

    async def mute(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        asked.set()
        with suppress(trio.BrokenResourceError):
            while await stream.receive_some():
                pass
        gone.set()

    port = await serving(nursery, mute)
    connect = connector(None, Proxies(f"{scheme}://127.0.0.1:{port}", {}))
    async with trio.open_nursery() as dialling:
        dialling.start_soon(partial(connect, Backend(UNKNOWN, port=443)))
        await asked.wait()
        dialling.cancel_scope.cancel()
    with trio.fail_after(60):
        await gone.wait()
