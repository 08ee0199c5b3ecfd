"""The sources of a session on asyncio: each runs in a task of its own, and fails alone.

A source whose task is cancelled is over, and so is the session: it cancels its tasks, and
``asyncio.run`` cancels all there are. But a source may cancel its own task, as ``asyncio.timeout``
does around the ``yield`` of a generator, when the generator is not running. Then the session goes
on, and the source is lost. So a cancelled source waits for one turn of the loop: a session that is
over has begun to end by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

from openline.events import SourceFinished
from openline_asyncio.workers import is_cancelled, uncancel
from openline_audio.source import Source, SourceError
from openline_driver.facts import SourceRaised
from openline_driver.sinks import Sinks

_AWAITED: Final = "something that it awaits was cancelled"
_OWN_TASK: Final = (
    "its own task was cancelled: in an async generator no timeout, and no task group, may be "
    "around a yield"
)


class Capture(Sinks):
    """The sources of a session, by name. ``feed`` and ``room`` are the session's."""

    is_over = False  #: the session ends, and cancels its tasks

    def start(self, spawn: Callable[[Coroutine[object, object, None]], asyncio.Task[None]]) -> None:
        """Run all of them."""
        self._tasks = {name: spawn(self._run(name, each)) for name, each in self.sources.items()}
        self._closed = set[str]()

    def close(self, name: str) -> None:
        """Cancel one that hangs."""
        self._closed.add(name)
        self._tasks[name].cancel()

    async def _run(self, name: str, source: Source) -> None:
        try:
            await source.run(self.sinks[name])
        except asyncio.CancelledError:
            is_own = is_cancelled() and name not in self._closed
            is_ending = is_own and await self._is_ending()
            if name in self._closed:
                self.feed(SourceFinished(name))
            elif is_ending:
                raise
            else:
                self.feed(SourceRaised(name, SourceError(_OWN_TASK if is_own else _AWAITED)))
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self.feed(SourceRaised(name, exc))
        else:
            self.feed(SourceFinished(name))

    async def _is_ending(self) -> bool:
        """Whether the session ends too, in this turn of the loop."""
        uncancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return True
        return self.is_over
