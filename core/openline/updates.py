"""What the app receives: updates while a session lives, and one result when it ends.

Every update is a frozen value. ``StateChanged``, final ``Transcript``s, ``Gap``s,
``GapWithdrawn``, ``SourceHeld``, ``SourceChanged``, ``SourceEnded`` and ``Ended`` are *durable*:
the app receives each of them. The rest are *passing*: a newer one of the same kind and source
replaces an older one that the app has not read yet. Times are seconds of session time unless
stated otherwise; session time 0 is the first sample of the first source that started.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from openline.account import NO_ACCOUNTS, Account
from openline.reconnect.verdicts import Action

#: Samples per second of all audio in a session, which is mono s16le.
SAMPLE_RATE = 16_000
#: Seconds. A backend may claim any finite time; no session is longer than this.
LONGEST = 1e9


def to_samples(seconds: float) -> int:
    """The sample nearest to a time, in seconds, that a backend claims; it may be below 0."""
    return round(max(-LONGEST, min(seconds, LONGEST)) * SAMPLE_RATE)


class State(StrEnum):
    """The states of a session, as the chart names them."""

    IDLE = "idle"
    AUTHORIZING = "authorizing"
    CONNECTING = "connecting"
    AWAITING_ACK = "awaiting_ack"
    STREAMING = "streaming"
    DRAINING = "draining"
    RECONNECTING = "reconnecting"
    FINISHING = "finishing"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


class StateChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The session entered ``state``.

    ``reason`` is one line with the cause (a loss, a delay, an end), or empty. ``action`` is the
    verdict's on a loss. ``retry_in`` is the seconds until the next dial while reconnecting.
    ``dial`` counts dials from 1 (0: none yet).
    """

    state: State
    dial: int
    reason: str = ""
    action: Action | None = None
    retry_in: float | None = None


class TranscriptWord(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a ``Transcript``, in seconds of session time; None: the backend gives none."""

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None
    speaker: str | None = None


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """Words of one source between two session times, in seconds.

    A partial (``final=False``) replaces the source's previous live partial; a final replaces
    it too and is never revised. Finals of a source may overlap: two people may speak at once.

    ``settled``: the backend will not change these words, but they become final only when the
    audio behind them is confirmed. Such a partial replaces the live one and stays until a
    final with the same ``id`` replaces it, which is ``settled`` too and leaves a newer live
    partial in place; or until ``PartialRetracted`` removes it. Another one with the same ``id``
    replaces it too: the backend said it again, or it was divided, and the rest follows with an
    id of its own.
    ``seam``: the first final of this source on a new dial, whose audio was cut before; at
    most one word there may be missing or doubled. ``id`` is unique in the session: the
    process, the dial and a count (``1.3.17``; ``1.3.17.2`` for a part); a live partial has
    none. From ``confidence`` to ``segment_id`` the fields are the backend's own, and None where
    it gives none; so is ``channel``, and ``words`` are empty.
    """

    source: str
    text: str
    final: bool
    start: float
    end: float
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None
    segment_id: str | None = None
    words: tuple[TranscriptWord, ...] = ()
    channel: int | None = None
    settled: bool = False
    seam: bool = False
    id: str = ""


class PartialRetracted(msgspec.Struct, frozen=True, kw_only=True):
    """The source's live partial will not become final as it is: remove it.

    ``settled``: remove its settled partials as well. Their audio is sent again; each is reported
    as final later, unless a later hearing of the same audio replaces it.
    """

    source: str
    settled: bool = True


class BackendStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The backend reported its state, by the dialect's own name; ``text`` is for the user."""

    state: str
    text: str = ""
    source: str | None = None


class BackendMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The backend's figures for one source, about once a second.

    ``backlog``: seconds of audio in its queue, or None if it gives no such figure.
    ``dropped``: queue items that it has dropped on this connection, over all sources.
    ``realtime_factor``: seconds of recognition per second of audio.
    """

    source: str
    backlog: float | None
    dropped: int = 0
    realtime_factor: float | None = None


class Insight(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the backend recognized in the words, such as names or decisions.

    ``kind`` is a short word of the dialect, such as ``entities``; ``payload`` is plain data
    by name, as the backend sent it. The dialect documents both.
    """

    kind: str
    payload: Mapping[str, Any]


class GapCause(StrEnum):
    """Why audio was not transcribed."""

    OVERFLOW = "overflow"  #: older than the buffer holds, never sent on a live dial
    UNPROVEN = "unproven"  #: sent, and never confirmed: it left the buffer, or nobody heard it
    SPOOL = "spool"  #: kept on disk, and missing there when it was due
    SKIPPED = "skipped"  #: given up by the app, which skipped to the live audio
    CAPTURE = "capture"  #: the source could not capture it
    BACKEND = "backend"  #: dropped by the backend, as it reported
    UNHEARD = "unheard"  #: sent, and not transcribed by the backend, as it reported
    IGNORED = "ignored"  #: the backend does not transcribe the source, as it reported
    UNDELIVERED = "undelivered"  #: not sent before the session ended
    UNCONFIRMED = "unconfirmed"  #: sent, and the session ended before the confirmation


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Audio of one source that will not be transcribed.

    ``start`` and ``end`` are samples of session time. An exact gap is all of
    [start, end); an inexact one is ``samples`` lost somewhere within it. ``start_seconds``,
    ``end_seconds`` and ``seconds`` are the same in seconds.
    """

    source: str
    start: int
    end: int
    samples: int
    cause: GapCause
    exact: bool = True

    @property
    def seconds(self) -> float:
        """How much was lost, in seconds."""
        return self.samples / SAMPLE_RATE

    @property
    def start_seconds(self) -> float:
        """``start`` in seconds of session time, as a ``Transcript`` has it."""
        return self.start / SAMPLE_RATE

    @property
    def end_seconds(self) -> float:
        """``end`` in seconds of session time."""
        return self.end / SAMPLE_RATE


class GapWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """``gap`` was reported, and is none any more: its audio is confirmed, or in a final. Remove it.

    What remains of it follows as another ``Gap``.
    """

    gap: Gap


class SourceEndReason(StrEnum):
    """Why a source ended."""

    EXHAUSTED = "exhausted"  #: it has no more audio, which is its normal end
    FAILED = "failed"  #: it reported that it cannot go on
    STALLED = "stalled"  #: it delivered nothing for Policy.source_timeout


class SourceEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A source ended by itself, before the stop; the rest goes on. ``reason`` is one line."""

    source: str
    cause: SourceEndReason
    reason: str


class SourceHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A source captures nothing for now: its device is away, and the source waits.

    ``reason`` is one line. ``SourceChanged`` follows, and a ``Gap`` for the time between.
    """

    source: str
    device: str
    reason: str


class SourceChanged(msgspec.Struct, frozen=True, kw_only=True):
    """From here on the audio of a source comes from ``device``: it is back, or is another one."""

    source: str
    device: str
    reason: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that does not end the session, reported once per kind.

    ``kind`` is a stable word: ``malformed``, ``untold``, ``unknown``, ``foreign``, ``late_audio``,
    ``spool``; ``muted`` (once a source: it has been digital silence since it started); ``unfinal``
    (once a source: its last partial stood when the backend ended the session); ``revised``
    (words that are final were said again); ``outage``, which is reported each five minutes; or,
    once a minute at most, ``deaf`` (the backend does not transcribe audio that is not silent),
    ``credential`` (the provider failed, and the last token serves until it expires),
    ``unproven`` (audio has left memory before it was confirmed: it is lost if the line is) and
    ``behind`` (a backend takes a backlog so slowly that the app may want to skip it).
    """

    kind: str
    text: str


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """The process was suspended for ``gap`` seconds or longer, and goes on where it was.

    A laptop slept, a container was frozen, or the event loop was blocked. ``gap``, in seconds, is
    how late the soonest timer was: what lay before its time is not in it.
    """

    gap: float


class SourceStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One source's three watermarks and its known losses, in samples since it started.

    ``confirmed`` is the watermark: no audio before it is sent again. ``missing`` samples are in
    gaps. ``told`` samples are in a final, and not confirmed otherwise. ``assumed`` samples were
    quiet, and taken for processed.
    """

    captured: int
    sent: int
    confirmed: int
    missing: int
    told: int = 0
    assumed: int = 0


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over a whole session. ``sources`` has each source that the session was opened with."""

    dials: int
    sources: Mapping[str, SourceStatistics]
    late: int = 0  # events of an earlier dial, or without a row in the state
    foreign: int = 0  # messages that carried another connection's ids
    malformed: int = 0  # messages that could not be read
    replaced: int = 0  # finals that a later hearing of the same audio replaced
    untold: int = 0  # messages with words that could not be reported
    unfinal: int = 0  # sources whose last partial never became final
    refused_samples: int = 0  # captured after stop


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The one result, the last update.

    ``complete`` is True exactly when six conditions hold: the session was closed and not
    aborted; ``missing`` is empty (no captured sample is in a gap); ``lost_sources`` is empty
    (each source delivered until the stop or its own end); and ``statistics.untold`` is 0 (no
    message with words was unreadable, or of a source that the session lacks);
    ``statistics.unfinal`` is 0 (no partial stood when the backend ended); and all audio that was
    assumed to be processed was measured to be quiet. So a session that failed before it
    captured anything is not complete, though nothing is missing.
    ``reason`` is one line: the condition that does not hold, or ``finished``. ``accounts`` says
    for each source what became of its samples.

    ``moved``: it was aborted because another process goes on with it, as the drain of a fleet has
    it. That process has a result of its own.

    ``state`` is ``closed`` after a proper end or an abort by the app and ``failed``
    otherwise. ``summary`` is the backend's final message. ``summary_covers`` is the range of
    session samples per source that it covers (a backend without resume covers only its last
    connection).
    """

    state: State
    complete: bool
    reason: str
    missing: tuple[Gap, ...]
    transcript: tuple[Transcript, ...]
    statistics: Statistics
    accounts: Mapping[str, Account] = NO_ACCOUNTS
    lost_sources: tuple[SourceEnded, ...] = ()  # that failed or hung before the stop
    action: Action | None = None
    moved: bool = False
    summary: Mapping[str, Any] | None = None
    summary_covers: Mapping[str, tuple[int, int]] | None = None


Update: TypeAlias = (
    StateChanged
    | Transcript
    | PartialRetracted
    | BackendStatus
    | BackendMetrics
    | Insight
    | Gap
    | GapWithdrawn
    | SourceHeld
    | SourceChanged
    | SourceEnded
    | Trouble
    | Resumed
    | Ended
)
