"""The JSON form of the core's input and output in a journal.

Each event, command and message becomes one flat object with its class as ``type``, so that a
user can read it and ``diff`` can compare it. Only events are read back; output is compared in
its written form.

Audio and URLs are redacted. Audio is private: it is written as its length in ``bytes`` and read
back as silence, unless the journal keeps audio (base64, and a checksum in the output). A URL may
carry a secret: letters and digits of the values in a query, and of a user and password, are
written as ``x``. No decision of the core depends on them, so the replay decides the same.
"""

from __future__ import annotations

import binascii
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias, get_args
from urllib.parse import unquote

import msgspec

from openline.backend import Backend
from openline.commands import Command, OpenSocket, Outgoing, Report, SendBytes, SendPing, StoreAudio
from openline.events import (
    AudioCaptured,
    AudioFetched,
    CredentialReady,
    Event,
    MessageReceived,
    PongReceived,
    Redirected,
)

Plain: TypeAlias = dict[str, Any]

EVENTS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {kind.__name__: kind for kind in get_args(Event)}
)
_encode = msgspec.json.Encoder().encode
#: Fields that are left out where they have their default.
_USUAL: Final = (
    ("peak", None),
    ("due_at", None),
    ("unchanged", False),
    ("backend", None),
    ("failure", ""),
    ("move", None),
)
_USER: Final = re.compile(r"//[^/?#]*@")
_VISIBLE: Final = re.compile(r"[A-Za-z0-9]")


def to_line(plain: Plain) -> bytes:
    """One line of a journal."""
    try:
        return _encode(plain) + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair, as in a file's name: JSON can escape it
        return json.dumps(msgspec.to_builtins(plain)).encode("ascii") + b"\n"


def from_line(line: bytes) -> Any:
    """The object in a line. Raises ValueError if it is not JSON."""
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return json.loads(line)


def as_read(plain: Any) -> Any:
    """``plain`` as a reader gets it: written to a line, and read back."""
    return from_line(to_line(plain))


# Events, both ways.


def event_to_plain(event: Event, *, keep_audio: bool) -> Plain:
    """An event in its journal form."""
    plain: Plain = {"type": type(event).__name__}
    for name in event.__struct_fields__:
        value: Any = getattr(event, name)
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        plain[name] = value
    for name, usual in _USUAL:  # as nearly always: a line is short
        if plain.get(name, _USUAL) is usual:
            del plain[name]
    match event:
        case AudioCaptured(pcm=pcm) | AudioFetched(pcm=pcm) if not keep_audio:
            del plain["pcm"]
            plain["bytes"] = len(pcm)
        case MessageReceived(data=bytes(data)):
            del plain["data"]
            plain["binary"] = data
        case PongReceived(mark=mark):
            plain["mark"] = mark.decode("latin-1")
        case Redirected(location=location):
            plain["location"] = mask(location)
        case CredentialReady(backend=Backend() as there):
            # Both may hold secrets.
            plain["backend"] = replace(there, query=mask_query(there.query), headers=())
        case _:
            pass
    return plain


def event_from_plain(plain: Mapping[str, Any]) -> Event:
    """The event in a line of a journal. Raises ValueError, one line, if there is none."""
    fields = dict(plain)
    name = fields.pop("type", None)
    kind = EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"an event of an unknown type: {name!r}")
    try:
        if kind is MessageReceived:
            data: str | bytes = (
                binascii.a2b_base64(fields["binary"])
                if "binary" in fields
                else msgspec.convert(fields["data"], str)
            )
            return MessageReceived(msgspec.convert(fields["dial"], int), data)
        if kind is PongReceived:
            return PongReceived(
                msgspec.convert(fields["dial"], int),
                msgspec.convert(fields["mark"], str).encode("latin-1"),
            )
        if "bytes" in fields:
            fields["pcm"] = b""
            silent: Event = msgspec.convert(fields, kind)
            size = msgspec.convert(fields["bytes"], int)
            return msgspec.structs.replace(silent, pcm=bytes(size))
        event: Event = msgspec.convert(fields, kind, strict=False)  # "inf" is a number
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"{name}: {exc}") from None
    return event


# Commands and messages, one way.


def command_to_plain(command: Command, *, keep_audio: bool) -> Plain:
    """A command in its journal form."""
    plain: Plain = {"type": type(command).__name__}
    match command:
        case Report(update):
            update_plain: Plain = msgspec.to_builtins(update)
            for each in (update_plain, *update_plain.get("transcript", ())):
                without_usual(each)
            if not update_plain.get("moved", True):
                del update_plain["moved"]
            counts = update_plain.get("statistics", {})
            if not counts.get("unfinal", True):
                del counts["unfinal"]
            for each in counts.get("sources", {}).values():
                if not each["assumed"]:
                    del each["assumed"]
            plain["update"] = {"type": type(update).__name__, **update_plain}
        case OpenSocket(dial, backend, with_credential):
            plain |= {"dial": dial, "url": mask(backend.url), "with_credential": with_credential}
        case StoreAudio(source, start, pcm):
            plain |= {"source": source, "start": start, **_audio(pcm, keep_audio=keep_audio)}
        case _:
            plain |= msgspec.to_builtins(command)
            without_usual(plain.get("transcript", {}))
    return plain


def without_usual(transcript: Plain) -> None:
    """Leave out the fields of a transcript that few backends give, where there is nothing."""
    if not transcript.get("words", True):
        del transcript["words"]
    if transcript.get("channel", 0) is None:
        del transcript["channel"]


def outgoing_to_plain(
    outgoing: Outgoing | None, *, keep_audio: bool, text_is_audio: bool = False
) -> Plain | None:
    """A pulled message in its journal form. ``text_is_audio``: the dialect's audio is text."""
    match outgoing:
        case None:
            return None
        case SendBytes(dial, data):
            rest = _audio(data, keep_audio=keep_audio)
        case SendPing(dial, mark):
            rest = {"mark": mark.decode("latin-1")}
        case _ if text_is_audio:
            dial, rest = outgoing.dial, _audio(outgoing.data.encode(), keep_audio=keep_audio)
        case _:
            dial, rest = outgoing.dial, {"data": outgoing.data}
    return {"type": type(outgoing).__name__, "dial": dial, **rest}


def _audio(data: bytes, *, keep_audio: bool) -> Plain:
    plain: Plain = {"bytes": len(data)}
    if keep_audio:
        plain["crc32"] = binascii.crc32(data)
    return plain


# Secrets.


def mask(url: str) -> str:
    """``url`` with user, password, query values and fragment redacted."""
    head, question, query = url.partition("?")
    head, hash_sign, fragment = head.partition("#")
    head = _USER.sub(lambda found: "//" + _hide(found[0][2:]), head)
    return head + hash_sign + _hide(fragment) + question + mask_query(query)


def mask_query(query: str) -> str:
    """``query`` with its values redacted; the names stay, for some are refused."""
    return "&".join(map(_hide_value, query.split("&")))


def _hide_value(part: str) -> str:
    name, equals, value = part.partition("=")
    if equals or unquote(name).lower() == "token":
        return f"{name}{equals}{_hide(value)}"
    return _hide(part)


def _hide(text: str) -> str:
    return _VISIBLE.sub("x", text)
