"""The figures of a whole load: as rows for a table, as plain data for JSON, as lines to read.

Percentiles are over all callers, or all finals, not means of means. A figure that the generator may
have spoiled by its own lateness is counted beside it (``flagged``). ``Report.spoiled`` is the one
place that says whether the generator was late, and in what: its frames, if more than one in a
hundred was late, and each kind of figure of which more than one in a hundred is flagged. What is
printed, the JSON and the verdict on a trial all read it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from openline_load.capacity import Search, Trial
from openline_load.faults import Effect
from openline_load.figures import Call, Interval, Outcome, Spread, spread
from openline_load.own import LATE
from openline_load.run import Ending, Result

#: The part of figures, or of frames, from which on the generator is said to have been late.
_SPOILED: Final = 0.01
#: What can be done about it.
REMEDY: Final = (
    "start fewer sessions, give a longer --ramp or --frame 100ms, or load from more machines"
)
#: What a bound on the lag and on losses is judged by.
_JUDGED: Final = frozenset({"frames", "final_lag"})


class Report(NamedTuple):
    """The figures of a load."""

    result: Result
    spreads: dict[str, Spread | None]
    outcomes: Counter[Outcome]
    reasons: Counter[str]
    reconnects: int
    refusals: int
    starved: int
    lost: float
    audio: float
    struck: Counter[Effect]

    @property
    def spoiled(self) -> dict[str, tuple[int, int]]:
        """What the generator was late in: how many of how many, by the name of the figure.

        ``frames`` are its own frames, ``refusals`` those for which it could open no file. Empty:
        it was in time.
        """
        own = self.result.own
        counted = {
            "frames": (own.late_frames, own.frames.count),
            "refusals": (self.starved, self.refusals),
        } | {
            name: (each.flagged, each.count)
            for name, each in self.spreads.items()
            if each is not None
        }
        return {
            name: (late, count)
            for name, (late, count) in counted.items()
            if late > _SPOILED * count
        }

    @property
    def is_own(self) -> bool:
        """Whether the generator was late, so that what is spoiled is not the backend's alone."""
        return bool(self.spoiled)

    @property
    def is_bound_own(self) -> bool:
        """Whether it was late in what a bound is judged by."""
        return not _JUDGED.isdisjoint(self.spoiled)

    @property
    def is_early(self) -> bool:
        """Whether somebody ended the load before its time."""
        return self.result.ended_by is not None and self.result.ended_by.is_early

    @property
    def is_good(self) -> bool:
        """Whether every caller that began ended as it should."""
        return all(
            call.outcome in {Outcome.COMPLETE, Outcome.LEFT} for call in self.result.begun
        ) and bool(self.result.begun)


def report(result: Result, effects: Iterable[Effect] = ()) -> Report:
    """The figures of what a load has measured so far. ``effects``: those of its faults."""
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
        sum(call.starved for call in begun),
        sum(call.lost for call in begun),
        sum(call.audio for call in begun),
        _struck(begun, effects),
    )


def _struck(calls: Sequence[Call], effects: Iterable[Effect]) -> Counter[Effect]:
    """How often each of them struck, those too that never did."""
    found = Counter(dict.fromkeys(effects, 0))
    found.update(strike.effect for call in calls for strike in call.struck)
    return found


def _seconds(value: float) -> str:
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2f} s"


def _generator(result: Result) -> str:
    """How late the generator was. Counts, since a share would be rounded to none."""
    own = result.own
    late = f"{own.late_frames} of {own.frames.count} frames were late by more than {_seconds(LATE)}"
    most, p99 = _seconds(own.frames.most), _seconds(own.frames.quantile(0.99))
    turns, cpu = _seconds(own.turns.most), 100 * result.cpu
    return (
        f"{late} (p99 {p99}, most {most}), the event loop by {turns} at most; "
        f"{cpu:.0f} % of a processor"
    )


def _spoiled(found: Report) -> list[str]:
    """What the generator may have spoiled, a line for each reason."""
    told: list[str] = []
    if found.starved:
        told.append(
            f"the generator had no open file left for {found.starved} dials: raise the limit "
            "(ulimit -n)"
        )
    named = [
        f"{late} of {count} {name.replace('_', ' ')}"
        for name, (late, count) in found.spoiled.items()
        if name != "refusals"
    ]
    if named:
        told.append(f"the generator was late: it may have spoiled {', '.join(named)}; {REMEDY}")
    return told


def _ended(result: Result) -> str:
    """Why it is no whole load; nothing if it is one."""
    match result.ended_by:
        case Ending.INTERRUPTED | Ending.ABORTED:
            so_far = f"{result.seconds:.1f} s of a load of {result.plan.seconds:.1f} s"
            return f"{result.ended_by} after {so_far}: these are the figures so far"
        case Ending.NEVER_ACKNOWLEDGED:
            return "no caller was ever acknowledged"
        case Ending.FAILED:
            return "every caller failed"
        case _:
            return ""


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
    result = found.result
    ended = ", ".join(f"{count} {each}".replace("_", " ") for each, count in found.outcomes.items())
    told = [
        f"sessions: {len(result.begun)} of {result.plan.sessions}, {ended or 'none ended'}",
        f"lines: {found.reconnects} × reconnected, {found.refusals} × refused",
        f"audio: {found.audio:.1f} s, lost {found.lost:.2f} s",
        f"generator: {_generator(result)}",
    ]
    if found.struck:
        struck = ", ".join(f"{count} × {effect}" for effect, count in found.struck.items())
        told.append(f"faults: {struck}")
    told += [f"incomplete: {count} × {reason}" for reason, count in found.reasons.most_common(5)]
    if cut := _ended(result):
        told.append(cut)
    return told + _spoiled(found)


def as_data(found: Report) -> dict[str, Any]:
    """Everything, as JSON has it; times are seconds, those of moments from the load's beginning."""
    result, own = found.result, found.result.own
    plan = result.plan
    return {
        "plan": {
            "sessions": plan.sessions, "ramp": plan.ramp, "hold": plan.hold, "rate": plan.rate,
            "seconds": plan.seconds,
        },
        "seconds": result.seconds,
        "ended_by": result.ended_by,
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
        "faults_struck": dict(found.struck),
        "generator": {
            "is_bottleneck": found.is_own,
            "spoiled": list(found.spoiled),
            "frames": own.frames.count,
            "late_frames": own.late_frames,
            "late_by_p50": own.frames.quantile(0.5),
            "late_by_p99": own.frames.quantile(0.99),
            "late_by_most": own.frames.most,
            "loop_late_by_p99": own.turns.quantile(0.99),
            "loop_late_by_most": own.turns.most,
            "cpu": result.cpu,
            "starved_dials": found.starved,
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
    own = ", and the generator was late in it" if trial.is_own else ""
    return f"{_sessions(trial.callers)}: {_why(trial)}{own}"


def capacity_line(search: Search, trials: Sequence[Trial], *, over: bool = True) -> str:
    """What a search has found, as a line; ``over``: it was not interrupted."""
    if not over and not trials:
        return "capacity: unknown; the search was interrupted in its first trial"
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


def capacity_data(search: Search, trials: Sequence[Trial], *, over: bool = True) -> dict[str, Any]:
    """A search, as JSON has it; ``over``: it was not interrupted."""
    failed = {trial.callers: trial for trial in trials if trial.breach}
    return {
        "ended_by": Ending.FINISHED if over else Ending.INTERRUPTED,
        "capacity": search.good if trials else None,
        "too_many": search.bad,
        "is_own": search.bad is not None and failed[search.bad].is_own,
        "trials": [
            {
                "callers": trial.callers,
                "breach": trial.breach and trial.breach.text,
                "is_own": trial.is_own,
                **{key: value for key, value in as_data(report(trial.result)).items()
                   if key != "calls"},
            }
            for trial in trials
        ],
    }  # fmt: skip
