"""One dial against peers in memory that end it in every way: one report, and the right one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from openline.backend import Backend, CredentialPlace
from openline.commands import Outgoing, SendBytes, SendPing, SendText
from openline.dialects.echopanel import EchoPanel
from openline.dialects.headers import credential_headers
from openline.events import (
    Event,
    MessageReceived,
    PongReceived,
    Redirected,
    SocketLost,
    SocketOpened,
)
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver import effects as fx
from openline_driver.dials import one_cause
from openline_driver.effects import DRAIN, MAX_MESSAGE
from openline_driver.facts import Fact, Refused, Released
from openline_driver.http import host_header, refusal, request_headers
from openline_driver.network_errors import DialError
from openline_trio.dial import Dial
from openline_trio.network import Connect
from tests.support_lines import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Net,
    Peer,
    Script,
    all_delivered,
    answer,
    close,
    frame,
)

NOW = datetime(2024, 5, 6, 7, 8, 0, tzinfo=UTC).timestamp()
BACKEND = Backend()


class Line:
    """What a dial needs of a session: it notes the events as a driver hands them to the core.

    ``outgoing`` is pulled. The last fact of a dial is that it was released.
    """

    def __init__(self, *outgoing: Outgoing) -> None:
        self.events: list[Event] = []
        self.outgoing = deque(outgoing)
        self.pulls = 0
        self.dial: Dial | None = None
        self.released: list[int] = []
        self._news = trio.Event()

    def feed(self, event: Event | Fact) -> None:
        assert not self.released, "a dial reported more after it was released"
        match event:
            case Released(dial):
                self.released.append(dial)
            case Refused():
                self.events.append(refusal(event))
            case SocketLost():
                self.events.append(one_cause(event))
            case _:
                self.events.append(cast("Event", event))
        self._news.set()
        self._news = trio.Event()

    def pull(self) -> Outgoing | None:
        self.pulls += 1
        return self.outgoing.popleft() if self.outgoing else None

    def push(self, *outgoing: Outgoing) -> None:
        assert self.dial is not None
        self.outgoing.extend(outgoing)
        self.dial.wake()

    async def until(self, kind: type[Event]) -> None:
        while not any(isinstance(event, kind) for event in self.events):
            await self._news.wait()

    @property
    def end(self) -> Event:
        """The last event; the only one of its kind."""
        ends = [e for e in self.events if isinstance(e, SocketLost | Redirected)]
        assert ends == self.events[-1:]
        return ends[0]


def effect(backend: Backend = BACKEND, credential: str | None = None) -> fx.Dial:
    """What a driver asks for."""
    carriers = () if credential is None else tuple(credential_headers(EchoPanel(), credential))
    return fx.Dial(
        dial=7,
        backend=backend,
        host=host_header(backend),
        target=backend.target(credential),
        headers=request_headers(backend, credential, carriers, f"openline/{version('openline')}"),
        connection_id="c-7",
    )


def dial_to(
    connect: Connect, line: Line, *, backend: Backend = BACKEND, credential: str | None = None
) -> Dial:
    line.dial = Dial(line.feed, line.pull, effect(backend, credential), connect)
    return line.dial


async def play(
    script: Script,
    *outgoing: Outgoing,
    backend: Backend = BACKEND,
    credential: str | None = None,
) -> tuple[Line, Peer]:
    """A whole dial, to its own end; nothing is left of it."""
    line = Line(*outgoing)
    with all_delivered():
        async with trio.open_nursery() as nursery:
            net = Net(nursery, script)
            with trio.fail_after(60):
                await dial_to(net, line, backend=backend, credential=credential).run()
            nursery.cancel_scope.cancel()
    assert line.released == [7]
    return line, net.dials[0]


async def ended(script: Script, *outgoing: Outgoing) -> Event:
    """How a dial ends."""
    line, _ = await play(script, *outgoing)
    return line.end


def lost(**how: object) -> SocketLost:
    return SocketLost(dial=7, **how)  # type: ignore[arg-type]


# The happy path.


async def test_a_dial_is_released_when_its_socket_is_gone(nursery: trio.Nursery) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.serve()

    line = Line()
    open_when_closing: list[bool] = []

    class Closing(Deaf):
        async def aclose(self) -> None:
            open_when_closing.append(not line.released)
            await super().aclose()

    net = Net(nursery, script)

    async def connect(backend: Backend) -> trio.abc.Stream:
        return Closing(await net(backend), after=10**9)

    dial = dial_to(connect, line)
    async with trio.open_nursery() as dials:
        dials.start_soon(dial.run)
        await line.until(SocketOpened)
        assert line.released == []
        dial.scope.cancel()
    assert line.released == [7]
    assert open_when_closing == [True]


async def test_a_dial_from_open_to_close() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        assert await peer.receive() == (TEXT, b'{"type":"start"}')
        await peer.stream.send_all(frame(TEXT, b"one") + frame(BINARY, b"two"))
        assert await peer.receive() == (BINARY, b"EP\x01\x01audio")
        await peer.stream.send_all(frame(TEXT, b"fin", first=0) + frame(0, b"al"))
        assert await peer.receive() == (CLOSE, b"\x03\xe8")
        await peer.stream.send_all(close(1000))
        assert await peer.receive() == (CLOSE, b"EOF")

    line = Line(SendText(7, '{"type":"start"}'), SendBytes(7, b"EP\x01\x01audio"))
    async with trio.open_nursery() as nursery:
        net = Net(nursery, script)
        dial = dial_to(net, line)
        nursery.start_soon(dial.run)
        await line.until(MessageReceived)
        while len(line.events) < 4:
            await wait_all_tasks_blocked()
        dial.close(1000)
    assert line.events[:-1] == [
        SocketOpened(7, "c-7"),
        MessageReceived(7, "one"),
        MessageReceived(7, b"two"),
        MessageReceived(7, "final"),
    ]
    assert isinstance(line.end, SocketLost)
    assert line.end.code == 1000


async def test_an_idle_writer_pulls_again_only_when_woken() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.serve()

    line = Line()
    async with trio.open_nursery() as nursery:
        net = Net(nursery, script)
        dial = dial_to(net, line)
        nursery.start_soon(dial.run)
        await line.until(SocketOpened)
        await wait_all_tasks_blocked()
        pulls = line.pulls
        line.push(SendText(7, "a"), SendText(7, "b"))
        await wait_all_tasks_blocked()
        assert line.pulls == pulls + 3
        dial.scope.cancel()
    assert net.dials[0].heard == [(TEXT, b"a"), (TEXT, b"b")]


async def test_a_pong_is_reported_with_its_mark() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        marks = [(await peer.receive())[1] for _ in range(3)]
        await peer.stream.send_all(frame(PONG, b"stray") + frame(PONG, marks[0]))
        await peer.stream.send_all(frame(PONG, marks[2]))  # stands for the second as well
        await peer.receive()

    line = Line(*(SendPing(7, mark) for mark in (b"1", b"2", b"3")))
    async with trio.open_nursery() as nursery:
        net = Net(nursery, script)
        dial = dial_to(net, line)
        nursery.start_soon(dial.run)
        while len(line.events) < 4:
            await wait_all_tasks_blocked()
        dial.scope.cancel()
    assert {e.mark for e in line.events if isinstance(e, PongReceived)} == {b"1", b"2", b"3"}


async def test_the_servers_pings_are_answered() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        for number in range(50):
            await peer.stream.send_all(frame(PING, b"%d" % number))
        for number in range(50):
            assert await peer.receive() == (PONG, b"%d" % number)
        await peer.stream.send_all(close(1000))

    assert await ended(script) == lost(code=1000, sender=Sender.REMOTE)


# The request.


async def refuse(peer: Peer) -> None:
    await peer.refuse(404)


async def test_headers_of_the_request() -> None:
    _, peer = await play(refuse, credential="s3cret/+=")
    assert peer.request.startswith(b"GET /ws/live-listener HTTP/1.1\r\n")
    assert peer.headers["host"] == "127.0.0.1:8000"
    assert peer.headers["authorization"] == "Bearer s3cret/+="
    assert peer.headers["user-agent"] == f"openline/{version('openline')}"


async def test_without_a_credential_there_is_none_in_the_request() -> None:
    _, peer = await play(refuse, backend=Backend(query="lang=en"))
    assert peer.target == "/ws/live-listener?lang=en"
    assert not {"authorization", "x-echopanel-token"} & set(peer.headers)


async def test_a_credential_in_the_query_is_nowhere_else() -> None:
    backend = Backend(query="lang=en", credential_place=CredentialPlace.QUERY)
    _, peer = await play(refuse, backend=backend, credential="a&b/c")
    assert peer.target == "/ws/live-listener?lang=en&token=a%26b%2Fc"
    assert "a&b/c" not in peer.request.decode()


@pytest.mark.parametrize(
    ("backend", "host"),
    [
        (Backend(host="localhost", port=80), "localhost"),
        (Backend(host="localhost", port=443), "localhost:443"),
        (Backend(host="example.org", port=443), "example.org"),
        (Backend(host="example.org", port=80), "example.org:80"),
        (Backend(host="::1", port=8000), "[::1]:8000"),
        (Backend(host="::1", port=80), "[::1]"),
    ],
)
async def test_the_host_of_the_request(backend: Backend, host: str) -> None:
    _, peer = await play(refuse, backend=backend)
    assert peer.headers["host"] == host


# Refused.


async def test_a_stream_that_cannot_be_opened() -> None:
    async def connect(backend: Backend) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        raise DialError(ErrorKind.DNS_AGAIN, "later")

    line = Line()
    await dial_to(connect, line).run()
    assert line.events == [lost(error=ErrorKind.DNS_AGAIN, detail="later")]


@pytest.mark.parametrize("status", [200, 300, 304, 305, 400, 401, 429, 500, 503, 599])
@pytest.mark.parametrize(
    "lines",
    [
        (["Content-Length: 0"], b""),
        (["Content-Length: 6"], b"sorry."),
        (["Content-Length: 6"], b"so"),  # and nothing more
        (["Connection: close"], b"<html>"),  # to the end of the stream
        (["Transfer-Encoding: chunked"], b"5\r\nhello\r\n"),
    ],
)
async def test_a_status_is_reported_whatever_its_body(
    status: int, lines: tuple[list[str], bytes]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.refuse(status, *lines[0], body=lines[1])
        await peer.receive()

    assert await ended(script) == lost(status=status, detail=f"HTTP {status}")


@pytest.mark.parametrize("early", [100, 102, 103])
async def test_a_preliminary_answer_is_no_refusal(early: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.stream.send_all(b"HTTP/1.1 %d x\r\nLink: </x>\r\n\r\n" % early)
        await peer.refuse(503)
        await peer.receive()

    assert await ended(script) == lost(status=503, detail="HTTP 503")


@pytest.mark.parametrize("then", ["goes on", "ends", "waits"])
async def test_body_is_not_awaited(autojump_clock: MockClock, then: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.refuse(401, "Connection: close")
        while then == "goes on":
            await peer.stream.send_all(bytes(4096))
        if then == "waits":
            await peer.receive()

    assert await ended(script) == lost(status=401, detail="HTTP 401")
    assert trio.current_time() == 0


@pytest.fixture
def far_east() -> Generator[None]:
    """A machine whose local time is not that of the servers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "XYZ-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("9" * 400, float("inf")),  # the core has a limit
        ("Mon, 06 May 2024 07:09:30 GMT", 90.0),
        ("Monday, 06-May-24 07:09:30 GMT", 90.0),
        ("Mon May  6 07:09:30 2024", 90.0),
        ("Mon, 06 May 2024 07:09:30 -0000", 90.0),
        ("Mon, 06 May 2024 09:09:30 +0200", 90.0),
        ("Mon, 06 May 2024 07:00:00 GMT", 0.0),
        ("-7", None),
        ("7.5", None),
        ("٧", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 May 2024 07:09:30 GMT", None),
        ("Mon, 06 May 99999 07:09:30 GMT", None),
    ],
)
async def test_retry_after_is_reported(
    far_east: None, monkeypatch: pytest.MonkeyPatch, retry_after: str, seconds: float | None
) -> None:
    monkeypatch.setattr("openline_trio.dial.time.time", lambda: NOW)

    async def script(peer: Peer) -> None:
        await peer.read_request()
        head = f"HTTP/1.1 503 Busy\r\nretry-AFTER: {retry_after}\r\n\r\n"
        await peer.stream.send_all(head.encode("utf-8"))

    assert await ended(script) == lost(status=503, retry_after=seconds, detail="HTTP 503")


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60))
def test_no_header_is_a_crash(retry_after: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        head = b"HTTP/1.1 503 Busy\r\nRetry-After: " + retry_after.encode("latin-1")
        await peer.stream.send_all(head + b"\r\n\r\n")

    async def check() -> None:
        end = await ended(script)
        assert isinstance(end, SocketLost)
        assert end.status == 503

    trio.run(check, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_reported_and_no_loss(status: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.refuse(status, "Location: wss://elsewhere.example/x")

    assert await ended(script) == Redirected(7, status, "wss://elsewhere.example/x")


async def test_a_redirect_to_nowhere_is_a_loss() -> None:
    assert await ended(partial(Peer.refuse, status=302)) == lost(status=302, detail="HTTP 302")


@pytest.mark.parametrize(
    ("headers", "date"),
    [
        ({}, None),
        ({"Date": "Wed, 18 Nov 2026 20:00:00 GMT"}, 1_795_032_000.0),
        ({"Date": "a week ago"}, None),
    ],
)
async def test_the_date_of_the_answer_is_told(headers: dict[str, str], date: float | None) -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.send_all(answer(await peer.read_request(), **headers) + close())
        await peer.serve()

    line, _ = await play(script)
    [opened] = [event for event in line.events if isinstance(event, SocketOpened)]
    assert opened == SocketOpened(7, "c-7", date=date)


async def bad_upgrade(peer: Peer, **headers: str) -> None:
    await peer.stream.send_all(answer(await peer.read_request(), **headers))
    await peer.receive()


async def garbage(peer: Peer) -> None:
    await peer.read_request()
    await peer.stream.send_all(b"SSH-2.0-OpenSSH_9.2\r\n")
    await peer.receive()


NO_UPGRADE: list[Script] = [
    garbage,
    partial(bad_upgrade, Upgrade="carrier-pigeon"),
    partial(bad_upgrade, Connection="close"),
    partial(bad_upgrade, Sec_WebSocket_Accept="wrong"),
    partial(bad_upgrade, Sec_WebSocket_Extensions="never-offered"),
    partial(bad_upgrade, Sec_WebSocket_Protocol="never-offered"),
    partial(bad_upgrade, Sec_WebSocket_Protocol="not \xe4scii"),
    partial(bad_upgrade, Folded="x\r\n\x00: y"),
]


@pytest.mark.parametrize("number", range(len(NO_UPGRADE)))
async def test_an_answer_that_is_no_upgrade(number: int) -> None:
    end = await ended(NO_UPGRADE[number])
    assert isinstance(end, SocketLost)
    assert end.error is ErrorKind.BAD_UPGRADE
    assert (end.code, end.status) == (None, None)
    assert "\n" not in end.detail


@given(st.lists(st.binary(max_size=40), max_size=4), st.booleans())
def test_no_answer_is_a_crash(texts: Sequence[bytes], http: bool) -> None:
    first = [b"HTTP/1.1 101 Sure\r\n"] if http else []

    async def script(peer: Peer) -> None:
        await peer.read_request()
        for text in [*first, *texts, b"\r\n\r\n"]:
            await peer.stream.send_all(text)

    async def check() -> None:
        end = await ended(script)
        assert isinstance(end, SocketLost | Redirected)

    trio.run(check, clock=MockClock(autojump_threshold=0))


async def test_an_end_before_the_answer() -> None:
    end = await ended(Peer.read_request)
    assert isinstance(end, SocketLost)
    assert (end.error, end.code, end.status) == (ErrorKind.CUT, None, None)


async def test_a_request_that_cannot_be_sent() -> None:
    async def script(peer: Peer) -> None:
        await trio.lowlevel.checkpoint()

    end = await ended(script)
    assert isinstance(end, SocketLost)
    assert end.error is ErrorKind.CUT


async def test_an_end_right_behind_the_upgrade() -> None:
    line, _ = await play(Peer.upgrade)
    assert line.events[0] == SocketOpened(7, "c-7")
    assert isinstance(line.end, SocketLost)
    assert (line.end.error, line.end.code) == (ErrorKind.CUT, None)


# Closed.


@pytest.mark.parametrize(
    "code",
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3003, 4001, 4999],
)
@pytest.mark.parametrize("early", [False, True])
async def test_a_close_frame_is_the_peers(code: int, early: bool) -> None:
    async def script(peer: Peer) -> None:
        if early:
            await peer.upgrade(close(code, "said why"))
        else:
            await peer.upgrade()
            await peer.stream.send_all(close(code, "said why"))
        assert (await peer.receive())[1][:2] == code.to_bytes(2, "big")
        await peer.receive()

    assert await ended(script) == lost(code=code, sender=Sender.REMOTE, reason="said why")


async def test_a_close_frame_without_a_code() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade(close())
        assert await peer.receive() == (CLOSE, b"")

    assert await ended(script) == lost(code=1005, sender=Sender.REMOTE)


@pytest.mark.parametrize("early", [False, True])
async def test_messages_before_a_close_frame_are_received(early: bool) -> None:
    messages = b"".join(frame(TEXT, b"%d" % n) for n in range(100)) + close(1008, "no")

    async def script(peer: Peer) -> None:
        await peer.upgrade(messages if early else b"")
        if not early:
            await peer.stream.send_all(messages)

    line, _ = await play(script)
    assert line.events[1:-1] == [MessageReceived(7, str(n)) for n in range(100)]
    assert line.end == lost(code=1008, sender=Sender.REMOTE, reason="no")


VIOLATIONS = {
    "masked": (b"\x81\x82abcdxy", 1002),
    "reserved bit 1": (frame(TEXT, b"{}", first=0xC0), 1002),
    "reserved bit 3": (frame(TEXT, b"{}", first=0x90), 1002),
    "unknown opcode": (frame(3, b"{}"), 1002),
    "unknown control": (frame(11), 1002),
    "fragmented ping": (frame(PING, b"x", first=0), 1002),
    "long ping": (frame(PING, bytes(126)), 1002),
    "lone continuation": (frame(0, b"x"), 1002),
    "message within a message": (frame(TEXT, b"x", first=0) + frame(TEXT, b"y"), 1002),
    "wordy length": (b"\x81\x7e\x00\x02{}", 1002),
    "close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "close 999": (close(999), 1002),
    "close 1004": (close(1004), 1002),
    "close 1005": (close(1005), 1002),
    "close 1006": (close(1006), 1002),
    "close 1015": (close(1015), 1002),
    "close 2500": (close(2500), 1002),
    "close 5000": (close(5000), 1002),
    "bad UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "bad UTF-8 in a reason": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "torn UTF-8": (frame(TEXT, "ä".encode()[:1]), 1007),
}


@pytest.mark.parametrize("name", VIOLATIONS)
@pytest.mark.parametrize("early", [False, True])
async def test_protocol_violation_has_our_close_code(name: str, early: bool) -> None:
    data, code = VIOLATIONS[name]

    async def script(peer: Peer) -> None:
        await peer.upgrade(data if early else b"")
        if not early:
            await peer.stream.send_all(data)
        await peer.receive()

    end = await ended(script)
    assert isinstance(end, SocketLost)
    assert (end.code, end.sender) == (code, Sender.LOCAL)


@pytest.mark.parametrize("then", [b"", frame(PING, b"x") * 3, close(1002)])
async def test_a_message_that_is_too_big(then: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.stream.send_all(frame(TEXT, b"x" * (MAX_MESSAGE + 1)) + then)
        while (await peer.receive())[0] != CLOSE:
            pass

    end = await ended(script)
    assert isinstance(end, SocketLost)
    assert (end.code, end.sender) == (1009, Sender.LOCAL)


async def test_the_biggest_message_is_taken() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.stream.send_all(frame(BINARY, bytes(MAX_MESSAGE)) + close(1000))

    line, _ = await play(script)
    assert line.events[1] == MessageReceived(7, bytes(MAX_MESSAGE))


@given(st.lists(st.binary(max_size=30), max_size=4))
def test_no_bytes_are_a_crash(parts: Sequence[bytes]) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade(b"".join(parts[:1]))
        for part in parts[1:]:
            await peer.stream.send_all(part)

    async def check() -> None:
        line, _ = await play(script)
        assert isinstance(line.end, SocketLost)

    trio.run(check, clock=MockClock(autojump_threshold=0))


# Broken.


class Deaf(trio.abc.Stream):
    """Takes nothing: every send breaks, while what has arrived can still be read."""

    def __init__(self, stream: trio.abc.Stream, after: int) -> None:
        self._stream = stream
        self._after = after

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._after -= 1
        if self._after < 0:
            await trio.lowlevel.checkpoint()
            raise trio.BrokenResourceError("broken pipe")
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (close(1008, "no"), 0),
        (frame(PING, b"x") + close(1008, "no"), 0),
        (frame(PING, b"x") * 20 + frame(TEXT, b"{}") + close(1008, "no"), 1),
    ],
)
async def test_a_close_frame_that_is_here_outranks_a_broken_pipe(
    autojump_clock: MockClock, said: bytes, heard: int
) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade(said)
        await peer.receive()

    line = Line(*(SendPing(7, b"%d" % n) for n in range(5)), *[SendText(7, "x")] * 5)
    async with trio.open_nursery() as nursery:
        net = Net(nursery, script)

        async def connect(backend: Backend) -> trio.abc.Stream:
            return Deaf(await net(backend), after=1)

        dial = dial_to(connect, line)
        await dial.run()
    assert len(line.events) == 2 + heard
    assert line.end == lost(code=1008, sender=Sender.REMOTE, reason="no")
    assert trio.current_time() == 0


async def test_broken_pipe_before_silence_is_a_loss_after_a_moment(
    autojump_clock: MockClock,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.receive()

    line = Line(SendPing(7, b"1"), SendText(7, "x"), SendPing(7, b"2"), SendText(7, "y"))
    async with trio.open_nursery() as nursery:
        net = Net(nursery, script)

        async def connect(backend: Backend) -> trio.abc.Stream:
            return Deaf(await net(backend), after=1)

        dial = dial_to(connect, line)
        await dial.run()
    assert line.end == lost(error=ErrorKind.CUT, detail="broken pipe")
    assert trio.current_time() == DRAIN


async def test_a_ping_never_holds_a_dial_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        while len(peer.heard) < 3:
            await peer.receive()

    end = await ended(script, *(SendPing(7, b"%d" % n) for n in range(3)))
    assert isinstance(end, SocketLost)
    assert end.error is ErrorKind.CUT


# Closing.


@pytest.mark.parametrize(
    "said",
    [
        close(1000),
        close(4000, "me first"),
        frame(PING, b"x") + close(1000),  # the library's reader cannot stand it
        frame(TEXT, b"late") + close(1000),
        b"\x81\x82abcdxy",
        b"",
    ],
)
async def test_closing_handshake_ends_for_any_peer(said: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        while (await peer.receive())[0] != CLOSE:
            pass
        await peer.stream.send_all(said)
        if said:
            await peer.receive()

    line = Line(SendPing(7, b"1"), SendText(7, "stop"))
    with all_delivered():
        async with trio.open_nursery() as nursery:
            net = Net(nursery, script)
            dial = dial_to(net, line)
            nursery.start_soon(dial.run)
            await line.until(SocketOpened)
            await wait_all_tasks_blocked()
            dial.close(1000)
            with trio.fail_after(60):
                await line.until(SocketLost)
            nursery.cancel_scope.cancel()
    assert isinstance(line.end, SocketLost)
    assert net.dials[0].heard[-1] == (CLOSE, b"\x03\xe8")


@pytest.mark.parametrize("said", [close(1000), b""])
async def test_a_close_that_crosses_the_peers(said: bytes) -> None:
    """The peer is gone when a close is requested, with a ping on its way and a blocked send."""
    over = trio.Event()

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await over.wait()
        await peer.stream.send_all(said)

    line = Line(SendPing(7, b"1"), SendText(7, "x"))
    async with trio.open_nursery() as nursery:
        net = Net(nursery, script, lockstep_stream_pair)
        dial = dial_to(net, line)
        nursery.start_soon(dial.run)
        await line.until(SocketOpened)
        await wait_all_tasks_blocked()
        over.set()
        dial.close(1000)
        with trio.fail_after(60):
            await line.until(SocketLost)


# Cancelled.


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_cancelled_dial_reports_nothing_and_leaves_nothing(steps: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.serve()

    line = Line(SendText(7, "start"), SendPing(7, b"1"), *[SendBytes(7, bytes(640))] * 50)
    with all_delivered():
        async with trio.open_nursery() as nursery:
            net = Net(nursery, script)
            dial = dial_to(net, line)
            nursery.start_soon(dial.run)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
            events = list(line.events)
            dial.scope.cancel()
        assert not [e for e in line.events if isinstance(e, SocketLost | Redirected)]
        assert line.events[: len(events)] == events
        assert all(peer.gone.is_set() for peer in net.dials)


async def test_core_error_is_not_reported_as_a_loss() -> None:
    class Broken(Line):
        def feed(self, event: Event | Fact) -> None:
            if isinstance(event, SocketOpened):
                raise ValueError("a bug")  # noqa: TRY004  # any error will do
            super().feed(event)

    async def script(peer: Peer) -> None:
        await peer.upgrade()
        await peer.receive()

    async with trio.open_nursery() as nursery:
        net = Net(nursery, script)
        with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="a bug")):
            await dial_to(net, Broken()).run()
