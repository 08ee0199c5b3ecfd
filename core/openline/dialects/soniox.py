"""The dialect of Soniox's real-time WebSocket API (``stt-rt.soniox.com``).

The configuration is the first text message, audio follows at once, and no reply comes. Each
response holds tokens and two figures:

    {"tokens": [{"text": " Hel", "start_ms": 600, "end_ms": 760, "is_final": true}, …],
     "final_audio_proc_ms": 760, "total_audio_proc_ms": 880}

Audio before ``final_audio_proc_ms`` has all its final tokens, silence included: that is confirmed,
but not beyond the beginning of tokens that this dialect still gathers (``soniox_tokens``). No
response comes during silence, so the silence is assumed until the next response. Audio
before ``total_audio_proc_ms`` left the queue. ``{"type": "finalize"}`` makes all audio final, with
a ``<fin>``; an empty text message ends the stream, with ``"finished": true``.

The key travels in the handshake's ``Authorization`` header alone: the field ``api_key`` of the
configuration is deprecated, refused from 2027-01-15 on, and rejected beside the header.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Memory,
    Message,
    Proof,
    Refusal,
    Sent,
)
from openline.dialects.soniox_rows import NO_AUDIO, REFUSALS, row_of
from openline.dialects.soniox_tokens import (
    MARKERS,
    Piece,
    beginning,
    cut,
    heard,
    is_change,
    is_final,
    piece_of,
)
from openline.dialects.traits import PAUSE, Address, AudioForm, Drain, Ends, Traits
from openline.dialects.wire_json import (
    Fields,
    flag,
    objects,
    read_object,
    seconds,
    text,
    unknown,
    write,
)

#: Soniox, WebSocket API, WebSocket endpoint.
ADDRESS: Final = Address("stt-rt.soniox.com", 443, "/transcribe-websocket", secure=True)
#: Seconds of a stream at most (Soniox, WebSocket API: 300 minutes).
LONGEST_STREAM: Final = 300 * 60.0
#: Milliseconds that ``max_endpoint_delay_ms`` may be (Soniox, WebSocket API, Parameters).
ENDPOINT_DELAYS: Final = (500, 3000)
#: A message has at least one of these, or is of another kind.
_KNOWN: Final = (
    *("tokens", "final_audio_proc_ms", "total_audio_proc_ms", "finished"),
    *("error_code", "error_type", "error_message"),
)
#: An error without a code has one of these.
_ERROR: Final = ("error_type", "error_message")

_API: Final = "Soniox, WebSocket API, Parameters"


class SonioxMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The final tokens that no segment has told yet, and what was proved and shown.

    ``proved``: seconds that the last proof confirmed. ``shown``: a partial is live. ``empty``: the
    stream was ended without audio.
    """

    pieces: tuple[Piece, ...] = ()
    proved: float = 0.0
    shown: bool = False
    empty: bool = False


@dataclass(frozen=True, kw_only=True)
class Soniox(DialectBase):
    """Soniox real-time speech to text. The key is a bearer token."""

    name = "soniox"  # without an annotation: no field, and no option

    model: str = option("stt-rt-v5", "the model", "Soniox, Models")
    languages: tuple[str, ...] = option((), "languages that are expected, such as en", _API)
    strict: bool = option(default=False, what="bias strongly to these languages", source=_API)
    identify: bool = option(default=False, what="tell the language of each word", source=_API)
    diarize: bool = option(default=False, what="tell speakers apart", source=_API)
    endpoint: bool = option(default=True, what="end a segment when a speaker stops", source=_API)
    endpoint_delay: int | None = option(None, "the longest wait for that, 500 to 3000 ms", _API)
    terms: tuple[str, ...] = option((), "words to recognize", "Soniox, Context")
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, high = ENDPOINT_DELAYS
        if self.endpoint_delay is not None and not low <= self.endpoint_delay <= high:
            raise ValueError(f"option endpoint_delay: give {low} to {high} milliseconds")
        object.__setattr__(self, "traits", _TRAITS)

    def begin(self) -> SonioxMemory:
        """Nothing is kept."""
        return SonioxMemory()

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """The configuration. It is not answered."""
        config: Fields = {
            "model": self.model,
            "audio_format": "pcm_s16le",
            "sample_rate": 16000,
            "num_channels": 1,
            "enable_endpoint_detection": self.endpoint,
        }
        if self.languages:
            config["language_hints"] = list(self.languages)
        for name, is_on in (
            ("language_hints_strict", self.strict),
            ("enable_language_identification", self.identify),
            ("enable_speaker_diarization", self.diarize),
        ):
            if is_on:
                config[name] = True
        if self.endpoint_delay is not None:
            config["max_endpoint_delay_ms"] = self.endpoint_delay
        if self.terms:
            config["context"] = {"terms": list(self.terms)}
        return memory, (write(config),)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """All audio so far becomes final, then a ``<fin>`` comes."""
        return memory, (write({"type": "finalize"}),)

    def keepalive(self, memory: Memory, sent: Sent) -> Encoded:
        """Due at least each 20 s without audio."""
        return memory, (write({"type": "keepalive"}),)

    def stop(self, memory: SonioxMemory, ids: Ids, sent: Sent) -> Encoded:
        """An empty text message."""
        return msgspec.structs.replace(memory, empty=not sent.seconds), ("",)

    def decode(self, memory: SonioxMemory, data: str | bytes) -> Decoded:
        """One response, of any shape."""
        message = read_object(data)
        if isinstance(message, Malformed):
            return memory, (message,)
        if not any(name in message for name in _KNOWN):
            return memory, (unknown(message),)
        is_error = any(text(message.get(name)) for name in _ERROR)
        if is_error or message.get("error_code") is not None:
            return _error(memory, message)
        given = message.get("tokens")
        if given is not None and not isinstance(given, list):
            return memory, (Malformed(why="tokens: no list"),)
        return _response(memory, message)


_TRAITS: Final = Traits(
    sources=(),
    form=AudioForm(usual=0.1),  # what the maker's own client sends
    replies=False,
    longest=LONGEST_STREAM,
    ends=Ends.EXACT,  # final tokens come in order, and never change
    watermarks=True,
    # It sends nothing during silence (pathorsAI/parley 362); no page of Soniox contradicts that.
    proves_silence=False,
    silent_in_silence=True,
    # Longer than ``soniox_tokens.LONGEST``: words that this dialect gathers are told before.
    horizon=10.0,
    # It keeps what it is sent, but ends a stream that is much faster than time (Soniox, Error
    # handling, Real-time cadence). How much faster is not documented: this is cautious.
    queue=None,
    pace=1.2,
    keepalive=10.0,  # Soniox, Connection keepalive: each 5 to 10 s is common, 20 s the limit
    flush_idle=PAUSE,  # every few seconds is fine (Soniox, Manual finalization)
    drain=Drain.FLUSH,
    refusals=REFUSALS,
    address=ADDRESS,
    key_variable="SONIOX_API_KEY",
)


def _error(memory: SonioxMemory, message: Fields) -> Decoded:
    said = text(message.get("error_message"))
    if memory.empty and NO_AUDIO in said.lower():  # the end of a stream that had none
        return memory, (FinalMessage(summary={}),)
    return memory, (Refusal(row=row_of(message), text=said),)


def _response(memory: SonioxMemory, message: Fields) -> Decoded:
    kept = list(memory.pieces)
    told: list[Heard] = []
    live: list[Piece] = []

    def tell(count: int) -> None:
        rest = kept[count:]
        words = heard(kept[:count], final=True, before=beginning(rest))
        kept[:] = rest
        if words is not None and words.start is None:  # without times: what is newly final
            end = _confirmed(memory, message, kept)
            words = msgspec.structs.replace(words, start=memory.proved, end=end)
        if words is not None:
            told.append(words)

    for token in objects(message.get("tokens")):
        if (piece := piece_of(token)) is None:
            continue
        if not is_final(token):
            live.append(piece)
        elif piece.text in MARKERS:
            tell(len(kept))
        else:
            is_new = is_change(kept, piece)
            kept.append(piece)
            tell(len(kept) - 1 if is_new else cut(kept))
    is_end = flag(message.get("finished"))
    if is_end:
        tell(len(kept))
    confirmed = _confirmed(memory, message, kept)
    items: list[Message] = [*told]
    partial = None if is_end else heard([*kept, *live], final=False)
    if partial is not None:
        items.append(partial)
    elif memory.shown and not told:
        # The tokens that were shown are gone, and no final ones came: that retracts the partial.
        items.append(Heard(text="", start=memory.proved, end=memory.proved, final=True))
    items.append(Proof(confirmed=confirmed, drained=seconds(message.get("total_audio_proc_ms"))))
    if is_end:
        items.append(FinalMessage(summary={}))
    return msgspec.structs.replace(
        memory, pieces=tuple(kept), proved=confirmed, shown=partial is not None
    ), tuple(items)


def _confirmed(memory: SonioxMemory, message: Fields, kept: Sequence[Piece]) -> float:
    """Seconds that have all their words, never beyond the beginning of what is kept."""
    confirmed = seconds(message.get("final_audio_proc_ms"))
    if confirmed is None:
        confirmed = memory.proved
    if kept:
        first = beginning(kept)
        confirmed = memory.proved if first is None else min(confirmed, first)
    return max(confirmed, memory.proved)
