from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from openline.updates import (
    Ended,
    Gap,
    SourceEnded,
    SourceEndReason,
    State,
    StateChanged,
    Transcript,
    Update,
)
from openline_cli.follow import Follower, Outcome, follow
from openline_cli.view import Both, JsonView, Snapshot, View
from openline_trio.sources.pace import Worker

Play = Callable[..., Any]
End = Callable[..., Ended]


class Watcher:
    """A view that records its calls, and when it writes."""

    def __init__(self, interval: float | None = None) -> None:
        self.interval = interval
        self.shown: list[Update] = []
        self.glances: list[Snapshot] = []
        self.notes: list[str] = []
        self.written: list[str] = []
        self.flushes = 0
        self.closed = 0
        self.breaks_at = 0

    def show(self, update: Update) -> None:
        self.shown.append(update)

    def glance(self, glance: Snapshot) -> None:
        self.glances.append(glance)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def flush(self) -> None:
        self.flushes += 1
        self.written = [*self.notes]
        if self.flushes == self.breaks_at:
            raise BrokenPipeError(32, "Broken pipe")

    def close(self) -> None:
        self.closed += 1


async def interrupt_twice(session: Any) -> None:
    """Two Ctrl-C, the second when the first has been heeded."""
    for asked in (["stop"], ["stop", "abort"]):
        os.kill(os.getpid(), signal.SIGINT)
        while session.asked != asked:
            await trio.lowlevel.checkpoint()


async def test_every_update_is_shown_and_written(
    played: Play, ended: End, final: Callable[..., Transcript], still: Worker
) -> None:
    session = played([final("a")], ended(final("a")))
    view = Watcher()
    outcome = await follow(session.open, view, worker=still)
    assert view.shown == [final("a"), ended(final("a"))]
    assert view.flushes == 2
    assert view.closed == 1
    assert outcome.ended == ended(final("a"))
    assert outcome.status == 0
    assert not session.asked
    assert not view.notes
    assert outcome.session_id == "the-session"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_stops_and_the_second_aborts(
    number: signal.Signals, played: Play, ended: End, still: Worker
) -> None:
    session = played([], ended(), waits=True)
    view = Watcher()
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await follow(session.open, view, worker=still))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await session.reached_the_wait.wait()
        os.kill(os.getpid(), number)
        while session.asked != ["stop"] or not view.written:
            await trio.lowlevel.checkpoint()
        assert view.written == ["stopping; Ctrl-C again ends at once"]
        os.kill(os.getpid(), number)
    assert view.notes == view.written
    assert session.asked == ["stop", "abort"]
    assert outcomes[0].interrupts == 2
    assert outcomes[0].status == 130


async def test_blocked_terminal_does_not_delay_the_second_signal(played: Play, ended: End) -> None:
    session = played([], ended(), waits=True)
    outcomes: list[Outcome] = []
    reads_again = trio.Event()

    async def stuck(blocking: Callable[[], Any], /, *, abandon: bool = False) -> Any:
        await reads_again.wait()
        return blocking()

    async def run() -> None:
        outcomes.append(await follow(session.open, Watcher(), worker=stuck))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await session.reached_the_wait.wait()
        await interrupt_twice(session)
        reads_again.set()
    assert outcomes[0].interrupts == 2


async def test_nothing_is_told_to_a_view_that_writes(
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    played: Play,
    ended: End,
    final: Callable[..., Transcript],
) -> None:
    session = played([final("a"), final("b")], ended(final("a"), final("b")), waits=True)
    view = Watcher(interval=0.02)
    writes = False

    def told(what: object) -> None:
        assert not writes
        told_of.append(what)
        if isinstance(what, str):
            noted.set()

    async def slow(blocking: Callable[[], Any], /, *, abandon: bool = False) -> Any:
        nonlocal writes
        writes = True
        await trio.sleep(0.03)
        writes = False
        return blocking()

    async def run() -> None:
        await follower.run(session.open)

    told_of: list[object] = []
    noted = trio.Event()
    for name in ("show", "glance", "note"):
        monkeypatch.setattr(view, name, told)
    follower = Follower(view, slow)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await session.reached_the_wait.wait()
        await follower.show(final("of the command"))
        os.kill(os.getpid(), signal.SIGINT)
        await noted.wait()
        session.abort()
    assert {"Transcript", "Snapshot", "str", "Ended"} == {type(what).__name__ for what in told_of}


async def test_the_third_signal_leaves_at_once(played: Play, ended: End, still: Worker) -> None:
    session = played([], ended(), waits=True)
    session.abort = lambda: session.asked.append("abort")  # one that hangs
    view = Watcher()
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await follow(session.open, view, worker=still))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await session.reached_the_wait.wait()
        await interrupt_twice(session)
        os.kill(os.getpid(), signal.SIGINT)
    assert outcomes[0].ended is None
    assert outcomes[0].status == 130
    assert view.closed == 1


async def test_lost_reader_aborts_the_session(
    played: Play, ended: End, final: Callable[..., Transcript], still: Worker
) -> None:
    session = played([final("a"), final("b")], ended(), waits=True)
    view = Watcher()
    view.breaks_at = 1
    outcome = await follow(session.open, view, worker=still)
    assert session.asked == ["abort"]
    assert view.flushes == 1
    assert isinstance(outcome.unread, BrokenPipeError)


def test_view_with_an_interval_gets_snapshots(played: Play, ended: End, still: Worker) -> None:
    view = Watcher(interval=1.0)

    async def main() -> None:
        session = played([], ended(), waits=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow_it, session)
            await trio.sleep(2.5)
            session.abort()

    async def follow_it(session: Any) -> None:
        await follow(session.open, view, worker=still)

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert [glance.elapsed for glance in view.glances] == [0.0, 1.0, 2.0]
    assert view.glances[0].levels == {"mic": 0.1}
    assert view.glances[0].sources["mic"].captured == 32_000


async def test_a_lost_source_is_not_a_success(played: Play, ended: End, still: Worker) -> None:
    lost = SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="damaged")
    end = replace(ended(), complete=False, lost_sources=(lost,))
    outcome = await follow(played([lost], end).open, Watcher(), worker=still)
    assert outcome.status == 1


def test_only_a_complete_session_is_a_success(ended: End, gap: Callable[..., Gap]) -> None:
    assert Outcome(ended=ended()).status == 0
    assert Outcome(ended=ended(gaps=[gap()])).status == 1
    assert Outcome(ended=ended(state=State.FAILED)).status == 1
    assert Outcome().status == 1
    assert Outcome(ended=ended(), interrupts=1).status == 130


def test_json_is_written_a_line_at_a_time(streaming: StateChanged) -> None:
    file = io.BytesIO()
    aside: list[str] = []
    view = JsonView(file, aside.append)
    view.show(streaming)
    view.glance(Snapshot(elapsed=0.0, levels={}, sources={}))
    view.note("stopping")
    assert not file.getvalue() + "".join(aside).encode()
    view.flush()
    view.flush()
    assert aside == ["openline: stopping"]
    view.close()
    assert json.loads(file.getvalue())["state"] == "streaming"
    assert view.interval is None


def test_both_views_get_every_update(streaming: StateChanged) -> None:
    first, second = Watcher(), Watcher(interval=0.1)
    both: View = Both(first, second)
    assert both.interval == 0.1
    assert Both(second, first).interval == 0.1
    both.show(streaming)
    both.glance(Snapshot(elapsed=0.0, levels={}, sources={}))
    both.flush()
    both.close()
    for view in (first, second):
        assert (view.shown, len(view.glances), view.flushes, view.closed) == ([streaming], 1, 1, 1)


@pytest.mark.parametrize("error", [OSError("no disk"), KeyError("a fault")])
async def test_the_view_is_closed_though_the_session_does_not_open(error: Exception) -> None:
    """Else the cursor of the terminal stays hidden."""

    def fail() -> Any:
        raise error

    view = Watcher()
    with pytest.raises(type(error)):
        await follow(fail, view)
    assert view.closed == 1
