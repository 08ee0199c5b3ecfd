"""What a session is, from its opening to its end, on a clock that jumps."""

from __future__ import annotations

from functools import partial

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import State, Update
from openline_audio.source import Sink
from openline_trio import Session, open_session
from tests.support_lines import (
    BINARY,
    PING,
    PONG,
    TEXT,
    Frames,
    Peer,
    Silent,
    all_delivered,
    frame,
    numbered,
)
from tests.support_sessions import (
    BACKEND,
    Play,
    echo,
    last,
    spans,
    states,
)

# What a session is.


async def test_a_session_from_open_to_end(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(echo)
    source = Frames(110)
    with all_delivered():
        async with open_session(BACKEND, {"mic": source}, connect=net, session_id="s-1") as session:
            assert session.session_id == "s-1"
            assert session.ended is None
            updates = [update async for update in session]
            with pytest.raises(StopAsyncIteration):
                await anext(session)
            ended = last(updates)
            assert [session.ended, await session.stop(), await session.wait()] == [ended] * 3
            assert session.state is State.CLOSED
            assert session.transcript == ended.transcript
        await net.dials[0].gone.wait()
        await wait_all_tasks_blocked()
    assert states(updates) == [
        State.CONNECTING,
        State.AWAITING_ACK,
        State.STREAMING,
        State.FINISHING,
        State.CLOSING,
        State.CLOSED,
    ]
    assert spans(updates) == ["0-24", "25-49", "50-74", "75-99", "100-109"]
    assert (ended.complete, ended.reason) == (True, "finished")
    assert ended.summary is not None
    assert ended.statistics.sources["mic"].confirmed == 110 * 320
    assert net.dials[0].start["session_id"] == "s-1"
    assert source.sent == 110


async def test_a_session_has_a_name_of_its_own(autojump_clock: MockClock, play: Play) -> None:
    names = set[str]()
    for _ in range(2):
        net = play.net(echo)
        await play(net, Frames(1))
        start = net.dials[0].start
        names |= {start["session_id"], start["attempt_id"], start["connection_id"]}
    assert len(names) == 6


async def test_stop_finishes_and_returns_the_result(autojump_clock: MockClock, play: Play) -> None:
    async with open_session(BACKEND, {"mic": Frames(1000)}, connect=play.net(echo)) as session:
        await trio.sleep(1.01)
        ended = await session.stop()
        assert ended.complete
        assert [t.text for t in ended.transcript] == ["0-24", "25-49"]
        assert await session.stop() is ended
        session.request_stop()
        session.abort()
        session.network_restored()
        updates = [update async for update in session]
    assert last(updates) is ended


@pytest.mark.parametrize("how", ["stop", "request_stop", "abort"])
async def test_an_end_that_is_wanted_before_anything_began(
    autojump_clock: MockClock, play: Play, how: str
) -> None:
    net = play.net(echo)
    source = Frames(5)
    with all_delivered():
        async with open_session(BACKEND, {"mic": source}, connect=net) as session:
            if how == "stop":
                await session.stop()
            elif how == "request_stop":
                session.request_stop()
            else:
                session.abort()
            ended = await session.wait()
            assert [u async for u in session][-1] is ended
    assert ended.state is State.CLOSED
    assert (net.dials, source.sent) == ([], 0)


@pytest.mark.parametrize("seconds", [None, 0.0, 0.1, 0.5, 5.0])
async def test_leaving_the_block_early_aborts(
    autojump_clock: MockClock, play: Play, seconds: float | None
) -> None:
    net = play.net(echo)
    with all_delivered():
        async with open_session(BACKEND, {"mic": Frames(1000)}, connect=net) as session:
            if seconds is not None:
                await trio.sleep(seconds)
        assert session.ended is not None
        assert (session.ended.state, session.ended.reason) == (State.CLOSED, "aborted")
        for peer in net.dials:
            await peer.gone.wait()
        await wait_all_tasks_blocked()


async def test_abort_ends_at_once_and_reports_the_gaps(
    autojump_clock: MockClock, play: Play
) -> None:
    async with open_session(BACKEND, {"mic": Frames(1000)}, connect=play.net(echo)) as session:
        await trio.sleep(1.25)
        session.abort()
        updates = [update async for update in session]
    ended = last(updates)
    assert not ended.complete
    assert ended.reason == "aborted"
    assert trio.current_time() == pytest.approx(1.25)


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), ExceptionGroup("mine", [OSError("x")])]
)
@pytest.mark.parametrize("when", [None, 1.0, 60.0])
async def test_an_error_of_the_block_comes_out_as_it_is(
    autojump_clock: MockClock, play: Play, error: BaseException, when: float | None
) -> None:
    with all_delivered():
        with pytest.raises(type(error)) as caught:  # noqa: PT012 -- the block is what is tested
            async with open_session(BACKEND, {"mic": Frames(100)}, connect=play.net(echo)):
                if when is not None:
                    await trio.sleep(when)
                raise error
        assert caught.value is error
        await wait_all_tasks_blocked()


async def test_connect_with_a_wrong_result_is_reported(
    autojump_clock: MockClock, play: Play
) -> None:
    async def connect(backend: Backend) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        raise RuntimeError("a bug")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="a bug"), flatten_subgroups=True):
        async with open_session(BACKEND, {"mic": Silent()}, connect=connect) as session:
            await session.wait()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"credentials": "nö"}, "token"),
        ({"credentials": ""}, "token"),
        ({"session_id": " "}, "session_id"),
        ({"sources": {"radio": Silent()}}, "sources"),
        ({"sources": {}}, "sources"),
        ({"policy": Policy(buffer_seconds=1)}, "buffer_seconds"),
    ],
)
async def test_unusable_value_is_refused_in_one_line(
    autojump_clock: MockClock, given: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        open_session(BACKEND, **({"sources": {"mic": Silent()}} | given))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert "nö" not in str(caught.value)


async def test_the_defaults_dial_for_real() -> None:
    async with open_session(
        Backend(port=1), {"mic": Silent()}, policy=Policy(max_attempts=0)
    ) as session:
        ended = await session.wait()
    assert ended.state is State.FAILED
    assert (ended.missing, ended.complete) == ((), False)
    assert "nothing listens" in ended.reason


# A slow app.


@pytest.mark.repeats
async def test_unread_updates_use_bounded_memory_and_lose_no_final(
    autojump_clock: MockClock, play: Play
) -> None:
    """Three hours of everything in front of an app that looks only then."""
    minutes = 180
    answered: list[float] = []

    class Rare:
        duration = None
        may_pause = True

        async def run(self, sink: Sink) -> None:
            sink.started(trio.current_time())
            for number in range(minutes):
                sink.audio(numbered(number))
                sink.hole(60 * 16000 - 320)
                await trio.sleep(60)

    async def talk(peer: Peer) -> None:
        while True:
            for second in range(0, 60, 3):
                await trio.sleep(3)
                await peer.send("metrics", source="mic", backlog_seconds=0.0)
                await peer.send("asr_partial", text=f"{second}", t0=0, t1=1e9, source="mic")
                await peer.send("entities_update", people=[str(second)])
                await peer.send("status", state=("buffering", "streaming")[second % 2])
            await peer.stream.send_all(frame(PING, b"are you there"))

    async def script(peer: Peer) -> None:
        await peer.open()
        frames = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk, peer)
            while True:
                opcode, payload = await peer.receive()
                if opcode == PING:
                    await peer.stream.send_all(frame(PONG, payload))
                elif opcode == PONG:
                    answered.append(trio.current_time())
                elif opcode == BINARY:
                    await peer.final(f"{frames}", frames * 0.02, (frames + 1) * 0.02)
                    frames += 1
                elif opcode == TEXT:
                    await peer.finish()
                else:
                    break
            nursery.cancel_scope.cancel()

    net = play.net(script)
    async with open_session(BACKEND, {"mic": Rare()}, connect=net) as session:
        ended = await session.wait()
        updates = [update async for update in session]
    assert len(net.dials) == 1
    assert len(answered) >= minutes - 1
    assert spans(updates) == [str(n) for n in range(minutes)]
    assert last(updates) is ended
    # Finals, one gap a minute, states, and one each of what passes.
    assert len(updates) <= 2 * minutes + 6 + 1 + 8


async def test_two_tasks_do_not_iterate_over_one_session(
    autojump_clock: MockClock, play: Play
) -> None:
    async with open_session(BACKEND, {"mic": Frames(50)}, connect=play.net(echo)) as session:
        read: list[Update] = []

        async def iterate() -> None:
            read.extend([update async for update in session])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(iterate)
            await wait_all_tasks_blocked()
            for wait in (session.__anext__, session.wait_readable):
                with pytest.raises(trio.BusyResourceError, match="read them in one task"):
                    await wait()
    assert read[-1] is session.ended
    assert [update async for update in session] == []


async def test_an_iteration_goes_on_and_ends_where_another_task_polls(
    autojump_clock: MockClock, play: Play
) -> None:
    """Each update goes to the task that asks first, and the end to both."""
    async with open_session(BACKEND, {"mic": Frames(500)}, connect=play.net(echo)) as session:
        read: list[Update] = []

        async def iterate() -> None:
            async for update in session:
                read.append(update)  # noqa: PERF401  # beside those that are polled

        async with trio.open_nursery() as nursery:
            nursery.start_soon(iterate)
            while not session.exhausted:
                if (update := session.poll()) is not None:
                    read.append(update)
                await trio.sleep(0.001)
    assert len(spans(read)) == 20
    assert last(read) is session.ended


async def test_another_run_or_thread_that_calls_the_session_is_told_so(play: Play) -> None:
    """No event wakes the caller there; a request would change the session beside its run."""
    told: list[str] = []

    def elsewhere(session: Session) -> None:
        async def waits(how: str) -> None:
            with trio.fail_after(1), pytest.raises(RuntimeError) as refused:
                await getattr(session, how)()
            told.append(str(refused.value))

        for how in ("wait", "stop", "wait_readable", "__anext__"):
            trio.run(waits, how)
        for how in ("request_stop", "abort", "skip_to_live", "network_restored"):
            with pytest.raises(RuntimeError) as refused:
                getattr(session, how)()
            told.append(str(refused.value))

    async with open_session(BACKEND, {"mic": Frames(1000)}, connect=play.net(echo)) as session:
        while session.poll():
            pass
        await trio.to_thread.run_sync(elsewhere, session)
        token = trio.lowlevel.current_trio_token()
        await trio.to_thread.run_sync(
            partial(trio.from_thread.run_sync, session.abort, trio_token=token)
        )
        await session.wait()
    assert len(told) == 8, told
    assert {each.partition(":")[0] for each in told} == {"this session runs in another trio run"}
    ended = await trio.to_thread.run_sync(trio.run, session.stop)  # it is over: from anywhere
    assert ended is session.ended
