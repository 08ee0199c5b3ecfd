"""What happened in a session, minute by minute, in plain sentences. Pure: records in, data out.

A minute in which something happened is told by itself: each thing with its time. Minutes with
nothing but speech are joined. The words of a verdict stand in the journal; the source of its rule
is found in the verdict table by them.

    minute 0         0:00.1  the line is open, 0.1 s after the start
    minutes 1 to 3   nothing but speech: 412 words, at most 0.8 s after they were said
    minute 4         4:02.3  the line was lost: the connection was reset (retry)
                     4:03.2  the line is open again after 0.9 s, on dial 2

How much audio was sent and confirmed only the core knows: ``amounts`` has it, where the session is
watched or its journal can be replayed.

``lag`` is how long after the end of the words in the audio their final came: what a person waits.
After an outage it is long until the backlog is made good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from openline.updates import SAMPLE_RATE, Ended, PartialRetracted, Transcript
from openline_lookup.amounts import MINUTE, Amounts, Marks
from openline_lookup.happenings import Happenings, Said
from openline_lookup.records import Broken, Head, Record
from openline_lookup.results import COUNTED, Outcome, Sums, closing, end_line, outcome, sums
from openline_lookup.unfinal import Partials, Unfinal

_STOPS: Final = "the journal stops here, and the session does not end in it"
_GOES_ON: Final = "the session goes on"


class Minute(msgspec.Struct, frozen=True, kw_only=True):
    """One minute since the opening, or several, ``first`` to ``last``, without a happening.

    ``words`` came in finals, the latest of them ``lag`` seconds after they were said (None: no
    words). ``captured``, ``sent``, ``confirmed``: seconds of audio, of all sources, each once;
    None: it is not known.
    """

    first: int
    last: int
    words: int = 0
    lag: float | None = None
    captured: float = 0.0
    sent: float | None = None
    confirmed: float | None = None
    happened: tuple[Said, ...] = ()


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One session. ``began``: seconds since the epoch, by the backend's clock; None: it told none.

    ``end`` is one line, and ``complete`` None where the journal stops before the session does.
    ``audio``: what became of it, once the session has ended. ``unfinal``: the words that were seen
    and never became final; none of a session that is complete, or goes on.
    ``broken``: the numbers of the lines that cannot be read; ``torn``: the last one has no end.
    """

    session_id: str
    url: str
    dialect: str
    sources: tuple[str, ...]
    began: float | None
    minutes: tuple[Minute, ...]
    seconds: float
    end: str
    complete: bool | None
    outcome: Outcome = Outcome.OPEN
    audio: Sums | None = None
    unfinal: tuple[Unfinal, ...] = ()
    broken: tuple[int, ...] = ()
    torn: bool = False


def stories(
    found: Iterable[Head | Record | Broken], amounts: Sequence[Amounts] = ()
) -> Iterator[Story]:
    """The sessions of a journal. Records before the first session are left out.

    ``amounts`` are those of the first sessions, in their order.
    """
    known = iter(amounts)
    teller: Teller | None = None
    early: list[int] = []
    for each in found:
        if isinstance(each, Head):
            if teller is not None:
                yield teller.story()
            teller = Teller(each, next(known, None))
            teller.broken += early
            early = []
        elif teller is None:
            early.append(each.line)
        elif isinstance(each, Broken):
            teller.skip(each)
        else:
            teller.take(each)
    if teller is not None:
        yield teller.story()


class Teller:
    """Tells one session, record after record. ``story`` ends it: take no more after that.

    ``amounts``: those of the session, where they are known before. A session that is watched has
    its watermarks seen by ``see``; they count then, and not the audio in the records.
    ``lives``: one that has not ended goes on. ``text``: with words that were said; else these are
    counted.
    """

    def __init__(
        self, head: Head, amounts: Amounts | None = None, *, lives: bool = False, text: bool = True
    ) -> None:
        self._head = head
        self._amounts = amounts
        self._is_watched = False
        self._lives, self._text = lives, text
        self._partials = Partials()
        self._counts: Mapping[str, int] = {}
        self._zero: float | None = None
        self._now = 0.0
        self._began: float | None = None
        self._minutes: list[Minute] = []
        self._open = Minute(first=0, last=0)
        self._happenings = Happenings(head.dialect)
        self._ended: Ended | None = None
        self.broken: list[int] = []
        self._is_torn = False

    def skip(self, broken: Broken) -> None:
        """A line cannot be read."""
        self._is_torn = broken.torn
        if not broken.torn:
            self.broken.append(broken.line)

    def take(self, record: Record) -> None:
        """Tell a line."""
        if self._zero is None:
            self._zero = record.now
        at = max(self._now, record.now - self._zero)
        self._turn_to(int(at // MINUTE))
        self._now = at
        date = record.fields.get("date")
        if record.kind == "SocketOpened" and self._began is None and isinstance(date, int | float):
            self._began = date - at
        minute = self._open
        if record.kind == "AudioCaptured":
            heard = _samples(record) / SAMPLE_RATE
            minute = msgspec.structs.replace(minute, captured=minute.captured + heard)
        words, lag = self._happenings.take(record, at, self._zero)
        if words:
            slowest = lag if minute.lag is None else max(lag, minute.lag)
            minute = msgspec.structs.replace(minute, words=minute.words + words, lag=slowest)
        self._open = minute
        for update in record.updates:
            if isinstance(update, Transcript):
                self._partials.hear(update)
            elif isinstance(update, PartialRetracted):
                self._partials.retract(update)
            elif isinstance(update, Ended):
                self._ended = update

    def see(self, at: float, sources: Mapping[str, Marks], counts: Mapping[str, int]) -> None:
        """Count the audio of a session that is watched: its watermarks, ``at`` seconds after the
        opening. ``counts``: what changed nothing so far, by its kind.
        """
        self._counts = counts
        if self._amounts is None:
            self._amounts = Amounts()
        self._is_watched = True
        self._amounts.see(at, sources)

    def story(self) -> Story:
        """All of it."""
        ended, head = self._ended, self._head
        complete = None if ended is None else ended.complete
        unfinal = () if complete or (ended is None and self._lives) else self._unfinal()
        for each in unfinal:
            span = f"{clock(each.start)} to {clock(each.end)} of {each.source}"
            said = f'these words never became final: "{each.text}" ({span})'
            self._happenings.lose_words(self._now, said)
        self._close()
        self._tell_end()
        return Story(
            session_id=head.session_id,
            url=head.url,
            dialect=head.dialect,
            sources=head.sources,
            began=self._began,
            minutes=tuple(_joined(map(self._counted, self._minutes))),
            seconds=self._now,
            end=self._unended() if ended is None else end_line(ended),
            complete=complete,
            outcome=outcome(ended),
            audio=None if ended is None else sums(ended),
            unfinal=unfinal,
            broken=tuple(self.broken),
            torn=self._is_torn,
        )

    def _turn_to(self, number: int) -> None:
        """Close the minute before this one; the silent ones between are one."""
        if number == self._open.last:
            return
        self._close()
        silent = self._open.last + 1
        if silent < number:
            self._minutes.append(Minute(first=silent, last=number - 1))
        self._open = Minute(first=number, last=number)

    def _close(self) -> None:
        happened = tuple(self._happenings.told())
        self._minutes.append(msgspec.structs.replace(self._open, happened=happened))

    def _unended(self) -> str:
        return _GOES_ON if self._lives else _STOPS

    def _unfinal(self) -> tuple[Unfinal, ...]:
        """The words that no final has."""
        left = self._partials.left()
        if not self._text:
            left = [msgspec.structs.replace(each, text=hidden(each.text)) for each in left]
        return tuple(left)

    def _tell_end(self) -> None:
        """Tell the last sentence, behind all others."""
        if self._ended is None and self._lives:
            return
        text = _STOPS if self._ended is None else closing(self._ended)
        said = Said(at=self._now, text=text)
        last = self._minutes[-1]
        self._minutes[-1] = msgspec.structs.replace(last, happened=(*last.happened, said))

    def _counted(self, minute: Minute) -> Minute:
        """The minute with its counts, and its amounts of audio, as far as they are known."""
        minute = msgspec.structs.replace(minute, happened=tuple(map(self._times, minute.happened)))
        found = None if self._amounts is None else self._amounts.of(minute.first, minute.last)
        if found is None:
            return msgspec.structs.replace(minute, captured=round(minute.captured, 6))
        captured = found.captured if self._is_watched else minute.captured
        return msgspec.structs.replace(
            minute,
            captured=round(captured, 6),
            sent=round(found.sent, 6),
            confirmed=round(found.confirmed, 6),
        )

    def _times(self, said: Said) -> Said:
        """What the core told once, with how often it happened."""
        counts = self._counts if self._ended is None else _counts_of(self._ended)
        count = counts.get(said.kind, 1) if said.kind in COUNTED else 1
        if count < 2:
            return said
        return msgspec.structs.replace(said, text=f"{said.text}; {count} times in all", count=count)


def _counts_of(ended: Ended) -> Mapping[str, int]:
    return {kind: getattr(ended.statistics, kind) for kind in COUNTED}


def hidden(text: str) -> str:
    """What stands for words that are not to be shown."""
    count = len(text.split())
    return f"({count} word{'s' * (count != 1)})"


def clock(seconds: float) -> str:
    """A time in a session: ``0:04.2``."""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def _samples(record: Record) -> int:
    size = record.fields.get("bytes")
    if isinstance(size, int):
        return size // 2
    kept = record.fields.get("pcm")
    return len(kept) * 3 // 8 if isinstance(kept, str) else 0  # base64


def _joined(minutes: Iterable[Minute]) -> Iterator[Minute]:
    """Join neighbours in which nothing happened, if both or neither had words and audio."""
    last: Minute | None = None
    for each in minutes:
        if last is not None and _alike(last, each):
            lags = [lag for lag in (last.lag, each.lag) if lag is not None]
            last = Minute(
                first=last.first,
                last=each.last,
                words=last.words + each.words,
                lag=max(lags, default=None),
                captured=last.captured + each.captured,
                sent=_sum(last.sent, each.sent),
                confirmed=_sum(last.confirmed, each.confirmed),
            )
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _alike(one: Minute, other: Minute) -> bool:
    if one.happened or other.happened:
        return False
    known = (one.sent is None) == (other.sent is None)
    return known and (one.words > 0, one.captured > 0) == (other.words > 0, other.captured > 0)
