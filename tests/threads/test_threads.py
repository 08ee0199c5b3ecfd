"""A session used from plain threads, against the reference backend in real time."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import uvloop

import openline_asyncio
from openline.backend import Backend
from openline.events import Event
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import Ended, GapCause, State, Transcript, Update
from openline_audio.source import Sink
from openline_testing.background import BackgroundBackend
from openline_threads import SpoolError, open_session, resume_session, spooled_sessions
from openline_threads.session import ThreadSession
from openline_threads.sources import PushSource, SourceError

SECOND = b"\1\0" * 16_000
PROMPT = Policy(start_delay=0.01, backoff_first=0.05, backoff_cap=0.1, later_floor=0.05)


def texts(updates: list[Update]) -> list[str]:
    return [each.text for each in updates if isinstance(each, Transcript) and each.final]


def test_stop_does_not_overtake_pushed_audio() -> None:
    with BackgroundBackend() as backend:
        with open_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session:
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
        open_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session,
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
        open_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session,
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
        with open_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session:
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


def test_what_is_unread_at_the_close_can_still_be_read() -> None:
    with BackgroundBackend() as backend:
        session = open_session(backend.backend, {"mic": PushSource()}, policy=PROMPT)
        session.push(SECOND)
        session.close()
        updates = list(session)
    assert updates[-1] is session.ended
    assert list(session) == []


def test_an_abort_ends_it_at_once() -> None:
    with (
        BackgroundBackend() as backend,
        open_session(backend.backend, {"mic": PushSource()}, session_id="mine") as session,
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
        open_session(
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
        with open_session(
            backend.backend,
            {"mic": PushSource()},
            credentials="fresh-token",
            spool=tmp_path / "calls",
            spool_limit=1 << 20,
        ) as session:
            session.push(SECOND)
            session.abort()
        with resume_session(
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
        open_session(
            backend.backend, {"mic": PushSource()}, journal=tmp_path / "a", journal_audio=True
        ) as session,
    ):
        session.push(SECOND)
        session.stop()
    assert (tmp_path / "a").stat().st_size > 32_000


def test_two_threads_do_not_iterate_over_one_session() -> None:
    with (
        BackgroundBackend() as backend,
        open_session(backend.backend, {"mic": PushSource()}, policy=PROMPT) as session,
    ):
        fates: queue.SimpleQueue[object] = queue.SimpleQueue()

        def read() -> None:
            try:
                fates.put(list(session)[-1])
            except RuntimeError as busy:
                fates.put(busy)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert "read them in one thread" in str(fates.get(timeout=60))
        ended = session.stop()
        assert fates.get(timeout=60) is ended
        for thread in threads:
            thread.join()
        assert list(session) == []


def test_what_open_session_refuses_is_refused_here() -> None:
    with pytest.raises(ValueError, match="token"):
        open_session(Backend(), {"mic": PushSource()}, credentials="not a\ntoken")
    with pytest.raises(ValueError, match="give some of"):
        open_session(Backend(), {"nose": PushSource()})


def test_what_entering_the_block_raises_is_raised_by_the_caller(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match=r"no unfinished session is spooled there: give"):
        resume_session(tmp_path)


def test_push_to_an_unknown_source_is_refused() -> None:
    sources = {"mic": PushSource(), "system": PushSource()}
    with open_session(Backend(port=1), sources) as session:
        with pytest.raises(ValueError, match=r"push to None: give one of \['mic', 'system'\]"):
            session.push(SECOND)
        with pytest.raises(ValueError, match="half a sample"):
            session.push(b"\0", "mic")
        assert session.push(SECOND, "system")


def test_push_without_room_returns_false_and_is_a_gap() -> None:
    source = PushSource(buffer_seconds=1.5)
    with (
        BackgroundBackend() as backend,
        open_session(backend.backend, {"mic": source}, policy=PROMPT) as session,
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
    with open_session(Backend(port=1), {"mic": source}) as session:
        assert not session.push(SECOND)
        assert session.wait().state is State.CLOSED


class _Deaf:
    duration = None

    async def run(self, sink: Sink) -> None:
        raise SourceError("no microphone is plugged in")


def test_other_sources_work_as_they_do_in_asyncio() -> None:
    with open_session(Backend(port=1), {"mic": _Deaf()}) as session:
        told = [str(getattr(update, "reason", "")) for update in session]
    assert "no microphone is plugged in" in told


def test_error_of_the_loop_is_raised_by_the_waiting_call() -> None:
    class Dying:
        """A block that falls over when it is left."""

        def __init__(self) -> None:
            self._inner = openline_asyncio.open_session(Backend(port=1), {"mic": PushSource()})

        async def __aenter__(self) -> openline_asyncio.Session:
            return await self._inner.__aenter__()

        async def __aexit__(self, *error: object) -> None:
            await self._inner.__aexit__(None, None, None)
            raise ZeroDivisionError

    session = ThreadSession(Dying(), {}, None)
    with pytest.raises(ZeroDivisionError):
        session.close()
    session.close()  # told once


def test_push_without_a_push_source_is_refused_with_advice() -> None:
    with open_session(Backend(port=1), {"mic": _Deaf()}) as session:
        for source in (None, "mic"):
            with pytest.raises(ValueError, match="no PushSource") as caught:
                session.push(bytes(640), source)
            assert str(caught.value) == (
                "push: this session has no PushSource among its sources: start it with one, "
                "such as {'mic': PushSource()}"
            )


def test_push_of_other_data_is_refused() -> None:
    wrong: Any = "secret"
    with (
        open_session(Backend(port=1), {"mic": PushSource()}) as session,
        pytest.raises(TypeError) as caught,
    ):
        session.push(wrong)
    assert str(caught.value) == "audio: give bytes of 16-bit samples, not str"


class _Nosy(Observer):
    """Uses the session from its own thread."""

    def __init__(self) -> None:
        self.seen: list[State] = []
        self.raised: list[str] = []
        self.session: ThreadSession | None = None

    def on_event(self, event: Event, now: float) -> None:
        if self.session is None or self.raised:
            return
        self.seen.append(self.session.state)
        for call in (self.session.wait, self.session.close, self.session.__next__):
            try:
                call()
            except RuntimeError as error:
                self.raised.append(str(error))
        self.session.abort()


def test_the_sessions_own_thread_may_look_and_abort_but_not_wait() -> None:
    nosy = _Nosy()
    with open_session(Backend(port=1), {"mic": PushSource()}, observers=[nosy]) as session:
        nosy.session = session
        session.network_restored()
        assert session.wait().reason == "aborted"
    assert nosy.seen
    assert len(nosy.raised) == 3
    assert all("another thread than the session's own" in each for each in nosy.raised)


def test_another_loop_may_be_given() -> None:
    made: list[asyncio.AbstractEventLoop] = []

    def make() -> asyncio.AbstractEventLoop:
        made.append(uvloop.new_event_loop())
        return made[0]

    with (
        BackgroundBackend() as backend,
        open_session(backend.backend, {"mic": PushSource()}, loop_factory=make) as session,
    ):
        session.push(SECOND)
        assert session.stop().complete
    assert made[0].is_closed()


@pytest.mark.repeats
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
def test_thousand_sessions_leave_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    for number in range(1001):
        with open_session(
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
