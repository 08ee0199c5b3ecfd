"""Calls and loads with invented times, for tests of what is made of them."""

from __future__ import annotations

from openline.updates import (
    SAMPLE_RATE,
    Ended,
    Gap,
    GapCause,
    SourceStatistics,
    State,
    StateChanged,
    Statistics,
    Transcript,
)
from openline_load.figures import Call
from openline_load.own import Own
from openline_load.plan import Plan
from openline_load.run import Result


def gap(seconds: float) -> Gap:
    samples = round(seconds * SAMPLE_RATE)
    return Gap(source="mic", start=0, end=samples, samples=samples, cause=GapCause.BACKEND)


def change(state: State, dial: int = 1) -> StateChanged:
    return StateChanged(state=state, dial=dial)


def final(
    end: float, name: str = "", *, is_final: bool = True, settled: bool = False
) -> Transcript:
    return Transcript(
        source="mic", text="x", final=is_final, settled=settled, start=0.0, end=end, id=name
    )


def ended(*gaps: Gap, seconds: float = 10.0, reason: str = "finished", dials: int = 1) -> Ended:
    samples = round(seconds * SAMPLE_RATE)
    counts = SourceStatistics(captured=samples, sent=samples, confirmed=samples, missing=0)
    return Ended(
        state=State.CLOSED,
        complete=not gaps,
        reason=reason,
        missing=gaps,
        transcript=(),
        statistics=Statistics(dials=dials, sources={"mic": counts}),
    )


def call(
    lags: tuple[float, ...] = (0.1,),
    *,
    number: int = 1,
    due: float = 0.0,
    gaps: tuple[Gap, ...] = (),
) -> Call:
    """A caller that dialled at ``due``, and whose finals of two seconds come so late."""
    made = Call(number, due)
    made.began(due)
    made.update(change(State.CONNECTING), due)
    made.opened(due + 0.01)
    made.update(change(State.AWAITING_ACK), due + 0.01)
    made.asked(due + 0.02)
    made.talked(due)
    made.update(change(State.STREAMING), due + 0.05)
    for place, lag in enumerate(lags, 1):
        made.update(final(2.0 * place, f"1.1.{place}"), due + 2.0 * place + lag)
    end = due + 2.0 * len(lags) + 1
    made.update(ended(*gaps, seconds=2.0 * len(lags)), end)
    return made


def result(*calls: Call, own: Own | None = None, seconds: float = 20.0) -> Result:
    plan = Plan(sessions=max(1, len(calls)), ramp=2.0, hold=10.0)
    found = Result(plan, own or Own(), list(calls), 0.0, ended_at=seconds)
    found.live = [(float(at), min(at, len(calls))) for at in range(1, int(seconds))]
    return found
