"""What the theorem says, clause by clause, and how one that does not hold is told.

Given a backend that keeps A1-A4 (``backend``), nothing is lost silently and nothing is
finalised twice, whatever the network and the app do. Each clause is one sentence of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn

#: Every clause: its name, and the sentence that a person may hold us to.
THEOREM: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lost in silence": (
            "Every captured sample was dealt with by the backend, or is told to be missing."
        ),
        "said twice": (
            "Finals of a source come in order, and no sample lies in two of them, nor in one "
            "and a gap."
        ),
        "in place": "A final stands where its words were spoken, to the sample.",
        "gaps": (
            "A gap lies in what was captured and says why; each lost sample is in one, and what "
            "is missing at the end is what was told."
        ),
        "no excuse": "Where nothing excuses a loss there is none.",
        "partials": "A partial ends with its dial.",
        "the result": (
            "There is one result, the last word; it holds all that was told, and is complete "
            "exactly if nothing is missing, no source broke off and the session ended well."
        ),
        "memory": "No more audio is kept in memory than the policy allows.",
        "the disk": (
            "What is noted on disk is noted once, where it belongs, and is never taken back."
        ),
        "the wire": (
            "Only what was captured goes out, and only on the dial that is out; and what an ideal "
            "backend says in the dialect can be read."
        ),
        "it ends": "Every session comes to an end.",
    }
)


class TheoremBroken(AssertionError):  # noqa: N818 (it says what it is, as ``LawBroken`` does)
    """A clause does not hold: ``clause`` is its name in ``THEOREM``, ``what`` happened."""

    def __init__(self, clause: str, what: str) -> None:
        super().__init__(f"{clause!r} is broken: {what}. The theorem: {THEOREM[clause]}")
        self.clause = clause
        self.what = what


def fail(clause: str, what: str) -> NoReturn:
    """Raise ``TheoremBroken``."""
    raise TheoremBroken(clause, what)


def hold(clause: str, holds: bool, what: str) -> None:  # noqa: FBT001 (it reads as a sentence)
    """Raise ``TheoremBroken`` unless ``clause`` holds."""
    if not holds:
        raise TheoremBroken(clause, what)
