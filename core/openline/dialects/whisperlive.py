"""The dialect of WhisperLive (collabora), its WebSocket server.

The server keeps all audio behind an *offset* and decodes it again and again. Each message
repeats the last completed segments and then the open one:

    {"segments": [{"start": "0.000", "end": "5.540", "text": " And", "completed": true}, …]}

A segment is told when it is new; the memory knows by their times and texts the ones that were.
Older servers do not write ``completed``: then all segments but the last are.
A completed segment never changes, and its end proves that all before it was dealt with, though it
comes from Whisper: the server cuts it at the audio that it decoded, ``min(duration, end)``, and
moves the offset there, behind which it never looks again (``update_segments``, in each of its
branches; version 0.10.0).

What it does not prove:

- Silence. Nothing is said of it, so it is assumed after ``horizon``.
- The end. ``END_OF_AUDIO`` makes the server close in 2 ms, and the open segment is lost. So it is
  never sent: some silence follows the audio. The server completes the open segment once it has
  decoded it to the same text 11 times, which takes 10 s, and 40 s on a busy machine. Behind the
  stop no audio follows, so the third time in a row is enough: the server has all audio, and the
  same audio makes the same words. Every close is 1000 and proves nothing.
- That it kept the audio. When its buffer, decoded audio included, is longer than 45 s, it drops
  the oldest 30 s without a word. 15 s are left: so more than 15 s that are not decoded may be lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from openline.dialects.checksum import checksum
from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Heard,
    Ids,
    Malformed,
    Memory,
    Message,
    Noticed,
    Proof,
    Refusal,
    Sent,
    Status,
    Unknown,
    Word,
)
from openline.dialects.traits import Address, AudioForm, Drain, Encoding, End, Ends, Traits
from openline.dialects.wire_json import Fields, label, number, objects, read_object, text, write
from openline.reconnect.verdicts import Action, Rule

_BASE: Final = "WhisperLive 0.10.0, backend/base.py"
_SERVER: Final = "WhisperLive 0.10.0, server.py"

FULL: Final = Rule(
    action=Action.LATER,
    why="the server is full and asks to come back later",
    source=f"{_SERVER}: is_server_full",
)
FAILED: Final = Rule(
    action=Action.FATAL,
    why="the server cannot load the model",
    source="WhisperLive 0.10.0, backend/faster_whisper_backend.py",
    weather="the server cannot load the model at the moment",
)
OVERTIME: Final = Rule(
    action=Action.RETRY,
    why="the server ended the connection at its time limit",
    source=f"{_SERVER}: is_client_timeout",
)
#: Refusals, by what the message says.
REFUSALS: Final = MappingProxyType({"WAIT": FULL, "ERROR": FAILED, "DISCONNECT": OVERTIME})
_ENCODINGS: Final = MappingProxyType({"int16": Encoding.S16LE, "float32": Encoding.F32LE})
#: The server keeps no more segments than these (``MAX_TRANSCRIPT_LENGTH``).
_SEGMENTS: Final = 500
#: Equal decodings of the open segment that settle it, behind the stop. The first one may have
#: begun before the last audio came, and the second one too, if an answer takes longer than it.
SETTLING: Final = 3
#: Words that were shown are withdrawn, and nothing is proved.
_WITHDRAWN: Final = Heard(text="", start=None, end=None, final=True)

#: A segment that was told: its times in ms, and the checksum of its text.
_Key: TypeAlias = tuple[int, int, int]


class WhisperLiveMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What was told of this dial, the newest last; ``live``: an open segment is shown.

    ``language``: the one that the server detected. ``drained``: seconds that it decoded.
    ``stopped``: no audio follows; ``same``: so often since then the open segment had the text
    whose checksum is ``open``. ``settled``: the checksum of one that was told before its end.
    """

    told: tuple[_Key, ...] = ()
    live: bool = False
    language: str | None = None
    drained: float = 0.0
    stopped: bool = False
    same: int = 0
    open: int = 0
    settled: int | None = None


@dataclass(frozen=True, kw_only=True)
class WhisperLive(DialectBase):
    """WhisperLive, self-hosted. Its credential, if it wants one, is a bearer token."""

    name = "whisperlive"  # no annotation: it is no field

    model: str = option(
        default="small", what="the model, unless the server has one of its own", source=_SERVER
    )
    language: str | None = option(
        default=None, what="the language; none: the server detects it", source=_SERVER
    )
    task: str = option(default="transcribe", what="transcribe, or translate", source=_SERVER)
    vad: bool = option(default=True, what="the server leaves silence out", source=_SERVER)
    words: bool = option(default=False, what="times of words, which cost time", source=_SERVER)
    audio_format: str = option(
        default="int16", what="int16; float32 for servers before 0.10", source=_SERVER
    )
    segments: int = option(
        default=40,
        what="completed segments that each message repeats; the server alone would say 10",
        source=f"{_BASE}: send_last_n_segments",
    )
    same_output: int = option(
        default=10,
        what="an open segment is completed when more decodings than these are the same",
        source=f"{_BASE}: same_output_threshold",
    )
    load: float = option(default=60.0, what="seconds that loading the model may take")
    settle: float = option(
        default=20.0,
        what="seconds that the last words may take, of three decodings: more for a slow server",
        source="measured: 3 s with a small model on a processor, over 20 s on a busy one",
    )
    longest: float = option(
        default=300.0,
        what="seconds of a connection, as the server's --max_connection_time; 0: no limit",
        source=f"{_SERVER}: run_server.py",
    )
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.audio_format not in _ENCODINGS:
            raise ValueError(f"option audio_format: {self.audio_format!r}: give int16 or float32")
        if not 1 <= self.segments <= _SEGMENTS:
            raise ValueError(f"option segments: {self.segments} is not from 1 to {_SEGMENTS}")
        object.__setattr__(self, "traits", _traits(self))

    def begin(self) -> WhisperLiveMemory:
        """Nothing was told."""
        return WhisperLiveMemory()

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """The client's wishes; the server loads the model and answers SERVER_READY."""
        message = {
            "uid": ids.connection_id,
            "language": self.language,
            "task": self.task,
            "model": self.model,
            "use_vad": self.vad,
            "audio_format": self.audio_format,
            "word_timestamps": self.words,
            "send_last_n_segments": self.segments,
            "same_output_threshold": self.same_output,
        }
        return memory, (write(message),)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def stop(self, memory: WhisperLiveMemory, ids: Ids, sent: Sent) -> Encoded:
        """No message: END_OF_AUDIO would lose the open segment."""
        return msgspec.structs.replace(memory, stopped=True), ()

    def decode(self, memory: WhisperLiveMemory, data: str | bytes) -> Decoded:
        """One message, of any shape."""
        found = read_object(data)
        if isinstance(found, Malformed):
            return memory, (found,)
        if isinstance(found.get("segments"), list):
            return _take(memory, objects(found["segments"]), self)
        if (language := label(found.get("language"))) is not None:
            payload = {"language": language, "probability": number(found.get("language_prob"))}
            after = msgspec.structs.replace(memory, language=language)
            return after, (Noticed(kind="language", payload=payload),)
        return memory, (_state(found),)


def _traits(live: WhisperLive) -> Traits:
    return Traits(
        sources=(),
        replies=True,
        patience=live.load,
        form=AudioForm(encoding=_ENCODINGS[live.audio_format], usual=0.1),
        longest=live.longest or None,
        ends=Ends.EXACT,
        proves_silence=False,
        silent_in_silence=True,
        # It decodes in the process that answers, and is late on a busy machine: measured, more
        # than 5 s. It gives its own clients as long (websockets, ping_timeout).
        pong_patience=20.0,
        # Whisper ends a segment after 30 s at the latest; 10 s are measured for the repeats by
        # which an open one is completed, and the rest is for decoding.
        horizon=45.0,
        # The 15 s that the server keeps when it shortens its buffer; a fifth is for jitter.
        queue=15.0,
        window=12.0,
        end=End.NEVER,
        # It decodes no less than 1 s. The open segment then becomes stable by itself: the longer
        # the silence, the later, and Whisper makes words of it.
        tail=2.0,
        settle=live.settle,
        drain=Drain.NONE,
        refusals=REFUSALS,
        address=Address("127.0.0.1", 9090, "/"),
    )


def _state(found: Fields) -> Message:
    said, status = found.get("message"), text(found.get("status"))
    if said == "SERVER_READY":
        return Status(state="SERVER_READY", text=text(found.get("backend")), ack=True)
    if said == "DISCONNECT":
        return Refusal(row=OVERTIME, text="DISCONNECT")
    if status == "WAIT":
        minutes = number(said)
        left = "" if minutes is None else f"about {minutes:.1f} minutes to wait"
        return Refusal(row=FULL, text=left)
    if status == "ERROR":
        return Refusal(row=FAILED, text=text(said))
    if status:
        return Status(state=status, text=text(said))
    kinds = [name for name in found if name != "uid"]
    return Unknown(type=kinds[0][:80] if kinds else "no type")


def _take(memory: WhisperLiveMemory, segments: list[Fields], live: WhisperLive) -> Decoded:
    language = memory.language or live.language
    known, told = set(memory.told), list(memory.told)
    items: list[Message] = []
    opened: list[Heard] = []
    drained = memory.drained
    is_flagged = any("completed" in each for each in segments)
    for place, each in enumerate(segments, 1):
        is_done = each.get("completed") is True if is_flagged else place < len(segments)
        heard = _heard(each, language, is_done=is_done)
        drained = max(drained, heard.end or 0.0)
        if not heard.text or (memory.stopped and checksum(heard.text) == memory.settled):
            continue
        if not heard.final:
            opened.append(heard)
        elif (key := _key(heard)) not in known:
            known.add(key)
            told.append(key)
            items.append(heard)
    if memory.live and not opened and not items:
        items.append(_WITHDRAWN)
    now = checksum(opened[-1].text) if opened else 0
    same = (memory.same if opened and now == memory.open else 0) + bool(opened)
    settles = memory.stopped and same >= SETTLING
    items += [msgspec.structs.replace(each, final=settles) for each in opened]
    if drained > memory.drained:
        items.append(Proof(drained=drained))
    return msgspec.structs.replace(
        memory,
        # The server repeats no more than these; as many again, for odd messages between.
        told=tuple(told[-2 * live.segments :]),
        live=bool(opened) and not settles,
        drained=drained,
        same=same if memory.stopped else 0,
        open=now,
        settled=now if settles else memory.settled,
    ), tuple(items)


def _heard(segment: Fields, language: str | None, *, is_done: bool) -> Heard:
    words = tuple(
        Word(
            text=text(each.get("word")).strip(),
            start=number(each.get("start")),
            end=number(each.get("end")),
            confidence=number(each.get("probability")),
        )
        for each in objects(segment.get("words"))
        if text(each.get("word")).strip()
    )
    sure = [each.confidence for each in words if each.confidence is not None]
    return Heard(
        text=text(segment.get("text")).strip(),
        start=number(segment.get("start")),
        end=number(segment.get("end")),
        final=is_done,
        confidence=sum(sure) / len(sure) if sure else None,
        language=language,
        speaker=label(segment.get("speaker")),
        words=words,
    )


def _key(heard: Heard) -> _Key:
    start, end = (-1 if each is None else round(each * 1000) for each in (heard.start, heard.end))
    return start, end, checksum(heard.text)
