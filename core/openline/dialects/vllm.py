"""The dialect of vLLM's realtime endpoint, ``/v1/realtime``, for models such as Voxtral Realtime.

The server greets with ``session.created``. Two messages start it, and neither is answered:
``session.update`` names the model, and ``input_audio_buffer.commit`` begins a *generation*, which
takes audio as it comes. Words come back as ``transcription.delta``, without times, about one for
each 0.08 s of audio and empty where nothing was said. A commit with ``final`` ends the generation,
and ``transcription.done`` holds all its words.

    session.created → update, commit, append, append, …, commit(final) → done

Only ``done`` proves anything. Audio that is appended between the last commit and ``done`` is
thrown away, so a generation cannot be replaced by the next while audio flows: that would need a
flush that holds audio back until it is answered, and the protocol of openline has none. So a dial
is one generation: it is replaced after ``longest`` seconds, and drained by its stop, during which
no audio is sent. For that the session needs a pause, which is when no partial is live: behind
``REPLACED`` of its life this dialect retracts the partial after ``PAUSE`` empty deltas.

A generation that ends or fails unasked leaves a connection that transcribes nothing more: that is
a ``Refusal``, and the next dial hears its audio again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

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
    Refusal,
    Sent,
    Status,
)
from openline.dialects.traits import Address, AudioForm, Drain, Ends, Traits
from openline.dialects.wire_json import Fields, fields, read_object, text, unknown, write
from openline.reconnect.verdicts import Action, Rule

#: vLLM's default port, on this machine.
ADDRESS: Final = Address("127.0.0.1", 8000, "/v1/realtime")
#: Seconds that the answer to a stop may take: what is queued, and the model's own delay.
DRAIN: Final = 10.0
#: Bytes of a second of audio.
_SECOND: Final = 32000
#: Empty deltas that are a pause, 0.64 s: words that follow each other have fewer between them.
PAUSE: Final = 8
#: The part of a dial's life after which a session replaces it in a pause.
REPLACED: Final = 0.7
#: Characters of the words so far that are kept, the last ones. A dial of 120 s has about 2,000.
MOST_TEXT: Final = 8000

_SOURCE: Final = "vLLM, vllm/entrypoints/openai/realtime/connection.py"
#: A generation that ended before it was asked to.
ENDED: Final = Rule(
    action=Action.RETRY,
    why="vLLM ended a transcription that was not finished",
    source=_SOURCE,
    strike=True,
)
#: Any other error: the generation is gone, or audio was.
FAILED: Final = Rule(
    action=Action.RETRY, why="vLLM failed to transcribe", source=_SOURCE, strike=True
)
_REJECTED: Final = Rule(
    action=Action.FATAL, why="vLLM rejected what this client sent, and would again", source=_SOURCE
)
#: By ``code``.
ERRORS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "model_not_found": Rule(
            action=Action.FATAL, why="vLLM does not serve this model", source=_SOURCE
        ),
        "model_not_validated": _REJECTED,
        "invalid_json": _REJECTED,
        "unknown_event": _REJECTED,
        "invalid_audio": FAILED,
        "processing_error": FAILED,
    }
)
#: All refusals: these, and what a message means without such a code.
REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType({**ERRORS, "transcription.done": ENDED})


class VLLMMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The words of the generation, and what was sent.

    ``text``: the last words so far; ``whole``: they are all. ``empty``: empty deltas since the
    last word. ``sent``: seconds. ``stopped``: the generation was asked to end.
    """

    text: str = ""
    whole: bool = True
    empty: int = 0
    sent: float = 0.0
    stopped: bool = False


@dataclass(frozen=True, kw_only=True)
class VLLM(DialectBase):
    """vLLM's realtime transcription. A key, if a server wants one, is a bearer token."""

    name = "vllm"  # without an annotation: no field, and no option

    model: str = option(
        "mistralai/Voxtral-Mini-4B-Realtime-2602", "the model that is served", "vLLM, Realtime API"
    )
    longest: float = option(120.0, "seconds of a dial, 60 or more: only its end proves its audio")
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        traits = Traits(
            sources=(),
            form=AudioForm(usual=0.08),  # the model's own step
            greets=True,
            replies=False,
            longest=self.longest,
            ends=Ends.NONE,
            # Nothing is proved before the end of a dial, so a session keeps all of it.
            horizon=self.longest + DRAIN,
            queue=None,  # it keeps all that it is sent
            drain=Drain.STOP,
            drain_timeout=DRAIN,
            refusals=REFUSALS,
            address=ADDRESS,
        )
        object.__setattr__(self, "traits", traits)

    def begin(self) -> VLLMMemory:
        """No words."""
        return VLLMMemory()

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """The model, and the beginning of the generation. Neither is answered."""
        update = {"type": "session.update", "model": self.model}
        return memory, (write(update), write({"type": "input_audio_buffer.commit"}))

    def audio(self, memory: VLLMMemory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as base64."""
        message = {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}
        return replace(memory, sent=memory.sent + len(pcm) / _SECOND), (write(message),)

    def stop(self, memory: VLLMMemory, ids: Ids, sent: Sent) -> Encoded:
        """The end of the generation."""
        message = {"type": "input_audio_buffer.commit", "final": True}
        return replace(memory, stopped=True), (write(message),)

    def decode(self, memory: VLLMMemory, data: str | bytes) -> Decoded:
        """One server event, of any shape."""
        message = read_object(data)
        if isinstance(message, Malformed):
            return memory, (message,)
        match message.get("type"):
            case "session.created":
                return memory, (Status(state="session.created", ack=True),)
            case "transcription.delta":
                return self._delta(memory, text(message.get("delta")))
            case "transcription.done":
                return _done(memory, message)
            case "error":
                return memory, (_error(memory, message),)
            case _:
                return memory, (unknown(message),)

    def _delta(self, memory: VLLMMemory, said: str) -> Decoded:
        words = memory.text + said
        after = replace(
            memory,
            text=words[-MOST_TEXT:],
            whole=memory.whole and len(words) <= MOST_TEXT,
            empty=0 if said.strip() else memory.empty + 1,
        )
        if not after.empty:
            return after, (Heard(text=after.text.strip(), start=None, end=None, final=False),)
        is_late = memory.sent >= REPLACED * self.longest
        if is_late and after.empty == PAUSE and words.strip():
            return after, (Heard(text="", start=None, end=None, final=True),)
        return after, ()


def _done(memory: VLLMMemory, message: Fields) -> Decoded:
    """The end of the generation: all its words, of all audio that was sent."""
    words = message.get("text")
    items: list[Message] = []
    if not isinstance(words, str) and memory.whole:
        words = memory.text
    if isinstance(words, str):
        items.append(Heard(text=words.strip(), start=0.0, end=memory.sent, final=True))
    else:
        items.append(Malformed(why="transcription.done: no text"))
    if memory.stopped:
        items.append(FinalMessage(summary={}, proves=isinstance(words, str)))
    else:
        items.append(Refusal(row=ENDED, text="transcription.done before the stop"))
    return replace(memory, text="", whole=True, empty=0), tuple(items)


def _error(memory: VLLMMemory, message: Fields) -> Message:
    within = fields(message.get("error"))  # the form of OpenAI, as proxies write it
    code = text(message.get("code")) or text(within.get("code"))
    said = text(message.get("error")) or text(within.get("message"))
    row = ERRORS.get(code, FAILED)
    if memory.stopped and not memory.sent and row is FAILED:  # nothing was there to transcribe
        return FinalMessage(summary={})
    return Refusal(row=row, text=said)
