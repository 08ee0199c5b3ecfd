"""The plan after a lost dial: when to dial again, or why not.

``judge`` turns an ending into a plan before any transition runs, so that guards only read it:
either a time for the next dial, or never, with the cause. The counts for it are here, and the
rules that reset them: only a *stable* line (streaming for ``stable_after``) resets the backoff,
the strikes and the right to a fresh credential; progress (a confirmed final) resets only the
attempts and the time to give up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from openline.machine.timers import OFF
from openline.policy import Policy
from openline.reconnect.backoff import DialGate, backoff
from openline.reconnect.verdicts import Action, Ending, Rule, Verdict, judge

#: Seconds over which a LATER is spread, so that refused clients do not dial together.
LATER_JITTER = 1.0


class Retry:
    """The retry state of one session: its counts, and the plan for the next dial."""

    __slots__ = (
        "_policy",
        "_random",
        "attempts",
        "cause",
        "gate",
        "give_up_at",
        "reauth_used",
        "stable",
        "strikes",
        "tries",
        "until",
        "verdict",
    )

    def __init__(self, policy: Policy, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self.gate = DialGate(policy.dials_per_minute)
        self.tries = 0  # n of the backoff, since the line was stable
        self.attempts = 0  # retries since there was progress
        self.strikes = 0
        self.reauth_used = False  # a fresh credential has been used
        self.stable = False  # the line was stable on its last dial
        self.give_up_at = OFF
        # The plan.
        self.until = OFF  # when to dial again; OFF: never
        self.cause = ""
        self.verdict: Verdict | None = None

    def judge(
        self,
        ending: Ending,
        codes: Mapping[int, Rule],
        detail: str,
        now: float,
        finish_at: float,
    ) -> None:
        """Make the plan for ``ending``. ``detail`` is added to the cause, for the user."""
        verdict = judge(ending, codes)
        self.verdict = verdict
        self.cause = f"{verdict.why} ({detail})" if detail else verdict.why
        self.until = OFF
        if verdict.action is Action.FATAL:
            return
        policy = self._policy
        if policy.max_attempts is not None and self.attempts >= policy.max_attempts:
            retries = "1 retry" if self.attempts == 1 else f"{self.attempts} retries"
            self.cause = f"gave up after {retries}: {self.cause}"
            return
        until, opens_at = now + self._delay(verdict), self.gate.opens_at(now)
        if opens_at > until:
            until = opens_at
            self.cause += f"; dials are limited to {policy.dials_per_minute} a minute"
        self._try_at(until, self._give_up_at(now), finish_at)

    def go_on(self, now: float, finish_at: float) -> None:
        """Nothing was lost: the plan is to dial at once, or as soon as the gate opens."""
        self.until = self.gate.opens_at(now)
        if self.until > now:
            self.cause = "waiting, so as not to dial too often"
            self._try_at(self.until, self.give_up_at, finish_at)

    def _try_at(self, until: float, give_up_at: float, finish_at: float) -> None:
        """Plan to dial at ``until``, unless that is beyond a limit."""
        self.until = OFF
        if until > give_up_at:
            self.cause = f"gave up, a retry would come too late: {self.cause}"
        elif until > finish_at:
            self.give_up_finishing()
        else:
            self.until = until

    def give_up_finishing(self) -> None:
        """The session is to stop, and the planned dial would come too late."""
        self.cause = f"could not finish in time: {self.cause}"

    def _delay(self, verdict: Verdict) -> float:
        policy = self._policy
        if verdict.action is Action.REAUTH:
            return 0.0
        if verdict.action is Action.LATER:
            wait = max(
                backoff(policy, self.tries, self._random()),
                policy.later_floor,
                verdict.retry_after or 0.0,
            )
            return wait + self._random() * LATER_JITTER
        if self.stable:
            return self._random() * (policy.scatter if verdict.scatter else policy.prompt_retry)
        return backoff(policy, self.tries, self._random())

    def _give_up_at(self, now: float) -> float:
        if self.give_up_at == OFF and self._policy.give_up_after is not None:
            return now + self._policy.give_up_after
        return self.give_up_at

    @property
    def network_hint_applies(self) -> bool:
        """Whether a restored network may end the delay."""
        verdict = self.verdict
        return verdict is not None and (verdict.action is Action.RETRY or verdict.hint_ends_wait)

    def count_loss(self, now: float) -> None:
        """The plan is carried out: it counts as a try."""
        self.attempts += 1
        if not self.stable:
            self.tries += 1
        self.stable = False
        self.strikes += self.verdict is not None and self.verdict.strike
        self.give_up_at = self._give_up_at(now)

    def note_stable(self) -> None:
        """The line held for ``stable_after``: reset every count."""
        self.stable = True
        self.tries = 0
        self.strikes = 0
        self.reauth_used = False
        self.note_progress()

    def note_suspension(self, gap: float) -> None:
        """The process was suspended: that time does not count."""
        self.give_up_at += gap

    def note_progress(self) -> None:
        """A final was confirmed: reset the attempts and the time to give up."""
        self.attempts = 0
        self.give_up_at = OFF
