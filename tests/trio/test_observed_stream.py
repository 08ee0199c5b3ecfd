"""The stream that remembers how it ended, over a stream that ends in every way."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from openline.events import SocketLost
from openline.reconnect.verdicts import ErrorKind
from openline_driver.effects import DRAIN
from openline_driver.http import MAX_HEAD, Head
from openline_trio.observed_stream import ObservedStream
from tests.support_lines import answer

REQUEST = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"


class Fake(trio.abc.Stream):
    """Returns the scripted items; it raises an exception item, and waits after the last one."""

    def __init__(self, *parts: bytes | BaseException, send: BaseException | None = None) -> None:
        self.parts = list(parts)
        self.send = send
        self.sent: list[bytes] = []
        self.closed = False
        self.waited = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        if self.send is not None:
            raise self.send
        self.sent.append(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        self.waited = True

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        if not self.parts:
            await trio.sleep_forever()
        part = self.parts.pop(0)
        if isinstance(part, BaseException):
            raise part
        return part

    async def aclose(self) -> None:
        self.closed = True
        await trio.lowlevel.checkpoint()


def broken(number: int) -> trio.BrokenResourceError:
    error = trio.BrokenResourceError("broken")
    error.__cause__ = OSError(number, os.strerror(number))
    return error


def opened(stream: trio.abc.Stream) -> ObservedStream:
    """A stream whose upgrade is done."""
    stream = ObservedStream(stream)
    stream.opened = True
    return stream


async def read(stream: ObservedStream) -> bytes:
    """Everything up to the end, which is an error or an end of stream."""
    found = b""
    try:
        while data := await stream.receive_some():
            found += data
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    return found


async def test_bytes_pass_both_ways() -> None:
    here, there = memory_stream_pair()
    stream = ObservedStream(here)
    await stream.send_all(REQUEST)
    await stream.wait_send_all_might_not_block()
    assert await there.receive_some() == REQUEST
    await there.send_all(answer(REQUEST) + b"\x81\x00")
    assert await stream.receive_some() == answer(REQUEST) + b"\x81\x00"
    assert not stream.ended.is_set()
    assert (stream.error, stream.refusal, stream.sent_close) == (None, None, None)
    await stream.aclose()
    assert stream.ended.is_set()
    assert await there.receive_some() == b""


async def test_room_is_forwarded() -> None:
    fake = Fake()
    await ObservedStream(fake).wait_send_all_might_not_block()
    assert fake.waited


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (b"", ErrorKind.CUT),
        (broken(errno.ECONNRESET), ErrorKind.RESET),
        (broken(errno.ETIMEDOUT), ErrorKind.TIMED_OUT),
        (trio.BrokenResourceError("no errno"), ErrorKind.CUT),
        (trio.ClosedResourceError("ours"), ErrorKind.CUT),
    ],
)
async def test_the_end_has_a_name(end: bytes | BaseException, kind: ErrorKind) -> None:
    stream = opened(Fake(b"HTTP/1.1 101 x\r\n\r\n", b"x", end))
    assert await read(stream) == b"HTTP/1.1 101 x\r\n\r\nx"
    assert stream.ended.is_set()
    assert stream.error is kind
    assert stream.detail


async def test_the_first_name_stays() -> None:
    stream = opened(Fake(broken(errno.ETIMEDOUT), b"", send=broken(errno.EPIPE)))
    await stream.send_all(b"x")
    await read(stream)
    assert stream.error is ErrorKind.RESET


# Sending.


async def test_received_data_is_read_after_a_failed_send(autojump_clock: MockClock) -> None:
    stream = opened(Fake(b"HTTP/1.1 101 x\r\n\r\n", b"a", b"b", b"", send=broken(errno.EPIPE)))
    await stream.send_all(b"x")
    await stream.send_all(b"y")
    assert await read(stream) == b"HTTP/1.1 101 x\r\n\r\nab"
    assert trio.current_time() == 0


async def test_a_reader_has_one_moment_after_a_send_broke(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    stream = opened(Fake(send=broken(errno.EPIPE)))
    nursery.start_soon(read, stream)
    await wait_all_tasks_blocked()
    for _ in range(3):  # a second failure is no second moment
        await stream.send_all(b"x")
        assert not stream.ended.is_set()
        await trio.sleep(DRAIN / 4)
    await stream.ended.wait()
    assert trio.current_time() == DRAIN
    assert await read(stream) == b""
    assert trio.current_time() == DRAIN


async def test_a_send_on_a_closed_stream_is_the_callers_mistake() -> None:
    stream = opened(Fake(send=trio.ClosedResourceError()))
    with pytest.raises(trio.ClosedResourceError):
        await stream.send_all(b"x")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x88\x82abcd" + bytes([0x03 ^ ord("a"), 0xF1 ^ ord("b")]), 1009),
        (b"\x88\x80abcd", 1005),
        (b"\x81\x82abcdxx", None),
        (b"GET / HTTP/1.1\r\n", None),
    ],
)
async def test_a_close_frame_is_remembered(frame: bytes, code: int | None) -> None:
    stream = opened(Fake())
    await stream.send_all(frame)
    assert stream.sent_close == code
    await stream.send_all(b"\x88\x80abcd")
    assert stream.sent_close == (code or 1005)


async def test_a_close_frame_that_could_not_be_sent_is_remembered_too() -> None:
    stream = opened(Fake(send=broken(errno.EPIPE)))
    await stream.send_all(bytearray(b"\x88\x80abcd"))
    assert stream.sent_close == 1005


# The answer to the upgrade.


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
async def test_a_refusal_ends_with_its_head(size: int, newline: str) -> None:
    lines = ["HTTP/1.1 503 Busy", "Retry-After:  7 ", "LOCATION: here:80", "", "<html>"]
    text = newline.join(lines).encode()
    stream = ObservedStream(Fake(*(text[i : i + size] for i in range(0, len(text), size))))
    await read(stream)
    assert stream.ended.is_set()
    assert stream.refusal == Head(503, {"retry-after": "7", "location": "here:80"})


@pytest.mark.parametrize("line", [b"HTTP/1.0 200", b"HTTP/1.1 304 Same", b"HTTP/1.1 404 "])
async def test_any_final_status_but_101_is_a_refusal(line: bytes) -> None:
    stream = ObservedStream(Fake(line + b"\r\n\r\n"))
    await read(stream)
    assert stream.refusal == Head(int(line.split()[1]), {})


@pytest.mark.parametrize("size", [1, 5, 10_000])
async def test_preliminary_answers_are_skipped(size: int) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    upgrade = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"
    text = early + upgrade + b"\x81\x00"
    parts = (text[i : i + size] for i in range(0, len(text), size))
    stream = ObservedStream(Fake(*parts, b""))
    assert await read(stream) == upgrade + b"\x81\x00"
    assert stream.refusal is None
    stream = ObservedStream(Fake(early + b"HTTP/1.1 404 x\r\n\r\n"))
    assert await read(stream) == b""
    assert stream.refusal == Head(404, {})


async def test_a_refused_client_certificate_outranks_a_failed_send() -> None:
    alert = ssl.SSLError(1, "x")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    end = trio.BrokenResourceError("alert")
    end.__cause__ = alert
    stream = ObservedStream(Fake(end, send=broken(errno.EPIPE)))
    await stream.send_all(REQUEST)
    before = stream.error
    await read(stream)
    kinds = ErrorKind.RESET, ErrorKind.TLS_CLIENT_CERTIFICATE
    assert (before, stream.error) == kinds
    assert stream.detail == "tlsv13 alert certificate required"


@pytest.mark.parametrize(
    "parts",
    [
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        [b"S"],
        [b"HTT", b"X"],
        [b"HTTP/2 200\r\n\r\n"],
        [b"HTTP/1.1 20 OK\r\n\r\n"],
        [b"HTTP/1.1 2000 OK\r\n\r\n"],
        [b"HTTP/1.1 abc\r\n\r\n"],
        [b"\x81\x02{}"],
        [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * MAX_HEAD],
        [b"HTTP/1.1 200 ", *[b"x" * 1000] * 1000],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 10_000,
    ],
)
async def test_what_is_no_answer_ends_at_once(parts: list[bytes]) -> None:
    fake = Fake(*parts)
    stream = ObservedStream(fake)
    await read(stream)
    assert stream.ended.is_set()
    assert (stream.error, stream.refusal) == (ErrorKind.BAD_UPGRADE, None)
    assert len(fake.parts) > 900 or len(parts) < 900


async def test_an_end_within_the_head_is_an_end() -> None:
    stream = ObservedStream(Fake(b"HTTP/1.1 503 Busy\r\n", b""))
    await read(stream)
    assert (stream.error, stream.refusal) == (ErrorKind.CUT, None)


async def test_a_refusal_is_read_though_the_request_could_not_be_sent() -> None:
    stream = ObservedStream(Fake(b"HTTP/1.1 ", b"429 Slow\r\n\r\n", send=broken(errno.ECONNRESET)))
    await stream.send_all(REQUEST)
    await read(stream)
    assert stream.refusal == Head(429, {})


async def test_frames_behind_the_upgrade_are_not_looked_at() -> None:
    stream = ObservedStream(Fake(b"HTTP/1.1 101 x\r\n\r\n", b"GARBAGE" * MAX_HEAD, b""))
    assert len(await read(stream)) > MAX_HEAD
    assert stream.error is ErrorKind.CUT


async def test_close_by_the_library_before_the_answer_is_recorded() -> None:
    fake = Fake()
    stream = ObservedStream(fake)
    await stream.aclose()
    assert fake.closed
    assert (stream.error, stream.ended.is_set()) == (ErrorKind.BAD_UPGRADE, True)


async def test_close_after_the_upgrade_is_not_recorded() -> None:
    stream = opened(Fake())
    await stream.aclose()
    assert (stream.error, stream.ended.is_set()) == (None, True)


# Sending without a checkpoint.


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[ObservedStream, trio.SocketStream]]:
    """An upgraded stream on one end of a pair of sockets, and the other end."""
    near, far = map(trio.SocketStream, trio.socket.socketpair())
    async with near, far:
        yield opened(near), far


async def test_a_plain_socket_takes_bytes_at_once() -> None:
    async with connected() as (stream, far):
        assert stream.is_free
        assert stream.send_now(b"frame")
        assert await far.receive_some() == b"frame"


async def test_what_the_kernel_does_not_take_goes_ahead_of_the_next_send() -> None:
    flood, received = bytes(range(256)) * 40_000, bytearray()
    async with connected() as (stream, far):
        assert not stream.send_now(flood)
        assert stream.is_sending
        assert not stream.is_free

        async def receive() -> None:
            while len(received) < len(flood) + 4:
                received.extend(await far.receive_some())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await stream.send_all(b"next")
        assert received == flood + b"next"
        assert stream.is_free


async def test_nothing_is_sent_at_once_while_a_send_is_under_way() -> None:
    async with connected() as (stream, far):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, bytes(10_000_000))
            await wait_all_tasks_blocked()
            assert not stream.is_free
            await far.aclose()
        assert not stream.is_sending


async def test_a_full_socket_keeps_all_and_a_broken_one_ends_the_reader() -> None:
    async with connected() as (stream, far):
        while stream.send_now(bytes(65_536)):
            pass
        assert not stream.is_free
    async with connected() as (stream, far):
        await far.aclose()
        assert stream.send_now(b"lost")
        report = stream.report(1, 0.0)
        assert isinstance(report, SocketLost)
        assert report.error is ErrorKind.RESET


@pytest.mark.parametrize("how", ["closing", "ended"])
async def test_a_stream_that_ends_is_not_free(how: str) -> None:
    async with connected() as (stream, _far):
        if how == "closing":
            await stream.send_all(b"\x88\x80\x00\x00\x00\x00")
        else:
            stream.ended.set()
        assert not stream.is_free


async def test_a_stream_that_is_no_plain_socket_is_never_free() -> None:
    assert not opened(Fake()).is_free
