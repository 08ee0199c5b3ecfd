"""A WebSocket without a socket: bytes in, events out, and how it ended."""

from __future__ import annotations

import logging

import pytest
from websockets.frames import Frame, Opcode

from openline.backend import Backend
from openline.commands import SendBytes, SendPing, SendText
from openline.events import Event, MessageReceived, PongReceived, SocketLost, SocketOpened
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_driver.effects import Dial
from openline_driver.facts import Refused
from openline_driver.websocket import WebSocket
from tests.support_lines import BINARY, CLOSE, PING, PONG, TEXT, answer, close, frame

EFFECT = Dial(
    dial=7,
    backend=Backend(),
    host="backend.example",
    target="/ws?key=1",
    headers=(("User-Agent", "openline/1"), ("Authorization", "Bearer x")),
    connection_id="c",
    subprotocols=("one", "two"),
)
AT = 1_000.0
MASK = b"\x01\x02\x80\xff"


def mask(size: int) -> bytes:
    """In place of random bytes."""
    assert size == len(MASK)
    return MASK


class Line:
    """A WebSocket, what it wrote, and the events that came of it."""

    def __init__(self) -> None:
        self.websocket = WebSocket(EFFECT, mask)
        self.written: list[bytes] = []
        self.events: list[Event] = []
        self.websocket.begin(self.written.append)

    def receive(self, data: bytes) -> None:
        self.events += self.websocket.receive(data)

    def open(self, more: bytes = b"") -> None:
        """Upgrade, with ``more`` in the same packet."""
        self.receive(answer(self.written[0], Date="Thu, 01 Jan 1970 00:01:00 GMT") + more)

    def sent(self) -> list[tuple[int, bytes]]:
        """The frames that were written, unmasked; all of them are short."""
        found: list[tuple[int, bytes]] = []
        for data in self.written[1:]:
            size = data[1] & 0x7F
            assert len(data) == 6 + size
            mask, body = data[2:6], data[6:]
            found.append((data[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(body))))
        return found

    def lost(self) -> SocketLost:
        found = self.websocket.report(AT)
        assert isinstance(found, SocketLost)
        return found


@pytest.fixture
def line() -> Line:
    found = Line()
    found.open()
    return found


def test_the_request_is_what_the_driver_wants() -> None:
    line = Line()
    assert not line.websocket.opened
    head = line.written[0].decode()
    assert head.startswith("GET /ws?key=1 HTTP/1.1\r\n")
    lines = head.split("\r\n")
    assert "Host: backend.example" in lines
    assert "User-Agent: openline/1" in lines
    assert "Authorization: Bearer x" in lines
    assert "Sec-WebSocket-Protocol: one, two" in lines
    assert head.count("Host:") == head.count("User-Agent:") == 1


def test_the_answer_may_come_byte_by_byte_and_with_the_first_message() -> None:
    line = Line()
    for byte in b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(line.written[0], Date="-"):
        assert not line.websocket.opened
        line.receive(bytes([byte]))
    assert line.websocket.opened
    assert line.events == [SocketOpened(7, "c")]

    line = Line()
    line.open(frame(TEXT, b"hello"))
    assert line.events == [SocketOpened(7, "c", date=60.0), MessageReceived(7, "hello")]


def test_messages_are_joined_and_a_ping_between_their_parts_is_answered(line: Line) -> None:
    line.receive(frame(TEXT, b"a\xc3", first=0) + frame(PING, b"x"))
    line.receive(frame(0, b"\xbc", first=0) + frame(0, b"b"))
    line.receive(frame(BINARY, b"\x00\xff"))
    assert line.events[1:] == [MessageReceived(7, "aüb"), MessageReceived(7, b"\x00\xff")]
    assert line.sent() == [(PONG, b"x")]


def test_what_is_sent(line: Line) -> None:
    for each in (SendText(7, "ü"), SendBytes(7, b"\x01"), SendPing(7, b"mark")):
        line.websocket.send(each)
    assert line.sent() == [(TEXT, "ü".encode()), (BINARY, b"\x01"), (PING, b"mark")]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_001])
def test_a_frame_of_any_size_is_what_the_library_would_send(line: Line, size: int) -> None:
    written = line.written
    for data in (b"\xaa" * size, b"\x55" * size, b"\x55" * (size + 1)):
        written.clear()
        line.websocket.send_bytes(data)
        line.websocket.send(SendText(7, data.decode("latin-1")))
        expected = [Frame(Opcode.BINARY, data), Frame(Opcode.TEXT, data.decode("latin-1").encode())]
        head = [len(each.serialize(mask=False)) - len(each.data) for each in expected]
        for found, each, at in zip(written, expected, head, strict=True):
            plain = each.serialize(mask=False)
            assert found[:at] == bytes([plain[0], plain[1] | 0x80]) + plain[2:at]
            assert found[at : at + 4] == MASK
            body = int.from_bytes(found[at + 4 :], "big") if each.data else 0
            key = (MASK * (len(each.data) // 4 + 1))[: len(each.data)]
            assert body ^ int.from_bytes(key, "big") == int.from_bytes(each.data, "big")


def test_a_pong_is_one_for_all_pings_before_it(line: Line) -> None:
    for mark in (b"1", b"2", b"3"):
        line.websocket.send(SendPing(7, mark))
    line.receive(frame(PONG, b"unasked"))
    line.receive(frame(PONG, b"2"))
    assert line.events[1:] == [PongReceived(7, b"1"), PongReceived(7, b"2")]
    line.receive(frame(PONG, b"1"))
    line.receive(frame(PONG, b"3"))
    assert line.events[3:] == [PongReceived(7, b"3")]


def test_an_event_may_end_the_dial_before_the_next_one() -> None:
    line = Line()
    line.open(frame(TEXT, b"late"))
    found: list[Event] = []
    for event in line.websocket.receive(frame(TEXT, b"1") + frame(TEXT, b"2") + frame(PING)):
        found.append(event)
        line.websocket.stop()
    assert found == [MessageReceived(7, "1")]
    written = len(line.written)
    line.websocket.send(SendText(7, "nobody gets this"))
    assert len(line.written) == written


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [(close(1008, "no such token"), 1008, "no such token"), (close(), 1005, "")],
)
def test_a_close_frame_of_the_server(line: Line, data: bytes, code: int, reason: str) -> None:
    line.receive(data)
    assert line.websocket.over
    line.websocket.end()
    assert line.lost() == SocketLost(dial=7, code=code, sender=Sender.REMOTE, reason=reason)
    assert line.sent() == [(CLOSE, data[2:])]  # its echo


def test_a_closing_handshake_of_ours(line: Line) -> None:
    line.websocket.close(1000)
    line.websocket.close(1000)
    assert line.sent() == [(CLOSE, b"\x03\xe8")]
    assert not line.websocket.over
    line.receive(close(1000))
    assert (line.lost().code, line.lost().sender) == (1000, Sender.REMOTE)


def test_a_closing_handshake_without_an_answer_has_no_code(line: Line) -> None:
    line.websocket.close(1000)
    line.websocket.end()
    assert (line.lost().code, line.lost().sender) == (None, Sender.LOCAL)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x82abcdxy", 1002),  # masked
        (frame(3, b"{}"), 1002),
        (frame(TEXT, b"\xff\xfe"), 1007),
        (b"\x82\x7f" + (1 << 25).to_bytes(8, "big"), 1009),
    ],
    ids=["masked", "opcode", "UTF-8", "too long"],
)
def test_a_violation_ends_it_with_its_code(line: Line, data: bytes, code: int) -> None:
    line.receive(data)
    assert line.websocket.over
    lost = line.lost()
    assert (lost.code, lost.sender) == (code, Sender.LOCAL)
    assert lost.reason
    assert [each[0] for each in line.sent()] == [CLOSE]


@pytest.mark.parametrize(
    ("error", "kind"), [(None, ErrorKind.CUT), (ConnectionResetError(104, "x"), ErrorKind.RESET)]
)
def test_the_end_of_the_stream(line: Line, error: OSError | None, kind: ErrorKind) -> None:
    line.websocket.end(error)
    assert (line.lost().error, line.lost().code) == (kind, None)


def test_a_refusal() -> None:
    line = Line()
    line.receive(b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\n\r\nendless")
    assert line.websocket.over
    assert line.websocket.report(AT) == Refused(7, 503, {"retry-after": "2"}, AT)


@pytest.mark.parametrize("found", [b"SSH-2.0-x\r\n", b"wrong key"])
def test_an_answer_that_is_no_upgrade(found: bytes) -> None:
    line = Line()
    wrong = answer(line.written[0], Sec_WebSocket_Accept="wrong")
    line.receive(found if found.startswith(b"SSH") else wrong)
    assert line.websocket.over
    assert not line.websocket.opened
    assert line.events == []
    assert line.lost().error is ErrorKind.BAD_UPGRADE


def test_a_server_that_speaks_before_the_request_is_sent() -> None:
    websocket = WebSocket(EFFECT, mask)
    assert list(websocket.receive(b"HTTP/1.1 400 No\r\n\r\n")) == []
    assert websocket.over


def test_the_library_logs_nothing(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        line.receive(frame(TEXT, b"secret"))
    assert caplog.records == []


def test_the_subprotocol_is_what_the_server_chose() -> None:
    line = Line()
    asked = line.websocket.subprotocol
    chosen = {"Date": "Thu, 01 Jan 1970 00:01:00 GMT", "Sec-WebSocket-Protocol": "two"}
    line.receive(answer(line.written[0], **chosen))
    assert (asked, line.websocket.subprotocol) == ("", "two")
