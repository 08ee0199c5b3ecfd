"""The default dialect: the "echopanel" wire contract, v0.2.

Text frames are JSON objects with a ``type`` (see ``echopanel_schema``); audio is a four-byte
header and PCM. Unknown types, fields and status states are tolerated.

Two tables decide what a status means: ``REFUSALS`` (texts that end the dial, each with its
rule) and ``ACKS`` (the states that acknowledge a start). An optional field that is null or of a
wrong type is read as absent, and the rest of its message stands; so are times.

The times of finals are claims. On the real backend, whose recogniser is Whisper, 4 to 29 % of
finals claim an end behind the audio that it had, by up to 27 s. A server whose ends are exact
says so in its ack: ``"final_ends": "exact"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec

from openline.dialects.echopanel_schema import (
    WireCards,
    WireEntities,
    WireError,
    WireFinal,
    WireMessage,
    WireMetrics,
    WirePartial,
    WireStatus,
    WireSummary,
    read,
)
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Memory,
    Message,
    Metrics,
    Noticed,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
)
from openline.dialects.traits import Address, Ends, Traits
from openline.dialects.wire_json import number
from openline.reconnect.verdicts import Action, Rule

#: Texts with which the backend refuses; a status that begins so decides the dial.
REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "Unauthorized": Rule(
            action=Action.REAUTH,
            why="the backend refused the token",
            source="echopanel contract, How it ends",
        ),
        "Server at capacity": Rule(
            action=Action.LATER,
            why="the backend is full and asks to come back later",
            source="echopanel contract, How it ends",
        ),
    }
)
#: Any message of type "error": this client sent something wrong, and would again.
REJECTED: Final = Rule(
    action=Action.FATAL,
    why="the backend rejected what this client sent, and would again",
    source="echopanel contract, How it ends",
)
#: Close codes with another meaning than in the verdict table.
CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        1011: Rule(
            action=Action.RETRY,
            why="the backend saw no pong from us in time",
            source="echopanel contract, How it ends",
        )
    }
)
#: The status states that acknowledge the start.
ACKS: Final = frozenset(
    {"streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider"}
)
FILLING: Final = frozenset({"backpressure", "buffering", "overloaded"})
#: With these the final message does not confirm that all audio was transcribed: there is no
#: recogniser, or audio was dropped.
DOUBTFUL: Final = frozenset({"no_asr_provider", "backpressure"})

#: A warning that the backend sends with each frame of a source that it does not transcribe.
IGNORED: Final = re.compile(r"Ignoring source '([^']+)'")

#: The header of a binary frame: "EP", version 1, the source.
HEADERS: Final[Mapping[str, bytes]] = MappingProxyType(
    {"system": b"EP\x01\x00", "mic": b"EP\x01\x01"}
)
#: A plain dict is read faster, and audio is nearly all that is sent.
_HEADERS: Final = dict(HEADERS)
#: Every feature of the contract, each one off.
FEATURES: Final = (
    "clock_drift_compensation_enabled",
    "client_vad_enabled",
    "clock_drift_telemetry_enabled",
    "client_vad_telemetry_enabled",
)


#: The contract, "Where and how to dial".
ADDRESS: Final = Address("127.0.0.1", 8000, "/ws/live-listener")
TRAITS: Final = Traits(
    sources=tuple(HEADERS),
    # An assumption about the backend: it transcribes or discards audio within 15 s.
    horizon=15.0,
    # The ends of its finals are claims, and beginnings are at most 0.4 s late in 99 of 100
    # (measured on 1,694 finals of recordings whose words are known).
    ends=Ends.CLAIMED,
    time_error=0.3,
    # It sends figures about once a second, in silence too.
    silent_in_silence=False,
    address=ADDRESS,
    # The contract: the start comes no earlier than 0.2 s after dialling.
    start_delay=0.2,
    # The contract keeps 2.0 s per source. The reference backend's pong never ran ahead of
    # its queue in 50 bursts of 1.6 s (measured), so nothing is taken off the window.
    queue=2.0,
    window=1.6,
    live_ahead=1.0,
    filling_above=1.6,
    filling_below=1.0,
    codes=CODES,
    refusals=MappingProxyType({**REFUSALS, "error": REJECTED}),
)


class EchoPanel(DialectBase):
    """The echopanel contract, v0.2. It needs no memory."""

    name = "echopanel"
    traits = TRAITS

    def headers(self, credential: str) -> list[tuple[str, str]]:
        """The usual header and the contract's own, in the backend's order of preference."""
        return [*super().headers(credential), ("x-echopanel-token", credential)]

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """The one ``start`` of a socket."""
        message = {
            "type": "start",
            "session_id": ids.session_id,
            "attempt_id": ids.attempt_id,
            "connection_id": ids.connection_id,
            "sample_rate": 16000,
            "format": "pcm_s16le",
            "channels": 1,
            "client_features": dict.fromkeys(FEATURES, False),
        }
        return memory, (_text(message),)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """Four bytes of header and the frame."""
        return memory, (_HEADERS[source] + pcm,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        """The ``stop`` that the backend answers with its final summary."""
        return memory, (_text({"type": "stop", "session_id": ids.session_id}),)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """One message, of any shape."""
        if isinstance(data, bytes):  # the contract has only text; some servers send it so
            data = data.decode("utf-8", "replace")
        wire = read(data)
        if isinstance(wire, Malformed | Unknown):
            return memory, (wire,)
        ids = _name(wire.attempt_id), _name(wire.connection_id)
        return memory, (_TRANSLATIONS[type(wire)](wire, *ids),)


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _name(value: Any) -> str | None:
    return value if type(value) is str else None


def _amount(value: Any) -> float | None:
    """A number from 0 on."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def _label(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) else None


def _payload(wire: WireEntities | WireCards) -> dict[str, list[Any]]:
    """The lists of a message as it sent them; an absent one is empty."""
    names = [each for each in wire.__struct_fields__ if each not in WireMessage.__struct_fields__]
    return {name: getattr(wire, name) or [] for name in names}


def _words(wire: WirePartial | WireFinal, attempt: str | None, connection: str | None) -> Message:
    return Heard(
        text=wire.text,
        start=number(wire.t0),
        end=number(wire.t1),
        final=type(wire) is WireFinal,
        source=_name(wire.source),
        confidence=number(wire.confidence),
        language=_label(wire.language),
        speaker=_label(wire.speaker),
        segment_id=_label(wire.segment_id),
        attempt_id=attempt,
        connection_id=connection,
    )


def _figures(wire: WireMetrics, attempt: str | None, connection: str | None) -> Message:
    factor = number(wire.realtime_factor)
    return Metrics(
        source=_name(wire.source),
        backlog=_amount(wire.backlog_seconds),
        dropped=int(_amount(wire.dropped_total) or 0),
        realtime_factor=number(wire.rtf_avg_10s) if factor is None else factor,
        queue=_amount(wire.max_backlog_seconds) or None,
        attempt_id=attempt,
        connection_id=connection,
    )


def _noticed(
    wire: WireEntities | WireCards, attempt: str | None, connection: str | None
) -> Message:
    return Noticed(
        kind="entities" if isinstance(wire, WireEntities) else "cards",
        payload=_payload(wire),
        attempt_id=attempt,
        connection_id=connection,
    )


def _last(wire: WireSummary, attempt: str | None, connection: str | None) -> Message:
    return FinalMessage(
        summary={"markdown": _string(wire.markdown), "json": _object(wire.json)},
        attempt_id=attempt,
        connection_id=connection,
    )


def _error(wire: WireError, attempt: str | None, connection: str | None) -> Message:
    return Refusal(
        row=REJECTED,
        text=_string(wire.message),
        attempt_id=attempt,
        connection_id=connection,
    )


def _status(wire: WireStatus, attempt: str | None, connection: str | None) -> Message:
    text = _string(wire.message)
    if wire.state == "error":
        for beginning, row in REFUSALS.items():
            if text.casefold().startswith(beginning.casefold()):
                return Refusal(row=row, text=text, attempt_id=attempt, connection_id=connection)
        return Remark(text=text, attempt_id=attempt, connection_id=connection)
    if wire.state == "warning" and (ignored := IGNORED.search(text)):
        return Lost(source=ignored[1], text=text, attempt_id=attempt, connection_id=connection)
    ends = None
    if isinstance(wire.final_ends, str) and wire.final_ends in set(Ends):
        ends = Ends(wire.final_ends)
    return Status(
        state=wire.state,
        text=text,
        source=_name(wire.source),
        ack=wire.state in ACKS,
        filling=wire.state in FILLING,
        doubtful=wire.state in DOUBTFUL,
        warning=wire.state == "warning",
        ends=ends,
        attempt_id=attempt,
        connection_id=connection,
    )


#: By the type on the wire: a backend sends several messages a second.
_TRANSLATIONS: Final[dict[type, Callable[[Any, str | None, str | None], Message]]] = {
    WirePartial: _words,
    WireFinal: _words,
    WireMetrics: _figures,
    WireStatus: _status,
    WireEntities: _noticed,
    WireCards: _noticed,
    WireSummary: _last,
    WireError: _error,
}
