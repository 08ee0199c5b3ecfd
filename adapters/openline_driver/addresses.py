"""In which order the addresses of a host are dialled, and what a session remembers of them.

A host may have several addresses, of which one is dead: a route of IPv6 that leads nowhere, a
machine behind the name that is down. Each dial would then wait for it again. So a session
remembers, as long as it lives, which addresses did not work, and dials them last the next time:

    fresh     nothing is known against it
    refused   it answered that it does not want, or cannot be reached: that costs no time
    mute      it did not answer until another one did, or until the dial was dropped: at the TCP
              connection, in TLS, or in the upgrade behind them

Of two that are marked alike the one marked longer ago is first. An address that opens a dial is
fresh again, and after a change of the network all are. A proxy's addresses are dialled likewise.

The face dials in the order of ``order`` and tells of each attempt; ``Dials`` tells how it ended. A
session has one dial at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, TypeVar

A = TypeVar("A", bound=Hashable)

#: Seconds before the next address is tried beside the ones that have not answered (RFC 8305 §5).
HAPPY_EYEBALLS: Final = 0.25
#: Marks that are kept at most: a name may give other addresses each time.
_MOST: Final = 256
_REFUSED, _MUTE = 1, 2


class Addresses:
    """The memory of one session."""

    def __init__(self) -> None:
        self._marks: dict[Hashable, tuple[int, int]] = {}  # how bad, and the how many-th mark
        self._count = 0
        self._tried: list[Hashable] = []  # of this dial, without an answer yet
        self._reached: list[Hashable] = []  # has to open the dial

    def order(self, found: Iterable[A]) -> list[A]:
        """The addresses in the order in which to dial them now."""
        self._tried, self._reached = [], []
        return sorted(found, key=lambda each: self._marks.get(each, (0, 0)))

    def attempt(self, address: Hashable) -> None:
        """The address is being dialled."""
        self._tried.append(address)

    def failed(self, address: Hashable) -> None:
        """It refused, or cannot be reached."""
        self._answered(address)
        self._mark(address, _REFUSED)

    def reached(self, address: Hashable) -> None:
        """It answered. If it is the first, the others that are being dialled are mute."""
        self._answered(address)
        if self._reached:  # a moment too late: it is not used, and not mute
            self._marks.pop(address, None)
        else:
            self._give_up(self._tried)
            self._reached = [address]

    def opened(self) -> None:
        """The dial is open."""
        for address in self._reached:
            self._marks.pop(address, None)
        self._reached = []

    def ended(self) -> None:
        """The dial has ended by itself: that is an answer too."""
        self._tried, self._reached = [], []

    def dropped(self) -> None:
        """The dial was dropped: what has not answered is mute."""
        self._give_up([*self._tried, *self._reached])
        self._reached = []

    def forget(self) -> None:
        """The network is another one now."""
        self._marks.clear()

    def _answered(self, address: Hashable) -> None:
        if address in self._tried:
            self._tried.remove(address)

    def _give_up(self, addresses: Sequence[Hashable]) -> None:
        for address in addresses:
            self._mark(address, _MUTE)
        self._tried = []

    def _mark(self, address: Hashable, how: int) -> None:
        self._count += 1
        self._marks.pop(address, None)
        self._marks[address] = (how, self._count)
        if len(self._marks) > _MOST:
            del self._marks[next(iter(self._marks))]


def in_turns(found: Iterable[tuple[int, A]]) -> list[tuple[int, A]]:
    """Addresses with their families, the families in turns (RFC 8305 §4), each of them once."""
    families: dict[int, list[tuple[int, A]]] = {}
    for each in dict.fromkeys(found):
        families.setdefault(each[0], []).append(each)
    turns = itertools.zip_longest(*families.values())
    return [each for turn in turns for each in turn if each is not None]
