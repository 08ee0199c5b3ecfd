"""What the pure core costs: microseconds and bytes, beside a bare machine.

These machines are noisy, so every figure is the best of several rounds, and beside the
time stands the ratio to a machine of the barest kind (a dict of tuples, one look-up and
one call an event) that was timed in the same rounds.

    python bench/core.py
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import TypeAlias

from openline import Backend, Connection
from openline import events as e

#: What DESIGN asks of each figure, in microseconds (and bytes).
AIMS = {"one control event": 5.0, "one audio frame in and out": 3.0, "one Connection": 20.0}
BYTES_AIM = 4096
ROUNDS, CALLS = 9, 20_000
FRAME = b"\0" * 640
ACK = '{"type":"status","state":"streaming"}'


BareRow: TypeAlias = tuple[Callable[["Bare"], bool] | None, Callable[["Bare"], None], str | None]


class Bare:
    """The barest machine that still looks something up and does something."""

    def __init__(self) -> None:
        self.state = "streaming"
        self.seen = 0
        self.table: dict[tuple[str, str], BareRow] = {
            ("streaming", "pong"): (None, Bare.note, None)
        }

    def note(self) -> None:
        """Count."""
        self.seen += 1

    def receive(self, event: str) -> None:
        """One event."""
        guard, action, target = self.table[self.state, event]
        if guard is None or guard(self):
            action(self)
            if target is not None:
                self.state = target


def connection() -> Connection:
    """A fresh connection."""
    return Connection(Backend(), session_id="s", attempt_id="a", random=lambda: 0.5)


def streaming() -> Connection:
    """A connection whose line is open."""
    line = connection()
    line.receive(e.OpenRequested(), 0.0)
    line.receive(e.SocketOpened(1, "c"), 1.0)
    line.next_message(1.0)
    line.receive(e.MessageReceived(1, ACK), 1.0)
    line.receive(e.SourceStarted("mic", 1.0), 1.0)
    return line


def control_event() -> Callable[[], object]:
    """A pong: a fact, its event, an action, the timers."""
    line = streaming()
    pong = e.PongReceived(1, b"0")
    return lambda: line.receive(pong, 1.0)


def audio_frame() -> Callable[[], object]:
    """20 ms captured, framed for the wire and pulled, on a live line in real time.

    Every 25th frame is followed by the ping, the pong and the figures of a real line, so
    their cost is in the figure.
    """
    line = streaming()
    clock = [1.0, 0.0]

    def frame() -> None:
        clock[0] += 0.02
        clock[1] += 1
        line.receive(e.AudioCaptured("mic", FRAME), clock[0])
        sent = line.next_message(clock[0])
        if not isinstance(getattr(sent, "data", None), bytes):  # the ping goes first
            line.receive(e.PongReceived(1, getattr(sent, "mark", b"")), clock[0])
            line.next_message(clock[0])
        if clock[1] % 50 == 0:
            line.receive(e.MessageReceived(1, METRICS), clock[0])

    return frame


METRICS = '{"type":"metrics","source":"mic","backlog_seconds":0.0}'


def microseconds(call: Callable[[], object]) -> float:
    """The time of one call."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1e6


def bytes_each(make: Callable[[], object], count: int = 1000) -> float:
    """The memory that one object keeps."""
    make()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [make() for _ in range(count)]
    size = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    return size


def main() -> int:
    """Print the figures; 1 if one misses its aim."""
    bare = Bare()
    cases: dict[str, Callable[[], object]] = {
        "a bare dict of tuples": lambda: bare.receive("pong"),
        "one control event": control_event(),
        "one audio frame in and out": audio_frame(),
        "one Connection": connection,
    }
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(ROUNDS):
        for name, call in cases.items():
            best[name] = min(best[name], microseconds(call))
    base = best["a bare dict of tuples"]
    for name, figure in best.items():
        aim = f"aim {AIMS[name]:>4.0f} µs" if name in AIMS else ""
        print(f"{name:<28}{figure:>8.2f} µs  {figure / base:>6.1f} × bare  {aim}")
    size = bytes_each(connection)
    print(f"{'one Connection keeps':<28}{size:>8.0f} B {'':>17}aim {BYTES_AIM} B")
    missed = [name for name, aim in AIMS.items() if best[name] > aim]
    if size > BYTES_AIM:
        missed.append("one Connection keeps")
    print(f"missed: {', '.join(missed)}" if missed else "every aim is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
