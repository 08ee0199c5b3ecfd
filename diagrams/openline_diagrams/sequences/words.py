"""The labels of events, commands and messages on an arrow: short, and safe to show.

A backend's text is quoted, and cut where it gets long. The sender and the receiver are
decided elsewhere; "" is for items without an arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from openline import events as e
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    Command,
    OpenSocket,
    Report,
    RequestCredential,
)
from openline.dialects import protocol as d
from openline.text import one_line
from openline.updates import (
    SAMPLE_RATE,
    Ended,
    Gap,
    GapWithdrawn,
    Insight,
    PartialRetracted,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceHeld,
    Transcript,
    Trouble,
    Update,
)

#: Characters of quoted text that are shown.
MOST: Final = 44


class _Typed(msgspec.Struct):
    """A message with its type."""

    type: str


def seconds(value: float) -> str:
    """A duration, in as few digits as it needs: 5 s, 0.75 s."""
    return f"{round(value, 2):g} s"


def span(start: float, end: float) -> str:
    """A stretch of session time."""
    return f"{start:.2f}\N{EN DASH}{end:.2f} s"


def short(text: str) -> str:
    """``text`` on one line, cut where it gets too long for an arrow."""
    line = one_line(text)
    return line if len(line) <= MOST else f"{line[: MOST - 1].rstrip()}…"


def quoted(text: str) -> str:
    """Quoted text."""
    return f"“{short(text)}”"


def event_label(event: e.Event) -> str:
    """The label of an event from the app, the provider or the socket, except for messages."""
    match event:
        case e.OpenRequested():
            return "open"
        case e.StopRequested():
            return "stop"
        case e.AbortRequested():
            return "abort"
        case e.SkipRequested():
            return "the app skips to live audio"
        case e.NetworkRestored():
            return "the network is back"
        case e.SourceFinished() | e.SourceFailed() | e.CaptureHole() | e.SpoolFailed():
            return _of_a_source(event)
        case e.CredentialReady():
            return "a token"
        case e.CredentialFailed(_, _, detail):
            return ": ".join(filter(None, ("no token", short(detail))))
        case e.SocketOpened():
            return "the socket is open"
        case e.Redirected(_, status, location):
            return f"{status}: go to {short(location)}"
        case e.SocketLost():
            return _lost(event)
        case _:
            return _of_a_device(event)


def _of_a_source(event: e.SourceFinished | e.SourceFailed | e.CaptureHole | e.SpoolFailed) -> str:
    match event:
        case e.SourceFinished(source):
            return f"{short(source)} has ended"
        case e.SourceFailed(source, reason):
            return f"{short(source)} failed: {short(reason)}"
        case e.CaptureHole(source, samples):
            return f"{short(source)}: {seconds(samples / SAMPLE_RATE)} not captured"
        case _:
            return f"the disk failed: {short(event.reason)}"


def _of_a_device(event: e.Event) -> str:
    match event:
        case e.DeviceLost(source, device):
            return f"{short(source)} has lost {short(device)}"
        case e.DeviceFound(source, device):
            return f"{short(source)} has {short(device)}"
        case e.SilenceHeard(source, length):
            return f"{short(source)}: {seconds(length)} of digital silence"
        case _:
            return ""


def _lost(event: e.SocketLost) -> str:
    if event.code is not None:
        return " ".join(
            filter(None, (f"close {event.code}", event.reason and quoted(event.reason)))
        )
    if event.status is not None:
        wait = event.retry_after
        later = f", Retry-After {seconds(wait)}" if wait is not None else ""
        return f"HTTP {event.status}{later}"
    kind = event.error.replace("_", " ") if event.error else "no cause given"
    return f"lost: {kind}"


def message_label(items: Sequence[d.Message]) -> str:
    """The label of a backend's message, by all that it says."""
    labels = [_item_label(each) for each in items] or ["nothing"]
    return labels[0] if len(labels) == 1 else short("; ".join(labels))


def _item_label(message: d.Message) -> str:
    match message:
        case d.Status(state=state, text=text):
            return " ".join(filter(None, (f"status {short(state)}", text and quoted(text))))
        case d.Heard(text=text, final=final):
            return f"{'final' if final else 'partial'} {quoted(text)}"
        case d.Metrics():
            return "metrics"
        case d.Proof():
            return "proof"
        case d.Expires(seconds=left):
            return "it ends at a date" if left is None else f"it ends in {seconds(left)}"
        case d.Lost(text=text):
            return f"not transcribed: {quoted(text)}"
        case d.Noticed(kind=kind):
            return short(kind)
        case d.Refusal(text=text):
            return f"refusal {quoted(text)}"
        case d.Remark(text=text):
            return f"error {quoted(text)}"
        case d.FinalMessage():
            return "the final message"
        case d.Unknown(type=kind):
            return f"{short(kind)}, of unknown type"
        case _:
            return "malformed"


def sent_label(text: str | bytes) -> str:
    """What a message of ours is called: its type, if it is JSON that has one."""
    try:
        return short(msgspec.json.decode(text, type=_Typed).type)
    except msgspec.DecodeError:
        return short(str(text))


def command_label(command: Command, *, has_provider: bool) -> str:
    """The label of a command, or of its report to the app."""
    match command:
        case RequestCredential(_, fresh):
            return f"a{' fresh' * fresh} token, please"
        case CancelCredential():
            return "no token is needed any more"
        case OpenSocket(dial, _, with_credential):
            return f"dial {dial}{', with the token' * (has_provider and with_credential)}"
        case CloseSocket(_, code):
            return f"close {code}"
        case AbortSocket():
            return "cut, no close frame"
        case Report(update):
            return _report_label(update)
        case _:
            return ""


def _device_label(update: SourceHeld | SourceChanged) -> str:
    if isinstance(update, SourceHeld):
        return f"{short(update.source)} is held"
    return f"{short(update.source)} is {short(update.device)}"


def _report_label(update: Update) -> str:
    match update:
        case Transcript(final=final, settled=settled, start=start, end=end):
            kind = "final" if final else "settled" if settled else "partial"
            return f"{kind} {span(start, end)}"
        case PartialRetracted():
            return "the partial is retracted"
        case GapWithdrawn(gap=gap):
            return f"no gap {span(gap.start_seconds, gap.end_seconds)}"
        case Resumed(gap=seconds):
            return f"suspended for {seconds:.1f} s"
        case Insight(kind=kind):
            return short(kind)
        case Gap(start=start, end=end, cause=cause):
            return f"gap {span(start / SAMPLE_RATE, end / SAMPLE_RATE)}: {cause}"
        case SourceEnded(source=source, cause=cause):
            return f"{short(source)} {cause}"
        case SourceHeld() | SourceChanged():
            return _device_label(update)
        case Trouble(text=text):
            return f"trouble: {short(text)}"
        case Ended(complete=True):
            return "ended: complete"
        case Ended(missing=missing):
            gaps = f"{len(missing)} gap{'s' * (len(missing) > 1)}"
            return f"ended: {gaps if missing else 'incomplete'}"
        case _:
            return ""
