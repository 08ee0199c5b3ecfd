"""The server of a live page, in memory and virtual time: requests, slow browsers, the end."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from openline_cli.live_server import ASKING, CONNECTIONS, HOST, STALL, LiveServer
from openline_inspect.eventstream import SILENCE
from openline_inspect.history import History
from tests.inspect.support_events import EventSource

TOKEN = "the-token"
PAGE = b"<!doctype html>" + b"a page " * 30_000


class Place:
    """A server with its history, and browsers on streams in memory."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.history = History()
        self.ready = trio.Event()
        self.server = LiveServer(self.history, self._page, token=TOKEN)
        self._nursery = nursery

    async def _page(self) -> bytes:
        await self.ready.wait()
        return PAGE

    def add(self, *rows: Any) -> None:
        self.history.add(json.dumps(row).encode() for row in rows)
        self.server.wake()

    def end(self) -> None:
        self.history.end("the session has ended")
        self.server.wake()

    def connect(self) -> trio.abc.Stream:
        ours, theirs = memory_stream_pair()
        self._nursery.start_soon(self.server.serve, theirs)
        return ours

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """The head and the body of the answer to a request."""
        stream = self.connect()
        await stream.send_all(request)
        head, _, body = (await read_all(stream)).partition(b"\r\n\r\n")
        return head, body


@pytest.fixture
async def place() -> AsyncGenerator[Place]:
    async with trio.open_nursery() as nursery:
        place = Place(nursery)
        place.ready.set()
        yield place
        nursery.cancel_scope.cancel()


def request(path: str = "", method: str = "GET", **headers: str) -> bytes:
    given = {"Host": "127.0.0.1:1", **{name.replace("_", "-"): v for name, v in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} /{TOKEN}/{path} HTTP/1.1\r\n{lines}\r\n".encode()


async def read_all(stream: trio.abc.ReceiveStream) -> bytes:
    found = b""
    with suppress(trio.BrokenResourceError):
        while data := await stream.receive_some():
            found += data
    return found


def unchunked(data: bytes) -> bytes:
    """The whole chunks of a body (RFC 9112, 7.1)."""
    found = b""
    while True:
        size, mark, rest = data.partition(b"\r\n")
        if not mark or len(rest) < int(size, 16) + 2:
            return found
        found, data = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


class Tab:
    """A browser that follows the events from where it is."""

    def __init__(self, stream: trio.abc.Stream, source: EventSource | None = None) -> None:
        self.stream = stream
        self.source = source or EventSource()
        self.head = b""

    async def follow(self) -> None:
        """Ask for the events, and read until their end."""
        known = self.source.last_event_id
        more = {"Last_Event_ID": known} if known else {}
        self.source.lose()
        await self.stream.send_all(request("events", **more))
        raw, fed = b"", 0
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await self.stream.receive_some():
                raw += data
                self.head, _, body = raw.partition(b"\r\n\r\n")
                told = unchunked(body)
                self.source.feed(told[fed:])
                fed = len(told)


async def test_the_page_comes_whole(place: Place) -> None:
    head, body = await place.ask(request())
    assert head.startswith(b"HTTP/1.1 200")
    assert f"content-length: {len(PAGE)}".encode() in head.lower()
    assert b"text/html" in head
    assert body == PAGE
    head, body = await place.ask(request(method="HEAD"))
    assert (head.split(b" ")[1], body) == (b"200", b"")


async def test_a_page_is_waited_for(place: Place) -> None:
    place.ready = trio.Event()
    stream = place.connect()
    await stream.send_all(request())
    await wait_all_tasks_blocked()
    place.ready.set()
    assert (await read_all(stream)).endswith(PAGE)


async def test_rows_come_as_they_are_made(place: Place, nursery: trio.Nursery) -> None:
    place.add([1], [2])
    tab = Tab(place.connect())
    nursery.start_soon(tab.follow)
    for number in range(3, 6):
        await wait_all_tasks_blocked()
        assert tab.source.rows == [[n] for n in range(1, number)]
        place.add([number])
    place.end()
    await place.server.drain()
    await wait_all_tasks_blocked()
    assert tab.head.startswith(b"HTTP/1.1 200")
    assert b"text/event-stream" in tab.head
    assert tab.source.rows == [[n] for n in range(1, 6)]
    assert tab.source.end == "the session has ended"


async def test_a_lost_connection_goes_on_where_it_was(place: Place, nursery: trio.Nursery) -> None:
    tab = Tab(place.connect())
    for number in range(5):
        nursery.start_soon(tab.follow)
        place.add([number])
        await wait_all_tasks_blocked()
        await tab.stream.aclose()
        place.add([number, "unseen"])
        await wait_all_tasks_blocked()
        tab = Tab(place.connect(), tab.source)
    place.end()
    await tab.follow()
    assert tab.source.rows == [each for n in range(5) for each in ([n], [n, "unseen"])]
    assert tab.source.end == "the session has ended"


async def test_a_frozen_browser_is_dropped_and_delays_nobody(
    place: Place, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    began = trio.current_time()
    frozen, theirs = lockstep_stream_pair()
    nursery.start_soon(place.server.serve, theirs)
    await frozen.send_all(request("events"))
    swift = Tab(place.connect())
    nursery.start_soon(swift.follow)
    for number in range(40):
        place.add([number, "x" * 5_000])
        await wait_all_tasks_blocked()
        assert len(swift.source.rows) == number + 1
    assert trio.current_time() == began
    await trio.sleep(STALL + 0.1)
    assert b"rows" not in await read_all(frozen)
    late = Tab(place.connect())
    place.end()
    await late.follow()
    assert late.source.rows == swift.source.rows


async def test_a_browser_that_comes_when_all_is_over(place: Place) -> None:
    place.add([1])
    place.end()
    tab = Tab(place.connect())
    await tab.follow()
    assert (tab.source.rows, tab.source.end) == ([[1]], "the session has ended")
    head, body = await place.ask(request("events", Last_Event_ID=tab.source.last_event_id))
    assert head.split(b" ")[1] == b"200"
    again = EventSource()
    again.feed(unchunked(body))
    assert (again.rows, again.end) == ([], "the session has ended")


async def test_a_browser_of_another_session_asks_no_more(place: Place) -> None:
    head, body = await place.ask(request("events", Last_Event_ID="7-7"))
    assert (head.split(b" ")[1], body) == (b"204", b"")


async def test_silence_is_kept_alive(place: Place, autojump_clock: MockClock) -> None:
    stream = place.connect()
    await stream.send_all(request("events"))
    await wait_all_tasks_blocked()
    await stream.receive_some()
    await trio.sleep(SILENCE + 1)
    assert unchunked(bytes(await stream.receive_some())) == b":\n\n"


async def test_a_browser_that_closes_is_forgotten(place: Place) -> None:
    streams = [place.connect() for _ in range(3)]
    for stream in streams:
        await stream.send_all(request("events"))
    await wait_all_tasks_blocked()
    for stream in streams:
        await stream.aclose()
    with trio.fail_after(60):
        await place.server.drain()


async def test_one_connection_too_many_is_turned_away(place: Place, nursery: trio.Nursery) -> None:
    tabs = [Tab(place.connect()) for _ in range(CONNECTIONS)]
    for tab in tabs:
        nursery.start_soon(tab.follow)
    await wait_all_tasks_blocked()
    head, _ = await place.ask(request("events"))
    assert head.split(b" ")[1] == b"503"
    await tabs[0].stream.aclose()
    await wait_all_tasks_blocked()
    head, _ = await place.ask(request())
    assert head.split(b" ")[1] == b"200"


async def test_a_slow_request_is_not_waited_for(place: Place, autojump_clock: MockClock) -> None:
    stream = place.connect()
    began = trio.current_time()
    await stream.send_all(request()[:-2])
    assert await read_all(stream) == b""
    assert trio.current_time() == began + ASKING


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40, b"400"),  # TLS
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 20_000, b"400"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"404"),
        (request(Origin="https://evil.example"), b"403"),
        (request(method="POST", Content_Length="3") + b"abc", b"405"),
        (request("events", Sec_Fetch_Site="cross-site"), b"403"),
        (f"GET /{TOKEN}/\xe9 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("latin-1"), b"400"),
    ],
)
async def test_what_is_no_request_for_it(place: Place, raw: bytes, status: bytes) -> None:
    head, body = await place.ask(raw)
    assert head.split(b" ")[1] == status
    assert body.count(b"\n") == 1
    assert TOKEN.encode() not in head + body
    assert (await place.ask(request()))[1] == PAGE


async def test_nothing_at_all(place: Place) -> None:
    stream = place.connect()
    await stream.aclose()
    with trio.fail_after(60):
        await place.server.drain()


async def test_on_a_real_socket(nursery: trio.Nursery) -> None:
    place = Place(nursery)
    place.ready.set()
    port = await nursery.start(place.server.listen, 0)
    assert place.server.address(port) == f"http://{HOST}:{port}/{TOKEN}/"
    with pytest.raises(OSError, match="already in use"):
        await nursery.start(place.server.listen, port)
    place.add([1])
    place.end()
    tab = Tab(await trio.open_tcp_stream(HOST, port))
    await tab.follow()
    assert tab.source.rows == [[1]]
    await tab.stream.aclose()
