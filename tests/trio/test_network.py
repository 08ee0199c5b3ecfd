"""DNS, TCP and TLS, and the name of everything that can go wrong there.

Real sockets on this machine; nothing is looked up anywhere else.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError, name_os_error
from openline_trio.network import connector
from tests.support_lines import descriptors

Handler = Callable[[trio.SocketStream], Awaitable[None]]


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def broken(cause: BaseException) -> BaseException:
    error = trio.BrokenResourceError("broken")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ECONNREFUSED, ErrorKind.REFUSED),
        (errno.ECONNRESET, ErrorKind.RESET),
        (errno.ECONNABORTED, ErrorKind.RESET),
        (errno.EPIPE, ErrorKind.RESET),
        (errno.ETIMEDOUT, ErrorKind.TIMED_OUT),
        (errno.ENETUNREACH, ErrorKind.UNREACHABLE),
        (errno.EHOSTUNREACH, ErrorKind.UNREACHABLE),
        (errno.ENETDOWN, ErrorKind.UNREACHABLE),
        (errno.EHOSTDOWN, ErrorKind.UNREACHABLE),
        (errno.EADDRNOTAVAIL, ErrorKind.UNREACHABLE),
    ],
)
def test_an_errno_has_a_kind(number: int, kind: ErrorKind) -> None:
    said = os.strerror(number).lower()
    assert name_os_error(os_error(number)) == (kind, said)
    assert name_os_error(broken(os_error(number))) == (kind, said)


def test_unknown_errno_is_other() -> None:
    strange = os_error(errno.EMFILE)
    assert name_os_error(strange) == (ErrorKind.OS_OTHER, str(strange))
    assert name_os_error(trio.BrokenResourceError("odd")) == (ErrorKind.OS_OTHER, "odd")


@pytest.mark.parametrize("first", [True, False])
def test_refusal_wins_among_several_addresses(first: bool) -> None:
    errors = [os_error(errno.ENETUNREACH), os_error(errno.ECONNREFUSED)]
    group = BaseExceptionGroup("all failed", errors if first else errors[::-1])
    assert name_os_error(broken(group))[0] is ErrorKind.REFUSED


def test_error_has_only_the_systems_text() -> None:
    for text in ("", "Error connecting to ('::1', 8000): refused"):
        told = name_os_error(ConnectionResetError(errno.ECONNRESET, text))
        assert told == (ErrorKind.RESET, "connection reset by peer")
    assert name_os_error(socket.gaierror(socket.EAI_AGAIN, ""))[0] is ErrorKind.DNS_AGAIN


async def fails(backend: Backend, context: ssl.SSLContext | None = None) -> DialError:
    """How the dial fails; it leaves no socket behind."""
    before = descriptors()
    with pytest.raises(DialError) as caught:
        await connector(context)(backend)
    with trio.fail_after(60):
        while descriptors() != before:  # noqa: ASYNC110  # the server's end has no event
            await trio.sleep(0.001)
    assert "\n" not in str(caught.value)
    return caught.value


def looked_up(error: Exception) -> trio.abc.HostnameResolver:
    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *args: object, **kwargs: object) -> list[object]:  # type: ignore[override]
            await trio.lowlevel.checkpoint()
            raise error

        async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
            raise NotImplementedError

    return Resolver()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (socket.EAI_AGAIN, ErrorKind.DNS_AGAIN),
        (socket.EAI_NONAME, ErrorKind.DNS_NOT_FOUND),
        (socket.EAI_NODATA, ErrorKind.DNS_NOT_FOUND),
        (socket.EAI_FAIL, ErrorKind.DNS_OTHER),
    ],
)
async def test_names(number: int, kind: ErrorKind) -> None:
    trio.socket.set_custom_hostname_resolver(looked_up(socket.gaierror(number, "No Luck")))
    error = await fails(Backend(host="backend.invalid"))
    assert (error.kind, error.detail) == (kind, "no luck: backend.invalid:8000")


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..invalid", "."])
async def test_a_name_that_no_host_can_have_is_no_crash(host: str) -> None:
    assert (await fails(Backend(host=host))).kind is ErrorKind.DNS_NOT_FOUND


async def test_closed_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await fails(Backend(port=port))
    assert (error.kind, error.detail) == (
        ErrorKind.REFUSED,
        f"connection refused: 127.0.0.1:{port}",
    )


async def serving(nursery: trio.Nursery, handler: Handler) -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, handler, listeners)
    return int(listeners[0].socket.getsockname()[1])


async def test_plain_text_on_this_machine(nursery: trio.Nursery) -> None:
    async def echo(stream: trio.SocketStream) -> None:
        await stream.send_all(await stream.receive_some())

    port = await serving(nursery, echo)
    async with await connector()(Backend(host="localhost", port=port)) as stream:
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def certified(
    cert: trustme.LeafCert, handler: Handler | None = None
) -> Callable[[trio.SocketStream], Awaitable[None]]:
    """A TLS server that echoes; it does not mind a client that goes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]

    async def handle(stream: trio.SocketStream) -> None:
        tls = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        try:
            await tls.send_all(await tls.receive_some())
        except trio.BrokenResourceError:
            pass
        finally:
            await trio.aclose_forcefully(tls)

    return handle


def days(number: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=number)


async def test_tls(nursery: trio.Nursery, authority: trustme.CA, context: ssl.SSLContext) -> None:
    port = await serving(nursery, certified(authority.issue_cert("localhost")))
    stream = await connector(context)(Backend(host="localhost", port=port, secure=True))
    async with stream:
        await stream.send_all(b"hello")
        assert await stream.receive_some() == b"hello"


Issue = Callable[[trustme.CA], trustme.LeafCert]
BAD: list[tuple[Issue, ErrorKind]] = [
    (lambda _: trustme.CA().issue_cert("localhost", "127.0.0.1"), ErrorKind.TLS_CERTIFICATE),
    (lambda ca: ca.issue_cert("other.example"), ErrorKind.TLS_HOSTNAME),
    (lambda ca: ca.issue_cert("localhost", "127.0.0.1", not_after=days(-1)), ErrorKind.TLS_DATES),
    (
        lambda ca: ca.issue_cert("localhost", "127.0.0.1", not_before=days(1), not_after=days(2)),
        ErrorKind.TLS_DATES,
    ),
]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize(
    ("issue", "kind"), BAD, ids=["unknown authority", "other host", "expired", "too early"]
)
async def test_a_bad_certificate(  # noqa: PLR0917 -- fixtures
    nursery: trio.Nursery,
    authority: trustme.CA,
    context: ssl.SSLContext,
    issue: Issue,
    kind: ErrorKind,
    host: str,
) -> None:
    port = await serving(nursery, certified(issue(authority)))
    error = await fails(Backend(host=host, port=port, secure=True), context)
    assert error.kind is kind
    assert error.detail


async def test_without_a_context_the_trust_store_of_the_system_counts(
    nursery: trio.Nursery, authority: trustme.CA
) -> None:
    port = await serving(nursery, certified(authority.issue_cert("127.0.0.1")))
    error = await fails(Backend(port=port, secure=True))
    assert error.kind is ErrorKind.TLS_CERTIFICATE


async def test_a_key_log_is_opened_before_any_dial(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    with pytest.raises(ValueError, match=r"^SSLKEYLOGFILE: .*: No such file .*, or unset it$"):
        connector()
    connector(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert (await fails(Backend(port=port, secure=True))).kind is ErrorKind.REFUSED
    assert (tmp_path / "keys").exists()


async def cut(stream: trio.SocketStream, *, reset: bool) -> None:
    """Go in the middle of the handshake."""
    await stream.receive_some()
    await stream.send_all(b"\x16\x03\x03\x00\x7a\x02")  # a handshake record's first bytes
    if reset:
        linger = struct.pack("ii", 1, 0)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    await trio.aclose_forcefully(stream)


async def plain(stream: trio.SocketStream) -> None:
    await stream.receive_some()
    await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await stream.aclose()


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        (partial(cut, reset=False), {ErrorKind.TLS_CUT}),
        (partial(cut, reset=True), {ErrorKind.TLS_CUT}),
        (plain, {ErrorKind.TLS_OTHER}),
    ],
    ids=["end of stream", "reset", "plain HTTP"],
)
async def test_a_handshake_that_fails(
    nursery: trio.Nursery, context: ssl.SSLContext, handler: Handler, kinds: set[ErrorKind]
) -> None:
    port = await serving(nursery, handler)
    error = await fails(Backend(port=port, secure=True), context)
    assert error.kind in kinds
    assert error.detail


async def test_break_without_an_error_is_a_cut(
    monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery, context: ssl.SSLContext
) -> None:
    async def handshake(self: object) -> None:
        await trio.lowlevel.checkpoint()
        raise trio.BrokenResourceError

    port = await serving(nursery, plain)
    monkeypatch.setattr(trio.SSLStream, "do_handshake", handshake)
    error = await fails(Backend(port=port, secure=True), context)
    assert error.kind is ErrorKind.TLS_CUT


async def test_a_cancelled_handshake_leaves_no_socket(
    nursery: trio.Nursery, context: ssl.SSLContext
) -> None:
    accepted = trio.Event()
    gone = trio.Event()

    async def silent(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        accepted.set()
        while await stream.receive_some():
            pass
        gone.set()

    port = await serving(nursery, silent)

    async def dial() -> None:
        await connector(context)(Backend(port=port, secure=True))

    async with trio.open_nursery() as dialling:
        dialling.start_soon(dial)
        await accepted.wait()
        dialling.cancel_scope.cancel()
    with trio.fail_after(60):
        await gone.wait()
