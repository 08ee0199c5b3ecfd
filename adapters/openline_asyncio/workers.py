"""Blocking calls in threads of their own.

Not in the loop's own pool: it has few threads, and a read that hangs would keep one from a DNS
lookup, and the program from its end. A thread for each call costs about 60 µs; a source makes one
call for a second of audio.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    """Run ``blocking`` in a thread; its result, or its error.

    A cancellation waits for it, so that nothing is left behind; with ``abandon`` it does not.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    found: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            found.append(blocking())
        except BaseException as exc:  # noqa: BLE001  # raised again by who waits
            errors.append(exc)
        in_loop(loop, _resolve, ended)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name="openline worker", daemon=True
    )
    thread.start()
    try:
        await (ended if abandon else asyncio.shield(ended))
    except asyncio.CancelledError:
        while not (abandon or ended.done()):
            with suppress(asyncio.CancelledError):  # raised once more below
                await asyncio.shield(ended)
        if not abandon:
            thread.join()
        raise
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


def in_loop(
    loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object
) -> None:
    """Have the loop call it soon, from any thread; nothing happens if the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def is_cancelled() -> bool:
    """Whether this task itself is being cancelled, and not only something that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
