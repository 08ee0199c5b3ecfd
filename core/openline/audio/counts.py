"""How much audio had been sent with each message of a dial, for proofs that count messages.

A backend may prove by a count: so many messages, bytes or flushes were received, or are done with
(``Traits.counts``). The core notes a *mark* for each outgoing audio message, or flush: the count
behind it, and how many connection samples of every source had been sent by then. Messages
without audio need no mark. A count proves what was sent by the last mark up to it; so the part of
a message of which a count of bytes ends within is not proved yet.

What is confirmed is forgotten. A dial that never confirms keeps ``MOST`` marks: of the older half
every second one goes, so the oldest marks lie farther apart, and prove a little late.

An example: Vosk answers each message. ``config`` was message 1, and 2 and 3 each carried 3,200
samples of ``mic``. Its second reply proves 3,200, the third one 6,400.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

#: Marks of one dial: 80 s of messages of 20 ms.
MOST: Final = 4096


class Counts:
    """The marks of a dial, each with the samples sent of each source, in the order of sources."""

    __slots__ = ("_counts", "_sent")

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._sent: list[Sequence[int]] = []

    def note(self, count: int, sent: Sequence[int]) -> None:
        """With ``count`` messages, bytes or flushes, ``sent`` samples of each source are sent."""
        self._counts.append(count)
        self._sent.append(sent)
        if len(self._counts) > MOST:
            half = MOST // 2
            self._counts[:half] = self._counts[1:half:2]
            self._sent[:half] = self._sent[1:half:2]

    def samples(self, count: float) -> Sequence[int]:
        """The samples of each source that ``count`` covers; of one that started later, none."""
        i = bisect_right(self._counts, count)
        return self._sent[i - 1] if i else ()

    def forget(self, count: float) -> None:
        """All that ``count`` covers is confirmed: less is not asked for again."""
        i = bisect_right(self._counts, count) - 1
        if i > 0:
            del self._counts[:i], self._sent[:i]

    def clear(self) -> None:
        """The dial is over."""
        self._counts.clear()
        self._sent.clear()
