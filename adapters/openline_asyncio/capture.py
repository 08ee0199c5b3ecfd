"""The sources of a session on asyncio: each runs in a task of its own, and fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from openline.events import SourceFinished
from openline_asyncio.workers import is_cancelled
from openline_audio.source import Source, SourceError
from openline_driver.facts import SourceRaised
from openline_driver.sinks import Sinks


class Capture(Sinks):
    """The sources of a session, by name. ``feed`` and ``room`` are the session's."""

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
            if name in self._closed:
                self.feed(SourceFinished(name))
            elif is_cancelled():
                raise  # the session is over
            else:
                self.feed(SourceRaised(name, SourceError("something that it awaits was cancelled")))
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self.feed(SourceRaised(name, exc))
        else:
            self.feed(SourceFinished(name))
