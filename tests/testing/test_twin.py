"""The chart that runs is the chart that is declared: table and library agree.

``INTERPRETED``, which the benchmark measures too, is a session whose ``interpreter`` is
python-statemachine's own, of the declaration. Whatever happens, both twins give the same
commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from bench.charts import INTERPRETED
from openline import events as e
from openline.backend import Backend
from openline.commands import Command, Outgoing
from openline.session import LocalProtocolError, SessionMachine
from openline.updates import State, Statistics
from openline_testing import SessionFuzzer
from openline_testing.world import Session
from tests.core.driver import Drive
from tests.support_profiles import paced


class Pair:
    """Two sessions behind one interface: they must give the same results."""

    def __init__(self, **options: Any) -> None:
        # Both draw the same numbers: each has a copy of the randomness.
        draws = [*options.pop("random")]
        self.ours = SessionMachine(Backend(), random=iter(cycle(draws)).__next__, **options)
        self.hers = INTERPRETED(Backend(), random=iter(cycle(draws)).__next__, **options)

    def receive(self, event: e.Event, now: float) -> list[Command]:
        try:
            hers = self.hers.receive(event, now)
        except LocalProtocolError as refusal:
            with pytest.raises(LocalProtocolError, match=re.escape(str(refusal))):
                self.ours.receive(event, now)
            raise
        ours = self.ours.receive(event, now)
        assert ours == hers
        assert self.state == self.hers.state
        assert self.next_deadline() == self.hers.next_deadline()
        return ours

    def next_message(self, now: float) -> Outgoing | None:
        ours = self.ours.next_message(now)
        assert ours == self.hers.next_message(now)
        return ours

    def next_deadline(self) -> float | None:
        return self.ours.next_deadline()

    @property
    def state(self) -> State:
        return self.ours.state

    @property
    def ended(self) -> bool:
        return self.ours.ended

    @property
    def statistics(self) -> Statistics:
        return self.ours.statistics

    @property
    def backlog_seconds(self) -> float:
        return self.ours.backlog_seconds


class Twins(SessionFuzzer):
    """A fuzzer for both twins."""

    def make(self, **options: Any) -> Session:
        return Pair(**options)


TestTwins = Twins.TestCase
TestTwins.settings = paced(25, 30)


def a_whole_session(make: Callable[..., SessionMachine]) -> Drive:
    """Refused, full, streaming, lost, replayed, redirected, finished."""
    drive = Drive(make=make, has_provider=True, sources=("mic", "system"))
    drive.audio(10)
    drive.open()
    drive.feed(e.CredentialReady(1), after=0.1)
    drive.opened()
    drive.drain()
    drive.refuse("Unauthorized websocket connection")
    drive.feed(e.CredentialReady(2), after=0.1)
    drive.opened()
    drive.drain()
    drive.refuse()
    drive.redial()
    drive.feed(e.Redirected(drive.core.dial, 302, "/there"))
    drive.connect()
    drive.speak(12)
    drive.final(0, 5, source="mic")
    drive.partial(5, 6, source="mic")
    drive.lose(1012)
    drive.audio(20, "system")
    drive.feed(e.NetworkRestored())
    drive.redial()
    drive.connect()
    drive.speak(1)
    drive.lose()
    drive.redial()
    drive.wait(11)  # no connection opens
    drive.redial()
    drive.opened()
    drive.stop()
    drive.drain()
    drive.ack()
    drive.serve("mic", "system")
    drive.summary()
    drive.tick()
    return drive


def test_a_whole_session_is_the_same_command_for_command() -> None:
    ours, hers = a_whole_session(SessionMachine), a_whole_session(INTERPRETED)
    assert ours.commands == hers.commands
    assert ours.sent == hers.sent
    assert ours.ended.state == "closed"
    assert len(ours.dials) == 8
