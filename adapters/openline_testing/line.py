"""One live dial, as its messages show it: what it was sent, and what the backend said of it.

The laws of words, marks and gaps share it. It keeps, for each source, where the dial's audio
lies in session time, and which words and figures came. ``before`` and ``after`` are the
statistics of the session before and after the current event.

All positions are samples of session time. Session time 0 is the first sample of the source
that started first, so where each source begins (its *origin*) is known from the events.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Final

from openline.dialects.protocol import (
    FinalMessage,
    Heard,
    Lost,
    Malformed,
    Message,
    Metrics,
    Status,
)
from openline.dialects.traits import Ends
from openline.events import AudioCaptured, CaptureHole, SourceStarted
from openline.updates import SAMPLE_RATE, State, Statistics
from openline_testing.observation import Observation

#: The states of a dial whose start was acknowledged.
ACKED: Final = frozenset({State.STREAMING, State.FINISHING, State.CLOSING})
#: Samples by which two ways of rounding a time may differ.
ROUNDING: Final = 4
_NOTHING: Final = Statistics(dials=0, sources={})


def has_words(text: str) -> bool:
    """Whether ``text`` says anything: it has more than punctuation, blanks and controls.

    What this Python's Unicode does not know yet, and what is for private use, is a word.
    """
    kinds = map(unicodedata.category, text)
    return any(kind[0] not in "PZC" or kind in {"Cn", "Co"} for kind in kinds)


def sample(seconds: float) -> int:
    """The session sample at a reported time."""
    return round(seconds * SAMPLE_RATE)


class Track:
    """One source on one dial."""

    __slots__ = (
        "_connection",
        "_session",
        "beginnings",
        "end",
        "figures",
        "first",
        "ignored",
        "sent",
        "source",
        "spoke",
    )

    def __init__(self, source: str, first: int) -> None:
        self.source = source
        self.first = first  # where this dial's audio begins
        self.sent: int = 0  # samples on this dial
        self._connection: list[int] = []  # where each run of audio begins, on this dial
        self._session: list[int] = []  # and in session time
        self.ignored = False
        self.spoke: bool | None = False  # words or figures came; None: they may be another's
        self.figures = False
        self.end: int | None = None  # the latest end that its finals claimed
        self.beginnings: list[int] = []  # of its finals and partials

    def sends(self, samples: int, until: int) -> None:
        """A frame went out; the dial has now sent all up to ``until``."""
        at = until - samples
        if not self._session or self._session[-1] + self.sent - self._connection[-1] != at:
            self._connection.append(self.sent)
            self._session.append(at)
        self.sent += samples

    def at(self, counted: int) -> int:
        """The session sample of connection sample ``counted``, within what was sent."""
        if not self._session:
            return self.first
        counted = min(max(counted, 0), self.sent)
        i = bisect_right(self._connection, counted) - 1
        return self._session[i] + counted - self._connection[i]

    def place(self, start: int, end: int) -> int:
        """Where a final of this dial ends for the marks, at the least.

        It ends where the next words begin, or at its own end.
        """
        later = sorted(each for each in self.beginnings if each >= start)
        return min([*later[1:], end])  # the first one is its own beginning


class Line:
    """Observes the live dial."""

    __slots__ = (
        "_was_live",
        "_zero",
        "after",
        "before",
        "cuts",
        "dial",
        "doubtful",
        "dropped",
        "factor",
        "finished",
        "message",
        "open",
        "origins",
        "queue",
        "seen",
        "source",
        "tracks",
    )

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.before = self.after = _NOTHING
        self.origins: dict[str, int] = {}  # of the sources that have started, in that order
        self._zero: float | None = None
        self.dial: int = 0  # the last dial that was acked
        self.tracks: dict[str, Track] = {}
        self.cuts: set[str] = set()  # sources whose audio a loss has cut, with no final since
        self._was_live = False
        # The current event.
        self.open = False  # the dial is acked, and lives
        self.message: Message | None = None  # on this dial, and meant for it
        self.source: str | None = None  # the source that the message means; None: unknown
        self.finished = False  # it is the final message
        # The dial.
        self.dropped: int = 0  # frames, over all sources
        self.doubtful = False  # its final message proves nothing
        # The session.
        self.queue: float | None = None  # seconds that the backend keeps, as it announced
        self.factor = 1.0  # the last realtime_factor

    @property
    def claimed(self) -> bool:
        """Whether the ends of this dial's finals prove nothing."""
        return self.seen.ends is Ends.CLAIMED

    def track(self, source: str) -> Track:
        """The source on this dial."""
        if source not in self.tracks:
            self.tracks[source] = Track(source, self.mark(source, self.before))
        return self.tracks[source]

    def mark(self, source: str, figures: Statistics) -> int:
        """The confirmed watermark in session time."""
        each = figures.sources.get(source)
        return self.origins.get(source, 0) + (each.confirmed if each else 0)

    def happened(self, figures: Statistics) -> None:
        """After the event was noted, before its commands; ``figures`` are those after it."""
        self.before, self.after = self.after, figures
        self._starts()
        seen = self.seen
        self.message = self.source = None
        self.finished = False
        self.open = seen.live is not None and seen.acked
        if self.open and self.dial != seen.dial:
            self._opens()
        if seen.live is None or seen.decoded is None:
            return
        self.message = message = seen.decoded
        if isinstance(message, Heard | Metrics | Lost):
            self.source = self._named(message.source)
        if self.open:
            self._hears(message)

    def _starts(self) -> None:
        event, seen = self.seen.event, self.seen
        if isinstance(event, SourceStarted):
            at = event.at
        elif isinstance(event, AudioCaptured | CaptureHole):
            at = seen.now
        else:
            return
        if event.source in seen.sources and event.source not in self.origins:
            if self._zero is None:
                self._zero = at
            self.origins[event.source] = max(0, round((at - self._zero) * SAMPLE_RATE))

    def _opens(self) -> None:
        self.dial = self.seen.dial
        self.dropped, self.doubtful = 0, False
        self.tracks = {
            source: Track(source, self.mark(source, self.after)) for source in self.origins
        }

    def _named(self, source: str | None) -> str | None:
        """The source that a message means; without a name it is the first one."""
        if source is None:
            return next(iter(self.origins), None)
        return source if source in self.origins else None

    def _hears(self, message: Message) -> None:
        seen = self.seen
        if isinstance(message, Status):
            self.doubtful |= message.doubtful or (message.warning and seen.stop_wanted)
        elif isinstance(message, FinalMessage):
            self.finished = seen.finished and seen.state is State.FINISHING
        if self.source is None:
            return
        track = self.track(self.source)
        if isinstance(message, Heard | Metrics):
            alone = message.source is not None or len(self.origins) == 1
            says = isinstance(message, Metrics) or has_words(message.text)
            if not track.spoke:
                track.spoke = True if alone and says else None
        if isinstance(message, Metrics):
            self._figures(message, track)
        elif isinstance(message, Lost) and not seen.finished:
            track.ignored = True

    def _figures(self, metrics: Metrics, track: Track) -> None:
        self.dropped = max(self.dropped, metrics.dropped)
        if metrics.backlog is not None:
            track.figures = True
        if metrics.queue is not None:
            self.queue = max(metrics.queue, 0.1)  # seconds; no shorter queue could work
        self.factor = max(1.0, metrics.realtime_factor or 0.0)

    def pulled(self, source: str, samples: int, figures: Statistics) -> None:
        """A frame of ``source`` went out, already counted in ``figures``."""
        self.after = figures
        until = self.origins.get(source, 0) + figures.sources[source].sent
        self.track(source).sends(samples, until)

    def settle(self) -> None:
        """All commands of the event are read: note what a loss has cut."""
        live = self.seen.live is not None and self.seen.live == self.dial
        if self._was_live and not live and self.claimed:
            for source, each in self.before.sources.items():
                if each.sent > each.confirmed and self.track(source).sent:
                    self.cuts.add(source)
        self._was_live = live

    @property
    def is_malformed(self) -> bool:
        """Whether the message may have held words that are lost."""
        return isinstance(self.message, Malformed) and self.message.words
