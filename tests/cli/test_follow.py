from __future__ import annotations

import errno
import io
import json
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
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
from openline_audio.pace import Worker
from openline_cli.follow import Follower, Outcome, follow, is_gone
from openline_cli.signals import stop_signals
from openline_cli.view import Both, JsonView, Snapshot, View
from openline_cli.writers import Draft
from tests.cli.faulty_disk import FaultyDisk

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
        self.error: OSError = BrokenPipeError(32, "Broken pipe")

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
            raise self.error

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


async def test_hangup_asks_for_a_proper_end_and_its_echo_for_no_more(
    played: Play, ended: End, still: Worker, autojump_clock: MockClock
) -> None:
    session = played([], ended(), waits=True)
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await follow(session.open, Watcher(), worker=still))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await session.reached_the_wait.wait()
        for _ in range(2):  # from the kernel and from the shell
            os.kill(os.getpid(), signal.SIGHUP)
            await trio.sleep(0.1)
        assert session.asked == ["stop"]
        await trio.sleep(1.0)
        os.kill(os.getpid(), signal.SIGHUP)
    assert session.asked == ["stop", "abort"]
    assert outcomes[0].status == 130


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP])
async def test_hangup_beside_another_signal_is_part_of_it(
    played: Play, ended: End, still: Worker, autojump_clock: MockClock, first: signal.Signals
) -> None:
    """Of two signals that are pending Python hands over the one with the lower number first."""
    session = played([], ended(), waits=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(follow, session.open, Watcher(), worker=still))
        await session.reached_the_wait.wait()
        for number in sorted((signal.SIGTERM, signal.SIGHUP), key=lambda each: each != first):
            os.kill(os.getpid(), number)
            await trio.sleep(0.1)
        assert session.asked == ["stop"]
        os.kill(os.getpid(), signal.SIGTERM)


def test_hangup_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stop_signals() == (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        assert stop_signals() == (signal.SIGINT, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)
    monkeypatch.setattr("openline_cli.signals.HANGUP", None)  # as on Windows
    assert stop_signals() == (signal.SIGINT, signal.SIGTERM)


async def test_final_is_saved_before_it_is_shown(
    played: Play, ended: End, final: Callable[..., Transcript], still: Worker, tmp_path: Path
) -> None:
    path = tmp_path / "t.txt"
    saved: list[str] = []

    class Looking(Watcher):
        def show(self, update: Update) -> None:
            super().show(update)
            if isinstance(update, Transcript) and update.final:
                saved.append(path.read_text())

    updates = [final("so", final=False), final("a"), final("b", 1, 2)]
    end = ended(*updates[1:])
    draft = Draft(path, several=False)
    outcome = await follow(played(updates, end).open, Looking(), draft=draft, worker=still)
    assert saved[0].startswith("a\n")
    assert saved[1] == "a\nb\n" == path.read_text()
    assert outcome.unsaved is None


async def test_blocked_terminal_keeps_no_word_from_the_file(
    played: Play, ended: End, final: Callable[..., Transcript], tmp_path: Path
) -> None:
    path = tmp_path / "t.txt"
    reads_again = trio.Event()
    finals = [final(str(number), number, number + 1) for number in range(9)]
    session = played(finals, ended(*finals), waits=True)
    view = Watcher()

    async def stuck(blocking: Callable[[], Any], /, *, abandon: bool = False) -> Any:
        if blocking == view.flush:
            await reads_again.wait()
        await trio.lowlevel.checkpoint()
        return blocking()

    async with trio.open_nursery() as nursery:
        draft = Draft(path, several=False)
        nursery.start_soon(partial(follow, session.open, view, draft=draft, worker=stuck))
        await session.reached_the_wait.wait()
        while not path.exists() or path.read_text().count("\n") < 9:
            await trio.lowlevel.checkpoint()
        assert len(view.shown) == 1
        reads_again.set()
        session.abort()
    assert view.shown == [*finals, ended(*finals)]


async def test_final_that_comes_while_another_is_saved_is_saved_next(
    played: Play, ended: End, final: Callable[..., Transcript], tmp_path: Path
) -> None:
    finals = [final("a"), final("b", 1, 2)]
    session = played(finals, ended(*finals), waits=True)
    session.last_may_come = saving = trio.Event()
    draft = Draft(tmp_path / "t.txt", several=False)
    tries: list[str] = []

    async def slow(blocking: Callable[[], Any], /, *, abandon: bool = False) -> Any:
        result = blocking()
        if blocking == draft.save:
            tries.append(draft.path.read_text())
            saving.set()
            await session.reached_the_wait.wait()
        await trio.lowlevel.checkpoint()
        return result

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(follow, session.open, Watcher(), draft=draft, worker=slow))
        await trio.testing.wait_all_tasks_blocked()
        assert tries == ["a\n", "a\nb\n"]
        session.abort()


async def test_slow_disk_holds_a_final_back_for_a_second_at_most(
    played: Play,
    ended: End,
    final: Callable[..., Transcript],
    *,
    tmp_path: Path,
    autojump_clock: MockClock,
) -> None:
    view = Watcher()
    draft = Draft(tmp_path / "t.txt", several=False)
    shown: list[float] = []

    async def slow(blocking: Callable[[], Any], /, *, abandon: bool = False) -> Any:
        if blocking == view.flush:
            shown.append(trio.current_time())
        else:
            await trio.sleep(60)
        return blocking()

    began = trio.current_time()
    await follow(played([final("a")], ended(final("a"))).open, view, draft=draft, worker=slow)
    assert shown[0] - began == pytest.approx(1.0)


async def test_full_disk_is_reported_once_and_the_session_goes_on(
    played: Play, ended: End, final: Callable[..., Transcript], still: Worker, tmp_path: Path
) -> None:
    path = tmp_path / "t.txt"
    finals = [final(str(number), number, number + 1) for number in range(3)]
    view = Watcher()
    with FaultyDisk({"write": errno.ENOSPC}).installed():
        session = played(finals, ended(*finals))
        draft = Draft(path, several=False)
        outcome = await follow(session.open, view, draft=draft, worker=still)
    assert len(view.notes) == 1
    assert "No space left on device" in view.notes[0]
    assert not session.asked
    assert view.shown == [*finals, ended(*finals)]
    assert outcome.unsaved is not None
    assert (tmp_path / "t-1.txt").read_text() == "0\n1\n2\n"


async def test_resumed_session_leaves_the_file_until_there_is_a_new_final(
    played: Play, ended: End, final: Callable[..., Transcript], still: Worker, tmp_path: Path
) -> None:
    path = tmp_path / "t.txt"
    path.write_text("of the process that crashed")
    past = final("past")
    session = played([], ended(past), waits=True)
    draft = Draft(path, several=False, past=[past])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(follow, session.open, Watcher(), draft=draft, worker=still))
        await session.reached_the_wait.wait()
        await trio.testing.wait_all_tasks_blocked()
        assert path.read_text() == "of the process that crashed"
        session.abort()
    assert path.read_text() == "past\n"


async def test_session_without_a_word_leaves_the_file_alone(
    played: Play, ended: End, still: Worker, tmp_path: Path
) -> None:
    path = tmp_path / "t.txt"
    path.write_text("before")
    failed = ended(state=State.FAILED)
    draft = Draft(path, several=False)
    await follow(played([], failed).open, Watcher(), draft=draft, worker=still)
    assert path.read_text() == "before"
    await follow(played([], ended()).open, Watcher(), draft=draft, worker=still)
    assert not path.read_text()


@pytest.mark.parametrize("code", [errno.EPIPE, errno.EIO])
async def test_lost_reader_does_not_end_a_session_with_a_file(
    code: int,
    played: Play,
    ended: End,
    *,
    final: Callable[..., Transcript],
    still: Worker,
    tmp_path: Path,
) -> None:
    finals = [final("a"), final("b", 1, 2)]
    session = played(finals, ended(*finals))
    view = Watcher()
    view.breaks_at, view.error = 1, OSError(code, os.strerror(code))
    draft = Draft(tmp_path / "t.txt", several=False)
    outcome = await follow(session.open, view, draft=draft, worker=still)
    assert not session.asked
    assert outcome.complete
    assert is_gone(outcome.unread or OSError())
    assert (tmp_path / "t.txt").read_text() == "a\nb\n"


async def test_terminal_that_is_gone_need_not_be_restored(
    played: Play, ended: End, still: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = Watcher()

    def gone() -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(view, "close", gone)
    outcome = await follow(played([], ended()).open, view, worker=still)
    assert outcome.complete


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


def test_one_ctrl_c_is_the_normal_end_of_a_device(ended: End, gap: Callable[..., Gap]) -> None:
    assert Outcome(ended=ended(), interrupts=1, endless=True).status == 0
    assert Outcome(ended=ended(gaps=[gap()]), interrupts=1, endless=True).status == 1
    assert Outcome(ended=ended(), interrupts=2, endless=True).status == 130


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
