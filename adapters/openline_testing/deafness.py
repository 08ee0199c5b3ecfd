"""The law of a deaf backend: it answers pings, takes audio, and nothing ever comes of it.

While more audio of a source is out and not drained than the backend's queue holds, something
about that source has to move: the drained or confirmed audio, words, or, where a backend says
nothing in silence, the received audio. If nothing does for the horizon and ``proof_timeout``,
the line is left.

The drained audio is read generously (``window_laws``), and every sign that may be about a source
counts for it. So the session may leave the line earlier than this, and not later.
"""

from __future__ import annotations

import math

from openline.dialects.protocol import Heard, Metrics
from openline.events import PongReceived
from openline_testing.line import Line
from openline_testing.observation import Observation
from openline_testing.window_laws import WindowLaws


class Deafness:
    """Observes what moves on the live dial, for each source."""

    __slots__ = ("_dial", "_drained", "_line", "_seen", "_since", "_window")

    def __init__(self, seen: Observation, line: Line, window: WindowLaws) -> None:
        self._seen = seen
        self._line = line
        self._window = window
        self._dial: int = 0
        self._drained: dict[str, int] = {}  # when the last figures came
        self._since: dict[str, float] = {}  # when the last sign came, while audio is out

    def settle(self) -> None:
        """All commands of the event are read: note what moved, and whether audio is out."""
        seen, line, message = self._seen, self._line, self._line.message
        if line.dial != self._dial or not line.open:
            self._dial = line.dial
            self._since.clear()
            self._drained.clear()
        if not line.open:
            return
        pong = isinstance(seen.event, PongReceived) and seen.dialect.traits.silent_in_silence
        for source, now in line.after.sources.items():
            before = line.before.sources.get(source)
            moves = pong or before is None or now.confirmed > before.confirmed
            if isinstance(message, Heard):
                moves |= message.source in {source, None}
            elif isinstance(message, Metrics):
                moves |= self._moves(message, source)
            if moves and source in self._since:
                self._since[source] = seen.now
            self._note(source)

    def _moves(self, metrics: Metrics, source: str) -> bool:
        """Whether figures may say that more is drained."""
        if metrics.source is None or self._line.dropped:
            return True
        drained, before = self._window.drained(source), self._drained.get(source, 0)
        self._drained[source] = drained
        return metrics.source == source and drained > before

    def _note(self, source: str) -> None:
        ignored = self._line.track(source).ignored
        if ignored or not self._window.is_out(source):
            self._since.pop(source, None)
        else:
            self._since.setdefault(source, self._seen.now)

    def pulled(self, source: str) -> None:
        """A frame of ``source`` went out."""
        self._note(source)

    def suspended(self, gap: float) -> None:
        """The process was suspended for ``gap`` seconds up to now."""
        self._since = {source: since + gap for source, since in self._since.items()}

    @property
    def leaves_by(self) -> float:
        """When an open line must be left unless something moves before; inf: never."""
        since = min(self._since.values(), default=math.inf)
        policy, traits = self._seen.policy, self._seen.dialect.traits
        return since + traits.horizon + policy.proof_timeout
