"""The gaps that a session reports, compared with the account of every sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline.updates import Gap, GapCause
from openline_testing.theorem.account import fill
from openline_testing.theorem.clauses import fail, hold

if TYPE_CHECKING:
    from openline_testing.theorem.books import Books


def check_gap(books: Books, gap: Gap) -> None:
    """A gap is reported: it lies in captured audio that is in no final and no other gap."""
    account, what = books.accounts[gap.source], f"{gap}"
    inside = account.origin <= gap.start <= gap.end <= account.captured
    hold("gaps", inside, f"{what} lies outside [{account.origin}, {account.captured})")
    if not gap.exact:
        hold("gaps", gap.cause is GapCause.BACKEND, f"{what} must be exact")
        hold("gaps", 0 < gap.samples <= gap.end - gap.start, f"{what} has a wrong length")
        account.somewhere.append(gap)
        return
    hold("gaps", gap.samples == gap.end - gap.start > 0, f"{what} has a wrong length")
    hold("gaps", account.lost.find(1, gap.start, gap.end) < 0, f"{what} was reported before")
    hold("said twice", not account.said[gap.start : gap.end].strip(b"\0"), f"{what} is in a final")
    captured = account.holes.find(0, gap.start, gap.end) >= 0
    is_hole = gap.cause is GapCause.CAPTURE
    hold("gaps", captured != is_hole, f"{what} was {'captured' if captured else 'a hole'}")
    fill(account.lost, gap.start, gap.end)


def note_withdrawn(books: Books, gap: Gap) -> None:
    """A gap is withdrawn: what is still lost of an exact one follows as another gap."""
    books.withdrawn.append(gap)
    if gap.exact:
        books.accounts[gap.source].lost[gap.start : gap.end] = bytes(gap.samples)


def check_withdrawn(books: Books) -> None:
    """Gaps were withdrawn: what became of all of their ranges is known."""
    withdrawn, books.withdrawn = books.withdrawn, []
    for gap in withdrawn:
        account = books.accounts[gap.source]
        known = gap in (books.told if gap.exact else account.somewhere)
        hold("gaps", known, f"{gap} is withdrawn, and was not reported")
        if not gap.exact:
            account.somewhere.remove(gap)
            account.withdrawn.append(gap)
        books.told.remove(gap)
        books.happens("a gap withdrawn")
        books.excuse_claimed(gap)
        books.excuse_told(gap.source, books.core.statistics.sources[gap.source].told)
        for start, end in account.unplaced(gap.start, gap.end):
            if account.holes.find(0, start, end) >= 0:
                fail("gaps", f"{gap} is withdrawn, but [{start}, {end}) was not processed")
