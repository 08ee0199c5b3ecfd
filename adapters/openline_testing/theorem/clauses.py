"""The theorem, clause by clause, and the error for one that does not hold.

Given a backend that keeps A1-A4 (``backend``), nothing is lost silently and nothing is
finalised twice, whatever the network and the app do. Each clause is one sentence of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

#: Every clause: its name, and the sentence that states it.
THEOREM: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lost in silence": (
            "Every captured sample is confirmed by the backend, or reported missing."
        ),
        "said twice": ("No sample lies in finals of two dials, nor in a final and a gap."),
        "in place": (
            "A final has the times of its audio, to the sample; where the backend claims them, to "
            "their error."
        ),
        "words": (
            "Every final of the live dial is told at once, and every word of it stands in one "
            "reported final, or some of its audio in a gap; but for one word where a dial begins "
            "with audio that was sent before."
        ),
        "held": (
            "What is told before its audio is confirmed becomes final as it was, or a later "
            "hearing of the same audio replaces it."
        ),
        "gaps": (
            "A gap lies in captured audio and names its cause; each lost sample is in one, and "
            "the missing audio at the end equals the reported gaps."
        ),
        "no excuse": "Where nothing excuses a loss there is none.",
        "partials": "A partial ends with its dial; one that is left at the end is reported.",
        "the result": (
            "There is one result, the last update; it holds every reported final, and is complete "
            "exactly if nothing is missing, no partial is left, no source broke off and the "
            "session ended well."
        ),
        "memory": "No more audio is kept in memory than the policy allows.",
        "the disk": (
            "Each entry on disk is written once, where it belongs, and is never taken back."
        ),
        "the wire": (
            "Only captured audio goes out, and only on the live dial; and every message of an "
            "ideal backend can be decoded."
        ),
        "the account": (
            "Every captured sample is confirmed, assumed, told or missing, and in one of them."
        ),
        "assumed": (
            "Silence is taken for processed only where the backend does not prove it, and had "
            "processed it; what was assumed before a kill still is."
        ),
        "it ends": "Every session comes to an end.",
    }
)


class TheoremBroken(AssertionError):  # noqa: N818  # an assertion, as ``LawBroken`` is
    """A clause does not hold: ``clause`` is its name in ``THEOREM``, ``what`` was observed."""

    def __init__(self, clause: str, what: str) -> None:
        super().__init__(f"{clause!r} is broken: {what}. The theorem: {THEOREM[clause]}")
        self.clause = clause
        self.what = what


def fail(clause: str, what: str) -> NoReturn:
    """Raise ``TheoremBroken``."""
    raise TheoremBroken(clause, what)


def hold(clause: str, holds: bool, what: str) -> None:  # noqa: FBT001  # the condition itself
    """Raise ``TheoremBroken`` unless ``clause`` holds."""
    if not holds:
        raise TheoremBroken(clause, what)
