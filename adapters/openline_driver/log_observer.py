"""A session in the logs of the standard library, each record with the session's ids.

Two loggers, so that each can be switched by itself:

    openline.session    states, transitions, sources, gaps, the outcome
    openline.dial       dials, sockets, messages by kind and length, verdicts with their source

Levels: a session that works logs its changes of state at INFO and is quiet otherwise. What
costs audio or time is a WARNING (a lost line, a gap, a source that failed, an outcome that is
not complete), a session that failed an ERROR. Each event, transition and command is a DEBUG
record. Audio is never logged: a frame comes fifty times a second and says nothing.

Every record has ``session_id``, ``attempt_id``, ``connection_id`` and ``dial`` as fields
(the ``extra`` of ``logging``), so structlog and any JSON formatter have them:

    {"session_id": "2f1c…", "attempt_id": "77aa…", "connection_id": "b019…", "dial": 2}

A face adds a ``LogObserver`` to each session that opens while logging is configured. Without a
handler there is none, and logging costs nothing.

Words of the transcript stand in DEBUG records alone. No record holds a credential: an event
is redacted before the machine sees it, and an address is logged without its query.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from openline import commands as c
from openline import events as e
from openline import updates as u
from openline.backend import Backend
from openline.commands import Command, Outgoing
from openline.events import Event
from openline.machine.table import Transition
from openline.observer import Observer
from openline.reconnect.verdicts import Action, Verdict
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import Update

SESSION: Final = logging.getLogger("openline.session")
DIAL: Final = logging.getLogger("openline.dial")
# A library is silent until its user configures logging (Python's logging how-to).
logging.getLogger("openline").addHandler(logging.NullHandler())

#: The fields of ``extra`` in every record, in this order.
FIELDS: Final = ("session_id", "attempt_id", "connection_id", "dial")
#: Events and commands that are too frequent to be logged: audio, and time that passes.
_SILENT: Final = frozenset({e.AudioCaptured, e.AudioFetched, e.Tick, c.StoreAudio, c.FetchAudio})
#: Reports are logged as the update that they carry.
_AS_UPDATE: Final = frozenset({c.Report})


def is_wanted() -> bool:
    """Whether a handler would get any record: ask once, when a session opens.

    Without one, a session does without a LogObserver and logging costs it nothing.
    """
    return any(_has_handler(log) for log in (SESSION, DIAL)) and not logging.root.manager.disable


def log_observers() -> tuple[LogObserver, ...]:
    """What logs a session that opens now: nothing, where no handler would get a record."""
    return (LogObserver(),) if is_wanted() else ()


def _has_handler(log: logging.Logger) -> bool:
    each: logging.Logger | None = log
    while each is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in each.handlers):
            return True
        each = each.parent if each.propagate else None
    return False


class LogObserver(Observer):
    """Logs one session: give a new one to each."""

    __slots__ = ("_attempt_id", "_closing", "_connection_id", "_dial", "_session_id")
    wants_audio: ClassVar[bool] = False

    def __init__(self) -> None:
        self._session_id = self._attempt_id = self._connection_id = ""
        self._dial = 0
        self._closing = False

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        """Note the ids that every record carries."""
        self._session_id, self._attempt_id = options.session_id, options.attempt_id

    def on_event(self, event: Event, now: float) -> None:
        """DEBUG, but for audio and ticks."""
        if type(event) in _SILENT:
            return
        if isinstance(event, e.SocketOpened) and event.dial == self._dial:
            self._connection_id = event.connection_id
        log = DIAL if hasattr(event, "dial") else SESSION
        self._log(log, logging.DEBUG, "event %s", _described(event))

    def on_transition(self, transition: Transition, now: float) -> None:
        """DEBUG: the transition by its name."""
        self._log(SESSION, logging.DEBUG, "transition %s", transition.name)

    def on_command(self, command: Command, now: float) -> None:
        """DEBUG, but for audio and reports."""
        kind = type(command)
        if kind in _SILENT or kind in _AS_UPDATE:
            return
        if isinstance(command, c.OpenSocket):
            self._note_dial(command.dial)
        log = DIAL if hasattr(command, "dial") else SESSION
        self._log(log, logging.DEBUG, "command %s", _described(command))

    def on_update(self, update: Update, now: float) -> None:
        """As loud as the update is grave."""
        if isinstance(update, u.StateChanged):
            self._closing = update.state is u.State.CLOSING
            self._note_dial(update.dial)  # it comes ahead of the command that dials
        level, text, *values = _UPDATES.get(type(update), _other_update)(update)
        self._log(SESSION, level, text, *values)

    def on_verdict(self, verdict: Verdict, now: float) -> None:
        """Log what an ending means and which rule decided it: ERROR if fatal, else WARNING."""
        level = logging.ERROR if verdict.action is Action.FATAL else logging.WARNING
        if self._closing:  # every loss ends the session now, and this one was asked for
            level = logging.DEBUG
        text = "verdict %s: %s (source: %s)"
        self._log(DIAL, level, text, verdict.action, verdict.why, verdict.source)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """DEBUG for what is no audio: its kind and length, never its content."""
        if isinstance(outgoing, c.SendText):
            self._log(DIAL, logging.DEBUG, "send text of %d characters", len(outgoing.data))
        elif isinstance(outgoing, c.SendPing):
            self._log(DIAL, logging.DEBUG, "send ping")

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:
        """WARNING: a request that makes no sense now; nothing has changed."""
        self._log(SESSION, logging.WARNING, "refused: %s", error)

    def _note_dial(self, dial: int) -> None:
        if dial != self._dial:
            self._dial, self._connection_id = dial, ""

    def _log(self, log: logging.Logger, level: int, text: str, *values: object) -> None:
        if not log.isEnabledFor(level):
            return
        ids = (self._session_id, self._attempt_id, self._connection_id, self._dial)
        log.log(level, text, *values, extra=dict(zip(FIELDS, ids, strict=True)))


def _described(thing: Event | Command) -> str:
    """A struct's kind and fields on one line: lengths in place of contents, and no None."""
    given = ((name, getattr(thing, name)) for name in thing.__struct_fields__)
    fields = (f"{name}={_short(value)}" for name, value in given if value is not None)
    return " ".join((type(thing).__name__, *fields))


def _short(value: object) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, Backend):
        return value.url.partition("?")[0]
    if isinstance(value, u.Transcript | u.Gap):
        return type(value).__name__
    text = str(value)
    return text if len(text) <= _SHOWN else f"<{len(text)} characters>"


#: Characters of a field that a DEBUG record shows; a message of a backend is longer.
_SHOWN: Final = 80

_Told = tuple[Any, ...]


def _state(update: u.StateChanged) -> _Told:
    why = f": {update.reason}" if update.reason else ""
    if update.state is u.State.FAILED:
        return logging.ERROR, "state failed%s", why
    if update.state is u.State.RECONNECTING:
        return logging.WARNING, "state reconnecting in %.2f s%s", update.retry_in or 0.0, why
    return logging.INFO, "state %s%s", update.state, why


def _transcript(update: u.Transcript) -> _Told:
    kind = "final" if update.final else "settled" if update.settled else "partial"
    text = "%s of %s, %.2f to %.2f s: %s"
    return logging.DEBUG, text, kind, update.source, update.start, update.end, update.text


def _gap(update: u.Gap) -> _Told:
    text = "gap of %.2f s in %s: %s"
    return logging.WARNING, text, update.seconds, update.source, update.cause


def _withdrawn(update: u.GapWithdrawn) -> _Told:
    gap = update.gap
    text = "gap of %.2f s in %s withdrawn: a later dial confirmed it"
    return logging.INFO, text, gap.seconds, gap.source


def _resumed(update: u.Resumed) -> _Told:
    return logging.WARNING, "the process was suspended for %.1f s", update.gap


def _source_ended(update: u.SourceEnded) -> _Told:
    level = logging.DEBUG if update.cause is u.SourceEndReason.EXHAUSTED else logging.WARNING
    return level, "source %s ended, %s: %s", update.source, update.cause, update.reason


def _held(update: u.SourceHeld) -> _Told:
    return logging.WARNING, "source %s is held: %s", update.source, update.reason


def _changed(update: u.SourceChanged) -> _Told:
    return logging.WARNING, "source %s is %s: %s", update.source, update.device, update.reason


def _trouble(update: u.Trouble) -> _Told:
    return logging.WARNING, "%s: %s", update.kind, update.text


def _ended(update: u.Ended) -> _Told:
    level = logging.INFO if update.complete or update.moved else logging.WARNING
    if update.state is u.State.FAILED:
        level = logging.ERROR
    outcome = "complete" if update.complete else f"not complete: {update.reason}"
    if update.moved:
        outcome = update.reason
    text = "ended, %s; %d dials, %d finals, %d gaps"
    counts = (update.statistics.dials, len(update.transcript), len(update.missing))
    return level, text, outcome, *counts


def _other_update(update: Update) -> _Told:
    return logging.DEBUG, "update %s", type(update).__name__


_UPDATES: Final[Mapping[type, Callable[[Any], _Told]]] = MappingProxyType(
    {
        u.StateChanged: _state,
        u.Transcript: _transcript,
        u.Gap: _gap,
        u.GapWithdrawn: _withdrawn,
        u.Resumed: _resumed,
        u.SourceEnded: _source_ended,
        u.SourceHeld: _held,
        u.SourceChanged: _changed,
        u.Trouble: _trouble,
        u.Ended: _ended,
    }
)
