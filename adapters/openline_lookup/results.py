"""How a session ended, in words and in sums. Pure: its ``Ended`` in, data out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from openline.account import Account
from openline.updates import SAMPLE_RATE, Ended, SourceStatistics, State


class Outcome(StrEnum):
    """How well it ended."""

    OPEN = "open"  #: it has not ended, or the journal stops before
    COMPLETE = "complete"
    PARTLY = "partly"  #: closed, and a part of it is lost while the rest is there
    NOTHING = "nothing"  #: closed, and nothing of it is there
    FAILED = "failed"


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the audio of all sources, in seconds: ``captured`` is the sum of the others.

    ``assumed`` was quiet, and taken for processed; ``told`` is in a final, and not confirmed
    otherwise.
    """

    captured: float
    confirmed: float
    assumed: float
    told: float
    missing: float


#: What the core tells once, and counts: the kinds of ``Trouble`` that the result has a count of.
COUNTED: Final = ("malformed", "foreign", "untold", "unfinal")


def outcome(ended: Ended | None) -> Outcome:
    """How well it ended."""
    if ended is None:
        return Outcome.OPEN
    if ended.complete:
        return Outcome.COMPLETE
    if ended.state is State.FAILED:
        return Outcome.FAILED
    found = sums(ended)
    return Outcome.PARTLY if found.confirmed + found.assumed + found.told else Outcome.NOTHING


def sums(ended: Ended) -> Sums:
    """What became of the audio, by the accounts; by the counts, in a journal without accounts."""
    return _sums([*_accounts(ended).values()])


def _accounts(ended: Ended) -> Mapping[str, Account | SourceStatistics]:
    return ended.accounts or ended.statistics.sources


def _sums(accounts: Sequence[Account | SourceStatistics]) -> Sums:
    """``confirmed`` is what the others leave: a watermark counts what is missing before it, too."""
    captured, missing, assumed, told = (
        sum(getattr(each, name) for each in accounts) / SAMPLE_RATE
        for name in ("captured", "missing", "assumed", "told")
    )
    confirmed = max(0.0, captured - missing - assumed - told)
    return Sums(captured=captured, confirmed=confirmed, assumed=assumed, told=told, missing=missing)


def end_line(ended: Ended) -> str:
    """The end, in one line."""
    counts = ended.statistics
    audio = "; ".join(_account(name, _sums([each])) for name, each in _accounts(ended).items())
    words = sum(len(each.text.split()) for each in ended.transcript)
    dials = f"{counts.dials} dial{'s' * (counts.dials != 1)}"
    return f"{ended.state}, {_whole(ended)}: {ended.reason}; {words} words, {dials}; {audio}"


def closing(ended: Ended) -> str:
    """The last sentence of the story: how it ended."""
    why = "" if ended.complete or ended.state is State.FAILED else f": {ended.reason}"
    return f"the session is over: {ended.state}, {_whole(ended)}{why}"


def _whole(ended: Ended) -> str:
    return "complete" if ended.complete else "not complete"


def _account(name: str, found: Sums) -> str:
    parts = [f"{found.captured:.1f} s captured", f"{found.confirmed:.1f} s confirmed"]
    if found.assumed:
        parts.append(f"{found.assumed:.1f} s quiet and taken for heard")
    if found.told:
        parts.append(f"{found.told:.1f} s in words alone")
    parts.append(f"{found.missing:.1f} s missing" if found.missing else "none missing")
    return f"{name}: {', '.join(parts)}"
