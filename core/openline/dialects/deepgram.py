"""Deepgram's live transcription, v1 (``/v1/listen``), and servers that imitate it.

The options are parameters of the URL, and the open socket is the start. Audio is binary. Each
``Results`` covers the audio from ``start`` for ``duration`` seconds, and final ones follow each
other without holes, those of silence with an empty transcript: so a final proves all audio before
its end, and nothing is assumed. ``Finalize`` asks for the words so far, ``CloseStream`` for the
end, which is ``Metadata`` with the seconds that were transcribed.

An example: a final whose speaker changes, and the end.

    decode(None, '{"type": "Results", "start": 0, "duration": 2.5, "is_final": true, …}')
        →  None, (Heard("How are you?", 0.0, 1.2, speaker="0"), Heard("Fine.", 1.2, 2.5, …))
    decode(2.5, '{"type": "Metadata", "duration": 2.5}')   →  2.5, (FinalMessage(until=None),)

The memory is the seconds of audio that had been sent when the stop was asked for, or None before:
WhisperLiveKit sends a ``Metadata`` with duration 0 at the beginning too, which may cross the stop.

A server that imitates Deepgram with Whisper inside, such as WhisperLiveKit, takes its times from
Whisper, sends nothing in silence and refuses ``Finalize``: ``exact=False, finalize=False``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, cast

from openline.dialects.deepgram_rows import CODES, STATUSES
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
    Noticed,
    Remark,
    Sent,
    Status,
    Word,
)
from openline.dialects.speakers import by_speaker
from openline.dialects.traits import PAUSE, Address, AudioForm, Drain, Ends, Traits
from openline.dialects.wire_json import (
    Fields,
    fields,
    flag,
    label,
    number,
    objects,
    read_object,
    text,
    unknown,
    write,
)

ADDRESS: Final = Address("api.deepgram.com", 443, "/v1/listen", secure=True)
#: Seconds: times are rounded, and a sum of audio may differ by that much from ours.
_ROUNDED: Final = 0.02
_CLOSE: Final = write({"type": "CloseStream"})
_FINALIZE: Final = write({"type": "Finalize"})
_KEEPALIVE: Final = write({"type": "KeepAlive"})
#: The members of an error of an older form, which has no type (Deepgram, Errors).
_OLDER: Final = ("err_code", "err_msg", "error", "reason")
#: What Deepgram noticed, by the type of the message; times in it are those of the connection.
_EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"SpeechStarted": "speech_started", "UtteranceEnd": "utterance_end"}
)


@dataclass(frozen=True, kw_only=True)
class Deepgram(DialectBase):
    """Deepgram, v1 listen: 16 kHz, one channel."""

    name = "deepgram"  # without an annotation: no field, and no option

    model: str = option("nova-3", "the model", "Deepgram, Model")
    language: str | None = option(None, "the language, such as en or multi", "Deepgram, Language")
    partials: bool = option(
        default=True, what="send words before they are final", source="Deepgram, Interim Results"
    )
    punctuate: bool = option(
        default=True, what="add punctuation and capitals", source="Deepgram, Punctuation"
    )
    smart_format: bool = option(
        default=False, what="format dates, numbers and so on", source="Deepgram, Smart Format"
    )
    diarize: bool = option(
        default=False, what="name the speaker of each word", source="Deepgram, Diarization"
    )
    endpointing: int | None = option(
        None, "milliseconds of silence that end an utterance", "Deepgram, Endpointing"
    )
    utterance_end_ms: int | None = option(
        None, "report the end of an utterance after so many milliseconds", "Deepgram, Utterance End"
    )
    vad_events: bool = option(
        default=False, what="report where speech begins", source="Deepgram, Speech Started"
    )
    keyterms: tuple[str, ...] = option((), "words to expect", "Deepgram, Keyterm Prompting")
    bearer: bool = option(
        default=False,
        what="the credential is a temporary token, not a key",
        source="Deepgram, Token-Based Auth",
    )
    finalize: bool = option(
        default=True,
        what="the server knows Finalize; WhisperLiveKit refuses it",
        source="Deepgram, Finalize",
    )
    exact: bool = option(
        default=True,
        what="finals leave no hole, not even for silence; WhisperLiveKit's do",
        source="measured",
    )

    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        traits = Traits(
            sources=(),
            form=AudioForm(usual=0.1),
            replies=False,
            ends=Ends.EXACT if self.exact else Ends.CLAIMED,
            proves_silence=self.exact,
            # It tells empty results in silence, as users report; minutes of zeros are unmeasured.
            silent_in_silence=True,
            # Finals come at most some seconds late; an assumption.
            horizon=10.0 if self.exact else 30.0,
            queue=None,
            pace=1.25,  # Deepgram, Limits: 1.25 times real time
            keepalive=4.0,  # Deepgram, Audio Keep Alive: every 3 to 5 s; closes after 10 s
            # Without audio it makes nothing final, however long (livekit/agents issue 931).
            flush_idle=PAUSE if self.finalize else None,
            drain=Drain.FLUSH if self.finalize else Drain.STOP,
            # WhisperLiveKit decodes all that it was sent before it answers the stop.
            drain_timeout=3.0 if self.exact else 10.0,
            codes=CODES,
            statuses=STATUSES,
            address=ADDRESS,
            key_variable="DEEPGRAM_API_KEY",
        )
        object.__setattr__(self, "traits", traits)

    def headers(self, credential: str) -> list[tuple[str, str]]:
        """Deepgram's own scheme for a key, the usual one for a temporary token. Secret."""
        return [("Authorization", f"{'Bearer' if self.bearer else 'Token'} {credential}")]

    def query(self) -> list[tuple[str, str]]:
        """The options, and the form of the audio."""
        given = {
            "model": self.model,
            "language": self.language,
            "encoding": "linear16",
            "sample_rate": 16000,
            "channels": 1,
            "interim_results": self.partials,
            "punctuate": self.punctuate,
            "smart_format": self.smart_format or None,
            "diarize": self.diarize or None,
            "endpointing": self.endpointing,
            "utterance_end_ms": self.utterance_end_ms,
            "vad_events": self.vad_events or None,
        }
        named = [(name, _written(value)) for name, value in given.items() if value is not None]
        return named + [("keyterm", term) for term in self.keyterms]

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """``Finalize``, unless the server refuses it."""
        return memory, (_FINALIZE,) * self.finalize

    def keepalive(self, memory: Memory, sent: Sent) -> Encoded:
        """``KeepAlive``; silence before the first audio, as that may begin the stream."""
        return memory, (_KEEPALIVE,) if sent.seconds else ()

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        """``CloseStream``; what was sent is remembered for the ``Metadata`` that answers it."""
        return sent.seconds, (_CLOSE,)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """One message, of any shape."""
        message = read_object(data)
        if isinstance(message, Malformed):
            return memory, (message,)
        match message.get("type"):
            case "Results":
                return memory, _results(message)
            case "Metadata":
                return memory, (_metadata(memory, message),)
            case "Error":
                said = (text(message.get(each)) for each in ("variant", "description", "message"))
                return memory, (Remark(text=": ".join(each for each in said if each)),)
            case str() as kind if kind in _EVENTS:
                payload = {name: value for name, value in message.items() if name != "type"}
                return memory, (Noticed(kind=_EVENTS[kind], payload=payload),)
            case None:
                older = ": ".join(filter(None, (text(message.get(each)) for each in _OLDER)))
                return memory, (Remark(text=older) if older else unknown(message),)
            case _:
                return memory, (unknown(message),)


def _written(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _results(message: Fields) -> tuple[Message, ...]:
    is_final = flag(message.get("is_final"))
    best = next(iter(objects(fields(message.get("channel")).get("alternatives"))), Fields())
    words = tuple(_words(best))
    said = best.get("transcript")
    if not isinstance(said, str):
        if not words:
            return (Malformed(why="Results: no transcript", words=is_final),)
        said = " ".join(each.text for each in words)
    start, duration = number(message.get("start")), _duration(message)
    end = None if start is None or duration is None else round(start + duration, 6)
    heard = Heard(
        text=said,
        start=start if start is not None or not words else words[0].start,
        end=end if end is not None or not words else words[-1].end,
        final=is_final,
        confidence=number(best.get("confidence")),
        language=_first(best.get("languages")),
        words=words,
        channel=_channel(message.get("channel_index")),
    )
    found = objects(message.get("entities"))
    noticed = (Noticed(kind="entities", payload={"entities": list(found)}),) if found else ()
    return *by_speaker(heard), *noticed


def _words(best: Fields) -> list[Word]:
    return [
        Word(
            text=text(each.get("punctuated_word")) or text(each.get("word")),
            start=number(each.get("start")),
            end=number(each.get("end")),
            confidence=number(each.get("confidence")),
            speaker=label(each.get("speaker")),
        )
        for each in objects(best.get("words"))
        if text(each.get("punctuated_word")) or text(each.get("word"))
    ]


def _duration(message: Fields) -> float | None:
    duration = number(message.get("duration"))
    return duration if duration is not None and duration >= 0 else None


def _first(languages: object) -> str | None:
    """The language of most words."""
    found = cast("list[object]", languages) if isinstance(languages, list) else []
    return label(next(iter(found), None))


def _channel(index: object) -> int | None:
    """The channel, of several; Deepgram writes it as [0, 1]: the first of one."""
    match index:
        case [int() as channel, int() as count] if count > 1:
            return channel
        case _:
            return None


def _metadata(sent: float | None, message: Fields) -> Message:
    """The end, if it comes after the stop and speaks of the audio that was sent."""
    duration = _duration(message)
    if sent is None or (duration == 0 and sent > 0):
        return Status(state="metadata", text=text(message.get("request_id")))
    summary = {name: value for name, value in message.items() if name != "type"}
    if duration is None:
        return FinalMessage(summary=summary, proves=False)
    return FinalMessage(summary=summary, until=None if duration >= sent - _ROUNDED else duration)
