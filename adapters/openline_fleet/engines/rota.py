"""Who does what, and what becomes of a loss: the decisions of a crew, as a pure state machine.

``receive`` takes what an engine told, ``tick`` the time, and both return what is to be done. Time
is any clock of the caller, in seconds.

A *seat* is a place for a worker: it has one share of the dial rate, so however many workers die,
the shares add up to the rate. A worker that is lost is replaced at once if it had got anywhere, and
after 1, 2, 4 … seconds if not; after ``MOST_STARTS`` such starts in a row the seat is given up.

The units of a lost worker are handed out again, before others. A unit that kills its worker must
not kill all workers, nor be blamed for another one. So a unit that was lost without a report is a
*suspect*: it gets a worker to itself until it reports or ends. One that was lost so
``MOST_LOSSES`` times fails.

    worker 3 dies with a (which had reported), b and c  ->  a is handed out as usual;
    b gets a worker alone, reports, and goes on beside others; c gets a worker alone, and that dies;
    once more so, and c has failed
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from openline_fleet.engines.contract import (
    Done,
    Ended,
    Event,
    Failed,
    Lost,
    Reported,
    Share,
    Started,
    Unit,
)

#: A unit fails when so many workers in a row died with it before it had reported anything.
MOST_LOSSES: Final = 3
#: A seat is given up when so many of its workers in a row died before anything was reported.
MOST_STARTS: Final = 5


class Start(msgspec.Struct, frozen=True):
    """Start this worker."""

    worker: int
    share: Share


class Hand(msgspec.Struct, frozen=True):
    """Hand this unit to this worker."""

    worker: int
    unit: Unit


class Tell(msgspec.Struct, frozen=True):
    """Tell the user of the crew.

    A ``Lost`` names the units that are handed out again, or are given back while it drains.
    """

    event: Event


class Broken(msgspec.Struct, frozen=True):
    """No worker can be started any more; ``reason`` is one line."""

    reason: str


Action: TypeAlias = Start | Hand | Tell | Broken


class _Place(Enum):
    """What is on a seat."""

    NOBODY = "nobody"  # a worker is due at ``due``
    STARTING = "starting"
    READY = "ready"
    GIVEN_UP = "given up"


class _Item:
    """A unit, and its history."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.losses = 0  # in a row, without a report
        self.has_reported = False  # since it was handed out last

    @property
    def is_suspect(self) -> bool:
        return self.losses > 0 and not self.has_reported


class _Seat:
    """One place for a worker."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.place = _Place.NOBODY
        self.worker = -1
        self.due = -math.inf
        self.items: dict[str, _Item] = {}
        self.is_useful = False  # something was reported since this worker has started
        self.failures = 0  # workers in a row that were not

    def room(self, slots: int) -> int:
        """Units that it can take now."""
        if self.place is not _Place.READY or any(each.is_suspect for each in self.items.values()):
            return 0
        return slots - len(self.items)


class Rota:
    """The seats of ``shares``, each with ``slots`` units at a time."""

    def __init__(self, shares: Sequence[Share], slots: int) -> None:
        self._seats = [_Seat(share) for share in shares]
        self._slots = slots
        self._waiting: deque[_Item] = deque()
        self._workers = 0  # so many were started
        self._is_draining = False

    @property
    def free(self) -> int:
        """Units that could be handed out now, beyond those that wait."""
        room = sum(seat.room(self._slots) for seat in self._seats)
        return max(0, room - len(self._waiting))

    @property
    def under_way(self) -> list[tuple[int, str]]:
        """The workers and their units."""
        return [(seat.worker, name) for seat in self._seats for name in seat.items]

    @property
    def is_idle(self) -> bool:
        """Whether no unit is waiting or under way."""
        return not self._waiting and not any(seat.items for seat in self._seats)

    def drain(self) -> list[Unit]:
        """Hand out no more, and start no workers; the units that no worker has are returned."""
        self._is_draining = True
        units = [item.unit for item in self._waiting]
        self._waiting.clear()
        return units

    def deadline(self) -> float | None:
        """When to ``tick``; None: not for now."""
        if self._is_draining:
            return None
        due = [seat.due for seat in self._seats if seat.place is _Place.NOBODY]
        return min(due, default=None)

    def add(self, unit: Unit) -> list[Action]:
        """Another unit is to be done."""
        self._waiting.append(_Item(unit))
        return self._hand_out()

    def tick(self, now: float) -> list[Action]:
        """Start the workers that are due."""
        actions: list[Action] = []
        for seat in [] if self._is_draining else self._seats:
            if seat.place is _Place.NOBODY and seat.due <= now:
                first = seat.worker < 0
                seat.worker, self._workers = self._workers, self._workers + 1
                seat.place, seat.is_useful = _Place.STARTING, False
                share = seat.share if first else seat.share.of_replacement
                actions.append(Start(seat.worker, share))
        return actions

    def receive(self, event: Event, now: float) -> list[Action]:
        """An engine told ``event``."""
        seat = next((each for each in self._seats if each.worker == event.worker), None)
        match event:
            case Started():
                if seat is not None:
                    seat.place = _Place.READY
                return self._hand_out()
            case Reported():
                if seat is not None and event.unit in seat.items:
                    seat.is_useful = True
                    seat.items[event.unit].has_reported = True
                return [Tell(event), *self._hand_out()]
            case Done() | Failed():
                if seat is not None:
                    seat.is_useful = True
                    seat.items.pop(event.unit, None)
                return [Tell(event), *self._hand_out()]
            case Lost():
                return self._lost(event, seat, now)
            case Ended():
                return self._lost(Lost(event.worker, (), "it has ended"), seat, now)

    def _lost(self, event: Lost, seat: _Seat | None, now: float) -> list[Action]:
        actions: list[Action] = []
        again: list[_Item] = []
        # What was handed over too late to be named is lost as well; it is named later, for nobody.
        items = {} if seat is None else seat.items
        while items:
            name = next(iter(items))
            item = items.pop(name)
            item.losses = 0 if item.has_reported else item.losses + 1
            item.has_reported = False
            if item.losses >= MOST_LOSSES:
                reason = f"{item.losses} workers in a row died with it: {event.reason}"
                actions.append(Tell(Failed(event.worker, name, reason, deadly=True)))
            else:
                again.append(item)
        if not self._is_draining:
            self._waiting.extendleft(reversed(again))
        names = tuple(item.unit.id for item in again)
        actions.append(Tell(Lost(event.worker, names, event.reason)))
        if seat is not None and seat.place in {_Place.STARTING, _Place.READY}:
            self._vacate(seat, now)
            if all(each.place is _Place.GIVEN_UP for each in self._seats):
                return [*actions, Broken(f"no worker stays alive: {event.reason}")]
        return [*actions, *self.tick(now), *self._hand_out()]

    def _vacate(self, seat: _Seat, now: float) -> None:
        seat.failures = 0 if seat.is_useful else seat.failures + 1
        seat.place = _Place.GIVEN_UP if seat.failures >= MOST_STARTS else _Place.NOBODY
        seat.due = now + (2.0 ** (seat.failures - 1) if seat.failures else 0.0)

    def _hand_out(self) -> list[Action]:
        """Hand out what waits, in order, to the workers that have least; suspects alone."""
        actions: list[Action] = []
        left: list[_Item] = []
        while self._waiting:
            item = self._waiting.popleft()
            seats = [each for each in self._seats if each.room(self._slots) > 0]
            if item.is_suspect:
                seats = [each for each in seats if not each.items]
            if not seats:
                left.append(item)
                if not item.is_suspect:
                    break
                continue
            seat = min(seats, key=lambda each: len(each.items))
            seat.items[item.unit.id] = item
            actions.append(Hand(seat.worker, item.unit))
        self._waiting.extendleft(reversed(left))
        return actions
