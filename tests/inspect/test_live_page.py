"""A session's page while it lives: what browsers see of it, from its first step to its end."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from openline.backend import Backend
from openline.events import (
    AbortRequested,
    AudioCaptured,
    OpenRequested,
    SocketLost,
    SocketOpened,
    SourceStarted,
)
from openline.observer import Observer
from openline.session import SessionMachine
from openline_cli import browser, live_page
from openline_cli.live_page import OVER, LivePage
from openline_cli.live_server import HOST
from openline_cli.problems import Problem
from openline_cli.watching import WatchedOptions
from openline_inspect.history import History
from openline_inspect.live import LiveRecorder, encoded
from openline_inspect.recorder import Recorder
from tests.inspect.support_events import EventSource
from tests.inspect.test_live import read_all, unchunked

AUDIO = bytes(640)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(live_page, "write_err", lines.append)
    monkeypatch.setattr(live_page, "EVERY", 0.0)
    return lines


def machine(*observers: Observer) -> SessionMachine:
    return SessionMachine(
        Backend(), session_id="s", attempt_id="a", sources=["mic"], observers=observers,
        random=lambda: 0.5,
    )  # fmt: skip


def play(session: SessionMachine, rounds: int = 1) -> None:
    """Dial, and lose the line, so many times."""
    session.receive(OpenRequested(), 0.0)
    session.receive(SourceStarted("mic", 0.0), 0.0)
    for number in range(1, rounds + 1):
        session.receive(AudioCaptured("mic", AUDIO), float(number))
        session.receive(SocketOpened(number, f"connection {number}"), float(number))
        session.receive(SocketLost(dial=number, code=1006), number + 0.1)
    session.receive(AbortRequested(), rounds + 1.0)


class Visitor:
    """A browser, over a real socket."""

    def __init__(self, address: str) -> None:
        found = re.fullmatch(rf"http://{re.escape(HOST)}:(\d+)(/[\w-]{{43}}/)", address)
        assert found is not None, address
        self.port, self.path = int(found[1]), found[2]

    async def get(self, more: str = "", headers: str = "") -> tuple[bytes, bytes]:
        async with await trio.open_tcp_stream(HOST, self.port) as stream:
            asked = f"GET {self.path}{more} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n{headers}\r\n"
            await stream.send_all(asked.encode())
            head, _, body = (await read_all(stream)).partition(b"\r\n\r\n")
        return head, body

    async def follow(self, source: EventSource) -> None:
        _, body = await self.get("events")
        source.feed(unchunked(body))


def address_in(lines: list[str]) -> str:
    [line] = lines
    assert line.startswith("openline: inspect this session at http://")
    return line.rpartition(" ")[2]


async def test_a_session_is_seen_from_its_first_step_to_its_end(
    told: list[str], nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = LivePage(opens=False)
    alike = LiveRecorder(lambda: None)
    early, late = EventSource(), EventSource()
    pages: list[bytes] = []

    async def follow() -> str:
        visitor = Visitor(address_in(told))
        nursery.start_soon(visitor.follow, early)
        session = machine(page.observer, alike)
        pages.append((await visitor.get())[1])
        play(session, 5)
        nursery.start_soon(visitor.follow, late)
        await wait_all_tasks_blocked(0.01)
        return "the result"

    assert await page.around(follow) == "the result"
    await wait_all_tasks_blocked(0.01)
    elements = json.loads(json.dumps(alike.take()))
    for source in (early, late):
        assert source.rows == [each for each in elements if isinstance(each, list)]
        assert source.story == [each for each in elements if isinstance(each, dict)][-1]
        assert source.end == OVER
    assert b'"live":"events"' in pages[0]
    assert b'"session":"s"' in pages[0]
    token = address_in(told).split("/")[3]
    assert token.encode() not in pages[0]
    assert token not in caplog.text


async def test_what_the_session_raises_comes_out_as_it_is(told: list[str]) -> None:
    async def fail() -> None:
        raise ValueError("no spool")

    with pytest.raises(ValueError, match="no spool"):
        await LivePage(opens=False).around(fail)


async def test_a_port_that_is_taken(told: list[str]) -> None:
    async def nothing() -> None:
        pytest.fail("the session was opened")

    [listener] = await trio.open_tcp_listeners(0, host=HOST)
    async with listener:
        port = listener.socket.getsockname()[1]
        with pytest.raises(Problem, match=f"--inspect-port {port}: address already in use"):
            await LivePage(port, opens=False).around(nothing)
    assert told == []
    await LivePage(port, opens=False).around(_done)
    assert f":{port}/" in told[0]


async def _done() -> None:
    await trio.lowlevel.checkpoint()


class Started:
    """A browser that was started: with which file, and what that held."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.text = ""
        self.event = trio.Event()

    def show(self, path: Path) -> bool:
        self.path, self.text = path, path.read_text("utf-8")
        trio.from_thread.run_sync(self.event.set)
        return True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    found = Started()
    monkeypatch.setattr(browser, "is_there", lambda: True)
    monkeypatch.setattr(browser, "show", found.show)
    return found


async def test_a_browser_is_led_to_the_page_and_waited_for(
    told: list[str], started: Started, nursery: trio.Nursery
) -> None:
    source, over = EventSource(), trio.Event()
    page = LivePage()

    async def come_late() -> None:
        await over.wait()
        await wait_all_tasks_blocked(0.01)
        await Visitor(address_in(told)).follow(source)

    async def follow() -> None:
        play(machine(page.observer))
        await started.event.wait()
        await wait_all_tasks_blocked(0.01)
        over.set()

    nursery.start_soon(come_late)
    await page.around(follow)
    await wait_all_tasks_blocked(0.01)
    assert source.end == OVER
    assert len(source.rows) > 3
    assert address_in(told) in started.text
    assert started.path is not None
    assert not started.path.parent.exists()


async def test_a_browser_that_does_not_come_is_waited_for_a_moment(
    told: list[str], started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_page, "COMING", 0.05)

    async def follow() -> None:
        await started.event.wait()
        await wait_all_tasks_blocked(0.01)

    with trio.fail_after(60):
        await LivePage().around(follow)


async def test_no_browser_is_started_where_it_is_not_wanted(
    told: list[str], started: Started
) -> None:
    await LivePage(opens=False).around(_done)
    assert started.path is None


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"inspect_port": 5000}, "--inspect-port is for the page of --inspect: give both"),
        ({"no_open": True}, "--no-open is for the page of --inspect: give both"),
    ],
)
def test_options_without_a_page(options: dict[str, Any], line: str) -> None:
    with pytest.raises(Problem, match=line):
        WatchedOptions(**options).watch()
    assert WatchedOptions().watch().observers == ()


def test_a_live_session_keeps_the_fast_way_of_its_audio() -> None:
    [observer] = WatchedOptions(inspect=True).watch().observers
    assert observer.wants_audio is False


def test_audio_that_is_not_shown_stands_in_the_next_row() -> None:
    shown, live = Recorder(live=True), LiveRecorder(lambda: None)
    session = machine(shown, live)
    play(session, 3)
    assert marks(shown.take()) == marks(live.take())


def marks(elements: list[Any]) -> dict[int, int]:
    """How far each watermark has come."""
    found: dict[int, int] = {}
    rows: list[list[Any]] = [each for each in elements if isinstance(each, list)]
    for row in rows:
        moved = msgspec.convert(row[2:3] or [[]], list[list[int]])[0]
        for slot, by in zip(moved[::2], moved[1::2], strict=True):
            found[slot] = found.get(slot, 0) + by
    return found


def test_a_name_that_utf_8_does_not_have() -> None:
    history = History()
    recorder = LiveRecorder(lambda: None)
    play(machine(recorder))
    recorder.pour(history)
    assert history.total > 3
    assert history.story is not None
    assert json.loads(encoded([1, "caf\udce9"])) == [1, "caf\udce9"]
