"""A backend whose capacity is known: its recogniser has one worker, and each second costs it time.

``python -m bench.toiling COST`` serves on a free port until standard input ends. A second of
audio takes the one worker COST seconds, so 1 / COST sources are the most that it keeps up with. It
prints its address, and its own figures each second.
"""

from __future__ import annotations

import sys
from functools import partial

import trio

from openline_server import Server, ServerConfig
from openline_server.port import open_port
from openline_server.recognizer import Cutter, FixedCutter, Hypothesis, Question
from openline_server.usage import tell

#: Seconds of audio in a final.
LENGTH = 0.5


class Toil:
    """Answers with the interval, as echo does, but one at a time, and not at once."""

    name = "toil"
    available = exact_ends = True
    immediate = False
    workers = 1

    def __init__(self, cost: float) -> None:
        self._cost = cost
        self._worker = trio.Lock()  # fair: first come, first served

    def cutter(self) -> Cutter:
        """Finals alone."""
        return FixedCutter(step=LENGTH, length=LENGTH)

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The interval, after some work."""
        segment = question.segment
        async with self._worker:
            question.grant()
            await trio.sleep(self._cost * (segment.t1 - segment.t0))
        return Hypothesis(f"{segment.t0:.2f}-{segment.t1:.2f}")


def announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def serve(cost: float) -> None:
    config = ServerConfig(port=0, recognizer="none", max_sessions=1000)
    async with open_port(config) as port, trio.open_nursery() as nursery:
        server = Server(config, Toil(cost))
        server.host, server.port = port.host, port.number
        announce(f"listening on {server.url}")
        nursery.start_soon(tell, server.usage, server.read, 1.0, announce)
        nursery.start_soon(server.run, port)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(partial(serve, float(sys.argv[1])))
