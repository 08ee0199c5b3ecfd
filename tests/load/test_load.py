"""Whole loads on a clock that jumps, against a backend in memory whose speed is known."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError
from openline_load.capacity import Bound, Search
from openline_load.figures import Outcome
from openline_load.own import Own
from openline_load.plan import Plan
from openline_load.report import lines, report
from openline_load.run import Ending, Result
from tests.load.virtual import Toiling, Transport, played
from tests.support_asyncio import JumpingLoop, run


def test_a_load_on_a_fast_backend() -> None:
    backend = Toiling()
    result = run(partial(played, Plan(sessions=4, ramp=2, hold=3), backend))
    found = report(result)
    assert found.is_good
    assert result.ended_by is Ending.FINISHED
    assert not found.is_own
    assert [call.began_at for call in result.calls] == pytest.approx([0, 0.5, 1, 1.5])
    assert backend.dials == pytest.approx([0, 0.5, 1, 1.5])
    assert [call.audio for call in result.calls] == pytest.approx([5, 4.5, 4, 3.5])
    assert found.outcomes == {Outcome.COMPLETE: 4}
    connect, ack, lag = (found.spreads[name] for name in ("connect", "ack", "final_lag"))
    assert connect is not None
    assert ack is not None
    assert lag is not None
    assert connect.most == pytest.approx(0.001)
    assert ack.most == pytest.approx(0.01)
    assert lag.count == 10 + 9 + 8 + 7
    assert lag.most == pytest.approx(0, abs=1e-6)
    assert result.own.frames.count == 50 + 45 + 40 + 35
    assert result.own.frames.most == 0
    assert max(live for _, live in result.live) == 4


def test_the_lag_is_what_the_backend_takes() -> None:
    """Two callers in step: the one worker takes 0.1 s for each final, so the second waits."""
    plan = Plan(sessions=2, ramp=1, hold=4)  # begin at 0 and 0.5: their finals come in step
    found = report(run(partial(played, plan, Toiling(0.2))))
    lag = found.spreads["final_lag"]
    assert lag is not None
    assert lag.p50 == pytest.approx(0.1, abs=0.002)
    assert lag.most == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize("frame", [0.02, 0.7, 0.9])
def test_the_length_of_a_frame_is_no_lag(frame: float) -> None:
    """The backend answers at once; it gets the end of most finals with a part of the next."""
    plan = Plan(sessions=2, ramp=1, hold=9)
    found = report(run(partial(played, plan, Toiling(), frame=frame)))
    lag = found.spreads["final_lag"]
    assert lag is not None
    assert lag.count >= 36
    assert lag.most == pytest.approx(0, abs=1e-6)


def test_without_a_ramp_all_begin_at_once() -> None:
    result = run(partial(played, Plan(sessions=5, ramp=0, hold=2), Toiling()))
    assert [call.began_at for call in result.calls] == [0] * 5
    assert report(result).is_good


def test_callers_arrive_however_slowly_the_backend_answers() -> None:
    backend = Toiling(acks=False)
    plan = Plan(sessions=5, ramp=1, hold=2, rate=2.0)
    result = run(partial(played, plan, backend))
    assert [call.began_at for call in result.calls] == pytest.approx([0, 0.5, 1, 1.5, 2])
    assert all(call.ack is None and call.outcome is Outcome.INCOMPLETE for call in result.calls)
    assert result.ended_by is Ending.NEVER_ACKNOWLEDGED
    assert not report(result).is_good
    assert sum(report(result).reasons.values()) == 5


def test_a_backend_that_dies_for_good() -> None:
    """Each line is lost at 3 s, and no dial is answered from then on."""

    class Dying(Toiling):
        async def __call__(self, backend: Backend, protocol: asyncio.Protocol) -> Transport:
            if asyncio.get_running_loop().time() > 2.9:
                raise DialError(ErrorKind.REFUSED, "connection refused")
            return await super().__call__(backend, protocol)

    backend = Dying()

    def look(result: Result) -> bool:
        if result.seconds > 2.9:
            for transport in backend.transports:
                transport.abort()
        return False

    result = run(partial(played, Plan(sessions=2, ramp=1, hold=60), backend, look=look))
    assert result.ended_by is Ending.FAILED
    assert {call.outcome for call in result.calls} == {Outcome.INCOMPLETE}
    assert lines(report(result))[-1] == "every caller failed"


@pytest.mark.parametrize("act", ["stop", "abort"])
def test_a_load_can_be_ended(act: str) -> None:
    plan = Plan(sessions=10, ramp=10, hold=30)
    result = run(partial(played, plan, Toiling(), acts=[(4.5, act)]))
    assert len(result.begun) == 5
    assert result.seconds < 5.5
    outcomes = {call.outcome for call in result.begun}
    assert outcomes == {Outcome.COMPLETE if act == "stop" else Outcome.INCOMPLETE}
    assert result.ended_by is (Ending.INTERRUPTED if act == "stop" else Ending.ABORTED)


def test_a_load_that_is_stopped_and_then_aborted_was_aborted() -> None:
    plan = Plan(sessions=3, ramp=3, hold=30)
    acts = [(1.5, "stop"), (1.5, "abort"), (1.5, "stop")]
    result = run(partial(played, plan, Toiling(), acts=acts))
    assert result.ended_by is Ending.ABORTED


def test_a_load_that_is_cut_short_keeps_its_figures() -> None:
    async def main() -> Result:
        holding: list[Result] = []
        plan = Plan(sessions=2, ramp=1, hold=30)

        def look(result: Result) -> bool:
            holding[:] = [result]
            return False

        task = asyncio.create_task(played(plan, Toiling(), look=look))
        await asyncio.sleep(5.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)  # the backend's ends of the streams
        return holding[0]

    result = run(main)
    lag = report(result).spreads["final_lag"]
    assert lag is not None
    assert lag.count == 10 + 9
    assert result.ended_by is Ending.ABORTED
    assert all(call.outcome is not None for call in result.calls)


def test_what_looks_may_end_it() -> None:
    def look(result: Result) -> bool:
        return result.seconds > 3

    result = run(partial(played, Plan(sessions=2, ramp=1, hold=30), Toiling(), look=look))
    assert result.ended_by is Ending.BOUND
    assert result.seconds < 5


def test_an_error_of_what_looks_is_raised() -> None:
    def look(result: Result) -> bool:
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        run(partial(played, Plan(sessions=1, ramp=1, hold=3), Toiling(), look=look))


def test_lines_that_are_cut_are_dialled_again_and_lose_nothing() -> None:
    backend = Toiling()
    plan = Plan(sessions=4, ramp=1, hold=12)
    result = run(partial(played, plan, backend, faults="cut after 3s every 6s"))
    assert all(call.faults == ["cut at 3.0 s", "cut at 9.0 s"] for call in result.calls)
    assert [call.reconnects for call in result.calls] == [2, 2, 2, 2]
    assert len(backend.dials) == 12
    assert [call.outcome for call in result.calls] == [Outcome.COMPLETE] * 4
    assert report(result).lost == 0


def test_a_caller_that_reads_nothing_gets_its_words_late() -> None:
    result = run(
        partial(
            played, Plan(sessions=1, ramp=1, hold=7), Toiling(), faults="freeze 2s after 2100ms"
        )
    )
    [call] = result.calls
    lags = [lag.seconds for lag in call.final_lags]
    assert max(lags) == pytest.approx(1.6, abs=0.01)  # at 2.5 s, and read at 4.1 s
    assert (call.reconnects, call.outcome) == (0, Outcome.COMPLETE)


def test_a_caller_that_leaves_sends_no_stop() -> None:
    result = run(
        partial(played, Plan(sessions=2, ramp=1, hold=7), Toiling(), faults="leave after 3s")
    )
    assert [call.outcome for call in result.calls] == [Outcome.LEFT] * 2
    assert report(result).is_good
    assert result.seconds < 4


def test_nothing_is_struck_between_two_dials() -> None:
    backend = Toiling()
    faults = "cut after 2s; cut after 2010ms; freeze 1s after 2020ms"
    result = run(partial(played, Plan(sessions=1, ramp=1, hold=7), backend, faults=faults))
    [call] = result.calls
    assert call.faults == ["cut at 2.0 s"]
    assert call.outcome is Outcome.COMPLETE


def test_a_generator_that_is_late_says_so() -> None:
    """Each 0.3 s its loop is blocked for 0.06 s: the backend is as fast as ever."""

    async def main() -> Result:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)

        def block() -> None:
            loop.now += 0.06
            blocking.append(loop.call_later(0.24, block))

        blocking = [loop.call_later(0.37, block)]
        try:
            return await played(Plan(sessions=3, ramp=1, hold=6), Toiling(), frame=0.02)
        finally:
            blocking[-1].cancel()

    result = run(main)
    found = report(result)
    assert found.is_own
    late, count = found.spoiled["frames"]
    assert late > 0.1 * count
    assert result.own.frames.most == pytest.approx(0.06, abs=0.021)
    assert 0.02 < result.own.turns.most < 0.081
    assert found.is_good


def test_a_generator_that_is_overrun_still_reads() -> None:
    """More frames are due than a turn hands over, each of which takes 5 ms."""

    async def main() -> Result:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        own = Own()
        frame = own.frame

        def slow(due: float, at: float) -> None:
            loop.now += 0.005
            frame(due, at)

        own.frame = slow  # type: ignore[method-assign]
        plan = Plan(sessions=9, ramp=1, hold=5)
        return await played(plan, Toiling(), frame=0.02, own=own, acts=[(4.0, "abort")])

    result = run(main)
    assert result.seconds < 6
    assert report(result).is_own


@pytest.mark.parametrize("capacity", [5, 13])
def test_the_search_finds_the_capacity_of_a_backend_to_10_percent(capacity: int) -> None:
    search, bound = Search(200), Bound(0.4)
    while (callers := search.next) is not None:
        plan = Plan(sessions=callers, ramp=1, hold=9)
        backend = Toiling(1 / capacity)

        def look(result: Result) -> bool:
            return bound.broken(result, over=False) is not None

        result = run(partial(played, plan, backend, look=look))
        well = result.ended_by is Ending.FINISHED and bound.broken(result, over=True) is None
        search.took(callers, well=well)
    assert search.good == pytest.approx(capacity, rel=0.1)
