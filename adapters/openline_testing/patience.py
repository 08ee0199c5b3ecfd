"""The laws of waiting: how long before the next dial, and when to stop trying.

The rules count tries and retries since the line was stable, or since there was progress.
Seen from outside one thing about that is unknown: when a late tick finds both that the
line was stable long enough and that it is dead, which of the two came first. So the watch
keeps every ``Hope`` that fits what was seen, drops those that a wait which was told
contradicts, and the law is broken when none is left.
"""

from __future__ import annotations

from typing import NamedTuple

from openline.backend import RedirectRefusedError
from openline.events import CredentialReady, Redirected, SocketLost
from openline.reconnect.verdicts import Action
from openline.updates import State, StateChanged, Transcript
from openline_testing.dialing import MINUTE, Dialing
from openline_testing.endings import meaning, network_hint_applies, scattered
from openline_testing.laws import SLACK, broken
from openline_testing.seen import OVER, Observation

#: The gate may look back a little longer than the minute of the law.
GATE_SPAN = MINUTE + 1.0
#: What comes on top of a LATER, so that the turned away come back one by one.
JITTER = 1.0
LONGEST_RETRY_AFTER = 300.0


class Hope(NamedTuple):
    """What may still be hoped for, as one reading of what was seen."""

    tries: int = 0  # since the line was stable: the n of the backoff
    retries: int = 0  # since there was progress
    stable: bool = False  # the line that was lost last was stable
    until: float | None = None  # when the session gives up; None: not counted yet
    spent: bool = False  # a fresh credential has been used


class Patience:
    """Watches waits and failures."""

    __slots__ = ("action", "cause", "dialing", "hopes", "noted", "seen")

    def __init__(self, seen: Observation, dialing: Dialing) -> None:
        self.seen = seen
        self.dialing = dialing
        self.hopes: frozenset[Hope] = frozenset({Hope()})
        self.noted = False  # this line, or the last one, is known to have been stable
        self.action: Action | None = None  # the last verdict that was told
        self.cause: SocketLost | None = None  # what began the wait, if it was a fact

    # What changes hope.

    def happened(self) -> None:
        """After the event was noted, before what the connection made of it."""
        seen = self.seen
        if isinstance(seen.event, CredentialReady) and seen.waited and seen.fresh:
            self.hopes = frozenset(hope._replace(spent=True) for hope in self.hopes)
            self.dialing.owes_fresh = False
        helps = self.action is not Action.LATER or network_hint_applies(self.cause, seen.dialect)
        if seen.hinted and helps and seen.state is State.RECONNECTING:
            seen.dial_from = seen.now
            opens = seen.now + self.dialing.gate_opens_in(GATE_SPAN)
            seen.retry_at = min(seen.retry_at, opens)

    def told(self, update: StateChanged) -> None:
        """A state was told of; the ``Observation`` has not noted it yet."""
        if update.state is State.RECONNECTING:
            self._waits(update, update.retry_in if update.retry_in is not None else -1.0)
        elif update.state is State.FAILED:
            self._fails(update)
        if self._by_fact and update.state in {State.RECONNECTING, *OVER}:
            self._judged(update)

    def heard(self, transcript: Transcript) -> None:
        """Words arrived: a final is progress."""
        if transcript.final:
            self.hopes = frozenset(hope._replace(retries=0, until=None) for hope in self.hopes)

    def rest(self) -> None:
        """The connection rests: a line that has streamed long enough is stable now."""
        seen = self.seen
        if seen.state is State.STREAMING and not self.noted and self._held:
            self.noted = True
            self.hopes = frozenset({Hope()})
        if seen.state is State.RECONNECTING:
            self._in_time()

    @property
    def _held(self) -> bool:
        return self.seen.now >= self.seen.since + self.seen.policy.stable_after

    @property
    def _by_fact(self) -> bool:
        return self.seen.lost_by is not None

    @property
    def gives_up_at(self) -> float | None:
        """The latest time at which a session without a line gives up; None: never."""
        times = [hope.until for hope in self.hopes]
        return None if None in times else max(time for time in times if time is not None)

    # What is held against it.

    def _possible(self) -> frozenset[Hope]:
        """Every hope there may be as the line is lost: a stable one too, if time did it."""
        seen = self.seen
        if self.noted:
            return frozenset({hope._replace(stable=True) for hope in self.hopes})
        if seen.state is State.STREAMING and self._held and not self._by_fact:
            return self.hopes | {Hope(stable=True)}
        return self.hopes

    def _waits(self, update: StateChanged, wait: float) -> None:
        seen = self.seen
        gate = self.dialing.gate_opens_in(GATE_SPAN)
        if wait < 0 or wait < self.dialing.gate_opens_in(MINUTE) - SLACK:
            broken("the gate", f"a wait of {wait:.3f} s while it is shut for {gate:.3f}", seen.now)
        seen.retry_at = seen.dial_from = seen.now + wait
        if seen.waited:  # a credential or a redirect came while the gate was shut
            if not 0 < wait <= gate + SLACK:
                broken("backoff", f"told to wait {wait:.3f} s for the gate", seen.now)
            self._in_time()
            return
        self.cause = seen.lost_by if isinstance(seen.lost_by, SocketLost) else None
        action = self.action = update.action
        if action is None or action is Action.FATAL:
            broken("the verdict", f"told to wait, with the verdict {action}", seen.now)
        hopes = self._possible()
        if action is Action.REAUTH and (not seen.has_provider or all(h.spent for h in hopes)):
            broken("fresh credential", "a second dial for the sake of a fresh one", seen.now)
        self.dialing.owes_fresh |= action is Action.REAUTH
        fitting = [h for h in hopes if self._fits(h, action, wait, gate)]
        if not fitting:
            bounds = " or ".join(
                "{:.3f} to {:.3f}".format(*self._bounds(h, action)) for h in sorted(hopes, key=str)
            )
            broken("backoff", f"{action} told to wait {wait:.3f} s, not {bounds}", seen.now)
        most = seen.policy.max_attempts
        if most is not None and all(h.retries >= most for h in fitting):
            broken("patience", f"retry {fitting[0].retries + 1} of {most}", seen.now)
        self.hopes = frozenset(self._after(hope) for hope in fitting)
        self.noted = False
        self._in_time()

    def _in_time(self) -> None:
        """No wait is longer than the patience that is left, or the time to finish."""
        seen = self.seen
        until = self.gives_up_at
        if until is not None and seen.retry_at > until + SLACK:
            broken("patience", f"a retry {seen.retry_at - until:.3f} s after giving up", seen.now)
        if seen.stop_wanted and seen.retry_at > seen.finish_by + SLACK:
            broken("finish in time", "a retry that would come too late to finish", seen.now)

    def _after(self, hope: Hope) -> Hope:
        give_up = self.seen.policy.give_up_after
        until = hope.until
        if until is None and give_up is not None:
            until = self.seen.now + give_up
        return hope._replace(
            tries=hope.tries + (not hope.stable),
            retries=hope.retries + 1,
            stable=False,
            until=until,
        )

    def _fits(self, hope: Hope, action: Action, wait: float, gate: float) -> bool:
        low, high = self._bounds(hope, action)
        return low - SLACK <= wait <= max(high, gate) + SLACK

    def _bounds(self, hope: Hope, action: Action) -> tuple[float, float]:
        seen, policy = self.seen, self.seen.policy
        d = min(policy.backoff_cap, policy.backoff_first * 2.0 ** min(hope.tries, 64))
        if action is Action.REAUTH:
            return 0.0, 0.0
        if action is Action.LATER:
            asked = 0.0
            if isinstance(seen.lost_by, SocketLost) and seen.lost_by.retry_after is not None:
                asked = seen.lost_by.retry_after
            asked = min(LONGEST_RETRY_AFTER, max(0.0, asked))
            floor = max(policy.later_floor, asked)
            return max(d / 2, floor), max(d, floor) + JITTER
        if not hope.stable:
            return d / 2, d
        ruling = seen.ruling
        spread = ruling.scatter if ruling else False
        if seen.lost_by is not None and scattered(seen.lost_by, seen.dialect):
            spread = True
        return 0.0, policy.scatter if spread else policy.prompt_retry

    def _judged(self, update: StateChanged) -> None:
        """What one fact alone says, the verdict says; but strikes and limits may end it."""
        seen = self.seen
        fact = seen.lost_by
        if fact is None or seen.ended is not None:
            return
        means = seen.ruling.action if seen.ruling else meaning(fact, seen.dialect)
        told = update.action
        if means is None or told is None or told is means:
            return
        spent = not seen.has_provider or any(hope.spent for hope in self._possible())
        if told is Action.FATAL and means is Action.REAUTH and spent:
            return
        if seen.ruling is not None and seen.ruling.strike:
            return
        broken("the verdict", f"{type(fact).__name__} means {means}, judged {told}", seen.now)

    def _fails(self, update: StateChanged) -> None:
        seen = self.seen
        if seen.refused or (seen.waited and self._passes_too_late()):
            return
        next_dial = seen.retry_at if seen.state is State.RECONNECTING else seen.now
        if seen.stop_wanted and next_dial >= seen.finish_by - SLACK:
            return
        until = self.gives_up_at
        if until is not None and seen.now >= until - SLACK:
            return
        if update.action is Action.FATAL:
            if self._by_fact:  # of strikes and spent rights ``_judged`` has its say
                return
            what = "a redirect that can be followed" if self._redirected else "time alone"
            broken("hope", f"{what} was judged to be fatal", seen.now)
        if seen.waited:
            broken("hope", "it failed, and the gate opens in time", seen.now)
        hopes = self._possible()
        action = update.action or Action.RETRY
        for hope in hopes:
            most = seen.policy.max_attempts
            if most is not None and hope.retries >= most:
                return
            worst = max(self._bounds(hope, action)[1], self.dialing.gate_opens_in(GATE_SPAN))
            limit = self._after(hope).until
            if limit is not None and seen.now + worst > limit - SLACK:
                return
            if seen.stop_wanted and seen.now + worst > seen.finish_by - SLACK:
                return
        broken("hope", f"it failed with nothing against another try ({update.reason})", seen.now)

    def _passes_too_late(self) -> bool:
        """Whether the gate keeps the dial that a credential or a redirect leads to too long.

        A redirect may also lead where nobody may follow.
        """
        seen, until = self.seen, self.gives_up_at
        opens = seen.now + self.dialing.gate_opens_in(GATE_SPAN)
        gives_up = until is not None and opens > until - SLACK
        finishes = seen.stop_wanted and opens > seen.finish_by - SLACK
        return gives_up or finishes or self._leads_nowhere()

    @property
    def _redirected(self) -> bool:
        return isinstance(self.seen.event, Redirected)

    def _leads_nowhere(self) -> bool:
        seen = self.seen
        if not isinstance(seen.event, Redirected) or seen.backend is None:
            return False
        if seen.hops >= seen.policy.max_redirects:
            return True
        try:
            seen.backend.redirected(seen.event.location)
        except RedirectRefusedError:
            return True
        return False
