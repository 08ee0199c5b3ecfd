"""DNS, TCP and TLS on asyncio and uvloop, and how a socket ends under a transport."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Hashable
from typing import Any

import pytest
import trustme

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_asyncio.network import WAITS, connector
from openline_asyncio.transport import SocketTransport
from openline_driver.addresses import Addresses
from openline_driver.effects import DRAIN
from openline_driver.network_errors import DialError
from openline_driver.tls_in_tls import TlsInTls
from openline_network import tcp
from tests.asyncio.support import LOOPS, run

PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
every_loop = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)


class Noting(asyncio.Protocol):
    """Notes what a transport tells it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.arrived = asyncio.Event()
        self.paused = 0
        self.resumed = asyncio.Event()
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.arrived.set()

    async def until(self, size: int) -> None:
        """Wait for so many bytes."""
        while len(self.data) < size:
            self.arrived.clear()
            await self.arrived.wait()

    def pause_writing(self) -> None:
        self.paused += 1
        self.resumed.clear()

    def resume_writing(self) -> None:
        self.resumed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


async def fails(backend: Backend, context: ssl.SSLContext | None = None) -> DialError:
    with pytest.raises(DialError) as caught:
        await connector(context)(backend, Noting())
    assert "\n" not in str(caught.value)
    return caught.value


@every_loop
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (socket.EAI_AGAIN, ErrorKind.DNS_AGAIN),
        (socket.EAI_NONAME, ErrorKind.DNS_NOT_FOUND),
        (socket.EAI_FAIL, ErrorKind.DNS_OTHER),
    ],
)
def test_names(
    loop: Callable[[], asyncio.AbstractEventLoop],
    number: int,
    kind: ErrorKind,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look_up(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(number, "No Luck")

    async def main() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        error = await fails(Backend(host="backend.invalid"))
        assert (error.kind, error.detail) == (kind, "no luck: backend.invalid:8000")

    run(main, loop)


@every_loop
def test_a_look_up_that_hangs_does_not_hold_up_the_end_of_the_loop(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    async def main() -> None:
        begun = asyncio.Event()
        running = asyncio.get_running_loop()

        def look_up(*_: object, flags: int = 0, **__: object) -> list[Any]:
            if not flags:
                running.call_soon_threadsafe(begun.set)
                assert goes_on.wait(30)
            raise socket.gaierror(socket.EAI_NONAME, "No Luck")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        task = asyncio.create_task(connector()(Backend(host="backend.invalid"), Noting()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    [hangs] = [each for each in threading.enumerate() if each.name == "openline worker"]
    goes_on.set()
    hangs.join()


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..invalid"])
def test_a_name_that_no_host_can_have_is_no_crash(host: str) -> None:
    async def main() -> None:
        assert (await fails(Backend(host=host))).kind is ErrorKind.DNS_NOT_FOUND

    run(main)


@every_loop
def test_closed_port_is_refused(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            error = await fails(Backend(port=taken.getsockname()[1]))
        assert error.kind is ErrorKind.REFUSED

    run(main, loop)


@every_loop
def test_an_address_that_is_mute_holds_nobody_up(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first address never answers, the second refuses, the third is the backend."""
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0.01)

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as there:
            there.setblocking(False)
            port = there.getsockname()[1]
            mute, waiting = _mute()
            addresses: list[Any] = [
                (socket.AF_INET, mute.getsockname()),
                (socket.AF_INET, ("127.0.0.1", 1)),
                (socket.AF_INET, ("127.0.0.1", port)),
            ]

            async def look_up(*_: object) -> list[Any]:
                return addresses

            monkeypatch.setattr(WAITS, "look_up", look_up)
            protocol = Noting()
            transport = await connector()(Backend(), protocol)
            assert transport.get_extra_info("peername")[1] == port
            transport.abort()
            await protocol.lost
            del addresses[2]
            task = asyncio.create_task(connector()(Backend(), protocol))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            for each in (*waiting, mute):
                each.close()

    run(main, loop)


@every_loop
def test_a_dial_that_is_cancelled_as_it_succeeds_leaves_no_socket(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second address answers while the first is mute: the abort comes then."""
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0)

    async def main() -> None:
        there, (mute, waiting) = socket.create_server(("127.0.0.1", 0)), _mute()

        async def look_up(*_: object) -> list[Any]:
            ends = mute.getsockname(), there.getsockname()
            return [(socket.AF_INET, each) for each in ends]

        class Cancelling(Addresses):
            def reached(self, address: Hashable) -> None:
                super().reached(address)
                dial.cancel()

        protocol = Noting()

        async def dialled() -> None:
            transport = await connector(addresses=Cancelling())(Backend(), protocol)
            transport.abort()
            await asyncio.sleep(0)  # raises the cancellation

        monkeypatch.setattr(WAITS, "look_up", look_up)
        dial = asyncio.create_task(dialled())
        with pytest.raises(asyncio.CancelledError):
            await dial
        await protocol.lost
        for each in (*waiting, mute, there):
            each.close()

    run(main, loop)


def _mute() -> tuple[socket.socket, list[socket.socket]]:
    """A server whose queue is full: it takes no connection, and refuses none."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    waiting = [socket.socket() for _ in range(3)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(server.getsockname())
    return server, waiting


def contexts(host: str, **given: Any) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, **given).configure_cert(server)  # pyright: ignore[reportUnknownMemberType]
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType]
    return server, client


async def tls_server(context: ssl.SSLContext, serve: Any) -> tuple[asyncio.Server, Backend]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    return server, Backend(host="127.0.0.1", port=port, secure=True)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@every_loop
@pytest.mark.parametrize("size", [1, 3_000_000])
def test_tls_carries_bytes_both_ways(
    loop: Callable[[], asyncio.AbstractEventLoop], size: int
) -> None:
    async def main() -> None:
        there, here = contexts("127.0.0.1")
        server, backend = await tls_server(there, echo)
        protocol = Noting()
        transport = await connector(here)(backend, protocol)
        data = bytes(range(256)) * (size // 256 + 1)
        transport.write(data)
        transport.write(b"behind it")
        await protocol.until(len(data) + 9)
        assert protocol.data == data + b"behind it"
        assert transport.get_write_buffer_size() == 0
        transport.abort()
        assert transport.is_closing()
        assert await protocol.lost is None
        transport.write(b"too late")
        server.close()

    run(main, loop)


@every_loop
@pytest.mark.parametrize(
    ("host", "given", "kind"),
    [
        ("elsewhere.invalid", {}, ErrorKind.TLS_HOSTNAME),
        ("127.0.0.1", {"not_after": PAST}, ErrorKind.TLS_DATES),
    ],
)
def test_a_bad_certificate(
    loop: Callable[[], asyncio.AbstractEventLoop],
    host: str,
    given: dict[str, Any],
    kind: ErrorKind,
) -> None:
    async def main() -> None:
        if given:
            given["not_before"] = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
        there, here = contexts(host, **given)
        server, backend = await tls_server(there, echo)
        asyncio.get_running_loop().set_exception_handler(None)
        assert (await fails(backend, here)).kind is kind
        assert (await fails(backend)).kind is ErrorKind.TLS_CERTIFICATE
        server.close()

    run(main, loop)


@every_loop
@pytest.mark.parametrize(
    ("said", "kind"),
    [(b"", ErrorKind.TLS_CUT), (b"HTTP/1.1 400 Bad\r\n\r\n", ErrorKind.TLS_OTHER)],
)
def test_a_handshake_that_fails(
    loop: Callable[[], asyncio.AbstractEventLoop], said: bytes, kind: ErrorKind
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        error = await fails(Backend(host="127.0.0.1", port=port, secure=True))
        assert error.kind is kind
        server.close()

    run(main, loop)


@every_loop
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 503 Busy\r\n\r\n"])
def test_a_reset_before_the_handshake(
    loop: Callable[[], asyncio.AbstractEventLoop], said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load balancer without a backend takes the connection, and resets it at once."""
    make = ssl.create_default_context

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def make_slowly() -> ssl.SSLContext:
                there, _ = listening.accept()
                there.sendall(said)
                cut(there)
                return make()

            monkeypatch.setattr(ssl, "create_default_context", make_slowly)
            port = listening.getsockname()[1]
            error = await fails(Backend(host="127.0.0.1", port=port, secure=True))
            assert error.kind is ErrorKind.TLS_CUT

    run(main, loop)


def test_a_cancelled_handshake_leaves_no_socket() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as there:
            backend = Backend(host="127.0.0.1", port=there.getsockname()[1], secure=True)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await connector()(backend, Noting())

    run(main)


# A transport whose sends fail.


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection: the client's, which does not block, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = socket.create_connection(listening.getsockname())
        there, _ = listening.accept()
    here.setblocking(False)
    return here, there


def cut(there: socket.socket) -> None:
    """Reset the connection."""
    there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    there.close()


@every_loop
@pytest.mark.parametrize("said", [b"", b"\x88\x04\x03\xf0no"])
def test_what_has_arrived_is_read_although_a_send_fails(
    loop: Callable[[], asyncio.AbstractEventLoop], said: bytes
) -> None:
    """The peer says its last word and resets the connection while a send is on its way."""

    async def main() -> None:
        here, there = pair()
        protocol = Noting()
        there.sendall(said)
        cut(there)
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        transport.write(b"audio")
        transport.write(b"more audio")
        lost = await protocol.lost
        assert isinstance(lost, OSError)
        assert protocol.data == said

    run(main, loop)


class Deaf(socket.socket):
    """Every send of it fails."""

    def send(self, *_: object) -> int:
        raise BrokenPipeError(32, "broken")


def test_silence_behind_a_failed_send_ends_after_a_moment() -> None:
    async def main() -> None:
        here, there = pair()
        protocol = Noting()
        loop = asyncio.get_running_loop()
        deaf = Deaf(here.family, here.type, fileno=here.detach())
        transport = SocketTransport(loop, deaf, protocol)
        began = loop.time()
        transport.write(b"x")
        assert isinstance(await protocol.lost, BrokenPipeError)
        assert loop.time() - began >= DRAIN - 0.01
        there.close()

    run(main)


@every_loop
def test_a_send_has_completed_when_the_kernel_has_taken_it(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        here, there = pair()
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        transport.write(bytes(8_000_000))
        assert protocol.paused == 1
        assert transport.get_write_buffer_size() > 0
        got = 0
        while not protocol.resumed.is_set():
            got += len(there.recv(1 << 20))
            await asyncio.sleep(0)
        assert transport.get_write_buffer_size() == 0
        transport.close()
        assert await protocol.lost is None
        there.close()

    run(main, loop)


class Renegotiating(socket.socket):
    """TLS that has to read before it can send, and to send before it can read: ``wants`` each."""

    wants_read = wants_write = 0
    sends = receives = 0

    def send(self, data: Any, *flags: int) -> int:
        self.sends += 1
        if self.wants_read:
            raise ssl.SSLWantReadError
        self.wants_write = 0
        return super().send(data, *flags)

    def recv(self, size: int, *flags: int) -> bytes:
        self.receives += 1
        if self.wants_write:
            self.wants_write -= 1
            raise ssl.SSLWantWriteError
        data = super().recv(size, *flags)
        self.wants_read = 0
        return data


def renegotiating() -> tuple[Renegotiating, socket.socket]:
    here, there = pair()
    tls = Renegotiating(here.family, here.type, fileno=here.detach())
    tls.setblocking(False)
    return tls, there


@every_loop
def test_tls_that_has_to_read_before_it_can_send_keeps_the_loop_idle(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        here, there = renegotiating()
        here.wants_read = 1
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        transport.write(b"audio")
        assert protocol.paused == 1
        for _ in range(50):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert here.sends == 1  # it waits, and does not try again and again
        there.sendall(b"hello")
        await protocol.resumed.wait()
        assert bytes(protocol.data) == b"hello"
        assert there.recv(9) == b"audio"
        assert here.sends == 2
        transport.abort()
        assert await protocol.lost is None
        there.close()

    run(main, loop)


@every_loop
def test_tls_that_has_to_send_before_it_can_read_waits_for_the_kernel(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        here, there = renegotiating()
        here.wants_write = 3
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        there.sendall(b"hello")
        await protocol.until(5)
        assert here.receives <= 10  # and another one at each turn of the loop until it has sent
        before = here.receives
        await asyncio.sleep(0.01)
        assert here.receives <= before + 1  # nothing is waited for any more
        transport.write(b"audio")
        assert there.recv(9) == b"audio"
        transport.abort()
        await protocol.lost
        there.close()

    run(main, loop)


@every_loop
def test_a_send_that_waits_for_a_read_ends_with_the_socket(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        here, there = renegotiating()
        here.wants_read = 1
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        transport.write(b"audio")
        there.close()
        assert await asyncio.wait_for(protocol.lost, 5) is None

    run(main, loop)


@every_loop
def test_an_address_that_stayed_mute_is_dialled_last_the_next_time(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "HAPPY_EYEBALLS", 0.01)
    dialled: list[Any] = []

    class Attempts(Addresses):
        def attempt(self, address: Hashable) -> None:
            super().attempt(address)
            dialled.append(address)

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as there:
            mute, waiting = _mute()
            here: list[Any] = [
                (socket.AF_INET, mute.getsockname()),
                (socket.AF_INET, there.getsockname()),
            ]

            async def look_up(*_: object) -> list[Any]:
                return here

            monkeypatch.setattr(WAITS, "look_up", look_up)
            dial = connector(addresses=Attempts())
            for orders in (here, here[1:]):
                dialled.clear()
                protocol = Noting()
                transport = await dial(Backend(), protocol)
                assert dialled == orders
                transport.abort()
                await protocol.lost
            for each in (*waiting, mute):
                each.close()

    run(main, loop)


@every_loop
def test_a_transport_that_pauses_leaves_everything_unread(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Not the data, nor the end: both are there when it reads again."""

    async def main() -> None:
        here, there = pair()
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        transport.pause_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        there.sendall(b"words")
        there.close()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not protocol.data
        assert not protocol.lost.done()
        transport.resume_reading()
        transport.resume_reading()
        assert transport.is_reading()
        assert await protocol.lost is None
        assert protocol.data == b"words"

    run(main, loop)


@every_loop
def test_a_closed_transport_pauses_and_resumes_nothing(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        here, there = pair()
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol)
        transport.pause_reading()
        transport.abort()
        transport.resume_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        assert await protocol.lost is None
        there.close()

    run(main, loop)


@every_loop
def test_a_socket_that_may_not_be_read_yet_is_read_in_a_later_turn(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    answers = [False, False, True, False, True, True]
    asked = list[bool]()

    def may_read() -> bool:
        asked.append(answers.pop(0))
        return asked[-1]

    async def main() -> None:
        here, there = pair()
        protocol = Noting()
        transport = SocketTransport(asyncio.get_running_loop(), here, protocol, may_read)
        there.sendall(b"hello")
        await protocol.until(5)
        assert asked == [False, False, True]
        there.close()
        assert await protocol.lost is None
        assert asked == [False, False, True, False, True]
        transport.abort()

    run(main, loop)


class Buffering(TlsInTls):
    """TLS that has read everything from its socket already."""

    def __init__(self, sock: socket.socket, data: bytes) -> None:
        self.sock, self.data = sock, data

    def pending(self) -> int:
        return len(self.data)

    def recv(self, size: int) -> bytes:
        if not self.data:
            raise ssl.SSLWantReadError
        data, self.data = self.data[:size], self.data[size:]
        return data

    def fileno(self) -> int:
        return self.sock.fileno()

    def getpeername(self) -> Any:
        return self.sock.getpeername()

    def close(self) -> None:
        self.sock.close()


@every_loop
def test_what_tls_has_read_already_waits_for_no_descriptor(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    answers = [False, False, True]

    async def main() -> None:
        here, there = pair()
        protocol, tls = Noting(), Buffering(here, b"hello")
        transport = SocketTransport(
            asyncio.get_running_loop(), tls, protocol, lambda: answers.pop(0)
        )
        await asyncio.wait_for(protocol.until(5), 5)
        assert answers == []
        transport.abort()
        assert await protocol.lost is None
        there.close()

    run(main, loop)
