"""The backend in a thread of its own, seen from tests in every kind of loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import get_args
from urllib.parse import urlsplit

import pytest
import trio
from trio_websocket import ConnectionClosed, wrap_client_stream

from openline.dialects.registry import BUILT_IN
from openline.policy import Policy
from openline_server.config import DialectName
from openline_testing.background import BackendError, BackgroundBackend, FaultError
from openline_trio import open_session
from tests.support_lines import Frames

REQUEST = (
    b"GET /ws/live-listener HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PROMPT = Policy(backoff_first=0.1, backoff_cap=0.2, later_floor=0.1, start_delay=0.01)


def answer(backend: BackgroundBackend) -> bytes:
    """The status line that a dial is answered with."""
    with socket.create_connection((backend.backend.host, backend.backend.port), 10) as here:
        here.sendall(REQUEST)
        return here.recv(4096).split(b"\r\n")[0]


def test_it_serves_a_test_without_a_loop_and_ends_with_the_block() -> None:
    with BackgroundBackend("refuse 401", "refuse 503 on dial 2") as backend:
        answers = [answer(backend).split()[1] for _ in range(3)]
        assert backend.dials == 3
        assert [str(strike) for strike in backend.faults_struck] == [
            "dial 1: refuse 401",
            "dial 2: refuse 503 on dial 2",
        ]
        assert backend.received() == [b"", b"", b""]
        assert repr(backend).endswith("with refuse 401; refuse 503 on dial 2>")
    assert answers == [b"401", b"503", b"101"]
    assert not [t for t in threading.enumerate() if t.name == "openline backend"]
    with pytest.raises(ConnectionRefusedError):
        answer(backend)
    backend.stop()  # idempotent


def test_it_serves_a_test_on_asyncio() -> None:
    async def dial(backend: BackgroundBackend) -> bytes:
        where = (backend.backend.host, backend.backend.port)
        reader, writer = await asyncio.open_connection(*where)
        writer.write(REQUEST)
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line

    with BackgroundBackend("refuse 418", recognizer="none") as backend:
        assert b" 418 " in asyncio.run(dial(backend))
        assert "no faults" not in repr(backend)


async def test_an_openline_session_holds_through_it() -> None:
    with BackgroundBackend("cut after 60 frames; cut mid-final on dial 2") as backend:
        async with open_session(backend.backend, {"mic": Frames(150)}, policy=PROMPT) as session:
            with trio.fail_after(60):
                ended = await session.wait()
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 150 * 320
    assert [str(strike) for strike in backend.faults_struck] == [
        "dial 1: cut after 60 frames",
        "dial 2: cut mid-final on dial 2",
    ]
    first, second, third = backend.received("mic")
    assert len(first) == 60 * 640
    assert len(second) >= 100 * 640
    assert third[-640:] == second[-640:] or len(third) > len(second)
    assert backend.dials == ended.statistics.dials == 3


@pytest.mark.parametrize("name", get_args(DialectName))
def test_it_has_the_dialect_that_it_serves(name: DialectName) -> None:
    with BackgroundBackend(dialect=name) as backend:
        assert backend.dialect is BUILT_IN[name]


@pytest.mark.parametrize("name", ["deepgram", "openai"])
async def test_its_address_and_dialect_are_all_that_a_session_needs(name: DialectName) -> None:
    with BackgroundBackend(dialect=name, token="t") as backend:
        async with open_session(
            backend.backend,
            {"mic": Frames(50)},
            dialect=backend.dialect,
            credentials="t",
            policy=PROMPT,
        ) as session:
            with trio.fail_after(60):
                ended = await session.wait()
    assert ended.complete
    assert backend.dials == 1


def test_startup_failure_is_raised_in_the_constructor() -> None:
    with pytest.raises(FaultError, match="did you mean"):
        BackgroundBackend("cut aftr ack")
    with pytest.raises(FaultError, match="expected a fault"):
        BackgroundBackend("")
    with pytest.raises(BackendError, match="max_sessions must be at least 1"):
        BackgroundBackend(max_sessions=0)


def test_failure_during_startup_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unable(*args: object, **options: object) -> None:
        await trio.lowlevel.checkpoint()
        raise BackendError("no room")

    monkeypatch.setattr("openline_testing.background.serve", unable)
    with pytest.raises(BackendError, match="no room"):
        BackgroundBackend()
    assert not [t for t in threading.enumerate() if t.name == "openline backend"]


def test_later_failure_is_raised_by_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = threading.Event()

    async def dies(*args: object, task_status: trio.TaskStatus[object], **options: object) -> None:
        task_status.started(object())
        dead.set()
        raise OSError("the sky fell")

    monkeypatch.setattr("openline_testing.background.serve", dies)
    backend = BackgroundBackend()
    assert dead.wait(60)
    with pytest.raises(ExceptionGroup) as caught:
        backend.stop()
    assert "the sky fell" in repr(caught.value.exceptions)
    backend.stop()


def test_it_speaks_another_dialect() -> None:
    pcm = bytes(range(256)) * 125

    async def dial(url: str) -> list[str]:
        parts = urlsplit(url)
        texts: list[str] = []
        # trio-websocket leaves the socket open where the server has closed first.
        async with (
            await trio.open_tcp_stream(str(parts.hostname), parts.port or 0) as stream,
            trio.open_nursery() as nursery,
        ):
            ws = await wrap_client_stream(nursery, stream, "test", parts.path)
            await ws.send_message(pcm)
            await ws.send_message('{"type":"CloseStream"}')
            with suppress(ConnectionClosed):
                while True:
                    texts.append(str(await ws.get_message()))
            nursery.cancel_scope.cancel()
        return texts

    with BackgroundBackend(dialect="deepgram") as backend:
        assert backend.url.endswith("/v1/listen")
        texts = trio.run(dial, backend.url)
        assert backend.received() == [pcm]
    assert '"transcript":"0.00-1.00"' in texts[-2]
    assert '"Metadata"' in texts[-1]


def test_an_unknown_dialect_is_named() -> None:
    with pytest.raises(BackendError, match="no dialect 'morse': choose echopanel, deepgram,"):
        BackgroundBackend(dialect="morse")  # type: ignore[arg-type]
