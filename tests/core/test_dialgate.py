"""No server can cause a hot loop: at most 15 dials in any minute.

A client that never gives up runs against hostile servers for virtual hours, with the
shortest delays that the policy allows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline import events as e
from openline.commands import OpenSocket, RequestCredential
from openline.policy import Policy
from openline.reconnect.verdict_table import CLOSE_CODES, ERRORS, HTTP_STATUSES
from openline.reconnect.verdicts import Action, Sender
from tests.core.driver import Drive

HOUR = 3600.0
#: The shortest delays that the policy allows.
EAGER = Policy(
    give_up_after=None,
    backoff_first=1e-6,
    backoff_cap=1e-6,
    later_floor=0,
    prompt_retry=0,
    scatter=0,
    start_delay=0,
    stable_after=1e-6,
)
CODES = sorted({*CLOSE_CODES, 1004, 1015, 2000, 2999, 3001, 3999, 4000, 4999, 0, 5000, 65535})
STATUSES = sorted({*HTTP_STATUSES, 100, 200, 204, 300, 418, 520, 521, 599, 0, 600})


class Hostile:
    """A server that ends every dial in the same way, and counts the dials."""

    def __init__(self, *, has_provider: bool, policy: Policy = EAGER) -> None:
        self.drive = Drive(policy=policy, has_provider=has_provider, random=0.0)
        self.passes: list[float] = []

    def note(self) -> None:
        for command in self.drive.commands:
            if isinstance(command, OpenSocket | RequestCredential):
                self.passes.append(self.drive.now)
        self.drive.commands.clear()

    def play(self, ending: dict[str, Any], *, until: str = "connecting", hours: float = 2) -> None:
        """Every dial reaches ``until`` and then ends at once, in the same way."""
        drive = self.drive
        self.drive.open()
        end = drive.now + hours * HOUR
        self.note()
        while not drive.core.ended and drive.now < end:
            if drive.state == "authorizing":
                drive.feed(e.CredentialReady(drive.session.request))
            elif drive.state == until:
                drive.lose(**ending)
            elif drive.state == "connecting":
                session = drive.session
                drive.opened(after=session.policy.start_delay_of(session.dialect.traits))
            elif drive.state == "awaiting_ack":
                drive.drain()
                drive.ack()
            else:
                drive.feed(e.NetworkRestored())  # the app is impatient
                self.note()
                if drive.state == "reconnecting":
                    drive.tick()
            self.note()

    def check(self) -> None:
        for first, sixteenth in zip(self.passes, self.passes[15:], strict=False):
            assert sixteenth - first > 60, "more than 15 dials in a minute"
        assert self.passes == sorted(self.passes)


ENDINGS: list[dict[str, Any]] = [
    *({"code": code, "sender": sender} for code in CODES for sender in Sender),
    *({"status": status} for status in STATUSES),
    *({"error": error} for error in ERRORS),
]


def name(ending: dict[str, Any]) -> str:
    return " ".join(str(fact) for fact in ending.values())


@pytest.mark.repeats
@pytest.mark.parametrize("until", ["connecting", "awaiting_ack", "streaming"])
@pytest.mark.parametrize("ending", ENDINGS, ids=name)
def test_no_ending_makes_a_hot_loop(ending: dict[str, Any], until: str) -> None:
    hostile = Hostile(has_provider=True)
    hostile.play(ending, until=until, hours=0.05)
    hostile.check()


@pytest.mark.repeats
@pytest.mark.parametrize("until", ["connecting", "awaiting_ack", "streaming"])
@pytest.mark.parametrize("code", [1000, 1008, 1012])
def test_hours_of_the_same_ending_cause_no_hot_loop(code: int, until: str) -> None:
    hostile = Hostile(has_provider=True)
    hostile.play({"code": code}, until=until, hours=4)
    hostile.check()
    assert len(hostile.passes) <= 4 * 60 * 15


@pytest.mark.parametrize("until", ["connecting", "awaiting_ack", "streaming"])
def test_an_unknown_ending_gets_four_dials_only(until: str) -> None:
    hostile = Hostile(has_provider=False, policy=Policy(give_up_after=None))
    hostile.play({"code": 4999}, until=until)
    assert hostile.drive.core.dial == 4


@pytest.mark.parametrize(
    "ending",
    [
        *(
            {"code": code}
            for code, row in CLOSE_CODES.items()
            if row.action in {Action.FATAL, Action.REAUTH}
        ),
        *(
            {"status": status}
            for status, row in HTTP_STATUSES.items()
            if row.action in {Action.FATAL, Action.REAUTH}
        ),
        *({"error": error} for error, row in ERRORS.items() if row.action is Action.FATAL),
    ],
    ids=name,
)
@pytest.mark.parametrize("until", ["connecting", "awaiting_ack", "streaming"])
def test_a_fatal_ending_gets_one_dial_only(ending: dict[str, Any], until: str) -> None:
    if until == "streaming" and is_weather(ending):
        return  # it passes
    hostile = Hostile(has_provider=False)
    hostile.play(ending, until=until)
    assert hostile.drive.state == "failed"
    assert len(hostile.passes) == 1


def is_weather(ending: dict[str, Any]) -> bool:
    """Whether it passes by itself once the session has streamed."""
    tables: tuple[Any, ...] = (HTTP_STATUSES, ERRORS)
    return any(table[key].weather for table in tables for key in ending.values() if key in table)


@pytest.mark.parametrize("until", ["connecting", "awaiting_ack"])
@pytest.mark.parametrize("code", [1008, 3000, 4001, 4401])
def test_a_token_refused_twice_fails_the_session(until: str, code: int) -> None:
    hostile = Hostile(has_provider=True)
    hostile.play({"code": code}, until=until)
    assert hostile.drive.state == "failed"
    assert hostile.drive.core.dial == 2
    assert len(hostile.passes) == 4


@pytest.mark.repeats
def test_redirects_pass_the_gate() -> None:
    drive = Drive(policy=Policy(max_redirects=1000, give_up_after=None))
    drive.open()
    times: list[float] = []
    while drive.now < 100 + HOUR:
        dials = len(drive.dials)
        drive.feed(e.Redirected(drive.core.dial, 302, "/round"))
        if len(drive.dials) == dials:
            drive.tick()
        times.append(drive.now)
    assert len(drive.dials) <= 15 * 60 + 15
    assert all(later - earlier > 60 for earlier, later in zip(times, times[15:], strict=False))
    assert len(list(pairwise(times))) > 800, "it goes as fast as the gate lets it"


@given(
    endings=st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=30),
    until=st.sampled_from(["connecting", "awaiting_ack", "streaming"]),
    limit=st.integers(1, 15),
)
def test_no_mixture_of_endings_makes_a_hot_loop(
    endings: list[dict[str, Any]], until: str, limit: int
) -> None:
    policy = Policy(
        give_up_after=None,
        backoff_first=1e-6,
        backoff_cap=1e-6,
        later_floor=0,
        prompt_retry=0,
        scatter=0,
        stable_after=1e-6,
        dials_per_minute=limit,
    )
    hostile = Hostile(has_provider=True, policy=policy)
    drive = hostile.drive
    drive.open()
    hostile.note()
    for ending in endings:
        while drive.state != until and not drive.core.ended:
            if drive.state == "authorizing":
                drive.feed(e.CredentialReady(drive.session.request))
            elif drive.state == "connecting":
                drive.opened()
            elif drive.state == "awaiting_ack":
                drive.drain()
                drive.ack()
            else:
                drive.tick()
            hostile.note()
        if drive.core.ended:
            break
        drive.lose(**ending)
        hostile.note()
    hostile.check()
    for first, last in zip(hostile.passes, hostile.passes[limit:], strict=False):
        assert last - first > 60
