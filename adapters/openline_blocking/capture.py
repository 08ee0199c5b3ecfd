"""The sources of a session without a loop: each is a coroutine of it, and fails alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from openline.events import SourceFinished
from openline_audio.source import Source
from openline_blocking.tasks import Cancelled, Task, Tasks
from openline_driver.facts import SourceRaised
from openline_driver.sinks import Sinks

#: Has the session work until something is true, or until a moment; whether it is over.
WorkUntil: TypeAlias = Callable[[Callable[[], bool], float], bool]


@runtime_checkable
class Worked(Protocol):
    """A source whose caller may have to wait for the session to take audio."""

    def use(self, work_until: WorkUntil) -> None:
        """A session uses it, and works by this call."""
        ...


class Capture(Sinks):
    """The sources of a session, by name. ``feed`` and ``room`` are the session's."""

    def start(self, tasks: Tasks) -> None:
        """Run all of them."""
        self._tasks: dict[str, Task[None]] = {
            name: tasks.start(self._run(name, each)) for name, each in self.sources.items()
        }
        self._closed = set[str]()

    def close(self, name: str) -> None:
        """Cancel one that hangs."""
        self._closed.add(name)
        self._tasks[name].cancel()

    async def _run(self, name: str, source: Source) -> None:
        try:
            await source.run(self.sinks[name])
        except Cancelled:
            if name not in self._closed:
                raise  # the session is over
            self.feed(SourceFinished(name))
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self.feed(SourceRaised(name, exc))
        else:
            self.feed(SourceFinished(name))
