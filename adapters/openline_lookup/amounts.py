"""How much audio each minute of a session captured, sent and confirmed. Pure.

A journal holds what came in and went out, and not how far the watermarks are: the core knows. So
the amounts come from a session that is watched: one that lives, or the replay of a journal. Where
a replay does not get to the end, the minutes behind are not known.

Each sample counts once: audio that is sent again after a loss was sent before.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from openline.dialects.protocol import Dialect
from openline.events import Event
from openline.journal.reader import Journal, JournalError
from openline.journal.replay import DivergedError, replay
from openline.observer import Observer
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import SAMPLE_RATE, Gap, GapWithdrawn, Update

MINUTE: Final = 60.0


class Amount(NamedTuple):
    """Seconds of audio, of all sources."""

    captured: float = 0.0
    sent: float = 0.0
    confirmed: float = 0.0

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(*map(sum, zip(self, other, strict=True)))


class Marks(Protocol):
    """How far the audio of a source is, in samples."""

    @property
    def captured(self) -> int:
        """Captured up to here."""
        ...

    @property
    def sent(self) -> int:
        """Sent up to here; it falls when a dial is lost."""
        ...

    @property
    def confirmed(self) -> int:
        """Confirmed up to here."""
        ...


class Amounts:
    """The amounts of one session. ``until``: the seconds since its opening that are known."""

    def __init__(self) -> None:
        self.until = math.inf
        self._minutes: dict[int, Amount] = {}
        self._highest: dict[str, tuple[int, ...]] = {}
        self._counted: dict[str, tuple[float, ...]] = {}  # without what is missing

    def see(
        self,
        at: float,
        sources: Mapping[str, Marks],
        gaps: Mapping[str, Sequence[Gap]] = MappingProxyType({}),
    ) -> None:
        """The watermarks, ``at`` seconds after the opening. The first of a source count nothing.

        What is missing in the ``gaps`` is not confirmed, though the watermark passes it.
        """
        for name, marks in sources.items():
            here = (marks.captured, marks.sent, marks.confirmed)
            highest = tuple(map(max, here, self._highest.get(name, here)))
            self._highest[name] = highest
            lost = sum(_before(highest[-1], gap) for gap in gaps.get(name, ()))
            counted = (*highest[:-1], highest[-1] - lost)
            before = self._counted.get(name, counted)
            self._counted[name] = counted
            if counted != before:
                grown = (now - then for now, then in zip(counted, before, strict=True))
                self._add(int(at // MINUTE), Amount(*(each / SAMPLE_RATE for each in grown)))

    def _add(self, minute: int, more: Amount) -> None:
        """A gap that was told late takes from the minutes that confirmed what is in it."""
        owed = max(0.0, -more.confirmed)
        found = self._minutes.get(minute, Amount()).plus(more._replace(confirmed=0.0))
        more_confirmed = found.confirmed + max(0.0, more.confirmed)
        self._minutes[minute] = found._replace(confirmed=more_confirmed)
        for each in sorted(self._minutes, reverse=True):
            if owed <= 0.0:
                return
            known = self._minutes[each]
            taken = min(owed, known.confirmed)
            self._minutes[each] = known._replace(confirmed=known.confirmed - taken)
            owed -= taken

    def of(self, first: int, last: int) -> Amount | None:
        """The amount in the minutes ``first`` to ``last``; None: it is not known."""
        if (last + 1) * MINUTE > self.until and not math.isinf(self.until):
            return None
        found = Amount()
        for minute in range(first, last + 1):
            found = found.plus(self._minutes.get(minute, Amount()))
        return found


def _before(watermark: int, gap: Gap) -> float:
    """How many samples of a gap lie before a watermark: of an inexact one in proportion."""
    if watermark >= gap.end or gap.end == gap.start:
        return float(gap.samples)
    passed = max(0, watermark - gap.start) / (gap.end - gap.start)
    return gap.samples * passed


class _Watching(Observer):
    """Looks at the watermarks after each event but audio."""

    wants_audio = False

    def __init__(self) -> None:
        self.amounts = Amounts()
        self.last = 0.0
        self._gaps = defaultdict[str, list[Gap]](list)
        self._zero: float | None = None

    def on_begin(
        self,
        options: MachineOptions,  # noqa: ARG002  # as the hook has it
        look: Callable[[], Snapshot],
    ) -> None:
        """Note what an earlier process had."""
        self._look = look
        self.amounts.see(0.0, look().sources)

    def on_update(self, update: Update, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Note what is missing."""
        if isinstance(update, Gap):
            self._gaps[update.source].append(update)
        elif isinstance(update, GapWithdrawn) and update.gap in self._gaps[update.gap.source]:
            self._gaps[update.gap.source].remove(update.gap)

    def on_done(self, event: Event, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Look."""
        self.look(now)

    def look(self, now: float) -> None:
        """See how far the audio is."""
        if self._zero is None:
            self._zero = now
        self.last = max(self.last, now - self._zero)
        self.amounts.see(self.last, self._look().sources, self._gaps)


def replayed(journal: Journal, dialect: Dialect | None = None) -> Amounts:
    """The amounts of a journal, as far as this version of the core does what it did then."""
    watching = _Watching()
    try:
        for _ in replay(journal, dialect=dialect, observers=[watching]):
            pass
        if journal.entries:
            watching.look(journal.entries[-1].now)
    except (DivergedError, JournalError):
        watching.amounts.until = watching.last
    return watching.amounts
