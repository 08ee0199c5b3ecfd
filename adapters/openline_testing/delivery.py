"""The laws of what is said, sent and proved, fed together from one place.

``Delivery`` gives them each event, report, pulled message and end, in the order that they rely
on: first the ``Line``, which reads the message; then the window, which derives what is drained;
then words, marks and gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openline.commands import SendBytes, SendPing, SendText
from openline.updates import (
    Ended,
    Gap,
    GapWithdrawn,
    PartialRetracted,
    SourceEnded,
    Statistics,
    Transcript,
    Trouble,
    Update,
)
from openline_testing.deafness import Deafness
from openline_testing.finishing import Finishing
from openline_testing.gap_laws import GapLaws
from openline_testing.ignored_laws import IgnoredLaws
from openline_testing.laws import GRACE
from openline_testing.line import Line
from openline_testing.mark_laws import MarkLaws
from openline_testing.observation import Observation
from openline_testing.sending import OPEN
from openline_testing.unfinal_laws import UnfinalLaws
from openline_testing.window_laws import WindowLaws
from openline_testing.word_laws import WordLaws


class Delivery:
    """Observes the audio that goes out, and what the backend makes of it."""

    __slots__ = (
        "_deafness",
        "_gaps",
        "_granted",
        "_ignored",
        "_line",
        "_marks",
        "_seen",
        "_unfinal",
        "_window",
        "_words",
        "finishing",
    )

    def __init__(self, seen: Observation) -> None:
        self._seen = seen
        self._granted: dict[str, tuple[float, float]] = {}  # by law: a limit, and its new one
        self._line = line = Line(seen)
        self._window = WindowLaws(seen, line)
        self._words = WordLaws(seen, line)
        self._unfinal = UnfinalLaws(seen, self._words)
        self._marks = MarkLaws(seen, line, self._words, self._window)
        self._gaps = GapLaws(seen, line)
        self._ignored = IgnoredLaws(seen, line)
        self._deafness = Deafness(seen, line, self._window)
        self.finishing = Finishing(seen, line)

    def happened(self, figures: Statistics) -> None:
        """After the event was noted, before its commands; ``figures`` are those after it."""
        self._line.happened(figures)
        self.finishing.happened()
        self._words.happened()
        self._unfinal.happened()
        self._gaps.happened()
        if self._window.is_new:
            self._window.opens(figures.sources)
        self._window.happened()

    def reported(self, update: Update) -> None:
        """Check a report, unless it is about dials or the app's sources."""
        match update:
            case Transcript() | PartialRetracted():
                self._words.reported(update)
                if isinstance(update, Transcript) and update.final:
                    self._gaps.told(update)
            case Gap():
                self._gaps.reported(update)
                self._ignored.reported(update)
            case GapWithdrawn():
                self._gaps.reported(update)
            case Trouble(kind="unfinal"):
                self._unfinal.reported()
            case _:
                pass

    def ends(self, ended: Ended, broke_off: Sequence[SourceEnded]) -> None:
        """Check the result; ``broke_off`` are the sources that broke off."""
        self._words.ends(ended)
        self._unfinal.ends(ended)
        self._gaps.ends(ended, broke_off)

    def settle(self) -> None:
        """All commands of the event are read."""
        self._words.settle()
        self._marks.settle()
        self._gaps.settle()
        self._ignored.settle()
        self._deafness.settle()
        self._line.settle()

    def pulled(self, outgoing: SendBytes | SendText | SendPing, figures: Statistics) -> None:
        """A ping or a frame of audio, already counted in ``figures``, was pulled."""
        if isinstance(outgoing, SendPing):
            self._window.pinged(outgoing.mark)
        else:
            self._deafness.pulled(self._window.pulled(outgoing, figures))

    def rested(self, figures: Statistics, *, spooled: bool) -> None:
        """A pull gave nothing: audio waits for the window, unless it is ``spooled``, on a disk."""
        self._gaps.measure(figures.sources)
        if self._seen.state in OPEN and not spooled:
            self._window.rested(figures.sources)

    def rest(self, figures: Callable[[], Statistics]) -> None:
        """The session rests."""
        self._words.rest()
        if self._gaps.grew:
            self._gaps.measure(figures().sources)

    def suspended(self, gap: float) -> None:
        """The process was suspended: the backend had not that time to show work."""
        self._window.suspended(gap)
        self._deafness.suspended(gap)
        until = self._seen.now + GRACE
        for limit, law in self._waits:
            if limit < until:
                self._granted[law] = limit, until

    @property
    def window(self) -> float:
        """Seconds of audio that an open line takes without any confirmation of the backend."""
        return self._window.window

    @property
    def limits(self) -> list[tuple[float, str]]:
        """The latest times at which an open line must be left, each with its law."""
        found: list[tuple[float, str]] = []
        for limit, law in self._waits:
            base, granted = self._granted.get(law, (limit, limit))
            found.append((max(limit, granted) if base == limit else limit, law))
        return found

    @property
    def _waits(self) -> list[tuple[float, str]]:
        return [
            (self._window.stalls_at, "a backend that stalls"),
            (self._deafness.leaves_by, "a deaf backend"),
        ]
