"""What an ending leads to and why, in words: behind ``openline explain 1008`` and the tables.

A subject is a close code, an HTTP status, an ErrorKind, or the text of a refusal. It is turned
into the endings that it can stand for, one for each condition that changes the outcome, and
``judge`` rules on each. So an explanation is what the machine would do. Only the wording is
here, with the numbers of the policy. ``all_rows`` does the same for every row of the verdict
table, ``all_subjects`` for every subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from openline.policy import Policy
from openline.reconnect import verdict_table as table
from openline.reconnect.rules import Ranges, plain
from openline.reconnect.verdicts import (
    MAX_RETRY_AFTER,
    MAX_STRIKES,
    NO_CODES,
    Action,
    Ending,
    ErrorKind,
    Rule,
    Sender,
    Verdict,
    judge,
)

#: The refusals of a dialect that has none.
NO_REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType({})
#: The numbers that an explanation gives if no policy is given.
DEFAULT_POLICY: Final = Policy()

#: The close codes and the HTTP statuses that ``explain`` accepts.
CODES: Final = range(1000, 5000)
STATUSES: Final = range(100, 600)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What one ending means under one condition (``when``; empty: always).

    ``group`` is "close code", "HTTP status", "error", "refusal" or "nothing known";
    ``why``, ``does`` and ``when`` are lines for the user, lower case, no full stop.
    """

    group: str
    title: str
    when: str
    action: Action
    why: str
    does: str
    source: str
    strike: bool


_Cases: TypeAlias = Iterable[tuple[str, Ending]]
#: The group, the title and the cases of one subject.
_Subject: TypeAlias = tuple[str, str, _Cases]


def explain(
    subject: int | ErrorKind | str,
    *,
    dialect_codes: Mapping[int, Rule] = NO_CODES,
    refusals: Mapping[str, Rule] = NO_REFUSALS,
    policy: Policy = DEFAULT_POLICY,
) -> list[Explanation]:
    """Explain ``subject``, one entry for each condition that changes the outcome.

    ``subject`` is a close code (1000-4999), an HTTP status (100-599), an ErrorKind, or a key of
    ``refusals``, which maps the text with which the dialect's backend refuses to the dialect's
    rule. Raises ValueError, in one line, for anything else.
    """
    if isinstance(subject, ErrorKind):
        group, title, cases = _error(subject)
    elif isinstance(subject, str):
        if subject not in refusals:
            raise ValueError(
                f"{subject!r} is no refusal of this dialect: give one of {[*refusals]}"
            )
        group, title, cases = _refusal(subject, refusals[subject])
    elif subject in CODES:
        group, title, cases = _code(subject, dialect_codes)
    elif subject in STATUSES:
        group, title, cases = _status(subject)
    else:
        raise ValueError(
            f"{subject} is no code: give an HTTP status (100-599) or a close code (1000-4999)"
        )
    return _explained(group, title, cases, dialect_codes, policy)


def all_subjects(
    *,
    dialect_codes: Mapping[int, Rule] = NO_CODES,
    refusals: Mapping[str, Rule] = NO_REFUSALS,
    policy: Policy = DEFAULT_POLICY,
) -> list[list[Explanation]]:
    """Explain every subject of the table, in its order, each as ``explain`` does."""
    return [
        _explained(group, title, cases, dialect_codes, policy)
        for group, title, cases in _everything(dialect_codes, refusals)
    ]


def all_rows(
    *,
    dialect_codes: Mapping[int, Rule] = NO_CODES,
    refusals: Mapping[str, Rule] = NO_REFUSALS,
    policy: Policy = DEFAULT_POLICY,
) -> list[Explanation]:
    """Every ruling there is, in the order of the table, for a page of documentation.

    A REAUTH row stands once, as what happens with a provider whose right is unspent.
    """
    return [
        _explanation(group, title, when, judge(variant, dialect_codes), policy)
        for group, title, cases in _everything(dialect_codes, refusals)
        for condition, ending in cases
        for lead, case in _by_contact(condition, ending, dialect_codes, policy)
        for when, variant in _with_provider(lead, case, dialect_codes)
    ]


def _explained(
    group: str, title: str, cases: _Cases, dialect_codes: Mapping[int, Rule], policy: Policy
) -> list[Explanation]:
    return [
        _explanation(group, title, when, judge(variant, dialect_codes), policy)
        for condition, ending in cases
        for lead, case in _by_contact(condition, ending, dialect_codes, policy)
        for when, variant in _by_credential(lead, case, dialect_codes)
    ]


def _everything(
    dialect_codes: Mapping[int, Rule], refusals: Mapping[str, Rule]
) -> Iterator[_Subject]:
    for text, row in refusals.items():
        yield _refusal(text, row)
    own = {each for each in dialect_codes if each in CODES}
    codes = sorted({*table.CLOSE_CODES, *table.OUR_CLOSE_CODES, *own})
    for code in codes:
        yield _code(code, dialect_codes)
    for numbers, one in _others(table.CLOSE_CODE_RANGES, codes):
        yield "close code", f"close code {numbers}", _code_cases(one, NO_CODES)
    yield "close code", "any other close code", _code_cases(0, NO_CODES)
    own_statuses = {each for each in dialect_codes if each in STATUSES}
    for status in sorted({*table.HTTP_STATUSES, *own_statuses}):
        yield _status(status)
    for numbers, one in _others(table.HTTP_RANGES, table.HTTP_STATUSES):
        yield "HTTP status", f"HTTP {numbers}", _status_cases(one)
    yield "HTTP status", "any other HTTP status", _status_cases(0)
    for error in table.ERRORS:
        yield _error(error)
    yield "nothing known", "nothing known", [("", Ending())]


def _code(code: int, dialect_codes: Mapping[int, Rule]) -> _Subject:
    return "close code", f"close code {code}", _code_cases(code, dialect_codes)


def _status(status: int) -> _Subject:
    return "HTTP status", f"HTTP {status}", _status_cases(status)


def _error(error: ErrorKind) -> _Subject:
    return "error", f"error {plain(error)}", [("", Ending(error=error))]


def _refusal(text: str, row: Rule) -> _Subject:
    return "refusal", f'refusal "{text}"', [("", Ending(refusal=row))]


def _others(ranges: Ranges, exact: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Name each range, and give a number that is ruled by it and by nothing before it."""
    taken = set(exact)
    for numbers, _ in ranges:
        name = f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
        suffix = " (others)" if taken.intersection(numbers) else ""
        one = next(number for number in numbers if number not in taken)
        taken.update(numbers)
        yield name + suffix, one


def _code_cases(code: int, dialect_codes: Mapping[int, Rule]) -> Iterator[tuple[str, Ending]]:
    peer = Ending(code=code, sender=Sender.REMOTE)
    by_sender = code in table.OUR_CLOSE_CODES or code in dialect_codes
    yield "sent by the server" if by_sender else "", peer
    if by_sender:
        yield "sent by this client", msgspec.structs.replace(peer, sender=Sender.LOCAL)
    elif code == 1008:
        for keywords, _ in table.POLICY_REASONS:
            listed = " or ".join(f'"{keyword}"' for keyword in keywords)
            yield f"its reason contains {listed}", msgspec.structs.replace(peer, reason=keywords[0])


def _status_cases(status: int) -> Iterator[tuple[str, Ending]]:
    yield "", Ending(status=status)


def _by_contact(
    when: str, ending: Ending, dialect_codes: Mapping[int, Rule], policy: Policy
) -> Iterator[tuple[str, Ending]]:
    """Split a case by whether the session has streamed, if that changes the outcome."""
    lead = f"{when}, " if when else ""
    row, once = judge(ending, dialect_codes), msgspec.structs.replace(ending, ever_connected=True)
    if row.first_contact:
        met = msgspec.structs.replace(ending, met=True)
        yield f"{lead}never connected, within {policy.first_contact:g} s of the opening", ending
        yield f"{lead}never connected, after that", met
        yield f"{lead}once connected", once
    elif row.strike:
        yield when, ending
        last = msgspec.structs.replace(once, strikes=MAX_STRIKES - 1)
        if judge(last, dialect_codes).action is not Action.FATAL:
            yield f"{lead}once connected, the fourth with no stable line in between", last
    elif judge(once, dialect_codes).action is not row.action:
        yield f"{lead}never connected", ending
        yield f"{lead}once connected", once
    else:
        yield when, ending


def _with_provider(when: str, ending: Ending, dialect_codes: Mapping[int, Rule]) -> _Cases:
    """A case with a provider; once connected its right is spent, so that the rest shows."""
    able = msgspec.structs.replace(ending, has_provider=True)
    if ending.ever_connected and judge(able, dialect_codes).action is Action.REAUTH:
        spent = msgspec.structs.replace(able, reauth_used=True)
        return [(f"{when}, when a fresh credential was refused too", spent)]
    return [(when, able)]


def _by_credential(when: str, ending: Ending, dialect_codes: Mapping[int, Rule]) -> _Cases:
    """Split a case by what can be had for a credential, if that changes the outcome."""
    able = msgspec.structs.replace(ending, has_provider=True)
    if judge(able, dialect_codes).action is not Action.REAUTH:
        return [(when, able)]
    spent = msgspec.structs.replace(able, reauth_used=True)
    lead = f"{when}, " if when else ""
    return [
        (f"{lead}with a credential provider", able),
        (f"{lead}when a fresh credential was refused too", spent),
        (f"{lead}without a credential provider", ending),
    ]


def _explanation(
    group: str, title: str, when: str, verdict: Verdict, policy: Policy
) -> Explanation:
    return Explanation(
        group=group,
        title=title,
        when=when,
        action=verdict.action,
        why=verdict.why,
        does=_does(verdict, policy),
        source=verdict.source,
        strike=verdict.strike,
    )


def _backoff(policy: Policy) -> str:
    first, cap = policy.backoff_first, policy.backoff_cap
    return f"a random wait of d/2 to d, where d starts at {first:g} s and doubles to {cap:g} s"


def _does(verdict: Verdict, policy: Policy) -> str:
    """What the client does, with the numbers of ``policy``."""
    if verdict.action is Action.FATAL:
        return "stops: the session fails and dials no more"
    if verdict.action is Action.REAUTH:
        return "dials once more, with a fresh credential from the provider"
    if verdict.action is Action.LATER:
        does = (
            f"dials again after the longest of {policy.later_floor:g} s, the server's "
            f"Retry-After ({MAX_RETRY_AFTER:g} s at most) and {_backoff(policy)}; plus up to 1 s, "
            "or half of the Retry-After, at random"
        )
    else:
        prompt = policy.scatter if verdict.scatter else policy.prompt_retry
        does = (
            f"dials again after {_backoff(policy)}; where a stable line was lost, the first try "
            f"goes out within {prompt:g} s"
        )
    if verdict.first_contact:
        does += f"; gives up {policy.first_contact:g} s after the opening"
    if verdict.hint_ends_wait:
        does += "; news that the network is back ends the wait"
    if verdict.strike:
        does += (
            f"; counts a strike, as an unknown ending: {MAX_STRIKES} with no stable line "
            "in between end the session"
        )
    return does
