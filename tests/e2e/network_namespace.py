"""A session in a network of its own, which comes back while it waits: run under `unshare -n`.

    python -m tests.e2e.network_namespace FACE HINTS

The backend listens on this very machine, at an address that is not there yet. The wait between two
dials is a minute. It prints the seconds from the address's arrival to the first request.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import trio

import openline_asyncio
import openline_trio
from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended, State, StateChanged
from tests.asyncio import support as on_asyncio
from tests.e2e.support_networks import Place
from tests.support_lines import Frames

ADDRESS = "192.0.2.7"
#: Seconds that a session may take until its first dial fails, and from then on: without hints it
#: takes all of them.
LIMIT = 60
LIMITS = {"on": LIMIT, "off": 5}
SLOW = Policy(start_delay=0.001, backoff_first=120, backoff_cap=120, give_up_after=None)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


class Network:
    """Brings the address, from a thread; ``at`` is when."""

    def __init__(self) -> None:
        self.at = 0.0

    def bring(self) -> None:
        time.sleep(0.5)  # nothing else is to be mistaken for it
        self.at = time.monotonic()
        ip("addr", "add", f"{ADDRESS}/24", "dev", "here")


def waits(update: object) -> bool:
    return isinstance(update, StateChanged) and update.state is State.RECONNECTING


def on_trio(backend: Backend, lost: Callable[[], None], limit: float, **given: Any) -> Ended | None:
    async def main() -> Ended | None:
        with trio.move_on_after(LIMIT) as scope:
            source = {"mic": Frames(5)}
            async with openline_trio.open_session(backend, source, **given) as session:
                async for update in session:
                    if waits(update):
                        scope.deadline = trio.current_time() + limit
                        lost()
                return session.ended
        return None

    return trio.run(main)


def on_asyncio_(
    loop: str, backend: Backend, lost: Callable[[], None], limit: float, **given: Any
) -> Ended | None:
    async def main() -> Ended | None:
        source = {"mic": on_asyncio.Frames(5)}
        try:
            async with (
                asyncio.timeout(LIMIT) as scope,
                openline_asyncio.open_session(backend, source, **given) as session,
            ):
                async for update in session:
                    if waits(update):
                        scope.reschedule(asyncio.get_running_loop().time() + limit)
                        lost()
                return session.ended
        except TimeoutError:
            return None

    return on_asyncio.run(main, on_asyncio.LOOPS[loop])


def main(face: str, hints: str) -> None:
    ip("link", "set", "lo", "up")
    ip("link", "add", "here", "type", "veth", "peer", "name", "there")
    ip("link", "set", "there", "up")
    ip("link", "set", "here", "up")
    network = Network()

    class Noting(Place):
        first = 0.0

        def serve(self, sock: Any) -> None:
            self.first = self.first or time.monotonic()
            super().serve(sock)

    with Noting(host="0.0.0.0") as place:  # noqa: S104  # nobody else is in this network
        backend = Backend(ADDRESS, port=place.port, secure=False, allow_plain=True)
        threads = [threading.Thread(target=network.bring)]
        lost = threads[0].start
        play = on_trio if face == "trio" else partial(on_asyncio_, face)
        ended = play(
            backend, partial(_once, lost), LIMITS[hints], policy=SLOW, network_hints=hints == "on"
        )
        threads[0].join()
        took = place.first - network.at if place.first else None
        print(ended is not None and ended.complete, place.dials, took)


_called: list[object] = []


def _once(call: Callable[[], None]) -> None:
    if not _called:
        _called.append(call)
        call()


if __name__ == "__main__":
    main(*sys.argv[1:])
