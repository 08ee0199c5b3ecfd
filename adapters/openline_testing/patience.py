"""The laws of waiting: the delay before the next dial, and when to stop trying.

The rules count tries and retries since the line was stable, or since there was progress.
One thing is unknown from outside. When a late tick finds that the line was stable long
enough and also that it is dead, either may have come first. So this keeps every
``RetryEstimate`` that fits the observations and drops those that a reported delay
contradicts. The law is broken when none is left.
"""

from __future__ import annotations

import math

from openline.dialects.protocol import FinalMessage, Heard, Metrics
from openline.events import CredentialReady, SocketLost
from openline.reconnect.verdicts import Action
from openline.updates import State, StateChanged, Transcript
from openline_testing.delays import LAST_DIAL, Delays, RetryEstimate
from openline_testing.dialing import MINUTE, Dialing
from openline_testing.endings import (
    meaning,
    network_hint_applies,
)
from openline_testing.laws import GRACE, SLACK, broken
from openline_testing.observation import OVER, Observation

#: The gate may look back a little longer than the minute of the law.
GATE_SPAN = MINUTE + 1.0
#: Strikes that are fatal. A line that is lost by time alone is one if the backend is deaf.
STRIKES = 4


class Patience:
    """Observes delays and failures."""

    __slots__ = (
        "_asked_until",
        "_delays",
        "_for_gate",
        "_losses",
        "_put_off",
        "_stop_noted",
        "action",
        "cause",
        "dialing",
        "estimates",
        "noted",
        "seen",
        "streamed",
    )

    def __init__(self, seen: Observation, dialing: Dialing) -> None:
        self.seen = seen
        self.dialing = dialing
        self._delays = Delays(seen)
        self.estimates: frozenset[RetryEstimate] = frozenset({RetryEstimate()})
        self._asked_until = 0.0  # the time until which a server asked to wait
        self._stop_noted = False
        self._put_off = -math.inf  # a delay that a suspension made longer
        self._for_gate = False  # the delay is that of the gate alone
        self._losses: int = 0  # of lines and requests, each of which may be a strike
        self.noted = False  # this line, or the last one, is confirmed to have been stable
        self.streamed = False  # before this event the line had streamed for long enough
        self.action: Action | None = None  # the last reported verdict
        self.cause: SocketLost | None = None  # the event that caused the delay, if any

    # Events that change the retry state.

    def happened(self) -> None:
        """After the event was noted, before its commands."""
        seen = self.seen
        self.streamed = seen.state is State.STREAMING and self._held
        if isinstance(seen.event, CredentialReady) and seen.waited and seen.fresh:
            self.estimates = frozenset(estimate._replace(spent=True) for estimate in self.estimates)
            self.dialing.needs_fresh = False
        helps = self.action is not Action.LATER or network_hint_applies(self.cause, seen.dialect)
        if seen.hinted and helps and seen.state is State.RECONNECTING:
            seen.dial_from = seen.now
            opens = seen.now + self.dialing.gate_opens_in(GATE_SPAN)
            if not self._for_gate:
                seen.retry_at = min(seen.retry_at, opens)
        self._note_stop()

    def _note_stop(self) -> None:
        """A delay that would pass the time to finish is cut to its last instant, once."""
        seen = self.seen
        if not seen.stop_wanted or self._stop_noted:
            return
        self._stop_noted = True
        if seen.state is not State.RECONNECTING:
            return
        opens = seen.now + self.dialing.gate_opens_in(GATE_SPAN)
        if seen.retry_at < seen.finish_from - SLACK or opens > seen.finish_by - SLACK:
            return
        cuts: list[float] = []
        # The limit is not known for certain, but a delay is cut only where it reaches the limit: so
        # no cut puts the retry off.
        for limit in (seen.finish_from, min(seen.finish_by, seen.retry_at)):
            asked = self._asked_until if self._asked_until < limit else seen.now
            cuts.append(max(opens, asked, limit - LAST_DIAL))
        certain = seen.retry_at >= seen.finish_by - SLACK and opens < seen.finish_from - SLACK
        if not certain:
            cuts.append(seen.retry_at)
        seen.dial_from, seen.retry_at = min(*cuts, seen.dial_from), max(cuts)
        last = frozenset(each._replace(last=True) for each in self.estimates)
        self.estimates = last if certain else self.estimates | last

    def suspended(self, gap: float) -> None:
        """The process was suspended: that is no time without a line."""
        if math.isclose(self.seen.retry_at, self.seen.now + GRACE, abs_tol=SLACK):
            self._put_off = self.seen.retry_at
        self.estimates = frozenset(
            each if each.until is None else each._replace(until=each.until + gap)
            for each in self.estimates
        )

    def reported(self, update: StateChanged) -> None:
        """A state is reported; the ``Observation`` has not noted it yet."""
        self._note_stop()
        if update.state is State.RECONNECTING:
            self._waits(update, update.retry_in if update.retry_in is not None else -1.0)
        elif update.state is State.FAILED:
            self._fails(update)
        if self._by_event and update.state in {State.RECONNECTING, *OVER}:
            self._judged(update)

    def transcribed(self, transcript: Transcript) -> None:
        """A transcript arrived: a final that the backend's words or figures prove is progress."""
        if transcript.final and isinstance(self.seen.decoded, Heard | Metrics | FinalMessage):
            self.estimates = frozenset(
                estimate._replace(retries=0, until=None, last=False) for estimate in self.estimates
            )

    def rest(self) -> None:
        """The connection rests: a line that has streamed long enough is stable now."""
        self._note_stop()
        seen = self.seen
        if seen.state is State.STREAMING and not self.noted and self._held:
            self.noted = True
            self.estimates = frozenset({RetryEstimate()})
        if seen.state is State.RECONNECTING:
            self._in_time()

    @property
    def _held(self) -> bool:
        return self.seen.now >= self.seen.held_since + self.seen.policy.stable_after

    @property
    def _by_event(self) -> bool:
        return self.seen.lost_by is not None

    @property
    def gives_up_at(self) -> float | None:
        """The latest time at which a session without a line gives up; None: never.

        The last dial goes out just before that time, and may take its own timeouts.
        """
        if self.seen.state is not State.RECONNECTING and any(each.last for each in self.estimates):
            return None
        until = self._gives_up_at
        put_off = self._put_off if self.seen.state is State.RECONNECTING else -math.inf
        return None if until is None else max(until, put_off)

    @property
    def _gives_up_at(self) -> float | None:
        times = [estimate.until for estimate in self.estimates]
        return None if None in times else max(time for time in times if time is not None)

    # Checks.

    def _possible(self) -> frozenset[RetryEstimate]:
        """Every retry state possible as the line is lost: a stable one too, if time ended it."""
        if self.noted:
            return frozenset({estimate._replace(stable=True) for estimate in self.estimates})
        if self.streamed and not self._by_event:
            return self.estimates | {RetryEstimate(stable=True)}
        return self.estimates

    def _waits(self, update: StateChanged, wait: float) -> None:
        seen = self.seen
        gate = self.dialing.gate_opens_in(GATE_SPAN)
        if wait < 0 or wait < self.dialing.gate_opens_in(MINUTE) - SLACK:
            broken("the gate", f"a wait of {wait:.3f} s while it is shut for {gate:.3f}", seen.now)
        seen.retry_at = seen.dial_from = seen.now + wait
        if seen.waited:  # a credential or a redirect came while the gate was shut
            self._for_gate = True
            if not 0 < wait <= gate + SLACK:
                broken("backoff", f"reported a delay of {wait:.3f} s for the gate", seen.now)
            self._in_time()
            return
        self.cause = seen.lost_by if isinstance(seen.lost_by, SocketLost) else None
        self._asked_until = seen.now + self._delays.asked * (update.action is Action.LATER)
        action = self.action = update.action
        self._for_gate = action is Action.REAUTH
        if action is None or action is Action.FATAL:
            broken("the verdict", f"reported a delay, with the verdict {action}", seen.now)
        self._losses += 1
        estimates = self._possible()
        if action is Action.REAUTH and (not seen.has_provider or all(h.spent for h in estimates)):
            broken("fresh credential", "a second dial to use a fresh one", seen.now)
        self.dialing.needs_fresh |= action is Action.REAUTH
        fits = ((h, self._delays.fits(h, action, wait, gate)) for h in estimates)
        fitting = [h._replace(last=h.last or cut) for h, cuts in fits for cut in cuts]
        if not fitting:
            bounds = " or ".join(
                "{:.3f} to {:.3f}".format(*self._delays.bounds(h, action))
                for h in sorted(estimates, key=str)
            )
            broken("backoff", f"{action} reported {wait:.3f} s, not {bounds}", seen.now)
        most = seen.policy.max_attempts
        if most is not None and all(h.retries >= most for h in fitting):
            broken("patience", f"retry {fitting[0].retries + 1} of {most}", seen.now)
        self.estimates = frozenset(self._delays.after(estimate) for estimate in fitting)
        self.noted = False
        self._in_time()

    def _in_time(self) -> None:
        """No delay is longer than the time until giving up, or the time to finish."""
        seen = self.seen
        until = self._gives_up_at
        if seen.retry_at == self._put_off:  # it was in time before the process was suspended
            return
        if until is not None and seen.retry_at > until + SLACK:
            broken("patience", f"a retry {seen.retry_at - until:.3f} s after giving up", seen.now)
        if seen.stop_wanted and seen.retry_at > seen.finish_by + SLACK:
            broken("finish in time", "a retry that would come too late to finish", seen.now)

    def _judged(self, update: StateChanged) -> None:
        """An ending with a single cause is judged by it; strikes and limits may end it too."""
        seen = self.seen
        event = seen.lost_by
        if event is None or seen.ended is not None:
            return
        means = seen.ruling.action if seen.ruling else meaning(event, seen)
        judged = update.action
        if means is None or judged is None or judged is means:
            return
        spent = not seen.has_provider or any(estimate.spent for estimate in self._possible())
        forbidden = seen.streamed and isinstance(event, SocketLost) and event.status == 403
        instead = Action.LATER if forbidden else Action.FATAL
        if means is Action.REAUTH and spent and judged is instead:
            return
        if seen.ruling is not None and seen.ruling.strike:
            return
        broken("the verdict", f"{type(event).__name__} means {means}, judged {judged}", seen.now)

    def _fails(self, update: StateChanged) -> None:
        seen = self.seen
        if seen.refused or (seen.waited and self._passes_too_late()):
            return
        next_dial = seen.retry_at if seen.state is State.RECONNECTING else seen.now
        if seen.stop_wanted and next_dial >= seen.finish_from - SLACK:
            return
        margin = LAST_DIAL + seen.policy.backoff_first + SLACK
        if seen.stop_wanted and self.dialing.newest >= seen.finish_from - margin:
            return  # what failed went out in the last seconds
        until = self._gives_up_at
        if until is not None and seen.now >= until - SLACK:
            return
        if update.action is Action.FATAL:
            if self._by_event:  # ``_judged`` checks strikes and used credentials
                return
            if self._losses >= STRIKES - 1 and seen.streamed:  # a deaf line is a strike
                return
            what = "a redirect that can be followed" if seen.redirected else "time alone"
            broken("no early failure", f"{what} was judged to be fatal", seen.now)
        if seen.waited:
            broken("no early failure", "it failed, and the gate opens in time", seen.now)
        estimates = self._possible()
        action = update.action or Action.RETRY
        for estimate in estimates:
            most = seen.policy.max_attempts
            if most is not None and estimate.retries >= most:
                return
            gate = self.dialing.gate_opens_in(GATE_SPAN)
            worst = max(self._delays.bounds(estimate, action)[1], gate) if estimate.last else gate
            if worst > self._delays.limit(estimate, seen.finish_from) - SLACK:
                return
        what = f"it failed with another try allowed ({update.reason})"
        broken("no early failure", what, seen.now)

    def _passes_too_late(self) -> bool:
        """Whether the gate delays the dial after a credential or a redirect too long."""
        seen, until = self.seen, self._gives_up_at
        opens = seen.now + self.dialing.gate_opens_in(GATE_SPAN)
        gives_up = until is not None and opens > until - SLACK
        return gives_up or (seen.stop_wanted and opens > seen.finish_from - SLACK)
