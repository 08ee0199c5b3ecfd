"""picows behind our handshake means what the other faces' WebSocket means, byte for byte."""

from __future__ import annotations

import asyncio
import gc
import struct
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.commands import Outgoing, SendBytes, SendPing, SendText
from openline.events import Event, MessageReceived, PongReceived, SocketLost, SocketOpened
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver import websocket as model
from openline_driver.facts import Refused
from openline_fleet import websocket as ours
from tests.driver.test_websocket import AT, EFFECT
from tests.support_lines import BINARY, CLOSE, PING, PONG, TEXT, answer, close, frame
from tests.support_profiles import some

T = TypeVar("T")


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


class Line:
    """Our WebSocket, what it wrote, and the events that came of it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.wire = Wire()
        self.websocket = ours.WebSocket(EFFECT, self.take)
        self.websocket.begin(self.wire)
        self.stops_at: int | None = None

    def take(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) == self.stops_at:
            self.websocket.stop()

    def open(self, more: bytes = b"", **headers: str) -> None:
        request = bytes(self.wire.written)
        self.wire.written.clear()
        self.websocket.receive(answer(request, **headers) + more)

    def sent(self) -> list[tuple[int, bytes]]:
        return frames(bytes(self.wire.written))

    def lost(self) -> SocketLost:
        found = self.websocket.report(AT)
        assert isinstance(found, SocketLost)
        return found


class Model:
    """The same on websockets."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.written = bytearray()
        self.websocket = model.WebSocket(EFFECT, bytes)
        self.websocket.begin(self.written.extend)

    def open(self) -> None:
        request = bytes(self.written)
        self.written.clear()
        self.receive(answer(request))

    def receive(self, data: bytes) -> None:
        self.events += self.websocket.receive(data)


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """What a client sent, unmasked."""
    found: list[tuple[int, bytes]] = []
    while data:
        size, at = data[1] & 0x7F, 2
        if size == 126:
            (size,), at = struct.unpack_from("!H", data, 2), 4
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + size]
        assert data[1] & 0x80, "a client masks"
        found.append((data[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(body))))
        data = data[at + 4 + size :]
    return found


def looped(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """picows asks for the running loop."""
    return asyncio.run(test())


def test_messages_in_and_out() -> None:
    async def main() -> None:
        line = Line()
        line.websocket.write(ours.BINARY, b"too early")
        line.open(frame(TEXT, b"hi") + frame(PING, b"x"), Date="Thu, 01 Jan 1970 00:01:00 GMT")
        line.websocket.receive(frame(BINARY, bytes(70_000)) + frame(TEXT, b""))
        assert line.events == [
            SocketOpened(EFFECT.dial, EFFECT.connection_id, date=60.0),
            MessageReceived(EFFECT.dial, "hi"),
            MessageReceived(EFFECT.dial, bytes(70_000)),
            MessageReceived(EFFECT.dial, ""),
        ]
        out: list[Outgoing] = [SendBytes(7, b"pcm"), SendText(7, "ü"), SendPing(7, b"mark")]
        for each in out:
            line.websocket.send(each)
        assert line.sent() == [
            *((PONG, b"x"), (BINARY, b"pcm"), (TEXT, "ü".encode()), (PING, b"mark")),
        ]

    looped(main)


def test_a_pong_is_one_for_all_pings_before_it() -> None:
    async def main() -> None:
        line = Line()
        line.open()
        for mark in (b"1", b"2", b"3"):
            line.websocket.send(SendPing(7, mark))
        line.websocket.receive(frame(PONG, b"other") + frame(PONG, b"2"))
        assert line.events[1:] == [PongReceived(7, b"1"), PongReceived(7, b"2")]

    looped(main)


def test_nothing_follows_a_stop_and_nothing_is_written_after_it() -> None:
    async def main() -> None:
        line = Line()
        line.stops_at = 2
        line.open(frame(TEXT, b"1") + frame(TEXT, b"2") + frame(PING, b"x") + close(1000))
        assert len(line.events) == 2
        assert line.websocket.over
        line.websocket.send(SendBytes(7, b"pcm"))
        line.websocket.close(1000)
        line.websocket.receive(frame(TEXT, b"3"))
        assert line.sent() == []
        assert len(line.events) == 2

    looped(main)


def test_what_takes_an_event_may_raise() -> None:
    async def main() -> None:
        line = Line()
        line.open()

        def take(event: Event) -> None:
            raise RuntimeError("a bug")

        line.take = take  # type: ignore[method-assign]
        line.websocket = ours.WebSocket(EFFECT, take)
        line.websocket.begin(line.wire)
        with pytest.raises(RuntimeError, match="a bug"):
            line.open()

    looped(main)


def test_a_message_that_raises_ends_the_socket() -> None:
    async def main() -> None:
        line = Line()
        line.open()
        raising = ours.WebSocket(EFFECT, lambda event: 1 // isinstance(event, SocketOpened))
        line.wire.written.clear()
        raising.begin(line.wire)
        raising.receive(answer(bytes(line.wire.written)))
        with pytest.raises(ZeroDivisionError):
            raising.receive(frame(TEXT, b"x") + frame(TEXT, b"y"))
        assert raising.over

    looped(main)


def test_a_close_frame_is_answered_and_tells_why() -> None:
    async def main() -> None:
        for code, reason in ((1000, ""), (1011, "why"), (4001, "ü"), (None, "")):
            line = Line()
            line.open(close(code, reason))
            assert line.websocket.over
            lost = line.lost()
            assert (lost.code, lost.reason) == (1005 if code is None else code, reason)
            assert lost.sender is Sender.REMOTE
            body = b"" if code is None else struct.pack("!H", code)
            assert line.sent() == [(CLOSE, body)]

    looped(main)


def test_our_close_is_answered() -> None:
    async def main() -> None:
        line = Line()
        line.open()
        line.websocket.close(1000)
        line.websocket.close(1001)
        assert line.sent() == [(CLOSE, struct.pack("!H", 1000))]
        line.websocket.receive(frame(TEXT, b"still here"))
        assert len(line.events) == 2
        line.websocket.receive(close(1000))
        assert line.websocket.over
        assert line.lost().sender is Sender.REMOTE

    looped(main)


def test_an_end_and_an_error_are_told_apart() -> None:
    async def main() -> None:
        line = Line()
        line.open()
        line.websocket.end()
        line.websocket.stop()
        line.websocket.end(ConnectionResetError(104, "reset"))
        assert line.lost().error is ErrorKind.CUT
        line = Line()
        line.open()
        line.websocket.end(ConnectionResetError(104, "reset"))
        assert line.lost().error is ErrorKind.RESET

    looped(main)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_WebSocket_Accept": "wrong"},
        {"Sec_WebSocket_Protocol": "three"},
        {"Sec_WebSocket_Extensions": "permessage-deflate"},
    ],
)
def test_an_upgrade_that_was_not_asked_for_is_none(headers: dict[str, str]) -> None:
    async def main() -> None:
        line = Line()
        line.open(frame(TEXT, b"x"), **headers)
        assert line.websocket.over
        assert not line.websocket.opened
        assert line.lost().error is ErrorKind.BAD_UPGRADE
        assert line.events == []

    looped(main)


def test_a_refusal_is_told_with_its_headers() -> None:
    async def main() -> None:
        line = Line()
        line.websocket.receive(b"HTTP/1.1 503 No\r\nRetry-After: 7\r\n\r\nlater")
        found = line.websocket.report(AT)
        assert isinstance(found, Refused)
        assert (found.status, found.headers["retry-after"]) == (503, "7")

    looped(main)


def test_a_message_that_is_too_long_in_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(ours, "MAX_MESSAGE", 10)
        line = Line()
        line.open(frame(BINARY, bytes(6), first=0) + frame(0, bytes(6), first=0))
        assert line.websocket.over
        assert line.lost().code == 1009

    looped(main)


def test_a_violation_is_no_news_for_the_log_of_the_loop() -> None:
    """The library keeps its error in a future that nobody awaits, which asyncio would log."""
    told: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
        line = Line()
        line.open(frame(0xF, b""))
        assert line.lost().code == 1002
        line.websocket.stop()
        del line
        gc.collect()

    asyncio.run(main())
    assert told == []


def test_a_length_in_more_bytes_than_it_needs_is_a_violation() -> None:
    """RFC 6455 §5.2 forbids it, and picows is strict; the other faces' library lets it pass."""

    async def main() -> None:
        line = Line()
        line.open(b"\x82\x7e\x00\x05aaaaa")
        assert line.events[1:] == []
        assert (line.lost().code, line.lost().sender) == (1002, Sender.LOCAL)
        assert line.sent()[0][1][:2] == struct.pack("!H", 1002)

    looped(main)


# Whatever else comes, it is the same for both.

PIECES = st.one_of(
    st.binary(max_size=200).map(lambda data: frame(BINARY, data)),
    st.text(max_size=50).map(lambda text: frame(TEXT, text.encode())),
    st.binary(max_size=20).map(lambda data: frame(PING, data)),
    st.sampled_from([frame(PONG, b"1"), frame(PONG, b"2"), frame(PONG, b"no")]),
    st.tuples(st.sampled_from([0, TEXT, BINARY]), st.binary(max_size=9), st.booleans()).map(
        lambda each: frame(each[0], each[1], first=0x80 if each[2] else 0)
    ),
    st.sampled_from(
        [
            *(close(1000, "bye"), close(1005), close(4000), close(None), frame(CLOSE, b"x")),
            *(frame(3, b"{}"), frame(TEXT, b"\xff"), b"\x81\x82abcdxy", frame(11)),
            *(frame(TEXT, b"x", first=0xC0), frame(PING, b"x", first=0)),
            *(
                frame(PING, bytes(200)),
                frame(CLOSE, b"\x03\xe8\xff"),
                b"\x82\x7f\x00\x00\x01" + bytes(5),
            ),
        ]
    ),
)


@given(pieces=st.lists(PIECES, max_size=8), cuts=st.lists(st.integers(1, 40), max_size=30))
@settings(max_examples=some(300))
def test_frames_of_every_kind_mean_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    """In any pieces. One thing differs: picows does not deliver the frame before a broken one if
    both came in one packet, so here each comes by itself. It is heard again on the next dial.
    """

    async def main() -> None:
        line, other = Line(), Model()
        line.open()
        other.open()
        for mark in (b"1", b"2"):
            line.websocket.send(SendPing(7, mark))
            other.websocket.send(SendPing(7, mark))
        for piece in pieces:
            rest, sizes = piece, list(cuts)
            while rest:
                size = sizes.pop() if sizes else len(rest)
                part, rest = rest[:size], rest[size:]
                line.websocket.receive(part)
                other.receive(part)
        line.websocket.end()
        other.websocket.end()
        assert line.events == other.events
        assert line.websocket.over == other.websocket.over
        found, expected = line.websocket.report(AT), other.websocket.report(AT)
        assert isinstance(found, SocketLost)
        assert isinstance(expected, SocketLost)
        assert (found.code, found.sender, found.error) == (
            *(expected.code, expected.sender, expected.error),
        )
        if found.sender is Sender.REMOTE:
            assert found.reason == expected.reason
        assert kinds(line.sent()) == kinds(frames(bytes(other.written)))

    looped(main)


def kinds(sent: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Without the words of a library."""
    return [(kind, data[:2] if kind == CLOSE else data) for kind, data in sent]
