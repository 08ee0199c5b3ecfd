"""Accepting, credentials, limits and shutdown; on loopback where the socket matters."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import wave
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from openline_server import BackendError, Hooks, Peer, Server, ServerConfig, run_server, serve
from openline_server.contract import PATH
from openline_server.contracts.echopanel import credential
from openline_server.hooks import Rejection
from openline_server.recognizer import NoRecognizer
from openline_server.registry import open_recognizer

if TYPE_CHECKING:
    from tests.server.conftest import Connect, Dialled, Serving

BEARER = (b"authorization", b"Bearer right")
HEADER = (b"x-echopanel-token", b"right")


@pytest.mark.parametrize(
    ("headers", "path", "token"),
    [
        ([BEARER, (HEADER[0], b"x")], PATH, b"right"),
        ([(b"authorization", b"bearer  right ")], PATH, b"right"),
        ([(b"authorization", b"Basic x"), HEADER], PATH, b"right"),
        ([(b"authorization", b"Bearer "), HEADER], PATH, b"right"),
        ([HEADER], PATH + "?token=x", b"right"),
        ([], PATH + "?token=right&x=1", b"right"),
        ([], PATH + "?token=", None),
        ([], PATH, None),
    ],
)
def test_the_token_is_found_in_order(
    headers: list[tuple[bytes, bytes]], path: str, token: bytes | None
) -> None:
    assert credential(headers, path) == token


@pytest.mark.parametrize(
    ("headers", "path"), [([BEARER], PATH), ([HEADER], PATH), (None, PATH + "?token=right")]
)
async def test_the_right_token_is_let_in(
    autojump_clock: MockClock,
    connect: Connect,
    headers: list[tuple[bytes, bytes]] | None,
    path: str,
) -> None:
    client = await connect(token="right", headers=headers, path=path)
    assert (await client.start())["state"] == "streaming"


@pytest.mark.parametrize(
    "headers", [None, [(b"authorization", b"Bearer wrong"), HEADER], [(HEADER[0], b"wrong")]]
)
async def test_wrong_token_gets_an_error_and_1008(
    autojump_clock: MockClock, connect: Connect, headers: list[tuple[bytes, bytes]] | None
) -> None:
    client = await connect(token="right", headers=headers)
    assert await client.end() == 1008
    assert client.received == [
        {"type": "status", "state": "error", "message": "Unauthorized websocket connection"}
    ]


async def test_a_token_that_is_not_ascii_drops_the_connection(
    autojump_clock: MockClock, connect: Connect
) -> None:
    client = await connect(token="right", headers=[(HEADER[0], "é".encode())])
    assert await client.end() == 1006
    assert client.received == []


def absent(_name: str) -> None:
    """A find_spec that finds no package."""


def ignore(_line: str) -> None:
    """An announcement that is not read."""


async def rejected(nursery: trio.Nursery, server: Server, path: str = PATH) -> int:
    """The HTTP status that ``server`` answers a dial with."""
    here, there = memory_stream_pair()
    nursery.start_soon(server.handle, there)
    await here.send_all(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n" not in answer:
        answer += await here.receive_some()
    await here.aclose()
    return int(answer.split()[1])


async def test_a_wrong_path_is_403_and_a_crowd_is_503(
    autojump_clock: MockClock, nursery: trio.Nursery, connect: Connect, serving: Serving
) -> None:
    server = serving(max_connections=1)
    assert await rejected(nursery, server, "/") == 403
    assert await rejected(nursery, server, PATH + "/x") == 403
    assert await rejected(nursery, server, PATH + "?x=1") == 101
    await connect(server)
    assert await rejected(nursery, server) == 503


async def test_a_hook_may_refuse_a_handshake(
    autojump_clock: MockClock, nursery: trio.Nursery, serving: Serving
) -> None:
    class Busy(Hooks):
        async def handshake(self, peer: Peer) -> Rejection | None:
            return Rejection(429)

    assert await rejected(nursery, serving(hooks=Busy())) == 429


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n"])
async def test_a_handshake_has_ten_seconds(
    autojump_clock: MockClock, nursery: trio.Nursery, serving: Serving, sent: bytes
) -> None:
    server = serving()
    here, there = memory_stream_pair()
    await here.send_all(sent)
    await server.handle(there)
    assert trio.current_time() == pytest.approx(10, abs=1.1)
    assert await here.receive_some() == b""


@pytest.mark.parametrize("sent", [b"", b"nonsense\r\n\r\n"])
async def test_a_handshake_that_ends_early_is_over_at_once(
    autojump_clock: MockClock, serving: Serving, sent: bytes
) -> None:
    here, there = memory_stream_pair()
    if sent:
        await here.send_all(sent)
    await here.send_eof()
    await serving().handle(there)
    assert trio.current_time() < 2


async def test_shutdown_closes_every_socket_with_1012_and_no_finals(
    autojump_clock: MockClock, nursery: trio.Nursery, connect: Connect, serving: Serving
) -> None:
    server = serving()
    talking, waiting = await connect(server), await connect(server)
    await talking.start()
    await waiting.next()
    await talking.speak(1.0)
    here, there = memory_stream_pair()
    nursery.start_soon(server.handle, there)
    await trio.sleep(0.1)
    assert [connection.number for connection in server.connections] == [1, 2, 3]
    server.shutdown()
    assert [await talking.end(), await waiting.end()] == [1012, 1012]
    assert talking.texts() == []
    assert talking.of("final_summary") == []
    assert await here.receive_some() == b""
    here, there = memory_stream_pair()
    await server.handle(there)
    assert await here.receive_some() == b""
    assert server.stopping


async def test_a_ping_during_the_closing_handshake_is_survived(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 184 of trio-websocket: the reader answers it, which is not allowed any more."""
    server = await nursery.start(serve, ServerConfig(recognizer="none", port=0))
    stream = await trio.open_tcp_stream(server.host, server.port)
    handshake = (
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    stop = b'{"type":"stop"}'
    await stream.send_all(handshake.encode())
    got = b""
    while not got.endswith(b'start"}'):
        got += await stream.receive_some()
    await stream.send_all(bytes([0x81, 0x80 | len(stop)]) + bytes(4) + stop)
    while not got.endswith(b"\x88\x02\x03\xe8"):  # the close frame, 1000
        got += await stream.receive_some()
    await stream.send_all(bytes([0x89, 0x80]) + bytes(4))  # a ping, where a close belongs
    with trio.fail_after(60):
        assert await stream.receive_some() == b""
    await stream.aclose()
    assert "failed" not in caplog.text
    nursery.cancel_scope.cancel()


async def test_a_real_socket_from_open_to_close(tmp_path: Path, dialled: Dialled) -> None:
    async with trio.open_nursery() as nursery:
        config = ServerConfig(recognizer="echo", port=0, record=tmp_path / "new", host="localhost")
        server = await nursery.start(serve, config)
        assert server.url == f"ws://{server.host}:{server.port}{PATH}"
        async with dialled(server.url) as client:
            await client.start()
            await client.speak(1.0, pace=0)
            await client.send({"type": "stop"})
            assert await client.end() == 1000
        assert client.texts() == ["0.00-1.00"]
        with wave.open(str(tmp_path / "new" / "0001-c-1-mic.wav")) as file:
            assert file.getnframes() == 16_000
        server.shutdown()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.host, server.port), 1).close()


async def test_unusable_configuration_is_a_one_line_error(tmp_path: Path) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port: int = taken.getsockname()[1]
    with pytest.raises(BackendError, match=f"cannot listen on 127.0.0.1:{port}: Address already"):
        await serve(ServerConfig(recognizer="none", port=port))
    with pytest.raises(BackendError, match="Address already"):
        await run_server(ServerConfig(recognizer="none", port=port), ignore)
    taken.close()
    (tmp_path / "file").touch()
    with pytest.raises(BackendError, match="cannot record into"):
        await serve(ServerConfig(recognizer="none", port=0, record=tmp_path / "file" / "x"))


async def test_an_ipv6_address_is_put_into_brackets(serving: Serving) -> None:
    server = serving(host="::1", port=81)
    assert server.url == f"ws://[::1]:81{PATH}"


async def test_recogniser_that_fails_to_load(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", absent)
    names: tuple[Any, ...] = ("whisper", "pocketsphinx")
    for name in names:
        with pytest.raises(BackendError, match=r"pip install .*--recognizer echo"):
            async with open_recognizer(ServerConfig(recognizer=name)):
                pass
        config = ServerConfig(recognizer=name, require_recognizer=False)
        async with open_recognizer(config) as recognizer:
            assert isinstance(recognizer, NoRecognizer)
            assert (recognizer.name, recognizer.available) == (name, False)
    assert "serving without a recogniser" in caplog.text


SERVE = """
import sys, trio, pathlib
from openline_server import ServerConfig, run_server
config = ServerConfig(recognizer="echo", port=0, record=pathlib.Path(sys.argv[1]))
trio.run(run_server, config, lambda line: print(line, flush=True))
"""


async def test_sigterm_closes_with_1012_keeps_recording_exits_0(
    tmp_path: Path, dialled: Dialled
) -> None:
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = (await process.stdout.receive_some()).decode()
    assert line.startswith("listening on ws://127.0.0.1:")
    async with dialled(line.split()[-1]) as client:
        await client.start()
        await client.speak(1.0, pace=0)
        await client.until("asr_partial")
        await client.until("asr_partial")
        process.send_signal(signal.SIGTERM)
        with trio.fail_after(60):
            assert await client.end() == 1012
            assert await process.wait() == 0
    await process.stdout.aclose()
    assert client.texts() == []
    with wave.open(str(tmp_path / "0001-c-1-mic.wav")) as file:
        assert file.getnframes() == 16_000


async def test_a_signal_before_the_port_is_open_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(*_args: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await trio.sleep_forever()

    monkeypatch.setattr("openline_server.server._serve", never)
    with trio.fail_after(60):
        await run_server(ServerConfig(recognizer="none"), ignore)


async def test_the_second_signal_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    class Held(Hooks):
        async def received(self, peer: Peer, message: str | bytes) -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.05)

    send, receive = trio.open_memory_channel[str](1)
    async with trio.open_nursery() as nursery:
        run = partial(run_server, ServerConfig(recognizer="none", port=0), send.send_nowait)
        nursery.start_soon(partial(run, hooks=Held()))
        port = int((await receive.receive()).split(":")[2].split("/")[0])
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        with trio.fail_after(60):
            while await stream.receive_some():
                pass
        await stream.aclose()
