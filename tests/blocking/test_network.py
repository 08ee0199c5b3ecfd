"""DNS, TCP, TLS and proxies without an event loop, and how a socket ends under a stream."""

from __future__ import annotations

import datetime as dt
import math
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_blocking.network import WAITS, connector
from openline_blocking.poller import Poller
from openline_blocking.stream import Stream
from openline_blocking.tasks import here, sleep_until
from openline_driver.effects import DRAIN
from openline_driver.network_errors import DialError
from openline_driver.proxies import Proxies
from openline_network import tcp
from openline_network.waits import Connected
from tests.blocking.support import cancelled, nothing_left, reset, run, threaded

PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
#: A name that only the proxy can look up.
UNKNOWN = "speech.invalid"
OPEN = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 the proxy\r\n\r\n"


def dialled(
    backend: Backend,
    context: ssl.SSLContext | None = None,
    proxies: Proxies | None = None,
    then: Callable[[Any], object] = socket.socket.close,
) -> None:
    async def main() -> None:
        connect = connector(context, proxies)(backend)
        sock = await cast("Coroutine[Any, Any, Connected]", connect)
        try:
            then(sock)
        finally:
            sock.close()

    run(main)


def fails(
    backend: Backend, context: ssl.SSLContext | None = None, proxies: Proxies | None = None
) -> DialError:
    with pytest.raises(DialError) as caught:
        dialled(backend, context, proxies)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (socket.EAI_AGAIN, ErrorKind.DNS_AGAIN),
        (socket.EAI_NONAME, ErrorKind.DNS_NOT_FOUND),
        (socket.EAI_FAIL, ErrorKind.DNS_OTHER),
    ],
)
def test_names(number: int, kind: ErrorKind, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(number, "No Luck")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = fails(Backend(host="backend.invalid"))
    assert (error.kind, error.detail) == (kind, "no luck: backend.invalid:8000")


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..invalid"])
def test_a_name_that_no_host_can_have_is_no_crash(host: str) -> None:
    assert fails(Backend(host=host)).kind is ErrorKind.DNS_NOT_FOUND


def test_closed_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert fails(Backend(port=taken.getsockname()[1])).kind is ErrorKind.REFUSED


def _giving(addresses: list[Any]) -> Callable[[str, int], Awaitable[list[Any]]]:
    async def look_up(_host: str, _port: int) -> list[Any]:
        return list(addresses)

    return look_up


def mute() -> tuple[socket.socket, list[socket.socket]]:
    """A server whose queue is full: it takes no connection, and refuses none."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    waiting = [socket.socket() for _ in range(3)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(server.getsockname())
    return server, waiting


def test_an_address_that_is_mute_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address never answers, the second refuses, the third is the backend."""
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0.01)
    server, waiting = mute()
    with socket.create_server(("127.0.0.1", 0)) as there:
        addresses: list[Any] = [
            (socket.AF_INET, server.getsockname()),
            (socket.AF_INET, ("127.0.0.1", 1)),
            (socket.AF_INET, there.getsockname()),
        ]
        monkeypatch.setattr(WAITS, "look_up", _giving(addresses))

        def check(sock: socket.socket) -> None:
            assert sock.getpeername() == there.getsockname()

        dialled(Backend(), then=check)
        del addresses[2]

        async def dial() -> None:
            await cast("Coroutine[Any, Any, object]", connector()(Backend()))

        run(lambda: cancelled(dial(), after=0.05))
        del addresses[0]
        assert fails(Backend()).kind is ErrorKind.REFUSED
    for each in (*waiting, server):
        each.close()


def test_two_addresses_that_answer_at_once_leave_one_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0)
    with socket.create_server(("127.0.0.1", 0)) as there:
        address = (socket.AF_INET, there.getsockname())
        monkeypatch.setattr(WAITS, "look_up", _giving([address, address]))
        with nothing_left():
            dialled(Backend())


def contexts(host: str, **given: Any) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **given).configure_cert(server)  # pyright: ignore[reportUnknownMemberType]
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType]
    return server, client


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65_536):
        sock.sendall(data)


def secured(
    context: ssl.SSLContext, then: Callable[[socket.socket], object]
) -> Callable[[socket.socket], object]:
    def handle(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tls:
            then(tls)

    return handle


def says_hello(sock: socket.socket) -> None:
    sock.setblocking(True)
    sock.sendall(b"hello")
    assert sock.recv(5) == b"hello"


def local(port: int, **given: Any) -> Backend:
    return Backend(host="127.0.0.1", port=port, **given)


def test_tls() -> None:
    there, here = contexts("127.0.0.1")
    with threaded(secured(there, echo)) as port:
        dialled(local(port, secure=True), here, then=says_hello)


@pytest.mark.parametrize(
    ("host", "given", "kind"),
    [
        ("elsewhere.invalid", {}, ErrorKind.TLS_HOSTNAME),
        ("127.0.0.1", {"not_after": PAST}, ErrorKind.TLS_DATES),
    ],
)
def test_a_bad_certificate(host: str, given: dict[str, Any], kind: ErrorKind) -> None:
    if given:
        given = {**given, "not_before": dt.datetime(2019, 1, 1, tzinfo=dt.UTC)}
    there, here = contexts(host, **given)
    with threaded(secured(there, echo)) as port:
        backend = local(port, secure=True)
        assert fails(backend, here).kind is kind
        assert fails(backend).kind is ErrorKind.TLS_CERTIFICATE


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_the_client(version: ssl.TLSVersion) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)  # pyright: ignore[reportUnknownMemberType]
    authority.configure_trust(server)  # pyright: ignore[reportUnknownMemberType]
    server.verify_mode = ssl.CERT_REQUIRED
    server.maximum_version = version
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType]
    with threaded(secured(server, echo)) as port:
        backend = local(port, secure=True)
        if version is ssl.TLSVersion.TLSv1_2:  # with 1.3 the alert comes after the handshake
            assert fails(backend, client).kind is ErrorKind.TLS_CLIENT_CERTIFICATE
        authority.issue_cert("me@example.org").configure_cert(client)  # pyright: ignore[reportUnknownMemberType]
        dialled(backend, client, then=says_hello)


@pytest.mark.parametrize(
    ("said", "kind"),
    [(b"", ErrorKind.TLS_CUT), (b"HTTP/1.1 400 Bad\r\n\r\n", ErrorKind.TLS_OTHER)],
)
def test_a_handshake_that_fails(said: bytes, kind: ErrorKind) -> None:
    def serve(sock: socket.socket) -> None:
        sock.recv(1000)
        sock.sendall(said)

    with threaded(serve) as port:
        assert fails(local(port, secure=True)).kind is kind


def test_a_cancelled_handshake_leaves_no_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        backend = local(there.getsockname()[1], secure=True)

        async def dial() -> None:
            await cast("Coroutine[Any, Any, object]", connector()(backend))

        run(lambda: cancelled(dial(), after=0.05))


def test_a_key_log_is_opened_before_any_dial(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    with pytest.raises(ValueError, match=r"^SSLKEYLOGFILE: .*, or unset it$"):
        connector()


# Proxies.


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise OSError("the client is gone")
        data += more
    return data


def joined(sock: socket.socket, port: int) -> None:
    """Pass all bytes on, both ways."""
    with socket.create_connection(("127.0.0.1", port)) as there:

        def back() -> None:
            with suppress(OSError):
                while data := there.recv(1000):
                    sock.sendall(data)
                sock.shutdown(socket.SHUT_RDWR)  # the other side has ended

        thread = threading.Thread(target=back)
        thread.start()
        with suppress(OSError):
            while data := sock.recv(1000):
                there.sendall(data)
        there.shutdown(socket.SHUT_RDWR)
        thread.join()


class HttpProxy:
    """Opens a tunnel to ``port``, whatever it is asked for, in an answer of small pieces."""

    def __init__(self, port: int, answer: bytes = OPEN) -> None:
        self.port, self.answer = port, answer
        self.asked = b""

    def __call__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while b"\r\n\r\n" not in self.asked:
            self.asked += sock.recv(1000)
        for at in range(0, len(self.answer), 5):
            sock.sendall(self.answer[at : at + 5])
        if self.answer.split()[1:2] == [b"200"]:
            joined(sock, self.port)


class SocksProxy:
    """SOCKS 5, with a user if there is one (RFC 1928, 1929), to ``port``; byte by byte."""

    def __init__(self, port: int, reply: int = 0, user: bytes = b"") -> None:
        self.port, self.reply, self.user = port, reply, user
        self.asked: list[tuple[str, int]] = []

    def __call__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        methods = exactly(sock, exactly(sock, 2)[1])
        if self.user:
            assert 2 in methods
            self._say(sock, b"\5\2")
            user = exactly(sock, exactly(sock, 2)[1])
            password = exactly(sock, exactly(sock, 1)[0])
            self._say(sock, b"\1" + bytes([user + b":" + password != self.user]))
        else:
            self._say(sock, b"\5\0")
        length = exactly(sock, 5)[4]
        host = exactly(sock, length).decode()
        self.asked.append((host, struct.unpack("!H", exactly(sock, 2))[0]))
        self._say(sock, bytes([5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if self.reply == 0:
            joined(sock, self.port)

    @staticmethod
    def _say(sock: socket.socket, data: bytes) -> None:
        for each in data:
            sock.sendall(bytes([each]))


def closes(sock: socket.socket) -> None:
    sock.recv(1000)


def resets(sock: socket.socket) -> None:
    sock.recv(1)
    reset(sock)


def test_tls_through_http_connect() -> None:
    there, here = contexts(UNKNOWN)
    with threaded(secured(there, echo)) as port:
        proxy = HttpProxy(port)
        with threaded(proxy) as proxied:
            environ = {"HTTPS_PROXY": f"http://me:pass@localhost:{proxied}"}
            backend = Backend(UNKNOWN, port=443, secure=True)
            dialled(backend, here, Proxies(True, environ), says_hello)
    asked = proxy.asked.decode()
    assert asked.startswith(f"CONNECT {UNKNOWN}:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cGFzcw==\r\n" in asked


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_that_speaks_tls(monkeypatch: pytest.MonkeyPatch, secure: bool) -> None:
    """To a backend that speaks TLS as well, or does not; in large blocks."""
    there, trusting = contexts(UNKNOWN)
    proxys, proxys_own = contexts("localhost")
    monkeypatch.setattr(ssl, "create_default_context", lambda: proxys_own)
    data = bytes(range(256)) * 8_000

    def check(sock: Connected) -> None:
        noting = Noting(sock)
        noting.stream.write(data)
        noting.stream.write(b"behind it")
        noting.turns(lambda: len(noting.data) == len(data) + 9)
        assert noting.data == data + b"behind it"
        assert not _is_full(noting)
        assert noting.ends == []
        noting.close()

    with threaded(secured(there, echo) if secure else echo) as port:
        proxy = HttpProxy(port)
        with threaded(secured(proxys, proxy)) as proxied:
            backend = Backend(UNKNOWN, port=443, secure=secure, allow_plain=True)
            dialled(backend, trusting, Proxies(f"https://me:pass@localhost:{proxied}", {}), check)
    assert b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n" in proxy.asked


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", ErrorKind.PROXY_CREDENTIALS),
        (b"HTTP/1.1 502 No\r\n\r\n", ErrorKind.PROXY_BUSY),
        (b"what?\r\n\r\n", ErrorKind.PROXY_FAILED),
    ],
)
def test_a_proxy_that_speaks_tls_and_refuses(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, kind: ErrorKind
) -> None:
    proxys, trusting = contexts("localhost")
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    with threaded(secured(proxys, HttpProxy(0, answer))) as port:
        error = fails(Backend(UNKNOWN, port=443), None, Proxies(f"https://localhost:{port}", {}))
    assert error.kind is kind
    assert error.detail.startswith(f"proxy localhost:{port}: ")


def test_a_proxy_that_speaks_tls_and_is_not_trusted() -> None:
    proxys, _ = contexts("localhost")
    with threaded(secured(proxys, HttpProxy(0))) as port:
        error = fails(Backend(UNKNOWN, port=443), None, Proxies(f"https://localhost:{port}", {}))
    assert error.kind is ErrorKind.PROXY_FAILED
    assert error.detail.startswith(f"proxy localhost:{port}: ")


@pytest.mark.parametrize("secure", [False, True])
def test_a_backend_behind_a_proxy_that_speaks_tls_and_fails(
    monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    """Its own TLS is the backend's failure, and no longer the proxy's."""
    there, _ = contexts(UNKNOWN)
    proxys, proxys_own = contexts("localhost")
    monkeypatch.setattr(ssl, "create_default_context", lambda: proxys_own)
    with (
        threaded(secured(there, echo) if secure else closes) as port,
        threaded(secured(proxys, HttpProxy(port))) as proxied,
    ):
        proxies = Proxies(f"https://localhost:{proxied}", {})
        error = fails(Backend(UNKNOWN, port=443, secure=True), None, proxies)
    assert error.kind is (ErrorKind.TLS_CERTIFICATE if secure else ErrorKind.TLS_CUT)


@pytest.mark.parametrize("user", ["", "me:pass"])
def test_socks(user: str) -> None:
    with threaded(echo) as port:
        proxy = SocksProxy(port, user=user.encode())
        with threaded(proxy) as proxied:
            login = f"{user}@" if user else ""
            address = f"socks5h://{login}127.0.0.1:{proxied}"
            far = Backend(UNKNOWN, port=443, secure=False, allow_plain=True)
            dialled(far, None, Proxies(address, {}), says_hello)
    assert proxy.asked == [(UNKNOWN, 443)]


@pytest.mark.parametrize(
    ("scheme", "handler", "kind"),
    [
        ("http", HttpProxy(0, b"HTTP/1.1 407 No\r\n\r\n"), ErrorKind.PROXY_CREDENTIALS),
        ("http", HttpProxy(0, b"HTTP/1.1 502 No\r\n\r\n"), ErrorKind.PROXY_BUSY),
        ("http", closes, ErrorKind.PROXY_FAILED),
        ("http", resets, ErrorKind.PROXY_FAILED),
        ("https", closes, ErrorKind.PROXY_FAILED),
        ("socks5h", SocksProxy(0, 2), ErrorKind.PROXY_FORBIDS),
        ("socks5h", SocksProxy(0, user=b"me:other"), ErrorKind.PROXY_CREDENTIALS),
        ("socks5h", closes, ErrorKind.PROXY_FAILED),
        ("socks5h", resets, ErrorKind.PROXY_FAILED),
    ],
)
def test_a_proxy_that_fails(
    scheme: str, handler: Callable[[socket.socket], object], kind: ErrorKind
) -> None:
    with threaded(handler) as port:
        proxies = Proxies(f"{scheme}://me:pass@127.0.0.1:{port}", {})
        error = fails(Backend(UNKNOWN, port=443), None, proxies)
    assert error.kind is kind
    assert error.detail.startswith(f"proxy 127.0.0.1:{port}: ")


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_that_is_not_there(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxies = Proxies(f"{scheme}://127.0.0.1:{free.getsockname()[1]}", {})
        error = fails(Backend(UNKNOWN, port=443), None, proxies)
    assert error.kind is ErrorKind.PROXY_UNREACHABLE
    assert "connection refused" in error.detail


def test_a_name_that_this_machine_cannot_look_up_for_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    with threaded(SocksProxy(0)) as port:
        proxies = Proxies(f"socks5://127.0.0.1:{port}", {})
        error = fails(Backend("a" * 64 + ".invalid", port=443), None, proxies)
    assert error.kind is ErrorKind.DNS_NOT_FOUND


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_cancelled_dial_leaves_no_socket(scheme: str) -> None:
    gone = threading.Event()

    def waits(sock: socket.socket) -> None:
        with suppress(OSError):
            while sock.recv(1000):
                pass
        gone.set()

    with threaded(waits) as port:
        proxies = Proxies(f"{scheme}://127.0.0.1:{port}", {})

        async def dial() -> None:
            connect = connector(None, proxies)(Backend(UNKNOWN, port=443))
            await cast("Coroutine[Any, Any, object]", connect)

        run(lambda: cancelled(dial(), after=0.05))
        assert gone.wait(60)


# A stream whose sends fail.


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection: the client's, which does not block, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = socket.create_connection(listening.getsockname())
        there, _ = listening.accept()
    here.setblocking(False)
    return here, there


class Noting:
    """A stream, and what it tells. ``turns`` works until a condition holds."""

    def __init__(self, sock: Connected) -> None:
        self.poller = Poller()
        self.poller.open()
        self.data = bytearray()
        self.completed = 0
        self.ends: list[OSError | None] = []
        self.stream = Stream(
            self.poller,
            sock,
            received=self.data.extend,
            completed=self._complete,
            ended=self.ends.append,
        )

    def _complete(self) -> None:
        self.completed += 1

    def turns(self, until: Callable[[], object]) -> None:
        while not until():
            if self.stream.has_more:
                self.stream.read()
            for call in self.poller.wait(min(self.stream.deadline, self.poller.now() + 5)):
                call()
            if self.poller.now() >= self.stream.deadline:
                self.stream.time_is_up()

    def close(self) -> None:
        self.stream.close()
        self.stream.read()
        self.stream.write(b"too late")
        self.poller.close()


def _is_full(noting: Noting) -> bool:
    """Anew each time, for a type checker too."""
    return noting.stream.is_full


@pytest.mark.parametrize("said", [b"", b"\x88\x04\x03\xf0no"])
def test_what_has_arrived_is_read_although_a_send_fails(said: bytes) -> None:
    """The peer says its last word and resets the connection while a send is on its way."""
    here, there = pair()
    there.sendall(said)
    reset(there)
    there.close()
    noting = Noting(here)
    noting.stream.write(b"audio")
    noting.stream.write(b"more audio")
    noting.turns(lambda: noting.ends)
    assert isinstance(noting.ends[0], OSError)
    assert noting.data == said
    noting.close()


class Deaf(socket.socket):
    """Every send of it fails."""

    def send(self, *_: object) -> int:
        raise BrokenPipeError(32, "broken")


def test_silence_behind_a_failed_send_ends_after_a_moment() -> None:
    here, there = pair()
    noting = Noting(Deaf(fileno=here.detach()))
    began = noting.poller.now()
    noting.stream.write(b"x")
    noting.turns(lambda: noting.ends)
    assert isinstance(noting.ends[0], BrokenPipeError)
    assert noting.poller.now() - began >= DRAIN
    noting.close()
    there.close()


def test_a_send_has_completed_when_the_kernel_has_taken_it() -> None:
    here, there = pair()
    noting = Noting(here)
    noting.stream.write(bytes(8_000_000))
    noting.stream.write(b"behind it")
    assert _is_full(noting)

    def read() -> None:
        left = 8_000_009
        while left:
            left -= len(there.recv(1 << 20))

    thread = threading.Thread(target=read)
    thread.start()
    noting.turns(lambda: noting.completed)
    assert not _is_full(noting)
    thread.join()
    there.close()
    noting.turns(lambda: noting.ends)
    assert noting.ends == [None]
    noting.close()


def test_a_large_message_over_tls_both_ways() -> None:
    there, context = contexts("127.0.0.1")
    data = bytes(range(256)) * 8_000

    def check(sock: socket.socket) -> None:
        noting = Noting(sock)
        noting.stream.write(data)
        noting.turns(lambda: len(noting.data) == len(data))
        assert noting.data == data
        noting.close()

    with threaded(secured(there, echo)) as port:
        dialled(local(port, secure=True), context, then=check)


class Renegotiating(socket.socket):
    """TLS that has to read before it can send, and to send before it can read."""

    wants: list[type[OSError]]

    def send(self, *arguments: Any) -> int:
        if self.wants and self.wants[0] is ssl.SSLWantReadError:
            raise self.wants[0]
        return super().send(*arguments)

    def recv(self, *arguments: Any) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.wants and self.wants[0] is ssl.SSLWantWriteError:
            raise self.wants.pop()
        if self.wants:
            self.wants.pop()
        return super().recv(*arguments)


@pytest.mark.parametrize("want", [ssl.SSLWantReadError, ssl.SSLWantWriteError])
def test_tls_that_waits_for_the_other_direction(want: type[OSError]) -> None:
    here, there = pair()
    sock = Renegotiating(fileno=here.detach())
    sock.setblocking(False)
    sock.wants = [want]
    noting = Noting(sock)
    noting.stream.write(b"out")
    assert noting.stream.is_full is (want is ssl.SSLWantReadError)
    there.sendall(b"in")
    noting.turns(lambda: bytes(noting.data) == b"in" and not noting.stream.is_full)
    assert there.recv(10) == b"out"
    noting.close()
    there.close()


def test_an_interrupted_read_is_no_end() -> None:
    here, there = pair()
    noting = Noting(here)
    noting.stream.read()
    assert noting.ends == []
    assert noting.stream.deadline == math.inf
    noting.close()
    there.close()


def test_a_poller_that_is_closed_does_nothing_more() -> None:
    async def main() -> None:
        await sleep_until(here().poller.now())

    run(main)
    poller = Poller()
    poller.watch(0, lambda: None)
    poller.wake()
    poller.open()
    for _ in range(3):
        poller.wake()
    [hear] = poller.wait(math.inf)
    hear()
    assert poller.wait(poller.now()) == []
    poller.close()
    poller.wake()
