"""The sources of a session on trio: each runs in a task of its own, and fails alone."""

from __future__ import annotations

from collections.abc import Mapping

import trio

from openline.events import SourceFinished
from openline_audio.source import Source
from openline_driver.facts import SourceRaised
from openline_driver.sinks import Feed, Relay, Room, Sinks


class Capture(Sinks):
    """The sources of a session, by name. ``feed`` and ``room`` are the session's."""

    def __init__(self, feed: Feed, room: Room, sources: Mapping[str, Source], relay: Relay) -> None:
        super().__init__(feed, room, sources, relay)
        self._scopes = {name: trio.CancelScope() for name in sources}

    def start(self, tasks: trio.Nursery) -> None:
        """Run all of them."""
        for name, source in self.sources.items():
            tasks.start_soon(self._run, name, source)

    def close(self, name: str) -> None:
        """Cancel one that hangs."""
        self._scopes[name].cancel()

    async def _run(self, name: str, source: Source) -> None:
        try:
            with self._scopes[name]:
                await source.run(self.sinks[name])
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self.feed(SourceRaised(name, exc))
        else:
            self.feed(SourceFinished(name))
