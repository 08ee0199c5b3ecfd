"""Each fault as a client of the wire sees it, in virtual time; the port's on loopback."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair
from trio_websocket import ConnectionClosed

from openline_server import BackendError, FaultInjector, Server, ServerConfig, serve
from openline_server.contract import PATH
from openline_server.garbage import GARBAGE
from openline_server.port import open_port
from openline_server.recognizer import Echo

if TYPE_CHECKING:
    from tests.server.conftest import Connect, Dialled, Opened

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
REQUEST = (
    f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{KEY}\r\n"
).encode()
START = {
    "type": "start", "session_id": "s", "attempt_id": "a", "connection_id": "c",
    "sample_rate": 16000, "format": "pcm_s16le", "channels": 1,
}  # fmt: skip
FRAME = b"EP\x01\x01" + bytes(640)
STOP = {"type": "stop"}


def _addresses() -> set[str]:
    """The addresses of this machine by which it can reach itself."""
    found: set[str] = set()
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with suppress(OSError), socket.socket(family) as each:
            each.bind((host, 0))
            found.add(host)
    return found


LOOPBACK = _addresses()


class Faulty:
    """A server with faults, and dials of it in memory."""

    def __init__(self, nursery: trio.Nursery, connect: Connect, phrases: str) -> None:
        self.injector = FaultInjector(phrases)
        self.server = Server(ServerConfig(recognizer="echo"), Echo(), self.injector)
        self.nursery, self._connect = nursery, connect

    async def dial(self) -> Any:
        """A client of the conftest."""
        return await self._connect(self.server)

    async def raw(self, *, upgraded: bool = False) -> trio.abc.Stream:
        """A stream on which the request was sent, and answered if ``upgraded``."""
        here, there = memory_stream_pair()
        self.nursery.start_soon(self.server.handle, there)
        await here.send_all(REQUEST)
        if upgraded:
            assert b" 101 " in await here.receive_some()
        return here

    async def answer(self) -> tuple[int, dict[str, str]]:
        """The HTTP answer to a dial."""
        stream = await self.raw()
        received = b""
        while b"\r\n\r\n" not in received:
            more = await stream.receive_some()
            assert more, received
            received += more
        await stream.aclose()
        first, *lines = received.split(b"\r\n\r\n")[0].decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}

    @property
    def struck(self) -> list[str]:
        return [str(strike) for strike in self.injector.struck]


@pytest.fixture
def faulty(
    autojump_clock: MockClock, nursery: trio.Nursery, connect: Connect
) -> Callable[[str], Faulty]:
    """A server on which ``phrases`` strike."""
    return lambda phrases: Faulty(nursery, connect, phrases)


Make = Callable[[str], Faulty]


async def whole(client: Any) -> None:
    """A conversation without a fault."""
    assert (await client.start())["state"] == "streaming"
    await client.speak(2.0)
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.texts() == ["0.00-2.00"]
    assert client.received[-1]["type"] == "final_summary"


async def played(client: Any) -> int:
    """Start, speak until the server has gone, and return its close code."""
    await client.send(START)
    try:
        for _ in range(500):
            await client.send(FRAME)
            await trio.sleep(0.02)
        await client.send(STOP)
    except ConnectionClosed:
        pass
    return int(await client.end())


@pytest.mark.parametrize(
    ("phrase", "code", "last", "at"),
    [
        ("cut", 1006, "", 0.0),
        ("cut after start", 1006, "connected", 0.0),
        ("cut after ack", 1006, "streaming", 0.0),
        ("reset after ack", 1006, "streaming", 0.0),
        ("cut after 2.7s", 1006, "asr_partial", 2.7),
        ("cut after 130 frames", 1006, "asr_partial", 2.58),
        ("cut after first final", 1006, "asr_final", 2.0),
        ("cut after 2 finals", 1006, "asr_final", 4.0),
        ("cut after summary", 1006, "final_summary", 10.0),
        ("close", 1000, "", 0.0),
        ("close 4001 after ack", 4001, "streaming", 0.0),
        ("close 1013 after 180 frames", 1013, "asr_partial", 3.58),
        ("restart after 2.7s", 1012, "asr_partial", 2.7),
        ("crash after 2.7s", 1006, "asr_partial", 2.7),
    ],
)
async def test_fault_ends_the_connection_at_its_moment(
    autojump_clock: MockClock, faulty: Make, *, phrase: str, code: int, last: str, at: float
) -> None:
    server = faulty(phrase)
    client = await server.dial()
    assert await played(client) == code
    named = [message.get("state", message["type"]) for message in client.received]
    assert (named[-1] if named else "") == last
    assert server.struck == [f"dial 1: {server.injector.faults[0]}"]
    (strike,) = server.injector.struck
    assert strike.at == pytest.approx(at, abs=0.021)
    await trio.sleep(2)  # a port that was closed is open again
    await whole(await server.dial())
    assert len(server.struck) == 1


async def test_a_reason_goes_with_the_code(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty('close 4001 "go away"').dial()
    await client.end()
    assert client.ws.closed.reason == "go away"


async def test_while_finishing_is_between_stop_and_summary(
    autojump_clock: MockClock, faulty: Make
) -> None:
    client = await faulty("cut while finishing").dial()
    await client.start()
    await client.speak(1.0)
    await client.send(STOP)
    assert await client.end() == 1006
    assert client.of("asr_final") == client.of("final_summary") == []


@pytest.mark.parametrize(
    ("phrase", "kind"), [("cut mid-frame after ack", None), ("cut mid-final", b"asr_final")]
)
async def test_half_a_frame_is_all_that_comes(
    autojump_clock: MockClock, faulty: Make, phrase: str, kind: bytes | None
) -> None:
    server = faulty(phrase)
    stream = await server.raw(upgraded=True)
    masked = [_masked(0x81, json.dumps(START).encode()), *[_masked(0x82, FRAME)] * 100]
    await stream.send_all(b"".join(masked))
    received = b""
    while more := await stream.receive_some():
        received += more
    frames, rest = _frames(received)
    assert rest
    assert _length(rest) == 2 * len(rest) or _length(rest) == 2 * len(rest) + 1
    assert kind is None or kind in rest
    assert all(kind is None or kind not in frame for frame in frames)
    assert server.struck == [f"dial 1: {phrase}"]


def _masked(first: int, payload: bytes) -> bytes:
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([first]) + length + bytes(4) + payload


def _length(data: bytes) -> int:
    """The length of the whole frame at the start of ``data``."""
    if data[1] == 126:
        return 4 + int.from_bytes(data[2:4], "big")
    return 2 + data[1]


def _frames(data: bytes) -> tuple[list[bytes], bytes]:
    found: list[bytes] = []
    while len(data) > 4 and _length(data) <= len(data):
        found.append(data[: _length(data)])
        data = data[_length(data) :]
    return found, data


async def test_the_handshake_is_refused_or_redirected(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("refuse 401; refuse 503 retry-after 30 on dial 2; redirect /else?a-b on dial 3")
    status, headers = await server.answer()
    assert (status, headers.get("retry-after")) == (401, None)
    status, headers = await server.answer()
    assert (status, headers["retry-after"]) == (503, "30")
    status, headers = await server.answer()
    assert (status, headers["location"]) == (307, "/else?a-b")
    await whole(await server.dial())
    assert [strike.dial for strike in server.injector.struck] == [1, 2, 3]


async def test_close_with_retry_after_refuses_later_handshakes(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("close 1013 retry-after 30 after ack")
    client = await server.dial()
    assert await played(client) == 1013
    closed = trio.current_time()
    status, headers = await server.answer()
    assert (status, headers["retry-after"]) == (503, "30")
    await trio.sleep_until(closed + 12.5)
    status, headers = await server.answer()
    assert (status, headers["retry-after"]) == (503, "18")
    await trio.sleep_until(closed + 31)
    await whole(await server.dial())


async def test_fault_rejects_the_token(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("unauthorized").dial()
    assert await client.end() == 1008
    assert [m["message"] for m in client.received] == ["Unauthorized websocket connection"]


async def test_no_session_is_free(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("capacity").dial()
    await client.until("connected")
    await client.send(START)
    assert await client.end() == 1000
    assert trio.current_time() == pytest.approx(5.0, abs=0.01)
    assert client.received[-1] == {
        "type": "status",
        "state": "error",
        "message": "Server at capacity, please try again later",
    }


async def test_start_is_answered_with_an_error(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("error").dial()
    assert (await client.start())["type"] == "error"
    assert await client.end() == 1000


async def test_the_ack_or_the_summary_never_comes(autojump_clock: MockClock, faulty: Make) -> None:
    server = faulty("no ack; no summary on dial 2")
    client = await server.dial()
    await client.send(START)
    await trio.sleep(30)
    assert (client.states(), client.code) == (["connected"], 0)
    client = await server.dial()
    await client.start()
    await client.speak(1.0)
    await client.send(STOP)
    await trio.sleep(60)
    assert client.texts() == ["0.00-1.00"]
    assert (client.of("final_summary"), client.code) == ([], 0)
    assert server.struck == ["dial 1: no ack", "dial 2: no summary on dial 2"]


async def _pong(client: Any, patience: float = 4.0) -> bool:
    with trio.move_on_after(patience):
        await client.ws.ping()
        return True
    return False


async def test_pings_are_not_answered_and_all_else_goes_on(
    autojump_clock: MockClock, faulty: Make
) -> None:
    client = await faulty("no pong after 1s").dial()
    assert await _pong(client)
    await trio.sleep(2)
    assert not await _pong(client)
    await whole(client)


async def test_frozen_server_sends_nothing_on_any_connection(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("freeze 5s after 3s on dial 2")
    bystander, struck = await server.dial(), await server.dial()
    await trio.sleep(2.9)
    assert await _pong(bystander)
    await trio.sleep(0.2)
    for client in (bystander, struck):
        assert not await _pong(client, 2.0)
    assert trio.current_time() == pytest.approx(7.1)
    here, there = memory_stream_pair()
    server.nursery.start_soon(server.server.handle, there)
    await here.send_all(REQUEST)
    assert b" 101 " in await here.receive_some()
    assert trio.current_time() == pytest.approx(8.0)
    for client in (bystander, struck):
        await whole(client)


async def test_a_frozen_handshake(autojump_clock: MockClock, faulty: Make) -> None:
    server = faulty("freeze 5s after accept")
    status, _ = await server.answer()
    assert status == 101
    assert trio.current_time() == pytest.approx(5.0)


async def test_half_open_delivers_nothing_to_either_side(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("half-open after ack")
    client = await server.dial()
    await client.start()
    assert not await _pong(client)
    await client.speak(2.0)
    await client.ws._stream.send_eof()
    await trio.sleep(30)
    assert client.states() == ["connected", "streaming"]
    assert (client.code, len(client.received)) == (0, 2)
    assert server.server.sessions == 1  # it has not noticed the end
    await trio.sleep(30)
    assert server.server.connections == ()  # its own keepalive has ended it


async def test_the_uplink_is_not_read_for_a_while(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("stall uplink 8s after ack").dial()
    await client.start()
    await client.speak(2.0)
    assert not await _pong(client)
    assert client.of("metrics") == []
    await client.send(STOP)
    assert await client.end() == 1000
    assert trio.current_time() == pytest.approx(8.0, abs=1.1)
    assert client.of("asr_final")[-1]["t1"] == 2.0


async def test_the_downlink_is_held_back_for_a_while(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("stall downlink 8s after ack")
    client = await server.dial()
    await client.start()
    await client.speak(4.0)
    assert len(client.received) == 2
    await trio.sleep_until(7.9)
    assert len(client.received) == 2
    await trio.sleep_until(8.1)
    assert len(client.received) > 2
    assert client.times[2] == pytest.approx(8.0)
    await client.until("asr_final")


async def test_a_slow_recogniser_drops(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("slow 3x").dial()
    await client.start()
    await client.speak(9.0)
    assert client.texts() == ["0.00-2.00"]
    assert client.times[client.received.index(client.of("asr_final")[0])] == pytest.approx(
        6, abs=0.3
    )
    assert "backpressure" in client.states()
    # After 8 s, 2.7 s are recognised and 2 s wait.
    assert client.of("metrics")[-1]["dropped_total"] == pytest.approx(170, abs=15)


async def test_recogniser_may_become_slow_later(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("slow 100x after first final").dial()
    await client.start()
    await client.speak(6.0)
    assert client.texts() == ["0.00-2.00"]


async def test_a_stuck_recogniser_is_given_up_at_the_stop(
    autojump_clock: MockClock, faulty: Make
) -> None:
    client = await faulty("stuck after first final").dial()
    await client.start()
    await client.speak(4.0)
    stopped = trio.current_time()
    await client.send(STOP)
    assert await client.end() == 1000
    assert trio.current_time() - stopped == pytest.approx(8.0, abs=0.1)
    assert client.texts() == ["0.00-2.00"]
    assert "warning" in client.states()


async def test_audio_is_dropped_reported_and_counted(
    autojump_clock: MockClock, faulty: Make
) -> None:
    client = await faulty("drop 2s after 51 frames").dial()
    await client.start()
    await client.speak(6.0)
    assert 1 <= client.states().count("backpressure") <= 3  # once, and again when re-armed
    assert client.states()[-1] == "streaming"
    assert client.of("metrics")[-1]["dropped_total"] == 100
    await client.send(STOP)
    assert await client.end() == 1000
    assert client.of("asr_final")[-1]["t1"] == pytest.approx(4.0)


async def test_garbage_has_all_kinds_and_tears_no_frame(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("garbage after ack")
    stream = await server.raw(upgraded=True)
    await stream.send_all(_masked(0x81, json.dumps(START).encode()))
    received = b""
    while GARBAGE[-1] not in received:
        more = await stream.receive_some()
        assert more
        received += more
    frames, rest = _frames(received.replace(b"".join(GARBAGE), b""))
    assert (len(frames), rest) == (2, b"")
    await stream.send_all(_masked(0x81, json.dumps(STOP).encode()))
    assert b"final_summary" in await stream.receive_some()


async def test_bytes_that_are_no_frame_end_the_connection(
    autojump_clock: MockClock, faulty: Make
) -> None:
    client = await faulty("garbage bytes after ack").dial()
    await client.start()
    assert await client.end() == 1002


async def test_no_garbage_goes_to_a_closed_client(
    autojump_clock: MockClock, faulty: Make, caplog: pytest.LogCaptureFixture
) -> None:
    server = faulty("stall uplink 5s; garbage after 1s")
    stream = await server.raw(upgraded=True)
    assert b"connected" in await stream.receive_some()
    await stream.aclose()
    await trio.sleep(3)
    assert len(server.struck) == 2
    assert "failed" not in caplog.text


async def test_each_dial_has_its_own_faults(autojump_clock: MockClock, faulty: Make) -> None:
    server = faulty("close 4001 on dials 1-2; close 4003 from dial 4; close 4002 on every dial")
    codes = [await (await server.dial()).end() for _ in range(5)]
    assert codes == [4001, 4001, 4002, 4003, 4003]
    assert [s.dial for s in server.injector.struck if s.fault.number == 4002] == [1, 2, 3, 4, 5]


async def test_fault_strikes_only_once_at_its_moment(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("no pong after start")
    client = await server.dial()
    await client.start()
    await client.send(START)
    await trio.sleep(1)
    assert len(server.struck) == 1


async def test_port_stays_open_for_an_accepted_dial(
    autojump_clock: MockClock, faulty: Make
) -> None:
    server = faulty("refuse 5s on dials 2-3; cut after 1s; cut after 2s on dial 2")
    first, second = await server.dial(), await server.dial()
    await first.end()
    assert server.server.port_opens < 1
    await second.end()
    await trio.testing.wait_all_tasks_blocked()
    assert server.server.port_opens == pytest.approx(7.0)
    assert [strike.dial for strike in server.injector.struck] == [1, 2, 3]


async def test_each_strike_is_a_line_of_the_log(
    autojump_clock: MockClock, faulty: Make, caplog: pytest.LogCaptureFixture
) -> None:
    client = await faulty("cut after ack").dial()
    await played(client)
    records = [r for r in caplog.records if r.name.startswith("openline_server")]
    assert [(r.levelno, r.getMessage()) for r in records] == [
        (logging.WARNING, "fault on dial 1: cut after ack")
    ]


async def test_crash_ends_every_connection(autojump_clock: MockClock, faulty: Make) -> None:
    server = faulty("crash 5s after 1s on dial 2")
    first, second = await server.dial(), await server.dial()
    assert (await first.end(), await second.end()) == (1006, 1006)
    assert trio.current_time() == pytest.approx(1.0)
    slipped_in = await server.raw()
    assert await slipped_in.receive_some() == b""
    assert server.server.accepted == 2
    await trio.sleep_until(6.1)
    await whole(await server.dial())


@asynccontextmanager
async def listening(phrases: str) -> AsyncGenerator[tuple[Server, FaultInjector]]:
    """A server with faults, on loopback, whose clock jumps only while no dial is under way."""
    injector = FaultInjector(phrases)
    async with trio.open_nursery() as nursery:
        config = ServerConfig(recognizer="none", port=0)
        server: Server = await nursery.start(partial(serve, config, hooks=injector))
        yield server, injector
        nursery.cancel_scope.cancel()


async def refused(server: Server) -> bool:
    try:
        stream = await trio.open_tcp_stream(server.host, server.port)
    except OSError:
        return True
    await stream.aclose()
    return False


async def test_the_port_is_closed_before_a_dial_and_opens_again(
    opened: Opened, mock_clock: MockClock
) -> None:
    async with listening("refuse 5s on dials 1-2; refuse 3s after ack on dial 4") as (
        server,
        injector,
    ):
        assert await refused(server)
        mock_clock.jump(5)
        await trio.testing.wait_all_tasks_blocked()
        async with opened(server.url):
            assert server.accepted == 1
        while server.connections or server.port_opens < 10:
            await trio.testing.wait_all_tasks_blocked()
        assert await refused(server)
        mock_clock.jump(5)
        await trio.testing.wait_all_tasks_blocked()
        assert not await refused(server)
        async with opened(server.url), opened(server.url) as ws:  # the dials 3 and 4
            await ws.get_message()
            await ws.send_message(json.dumps(START))
            assert "streaming" in str(await ws.get_message())
            await trio.testing.wait_all_tasks_blocked()
            assert await refused(server)
            await ws.send_message(json.dumps(STOP))  # an accepted connection stays open
            assert "final_summary" in str(await ws.get_message())
        assert [(str(s.fault), s.dial) for s in injector.struck] == [
            ("refuse 5s on dials 1-2", 1),
            ("refuse 5s on dials 1-2", 2),
            ("refuse 3s after ack on dial 4", 4),
        ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_port_that_opens_again_is_the_same(host: str) -> None:
    if host not in LOOPBACK:
        pytest.skip("this machine has no such address")
    config = ServerConfig(recognizer="none", host=host, port=0)
    async with open_port(config) as port:
        for _ in range(2):
            await port.close()
            await port.close()
            with pytest.raises(OSError, match="connect"):
                await trio.open_tcp_stream(port.host, port.number)
            port.open()
            await (await trio.open_tcp_stream(port.host, port.number)).aclose()
        await port.close()
        async with open_port(dataclasses.replace(config, port=port.number)):  # by its number
            with pytest.raises(BackendError, match=r"cannot keep .*: Address already in use"):
                port.open()


@pytest.mark.parametrize("phrase", ["refuse 1s", "refuse 1s after accept"])
async def test_a_port_that_is_lost_is_the_end(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch, phrase: str
) -> None:
    async def taken(kind: object) -> object:
        await trio.lowlevel.checkpoint()
        raise OSError(errno.EADDRINUSE, "Address already in use")

    async def dial(line: trio.MemoryReceiveChannel[Server]) -> None:
        server = await line.receive()
        await (await trio.open_tcp_stream(server.host, server.port)).aclose()

    class Line(trio.TaskStatus[Server]):
        def started(self, value: Server | None = None) -> None:
            assert value is not None
            send.send_nowait(value)

    monkeypatch.setattr("openline_server.port._bound", taken)
    send, receive = trio.open_memory_channel[Server](1)
    nursery.start_soon(dial, receive)
    config, hooks = ServerConfig(recognizer="none", port=0), FaultInjector(phrase)
    with pytest.raises(BackendError, match=r"cannot keep .*: Address already in use"):
        await serve(config, hooks=hooks, task_status=Line())
    nursery.cancel_scope.cancel()


async def test_only_audio_counts_as_a_frame(autojump_clock: MockClock, faulty: Make) -> None:
    client = await faulty("close 4001 after 2 frames").dial()
    await client.start()
    await client.send({"type": "nobody_knows"})
    await client.send(START)
    await client.send({"type": "audio", "source": "mic", "data": ""})
    await trio.sleep(1)
    assert client.code == 0
    await client.send(FRAME)
    assert await client.end() == 4001
    server = faulty("cut after 1s")
    client = await server.dial()
    await client.send("no JSON")
    assert await client.end() == 1006
    assert server.struck == []  # the server was faster


async def test_a_port_closed_for_no_time_opens_again(mock_clock: MockClock) -> None:
    async with listening("cut on dial 9") as (server, _):
        server.close_port(0.5)
        mock_clock.jump(1)  # before the server has taken a step
        await trio.testing.wait_all_tasks_blocked()
        assert not await refused(server)


async def test_reset_is_a_tcp_reset() -> None:
    async with listening("reset after accept") as (server, _):
        stream = await trio.open_tcp_stream(server.host, server.port)
        with pytest.raises(trio.BrokenResourceError), trio.fail_after(60):
            await stream.receive_some()
        await stream.aclose()


async def test_server_is_back_after_a_restart(dialled: Dialled) -> None:
    async with listening("restart 1ms after ack") as (server, _):
        async with dialled(server.url) as client:
            await client.until("connected")
            await client.send(START)
            assert await client.end() == 1012
        with trio.fail_after(60):
            while await refused(server):
                await trio.lowlevel.checkpoint()
        async with dialled(server.url) as client:
            assert (await client.start())["state"] == "streaming"
