"""Speechmatics' real-time transcription, version 2: the cloud, and its containers.

``StartRecognition`` is answered by ``RecognitionStarted``, with an ``Info`` before it. Audio is
binary, and each message of it is answered by ``AudioAdded`` with its number, from 1: received.
``AddTranscript`` is final: it proves all audio before its ``end_time``, and comes without text in
silence, so nothing is assumed. ``EndOfStream`` names the number of the last audio message;
``EndOfTranscript`` follows when all of it is transcribed.

    stop(None, ids, Sent(audio=37, …))   →  None, ('{"message":"EndOfStream","last_seq_no":37}',)
    decode(None, '{"message": "AudioAdded", "seq_no": 37}')
        →  None, (Proof(unit=Unit.AUDIO, received=37.0),)

Punctuation is an item of its own, which belongs to the word before or behind it, and often comes
in a later final, with no length. Within one message it is joined to its word. No memory is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
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
    Unknown,
    Word,
)
from openline.dialects.speakers import by_speaker
from openline.dialects.speechmatics_rows import (
    CODES,
    ERRORS,
    OTHER,
    REFUSALS,
    STATUSES,
    UNEXPLAINED,
)
from openline.dialects.traits import PAUSE, Address, AudioForm, Drain, Ends, Traits, Unit
from openline.dialects.wire_json import (
    Fields,
    fields,
    label,
    number,
    objects,
    read_object,
    text,
    write,
)

_API: Final = "Speechmatics, Real-time API, StartRecognition"
#: A part of a host's name.
_REGION: Final = re.compile(r"[A-Za-z0-9-]+")
#: The minutes in the warning of a session's end: "Session will timeout in 45m due to …".
_MINUTES: Final = re.compile(r"timeout in (\d{1,6}(?:\.\d{1,6})?)\s*m")
#: The seconds by which a final may come later than ``max_delay``: formatting, and the way.
_SLACK: Final = 10.0
#: What the server waits at most for a word's final, in seconds, if no ``max_delay`` is given.
_MAX_DELAY: Final = 4.0
#: What the server noticed, by the name of the message; times are those of the connection.
_EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "EndOfUtterance": "utterance_end",
        "AudioEventStarted": "audio_event_started",
        "AudioEventEnded": "audio_event_ended",
    }
)
#: The speaker of words whose speaker is not known (Speechmatics, Realtime diarization).
_UNKNOWN: Final = "UU"
#: To which neighbour punctuation belongs.
_TO_PREVIOUS: Final = frozenset({"previous", "both"})
_TO_NEXT: Final = frozenset({"next", "both"})


@dataclass(frozen=True, kw_only=True)
class Speechmatics(DialectBase):
    """Speechmatics, real-time v2: 16 kHz, one channel. Raises ValueError for a region of no form.

    A temporary key travels in the query, as ``jwt``, where headers cannot be set.
    """

    name = "speechmatics"  # without an annotation: no field, and no option

    language: str = option("en", "the language", _API)
    model: str = option("enhanced", "enhanced, standard or melia-1", _API)
    partials: bool = option(default=True, what="send words before they are final", source=_API)
    max_delay: float | None = option(
        None, "seconds from a word to its final, 0.7 to 4: longer makes longer finals", _API
    )
    diarize: bool = option(default=False, what="tell speakers apart", source=_API)
    vocabulary: tuple[str, ...] = option((), "words to expect", _API)
    locale: str | None = option(None, "the spelling, such as en-GB", _API)
    domain: str | None = option(None, "a field of words, such as finance", _API)
    utterance_silence: float | None = option(
        None, "report the end of an utterance after so many seconds of silence, up to 2", _API
    )
    region: str = option("eu2", "the part of the cloud: eu2, eu, us or global", "speechmatics-rt")
    force_end: bool = option(
        default=True,
        what="the server knows ForceEndOfUtterance with a time; containers before 15.2 do not",
        source="speechmatics-rt 1.2.1",
    )

    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _REGION.fullmatch(self.region):
            raise ValueError(f"region is {self.region[:60]!r}: give one such as 'eu2'")
        traits = Traits(
            sources=(),
            form=AudioForm(usual=0.1),
            # A vocabulary is compiled before the ack, in up to 15 s (Speechmatics, VocabList).
            patience=20.0 if self.vocabulary else None,
            longest=172_800.0,  # Speechmatics, Limits: 48 hours
            ends=Ends.EXACT,
            counts=Unit.AUDIO,
            # A real session has empty finals in its pauses; minutes of zeros are unmeasured.
            silent_in_silence=True,
            horizon=(self.max_delay or _MAX_DELAY) + _SLACK,
            time_error=0.1,  # finals overlap by up to 0.08 s in 61 finals of a real session
            # The server reads no faster than it has room; then bytes pile up in TCP until the
            # connection breaks. So a backlog waits here.
            queue=20.0,
            window=15.0,
            live_ahead=5.0,
            keepalive=60.0,  # Speechmatics, Limits: 3 min without audio or ping, 1 h without audio
            # Without audio it tells no final, whatever max_delay (speechmatics-js-sdk issue 53).
            flush_idle=PAUSE if self.force_end else None,
            # A forced end with a time may miss a short word (speechmatics-python-sdk 117).
            drain=Drain.STOP,
            codes=CODES,
            statuses=STATUSES,
            refusals=REFUSALS,
            address=Address(f"{self.region}.rt.speechmatics.com", 443, "/v2", secure=True),
            key_variable="SPEECHMATICS_API_KEY",
        )
        object.__setattr__(self, "traits", traits)

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """``StartRecognition``, with the options that differ from the server's defaults."""
        silence = {"end_of_utterance_silence_trigger": self.utterance_silence}
        given = {
            "language": self.language,
            "model": self.model,
            "enable_partials": self.partials,
            "max_delay": self.max_delay,
            "diarization": "speaker" if self.diarize else None,
            "additional_vocab": list(self.vocabulary) or None,
            "output_locale": self.locale,
            "domain": self.domain,
            "conversation_config": silence if self.utterance_silence else None,
        }
        message = {
            "message": "StartRecognition",
            "audio_format": {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16000},
            "transcription_config": {k: v for k, v in given.items() if v is not None},
        }
        return memory, (write(message),)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as they are."""
        return memory, (pcm,)

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """``ForceEndOfUtterance`` at the end of what was sent, unless the server lacks it."""
        if not self.force_end:
            return memory, ()
        at = round(sent.seconds, 3)
        return memory, (write({"message": "ForceEndOfUtterance", "timestamp": at}),)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        """``EndOfStream`` with the number of the last audio message."""
        return memory, (write({"message": "EndOfStream", "last_seq_no": sent.audio}),)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """One message, of any shape."""
        message = read_object(data)
        return memory, (message,) if isinstance(message, Malformed) else _items(message)


def _items(message: Fields) -> tuple[Message, ...]:
    kind, reason = text(message.get("message")), text(message.get("reason"))
    match kind:
        case "AddTranscript" | "AddPartialTranscript":
            return _transcript(message, is_final=kind == "AddTranscript")
        case "AudioAdded":
            count = number(message.get("seq_no"))
            if count is None or count < 0:
                return (Malformed(why="AudioAdded: no number", words=False),)
            return (Proof(unit=Unit.AUDIO, received=count),)
        case "RecognitionStarted":
            return (Status(state=kind, text=text(message.get("id")), ack=True),)
        case "EndOfTranscript":
            return (FinalMessage(summary={}),)
        case "Error":
            sort = text(message.get("type"))
            said = ": ".join(each for each in (sort, reason) if each)
            if sort and sort not in ERRORS and sort != UNEXPLAINED:
                return (Remark(text=said),)  # the close that follows decides
            return (Refusal(row=ERRORS.get(sort, OTHER), text=said),)
        case "Warning":
            return _warning(text(message.get("type")), reason)
        case "Info":
            return (Status(state=text(message.get("type")) or kind, text=reason),)
        case _ if kind in _EVENTS:
            payload = {name: value for name, value in message.items() if name != "message"}
            return (Noticed(kind=_EVENTS[kind], payload=payload),)
        case _:
            return (Unknown(type=label(kind) or "no message"),)


def _warning(kind: str, reason: str) -> tuple[Message, ...]:
    """A warning. Two of them end the connection soon, so another one is wanted.

    Beyond a ``duration_limit_exceeded`` the server acknowledges audio and does not transcribe it,
    and its final message proves nothing. The audio stays unproved, so the next connection
    gets it again.
    """
    match kind:
        case "duration_limit_exceeded":
            doubtful = Status(state=kind, text=reason, doubtful=True)
            return doubtful, Expires(seconds=0.0, text=reason)
        case "session_timeout" if minutes := _MINUTES.search(reason):
            return (Expires(seconds=60 * float(minutes[1]), text=reason),)
        case _:
            # After the end of the stream it says that audio was ignored.
            lost = kind == "add_audio_after_eos"
            return (Status(state=kind or "Warning", text=reason, warning=lost),)


def _transcript(message: Fields, *, is_final: bool) -> tuple[Message, ...]:
    about = fields(message.get("metadata"))
    words, language = _words(objects(message.get("results")))
    said = about.get("transcript")
    if not isinstance(said, str) and not words:
        kind = "AddTranscript" if is_final else "AddPartialTranscript"
        return (Malformed(why=f"{kind}: no transcript", words=is_final),)
    start, end = number(about.get("start_time")), number(about.get("end_time"))
    heard = Heard(
        text=text(said).strip() or " ".join(word.text for word in words),
        start=start if start is not None or not words else words[0].start,
        end=end if end is not None or not words else words[-1].end,
        final=is_final,
        language=language,
        words=words,
    )
    return by_speaker(heard)


def _words(results: list[Fields]) -> tuple[tuple[Word, ...], str | None]:
    """The words, punctuation joined to them, and the language of the first."""
    words: list[Word] = []
    language: str | None = None
    is_joined = False
    for each in results:
        best = next(iter(objects(each.get("alternatives"))), Fields())
        if not (content := text(best.get("content"))):
            continue
        language = language or label(best.get("language"))
        where = text(each.get("attaches_to"))
        if words and (is_joined or where in _TO_PREVIOUS):
            words[-1] = _joined(words[-1], content, each)
        else:
            words.append(_word(content, each, best))
        is_joined = where in _TO_NEXT
    return tuple(words), language


def _word(content: str, result: Fields, best: Mapping[str, Any]) -> Word:
    speaker = label(best.get("speaker"))
    return Word(
        text=content,
        start=number(result.get("start_time")),
        end=number(result.get("end_time")),
        confidence=number(best.get("confidence")),
        speaker=None if speaker == _UNKNOWN else speaker,
    )


def _joined(word: Word, content: str, result: Fields) -> Word:
    end = number(result.get("end_time"))
    return replace(word, text=word.text + content, end=word.end if end is None else end)
