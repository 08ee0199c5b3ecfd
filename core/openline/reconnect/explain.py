"""Why an ending means what it means, in words: what ``openline explain 1008`` prints.

A subject (a close code, an HTTP status, the name of an error, the text of a refusal, or
what was printed about any of them) is turned into the endings that it can stand for, one
for each condition that changes the outcome, and each is put to ``judge``. So an
explanation is what the machine would do, not a second account of it; only the wording
lives here, and its numbers come from the policy. ``all_rows`` does the same for every
row of the verdict table.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from openline.policy import Policy
from openline.reconnect import verdict_table as table
from openline.reconnect.verdicts import (
    MAX_RETRY_AFTER,
    MAX_STRIKES,
    NO_CODES,
    Action,
    Ending,
    ErrorKind,
    Phase,
    Rule,
    Sender,
    Verdict,
    judge,
)
from openline.sayings import SYSTEM, part, whole

#: The refusals of a dialect that has none.
NO_REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType({})
#: The numbers that an explanation gives unless told otherwise.
DEFAULT_POLICY: Final = Policy()

_CODES: Final = range(1000, 5000)
_STATUSES: Final = range(100, 600)
_NUMBER: Final = re.compile(
    r"\s*(?:(?:close|code|http|status)[\s_-]*)*([0-9]{1,9})\s*", re.IGNORECASE
)
#: How a line ends that tells of an HTTP status: behind its reason, in brackets.
_BEHIND: Final = re.compile(
    r"\((?:[^()]*;\s*)?HTTP ([0-9]{3})\)(?:[;,][^()]*)?[\s.]*\Z", re.IGNORECASE
)
#: So many endings may be meant by a part of what was printed.
_MOST: Final = 6
_ERRORS: Final = {table.plain(kind): kind for kind in ErrorKind}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What one ending means under one condition (``when``; empty: always).

    ``group`` is "close code", "HTTP status", "error", "refusal" or "nothing known";
    ``why``, ``does`` and ``when`` are lines for a person, lower case, no full stop.
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


def explain(
    subject: str,
    *,
    dialect_codes: Mapping[int, Rule] = NO_CODES,
    refusals: Mapping[str, Rule] = NO_REFUSALS,
    policy: Policy = DEFAULT_POLICY,
) -> list[Explanation]:
    """Explain ``subject``, one entry for each condition that changes the outcome.

    ``refusals`` maps the text (or its beginning) with which the dialect's backend
    refuses to the dialect's row. A subject that is none of these is looked for among the
    reasons that are printed; an "(HTTP 401)" behind the reason decides between those that share
    it. Raises ValueError, in one line that names what is near, for a subject that means
    nothing, or is a part of too many reasons.
    """
    lines: list[Explanation] = []
    found = list(_find(subject, dialect_codes, refusals))
    for group, title, cases in found or _printed(subject, dialect_codes, refusals):
        for condition, ending in cases:
            for when, variant in _by_credential(condition, ending, dialect_codes):
                verdict = judge(variant, dialect_codes)
                lines.append(_explanation(group, title, when, verdict, policy))
    if not lines:
        raise ValueError(f"nothing is known of {_short(subject)}: {_suggest(subject, refusals)}")
    return lines


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
        _explanation(
            group,
            title,
            when,
            judge(msgspec.structs.replace(ending, has_provider=True), dialect_codes),
            policy,
        )
        for group, title, cases in _everything(dialect_codes, refusals)
        for when, ending in cases
    ]


def _find(
    subject: str, dialect_codes: Mapping[int, Rule], refusals: Mapping[str, Rule]
) -> Iterator[tuple[str, str, _Cases]]:
    """Yield what ``subject`` names: its group, its title, its cases."""
    wanted = table.plain(subject)
    number = _NUMBER.fullmatch(subject)
    if number is not None:
        value = int(number[1])
        if value in _CODES:
            yield "close code", f"close code {value}", _code_cases(value, dialect_codes)
        elif value in _STATUSES:
            yield "HTTP status", f"HTTP {value}", _status_cases(value)
    elif (status := _status_behind(subject)) is not None:
        yield "HTTP status", f"HTTP {status}", _status_cases(status)
    elif wanted in _ERRORS:
        yield "error", f"error {wanted}", _error_cases(_ERRORS[wanted])
    elif wanted:
        for text, row in refusals.items():
            known = table.plain(text)
            if known.startswith(wanted) or wanted.startswith(known):
                yield "refusal", f'refusal "{text}"', _refusal_cases(row)


def _status_behind(subject: str) -> int | None:
    """The HTTP status in the brackets with which ``subject`` ends."""
    behind = _BEHIND.search(subject)
    return int(behind[1]) if behind is not None and int(behind[1]) in _STATUSES else None


def _printed(
    subject: str, dialect_codes: Mapping[int, Rule], refusals: Mapping[str, Rule]
) -> list[tuple[str, str, _Cases]]:
    """What ``subject`` was printed about. Raises ValueError if that may be nearly anything."""
    endings = [
        (group, title, list(cases)) for group, title, cases in _everything(dialect_codes, refusals)
    ]
    sayings: list[tuple[str, int]] = []
    for number, (group, title, cases) in enumerate(endings):
        name = title.removeprefix(f"{group} ")
        if group == "error":
            sayings += [(said, number) for said in (name, *SYSTEM.get(_ERRORS[name], ()))]
        for condition, ending in cases:
            for _, variant in _by_credential(condition, ending, dialect_codes):
                sayings.append((judge(variant, dialect_codes).why, number))
    numbers = whole(subject, sayings)
    if not numbers:
        numbers = part(subject, sayings)
        if len(numbers) > _MOST:
            raise ValueError(
                f"{len(numbers)} endings are told with {_short(subject)}: "
                "give more of the text, or nothing for all there are"
            )
    return [endings[number] for number in numbers]


def _everything(
    dialect_codes: Mapping[int, Rule], refusals: Mapping[str, Rule]
) -> Iterator[tuple[str, str, _Cases]]:
    for text, row in refusals.items():
        yield "refusal", f'refusal "{text}"', _refusal_cases(row)
    codes = sorted({*table.CLOSE_CODES, *table.OUR_CLOSE_CODES, *dialect_codes})
    for code in codes:
        yield "close code", f"close code {code}", _code_cases(code, dialect_codes)
    for numbers, one in _others(table.CLOSE_CODE_RANGES, codes):
        yield "close code", f"close code {numbers}", _code_cases(one, NO_CODES)
    yield "close code", "any other close code", _code_cases(0, NO_CODES)
    for status in table.HTTP_STATUSES:
        yield "HTTP status", f"HTTP {status}", _status_cases(status)
    for numbers, one in _others(table.HTTP_RANGES, table.HTTP_STATUSES):
        yield "HTTP status", f"HTTP {numbers}", _status_cases(one)
    yield "HTTP status", "any other HTTP status", _status_cases(0)
    for error in table.ERRORS:
        yield "error", f"error {table.plain(error)}", _error_cases(error)
    yield "nothing known", "nothing known", [("", Ending(phase=Phase.STREAMING))]


def _others(ranges: table.Ranges, exact: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Name each range, and give a number that is ruled by it and by nothing before it."""
    taken = set(exact)
    for numbers, _ in ranges:
        name = f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
        suffix = " (others)" if taken.intersection(numbers) else ""
        one = next(number for number in numbers if number not in taken)
        taken.update(numbers)
        yield name + suffix, one


def _code_cases(code: int, dialect_codes: Mapping[int, Rule]) -> Iterator[tuple[str, Ending]]:
    peer = Ending(phase=Phase.STREAMING, code=code, sender=Sender.REMOTE)
    by_sender = code in table.OUR_CLOSE_CODES or code in dialect_codes
    yield "sent by the server" if by_sender else "", peer
    if by_sender:
        yield "sent by this client", msgspec.structs.replace(peer, sender=Sender.LOCAL)
    elif code == 1008:
        for keywords, _ in table.POLICY_REASONS:
            says = " or ".join(f'"{keyword}"' for keyword in keywords)
            yield f"its reason says {says}", msgspec.structs.replace(peer, reason=keywords[0])


def _status_cases(status: int) -> Iterator[tuple[str, Ending]]:
    yield "", Ending(phase=Phase.CONNECTING, status=status)


def _error_cases(error: ErrorKind) -> Iterator[tuple[str, Ending]]:
    ending = Ending(phase=Phase.CONNECTING, error=error)
    changes = error in table.ERRORS_ONCE_CONNECTED
    yield "never connected in this session" if changes else "", ending
    if changes:
        once = msgspec.structs.replace(ending, ever_connected=True)
        yield "connected before in this session", once


def _refusal_cases(row: Rule) -> Iterator[tuple[str, Ending]]:
    yield "", Ending(phase=Phase.AWAITING_ACK, refusal=row)


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


def _does(verdict: Verdict, policy: Policy) -> str:
    """Say what the client does, with the numbers of ``policy``."""
    first, cap = policy.backoff_first, policy.backoff_cap
    backoff = f"a random wait of d/2 to d, where d starts at {first:g} s and doubles to {cap:g} s"
    if verdict.action is Action.FATAL:
        return "stops: the session fails and dials no more"
    if verdict.action is Action.REAUTH:
        return "dials once more, with a fresh credential from the provider"
    if verdict.action is Action.LATER:
        does = (
            f"dials again after the longest of {policy.later_floor:g} s, the server's "
            f"Retry-After ({MAX_RETRY_AFTER:g} s at most) and {backoff}; plus jitter"
        )
    else:
        prompt = policy.scatter if verdict.scatter else policy.prompt_retry
        does = (
            f"dials again after {backoff}; where a stable line was lost, the first try goes "
            f"out within {prompt:g} s"
        )
    if verdict.hint_ends_wait:
        does += "; news that the network is back ends the wait"
    if verdict.strike:
        does += (
            f"; counts a strike, as an unknown ending: {MAX_STRIKES} with no stable line "
            "in between end the session"
        )
    return does


def _short(subject: str) -> str:
    return repr(subject if len(subject) <= 60 else subject[:57] + "...")


def _suggest(subject: str, refusals: Mapping[str, Rule]) -> str:
    if _NUMBER.fullmatch(subject) is not None:
        return "give an HTTP status (100-599) or a close code (1000-4999)"
    names = [*_ERRORS, *(table.plain(text) for text in refusals)]
    near = difflib.get_close_matches(table.plain(subject), names)
    if not near:
        return 'give a number such as 1008 or 429, a name such as "no ack", or what was printed'
    return "did you mean " + " or ".join(f'"{name}"' for name in near) + "?"
