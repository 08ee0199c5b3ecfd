"""What goes wrong in one session, what became of it, and whether that breaks the promise.

A session is described by its seed and its faults alone, so a failure can be repeated. The promise
holds if every word is in the transcript once or in a gap, but for the words at the seams of
claimed ends; if the account of each source adds up; and if the session is over in time.
"""

from __future__ import annotations

from random import Random
from typing import Final

import msgspec

from openline.updates import Ended
from openline_testing.promise.speaker import RATE, Spoken

#: Seconds after the last word by which a session has to be over.
PATIENCE: Final = 900.0


class PromiseBroken(AssertionError):  # noqa: N818  # what a test reports, as TheoremBroken
    """A session that broke the promise; the text says how, and which seed repeats it."""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong: dials cut, frozen or deaf after so many seconds, refused, renewed.

    ``ends`` are pairs of how a dial ends ("cut", "freeze", "deaf", "expires") and after how many
    seconds, one for each dial from the first on; later dials hold. ``latency`` is one way.
    """

    ends: tuple[tuple[str, float], ...] = ()
    refused: frozenset[int] = frozenset()
    latency: float = 0.02

    @classmethod
    def draw(cls, rng: Random) -> Faults:
        """Faults of one session; in one of six nothing goes wrong."""
        count = rng.choice((0, 1, 1, 2, 3, 4))
        kinds = ("cut", "cut", "cut", "freeze", "deaf", "expires")
        ends = tuple((rng.choice(kinds), rng.expovariate(1 / 15) + 0.05) for _ in range(count))
        refused = frozenset(each for each in range(2, 9) if rng.random() < 0.1)
        return cls(ends=ends, refused=refused, latency=rng.choice((0.001, 0.02, 0.1)))


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one session; ``unfinal`` are words that it reports as never final."""

    seed: int
    faults: Faults
    ended: Ended | None
    lost: list[Spoken]
    twice: list[str]
    dials: int
    unfinal: list[str]
    accusations: list[str]
    allowed: int
    calm: bool

    def check(self) -> None:
        """Raise PromiseBroken unless the promise was kept."""
        if wrong := self.wrong():
            ended = "" if self.ended is None else f"; it ended: {self.ended.reason}"
            raise PromiseBroken(f"seed {self.seed}, {self.faults}: {wrong}{ended}")

    def wrong(self) -> str:
        """What is wrong, in one line; empty if nothing is."""
        ended = self.ended
        if ended is None:
            return f"the session did not end within {PATIENCE:g} s of its last word"
        if self.accusations:
            return self.accusations[0]
        for name, each in ended.accounts.items():
            found = each.confirmed + each.assumed + each.told + each.missing
            if found != each.captured:
                return f"{name}: {each.captured} samples were captured, and {found} accounted for"
        if len(self.lost) + len(self.twice) > self.allowed:
            lost = ", ".join(f"{each.text} at {each.start / RATE:.2f} s" for each in self.lost)
            twice = ", ".join(self.twice)
            return f"lost without a gap: [{lost}], twice: [{twice}], {self.allowed} allowed"
        if self.unfinal and ended.complete:
            return f"{self.unfinal} never became final, and the session is complete"
        if self.calm and not self.unfinal and not ended.complete:
            return "nothing went wrong, and the session is not complete"
        return ""
