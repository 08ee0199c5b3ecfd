"""AssemblyAI's streaming transcription, version 3.

The options are parameters of the URL; ``Begin`` greets, and then audio may come, in binary
messages of 50 to 1000 ms and no faster than time passes. A ``Turn`` is final with ``end_of_turn``,
and proves all audio before its last word; ``assemblyai_turns`` decides which of its messages is
the final. ``Heartbeat`` says how much audio was received. ``Terminate`` is answered by the turns
that are open, and by ``Termination`` with the whole seconds of audio.

Only the models u3 pro, 3.5 pro and 3.6 pro report silence. With the others quiet audio is assumed
to hold no words, and with Whisper inside the times of words are claims: the traits follow the
option ``model``.

    decode(Turns(), '{"type": "Heartbeat", "total_audio_received_ms": 9000, …}')
        →  Turns(), (Proof(received=9.0),)
    decode(Turns(), '{"type": "Silence", "start_ms": 8000, "end_ms": 9000}')
        →  Turns(proved=4.0), (Proof(confirmed=4.0),)

``Begin.expires_at`` is a date by the server's clock; the core compares it with the ``Date`` of the
answer to the upgrade. Without one the longest session is known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from openline.dialects import assemblyai_turns
from openline.dialects.assemblyai_rows import CODES, REFUSALS, rule_of
from openline.dialects.assemblyai_turns import Turns
from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Ids,
    Malformed,
    Memory,
    Message,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
)
from openline.dialects.traits import PAUSE, Address, AudioForm, Drain, Ends, Traits
from openline.dialects.wire_json import (
    Fields,
    date,
    flag,
    number,
    read_object,
    seconds,
    text,
    unknown,
    write,
)

_API: Final = "AssemblyAI, Streaming API"
_TURNS: Final = "AssemblyAI, Turn detection"
#: The hosts by region.
HOSTS: Final[Mapping[str, str]] = MappingProxyType(
    {"us": "streaming.assemblyai.com", "eu": "streaming.eu.assemblyai.com"}
)
#: The version of the interface, as the maker's own client sends it (assemblyai 1.8.2).
VERSION: Final = "2025-05-12"
#: How the names of the models begin that format each end of a turn at once.
_NEWER: Final = ("u3", "universal-3", "assemblyai-stt")
#: And of those that report silence: "U3Pro only" (assemblyai-python-sdk, pull request 254).
#: AssemblyAI says that u3-rt-pro is the older name of universal-3-5-pro (pipecat-ai/pipecat 4863),
#: and that universal-3-6-pro behaves like that model (livekit/agents 7100).
_REPORT: Final = re.compile(r"u3|universal-3(-\d+)?-pro")
#: The whole seconds of a ``Termination`` may be this much less than what was sent.
_ROUNDED: Final = 1.0
#: Seconds. A model that reports silence may send no part of a turn but an early one and one in
#: each pause (``continuous_partials``), and few speak for so long without one (openline). The other
#: models send each word; that a turn of theirs ends after some seconds of silence is an assumption.
_LONG_TURN: Final = 60.0
_FORCE: Final = write({"type": "ForceEndpoint"})
_TERMINATE: Final = write({"type": "Terminate"})
#: What the server noticed, by the type of the message; times are those of the connection.
_EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"SpeechStarted": "speech_started", "SpeakerRevision": "speaker_revision"}
)


@dataclass(frozen=True, kw_only=True)
class AssemblyAI(DialectBase):
    """AssemblyAI, streaming v3: 16 kHz, one channel. Raises ValueError for an unknown region.

    A temporary token travels in the query, as ``token``.
    """

    name = "assemblyai"  # without an annotation: no field, and no option

    model: str = option("u3-rt-pro", "the model", _API)
    format_turns: bool = option(
        default=True,
        what="finals have punctuation and capitals; u3's have them always",
        source=_API,
    )
    detect_language: bool = option(
        default=False, what="tell the language of each turn", source=_API
    )
    diarize: bool = option(
        default=False, what="tell speakers apart", source="AssemblyAI, Streaming diarization"
    )
    keyterms: tuple[str, ...] = option((), "words to expect", "AssemblyAI, Keyterms prompting")
    min_turn_silence: int | None = option(
        None, "milliseconds of silence after which a turn may end", _TURNS
    )
    max_turn_silence: int | None = option(
        None, "milliseconds of silence after which a turn ends", _TURNS
    )
    silence: bool | None = option(
        None,
        "the model reports silence; by default the pro models from u3 on do",
        "assemblyai 1.8.2",
    )
    region: str = option("us", "us or eu", "AssemblyAI, Cloud endpoints")
    pace: float = option(
        1.05, "how many times as fast as time a backlog goes", "closes with 3007 if too fast"
    )

    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.region not in HOSTS:
            raise ValueError(f"region is {self.region[:60]!r}: give one of {', '.join(HOSTS)}")
        traits = Traits(
            sources=(),
            form=AudioForm(usual=0.1, least=0.05),
            greets=True,
            replies=False,
            longest=10_800.0,  # AssemblyAI, Common session errors and closures: 3 hours
            ends=Ends.CLAIMED if self.model.startswith("whisper") else Ends.EXACT,
            proves_silence=self.reports_silence,
            silent_in_silence=True,  # not all servers send Silence, and older models send nothing
            horizon=_LONG_TURN if self.reports_silence else 15.0,
            queue=None,
            pace=self.pace,
            flush_idle=PAUSE if self._is_newer else None,
            # The answer to ForceEndpoint may lack the last words (coval-ai/benchmarks 236), and
            # never proves the silence behind them. That to Terminate does both.
            drain=Drain.STOP,
            drain_timeout=5.0,
            codes=CODES,
            refusals=REFUSALS,
            address=Address(HOSTS[self.region], 443, "/v3/ws", secure=True),
            key_variable="ASSEMBLYAI_API_KEY",
        )
        object.__setattr__(self, "traits", traits)

    @property
    def _is_newer(self) -> bool:
        return self.model.startswith(_NEWER)

    @property
    def reports_silence(self) -> bool:
        """Whether the server sends ``Silence``."""
        return bool(_REPORT.match(self.model)) if self.silence is None else self.silence

    @property
    def _told_within(self) -> float:
        """Seconds of silence after which a turn has been told, or is open."""
        waits = max(self.min_turn_silence or 0, self.max_turn_silence or 0)
        return assemblyai_turns.TOLD_WITHIN + waits / 1000

    def headers(self, credential: str) -> list[tuple[str, str]]:
        """The bare key, and the version of the interface. Secret."""
        return [("Authorization", credential), ("AssemblyAI-Version", VERSION)]

    def query(self) -> list[tuple[str, str]]:
        """The options, and the form of the audio."""
        given: dict[str, str | int | None] = {
            "sample_rate": 16000,
            "encoding": "pcm_s16le",
            "speech_model": self.model,
            "format_turns": self.format_turns,
            "session_heartbeat": True,
            "acknowledge_silence": self.reports_silence or None,
            "language_detection": self.detect_language or None,
            "speaker_labels": self.diarize or None,
            "min_turn_silence": self.min_turn_silence,
            "max_turn_silence": self.max_turn_silence,
        }
        named = [(name, _written(value)) for name, value in given.items() if value is not None]
        terms = [("keyterms_prompt", _list(self.keyterms))] if self.keyterms else []
        return named + terms

    def begin(self) -> Memory:
        """No turn yet."""
        return Turns()

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """``ForceEndpoint``: the open turn ends. Older models may lose its last words by that."""
        turns: Turns = memory
        is_open = turns.opened is not None or not sent.idle
        return turns, (_FORCE,) * (self._is_newer and is_open)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        """``Terminate``; what was sent is remembered for the ``Termination`` that answers it."""
        return replace(memory, sent=sent.seconds), (_TERMINATE,)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """One message, of any shape."""
        turns: Turns = memory
        message = read_object(data)
        if isinstance(message, Malformed):
            return turns, (message,)
        match message.get("type"):
            case "Turn":
                return self._turn(turns, message)
            case "Silence":
                return _silence(turns, message, self._told_within)
            case "Termination":
                return _termination(turns, message)
            case "Error":
                return _error(turns, message)
            case None if "error" in message:  # the maker's own client takes it for one as well
                return _error(turns, message)
            case "Begin":
                return turns, _begin(message)
            case _:
                return turns, (_report(message),)

    def _turn(self, turns: Turns, message: Fields) -> Decoded:
        is_over = flag(message.get("end_of_turn"))
        order = assemblyai_turns.order_of(message)
        heard = assemblyai_turns.heard(message, order, is_over=is_over)
        if isinstance(heard, Malformed):
            return turns, (heard,)
        if not is_over:
            return assemblyai_turns.partial(turns, order, heard)
        is_first = self.format_turns and not self._is_newer
        if is_first and not flag(message.get("turn_is_formatted")):
            return assemblyai_turns.unformatted(turns, order, heard)
        return assemblyai_turns.final(turns, order, heard)


def _written(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(names: tuple[str, ...]) -> str:
    """A list in a parameter is JSON (assemblyai 1.8.2)."""
    return msgspec.json.encode(names).decode()


def _silence(turns: Turns, message: Fields, within: float) -> Decoded:
    end = seconds(message.get("end_ms"))
    if end is None:
        return turns, (Malformed(why="Silence: no end", words=False),)
    return assemblyai_turns.silence(turns, end, within)


def _termination(turns: Turns, message: Fields) -> Decoded:
    """The end, after the turn that was kept. It proves nothing of a turn that did not end."""
    turns, items = assemblyai_turns.release(turns)
    summary = {name: value for name, value in message.items() if name != "type"}
    end, sent = number(message.get("audio_duration_seconds")), turns.sent
    if sent is not None and (end is None or end >= sent - _ROUNDED):
        end = math.inf
    if end is None:
        return turns, (*items, FinalMessage(summary=summary, proves=False))
    end = max(assemblyai_turns.reach(turns, end), 0.0)
    until = None if end == math.inf else end
    return turns, (*items, FinalMessage(summary=summary, until=until))


def _error(turns: Turns, message: Fields) -> Decoded:
    """An error, after the turn that was kept, if it ends the session."""
    code, said = number(message.get("error_code")), text(message.get("error"))
    if (row := rule_of(code, said)) is None:
        return turns, (Remark(text=said or "an error without a text"),)
    turns, items = assemblyai_turns.release(turns)
    return turns, (*items, Refusal(row=row, text=said))


def _begin(message: Fields) -> tuple[Message, ...]:
    """The greeting, and when the session ends."""
    greeting = Status(state="Begin", text=text(message.get("id")), ack=True)
    at = date(message.get("expires_at"))
    return (greeting,) if at is None else (greeting, Expires(at=at))


def _report(message: Fields) -> Message:
    """A message that is about the session."""
    match kind := text(message.get("type")):
        case "Heartbeat":
            received = seconds(message.get("total_audio_received_ms"))
            if received is None:
                return Malformed(why="Heartbeat: no figure", words=False)
            return Proof(received=received)
        case "Warning":
            return Status(state=kind, text=text(message.get("warning")))
        case _ if kind in _EVENTS:
            payload = {name: value for name, value in message.items() if name != "type"}
            return Noticed(kind=_EVENTS[kind], payload=payload)
        case _:
            return unknown(message)
