"""A session used from plain threads, against the reference backend in real time."""

from __future__ import annotations

import os
import queue
import sys
import threading
from pathlib import Path

import pytest
import trio

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended, GapCause, State, Transcript, Update
from openline_audio.source import Sink
from openline_testing.background import BackgroundBackend
from openline_trio import (
    Session,
    SpoolError,
    open_session,
    resume_session,
    spooled_sessions,
)
from openline_trio.sources import PushSource, SourceError
from openline_trio.threads import ThreadSession, start_resumed_session, start_session

SECOND = b"\1\0" * 16_000
PROMPT = Policy(start_delay=0.01, backoff_first=0.05, backoff_cap=0.1, later_floor=0.05)


def texts(updates: list[Update]) -> list[str]:
    return [each.text for each in updates if isinstance(each, Transcript) and each.final]


def test_stop_does_not_overtake_pushed_audio() -> None:
    with BackgroundBackend() as backend:
        with start_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session:
            assert session.push(SECOND)
            assert session.push(SECOND, "mic")
            ended = session.stop()  # at once: what was pushed goes first
            updates = list(session)
        assert ended.complete
        assert ended.statistics.sources["mic"].confirmed == 2 * 16_000
        assert backend.received("mic") == [SECOND + SECOND]
    assert updates[-1] is ended
    assert texts(updates) == ["0.00-2.00"]
    assert session.ended is ended


def test_a_loop_that_must_not_wait_polls() -> None:
    with (
        BackgroundBackend() as backend,
        start_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session,
    ):
        session.skip_to_live()  # nothing waits
        session.push(SECOND)
        session.request_stop()
        session.wait()
        polled: list[Update] = []
        while (update := session.poll()) is not None:
            polled.append(update)
        assert isinstance(polled[-1], Ended)
        assert session.poll() is None
        assert list(session) == []


def test_one_thread_pushes_another_reads_a_third_stops() -> None:
    with (
        BackgroundBackend() as backend,
        start_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session,
    ):
        stop = threading.Event()

        def capture() -> None:
            while session.push(SECOND[:640]):
                if stop.wait(0.001):
                    session.stop()

        thread = threading.Thread(target=capture)
        thread.start()
        ended = None
        for update in session:
            if isinstance(update, Transcript):
                stop.set()
            if isinstance(update, Ended):
                ended = update
        thread.join()
        assert ended is not None
        assert ended.complete
        assert not session.push(SECOND)


def test_leaving_the_block_aborts() -> None:
    with BackgroundBackend() as backend:
        with start_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session:
            session.push(SECOND)
        assert session.ended is not None
        assert not session.ended.complete
        assert session.state is State.CLOSED
        assert session.statistics.sources["mic"].missing == 16_000
        assert session.transcript == ()
        assert session.level("mic") > 0
        assert not session.push(SECOND)
        assert session.wait() is session.ended
        session.close()
        session.abort()


def test_an_abort_ends_it_at_once() -> None:
    with (
        BackgroundBackend() as backend,
        start_session(backend.backend, {"mic": PushSource()}, session_id="mine") as session,
    ):
        assert session.session_id == "mine"
        session.abort()
        assert session.wait().reason == "aborted"


def test_a_plain_function_gives_the_token_and_may_block() -> None:
    asked: list[str] = []

    def provide() -> str:
        asked.append(threading.current_thread().name)
        return "stale-token" if len(asked) == 1 else "fresh-token"

    with (
        BackgroundBackend(token="fresh-token") as backend,
        start_session(
            backend.backend, {"mic": PushSource()}, credentials=provide, policy=PROMPT
        ) as session,
    ):
        session.push(SECOND)
        assert session.stop().complete
        assert backend.dials == 2
    assert len(asked) == 2
    assert "openline session" not in asked


def test_resumed_thread_session_takes_a_plain_provider(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with BackgroundBackend(token="fresh-token") as backend:
        with start_session(
            backend.backend,
            {"mic": PushSource()},
            credentials="fresh-token",
            spool=tmp_path / "calls",
            spool_limit=1 << 20,
        ) as session:
            session.push(SECOND)
            session.abort()
        with start_resumed_session(
            tmp_path / "calls",
            credentials=lambda: "fresh-token",
            policy=PROMPT,
            journal=journal,
            journal_audio=True,
        ) as session:
            ended = session.wait()
    assert (ended.complete, ended.statistics.sources["mic"].confirmed) == (True, 16_000)
    assert list(spooled_sessions(tmp_path / "calls")) == []
    assert journal.stat().st_size > 32_000


def test_a_journal_holds_the_audio_if_that_is_asked_for(tmp_path: Path) -> None:
    with (
        BackgroundBackend() as backend,
        start_session(
            backend.backend, {"mic": PushSource()}, journal=tmp_path / "a", journal_audio=True
        ) as session,
    ):
        session.push(SECOND)
        session.stop()
    assert (tmp_path / "a").stat().st_size > 32_000


def test_two_threads_do_not_iterate_over_one_session() -> None:
    with (
        BackgroundBackend() as backend,
        start_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session,
    ):
        fates: queue.SimpleQueue[object] = queue.SimpleQueue()

        def read() -> None:
            try:
                fates.put(list(session)[-1])
            except trio.BusyResourceError as busy:
                fates.put(busy)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert isinstance(fates.get(timeout=10), trio.BusyResourceError)
        ended = session.stop()
        assert fates.get(timeout=10) is ended
        for thread in threads:
            thread.join()
        assert list(session) == []


def test_what_open_session_refuses_is_refused_here() -> None:
    with pytest.raises(ValueError, match="token"):
        start_session(Backend(), {"mic": PushSource()}, credentials="not a\ntoken")
    with pytest.raises(ValueError, match="give some of"):
        start_session(Backend(), {"nose": PushSource()})


def test_what_entering_the_block_raises_is_raised_by_the_caller(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match=r"no unfinished session is spooled there: give"):
        ThreadSession(resume_session(tmp_path))


def test_push_to_an_unknown_source_is_refused() -> None:
    sources = {"mic": PushSource(), "system": PushSource()}
    with start_session(Backend(port=1), sources) as session:
        with pytest.raises(ValueError, match=r"push to None: give one of \['mic', 'system'\]"):
            session.push(SECOND)
        with pytest.raises(ValueError, match="half a sample"):
            session.push(b"\0", "mic")
        assert session.push(SECOND, "system")


def test_push_without_room_returns_false_and_is_a_gap() -> None:
    source = PushSource(buffer_seconds=1.5)
    with (
        BackgroundBackend() as backend,
        start_session(backend.backend, {"mic": source}, policy=PROMPT) as session,
    ):
        assert not session.push(3 * SECOND)
        ended = session.stop()
        assert not session.push(b"12")
    assert [(gap.cause, gap.samples) for gap in ended.missing] == [(GapCause.CAPTURE, 24_000)]
    assert ended.statistics.sources["mic"].confirmed == 24_000


def test_closed_push_source_is_reported() -> None:
    """The session has nothing to hear, and ends; starting does not wait for it."""
    source = PushSource()
    source.close()
    with start_session(Backend(port=1), {"mic": source}) as session:
        assert not session.push(SECOND)
        assert session.wait().state is State.CLOSED


class _Deaf:
    duration = None

    async def run(self, sink: Sink) -> None:
        raise SourceError("no microphone is plugged in")


def test_other_sources_work_as_they_do_in_trio() -> None:
    with start_session(Backend(port=1), {"mic": _Deaf()}) as session:
        told = [str(getattr(update, "reason", "")) for update in session]
    assert "no microphone is plugged in" in told


def test_error_of_the_loop_is_raised_by_the_waiting_call() -> None:
    class Dying:
        """A block that falls over when it is left."""

        def __init__(self) -> None:
            self._inner = open_session(Backend(port=1), {"mic": PushSource()})

        async def __aenter__(self) -> Session:
            return await self._inner.__aenter__()

        async def __aexit__(self, *error: object) -> None:
            await self._inner.__aexit__(None, None, None)
            raise ZeroDivisionError

    session = ThreadSession(Dying())
    with pytest.raises(ZeroDivisionError):
        session.close()
    session.close()  # told once


async def test_a_stop_in_trio_takes_what_was_pushed_before() -> None:
    source = PushSource()
    with BackgroundBackend() as backend:
        async with open_session(backend.backend, {"mic": source}, policy=PROMPT) as session:
            await trio.testing.wait_all_tasks_blocked()
            source.send(SECOND)
            ended = await session.stop()
    assert ended.statistics.sources["mic"].captured == 16_000
    assert ended.complete


@pytest.mark.repeats
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
def test_thousand_sessions_leave_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    for number in range(1001):
        with start_session(
            Backend(port=1),
            {"mic": PushSource()},
            credentials=lambda: "some-token",
            journal=tmp_path / "journal",
            spool=tmp_path / "spool",
        ) as session:
            session.push(SECOND)
        if number in {10, 1000}:
            counts.append((threading.active_count(), len(os.listdir("/proc/self/fd"))))
    (threads, descriptors), (later_threads, later_descriptors) = counts
    assert later_threads <= threads + 2, "threads leak"
    assert later_descriptors <= descriptors, "descriptors leak"
