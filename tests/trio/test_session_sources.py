"""Sessions and what their sources do: end, fail, hang, or say what is no audio."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock, wait_all_tasks_blocked

from openline.events import SourceKind
from openline.journal.reader import read
from openline.updates import GapCause, SourceEnded, SourceEndReason, State
from openline_audio.source import Sink, Source, SourceError
from openline_trio import Session, open_session
from openline_trio.sources.files import FileSource
from openline_trio.sources.microphone import Microphone
from openline_trio.sources.pushed import PushSource
from tests.support_lines import (
    Frames,
    Peer,
    numbered,
)
from tests.support_sessions import (
    BACKEND,
    Play,
    echo,
    last,
    spans,
)


class Wrong:
    """A source that tells what cannot be."""

    duration = None

    def __init__(self, tell: Callable[[Sink], None]) -> None:
        self._tell = tell

    async def run(self, sink: Sink) -> None:
        await trio.lowlevel.checkpoint()
        self._tell(sink)


class Library:
    """A source that raises in the code of a package."""

    duration = None

    async def run(self, sink: Sink) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read)

    async def _read(self) -> None:
        await trio.to_thread.run_sync(json.loads, "{a secret}")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            Frames(3, then=SourceError("the microphone is gone; plug it in")),
            "the microphone is gone; plug it in",
        ),
        (
            Frames(3, then=OSError(5, "Input/output error")),
            "[Errno 5] Input/output error (support_lines.py, line N)",
        ),
        (
            Frames(3, then=RuntimeError("a secret")),
            "the source raised RuntimeError (support_lines.py, line N)",
        ),
        (
            Frames(3, then=ExceptionGroup("x", [KeyError(), ValueError()])),
            "the source raised ExceptionGroup (support_lines.py, line N)",
        ),
        (
            Frames(3, then=ExceptionGroup("x", [SourceError("the cable is loose; push it in")])),
            "the cable is loose; push it in",
        ),
        (
            Library(),
            "the source raised JSONDecodeError (test_session_sources.py, line N)",
        ),
        (
            Wrong(lambda sink: sink.audio(b"odd")),
            "audio of an odd number of bytes: samples are 16-bit (test_session_sources.py, line N)",
        ),
        (
            Wrong(lambda sink: sink.audio(cast("bytes", "a secret"))),
            "audio: give bytes of 16-bit samples, not str (test_session_sources.py, line N)",
        ),
        (
            Wrong(lambda sink: sink.hole(-1)),
            "a hole of -1 samples: give 0 or more (test_session_sources.py, line N)",
        ),
    ],
)
async def test_a_source_fails_alone(
    autojump_clock: MockClock, play: Play, source: Source, reason: str
) -> None:
    net = play.net(echo)
    sources: dict[str, Source] = {"mic": Frames(100), "system": source}
    async with open_session(BACKEND, sources, connect=net) as session:
        updates = [update async for update in session]
    # One of them fails in a thread, which the clock does not wait for: in any order.
    told = sorted((u for u in updates if isinstance(u, SourceEnded)), key=lambda u: u.source)
    assert [replace(u, reason=re.sub(r"line \d+", "line N", u.reason)) for u in told] == [
        SourceEnded(source="mic", cause=SourceEndReason.EXHAUSTED, reason="it has no more audio"),
        SourceEnded(source="system", cause=SourceEndReason.FAILED, reason=reason),
    ]
    ended = last(updates)
    assert ended.state is State.CLOSED
    assert ended.statistics.sources["mic"].confirmed == 100 * 320


async def test_when_the_last_source_fails_the_session_finishes(
    autojump_clock: MockClock, play: Play
) -> None:
    updates = await play(play.net(echo), Frames(30, then=SourceError("gone")))
    ended = last(updates)
    assert (ended.state, ended.missing) == (State.CLOSED, ())
    assert (ended.complete, ended.reason) == (False, "mic was lost: gone")
    assert spans(updates) == ["0-24", "25-29"]


class Hangs(Frames):
    """Says no more after its frames, and never returns; whether it was told to let go."""

    let_go = False

    async def run(self, sink: Sink) -> None:
        await super().run(sink)
        try:
            await trio.sleep_forever()
        finally:
            self.let_go = True


async def test_hanging_source_is_lost_alone_and_released(
    autojump_clock: MockClock, play: Play
) -> None:
    stuck = Hangs(20)
    sources: dict[str, Source] = {"mic": Frames(1000), "system": stuck}
    async with open_session(BACKEND, sources, connect=play.net(echo)) as session:
        async for update in session:
            if isinstance(update, SourceEnded):
                assert (update.source, update.cause) == ("system", SourceEndReason.STALLED)
                assert update.reason == "it delivered no audio for 10 s"
                break
        assert session.state is State.STREAMING
        await wait_all_tasks_blocked()
        assert stuck.let_go
        updates = [update async for update in session]
    ended = last(updates)
    assert [lost.source for lost in ended.lost_sources] == ["system"]
    # The backend sent words and figures of the microphone, and none of this source.
    assert [(gap.source, gap.samples) for gap in ended.missing] == [("system", 20 * 320)]
    assert not ended.complete


def test_kind_of_a_source_defaults_to_device() -> None:
    assert FileSource.kind is SourceKind.STORE
    assert Microphone.kind is SourceKind.DEVICE
    assert PushSource.kind is SourceKind.DEVICE


async def test_the_kind_of_a_source_is_in_the_journal(
    autojump_clock: MockClock, play: Play, tmp_path: Path
) -> None:
    class Stored(Frames):
        kind = SourceKind.STORE

    path = tmp_path / "call.jsonl"
    sources: dict[str, Source] = {"mic": Stored(5)}
    async with open_session(BACKEND, sources, connect=play.net(echo), journal=path) as session:
        assert (await session.wait()).complete
    with path.open("rb") as file:
        [journal] = read(file)
    assert journal.opening.kinds == {"mic": SourceKind.STORE}


async def test_audio_that_an_app_pushes_may_pause(autojump_clock: MockClock, play: Play) -> None:
    pushed = PushSource()
    async with open_session(BACKEND, {"mic": pushed}, connect=play.net(echo)) as session:
        for _ in range(3):
            await trio.sleep(60)
            pushed.send(bytes(640))
        assert session.state is State.STREAMING
        pushed.close()
        assert (await session.wait()).complete


@pytest.mark.parametrize("end", [Session.request_stop, Session.abort])
async def test_what_was_pushed_before_the_end_is_accounted_for(
    autojump_clock: MockClock, play: Play, end: Callable[[Session], None]
) -> None:
    pushed = PushSource()
    async with open_session(BACKEND, {"mic": pushed}, connect=play.net(echo)) as session:
        await trio.sleep(1)
        pushed.send(bytes(640))
        end(session)  # before the source had its turn
        ended = await session.wait()
    figures = ended.statistics.sources["mic"]
    assert (figures.captured, figures.captured - figures.missing) == (320, figures.confirmed)


@pytest.mark.parametrize("end", [Session.request_stop, Session.abort])
@pytest.mark.parametrize("early", [True, False])
async def test_pushed_audio_is_accounted_for_at_an_immediate_end(
    autojump_clock: MockClock, play: Play, end: Callable[[Session], None], early: bool
) -> None:
    """Before the block or in it, the end comes before any task of the session had its turn."""
    pushed = PushSource()
    if early:
        pushed.send(bytes(64_000))
    async with open_session(BACKEND, {"mic": pushed}, connect=play.net(echo)) as session:
        if not early:
            pushed.send(bytes(64_000))
        end(session)
        with pytest.raises(trio.ClosedResourceError):
            pushed.send(bytes(2))
        ended = await session.wait()
    figures = ended.statistics.sources["mic"]
    stopped = end is Session.request_stop
    assert (figures.captured, figures.confirmed) == (32_000, 32_000 if stopped else 0)
    assert [gap.samples for gap in ended.missing] == ([] if stopped else [32_000])
    assert ended.complete == stopped


async def test_what_was_pushed_is_accounted_for_when_the_block_is_cancelled(
    autojump_clock: MockClock, play: Play
) -> None:
    pushed = PushSource()
    sessions: list[Session] = []
    with trio.CancelScope() as scope:
        async with open_session(BACKEND, {"mic": pushed}, connect=play.net(echo)) as session:
            sessions.append(session)
            await trio.sleep(1)
            pushed.send(bytes(640))
            scope.cancel()
            await trio.lowlevel.checkpoint()
    ended = sessions[0].ended
    assert ended is not None
    assert [gap.samples for gap in ended.missing] == [320]
    with pytest.raises(trio.ClosedResourceError):
        pushed.send(bytes(2))


SOURCES = ("mic", "system")


class Holds:
    """A source of an app's own that holds a frame until it is asked for."""

    duration = None

    def __init__(self, fault: Exception | None = None) -> None:
        self._fault = fault
        self.sinks: set[Sink] = set()

    async def run(self, sink: Sink) -> None:
        self.sinks.add(sink)
        await trio.sleep_forever()

    def flush(self, sink: Sink) -> None:
        self.sinks.add(sink)
        if self._fault is not None:
            raise self._fault
        sink.started(trio.current_time() - 0.02)
        sink.audio(bytes(640))


@pytest.mark.parametrize("wait", [0, 1])
async def test_flush_gets_the_sink_of_run(
    autojump_clock: MockClock, play: Play, wait: float
) -> None:
    holds = Holds()
    async with open_session(BACKEND, {"mic": holds}, connect=play.net(echo)) as session:
        await trio.sleep(wait)
        ended = await session.stop()
    assert (ended.complete, ended.statistics.sources["mic"].confirmed) == (True, 320)
    assert len(holds.sinks) == 1


@pytest.mark.parametrize("failing", [(), ("mic",), ("system",), ("mic", "system")], ids=" ".join)
async def test_failing_flush_loses_only_its_source(
    autojump_clock: MockClock, play: Play, failing: tuple[str, ...]
) -> None:
    faults = {name: RuntimeError("a secret") if name in failing else None for name in SOURCES}
    sources: dict[str, Source] = {name: Holds(fault) for name, fault in faults.items()}
    async with open_session(BACKEND, sources, connect=play.net(echo)) as session:
        ended = await session.stop()
    assert tuple(lost.source for lost in ended.lost_sources) == failing
    said = "the source raised RuntimeError (test_session_sources.py, line"
    assert all(said in lost.reason for lost in ended.lost_sources)
    captured = {name: each.captured for name, each in ended.statistics.sources.items()}
    assert captured == {name: 0 if name in failing else 320 for name in SOURCES}


async def test_a_push_source_is_for_one_session(autojump_clock: MockClock, play: Play) -> None:
    pushed = PushSource()
    net = play.net(echo)
    at_once = open_session(BACKEND, {"mic": pushed}, connect=net)
    async with open_session(BACKEND, {"mic": pushed}, connect=net) as session:
        pushed.send(bytes(640))
        assert (await session.stop()).complete
    with pytest.raises(
        ValueError,
        match=r"^sources\['mic'\]: this PushSource has been used by a session: "
        r"make another one for each session$",
    ):
        open_session(BACKEND, {"mic": pushed}, connect=net)
    async with at_once as session:  # made before the other one began
        ended = await session.wait()
    assert (ended.complete, ended.reason) == (
        False,
        "mic was lost: this PushSource has been used: make another one for each session",
    )


def test_a_push_source_has_one_name() -> None:
    pushed = PushSource()
    with pytest.raises(
        ValueError,
        match=r"^sources\['system'\]: this PushSource is sources\['mic'\] already: "
        r"make one for each name$",
    ):
        open_session(BACKEND, {"mic": pushed, "system": pushed})


async def test_a_hole_is_a_gap(autojump_clock: MockClock, play: Play) -> None:
    class Stutter:
        duration = None

        async def run(self, sink: Sink) -> None:
            sink.started(trio.current_time())
            sink.audio(numbered(0))
            sink.hole(320)
            await trio.sleep(0.04)
            sink.audio(numbered(1))

    ended = last(await play(play.net(echo), Stutter()))
    assert [(g.start, g.end, g.cause) for g in ended.missing] == [(320, 640, GapCause.CAPTURE)]


async def test_the_level_is_that_of_the_last_frame(autojump_clock: MockClock, play: Play) -> None:
    class Loud:
        duration = None

        async def run(self, sink: Sink) -> None:
            for value in (b"\x00\x00", b"\x00\x40", b"odd"):
                await trio.sleep(1)
                sink.audio(value * 320 if value != b"odd" else value)

    levels: list[float] = []
    async with open_session(BACKEND, {"mic": Loud()}, connect=play.net(echo)) as session:
        for _ in range(5):
            levels.append(session.level("mic"))
            await trio.sleep(0.9)
        assert session.level("system") == 0.0
    assert levels == [0.0, 0.0, 0.0, 0.5, 0.5]


async def test_source_is_woken_when_there_is_room(autojump_clock: MockClock, play: Play) -> None:
    class File:
        duration = 20.0
        at = 0

        async def run(self, sink: Sink) -> None:
            sink.started(trio.current_time())
            for self.at in range(1000):
                await sink.room()
                sink.audio(numbered(self.at))

    file = File()
    gate = trio.Event()

    async def late(peer: Peer) -> None:
        await gate.wait()
        await echo(peer)

    async with open_session(BACKEND, {"mic": file}, connect=play.net(late)) as session:
        await trio.sleep(5)
        assert 50 < file.at < 150  # it waits
        gate.set()
        ended = await session.wait()
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 1000 * 320
