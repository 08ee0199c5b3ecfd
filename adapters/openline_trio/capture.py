"""The sources of a session: each runs in a task of its own, delivers to its sink, fails alone.

A source is the app's, or a device's. Whatever it raises is told to the core as the loss of
that source, and goes no further. What it has at hand when the session is to end is asked for
through the same sink, whether its task has begun or not: so a stop overtakes nothing.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

import trio

from openline.events import SourceFailed, SourceFinished, SourceKind
from openline.session import LocalProtocolError
from openline_audio.source import Holding, Source, SourceError
from openline_driver.error_origin import only_one, raised
from openline_trio.sink import SessionSink, SourceHost
from openline_trio.sources.pushed import PushSource


class Capture:
    """The sources of ``session``. Raises ValueError for one that has been used up."""

    def __init__(self, session: SourceHost, sources: Mapping[str, Source]) -> None:
        _check_unused(sources)
        self._session = session
        self._sources = dict(sources)
        self._sinks = {name: SessionSink(session, name) for name in sources}
        self._scopes = {name: trio.CancelScope() for name in sources}

    @property
    def kinds(self) -> dict[str, SourceKind]:
        """Which sources are stores and which devices; a source of the app's may not say."""
        return {
            name: getattr(source, "kind", SourceKind.DEVICE)
            for name, source in self._sources.items()
        }

    @property
    def may_pause(self) -> set[str]:
        """Those whose silence is no sign that they hang."""
        return {name for name, s in self._sources.items() if getattr(s, "may_pause", False)}

    def start(self, tasks: trio.Nursery) -> None:
        """Run all of them."""
        for name, source in self._sources.items():
            tasks.start_soon(self._run, name, source)

    def close(self, name: str) -> None:
        """Let go of one that hangs."""
        self._scopes[name].cancel()

    def flush(self) -> None:
        """Deliver what the sources have at hand; they take no more then."""
        for name, source in self._sources.items():
            if isinstance(source, Holding):
                try:
                    source.flush(self._sinks[name])
                except Exception as exc:  # noqa: BLE001  # as in _run
                    self._lost(name, exc)

    def level(self, name: str) -> float:
        """The RMS of a source's last frame, of full scale; 0.0 where there is none."""
        sink = self._sinks.get(name)
        frame = array("h", b"" if sink is None else sink.frame)
        if not frame:
            return 0.0
        return math.sqrt(sum(s * s for s in frame) / len(frame)) / 32768

    async def _run(self, name: str, source: Source) -> None:
        try:
            with self._scopes[name]:
                await source.run(self._sinks[name])
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self._lost(name, exc)
        else:
            self._session.feed(SourceFinished(name))

    def _lost(self, name: str, exc: Exception) -> None:
        exc = only_one(exc)
        if isinstance(exc, SourceError | OSError):
            why = str(exc)
        elif isinstance(exc, LocalProtocolError):  # ours, and about what the source said
            why = raised(exc, str(exc))
        else:
            why = f"the source raised {raised(exc)}"
        self._session.feed(SourceFailed(name, why))


def _check_unused(sources: Mapping[str, Source]) -> None:
    seen: dict[int, str] = {}
    for name, source in sources.items():
        if not isinstance(source, PushSource):
            continue
        if source.is_used:
            raise ValueError(
                f"sources[{name!r}]: this PushSource has been used by a session: "
                "make another one for each session"
            )
        if id(source) in seen:
            raise ValueError(
                f"sources[{name!r}]: this PushSource is sources[{seen[id(source)]!r}] already: "
                "make one for each name"
            )
        seen[id(source)] = name
