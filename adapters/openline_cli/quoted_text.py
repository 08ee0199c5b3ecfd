"""Find the ending that a person quotes by number, by name or by a printed line, and explain it.

``explain_text`` takes the argument of ``openline explain``: a close code, an HTTP status, the
name of an error, the text of a refusal or its beginning, or a line (or part of one) as openline
or the operating system printed it. The core explains the endings found.

Texts are compared word by word, without case and punctuation, because users copy a line with
its context ("gave up after 5 retries: …") or in pieces. A known text contained in the
input wins (the longest one); otherwise every known text that contains the input matches.
A line without a cause is explained by what it says of the session (``openline_lookup.outcomes``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from openline.reconnect.rules import plain
from openline.reconnect.verdicts import NO_CODES, ErrorKind, Rule
from openline_lookup.endings import (
    CODES,
    NO_REFUSALS,
    STATUSES,
    Explanation,
    all_subjects,
    explain,
)
from openline_lookup.outcomes import OUTCOMES

_NUMBER: Final = re.compile(
    r"\s*(?:(?:close|code|http|status)[\s_-]*)*([0-9]{1,9})\s*", re.IGNORECASE
)
#: The end of a line about an HTTP status: the status in brackets behind the reason.
_BEHIND: Final = re.compile(
    r"\((?:[^()]*;\s*)?HTTP ([0-9]{3})\)(?:[;,][^()]*)?[\s.]*\Z", re.IGNORECASE
)
_WORD: Final = re.compile(r"[^\W_]+")
#: The most endings that part of a line may match.
_MOST: Final = 6
_ERRORS: Final = {plain(kind): kind for kind in ErrorKind}

#: Texts of Linux and macOS, of resolvers and OpenSSL; they stand in brackets behind our reason.
#: A text that contains the error's name ("connection timed out") is found by the name instead.
SYSTEM: Final[Mapping[ErrorKind, tuple[str, ...]]] = MappingProxyType(
    {
        ErrorKind.REFUSED: ("connection refused",),
        ErrorKind.RESET: (
            "connection reset by peer",
            "software caused connection abort",
            "broken pipe",
        ),
        ErrorKind.UNREACHABLE: (
            "network is unreachable",
            "no route to host",
            "network is down",
            "host is down",
            "cannot assign requested address",
        ),
        ErrorKind.DNS_AGAIN: ("temporary failure in name resolution",),
        ErrorKind.DNS_NOT_FOUND: (
            "name or service not known",
            "nodename nor servname provided or not known",
            "no address associated with hostname",
        ),
        ErrorKind.TLS_CERTIFICATE: ("self signed certificate", "certificate verify failed"),
        ErrorKind.TLS_DATES: ("certificate has expired", "certificate is not yet valid"),
        ErrorKind.TLS_HOSTNAME: ("hostname mismatch", "ip address mismatch"),
        ErrorKind.TLS_OTHER: ("wrong version number",),
    }
)


def explain_text(
    text: str,
    *,
    dialect_codes: Mapping[int, Rule] = NO_CODES,
    refusals: Mapping[str, Rule] = NO_REFUSALS,
) -> list[Explanation]:
    """Explain the endings that ``text`` names; see ``openline_lookup.endings.explain``.

    An "(HTTP 401)" behind a reason decides between the endings that share it. Raises
    ValueError, in one line with close names, for a text that matches nothing or too many
    reasons.
    """
    lines: list[Explanation] = []
    look_up = partial(explain, dialect_codes=dialect_codes, refusals=refusals)
    for subject in _named(text, refusals):
        lines += look_up(subject)
    if not lines:
        outcomes = _outcomes(text)
        subjects = all_subjects(dialect_codes=dialect_codes, refusals=refusals)
        lines = _printed(text, subjects, whole=bool(outcomes)) or outcomes
    if not lines:
        raise ValueError(f"nothing is known of {_short(text)}: {_suggest(text, refusals)}")
    return lines


def _named(text: str, refusals: Mapping[str, Rule]) -> list[int | ErrorKind | str]:
    """The subjects with this number or name, or with a name that begins with ``text``."""
    wanted = plain(text)
    number = _NUMBER.fullmatch(text)
    if number is not None:
        value = int(number[1])
        return [value] if value in CODES or value in STATUSES else []
    status = _BEHIND.search(text)
    if status is not None and int(status[1]) in STATUSES:
        return [int(status[1])]
    if wanted in _ERRORS:
        return [_ERRORS[wanted]]
    return [
        known
        for known in refusals
        if wanted and (plain(known).startswith(wanted) or wanted.startswith(plain(known)))
    ]


def _outcomes(text: str) -> list[Explanation]:
    """What ``text`` says of the session; the cause may stand behind it."""
    known = [(each, number) for number, each in enumerate(OUTCOMES)]
    found = contained(text, known) or [
        number for each, number in known if _spaced(each) == _spaced(text)
    ]
    return [[*OUTCOMES.values()][number] for number in found]


def _printed(text: str, subjects: list[list[Explanation]], *, whole: bool) -> list[Explanation]:
    """The endings whose printed text matches. Raises ValueError if too many match.

    ``whole``: only those whose whole text is in it.
    """
    known: list[tuple[str, int]] = []
    for number, lines in enumerate(subjects):
        group, title = lines[0].group, lines[0].title
        if group == "error":
            name = title.removeprefix(f"{group} ")
            known += [(each, number) for each in (name, *SYSTEM.get(_ERRORS[name], ()))]
        known += [(line.why, number) for line in lines]
    numbers = contained(text, known)
    if not (numbers or whole):
        numbers = containing(text, known)
        if len(numbers) > _MOST:
            raise ValueError(
                f"{len(numbers)} endings match {_short(text)}: "
                "give more of the text, or nothing for the whole table"
            )
    return [line for number in numbers for line in subjects[number]]


def contained(quoted: str, known: Iterable[tuple[str, int]]) -> list[int]:
    """The numbers of the longest known texts that ``quoted`` contains, if any.

    A known text of a single word does not count: it occurs in too many lines by chance.
    """
    around = _spaced(quoted)
    found = [
        (len(spaced), number)
        for text, number in known
        if (spaced := _spaced(text)).count(" ") > 2 and spaced in around
    ]
    if not found:
        return []
    longest, _ = max(found)
    return list(dict.fromkeys(number for length, number in found if length == longest))


def containing(quoted: str, known: Iterable[tuple[str, int]]) -> list[int]:
    """The numbers of the known texts that contain ``quoted``; one without words matches none."""
    piece = _spaced(quoted)  # without words: two blanks, which no text contains
    return list(dict.fromkeys(number for text, number in known if piece in _spaced(text)))


def _spaced(text: str) -> str:
    """Its words, each between single blanks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _suggest(text: str, refusals: Mapping[str, Rule]) -> str:
    if _NUMBER.fullmatch(text) is not None:
        return "give an HTTP status (100-599) or a close code (1000-4999)"
    names = [*_ERRORS, *(plain(known) for known in refusals)]
    near = difflib.get_close_matches(plain(text), names)
    if not near:
        return 'give a number such as 1008 or 429, a name such as "no ack", or what was printed'
    return "did you mean " + " or ".join(f'"{name}"' for name in near) + "?"
