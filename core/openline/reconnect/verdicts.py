"""What an ending means: one pure, total function from an ``Ending`` to one of four actions.

A dial that ends leaves several pieces of evidence: a refusal by the backend, a close code and
its sender, an HTTP status, an error kind. ``judge`` takes the first of these that decides and
finds its row in the verdict table. Then it applies the rules that need the session: the number
of strikes, and whether a fresh credential is possible.

The order, the most specific first:

1. the dialect's refusal: the backend gave the reason in words, the close only repeats it;
2. the known end of the connection: a close there, or its code, says nothing else (Speechmatics
   closes with 1008, as for a bad token);
3. the dialect's own codes, if the close frame is not ours (they define what the backend means
   by a code, not why our library closed);
4. a close code that was in a frame: an error after it is its consequence. The reason of a
   1008 refines it;
5. an HTTP status for which the dialect has a rule, or one that refuses;
6. the error kind. It comes before the statuses that refuse nothing in themselves (101, and a
   redirect that was not followed: the error is the reason why it was not);
7. such a status with no error;
8. 1006 or 1015: no frame ever carries them. A library reports them for "there was no close
   frame", so they add nothing to other evidence. An adapter that reports 1006 and one that
   reports no code get the same verdict;
9. nothing: RETRY with a strike.

An ending that is in no table is RETRY with a strike. The strike that makes ``MAX_STRIKES``
since the line was stable is FATAL, for every action of a row; other endings neither add nor
clear strikes. REAUTH is FATAL without a provider, or if a fresh credential was used already. A row
for a first contact is FATAL once the time for it is over. Once the session has streamed, a row
with a ``weather`` is LATER wherever it would be FATAL.
The caller counts: it adds one to its strikes when ``Verdict.strike``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from openline.reconnect import verdict_table as table
from openline.reconnect.rules import Action, Ranges, Rule, plain
from openline.reconnect.verdict_table import ErrorKind, Sender

__all__ = [
    "MAX_RETRY_AFTER",
    "MAX_STRIKES",
    "NO_CODES",
    "Action",
    "Ending",
    "ErrorKind",
    "Rule",
    "Sender",
    "Verdict",
    "judge",
]

#: The unknown ending that is fatal, counted since the line was stable.
MAX_STRIKES: Final = 4
#: Seconds of a server's Retry-After that are respected.
MAX_RETRY_AFTER: Final = 300.0
#: The codes of a dialect that has none of its own.
NO_CODES: Final[Mapping[int, Rule]] = MappingProxyType({})


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The input of ``judge``; it never holds a secret.

    ``refusal`` is the dialect's rule for the message by which the backend refused; ``strikes``
    the number before this ending; ``reauth_used``: a fresh credential has been used since the
    line was stable. ``ever_connected``: a step of some dial of this session was acknowledged by the
    backend (an open socket alone is none); ``met``: the time for a first contact is over.
    ``retry_after`` is in seconds. ``expired``: the connection was at its known end.
    """

    code: int | None = None
    sender: Sender | None = None
    reason: str = ""
    status: int | None = None
    error: ErrorKind | None = None
    retry_after: float | None = None
    ever_connected: bool = False
    met: bool = False
    has_provider: bool = False
    reauth_used: bool = False
    strikes: int = 0
    refusal: Rule | None = None
    expired: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The action, and the reason for it.

    ``retry_after`` (seconds, 0-300) is None unless the action is LATER and the server
    sent a Retry-After. ``strike``, ``scatter``, ``hint_ends_wait`` and ``first_contact`` are the
    row's (see ``Rule``); a FATAL neither scatters nor waits.
    """

    action: Action
    why: str
    source: str
    strike: bool = False
    scatter: bool = False
    hint_ends_wait: bool = False
    first_contact: bool = False
    retry_after: float | None = None


def judge(ending: Ending, dialect_codes: Mapping[int, Rule] = NO_CODES) -> Verdict:
    """Return the verdict on ``ending``. Total: never raises.

    ``dialect_codes``: the close codes and HTTP statuses for which the dialect has its own rules.
    """
    row = _ruling(ending, dialect_codes)
    fatal = _why_fatal(row, ending)
    if row.weather and ending.ever_connected and (row.first_contact or fatal is not None):
        row = Rule(action=Action.LATER, why=row.weather, source=row.source, hint_ends_wait=True)
    elif fatal is not None:
        return Verdict(action=Action.FATAL, why=fatal, source=row.source, strike=row.strike)
    return Verdict(
        action=row.action,
        why=row.why,
        source=row.source,
        strike=row.strike,
        scatter=row.scatter,
        hint_ends_wait=row.hint_ends_wait,
        first_contact=row.first_contact,
        retry_after=_capped(ending.retry_after) if row.action is Action.LATER else None,
    )


def _ruling(ending: Ending, dialect_codes: Mapping[int, Rule]) -> Rule:
    """Find the rule of the evidence that decides, in the order of the module's docstring."""
    code, status, error = ending.code, ending.status, ending.error
    if ending.refusal is not None:
        return ending.refusal
    if ending.expired:
        return table.EXPIRED
    if code is not None and code in dialect_codes and ending.sender is not Sender.LOCAL:
        return dialect_codes[code]
    if code is not None and code not in table.NEVER_SENT:
        return _by_code(code, ending)
    if status is not None and status in dialect_codes:
        return dialect_codes[status]
    if status is not None and (error is None or status not in table.INDIRECT_STATUSES):
        return _by_number(status, table.HTTP_STATUSES, table.HTTP_RANGES, table.BAD_STATUS)
    if error is not None:
        return table.ERRORS[error]
    if code is not None:
        return _by_code(code, ending)
    return table.UNKNOWN


def _by_code(code: int, ending: Ending) -> Rule:
    if ending.sender is Sender.LOCAL and code in table.OUR_CLOSE_CODES:
        return table.OUR_CLOSE_CODES[code]
    if code == 1008:
        reason = plain(ending.reason)
        for keywords, row in table.POLICY_REASONS:
            if any(plain(keyword) in reason for keyword in keywords):
                return row
    return _by_number(code, table.CLOSE_CODES, table.CLOSE_CODE_RANGES, table.BAD_CLOSE_CODE)


def _by_number(number: int, exact: Mapping[int, Rule], ranges: Ranges, other: Rule) -> Rule:
    if number in exact:
        return exact[number]
    return next((row for numbers, row in ranges if number in numbers), other)


def _why_fatal(row: Rule, ending: Ending) -> str | None:
    """Why ``row`` ends the session here; None if it does not."""
    if row.action is Action.FATAL or (row.first_contact and ending.met):
        return row.why
    if row.strike and ending.strikes + 1 >= MAX_STRIKES:
        count = ending.strikes + 1
        return f"{row.why}; that makes {count} unknown endings with no stable line in between"
    if row.action is Action.REAUTH and not ending.has_provider:
        advice = f"{row.advice}, and the token" if row.advice else "the token"
        missing = "there is no provider for a fresh credential"
        return f"{row.why}, and {missing}: check {advice}, or give one"
    if row.action is Action.REAUTH and ending.reauth_used:
        return (
            f"{row.why}, and a fresh credential was refused too: check what the provider hands out"
        )
    return None


def _capped(retry_after: float | None) -> float | None:
    """Bring a server's Retry-After into 0-300 s (NaN counts as 0)."""
    if retry_after is None:
        return None
    return min(MAX_RETRY_AFTER, max(0.0, retry_after))  # this order turns NaN into 0
