"""The handlers of the events: each stores its fields and returns the chart's events to fire.

One function per event. With the name of a chart's event goes, where a dial or a request has
ended, the ``Plan`` that the machine is to make: the ending as it is judged, or that nothing was
lost. The machine makes it only where the chart has a row for that event. An event of a dial
or request that is no longer live is counted and fires nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from openline import events as e
from openline.backend import RedirectRefusedError
from openline.commands import CloseSource
from openline.machine.behind import skip_to_live
from openline.machine.items import Fired, ended, is_live, on_message
from openline.machine.life import Leaving
from openline.machine.reporting import Reporting
from openline.machine.rotation import CLOSE_NORMAL
from openline.machine.state import Plan
from openline.machine.timers import OFF, Timer
from openline.reconnect.verdicts import ErrorKind
from openline.updates import SourceChanged, SourceEndReason, SourceHeld, State


class LocalProtocolError(Exception):
    """The caller requested something that is impossible now; nothing has changed."""


_NOTHING: Final = ()
#: The largest absolute value of a signed 16-bit sample.
_FULL_SCALE: Final = 32768
_OPEN: Final = (("open_requested", None),)
_STOP: Final = (("stop_requested", None),)
_ABORT: Final = (("abort_requested", None),)
_GO_ON: Final = Plan()


def on_timer(session: Reporting, timer: Timer) -> Fired:
    """The chart's events that ``timer``, which is due, fires."""
    plan = None if timer.error is None else ended(session, error=timer.error)
    if timer is Timer.CLOSE and session.life.leaving is Leaving.CLOSING:
        plan = ended(session, expired=True)
    if timer is Timer.SOURCE:
        return _look_for_silence(session)
    if timer is Timer.GIVE_UP:
        session.retry.cause = f"gave up in time: {session.retry.cause}"
    elif timer is Timer.FINISH:
        if session.line_open:  # an earlier loss, since made good, explains nothing
            session.retry.cause, session.retry.verdict = "", None
        cause = session.retry.cause
        session.retry.cause = f"could not finish in time{f': {cause}' if cause else ''}"
    return _NOTHING if timer.fires is None else ((timer.fires, plan),)


# The app.


def _always(fired: Fired) -> Callable[[Reporting, Any], Fired]:
    """The handler of an event that has no fields to store."""
    return lambda _session, _event: fired


def _open(session: Reporting, _event: e.OpenRequested) -> Fired:
    # Sources that were over before the line was opened leave only their audio to send.
    return (*_OPEN, *_STOP) if session.streams.over else _OPEN


def _abort(session: Reporting, event: e.AbortRequested) -> Fired:
    # Where nothing is left to deliver, no other process goes on with it.
    if event.move is not e.Move.RESUMED or session.streams.undelivered:
        session.move = event.move
    return _ABORT


def _skip(session: Reporting, _event: e.SkipRequested) -> Fired:
    skip_to_live(session)
    return _NOTHING


# The sources.


def _audio(session: Reporting, event: e.AudioCaptured) -> Fired:
    source, pcm, peak = event.source, event.pcm, event.peak
    if len(pcm) & 1:
        raise LocalProtocolError("audio of an odd number of bytes: samples are 16-bit")
    if peak is not None and not 0 <= peak <= _FULL_SCALE:
        raise LocalProtocolError(f"a peak of {peak}: give 0 to {_FULL_SCALE}, or None")
    stream = session.streams.capture(source, pcm, session.now, peak)
    if stream is None:
        _check_source(session, source)
        session.trouble("late_audio", "audio captured after the stop is refused")
    else:
        session.watch.note_audio(source, session.now)
        if session.spooled:
            session.store(stream, pcm)
        if stream.is_store and not stream.has_room:
            session.note_full(stream)
        box = stream.box
        if box.left_unproved:
            box.left_unproved = False
            session.trouble_again(
                "unproven",
                f"audio of {box.source} left memory before it was confirmed: "
                "it is lost if the line is lost now",
            )
        if box.hearing.told:  # its audio left memory
            session.report_told(box)
        elif box.ignored and box.losses.has_news:
            session.note_ignored(box)
    return _NOTHING


def _hole(session: Reporting, event: e.CaptureHole) -> Fired:
    _check_source(session, event.source)
    if event.samples < 0:
        raise LocalProtocolError(f"a hole of {event.samples} samples: give 0 or more")
    session.streams.hole(event.source, event.samples, session.now)
    session.watch.note_audio(event.source, session.now)
    if session.spooled:  # a later process could take a hole for missing audio
        session.report_gaps(session.streams.take_gaps())
    return _NOTHING


def _source_started(session: Reporting, event: e.SourceStarted) -> Fired:
    _check_source(session, event.source)
    if not math.isfinite(event.at):
        raise LocalProtocolError(f"a source that starts at {event.at}: give seconds")
    session.streams.start(event.source, event.at, session.now)
    return _NOTHING


def _fetched(session: Reporting, event: e.AudioFetched) -> Fired:
    stream = session.streams.get(event.source)
    if stream is not None:
        stream.box.fetched(event.start, event.pcm)
        if stream.box.hearing.told:
            session.report_told(stream.box)
    return _NOTHING


def _spool_failed(session: Reporting, event: e.SpoolFailed) -> Fired:
    session.spooled = False
    session.streams.disk_failed()
    session.trouble("spool", f"the disk takes no more, memory alone keeps audio: {event.reason}")
    return _NOTHING


def _source_ended(session: Reporting, event: e.SourceFinished) -> Fired:
    _check_source(session, event.source)
    session.lose_source(event.source, SourceEndReason.EXHAUSTED, "it has no more audio")
    return _stop_when_over(session)


def _source_lost(session: Reporting, event: e.SourceFailed) -> Fired:
    _check_source(session, event.source)
    session.lose_source(event.source, SourceEndReason.FAILED, event.reason)
    return _stop_when_over(session)


def _device_lost(session: Reporting, event: e.DeviceLost) -> Fired:
    source, device, reason = event.source, event.device, event.reason
    _check_source(session, source)
    if source in session.streams.capturing:
        session.watch.hold(source)
        session.report(SourceHeld(source=source, device=device, reason=reason))
    return _NOTHING


def _device_found(session: Reporting, event: e.DeviceFound) -> Fired:
    source, device, reason = event.source, event.device, event.reason
    _check_source(session, source)
    if source in session.streams.capturing:
        session.watch.note_audio(source, session.now)
        session.report(SourceChanged(source=source, device=device, reason=reason))
    return _NOTHING


def _silence_heard(session: Reporting, event: e.SilenceHeard) -> Fired:
    _check_source(session, event.source)
    if not math.isfinite(event.seconds):
        raise LocalProtocolError(f"a silence of {event.seconds} s: give seconds")
    if event.source in session.streams.capturing:
        session.trouble(
            "muted",
            f"{event.source} has been digital silence for {event.seconds:.0f} s: "
            "is it muted, or is this program not permitted to use it?",
            event.source,
        )
    return _NOTHING


def _look_for_silence(session: Reporting) -> Fired:
    for source in session.watch.look(session.now, session.streams.has_room):
        reason = f"it delivered no audio for {session.policy.source_timeout:g} s"
        session.lose_source(source, SourceEndReason.STALLED, reason)
        session.out.append(CloseSource(source))
    session.deadlines[Timer.SOURCE] = session.watch.next_look(session.now)
    return _STOP if session.streams.over else _NOTHING


def _check_source(session: Reporting, source: str) -> None:
    if not session.streams.declared(source):
        raise LocalProtocolError(f"the session was not opened with a source {source!r}")


def _stop_when_over(session: Reporting) -> Fired:
    """Stop when every source is over: no more audio will come."""
    opened = session.state != State.IDLE
    return _STOP if opened and session.streams.over else _NOTHING


# The credential.


def _credential(session: Reporting, event: e.CredentialReady) -> Fired:
    due_at = event.due_at
    if due_at is not None and math.isnan(due_at):
        raise LocalProtocolError("a credential that is due at nan: give seconds, or None")
    if not _asked(session, event.request):
        return _NOTHING
    session.credential = event
    if event.failure:
        text = f"the last token serves until it expires: {event.failure}"
        session.trouble_again("credential", text)
    return (("credential_ready", _GO_ON),)


def _no_credential(session: Reporting, event: e.CredentialFailed) -> Fired:
    if not _asked(session, event.request):
        return _NOTHING
    kind = ErrorKind.CREDENTIAL_FATAL if event.fatal else ErrorKind.CREDENTIAL_FAILED
    if event.unusable:
        kind = ErrorKind.CREDENTIAL_UNUSABLE
    return (("credential_failed", ended(session, error=kind, detail=event.detail)),)


def _asked(session: Reporting, request: int) -> bool:
    if request == session.request:  # if it is over, no row waits for it
        return True
    session.counts["late"] += 1
    return False


# The dial.


def _opened(session: Reporting, event: e.SocketOpened) -> Fired:
    if not is_live(session, event.dial):
        return _NOTHING
    session.opened_id = event.connection_id
    session.life.dated(session.now, event.date)
    return (("socket_opened", None),)


def _redirected(session: Reporting, event: e.Redirected) -> Fired:
    if not is_live(session, event.dial):
        return _NOTHING
    error, detail = ErrorKind.TOO_MANY_REDIRECTS, ""
    if session.target.leads_elsewhere(event.location):
        error = ErrorKind.REDIRECT_ELSEWHERE
    elif session.hops < session.policy.max_redirects:
        try:
            session.redirect = session.target.redirected(event.location)
        except RedirectRefusedError as exc:
            error, detail = ErrorKind.REDIRECT_REFUSED, str(exc)
        else:
            return (("redirected", _GO_ON),)
    return (("redirect_refused", ended(session, error=error, detail=detail)),)


def _lost(session: Reporting, event: e.SocketLost) -> Fired:
    if not is_live(session, event.dial):
        return _NOTHING
    asked = session.life.leaving is Leaving.CLOSING and event.code == CLOSE_NORMAL
    plan = ended(
        session,
        expired=asked or session.life.is_expected(session.now),
        code=event.code,
        sender=event.sender,
        reason=event.reason,
        status=event.status,
        error=event.error,
        retry_after=event.retry_after,
        detail=event.detail or event.reason,
    )
    return (("socket_lost", plan),)


def _pong(session: Reporting, event: e.PongReceived) -> Fired:
    if not is_live(session, event.dial):
        return _NOTHING
    session.deadlines[Timer.PONG] = OFF
    session.pong = event.mark
    return (("pong", None),)


#: How each event is stored, and what it fires. A handler raises LocalProtocolError, before it
#: stores anything, for what cannot be. A plain dict, for it is read for each frame.
HANDLERS: Final[Mapping[type, Callable[[Reporting, Any], Fired]]] = {
    e.Tick: _always(_NOTHING),
    e.OpenRequested: _open,
    e.StopRequested: _always(_STOP),
    e.AbortRequested: _abort,
    e.NetworkRestored: _always((("network_restored", None),)),
    e.SkipRequested: _skip,
    e.SourceStarted: _source_started,
    e.AudioCaptured: _audio,
    e.CaptureHole: _hole,
    e.SourceFinished: _source_ended,
    e.SourceFailed: _source_lost,
    e.DeviceLost: _device_lost,
    e.DeviceFound: _device_found,
    e.SilenceHeard: _silence_heard,
    e.AudioFetched: _fetched,
    e.SpoolFailed: _spool_failed,
    e.CredentialReady: _credential,
    e.CredentialFailed: _no_credential,
    e.SocketOpened: _opened,
    e.Redirected: _redirected,
    e.MessageReceived: on_message,
    e.PongReceived: _pong,
    e.SocketLost: _lost,
}
