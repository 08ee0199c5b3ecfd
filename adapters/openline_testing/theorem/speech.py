"""The encoding of the ideal backend's messages: the one part that depends on a dialect.

The backend decides what to send and when; a ``Speech`` encodes it and decodes the audio that
came. It is stateless, and one of them serves all connections. ``EchoSpeech`` is for the
default dialect. Write one for your own dialect, and the theorem checks that.

The theorem needs a dialect that can encode where a transcript lies, in seconds that survive
to the sample (1/16000 s), counted from the connection's first sample. For a dialect
without figures of dropped audio the backend drops none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as replace_fields
from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec.structs import replace

from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Dialect, Heard, Ids
from openline.dialects.traits import Ends
from openline_testing.scope import item_of
from openline_testing.theorem.schedule import NAMES, Schedule

#: An encoded message, as the dialect's ``decode`` takes it.
Encoded: TypeAlias = str | bytes
#: Some ids, to ask what a speech can encode.
IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection 1")
#: Seconds. A backend that claims its ends needs so long for the longest word.
SHORTEST_HORIZON: Final = 0.5
#: A backend that proves no silence is taken to be half as fast again as speech.
_ASSUMED_RATE: Final = 1.6


class Words(NamedTuple):
    """A transcript of ``source`` from ``start`` to ``end``, in the backend's own seconds."""

    text: str
    source: str
    start: float
    end: float
    final: bool


class Speech(Protocol):
    """A backend's side of one dialect. ``ids`` are those of the connection."""

    @property
    def dialect(self) -> Dialect:
        """The session's dialect. A horizon of a few seconds lets a play check more."""
        ...

    def audio(self, data: Encoded) -> tuple[str, bytes]:
        """The source and the samples of a message that the dialect's ``audio`` made."""
        ...

    def ack(self, ids: Ids) -> Encoded:
        """The start is accepted: audio may come."""
        ...

    def words(self, ids: Ids, words: Words) -> Encoded:
        """A final, or a partial, which the next words of its source replace."""
        ...

    def figures(self, ids: Ids, source: str, backlog: float, dropped: int) -> Encoded | None:
        """``backlog`` seconds of ``source`` are queued, ``dropped`` frames of all sources went.

        None: the dialect cannot encode figures.
        """
        ...

    def full(self, ids: Ids) -> Encoded | None:
        """The start is refused: try later. None: the backend can only close."""
        ...

    def summary(self, ids: Ids) -> Encoded:
        """The final message."""
        ...


class Habits(Protocol):
    """What a ``Speech`` may encode besides, each by an optional method; None: it cannot.

    A backend whose speech lacks a method has not the habit: it does not ignore a source, and
    keeps the queue of the traits. Where the ends of the dialect's finals are claims, and the
    speech has no ``exact_ack``, all of its backends claim their ends.
    """

    def exact_ack(self, ids: Ids) -> Encoded | None:
        """The ``ack`` of a backend whose finals end where their audio ends."""
        ...

    def ignoring(self, ids: Ids, source: str) -> Encoded | None:
        """The backend ignores ``source``; sent for each frame of it."""
        ...

    def announcing(
        self, ids: Ids, source: str, backlog: float, dropped: int, queue: float
    ) -> Encoded | None:
        """The ``figures`` of a backend that queues at most ``queue`` seconds per source."""
        ...


def exact_ack(speech: Speech, ids: Ids) -> Encoded | None:
    """``Habits.exact_ack``, if ``speech`` has it."""
    encode: Callable[[Ids], Encoded | None] | None = getattr(speech, "exact_ack", None)
    return encode and encode(ids)


def ignoring(speech: Speech, ids: Ids, source: str) -> Encoded | None:
    """``Habits.ignoring``, if ``speech`` has it."""
    encode: Callable[[Ids, str], Encoded | None] | None = getattr(speech, "ignoring", None)
    return encode and encode(ids, source)


def announcing(  # noqa: PLR0917  # what the method takes
    speech: Speech, ids: Ids, source: str, backlog: float, dropped: int, queue: float
) -> Encoded | None:
    """``Habits.announcing``, if ``speech`` has it."""
    encode: Callable[[Ids, str, float, int, float], Encoded | None] | None
    encode = getattr(speech, "announcing", None)
    return encode and encode(ids, source, backlog, dropped, queue)


def fitted(schedule: Schedule, speech: Speech) -> Schedule:
    """The schedule without figures, where ``speech`` cannot encode them.

    Where the backend proves no silence, what it has had for the horizon is taken for processed,
    if it was quiet. So it is neither deaf nor slow, and never rests.
    """
    traits = speech.dialect.traits
    source = traits.sources[0]
    if not traits.proves_silence:
        schedule = replace_fields(
            schedule,
            rate=0.0 if schedule.rate < _ASSUMED_RATE else schedule.rate,
            claims=0.0,
            dials=tuple("open" if each == "deaf" else each for each in schedule.dials),
            faults=tuple(each for each in schedule.faults if each.kind != "pause"),
        )
    if not _has_partials(speech, source):
        schedule = replace_fields(schedule, partials=0.0, leaves=False)
    if speech.figures(IDS, source, 0.0, 0) is not None:
        return schedule
    return replace_fields(schedule, metrics=0.0)


def _has_partials(speech: Speech, source: str) -> bool:
    """Whether the dialect reads as a partial what ``speech`` encodes as one."""
    partial = speech.words(IDS, Words("and so on", source, 0.0, 0.5, final=False))
    item = item_of(speech.dialect, partial)
    return isinstance(item, Heard) and not item.final


def claims_its_ends(speech: Speech, rate: float) -> bool:
    """Whether the client takes the ends of this backend's finals for claims.

    ``rate`` is the schedule's. Raises ValueError where a backend that claims its ends has no
    time to hear a word.
    """
    traits = speech.dialect.traits
    if traits.ends is Ends.EXACT:
        return False
    can_be_exact = exact_ack(speech, IDS) is not None
    if traits.horizon >= SHORTEST_HORIZON:
        return bool(rate) or not can_be_exact
    if not can_be_exact:
        raise ValueError(
            f"Traits.horizon is {traits.horizon:g}, and the ends of finals are claims: give "
            f"{SHORTEST_HORIZON:g} s or more, or {type(speech).__name__} an exact_ack"
        )
    return False


class FastEcho(EchoPanel):
    """The default dialect with a backend that transcribes or discards within a second.

    Its other times are small as well, since a play lasts seconds.
    """

    traits = replace(TRAITS, horizon=1.0, time_error=0.03, longest_run=0.6)


_BRISK: Final = FastEcho()


class EchoSpeech:
    """The default dialect."""

    @property
    def dialect(self) -> Dialect:
        """With a horizon of one second."""
        return _BRISK

    def audio(self, data: Encoded) -> tuple[str, bytes]:
        """The fourth byte names the source."""
        if isinstance(data, str):
            raise TypeError(f"audio came as text: {data[:60]}")
        return NAMES[data[3]], data[4:]

    def _message(self, ids: Ids, kind: str, fields: str = "") -> str:
        return (
            f'{{"type":"{kind}","connection_id":"{ids.connection_id}",'
            f'"attempt_id":"{ids.attempt_id}"{fields}}}'
        )

    def ack(self, ids: Ids) -> Encoded:
        """A status."""
        return self._message(ids, "status", ',"state":"streaming"')

    def exact_ack(self, ids: Ids) -> Encoded | None:
        """A status that says what ends prove."""
        return self._message(ids, "status", ',"state":"streaming","final_ends":"exact"')

    def ignoring(self, ids: Ids, source: str) -> Encoded | None:
        """A warning, with the words of the contract's backend."""
        text = f"Too many active sources (max 1). Ignoring source '{source}'."
        return self._message(ids, "status", f',"state":"warning","message":"{text}"')

    def announcing(
        self, ids: Ids, source: str, backlog: float, dropped: int, queue: float
    ) -> Encoded | None:
        """Figures with the greatest backlog."""
        figures = f'"backlog_seconds":{backlog!r},"dropped_total":{dropped}'
        most = f'"max_backlog_seconds":{queue!r}'
        return self._message(ids, "metrics", f',"source":"{source}",{figures},{most}')

    def words(self, ids: Ids, words: Words) -> Encoded:
        """Times are written so that they read back as they were."""
        text, source, start, end, final = words
        where = f',"text":"{text}","source":"{source}","t0":{start!r},"t1":{end!r}'
        return self._message(ids, "asr_final" if final else "asr_partial", where)

    def figures(self, ids: Ids, source: str, backlog: float, dropped: int) -> Encoded | None:
        """The drops are counted over both sources."""
        queue = f'"backlog_seconds":{backlog!r},"dropped_total":{dropped}'
        return self._message(ids, "metrics", f',"source":"{source}",{queue}')

    def full(self, ids: Ids) -> Encoded | None:
        """An error, with the contract's text."""
        text = "Server at capacity, please try again later"
        return self._message(ids, "status", f',"state":"error","message":"{text}"')

    def summary(self, ids: Ids) -> Encoded:
        """Without a summary: the transcript is the session's own."""
        return self._message(ids, "final_summary")
