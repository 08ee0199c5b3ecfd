"""What is due when, in slots of time: one timer for a whole slot, and none for each session.

A thousand sessions have a thousand deadlines, and nearly all of them are put off before they come.
So a deadline is rounded up to the end of its slot and kept in the list of that slot: nothing is
sorted but the few slots that hold anything. With slots of 10 ms:

    put(a, 0.013)  put(b, 0.018)  put(c, 0.034)
    slots: 2 → [a, b], 4 → [c]        deadline() is 0.02
    due(0.021) gives [a, b]           deadline() is 0.04

Nothing is due early, and nothing more than a slot late. An entry is put once and taken once: who is
put off looks at its own deadline when it comes, and puts itself again. Time is an argument.
"""

from __future__ import annotations

import heapq
import math
from typing import Generic, TypeVar

E = TypeVar("E")


class Wheel(Generic[E]):
    """Entries by the slot in which they are due. ``slot`` is its length in seconds, above 0."""

    def __init__(self, slot: float) -> None:
        if not 0 < slot < math.inf:
            raise ValueError(f"slot is {slot}: give seconds, above 0")
        self._slot = slot
        self._slots: dict[int, list[E]] = {}
        self._numbers: list[int] = []  # of the slots that hold anything, as a heap

    def put(self, entry: E, at: float) -> None:
        """``entry`` is due at ``at``."""
        number = math.ceil(at / self._slot)
        if number * self._slot < at:  # by rounding: nothing is due early
            number += 1
        entries = self._slots.get(number)
        if entries is None:
            self._slots[number] = [entry]
            heapq.heappush(self._numbers, number)
        else:
            entries.append(entry)

    def due(self, now: float) -> list[E]:
        """The entries of all slots that are over at ``now``, the oldest slot first."""
        found: list[E] = []
        while self._numbers and self._numbers[0] * self._slot <= now:
            found += self._slots.pop(heapq.heappop(self._numbers))
        return found

    def deadline(self) -> float | None:
        """When the next slot is over; None if there is none."""
        return self._numbers[0] * self._slot if self._numbers else None

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))
