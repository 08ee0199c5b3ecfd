"""The end of a session: its result, compared with the account of every sample and word."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from openline.updates import SAMPLE_RATE as S
from openline.updates import Ended, GapCause, State
from openline_testing.theorem.account import Account
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.schedule import Schedule, keeps_up
from openline_testing.theorem.simulation import calm
from openline_testing.theorem.words import Word, spoken

if TYPE_CHECKING:
    from openline_testing.theorem.books import Books

#: Causes of gaps that cannot occur while the spool works.
NOT_WITH_A_SPOOL: Final = frozenset({GapCause.OVERFLOW, GapCause.UNPROVEN, GapCause.SPOOL})


def check_end(books: Books) -> None:
    """Check the finished session against the theorem."""
    ended = books.ended
    if ended is None:
        fail("it ends", "no result was reported")
    broke_off = books.broke_off | books.let_go
    named = {each.source for each in ended.lost_sources}
    hold("the result", named == broke_off, f"{broke_off} broke off, the result has {named}")
    well = ended.state is State.CLOSED and not books.aborted
    left = len(books.open) if well else books.unfinal
    what = f"{left} partials are left, {books.unfinal} were reported"
    hold("partials", left == books.unfinal == ended.statistics.unfinal, what)
    whole = well and not (broke_off or ended.missing or left)
    # What an earlier process captured has no peaks that show it to be quiet.
    guesses = books.resumes and any(each.assumed for each in ended.accounts.values())
    right = ended.complete == whole or (guesses and whole)
    hold("the result", right, f"complete={ended.complete} is wrong")
    refused = books.core.statistics.refused_samples
    hold("the result", refused == books.refused, f"{refused} refused, not {books.refused}")
    delivered = sorted(books.delivered, key=lambda t: (t.start, t.end))
    same = list(ended.transcript) == delivered
    hold("the result", same, "its finals differ from the reported ones")
    reported, missing = Counter[Any](), Counter[Any]()
    for gaps, count in ((books.told, reported), (ended.missing, missing)):
        for gap in gaps:
            count[gap.source, gap.cause, gap.exact] += gap.samples
    what = f"reported: {dict(reported)}, missing at the end: {dict(missing)}"
    hold("gaps", reported == missing, what)
    if books.claims:
        _check_all_words(books, ended)
    for source, account in books.accounts.items():
        _add_up(books, source, account, ended)
    _check_excuses(books, ended)
    _check_accounts(books, ended)


def _check_all_words(books: Books, ended: Ended) -> None:
    """Each word that was spoken is in a final or in a gap, and in one of them."""
    error = round(books.traits.time_error * S)
    uncertain: dict[str, list[tuple[int, int]]] = {}
    for source, account in books.accounts.items():
        gaps = [*account.somewhere, *account.withdrawn]
        off = sum(gap.samples for gap in gaps)  # times behind a drop may be off by all of them
        uncertain[source] = [(gap.start - off, gap.end + off) for gap in gaps]

    def is_lost(source: str, start: int, end: int) -> bool:
        return books.accounts[source].lost.find(1, start, end) >= 0

    books.words.close(books.delivered, uncertain, is_lost)
    for source, account in books.accounts.items():
        if source not in ended.statistics.sources:
            continue  # it started after the end
        unsure = uncertain[source]
        for final in books.delivered:
            # Drops are counted in whole frames, so behind one that was short times are off by more.
            off = error + (account.short if books.words.is_behind_drop(final) else 0)
            for each in books.words.words_of(final) if final.source == source else ():
                until = books.words.told_until(final, each.word)
                low, high = each.word.start + off, min(each.word.end - off, until)
                sure = (
                    each.whole and low < high and not any(a < high and low < b for a, b in unsure)
                )
                if sure and account.lost.find(1, low, high) >= 0:
                    fail("said twice", f"{source}: {each.word.text} is in a final and in a gap")
        whole = [
            word
            for word in spoken(books.schedule.voice, source, books.traits.time_error)
            if account.origin <= word.start
            and word.end <= account.captured
            and account.holes.find(1, word.start, word.end) < 0
            and account.lost.find(1, word.start, word.end) < 0
            and not _is_in_told(books, source, word)
            and word.text not in books.given_up.get(source, ())
        ]
        books.words.check_all_told(source, whole, books.delivered, uncertain)


def _is_in_told(books: Books, source: str, word: Word) -> bool:
    """Whether it lies in a final that is told without proof: the end of that one is a claim.

    Such a final covers what lies in it up to where figures showed the queue to be drained, or
    up to its end where there were none; the recogniser may not have come so far.
    """
    for final in books.delivered:
        if (
            final.source == source
            and books.words.confirmed[final.id] < word.end
            and final.start * S <= word.end
            and word.start <= final.end * S
        ):
            books.happens("a word in audio that is told")
            return True
    return False


def _check_accounts(books: Books, ended: Ended) -> None:
    for source, account in books.accounts.items():
        figures = ended.accounts.get(source)
        captured = account.captured - account.origin
        if figures is None:
            counted = ended.statistics.sources.get(source)
            hold("the account", counted is None, f"{source} has none")
            continue
        parts = figures.confirmed + figures.assumed + figures.told + figures.missing
        hold("the account", figures.captured == captured, f"{source}: {figures}, not {captured}")
        hold("the account", parts == captured, f"{source}: {figures} do not add up")
        kept = books.assumed_before.get(source, 0) if not books.drops else 0
        hold("assumed", figures.assumed >= kept, f"{source}: {figures}, and {kept} before")
        least = min(figures.confirmed, figures.assumed, figures.told, figures.missing)
        hold("the account", least >= 0, f"{source}: {figures}")
        missing = sum(gap.samples for gap in ended.missing if gap.source == source)
        hold("the account", figures.missing == missing, f"{source}: {figures}, not {missing}")
        may_tell = books.claims or books.schedule.after  # words behind the final message
        hold("the account", may_tell or not figures.told, f"{source}: {figures}, exact ends")
        books.happened["audio told, and not confirmed"] += bool(figures.told)


def unavoidable(schedule: Schedule) -> set[GapCause]:
    """Causes of gaps that its backend's habits excuse."""
    causes: set[GapCause] = set()
    if "ignores" in schedule.dials:
        causes.add(GapCause.IGNORED)
    if not schedule.metrics and len(schedule.sources) > 1:
        # It says nothing of a silent source, so its final message does not prove it.
        causes.add(GapCause.UNCONFIRMED)
    return causes


def _add_up(books: Books, source: str, account: Account, ended: Ended) -> None:
    longer = f"{source}: captured more than its length"
    hold("lost in silence", account.captured <= books.room, longer)
    figures = ended.statistics.sources.get(source)
    captured = account.captured - account.origin
    counted = figures.captured if figures else 0  # None: it started after the session's end
    hold("lost in silence", counted == captured, f"{source}: {counted} captured of {captured}")
    if figures is None:
        return
    books.excuse_told(source, figures.told)
    beyond: int = 0
    for start, end in account.unplaced(account.origin, account.captured):
        beyond += end - start
        if beyond > account.short:
            fail("lost in silence", f"{source}: [{start}, {end}) is in no final and no gap")
    runs = account.unaccounted(account.origin, account.captured)
    hidden = sum(end - start for start, end in runs)
    told = sum(gap.samples for gap in account.somewhere)
    hold("lost in silence", hidden <= told, f"{source}: {hidden} lost, {told} reported")


def _check_excuses(books: Books, ended: Ended) -> None:
    schedule = books.schedule
    causes = {gap.cause for gap in ended.missing}
    if schedule.disk > 100 and schedule.disk_fails_at is None and not schedule.disk_forgets:
        lost = sorted(causes & NOT_WITH_A_SPOOL)
        hold("no excuse", not lost, f"the spool worked, and still {lost}")
    if keeps_up(schedule):
        hold("no excuse", not books.drops, f"the backend had to drop {books.drops} samples")
    if calm(schedule, books.policy):
        excused = {GapCause.CAPTURE} | unavoidable(schedule) | books.inherited
        lost = sorted(causes - excused)
        hold("no excuse", not lost, f"missing: {lost}, the end: {ended.reason}")
