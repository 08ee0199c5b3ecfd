"""Find what somebody quotes: a text as it was printed, or a part of one.

Texts are compared word by word, without case and punctuation, for a line is copied with
what stood around it ("gave up after 5 retries: …") or in pieces. A text that stands whole
in the quotation counts, the longest if there are several; else each that the quotation is
a part of. What the operating system says is known beside our own words for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from openline.reconnect.verdicts import ErrorKind

_WORD: Final = re.compile(r"[^\W_]+")

#: What Linux and macOS, resolvers and OpenSSL say; it stands in brackets behind our words.
#: What holds the name of the error anyway ("connection timed out") is found by that.
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


def whole(quoted: str, sayings: Iterable[tuple[str, int]]) -> list[int]:
    """The numbers of the longest texts that stand whole in ``quoted``, if any do.

    A single word is not looked for: it stands in too many lines by chance.
    """
    around = _spaced(quoted)
    found = [
        (len(spaced), number)
        for text, number in sayings
        if (spaced := _spaced(text)).count(" ") > 2 and spaced in around
    ]
    if not found:
        return []
    longest, _ = max(found)
    return list(dict.fromkeys(number for length, number in found if length == longest))


def part(quoted: str, sayings: Iterable[tuple[str, int]]) -> list[int]:
    """The numbers of the texts that ``quoted`` is a part of; nothing is a part of none."""
    piece = _spaced(quoted)  # of no words two blanks, which stand in no text
    return list(dict.fromkeys(number for text, number in sayings if piece in _spaced(text)))


def _spaced(text: str) -> str:
    """Its words, each between two blanks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
