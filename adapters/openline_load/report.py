"""The figures of a whole load: as rows for a table, as plain data for JSON, as lines to read.

Percentiles are over all callers, or all finals, not means of means. A figure that the generator may
have spoiled by its own lateness is counted beside it (``flagged``); where they are more than one in
a hundred, or a frame in a hundred was late, the generator was the bottleneck, and the report says
so before anything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from openline_load.capacity import Search, Trial
from openline_load.figures import Call, Interval, Outcome, Spread, spread
from openline_load.own import LATE
from openline_load.run import Result

#: The part of figures, or of frames, from which on the generator is said to be the bottleneck.
_SPOILED: Final = 0.01
#: What can be done about it.
REMEDY: Final = "start fewer sessions, give --frame 100ms, or load from more machines"


class Report(NamedTuple):
    """The figures of a load."""

    result: Result
    spreads: dict[str, Spread | None]
    outcomes: Counter[Outcome]
    reasons: Counter[str]
    reconnects: int
    refusals: int
    lost: float
    audio: float

    @property
    def late_share(self) -> float:
        """The part of the generator's frames that were late."""
        own = self.result.own
        return own.late_frames / own.frames.count if own.frames.count else 0.0

    @property
    def is_own(self) -> bool:
        """Whether the generator was the bottleneck, so that the figures are no backend's."""
        found = [each for each in self.spreads.values() if each is not None]
        return self.late_share > _SPOILED or any(
            each.flagged > _SPOILED * each.count for each in found
        )

    @property
    def is_good(self) -> bool:
        """Whether every caller that began ended as it should."""
        return all(
            call.outcome in {Outcome.COMPLETE, Outcome.LEFT} for call in self.result.begun
        ) and bool(self.result.begun)


def report(result: Result) -> Report:
    """The figures of what a load has measured so far."""
    begun = result.begun

    def all_of(name: str) -> list[Interval]:
        return [found for call in begun if (found := getattr(call, name)) is not None]

    spreads = {name: spread(all_of(name), result.own) for name in ("connect", "ack", "first_words")}
    lags = [lag for call in begun for lag in call.final_lags]
    return Report(
        result,
        spreads | {"final_lag": spread(lags, result.own)},
        Counter(call.outcome for call in begun if call.outcome is not None),
        Counter(call.reason for call in begun if call.failed),
        sum(call.reconnects for call in begun),
        sum(call.refusals for call in begun),
        sum(call.lost for call in begun),
        sum(call.audio for call in begun),
    )


def _seconds(value: float) -> str:
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2f} s"


def _late(found: Report) -> str:
    share, cpu = 100 * found.late_share, 100 * found.result.cpu
    return f"{share:.1f} % by more than {_seconds(LATE)}; {cpu:.0f} % of a processor"


def rows(found: Report) -> list[tuple[str, ...]]:
    """The spreads as rows of text: figure, count, p50, p95, p99, most, flagged."""
    table: list[tuple[str, ...]] = [("", "count", "p50", "p95", "p99", "most", "flagged")]
    for name, each in found.spreads.items():
        label = name.replace("_", " ")
        if each is None:
            table.append((label, "0", *["-"] * 5))
            continue
        values = (each.p50, each.p95, each.p99, each.most)
        flagged = str(each.flagged) if each.flagged else ""
        table.append((label, str(each.count), *map(_seconds, values), flagged))
    return table


def lines(found: Report) -> list[str]:
    """What stands below the table, a line each."""
    result, own = found.result, found.result.own
    ended = ", ".join(f"{count} {each}".replace("_", " ") for each, count in found.outcomes.items())
    p99, most = _seconds(own.frames.quantile(0.99)), _seconds(own.frames.most)
    told = [
        f"sessions: {len(result.begun)} of {result.plan.sessions}, {ended or 'none ended'}",
        f"lines: {found.reconnects} × reconnected, {found.refusals} × refused",
        f"audio: {found.audio:.1f} s, lost {found.lost:.2f} s",
        f"generator: frames late by {p99} (p99) and {most} (most), {_late(found)}",
    ]
    told += [f"incomplete: {count} × {reason}" for reason, count in found.reasons.most_common(5)]
    if found.is_own:
        told.append(f"the generator was late: the backend may be better than this; {REMEDY}")
    return told


def as_data(found: Report) -> dict[str, Any]:
    """Everything, as JSON has it; times are seconds, those of moments from the load's beginning."""
    result, own = found.result, found.result.own
    plan = result.plan
    return {
        "plan": {
            "sessions": plan.sessions, "ramp": plan.ramp, "hold": plan.hold, "rate": plan.rate,
        },
        "seconds": result.seconds,
        "ended_by": result.ended_by or None,
        "sessions": {
            "begun": len(result.begun),
            **{each.value: found.outcomes[each] for each in Outcome},
        },
        "reconnects": found.reconnects,
        "refusals": found.refusals,
        "audio_seconds": found.audio,
        "lost_seconds": found.lost,
        **{name: each and asdict(each) for name, each in found.spreads.items()},
        "incomplete": dict(found.reasons),
        "generator": {
            "is_bottleneck": found.is_own,
            "frames": own.frames.count,
            "late_frames": own.late_frames,
            "late_by_p50": own.frames.quantile(0.5),
            "late_by_p99": own.frames.quantile(0.99),
            "late_by_most": own.frames.most,
            "loop_late_by_p99": own.turns.quantile(0.99),
            "loop_late_by_most": own.turns.most,
            "cpu": result.cpu,
        },
        "calls": [_call(call, result) for call in result.begun],
    }  # fmt: skip


def _call(call: Call, result: Result) -> dict[str, Any]:
    def moment(at: float | None) -> float | None:
        return None if at is None else at - result.began_at

    def taken(interval: Interval | None) -> float | None:
        return None if interval is None else interval.seconds

    lags = spread(call.final_lags, result.own)
    return {
        "number": call.number,
        "due": moment(call.due),
        "began": moment(call.began_at),
        "ended": moment(call.ended_at),
        "outcome": call.outcome,
        "reason": call.reason,
        "connect": taken(call.connect),
        "ack": taken(call.ack),
        "first_words": taken(call.first_words),
        "final_lag": lags and asdict(lags),
        "audio_seconds": call.audio,
        "lost_seconds": call.lost,
        "dials": call.dials,
        "reconnects": call.reconnects,
        "refusals": call.refusals,
        "faults": call.faults,
    }


def trial_line(trial: Trial) -> str:
    """One trial of a search, as a line."""
    verdict = _why(trial)
    own = ", and the generator was late" if trial.is_late else ""
    return f"{_sessions(trial.callers)}: {verdict}{own}"


def capacity_line(search: Search, trials: Sequence[Trial], *, over: bool = True) -> str:
    """What a search has found, as a line; ``over``: it was not interrupted."""
    if not over:
        below = "" if search.bad is None else f", fewer than {search.bad}"
        return f"capacity: {_sessions(search.good)} or more{below}; the search was interrupted"
    failed = {trial.callers: trial for trial in trials if trial.breach}
    if search.bad is None:
        return f"capacity: {_sessions(search.good)} or more; no trial broke a bound"
    last = failed[search.bad]
    if last.is_own:
        return (
            f"capacity: {_sessions(search.good)} or more: beyond, the generator was late, and the "
            f"backend may not be to blame; {REMEDY}"
        )
    too_many = "1 is" if search.bad == 1 else f"{search.bad} are"
    return f"capacity: {_sessions(search.good)}; {too_many} too many: {_why(last)}"


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _why(trial: Trial) -> str:
    return trial.breach.text if trial.breach else "well"


def capacity_data(search: Search, trials: Sequence[Trial]) -> dict[str, Any]:
    """A search, as JSON has it."""
    failed = {trial.callers: trial for trial in trials if trial.breach}
    return {
        "capacity": search.good,
        "too_many": search.bad,
        "is_own": search.bad is not None and failed[search.bad].is_own,
        "trials": [
            {
                "callers": trial.callers,
                "breach": trial.breach and trial.breach.text,
                "generator_was_late": trial.is_late,
                **{key: value for key, value in as_data(report(trial.result)).items()
                   if key != "calls"},
            }
            for trial in trials
        ],
    }  # fmt: skip
