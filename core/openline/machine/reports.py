"""What the app is told of a state, and of the end: facts put into words and counts."""

from __future__ import annotations

from openline.audio.gaps import AT_THE_END
from openline.machine.state import Facts
from openline.updates import Ended, State, StateChanged, Statistics


def announce(facts: Facts, state: State) -> StateChanged:
    """The update for having entered ``state``."""
    retry = facts.retry
    if state not in {State.RECONNECTING, State.FAILED}:
        return StateChanged(state=state, dial=facts.dial, reason=facts.end_reason)
    return StateChanged(
        state=state,
        dial=facts.dial,
        reason=retry.cause,
        action=retry.verdict.action if retry.verdict else None,
        retry_in=retry.until - facts.now if state is State.RECONNECTING else None,
    )


def statistics(facts: Facts) -> Statistics:
    """The counts so far."""
    return Statistics(
        dials=facts.dials,
        sources=facts.streams.statistics(),
        refused_samples=facts.streams.refused_samples,
        **facts.counts,
    )


def is_done(ended: Ended) -> bool:
    """Whether a process that resumed this session would have nothing to mend."""
    late = any(gap.cause in AT_THE_END for gap in ended.missing)
    heard = any(source.captured for source in ended.statistics.sources.values())
    return not late and (ended.state is State.CLOSED or not heard)


def result(facts: Facts, state: State) -> Ended:
    """The one result; ``complete`` holds exactly when it ended well and nothing is missing."""
    failed = state is State.FAILED
    missing = facts.streams.missing()
    verdict = facts.retry.verdict
    # A source that broke off captured less than there was, and no gap can tell of that.
    lost = "; ".join(f"{each.source} was lost: {each.reason}" for each in facts.lost_sources)
    # A failure has a cause, always.
    not_well = facts.retry.cause if failed else facts.end_reason or lost
    short = "not all audio was confirmed" if missing else ""
    return Ended(
        state=state,
        complete=not (not_well or missing),
        reason=not_well or short or "finished",
        missing=missing,
        transcript=facts.timeline.finals,
        statistics=statistics(facts),
        lost_sources=tuple(facts.lost_sources),
        action=verdict.action if failed and verdict else None,
        summary=facts.summary.summary if facts.summary else None,
        summary_covers=facts.summary_covers if facts.summary else None,
    )
