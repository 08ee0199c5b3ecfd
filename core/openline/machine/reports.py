"""The reports of a state, the end and the counts, and the snapshot, made from the state."""

from __future__ import annotations

from openline.audio.causes import describe_missing
from openline.audio.gaps import AT_THE_END
from openline.machine.state import SessionState
from openline.machine.timers import OFF, TIMERS
from openline.snapshot import RetrySnapshot, Snapshot, Watermarks
from openline.updates import Ended, State, StateChanged, Statistics


def announce(session: SessionState, state: State) -> StateChanged:
    """The update for having entered ``state``."""
    retry = session.retry
    if state not in {State.RECONNECTING, State.FAILED}:
        return StateChanged(state=state, dial=session.dial, reason=session.end_reason)
    return StateChanged(
        state=state,
        dial=session.dial,
        reason=retry.cause,
        action=retry.verdict.action if retry.verdict else None,
        retry_in=retry.until - session.now if state is State.RECONNECTING else None,
    )


def statistics(session: SessionState) -> Statistics:
    """The counts so far."""
    return Statistics(
        dials=session.dials,
        sources=session.streams.statistics(),
        refused_samples=session.streams.refused_samples,
        **session.counts,
    )


def is_done(session: SessionState, ended: Ended) -> bool:
    """Whether resuming this session would fill no gap, and hear no words that were left."""
    left = any(stream.is_left for stream in session.streams.all)
    late = left or any(gap.cause in AT_THE_END for gap in ended.missing)
    captured = any(source.captured for source in ended.statistics.sources.values())
    return not late and (ended.state is State.CLOSED or not captured)


def result(session: SessionState, state: State) -> Ended:
    """The result; ``complete`` is True exactly when it ended well and nothing is missing."""
    failed = state is State.FAILED
    missing = session.streams.missing()
    verdict = session.retry.verdict
    # A source that failed did not capture all audio, and no gap shows that.
    lost = "; ".join(f"{each.source} was lost: {each.reason}" for each in session.lost_sources)
    # A failure always has a cause.
    not_well = session.retry.cause if failed else session.end_reason or lost
    short = ""
    if missing:
        short = "not all audio was confirmed"
        short += f": {describe_missing(missing)}"
    unmeasured = session.streams.unmeasured
    if unmeasured:
        short = short or "audio was taken for silence, and its level was not measured"
    if untold := session.counts["untold"]:
        plural = "s" * (untold > 1)
        short = short or f"{untold} message{plural} that may hold words could not be reported"
    if unfinal := session.counts["unfinal"]:
        short = short or "the backend's last words never became final"
    return Ended(
        state=state,
        complete=not (not_well or missing or untold or unfinal or unmeasured),
        reason=not_well or short or "finished",
        missing=missing,
        transcript=session.timeline.finals,
        statistics=statistics(session),
        accounts=session.streams.accounts(),
        lost_sources=tuple(session.lost_sources),
        action=verdict.action if failed and verdict else None,
        moved=session.move is not None,
        summary=session.summary.summary if session.summary else None,
        summary_covers=session.summary_covers if session.summary else None,
    )


def snapshot(session: SessionState) -> Snapshot:
    """The session as it is now."""
    streams, retry = session.streams, session.retry
    due = sorted([(at, i) for i, at in enumerate(session.deadlines) if at != OFF])
    return Snapshot(
        state=State(session.state),
        now=session.now,
        dial=session.dial,
        dials=session.dials,
        request=session.request,
        redirects=session.hops,
        deadlines={TIMERS[i]: at for at, i in due},
        sources={
            stream.box.source: Watermarks(
                origin=stream.box.origin,
                captured=stream.box.captured,
                sent=stream.box.sent,
                received=stream.received,
                confirmed=stream.box.confirmed,
                buffered=stream.box.buffered,
                unsent=stream.box.unsent,
                filling=stream.window.filling,
            )
            for stream in streams.all
        },
        counts=dict(session.counts),
        retry=RetrySnapshot(
            tries=retry.tries,
            attempts=retry.attempts,
            strikes=retry.strikes,
            reauth_used=retry.reauth_used,
            give_up_at=retry.give_up_at,
            gate_opens_at=retry.gate.opens_at(session.now),
            dial_at=retry.until,
            hint_ends_wait=retry.network_hint_applies,
            cause=retry.cause,
        ),
        stop_wanted=session.stop_wanted,
        credential_wanted=session.credential_wanted,
        with_credential=session.with_credential,
        streamed=session.streamed,
        line_open=session.line_open,
        start_due=session.start_due,
        start_sent=session.start_sent,
        stop_sent=session.stop_is_sent,
        ping_wanted=session.ping_wanted,
        window_shut=streams.shut,
        undelivered=streams.undelivered,
        sources_over=streams.over,
        memory=session.memory,
        credential_due=session.now >= session.credential_due_at,
        greeted=session.greeted,
        speaks=session.timeline.speaks,
        leaving=session.life.leaving,
    )
