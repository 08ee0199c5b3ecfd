"""The plan after a lost dial: when to dial again, or why not.

``judge`` turns an ending into a plan before any transition runs, so that guards only read it:
either a time for the next dial, or never, with the cause. The counts for it are here, and the
rules that reset them: only a *stable* line (streaming for ``stable_after``) resets the backoff,
the right to a fresh credential, and the strikes, these once the backend is known to process
audio; progress (a confirmed final) resets only the attempts and the time to give up.

A stable dial that is replaced before its end (``rotation``) is no loss: the next dial is *free*.

A delay that would pass a limit is cut to the last instant before it, once: a server that asks to
come back in 300 s is asked once more when the session gives up after 300 s. Example, with
give_up_after=300 and the first loss at 100: a delay from 390 to 405 ends at 400, and so does
one from 390 to 700 (Retry-After: 310). The dial that then goes out may take its own timeouts.
The last instant before the limit of a session that is stopped lies ``LAST_DIAL`` before it. A dial
that went out later, or less than a first backoff sooner, was the last: no other follows at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from openline.machine.timers import OFF
from openline.policy import Policy
from openline.reconnect.backoff import DialGate, backoff
from openline.reconnect.verdicts import Action, Ending, Rule, Verdict, judge

#: Seconds over which a LATER is spread, so that refused clients do not dial together.
LATER_JITTER = 1.0
#: The same where the server sent a Retry-After, as a part of it. A server under load asks all its
#: clients for the same wait: spread over 1 s, 10,000 of them come back as one wave after the
#: other, and stand 676 s without a line; spread over half the wait, 195 s (docs, "A herd").
RETRY_AFTER_JITTER = 0.5
#: Seconds before the limit of a session that is stopped at which its last dial goes out: it has
#: to send the rest and to get the final message.
LAST_DIAL = 5.0
#: Seconds between two reports of an outage.
OUTAGE_REPORT = 300.0


class Retry:
    """The retry state of one session: its counts, and the plan for the next dial."""

    __slots__ = (
        "_policy",
        "_random",
        "asked",
        "attempts",
        "cause",
        "free",
        "gate",
        "give_up_at",
        "heard",
        "held",
        "last",
        "lost_at",
        "met_at",
        "reauth_used",
        "report_at",
        "stable",
        "strikes",
        "tries",
        "unchanged",
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
        self.unchanged = False  # that credential was the refused one again
        self.stable = False  # the line was stable on its last dial
        self.held = False  # it held for as long, though no backend may be behind it
        self.heard = False  # the backend processed audio on its last dial, or had none to process
        self.give_up_at = OFF
        self.last = False  # a delay was cut since there was progress
        self.met_at = OFF  # until then a first contact is not fatal
        self.lost_at = self.report_at = OFF  # the first loss since then; the next report of it
        # The plan.
        self.asked = OFF  # until when the server asked to wait; OFF: it did not
        self.until = OFF  # when to dial again; OFF: never
        self.free = False  # the next dial only replaces a stable one: it is not counted
        self.cause = ""
        self.verdict: Verdict | None = None

    def judge(
        self,
        ending: Ending,
        codes: Mapping[int, Rule],
        detail: str,
        now: float,
        finish_at: float,
        *,
        renewing: bool = False,
    ) -> None:
        """Make the plan for ``ending``. ``detail`` is added to the cause, for the user.

        ``renewing``: the dial was being replaced by the next one, which is free if the line held
        for as long as a stable one, and if the ending is a RETRY without a strike.
        """
        verdict = judge(ending, codes)
        self.verdict = verdict
        self.cause = f"{verdict.why} ({detail})" if detail else verdict.why
        self.until, self.free = OFF, False
        if verdict.action is Action.FATAL:
            if ending.reauth_used and self.unchanged:
                self.cause += "; the provider gave the refused token again"
            return
        is_free = self.held and verdict.action is Action.RETRY and not verdict.strike
        if renewing and is_free:
            self.go_on(now, finish_at)
            self.free = self.until <= now
            return
        policy = self._policy
        if policy.max_attempts is not None and self.attempts >= policy.max_attempts:
            retries = "1 retry" if self.attempts == 1 else f"{self.attempts} retries"
            self.cause = f"gave up after {retries}: {self.cause}"
            return
        until, opens_at = now + self._delay(verdict), self.gate.opens_at(now)
        if verdict.first_contact:
            until = min(until, self.met_at)
        self.asked = now + (verdict.retry_after or 0.0)
        if opens_at > until:
            until = opens_at
            self.cause += f"; dials are limited to {policy.dials_per_minute} a minute"
        if until >= finish_at and self.gate.newest >= finish_at - LAST_DIAL - policy.backoff_first:
            self.last = True  # the dial that failed went out in the last seconds
        self._try_at(until, now, self._give_up_at(now), finish_at)

    def go_on(self, now: float, finish_at: float) -> None:
        """Nothing was lost: the plan is to dial at once, or as soon as the gate opens."""
        self.until = self.gate.opens_at(now)
        if self.until > now:
            self.cause = "waiting, so as not to dial too often"
            self._try_at(self.until, now, self.give_up_at, finish_at)

    def bring_forward(self, now: float, finish_at: float) -> None:
        """The session is to stop by ``finish_at``: the planned dial must not pass that."""
        if self.until >= finish_at:
            self.last = False  # if a delay was cut before it is this one
            self._try_at(self.until, now, self.give_up_at, finish_at)

    def comes_too_late(self, now: float, finish_at: float) -> bool:
        """Whether the planned dial passes ``finish_at``, and cannot be brought forward."""
        return self.until >= finish_at and self.gate.opens_at(now) >= finish_at

    def _try_at(self, until: float, now: float, give_up_at: float, finish_at: float) -> None:
        """Plan to dial at ``until``; where that passes a limit at its last instant, once."""
        limit = min(give_up_at, finish_at)
        self.until = until
        if until < limit:
            return
        opens_at = self.gate.opens_at(now)
        if not self.last and opens_at < limit:
            self.last = True
            asked = self.asked if self.asked < limit else now
            last = min(math.nextafter(give_up_at, 0.0), finish_at - LAST_DIAL)
            self.until = max(opens_at, asked, last)
            return
        self.until = OFF
        if give_up_at <= until:
            self.cause = f"gave up, a retry would come too late: {self.cause}"
        else:
            self.give_up_finishing()

    def give_up_finishing(self) -> None:
        """The session is to stop, and the planned dial would come too late."""
        self.cause = f"could not finish in time: {self.cause}"

    def _delay(self, verdict: Verdict) -> float:
        policy = self._policy
        if verdict.action is Action.REAUTH:
            return 0.0
        if verdict.action is Action.LATER:
            asked = verdict.retry_after or 0.0
            wait = max(backoff(policy, self.tries, self._random()), policy.later_floor, asked)
            return wait + self._random() * max(LATER_JITTER, RETRY_AFTER_JITTER * asked)
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

    @property
    def wants_fresh(self) -> bool:
        """Whether the next dial needs a fresh credential."""
        return self.verdict is not None and self.verdict.action is Action.REAUTH

    @property
    def give_up_due(self) -> float:
        """When to give up if there is no line. The last dial is bounded by its own timeouts."""
        return OFF if self.last else self.give_up_at

    def count_loss(self, now: float) -> None:
        """The plan is carried out: it counts as a try."""
        self.attempts += 1
        if not self.stable:
            self.tries += 1
        self.stable = self.held = self.heard = False
        self.strikes += self.verdict is not None and self.verdict.strike
        self.give_up_at = self._give_up_at(now)
        if self.lost_at == OFF:
            self.lost_at, self.report_at = now, now + OUTAGE_REPORT

    def note_renewal(self) -> None:
        """A stable dial is replaced: that is no loss, and the next one has to be stable again."""
        self.stable = self.held = self.heard = self.free = False

    def outage(self, now: float) -> str:
        """The report of an outage, if one is due: it comes each ``OUTAGE_REPORT`` seconds."""
        if now < self.report_at:
            return ""
        self.report_at = now + OUTAGE_REPORT
        minutes = (now - self.lost_at) / 60
        return f"no line for {minutes:.0f} minutes, and the client goes on dialling: {self.cause}"

    def note_stable(self) -> None:
        """The line held for ``stable_after``: reset every count.

        The strikes are reset once the backend is known to process audio: a deaf one holds the
        line for so long too, each time.
        """
        self.stable = True
        self.tries = 0
        if self.heard:
            self.strikes = 0
        self.reauth_used = False
        self.note_progress()

    def note_heard(self) -> None:
        """The backend processes audio, or there is none that it has to process."""
        self.heard = True
        if self.stable:
            self.strikes = 0

    def note_suspension(self, gap: float) -> None:
        """The process was suspended: that time does not count."""
        self.give_up_at += gap

    def note_progress(self) -> None:
        """A final was confirmed: reset the attempts and the time to give up."""
        self.attempts = 0
        self.give_up_at = self.lost_at = self.report_at = OFF
        self.last = False
