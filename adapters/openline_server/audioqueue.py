"""A queue of two seconds of audio before a recogniser, with an exact count of dropped items.

Audio is kept in items of at most 20 ms, the unit in which the contract counts. Beyond
two seconds the *oldest* items go, so that recognition stays close to the live audio. Each
item keeps its place in what the client sent, so that what was taken is known to the byte.
The reader takes bytes, not items; a client that sends half a sample
shifts everything after it by a byte, here as on the observed server.

The queue is synchronous and has no clock: the session puts, the listener gets, and
both run in one thread.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

from openline_server.contract import BYTES_PER_SECOND

QUEUE_SECONDS: Final = 2.0
ITEM_BYTES: Final = 640

#: Places [start, end) in what a source sent on a connection, in bytes.
Runs: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Dropped:
    """The audio that a put pushed out: in items and in seconds."""

    items: int
    seconds: float


def all_of(pcm: bytes) -> Dropped:
    """The drop of a whole piece of audio, none of which was queued."""
    return Dropped(-(-len(pcm) // ITEM_BYTES), len(pcm) / BYTES_PER_SECOND)


class AudioQueue:
    """The bounded queue of one source on one connection."""

    def __init__(self, seconds: float = QUEUE_SECONDS, shed: float = 0.0) -> None:
        """An empty queue that holds ``seconds`` of audio; if full, ``shed`` seconds go at once."""
        self.resize(seconds)
        self._shed = int(shed * BYTES_PER_SECOND)
        self._items: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def resize(self, seconds: float) -> None:
        """Hold ``seconds`` from the next put on."""
        self._limit = int(seconds * BYTES_PER_SECOND)

    def put(self, pcm: bytes, place: int = 0) -> Dropped | None:
        """Append audio, the first byte of which is at ``place``; return what was dropped."""
        for at in range(0, len(pcm), ITEM_BYTES):
            item = pcm[at : at + ITEM_BYTES]
            self._items.append((place + at, item))
            self._bytes += len(item)
        items = lost = 0
        most = self._limit if self._bytes <= self._limit else max(0, self._limit - self._shed)
        while self._bytes > most:
            _, gone = self._items.popleft()
            self._bytes -= len(gone)
            items += 1
            lost += len(gone)
        return Dropped(items, lost / BYTES_PER_SECOND) if items else None

    def get(self, most: int) -> tuple[bytes, Runs]:
        """Take up to ``most`` bytes of the oldest audio, and their places."""
        taken: list[bytes] = []
        runs: Runs = []
        room = most
        while room > 0 and self._items:
            place, item = self._items.popleft()
            if len(item) > room:
                self._items.appendleft((place + room, item[room:]))
                item = item[:room]
            taken.append(item)
            if runs and runs[-1][1] == place:
                runs[-1] = (runs[-1][0], place + len(item))
            else:
                runs.append((place, place + len(item)))
            room -= len(item)
        self._bytes -= most - room
        return b"".join(taken), runs

    def __bool__(self) -> bool:
        """Whether any audio is queued."""
        return bool(self._items)

    @property
    def depth(self) -> int:
        """Queued items."""
        return len(self._items)

    @property
    def limit(self) -> int:
        """The capacity, in bytes."""
        return self._limit

    @property
    def size(self) -> int:
        """Queued audio, in bytes."""
        return self._bytes

    @property
    def seconds(self) -> float:
        """Queued audio, in seconds."""
        return self._bytes / BYTES_PER_SECOND

    @property
    def fill(self) -> float:
        """Queued audio, as a share of the capacity."""
        return self._bytes / self._limit
