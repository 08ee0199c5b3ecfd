"""What a fact means: it is stored, and the chart's events that it fires are named.

One function per event. What a loss means for the session is made ready here as
``planning``; ``Connection`` carries it out if the chart has a row for the event, before
any guard looks at the plan. So what comes when it cannot be true is never judged. A fact
of a dial or request that is no longer live is counted and fires nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from openline import events as e
from openline.backend import RedirectRefusedError
from openline.commands import CloseSource
from openline.dialects.checking import understood
from openline.dialects.protocol import (
    FinalMessage,
    Heard,
    Insight,
    Malformed,
    Metrics,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.machine.state import Facts
from openline.machine.timers import FIRES, OFF, Timer
from openline.reconnect.verdicts import Ending, ErrorKind, Phase
from openline.text import one_line
from openline.updates import HowLost, State

Fired: TypeAlias = tuple[str, ...]


class LocalProtocolError(Exception):
    """The caller asked for something that makes no sense now; nothing has changed."""


_NOTHING: Final[Fired] = ()
_PHASES: Final = {phase.value: phase for phase in Phase}
_MESSAGE_EVENTS: Final[dict[type, str]] = {
    Heard: "heard",
    Metrics: "measured",
    Insight: "noticed",
    Remark: "remark",
    FinalMessage: "final_message",
}
#: What a due timer means to the verdict; the others need none.
_LATE_KINDS: Final = {
    Timer.AUTH: ErrorKind.CREDENTIAL_LATE,
    Timer.CONNECT: ErrorKind.NO_SOCKET,
    Timer.ACK: ErrorKind.NO_ACK,
    Timer.PONG: ErrorKind.NO_PONG,
    Timer.SEND: ErrorKind.SEND_STUCK,
    Timer.STALL: ErrorKind.STALLED,
}


def take_due(facts: Facts, timer: Timer) -> str | None:
    """Store that ``timer`` is due; the name of what it fires, if anything."""
    if timer in _LATE_KINDS:
        _judge(facts, error=_LATE_KINDS[timer])
    elif timer is Timer.SOURCE:
        return _look_for_silence(facts)
    elif timer is Timer.GIVE_UP:
        facts.retry.cause = f"gave up in time: {facts.retry.cause}"
    elif timer is Timer.FINISH:
        if facts.line_open:  # an earlier loss, since made good, explains nothing
            facts.retry.cause, facts.retry.verdict = "", None
        cause = facts.retry.cause
        facts.retry.cause = f"could not finish in time{f': {cause}' if cause else ''}"
    return FIRES[timer]


def _judge(facts: Facts, *, detail: str = "", **known: Any) -> None:
    """Have an ending turned into the plan that the chart's guards look at."""
    ending = Ending(
        phase=_PHASES.get(facts.state, Phase.FINISHING),
        ever_connected=facts.ever_opened,
        has_provider=facts.has_provider,
        right_spent=facts.retry.right_spent,
        strikes=facts.retry.strikes,
        **known,
    )
    finish_at = facts.deadlines[Timer.FINISH]
    # What the backend said of its own accord explains more than what its close repeats.
    said = "; ".join(text for text in (facts.remark, one_line(detail)) if text)
    codes = facts.dialect.codes
    facts.planning = partial(facts.retry.judge, ending, codes, said, facts.now, finish_at)


def _go_on(facts: Facts) -> None:
    """Have the next dial planned, nothing being lost."""
    finish_at = facts.deadlines[Timer.FINISH]
    facts.planning = partial(facts.retry.go_on, facts.now, finish_at)


# The app.


def _tick(_facts: Facts, _event: e.Tick) -> Fired:
    return _NOTHING


def _open(facts: Facts, _event: e.OpenRequested) -> Fired:
    # Sources that were over before the line was opened leave only their audio to send.
    return ("open_requested", "stop_requested") if facts.streams.over else ("open_requested",)


def _stop(_facts: Facts, _event: e.StopRequested) -> Fired:
    return ("stop_requested",)


def _abort(_facts: Facts, _event: e.AbortRequested) -> Fired:
    return ("abort_requested",)


def _network(_facts: Facts, _event: e.NetworkRestored) -> Fired:
    return ("network_restored",)


# The sources.


def _audio(facts: Facts, event: e.AudioCaptured) -> Fired:
    if len(event.pcm) & 1:
        raise LocalProtocolError("audio of an odd number of bytes: samples are 16-bit")
    stream = facts.streams.capture(event.source, event.pcm, facts.now)
    if stream is None:
        _check_source(facts, event.source)
        facts.trouble("late_audio", "audio captured after the stop is refused")
    else:
        facts.watch.heard(event.source, facts.now)
        if facts.spooled:
            facts.store(stream, event.pcm)
    return _NOTHING


def _hole(facts: Facts, event: e.CaptureHole) -> Fired:
    _check_source(facts, event.source)
    if event.samples < 0:
        raise LocalProtocolError(f"a hole of {event.samples} samples: give 0 or more")
    facts.streams.hole(event.source, event.samples, facts.now)
    facts.watch.heard(event.source, facts.now)
    if facts.spooled:  # a later process could not tell a hole from audio that is not there
        facts.report_gaps(facts.streams.take_gaps())
    return _NOTHING


def _source_started(facts: Facts, event: e.SourceStarted) -> Fired:
    _check_source(facts, event.source)
    if not math.isfinite(event.at):
        raise LocalProtocolError(f"a source that starts at {event.at}: give seconds")
    facts.streams.start(event.source, event.at, facts.now)
    return _NOTHING


def _fetched(facts: Facts, event: e.AudioFetched) -> Fired:
    stream = facts.streams.get(event.source)
    if stream is not None:
        stream.box.fetched(event.start, event.pcm)
    return _NOTHING


def _spool_failed(facts: Facts, event: e.SpoolFailed) -> Fired:
    facts.spooled = False
    facts.streams.disk_failed()
    facts.trouble("spool", f"the disk takes no more, memory alone keeps audio: {event.reason}")
    return _NOTHING


def _source_ended(facts: Facts, event: e.SourceEnded) -> Fired:
    _check_source(facts, event.source)
    facts.lose_source(event.source, HowLost.ENDED, "it has no more audio")
    return _stop_when_over(facts)


def _source_lost(facts: Facts, event: e.SourceLost) -> Fired:
    _check_source(facts, event.source)
    facts.lose_source(event.source, HowLost.FAILED, event.reason)
    return _stop_when_over(facts)


def _look_for_silence(facts: Facts) -> str | None:
    for source in facts.watch.look(facts.now, room=facts.streams.has_room):
        reason = f"nothing was heard from it for {facts.policy.source_timeout:g} s"
        facts.lose_source(source, HowLost.STALLED, reason)
        facts.out.append(CloseSource(source))
    facts.deadlines[Timer.SOURCE] = facts.watch.next_look(facts.now)
    return FIRES[Timer.SOURCE] if facts.streams.over else None


def _check_source(facts: Facts, source: str) -> None:
    if not facts.streams.declared(source):
        raise LocalProtocolError(f"the session was not opened with a source {source!r}")


def _stop_when_over(facts: Facts) -> Fired:
    """Once every source is over there is nothing left to keep the line for."""
    opened = facts.state != State.IDLE
    return ("stop_requested",) if opened and facts.streams.over else _NOTHING


# The credential.


def _credential(facts: Facts, event: e.CredentialReady) -> Fired:
    if not _asked(facts, event.request):
        return _NOTHING
    _go_on(facts)
    return ("credential_ready",)


def _no_credential(facts: Facts, event: e.CredentialFailed) -> Fired:
    if not _asked(facts, event.request):
        return _NOTHING
    kind = ErrorKind.CREDENTIAL_FATAL if event.fatal else ErrorKind.CREDENTIAL_FAILED
    if event.unusable:
        kind = ErrorKind.CREDENTIAL_UNUSABLE
    _judge(facts, error=kind, detail=event.detail)
    return ("credential_failed",)


def _asked(facts: Facts, request: int) -> bool:
    if request == facts.request:  # if it is over, no row waits for it
        return True
    facts.counts["late"] += 1
    return False


# The dial.


def _live(facts: Facts, dial: int) -> bool:
    if dial == facts.dial and facts.dial_live:
        return True
    facts.counts["late"] += 1
    return False


def _opened(facts: Facts, event: e.SocketOpened) -> Fired:
    if not _live(facts, event.dial):
        return _NOTHING
    facts.opened_id = event.connection_id
    return ("socket_opened",)


def _redirected(facts: Facts, event: e.Redirected) -> Fired:
    if not _live(facts, event.dial):
        return _NOTHING
    try:
        target = facts.target.redirected(event.location)
    except RedirectRefusedError as exc:
        _judge(facts, error=ErrorKind.REDIRECT_REFUSED, detail=str(exc))
    else:
        if facts.hops < facts.policy.max_redirects:
            facts.redirect = target
            _go_on(facts)
        else:
            _judge(facts, error=ErrorKind.TOO_MANY_REDIRECTS)
    return ("redirected",)


def _lost(facts: Facts, event: e.SocketLost) -> Fired:
    if not _live(facts, event.dial):
        return _NOTHING
    _judge(
        facts,
        code=event.code,
        sender=event.sender,
        reason=event.reason,
        status=event.status,
        error=event.error,
        retry_after=event.retry_after,
        detail=event.detail or event.reason,
    )
    return ("socket_lost",)


def _pong(facts: Facts, event: e.PongReceived) -> Fired:
    if not _live(facts, event.dial):
        return _NOTHING
    facts.deadlines[Timer.PONG] = OFF
    facts.pong = event.mark
    return ("pong",)


def _message(facts: Facts, event: e.MessageReceived) -> Fired:
    if not _live(facts, event.dial):
        return _NOTHING
    facts.deadlines[Timer.PONG] = OFF  # any frame proves that the backend lives
    message = understood(facts.dialect, event.data)
    if isinstance(message, Malformed):
        facts.count_trouble("malformed", f"a message that nobody can read: {message.why}")
        return _NOTHING
    if not facts.is_ours(message.connection_id, message.attempt_id):
        facts.count_trouble("foreign", "a message that carries another connection's ids")
        return _NOTHING
    if isinstance(message, Unknown):
        name = one_line(message.type) or "(blank)"
        facts.trouble("unknown", f"a message of an unknown type: {name}")
        return _NOTHING
    facts.message = message
    if isinstance(message, Status):
        return ("acked",) if message.ack else ("status",)
    if isinstance(message, Refusal):
        _judge(facts, refusal=message.row, detail=message.text)
        return ("refused",)
    return (_MESSAGE_EVENTS[type(message)],)


#: How each event is stored, and what it fires. A handler raises LocalProtocolError,
#: before it stores anything, for what cannot be.
TAKE_IN: Final = MappingProxyType[type, Callable[[Facts, Any], Fired]](
    {
        e.Tick: _tick,
        e.OpenRequested: _open,
        e.StopRequested: _stop,
        e.AbortRequested: _abort,
        e.NetworkRestored: _network,
        e.SourceStarted: _source_started,
        e.AudioCaptured: _audio,
        e.CaptureHole: _hole,
        e.SourceEnded: _source_ended,
        e.SourceLost: _source_lost,
        e.AudioFetched: _fetched,
        e.SpoolFailed: _spool_failed,
        e.CredentialReady: _credential,
        e.CredentialFailed: _no_credential,
        e.SocketOpened: _opened,
        e.Redirected: _redirected,
        e.MessageReceived: _message,
        e.PongReceived: _pong,
        e.SocketLost: _lost,
    }
)
