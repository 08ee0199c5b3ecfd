"""Where a trouble lies, by the row of the verdict table that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import cast

import pytest

from openline.dialects.registry import BUILT_IN
from openline.reconnect.verdicts import ErrorKind, Rule
from openline.text import one_line
from openline.updates import GapCause
from openline_lookup.places import (
    ADVICE,
    FULL,
    GAPS,
    LOG,
    STATUSES,
    TROUBLES,
    Place,
    row_of,
    rows,
)


@pytest.mark.parametrize("dialect", [*BUILT_IN, "an app's own"])
def test_each_reason_has_a_place_and_a_line_of_advice(dialect: str) -> None:
    for row in rows(dialect):
        assert row.lies.where in set(Place)
        assert row.lies.advice
        assert one_line(row.lies.advice) == row.lies.advice
        assert not row.lies.advice.endswith(".")


@pytest.mark.parametrize(
    ("reason", "where", "advice"),
    [
        ("the connection was reset", Place.UNKNOWN, ADVICE[ErrorKind.RESET]),
        ("the backend did not answer a ping in time", Place.UNKNOWN, "ask openline doctor"),
        ("the network timed out", Place.NETWORK, ADVICE[ErrorKind.TIMED_OUT]),
        ("the name server has no answer now", Place.NETWORK, "its name server"),
        ("nothing listens at that address yet", Place.SERVER, "check the port"),
        ("the token was refused", Place.HERE, "check the token"),
        ("the server has nothing at this path: check the path", Place.HERE, "check the path"),
        ("the server has nothing at this path, where it was before, as", Place.SERVER, "the log"),
        ("a router or proxy rejects what the server accepted", Place.SERVER, "the log"),
        ("the server is restarting", Place.SERVER, "the log"),
        ("the server failed", Place.SERVER, "the log"),
        ("the server asks to come back later", Place.SERVER, "wait"),
        ("the server is not available now", Place.SERVER, "wait"),
        ("the server reports malformed data from this client", Place.HERE, "dialect"),
        ("the server sent malformed data", Place.SERVER, "the log"),
        ("the connection broke off without a close frame", Place.UNKNOWN, "the log"),
        ("something answered with a page", Place.NETWORK, "open a web page"),
        ("the network wants a login", Place.NETWORK, "open a web page in a browser"),
        ("the proxy wants credentials", Place.NETWORK, "USER:PASSWORD@"),
        ("the credential provider failed", Place.HERE, "provider"),
        ("the connection ended and no reason was given", Place.UNKNOWN, "the log"),
        ("nobody wrote this down", Place.UNKNOWN, "the log"),
    ],
)
def test_it_lies_where_the_evidence_says(reason: str, where: Place, advice: str) -> None:
    known = [each for each in rows("echopanel") if each.why.startswith(reason)]
    found = row_of(known[0].why if known else reason, "echopanel").lies
    assert found.where is where
    assert advice in found.advice


def test_statuses_say_what_and_what_to_do() -> None:
    assert all(": " in each for each in STATUSES.values())


def test_troubles_and_gaps_lie_somewhere() -> None:
    assert all(each.advice for each in (*TROUBLES.values(), *GAPS.values()))
    by_the_loss = {GapCause.OVERFLOW, GapCause.UNPROVEN, GapCause.UNDELIVERED, GapCause.UNCONFIRMED}
    assert set(GapCause) - set(GAPS) == by_the_loss


def _rules_of(name: str) -> dict[str, Rule]:
    """Every rule that the modules of a dialect hold, by its reason."""
    found: dict[str, Rule] = {}
    for module in (name, f"{name}_rows"):
        if find_spec(f"openline.dialects.{module}") is None:
            continue
        for value in vars(import_module(f"openline.dialects.{module}")).values():
            held = cast(
                "Iterable[object]", value.values() if isinstance(value, Mapping) else [value]
            )
            found |= {each.why: each for each in held if isinstance(each, Rule)}
    return found


def _own(name: str) -> list[Rule]:
    traits = BUILT_IN[name].traits
    return [*traits.refusals.values(), *traits.rulings.values()]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_rule_of_a_dialect_has_a_place(name: str) -> None:
    """Else a story says "where: unknown", and has no source, for what the server itself said."""
    for why, rule in _rules_of(name).items():
        row = row_of(why, name)
        assert row.why == why
        assert row.source in {each.source for each in (rule, *_own(name)) if each.why == why}
        assert row.lies.where is not Place.UNKNOWN
        if rule.weather:
            assert row_of(rule.weather, name).lies.where is Place.SERVER


def test_what_was_accepted_before_is_no_matter_of_a_limit() -> None:
    weather = BUILT_IN["openai"].traits.codes[4000].weather
    assert row_of(weather, "openai").lies.advice == LOG
    full = row_of("the server is full and asks to come back later", "whisperlive").lies
    assert full.advice == FULL
