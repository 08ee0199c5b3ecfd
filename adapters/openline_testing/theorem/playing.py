"""One schedule, played to its end and checked against the theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openline.dialects.dry_run import dry_run_headers
from openline.policy import Policy
from openline.session import SessionMachine
from openline_testing.scope import check_scope
from openline_testing.theorem.ledger import Ledger
from openline_testing.theorem.line import Line
from openline_testing.theorem.schedule import Schedule
from openline_testing.theorem.simulation import Simulation, brisk
from openline_testing.theorem.speech import EchoSpeech, Speech, claims_its_ends, fitted

ECHO: Final = EchoSpeech()


def play(
    schedule: Schedule,
    *,
    policy: Policy | None = None,
    speech: Speech = ECHO,
    connection: Callable[..., SessionMachine] = SessionMachine,
) -> Ledger:
    """Play ``schedule``; returns its ledger, which holds the whole session.

    ``policy`` None: one under which much happens in little time, with the limits of the
    schedule; a given policy is used as it is, and the schedule's buffer, finish, give_up and
    patience are ignored. ``speech`` encodes the backend's messages, and ``connection`` makes
    the session, with the arguments of ``openline.SessionMachine``.

    Raises TheoremBroken, and any exception of the session.
    """
    check_scope(speech.dialect, policy, assumes=True)
    dry_run_headers(speech.dialect)
    traits = speech.dialect.traits
    schedule = fitted(schedule, speech)
    policy = policy or brisk(schedule, traits.lag)
    claims = claims_its_ends(speech, schedule.claims)
    books = Ledger(schedule, policy, traits, claims=claims)
    line = Line(Simulation(schedule, policy, speech, books), connection=connection)
    books.core = line.core
    line.run()
    books.close()
    return books
