"""A dialect's contract with one kind of backend, as Markdown.

Messages that it sends are shown as encoded, with letters for ids. Messages that it accepts
are listed from the structs that decode the wire; the dialect itself decodes each status, to
list its flags. Its own verdicts stand at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from openline.dialects.checking import check_encoded
from openline.dialects.dry_run import silence_of
from openline.dialects.echopanel import ACKS
from openline.dialects.echopanel_schema import Incoming
from openline.dialects.headers import credential_headers
from openline.dialects.protocol import Dialect, Ids, Sent, Status
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import AudioForm
from openline_diagrams.markdown import code, grid
from openline_diagrams.tables import verdict_rows
from openline_lookup.endings import Explanation, all_rows


class Contract(NamedTuple):
    """A dialect, the structs of the messages that it reads, and the states of its status.

    ``messages`` are tagged msgspec structs, ``states`` words of ``{"type": "status"}``
    messages; either may be empty, and is then left out of the document.
    """

    dialect: Dialect
    messages: tuple[type[msgspec.Struct], ...]
    states: tuple[str, ...]


#: What a built-in dialect may add: the structs that it reads, and the states of its status.
_DOCUMENTED: Final[dict[str, tuple[tuple[type[msgspec.Struct], ...], tuple[str, ...]]]] = {
    "echopanel": (get_args(Incoming), ("connected", *sorted(ACKS))),
}
#: The contract of each built-in dialect, by name.
CONTRACTS: Final = MappingProxyType(
    {name: Contract(each, *_DOCUMENTED.get(name, ((), ()))) for name, each in BUILT_IN.items()}
)

_IDS: Final = Ids(session_id="S", attempt_id="A", connection_id="C")
_SOME: Final = Sent(seconds=0.1, audio=1, messages=1)
#: Encodings of silence as text (hexadecimal, base64 with its padding, a list of numbers).
_SILENCE: Final = re.compile(r"(.{1,8}?)\1{19,}=*")
#: Characters of a text that are shown.
_LONGEST: Final = 200
_JSON: Final[dict[type, str]] = {
    str: "string",
    float: "number",
    bool: "boolean",
    int: "number",
    NoneType: "null",
    list: "list",
    tuple: "list",
    dict: "object",
    msgspec.Struct: "object",
}


def contract(spec: Contract) -> str:
    """The contract of ``spec`` as Markdown. Raises the exceptions of its dialect."""
    dialect = spec.dialect
    ours = all_rows(dialect_codes=dialect.traits.codes, refusals=dialect.traits.refusals)
    default = {*all_rows()}
    rows = [each for each in ours if each not in default]
    audio = (
        f"{_sources(dialect)} The backend confirms or discards audio within "
        f"{dialect.traits.horizon:g} s.\n\n"
    )
    token = f"## How a token travels\n\n{_carried(dialect)}\n"
    parts = [f"{audio}{token}## What the client sends\n\n{_sent(dialect)}"]
    if spec.messages:
        parts.append(
            "## What the client accepts\n\n"
            "Whatever else arrives is tolerated. `?`: may be absent.\n\n"
            f"{_accepted(spec.messages)}"
        )
    if spec.states:
        parts.append(f"## What a status means\n\n{_states(spec)}")
    parts.append(
        "## What its endings mean\n\n"
        "Where they differ from the default verdicts.\n\n"
        f"{_endings(rows)}"
    )
    return "\n".join(parts)


def _carried(dialect: Dialect) -> str:
    if parameter := dialect.traits.key_parameter:
        return (
            f"In the URL of the request that opens a socket, as `{parameter}=TOKEN`, in no header "
            "and in no message.\n"
        )
    headers = credential_headers(dialect, "TOKEN")
    return (
        "In headers of the request that opens a socket, and in no message. Without a token there "
        "are none.\n\n"
    ) + grid(("header", "value"), [(f"`{name}`", f"`{value}`") for name, value in headers])


def _sent(dialect: Dialect) -> str:
    form = dialect.traits.form
    opened = "after the ack" if dialect.traits.replies else "when the line is open"
    audio = [
        (f"audio of {source}", opened, _frame(frame, form))
        for source in dialect.traits.names
        for frame in _encoded(dialect, "audio", source, silence_of(form), 0)
    ]
    first = "when the backend has greeted" if dialect.traits.greets else "when the socket is open"
    rows = [("start", f"once, {first}", start) for start in _shown(dialect, "start", _IDS)]
    rows += audio
    rows += [("flush", "for the words so far", each) for each in _shown(dialect, "flush", Sent())]
    alive = [("keepalive", "in silence", each) for each in _shown(dialect, "keepalive", _SOME)]
    stop = [
        ("stop", "when all audio is out", each) for each in _shown(dialect, "stop", _IDS, Sent())
    ]
    return grid(("message", "when", "as it is sent"), [*rows, *alive, *stop])


def _sources(dialect: Dialect) -> str:
    names = dialect.traits.sources
    return f"Sources: {code(names)}." if names else "One source, of any name."


def _encoded(dialect: Dialect, method: str, *given: object) -> tuple[str | bytes, ...]:
    """The messages that ``method`` makes on a new dial."""
    made: object = getattr(dialect, method)(dialect.begin(), *given)
    return check_encoded(dialect, method, made)[1]


def _shown(dialect: Dialect, method: str, *given: object) -> list[str]:
    return [
        f"`{_compact(each)}`" if each else f"an empty {'text' if each == '' else 'binary'} message"
        for each in _encoded(dialect, method, *given)
    ]


def _compact(text: str | bytes) -> str:
    if isinstance(text, bytes):
        return text.hex(" ")
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text


def _frame(frame: str | bytes, form: AudioForm) -> str:
    size, length = len(silence_of(form)), f"{form.usual * 1000:g} ms"
    if isinstance(frame, str):
        shown = _SILENCE.sub(_elided, _compact(frame))
        shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
        return (
            f"text: `{shown}`, with {form.encoding} PCM ({size} bytes are {length}, here "
            f"{len(frame)} characters)"
        )
    header = frame[: max(len(frame) - size, 0)].hex(" ")
    before = f"`{header}`, then " if header else ""
    return f"binary: {before}{form.encoding} PCM ({size} bytes are {length})"


def _elided(silence: re.Match[str]) -> str:
    """The beginning of a repetition."""
    unit = silence[1]
    return unit * max(1, 4 // len(unit)) + "…"


def _accepted(messages: Iterable[type[msgspec.Struct]]) -> str:
    return grid(
        ("type", "fields"),
        (
            (
                f"`{message.__struct_config__.tag}`",
                ", ".join(_field(each) for each in msgspec.structs.fields(message)),
            )
            for message in messages
        ),
    )


def _field(field: msgspec.structs.FieldInfo) -> str:
    mark = "" if field.required else "?"
    return f"`{field.encode_name}{mark}` {_type(field.type)}"


def _type(kind: Any) -> str:
    if get_origin(kind) in {Union, UnionType}:
        names = [_type(each) for each in get_args(kind) if each is not NoneType]
        return " or ".join(dict.fromkeys(names))
    if get_origin(kind) is Literal:
        return " or ".join(json.dumps(each) for each in get_args(kind))
    if get_origin(kind) is Annotated:
        return _type(get_args(kind)[0])
    kind = get_origin(kind) or kind
    fitting = (
        name for each, name in _JSON.items() if isinstance(kind, type) and issubclass(kind, each)
    )
    return next(fitting, "anything")


def _states(spec: Contract) -> str:
    lines: list[tuple[str, ...]] = []
    for state in spec.states:
        data = json.dumps({"type": "status", "state": state})
        _, items = spec.dialect.decode(spec.dialect.begin(), data)
        for status in items:
            if isinstance(status, Status):
                flags = (status.ack, status.filling, status.doubtful, status.warning)
                lines.append((f"`{state}`", *("yes" if flag else "" for flag in flags)))
    head = ("state", "confirms the start", "asks for less", "puts the end in doubt", "a warning")
    return grid(head, lines)


def _endings(rows: list[Explanation]) -> str:
    return verdict_rows(rows, level="###") if rows else "None do.\n"
