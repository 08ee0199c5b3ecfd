"""One step of a session on one line: the event, the pulled message, and the commands.

    event_words(SocketLost(dial=2, code=1006))    →  "SocketLost dial=2 code=1006"
    event_words(MessageReceived(1, '{"type":"pong"}'))    →  "1 < pong"

``openline replay`` prints these lines, and the inspector lists them. The text is as it came:
whoever shows it makes it harmless. URLs are masked as in a journal, for a live session's are whole.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    Command,
    OpenSocket,
    Outgoing,
    Report,
    SendBytes,
    SendPing,
    StoreAudio,
)
from openline.events import Event
from openline.journal.codec import mask
from openline.updates import SAMPLE_RATE, Ended, StateChanged, Transcript

#: Characters of a message or an update that are shown where no other number is given.
LONGEST: Final = 100
_IDS: Final = frozenset({"session_id", "attempt_id", "connection_id"})


def event_words(event: Event, longest: int = LONGEST) -> str:
    """What happened, on one line of text; a message is cut at ``longest`` characters."""
    match event:
        case e.MessageReceived(dial, data):
            return f"{dial} < {_message(data, longest)}"
        case e.PongReceived(dial, mark):
            return f"{dial} < pong {mark.decode('latin-1')}"
        case e.AudioCaptured(source, pcm):
            return f"{len(pcm) // 2 / SAMPLE_RATE:.2f} s of {source} captured"
        case e.AudioFetched(source, start, pcm):
            return f"{len(pcm) // 2} samples of {source} fetched from {start} on"
        case e.Redirected(dial, status, location):
            return f"Redirected dial={dial} status={status} location={mask(location)}"
        case e.CredentialReady(backend=Backend() as there):
            bare = msgspec.structs.replace(event, backend=None)
            return f"{event_words(bare, longest)} backend={mask(there.url)}"
        case _:
            return f"{type(event).__name__} {_fields(event, longest)}".strip()


def outgoing_words(outgoing: Outgoing | None, longest: int = LONGEST) -> str:
    """What the sender pulled, on one line of text."""
    match outgoing:
        case None:
            return "nothing to send"
        case SendPing(dial, mark):
            return f"{dial} > ping {mark.decode('latin-1')}"
        case SendBytes(dial, data):
            return f"{dial} > {len(data)} bytes"
        case _:
            return f"{outgoing.dial} > {_message(outgoing.data, longest)}"


def _message(data: str | bytes, longest: int) -> str:
    """A message, without the ids that all messages carry."""
    if isinstance(data, bytes):
        return f"{len(data)} bytes"
    try:
        fields = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError:
        return _short(data, longest)
    kind = fields.pop("type", "")
    shown = (f"{name}={value}" for name, value in fields.items() if name not in _IDS)
    return _short(" ".join([str(kind), *shown]), longest)


def command_words(command: Command, longest: int = LONGEST) -> str:
    """A command on one line of text; empty for audio on its way to the disk."""
    match command:
        case StoreAudio():
            return ""
        case OpenSocket(dial, backend, with_credential):
            # The core knows only where a token must not go, not whether there is one.
            bare = "" if with_credential else ", without a token"
            return f"OpenSocket {dial} {mask(backend.url)}{bare}"
        case Report(StateChanged(state=state, reason=reason, retry_in=retry_in)):
            wait = "" if retry_in is None else f", again in {retry_in:.2f} s"
            return f"→ {state}{f': {reason}' if reason else ''}{wait}"
        case Report(Transcript(source=source, text=text, final=final, start=start, end=end)):
            kind = "final" if final else "partial"
            return f"{kind} of {source} {start:.2f}-{end:.2f}: {_short(text, longest)}"
        case Report(Ended(complete=complete, reason=reason, missing=missing)):
            gaps = "1 gap" if len(missing) == 1 else f"{len(missing)} gaps"
            whole = "complete" if complete else gaps
            return f"Ended: {reason}, {whole}"
        case Report(update):
            return f"{type(update).__name__} {_fields(update, longest)}"
        case _:
            return f"{type(command).__name__} {_fields(command, longest)}"


def _fields(value: msgspec.Struct, longest: int) -> str:
    """The fields that are not empty."""
    fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
    return _short(" ".join(f"{k}={v}" for k, v in fields if v not in (None, "", ())), longest)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
