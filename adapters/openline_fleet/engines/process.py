"""The process of a local worker: ``python -m openline_fleet.engines.process``.

Orders come in on standard input, events go out on a pipe that was standard output: what the work
prints goes to standard error, and cannot damage a frame. Standard input ends when the process that
started this one is gone, however it went. Then all work is cancelled, and this process ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from openline_fleet.collector import spare_imports
from openline_fleet.engines.contract import Ended, EngineError, Event, Lost, Started
from openline_fleet.engines.frames import Begin, Cancel, Drain, Hand, next_order, packed
from openline_fleet.engines.serving import Hands, reason_of

#: Seconds in which cancelled work may end, before the process ends without it.
LAST_SECONDS: Final = 5.0


async def _serve(incoming: int, outgoing: int) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), os.fdopen(incoming, "rb", 0)
    )
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()),
        os.fdopen(outgoing, "wb", 0),
    )
    events = asyncio.StreamWriter(transport, protocol, None, loop)

    async def tell(event: Event) -> None:
        events.write(packed(event))
        await events.drain()

    first = await next_order(orders)
    if not isinstance(first, Begin):
        return  # nobody is there any more
    try:
        async with Hands(first.worker, first.duty, first.share, tell) as hands:
            spare_imports()
            await tell(Started(first.worker))
            await _obey(orders, hands, loop)
        await tell(Ended(first.worker))
    except ConnectionError:
        return  # nobody reads any more
    except EngineError as error:
        await tell(Lost(first.worker, (), str(error)))
    except Exception as error:  # noqa: BLE001  # of the duty's function: the reason goes home
        await tell(Lost(first.worker, (), reason_of(error)))
    events.close()


async def _obey(
    orders: asyncio.StreamReader, hands: Hands, loop: asyncio.AbstractEventLoop
) -> None:
    """Carry out orders until there are no more."""
    draining: asyncio.Task[None] | None = None
    following = loop.create_task(next_order(orders))
    while True:
        waited = {following} if draining is None else {following, draining}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if draining is not None and draining.done():
            following.cancel()
            return
        order = following.result()
        if order is None:
            loop.call_later(LAST_SECONDS, os._exit, 1)
            if draining is not None:
                draining.cancel()
            return
        match order:
            case Hand(unit):
                hands.begin(unit)
            case Cancel(name):
                hands.cancel(name)
            case Drain():
                draining = loop.create_task(hands.finish())
            case Begin():
                raise EngineError("a worker begins once")
        following = loop.create_task(next_order(orders))


def main() -> None:
    """Work until there is no more to do, or nobody to do it for."""
    incoming, outgoing = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    loops: Any = asyncio
    with suppress(ImportError):  # it is a part of the extra, but not on every system
        loops = import_module("uvloop")
    loops.run(_serve(incoming, outgoing))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
