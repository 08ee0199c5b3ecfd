"""A network in memory: two byte streams per link, each with latency, a rate, and faults.

All randomness is the link's own, so the draws of one link change nothing on another. A
receiver costs one task switch for each arrival: it sleeps until the first chunk is due, and
a sender to an idle one only moves its deadline.
"""

from __future__ import annotations

import math
from collections import deque
from random import Random

import trio

#: Bytes that a kernel buffers for a sender before it blocks.
CAPACITY = 65_536


class Pipe:
    """One direction. The sender's side has ``send``, the receiver's ``receive``."""

    def __init__(self, rng: Random, latency: float) -> None:
        self._rng = rng
        self._latency = latency
        self.rate = math.inf  # bytes a second
        self._not_before = 0.0
        self._last_due = 0.0
        self._chunks: deque[tuple[float, bytes]] = deque()  # b"": the end
        self._unsent = 0  # bytes that the network has not delivered
        self._room = trio.Event()
        self._waiting: trio.CancelScope | None = None
        self.black = False  # sent data disappears
        self.broken = False
        self.closed = False  # by the receiver

    async def send(self, data: bytes) -> None:
        """Send; waits while the network is full. Raises BrokenResourceError."""
        await trio.lowlevel.checkpoint()
        self._check()
        self._unsent += len(data)
        if not self.black:
            # Now and then in two pieces, anywhere: frames are cut in the middle.
            cut = self._rng.randrange(len(data)) if self._rng.random() < 0.1 else 0
            for piece in (data[:cut], data[cut:]):
                if piece:
                    self._put(piece)
        while self._unsent > CAPACITY:
            self._room = trio.Event()
            await self._room.wait()
            self._check()

    def _check(self) -> None:
        if self.broken or (self.closed and not self.black):
            raise trio.BrokenResourceError("the link is broken")

    def _put(self, piece: bytes) -> None:
        now = trio.current_time()
        latency = self._latency * (0.5 + self._rng.random())
        begins = max(now, self._last_due - latency, self._not_before)
        due = begins + len(piece) / self.rate + latency
        self._last_due = due = max(due, self._last_due)
        self._chunks.append((due, piece))
        if self._waiting is not None and len(self._chunks) == 1:
            self._waiting.deadline = due

    def end(self) -> None:
        """The sender has closed its side."""
        if not (self.black or self.broken):
            self._put(b"")

    async def receive(self) -> bytes:
        """Received bytes; ``b""`` at the end. Raises BrokenResourceError."""
        await trio.lowlevel.checkpoint()
        while True:
            arrived = self._take()
            if arrived is not None:
                return arrived
            with trio.CancelScope(
                deadline=self._chunks[0][0] if self._chunks else math.inf
            ) as self._waiting:
                await trio.sleep_forever()
            self._waiting = None

    def _take(self) -> bytes | None:
        if self.closed:
            raise trio.ClosedResourceError("closed on this side")
        now = trio.current_time()
        found: list[bytes] = []
        while self._chunks and self._chunks[0][0] <= now:
            _, data = self._chunks[0]
            if not data:
                return b"".join(found)  # the data before the end; then the end, for good
            self._chunks.popleft()
            found.append(data)
            self._unsent -= len(data)
        if found:
            self._room.set()
            return b"".join(found)
        if self.broken and not self._chunks:
            raise trio.BrokenResourceError("the link is broken")
        return None

    # Faults.

    def wake(self) -> None:
        """Wake both sides."""
        self._room.set()
        if self._waiting is not None:
            self._waiting.cancel()

    def stall(self, until: float) -> None:
        """Nothing arrives until then."""
        self._not_before = max(self._not_before, until)
        self._chunks = deque((max(due, until), data) for due, data in self._chunks)
        self._last_due = max(self._last_due, until if self._chunks else 0.0)
        self.wake()

    def vanish(self) -> None:
        """From now on nothing arrives, and neither side gets an error."""
        self.black = True
        self._chunks.clear()
        self.wake()

    def tear(self) -> None:
        """Some of what is under way still arrives, cut anywhere; then the link is broken."""
        under_way = b"".join(data for _, data in self._chunks)
        self._chunks.clear()
        self.broken = True
        kept = under_way[: self._rng.randrange(len(under_way) + 1)]
        if kept and not self.black:
            self._chunks.append((trio.current_time() + self._latency, kept))
        self.wake()

    def close(self) -> None:
        """The receiver has closed its side."""
        self.closed = True
        self.wake()


class End(trio.abc.Stream):
    """One end of a link."""

    def __init__(self, outward: Pipe, inward: Pipe) -> None:
        self._outward = outward
        self._inward = inward
        self.open = True

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if not self.open:
            raise trio.ClosedResourceError("closed on this side")
        await self._outward.send(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._inward.receive()

    async def aclose(self) -> None:
        if self.open:
            self.open = False
            self._outward.end()
            self._inward.close()
        await trio.lowlevel.checkpoint()


class Link:
    """A client's end, a server's end, and the pipes between them."""

    def __init__(
        self, seed: str, latency: float, queues: tuple[deque[str | bytes], deque[str]]
    ) -> None:
        rng = Random(seed)
        self.queues = queues  # the messages of the client's core and of the server (``Wire``)
        self.up, self.down = Pipe(rng, latency), Pipe(rng, latency)
        self.over_at: float | None = None  # when it was ended: a sender may give up
        self.troubled = False  # data under way may be late, or lost
        self.client, self.server = End(self.up, self.down), End(self.down, self.up)

    @property
    def alive(self) -> bool:
        return self.client.open and not self.up.broken

    def end(self) -> None:
        """End it, from either side."""
        if self.over_at is None:
            self.over_at = trio.current_time()

    def stall(self, until: float) -> None:
        self.troubled = True
        for pipe in (self.up, self.down):
            pipe.stall(until)

    def vanish(self) -> None:
        self.troubled = True
        for pipe in (self.up, self.down):
            pipe.vanish()

    def tear(self) -> None:
        self.end()
        for pipe in (self.up, self.down):
            pipe.tear()
