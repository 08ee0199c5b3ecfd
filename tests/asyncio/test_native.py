"""What asyncio's users expect: timeouts, task groups, context, errors of the block, debug mode."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import trio

from openline import Ended
from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.events import Event, SocketOpened
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import State, StateChanged, Update
from openline_asyncio import SharedProvider, open_session
from openline_asyncio.session import Session
from openline_audio.source import Sink
from openline_driver.face import Face
from openline_driver.facts import Cancelled, Fact
from openline_testing.background import BackgroundBackend
from tests.asyncio.support import LOOPS, Frames, run, serving
from tests.faces.corpus import cut, deaf, echo
from tests.faces.script import Script

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


async def whole(*scripts: Script, frames: int = 30, **given: Any) -> list[Update]:
    async with (
        serving(*scripts) as backend,
        open_session(backend, {"mic": Frames(frames)}, **given) as session,
    ):
        return [update async for update in session]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", LOOPS)
def test_a_session_over_real_sockets(name: str, debug: bool) -> None:
    updates = run(lambda: whole(cut, echo, frames=60), LOOPS[name], debug=debug)
    assert isinstance(updates[-1], Ended)
    assert updates[-1].complete
    assert updates[-1].statistics.dials == 2


@pytest.mark.parametrize("name", LOOPS)
def test_a_timeout_ends_the_block(name: str) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await whole(deaf, frames=1000)

    run(main, LOOPS[name])


def test_a_sibling_that_fails_cancels_the_session() -> None:
    async def main() -> None:
        begun = asyncio.Event()

        class Begins(Frames):
            async def run(self, sink: Sink) -> None:
                begun.set()
                await super().run(sink)

        async def live() -> None:
            async with (
                serving(deaf) as backend,
                open_session(backend, {"mic": Begins(1000)}) as session,
            ):
                await session.wait()

        async def fail() -> None:
            await begun.wait()
            raise OSError("mine")

        with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="mine")):
            async with asyncio.TaskGroup() as group:
                group.create_task(live())
                group.create_task(fail())

    run(main)


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), ExceptionGroup("mine", [OSError("x")])]
)
@pytest.mark.parametrize("seconds", [None, 0.0, 0.1])
def test_an_error_of_the_block_comes_out_as_it_is(
    error: BaseException, seconds: float | None
) -> None:
    async def main() -> None:
        async with serving(echo) as backend:
            with pytest.raises(type(error)) as caught:  # noqa: PT012 -- the block is what is tested
                async with open_session(backend, {"mic": Frames(100)}):
                    if seconds is not None:
                        await asyncio.sleep(seconds)
                    raise error
            assert caught.value is error

    run(main)


def test_sources_providers_and_observers_see_the_context_of_the_block() -> None:
    seen: dict[str, str] = {}

    class Source(Frames):
        async def run(self, sink: Sink) -> None:
            seen["source"] = WHO.get()
            await super().run(sink)

    class Watching(Observer):
        def on_update(self, update: Update, now: float) -> None:
            seen["observer"] = WHO.get()

    async def provide() -> str:
        seen["provider"] = WHO.get()
        return "token"

    async def main() -> None:
        WHO.set("me")
        async with (
            serving(echo) as backend,
            open_session(
                backend, {"mic": Source(10)}, credentials=provide, observers=[Watching()]
            ) as session,
        ):
            await session.wait()

    run(main)
    assert seen == {"source": "me", "observer": "me", "provider": "me"}


def test_two_tasks_do_not_iterate_over_one_session() -> None:
    async def main() -> None:
        async with (
            serving(deaf) as backend,
            open_session(backend, {"mic": Frames(100)}) as session,
        ):
            while session.poll():
                pass
            reading = asyncio.create_task(session.wait_readable())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="read them in one task"):
                await session.wait_readable()
            reading.cancel()
            await asyncio.wait([reading])
            session.abort()
            assert [u async for u in session][-1] is session.ended

    run(main)


def test_a_block_is_entered_once() -> None:
    """A second time it would give the result of the first, without a word of this recording."""

    async def main() -> None:
        async with serving(echo) as backend:
            opening = open_session(backend, {"mic": Frames(5)})
            async with opening as session:
                with pytest.raises(RuntimeError, match="opened before"):
                    await opening.__aenter__()
                assert (await session.wait()).complete
            with pytest.raises(RuntimeError, match="opened before"):
                await opening.__aenter__()

    run(main)


@pytest.mark.parametrize("how", ["stop", "request_stop", "abort"])
def test_an_end_that_is_wanted_before_anything_began(how: str) -> None:
    async def connect(backend: Backend, protocol: asyncio.Protocol) -> asyncio.Transport:
        raise AssertionError("nothing is dialled")

    async def main() -> None:
        async with open_session(Backend(), {"mic": Frames(5)}, connect=connect) as session:
            if how == "stop":
                await session.stop()
            else:
                getattr(session, how)()
            ended = await session.wait()
        assert ended.state is State.CLOSED

    run(main)


def test_a_bug_in_connect_is_raised_by_the_block() -> None:
    async def connect(backend: Backend, protocol: asyncio.Protocol) -> asyncio.Transport:
        raise LookupError("a bug")

    async def main() -> None:
        async with open_session(Backend(), {"mic": Frames(5)}, connect=connect) as session:
            await session.wait()

    async def checked() -> None:
        with pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="a bug")):
            await main()

    run(checked)


def test_a_bug_at_the_end_leaves_no_task_and_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    feed = Face.feed

    def broken(self: Face, event: Event | Fact) -> None:
        if type(event) is Cancelled:
            raise LookupError("a bug")
        feed(self, event)

    async def main() -> None:
        monkeypatch.setattr(Face, "feed", broken)
        async with serving(echo) as backend:
            opening = open_session(
                backend, {"mic": Frames(100)}, spool=tmp_path, journal=tmp_path / "journal"
            )
            with pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="a bug")):
                async with opening as session:
                    async for update in session:
                        if isinstance(update, StateChanged) and update.state is State.STREAMING:
                            break

    run(main)


def test_the_date_of_the_answer_is_told() -> None:
    class Seen(Observer):
        dates: list[float | None]

        def on_event(self, event: Event, now: float) -> None:
            if isinstance(event, SocketOpened):
                self.dates.append(event.date)

    async def main() -> None:
        seen = Seen()
        seen.dates = []
        with BackgroundBackend() as backend:
            opening = open_session(backend.backend, {"mic": Frames(30)}, observers=[seen])
            async with opening as session:
                await session.wait()
        [date] = seen.dates
        assert date is not None
        assert abs(date - time.time()) < 60

    run(main)


def test_a_dialect_that_fails_on_a_live_line_is_one_line() -> None:
    class Broken(EchoPanel):
        def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
            raise ValueError("cannot encode")

    async def main() -> None:
        with pytest.raises(DialectError) as caught:
            await whole(echo, dialect=Broken())
        assert "cannot encode" in str(caught.value.__cause__ or caught.value)

    run(main)


def test_a_source_that_raises_fails_alone() -> None:
    class Broken(Frames):
        async def run(self, sink: Sink) -> None:
            await super().run(sink)
            raise asyncio.CancelledError("of something else")

    async def main() -> Ended:
        async with (
            serving(echo) as backend,
            open_session(backend, {"mic": Frames(20), "system": Broken(10)}) as session,
        ):
            return await session.wait()

    ended = run(main)
    assert ended.lost_sources
    assert ended.statistics.sources["mic"].confirmed == 20 * 320


def test_news_from_another_thread() -> None:
    async def main() -> None:
        async with (
            serving(deaf) as backend,
            open_session(backend, {"mic": Frames(100)}) as session,
        ):
            from openline.events import AbortRequested  # noqa: PLC0415

            thread = threading.Thread(target=session._driver.post, args=(AbortRequested(),))  # pyright: ignore[reportPrivateUsage]
            thread.start()
            assert (await session.wait()).reason == "aborted"
            thread.join()

    run(main)


@pytest.mark.parametrize("name", LOOPS)
def test_another_loop_or_thread_that_calls_the_session_is_told_so(name: str) -> None:
    """No event wakes the caller there; a request would change the session beside its loop."""
    told: list[str] = []

    def elsewhere(session: Session) -> None:
        async def waits(how: str) -> None:
            with pytest.raises(RuntimeError) as refused:
                await asyncio.wait_for(getattr(session, how)(), 1)
            told.append(str(refused.value))

        for how in ("wait", "stop", "wait_readable", "__anext__"):
            asyncio.run(waits(how))
        for how in ("request_stop", "abort", "skip_to_live", "network_restored"):
            with pytest.raises(RuntimeError) as refused:
                getattr(session, how)()
            told.append(str(refused.value))

    async def main() -> Session:
        async with (
            serving(deaf) as backend,
            open_session(backend, {"mic": Frames(1000)}) as session,
        ):
            while session.poll():
                pass
            loop, done = asyncio.get_running_loop(), asyncio.Event()

            def call() -> None:
                elsewhere(session)
                loop.call_soon_threadsafe(done.set)

            threading.Thread(target=call).start()
            await done.wait()
            session.abort()
            await session.wait()
        return session

    session = run(main, LOOPS[name])
    assert len(told) == 8, told
    assert {each.partition(":")[0] for each in told} == {"this session runs in another event loop"}
    session.request_stop()  # it is over, so it may be asked from anywhere
    assert asyncio.run(session.stop()) is session.ended


def test_a_shared_provider_is_called_once_for_all() -> None:
    calls: list[threading.Thread] = []

    def blocking() -> str:
        calls.append(threading.current_thread())
        return "token"

    async def main() -> None:
        provider = SharedProvider(blocking)
        await asyncio.gather(*(whole(echo, frames=5, credentials=provider) for _ in range(5)))

    run(main)
    assert len(calls) == 1
    assert calls[0] is not threading.main_thread()


def test_no_asyncio_no_session() -> None:
    async def main() -> None:
        async with open_session(Backend(), {"mic": Frames(5)}):
            pass

    with pytest.raises(RuntimeError, match="needs asyncio"):
        trio.run(main)


def test_the_defaults_dial_for_real() -> None:
    async def main() -> Ended:
        async with open_session(
            Backend(port=1), {"mic": Frames(5)}, policy=Policy(max_attempts=0)
        ) as session:
            states = [u.state async for u in session if isinstance(u, StateChanged)]
            assert states[-1] is State.FAILED
            return await session.wait()

    assert "nothing listens" in run(main).reason
