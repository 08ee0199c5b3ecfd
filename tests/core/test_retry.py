"""The plan after a lost dial, and the limits after which the session gives up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.machine.timers import OFF
from openline.policy import Policy
from openline.reconnect.retry import LAST_DIAL, LATER_JITTER, RETRY_AFTER_JITTER, Retry
from openline.reconnect.verdicts import (
    MAX_STRIKES,
    NO_CODES,
    Action,
    Ending,
    ErrorKind,
    Rule,
    Sender,
)

REFUSED = Ending(error=ErrorKind.REFUSED)
RESTART = Ending(code=1012, sender=Sender.REMOTE)
GOING_AWAY = Ending(code=1001, sender=Sender.REMOTE)
BUSY = Ending(code=1013, sender=Sender.REMOTE)
WRONG = Ending(code=1003, sender=Sender.REMOTE)
UNAUTHORIZED = Ending(code=1008, sender=Sender.REMOTE, has_provider=True)
PORTAL = Ending(status=200)
NOWHERE = Ending(error=ErrorKind.DNS_NOT_FOUND)
WEATHER = Ending(status=404, ever_connected=True)


def busy_for(seconds: float) -> Ending:
    return Ending(status=503, retry_after=seconds)


def strange(strikes: int) -> Ending:
    return Ending(code=4999, sender=Sender.REMOTE, strikes=strikes)


def always(value: float) -> Callable[[], float]:
    return lambda: value


def retry(random: float = 0.0, **policy: Any) -> Retry:
    return Retry(Policy(**policy), always(random))


def judged(
    hope: Retry, ending: Ending = REFUSED, *, now: float = 0.0, finish_at: float = OFF
) -> float:
    hope.judge(ending, NO_CODES, "", now, finish_at)
    return hope.until


def lost(hope: Retry, ending: Ending = REFUSED, *, now: float = 0.0) -> float:
    """Apply the plan; return the seconds until the next dial."""
    until = judged(hope, ending, now=now)
    assert until < OFF
    hope.count_loss(now)
    return until - now


class TestBackoff:
    def test_it_grows_with_each_loss_to_the_cap(self) -> None:
        hope = retry(0.0)
        assert [lost(hope) for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]

    def test_neither_progress_nor_the_handshake_resets_it(self) -> None:
        hope = retry(0.0)
        for _ in range(3):
            lost(hope)
        hope.note_progress()
        assert lost(hope) == 4.0

    def test_a_stable_line_resets_it(self) -> None:
        hope = retry(0.5)
        for _ in range(5):
            lost(hope)
        hope.note_stable()
        assert lost(hope) == 0.125, "the first try goes out at once"
        assert lost(hope) == 0.75
        assert lost(hope) == 1.5

    @pytest.mark.parametrize(
        ("ending", "least", "most"), [(REFUSED, 0, 0.25), (RESTART, 0, 5), (GOING_AWAY, 0, 5)]
    )
    @pytest.mark.parametrize("random", [0.0, 0.3, 0.999])
    def test_a_restart_after_a_stable_line_is_spread_at_random(
        self, ending: Ending, least: float, most: float, random: float
    ) -> None:
        hope = retry(random)
        hope.note_stable()
        assert lost(hope, ending) == least + random * (most - least)

    @pytest.mark.parametrize("ending", [RESTART, GOING_AWAY])
    def test_a_restart_on_a_line_that_was_not_stable_is_backed_off(self, ending: Ending) -> None:
        hope = retry(0.0)
        assert [lost(hope, ending) for _ in range(3)] == [0.5, 1.0, 2.0]

    @settings(deadline=None, derandomize=True)
    @given(
        st.lists(
            st.tuples(st.sampled_from([REFUSED, RESTART, BUSY, UNAUTHORIZED]), st.booleans()),
            max_size=30,
        ),
        st.randoms(use_true_random=False),
    )
    def test_no_delay_except_the_gates_exceeds_the_rules(
        self, losses: list[tuple[Ending, bool]], random: Any
    ) -> None:
        hope = Retry(Policy(give_up_after=None), random.random)
        now = 0.0
        for ending, stable in losses:
            if stable:
                hope.note_stable()
            gate = hope.gate.opens_at(now)
            until = judged(hope, ending, now=now)
            most = {Action.RETRY: 10.0, Action.LATER: 10.0 + LATER_JITTER, Action.REAUTH: 0.0}
            assert hope.verdict is not None
            assert now <= until <= max(gate, now + most[hope.verdict.action])
            assert until >= gate
            hope.count_loss(now)
            hope.gate.note(until)
            now = until


class TestLater:
    @pytest.mark.parametrize(
        ("asked", "wait"), [(0, 5), (4.9, 5), (7.5, 7.5), (60, 60), (300, 300), (86400, 300)]
    )
    def test_it_is_the_longest_of_floor_backoff_and_retry_after(
        self, asked: float, wait: float
    ) -> None:
        assert lost(retry(0.0, give_up_after=None), busy_for(asked)) == wait

    def test_a_long_backoff_is_longer_than_the_floor(self) -> None:
        hope = retry(0.0, backoff_cap=60, give_up_after=None)
        assert [lost(hope, BUSY) for _ in range(5)] == [5, 5, 5, 5, 8]

    def test_refused_clients_are_spread_by_jitter(self) -> None:
        early, late = lost(retry(0.0), BUSY), lost(retry(0.999), BUSY)
        assert 5 == early < late < 5 + LATER_JITTER

    @pytest.mark.parametrize(("asked", "spread"), [(1, 1.0), (2, 1.0), (30, 15.0), (86400, 150.0)])
    def test_a_retry_after_is_spread_over_half_of_it(self, asked: float, spread: float) -> None:
        waits = [
            lost(retry(drawn, give_up_after=None), busy_for(asked))
            for drawn in (0.0, 0.5, 1 - 2**-53)
        ]
        assert waits[2] - waits[0] == pytest.approx(spread)
        assert waits[1] - waits[0] == pytest.approx(spread / 2)

    def test_a_stable_line_does_not_make_it_sooner(self) -> None:
        hope = retry(0.0)
        hope.note_stable()
        assert lost(hope, BUSY) == 5


class TestGivingUp:
    def test_a_fatal_verdict_leaves_no_retry(self) -> None:
        hope = retry()
        assert judged(hope, WRONG) == OFF
        assert hope.verdict is not None
        assert hope.verdict.action is Action.FATAL

    def test_a_later_judgement_replaces_the_whole_plan(self) -> None:
        hope = retry()
        assert judged(hope) < OFF
        assert judged(hope, WRONG) == OFF
        assert judged(hope) < OFF

    @pytest.mark.parametrize("most", [0, 1, 5])
    def test_only_so_many_retries_are_made(self, most: int) -> None:
        hope = retry(max_attempts=most)
        for _ in range(most):
            lost(hope)
        assert judged(hope) == OFF
        assert hope.cause.startswith(
            f"gave up after {most} {'retry' if most == 1 else 'retries'}: "
        )

    def test_progress_resets_the_retry_count(self) -> None:
        hope = retry(max_attempts=2)
        lost(hope)
        lost(hope)
        hope.note_progress()
        lost(hope)
        lost(hope)
        assert judged(hope) == OFF

    def test_patience_runs_from_the_first_loss(self) -> None:
        hope = retry(0.0, give_up_after=20)
        lost(hope, now=100.0)
        assert hope.give_up_at == 120.0
        lost(hope, now=110.0)
        assert hope.give_up_at == 120.0
        assert judged(hope, now=117.9) == 119.9, "just in time"
        assert judged(hope, now=120.0) == OFF
        assert hope.cause.startswith("gave up, a retry would come too late: ")

    @pytest.mark.parametrize("at", [118.0, 119.0, 119.9])
    def test_a_wait_beyond_it_is_cut_to_its_last_instant_once(self, at: float) -> None:
        hope = retry(0.0, give_up_after=20)
        lost(hope, now=100.0)
        lost(hope, now=102.0)
        assert lost(hope, now=at) + at == pytest.approx(120.0)
        assert hope.until < 120.0
        assert hope.give_up_due == OFF, "the last dial may take its own timeouts"
        assert judged(hope, now=hope.until) == OFF
        assert hope.cause.startswith("gave up, a retry would come too late: ")
        hope.note_progress()
        assert judged(hope, now=130.0) < OFF

    @pytest.mark.parametrize("limit", [0.25, 4.0])
    def test_the_first_retry_is_cut_too(self, limit: float) -> None:
        until = judged(retry(give_up_after=limit), BUSY)
        assert until == pytest.approx(limit)
        assert until < limit
        assert judged(retry(give_up_after=0), BUSY) == OFF

    @pytest.mark.parametrize(("asked", "at"), [(250.0, 290.0), (200.0, 240.0), (300.0, 299.0)])
    def test_a_cut_wait_is_no_shorter_than_a_retry_after_within_it(
        self, asked: float, at: float
    ) -> None:
        hope = retry(1.0 - 2**-53, give_up_after=299.0)
        lost(hope, now=0.0)
        until = judged(hope, busy_for(asked), now=40.0)
        assert until == pytest.approx(min(at + RETRY_AFTER_JITTER * asked, 299.0), abs=1e-6)

    def test_the_gate_is_never_cut(self) -> None:
        hope = retry(0.0, give_up_after=70.0, dials_per_minute=1)
        hope.gate.note(0.0)
        assert judged(hope, busy_for(200.0), now=5.0) == pytest.approx(75.0)
        hope = retry(0.0, give_up_after=30.0, dials_per_minute=1)
        hope.gate.note(0.0)
        assert judged(hope, busy_for(200.0), now=5.0) == OFF

    def test_a_loss_after_the_patience_ends_the_session(self) -> None:
        hope = retry(0.0, give_up_after=20)
        lost(hope, now=0.0)
        assert judged(hope, now=50.0) == OFF

    @pytest.mark.parametrize("note", [Retry.note_progress, Retry.note_stable])
    def test_progress_and_a_stable_line_renew_patience(self, note: Callable[[Retry], None]) -> None:
        hope = retry(0.0, give_up_after=20)
        lost(hope, now=0.0)
        note(hope)
        assert hope.give_up_at == OFF
        lost(hope, now=50.0)
        assert hope.give_up_at == 70.0

    def test_without_a_limit_it_never_gives_up(self) -> None:
        hope = retry(give_up_after=None)
        for now in range(0, 10**6, 10**4):
            lost(hope, now=float(now))
        assert hope.give_up_at == OFF

    def test_a_retry_after_the_finish_deadline_is_not_made(self) -> None:
        hope = retry(0.0)
        assert judged(hope, now=10.0, finish_at=10.6) == 10.5
        assert judged(hope, busy_for(60.0), now=10.0, finish_at=30.0) == 30.0 - LAST_DIAL
        hope.last = False
        assert judged(hope, now=10.0, finish_at=10.4) == 10.0, "there is no time left to wait"
        assert judged(hope, now=10.0, finish_at=10.4) == OFF, "but once"
        assert hope.cause.startswith("could not finish in time: ")

    @pytest.mark.parametrize(("finish_at", "is_late"), [(61.0, True), (61.1, False)])
    @pytest.mark.parametrize("ending", [REFUSED, busy_for(200.0)])
    def test_a_dial_is_too_late_if_the_gate_is_shut_until_then(
        self, ending: Ending, finish_at: float, *, is_late: bool
    ) -> None:
        hope = retry(0.0, dials_per_minute=1)
        hope.gate.note(0.0)
        assert judged(hope, ending, now=5.0) >= hope.gate.opens_at(5.0) == 61.0
        assert hope.comes_too_late(5.0, finish_at) is is_late

    def test_a_dial_in_time_is_not_too_late_though_the_gate_is_shut_until_the_end(self) -> None:
        hope = retry(0.0, dials_per_minute=1)
        assert judged(hope, now=5.0) == 5.5
        hope.gate.note(0.0)
        assert not hope.comes_too_late(5.0, 6.0)

    def test_a_retry_after_within_the_finish_is_respected(self) -> None:
        hope = retry(0.0)
        assert judged(hope, busy_for(18.0), now=10.0, finish_at=28.0) == 23.0
        hope.last = False
        assert judged(hope, busy_for(17.9), now=10.0, finish_at=28.0) == 27.9

    def test_the_nearer_limit_counts(self) -> None:
        hope = retry(0.0, give_up_after=20.0)
        assert judged(hope, busy_for(60.0), now=0.0, finish_at=22.0) == 17.0
        hope.last = False
        assert judged(hope, busy_for(60.0), now=0.0, finish_at=40.0) == pytest.approx(20.0)


class TestFirstContact:
    @pytest.mark.parametrize("ending", [PORTAL, NOWHERE])
    def test_a_wait_is_cut_to_its_end(self, ending: Ending) -> None:
        hope = retry(0.0)
        hope.met_at = 15.0
        assert judged(hope, ending, now=14.6) == 15.0
        assert judged(hope, ending, now=14.7) == 15.0, "more than once"
        assert judged(hope, REFUSED, now=14.6) == 15.1

    def test_without_an_end_nothing_is_cut(self) -> None:
        assert judged(retry(0.0), PORTAL, now=14.6) == 15.1

    def test_it_is_over_at_its_end(self) -> None:
        hope = retry(0.0)
        assert judged(hope, msgspec.structs.replace(PORTAL, met=True)) == OFF

    def test_max_attempts_count_as_ever(self) -> None:
        hope = retry(max_attempts=1)
        hope.met_at = 15.0
        lost(hope, PORTAL)
        assert judged(hope, PORTAL) == OFF

    def test_it_never_passes_the_gate(self) -> None:
        hope = retry(0.0, dials_per_minute=1)
        hope.met_at = 15.0
        hope.gate.note(0.0)
        assert judged(hope, PORTAL, now=1.0) == hope.gate.opens_at(1.0)


class TestOutage:
    def test_it_is_reported_each_five_minutes(self) -> None:
        hope = retry(give_up_after=None)
        reports: list[str] = []
        for now in range(0, 1000, 50):
            lost(hope, WEATHER, now=float(now))
            reports.append(hope.outage(float(now)))
        assert [50 * i for i, text in enumerate(reports) if text] == [300, 600, 900]
        assert reports[6].startswith("no line for 5 minutes, and the client goes on dialling: ")
        assert reports[12].startswith("no line for 10 minutes")
        assert hope.verdict is not None
        assert reports[6].endswith(hope.verdict.why)

    @pytest.mark.parametrize("note", [Retry.note_progress, Retry.note_stable])
    def test_it_begins_anew_after_progress(self, note: Callable[[Retry], None]) -> None:
        hope = retry(give_up_after=None)
        lost(hope, now=0.0)
        note(hope)
        assert hope.outage(400.0) == ""
        lost(hope, now=400.0)
        assert hope.outage(699.0) == ""
        assert hope.outage(700.0) != ""


class TestStrikes:
    def test_the_fourth_unknown_ending_is_fatal(self) -> None:
        hope = retry()
        for _ in range(MAX_STRIKES - 1):
            lost(hope, strange(hope.strikes))
        assert hope.strikes == MAX_STRIKES - 1 == 3
        assert judged(hope, strange(hope.strikes)) == OFF

    def test_only_a_stable_line_clears_the_strikes(self) -> None:
        hope = retry()
        strikes: list[int] = []
        for ending in (strange(0), REFUSED, BUSY, strange(1), UNAUTHORIZED):
            lost(hope, ending)
            hope.note_progress()
            strikes.append(hope.strikes)
        assert strikes == [1, 1, 1, 2, 2]
        hope.note_heard()
        assert hope.strikes == 2
        hope.note_stable()
        assert hope.strikes == 0

    def test_a_stable_line_clears_no_strike_before_the_backend_processes_audio(self) -> None:
        hope = retry()
        lost(hope, strange(0))
        hope.note_stable()
        assert (hope.stable, hope.strikes) == (True, 1)
        hope.note_heard()
        assert hope.strikes == 0

    def test_a_judgement_alone_counts_nothing(self) -> None:
        hope = retry()
        judged(hope, strange(0))
        judged(hope, strange(0))
        assert (hope.strikes, hope.attempts, hope.tries, hope.give_up_at) == (0, 0, 0, OFF)

    def test_a_loss_without_a_judgement_adds_no_strike(self) -> None:
        hope = retry()
        hope.count_loss(0.0)
        assert (hope.strikes, hope.attempts) == (0, 1)


class TestReauth:
    def test_it_goes_out_at_once_through_the_gate(self) -> None:
        hope = retry(0.9)
        assert lost(hope, UNAUTHORIZED, now=7.0) == 0.0
        for _ in range(15):
            hope.gate.note(7.0)
        assert lost(hope, UNAUTHORIZED, now=7.0) > 60.0

    def test_only_a_stable_line_restores_the_right(self) -> None:
        hope = retry()
        hope.reauth_used = True
        hope.note_progress()
        assert [hope.reauth_used] == [True]
        hope.note_stable()
        assert [hope.reauth_used] == [False]


class TestGate:
    @pytest.mark.parametrize("ending", [REFUSED, BUSY, UNAUTHORIZED])
    @pytest.mark.parametrize("stable", [False, True])
    def test_every_retry_waits_for_it(self, ending: Ending, *, stable: bool) -> None:
        hope = retry(dials_per_minute=2)
        hope.gate.note(100.0)
        hope.gate.note(101.0)
        if stable:
            hope.note_stable()
        assert judged(hope, ending, now=102.0) == hope.gate.opens_at(102.0) > 160.0

    def test_a_wait_for_it_counts_against_patience(self) -> None:
        hope = retry(dials_per_minute=1, give_up_after=30)
        hope.gate.note(0.0)
        assert judged(hope, now=1.0) == OFF
        assert hope.verdict is not None
        assert hope.cause == (
            f"gave up, a retry would come too late: {hope.verdict.why}; "
            "dials are limited to 1 a minute"
        )

    def test_the_cause_names_the_gate_only_if_it_delays_the_dial(self) -> None:
        hope = retry(dials_per_minute=1)
        assert judged(hope, now=1.0) > 1.0
        assert hope.cause
        assert "a minute" not in hope.cause
        hope.gate.note(1.0)
        assert judged(hope, now=1.0) == hope.gate.opens_at(1.0)
        assert hope.cause.endswith("; dials are limited to 1 a minute")


class TestWords:
    def test_the_cause_has_the_reason_and_the_details(self) -> None:
        hope = retry()
        hope.judge(REFUSED, NO_CODES, "port 8000", 0.0, OFF)
        assert hope.verdict is not None
        assert hope.cause == f"{hope.verdict.why} (port 8000)"
        hope.judge(REFUSED, NO_CODES, "", 0.0, OFF)
        assert hope.cause == hope.verdict.why

    def test_the_dialects_own_codes_are_used(self) -> None:
        fatal = Rule(action=Action.FATAL, why="so it is here", source="a dialect")
        hope = retry()
        hope.judge(RESTART, {1012: fatal}, "", 0.0, OFF)
        assert (hope.until, hope.cause) == (OFF, "so it is here")


@pytest.mark.parametrize(
    ("ending", "helps"),
    [(REFUSED, True), (RESTART, True), (BUSY, False), (WEATHER, True), (UNAUTHORIZED, False)],
)
def test_a_restored_network_ends_a_retry_early_and_weather(ending: Ending, *, helps: bool) -> None:
    hope = retry()
    assert [hope.network_hint_applies] == [False], "nothing was lost yet"
    judged(hope, ending)
    assert hope.network_hint_applies is helps


def test_randomness_is_injected_and_drawn_anew_for_each_wait() -> None:
    numbers: Iterator[float] = iter([0.0, 0.5, 0.25])
    hope = Retry(Policy(), lambda: next(numbers))
    assert [lost(hope), lost(hope), lost(hope)] == [0.5, 1.5, 2.5]
