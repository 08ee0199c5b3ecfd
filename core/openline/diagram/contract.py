"""What a dialect says and understands, as Markdown: the contract with one kind of backend.

What it sends is shown as it is made, from ids that are letters. What it understands is
listed from the structs that read the wire; how each status counts is asked of the
dialect itself. Its own verdicts stand at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, NamedTuple, Union, get_args, get_origin

import msgspec

from ..dialects.dialect import Dialect, Ids, Status
from ..dialects.echopanel import ACKS, EchoPanel
from ..dialects.echopanel_wire import Incoming
from ..explain import Explanation, all_rows
from ..messages import SAMPLE_RATE
from .markdown import code, grid
from .tables import verdict_rows


class Contract(NamedTuple):
    """A dialect, the structs of what it understands, and the states of its status."""

    dialect: Dialect
    messages: tuple[type[msgspec.Struct], ...]
    states: tuple[str, ...]


#: The dialects in the box, by name.
CONTRACTS: Final = MappingProxyType(
    {EchoPanel.name: Contract(EchoPanel(), get_args(Incoming), ("connected", *sorted(ACKS)))}
)

_IDS: Final = Ids(session_id="S", attempt_id="A", connection_id="C")
#: One frame of 20 ms.
_PCM: Final = bytes(SAMPLE_RATE // 50 * 2)
_JSON: Final = {
    str: "string",
    float: "number",
    int: "number",
    bool: "boolean",
    NoneType: "null",
    Any: "anything",
    list: "list",
    dict: "object",
}


def contract(spec: Contract) -> str:
    """The contract of ``spec`` as Markdown."""
    dialect = spec.dialect
    ours = all_rows(dialect_codes=dialect.codes, refusals=dialect.refusals)
    default = {*all_rows()}
    rows = [each for each in ours if each not in default]
    return (
        f"Sources: {code(dialect.sources)}. The backend proves or discards audio within "
        f"{dialect.horizon:g} s.\n\n"
        "## What the client sends\n\n"
        f"{_sent(dialect)}\n"
        "## What the client understands\n\n"
        "Whatever else arrives is tolerated. `?`: may be absent.\n\n"
        f"{_understood(spec.messages)}\n"
        "## What a status means\n\n"
        f"{_states(spec)}\n"
        "## What its endings mean\n\n"
        "Where they differ from the default verdicts.\n\n"
        f"{_endings(rows)}"
    )


def _sent(dialect: Dialect) -> str:
    audio = [
        (f"audio of {source}", "after the ack", _frame(dialect.audio(source, _PCM)))
        for source in dialect.sources
    ]
    start = ("start", "once, when the socket is open", f"`{_compact(dialect.start(_IDS))}`")
    stop = ("stop", "when all audio is out", f"`{_compact(dialect.stop(_IDS))}`")
    return grid(("message", "when", "as it is sent"), [start, *audio, stop])


def _compact(text: str) -> str:
    return json.dumps(json.loads(text))


def _frame(frame: str | bytes) -> str:
    if isinstance(frame, str):
        return f"`{frame[:60]}…`"
    header = frame[: len(frame) - len(_PCM)].hex(" ")
    return f"binary: `{header}`, then s16le PCM ({len(_PCM)} bytes are 20 ms)"


def _understood(messages: Iterable[type[msgspec.Struct]]) -> str:
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
    return _JSON[get_origin(kind) or kind]


def _states(spec: Contract) -> str:
    lines: list[tuple[str, ...]] = []
    for state in spec.states:
        status = spec.dialect.decode(json.dumps({"type": "status", "state": state}))
        if isinstance(status, Status):
            flags = (status.ack, status.filling, status.doubtful, status.warning)
            lines.append((f"`{state}`", *("yes" if flag else "" for flag in flags)))
    head = ("state", "proves the start", "asks for less", "puts the end in doubt", "a warning")
    return grid(head, lines)


def _endings(rows: list[Explanation]) -> str:
    return verdict_rows(rows, level="###") if rows else "None do.\n"
