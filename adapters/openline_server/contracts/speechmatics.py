"""The contract ``speechmatics``: version 2 of Speechmatics' real-time API.

``StartRecognition`` is answered by ``Info`` and ``RecognitionStarted``. Each binary message is
acknowledged (``AudioAdded``). Finals are ``AddTranscript``; those without results tile silence, so
that ``end_time`` says how far all is transcribed. ``ForceEndOfUtterance`` flushes.
``EndOfStream`` is answered by the last finals and ``EndOfTranscript``. An ``Error`` precedes
every close that is no good one.

Source: AsyncAPI file of speechmatics/docs (8783a7a) and speechmatics-rt 1.2.1. The reasons of
timeouts are those of the "Error and warning messages" page of its API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from time import gmtime, strftime
from typing import ClassVar, Final, cast

from openline_server.contract import parse_object
from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    End,
    Ending,
    Flush,
    Headers,
    Ignored,
    JsonObject,
    MalformedMessageError,
    Opening,
    Rejection,
    Reply,
    Stop,
    Wire,
    number,
    tokens_of,
)
from openline_server.contracts.pcm import LEAST_RATE, MOST_RATE, Decoder, Encoding
from openline_server.contracts.values import close_code, path_of
from openline_server.contracts.words import TimedWord, words_of

_ENCODINGS: Final[dict[str, Encoding]] = {
    "pcm_s16le": "s16le",
    "pcm_f32le": "f32le",
    "mulaw": "mulaw",
}
#: The type of an error by its close code.
_TYPES: Final[dict[object, str]] = {
    1003: "protocol_error",
    1008: "buffer_error",
    4001: "not_authorised",
    4003: "not_allowed",
    4004: "invalid_model",
    4005: "quota_exceeded",
    4006: "timelimit_exceeded",
    4013: "job_error",
}
#: How much silence a final without results is about at least, in seconds.
_SILENCE: Final = 1.0
_LANGUAGE_PACK: Final[JsonObject] = {
    "adapted": False,
    "itn": True,
    "language_description": "English",
    "word_delimiter": " ",
    "writing_direction": "left-to-right",
}


class Speechmatics(Contract):
    """One connection."""

    name: ClassVar[str] = "speechmatics"
    path: ClassVar[str] = "/v2"
    acks: ClassVar[bool] = True
    longest: ClassVar[float] = 48 * 3600.0
    final_mark: ClassVar[bytes] = b'"AddTranscript"'

    def __init__(self, opening: Opening) -> None:
        """``StartRecognition`` has to come."""
        super().__init__(opening)
        self._decoder: Decoder | None = None
        self._partials = False
        self._messages = 0
        self._covered = 0.0
        self._language = "en"
        self._forced = False

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """``Bearer K`` or ``?jwt=``."""
        return tokens_of(headers, target, schemes=("bearer",), query=("jwt",))

    @classmethod
    def refuse(cls, target: str) -> Rejection | None:
        """The path may name a language behind the version."""
        path = path_of(target).rstrip("/")
        return None if path == cls.path or path.startswith(f"{cls.path}/") else cls.no_path

    def opened(self) -> Sequence[Action]:
        """Nothing: ``StartRecognition`` has to come."""
        return ()

    def read(self, message: str | bytes) -> Iterable[Action]:
        """The start, audio or a control message."""
        if isinstance(message, bytes):
            if self._decoder is None:
                return (self._fail(1003, "protocol_error", "StartRecognition has to come first"),)
            self._messages += 1
            added: JsonObject = {"message": "AudioAdded", "seq_no": self._messages}
            return chain(self.decoded(self._decoder, message), (Reply((added,)),))
        try:
            control = parse_object(message)
        except MalformedMessageError as error:
            return (self._fail(1003, "invalid_message", str(error)),)
        match control.get("message"):
            case "StartRecognition" if self._decoder is None:
                return self._start(control)
            case "EndOfStream" if self._decoder is not None:
                return (Stop(),)
            case "ForceEndOfUtterance" if self._decoder is not None:
                self._forced = True
                return (Flush(),)
            case "SetRecognitionConfig" | "GetSpeakers":
                return (Ignored(str(control["message"])),)
            case other:
                return (self._fail(1003, "protocol_error", f"{other} does not fit here"),)

    def _start(self, control: JsonObject) -> Sequence[Action]:
        audio, config = control.get("audio_format"), control.get("transcription_config")
        if not isinstance(audio, dict) or not isinstance(config, dict):
            return (self._fail(1003, "invalid_message", "audio_format or config is missing"),)
        form, options = cast("JsonObject", audio), cast("JsonObject", config)
        encoding, rate = _ENCODINGS.get(str(form.get("encoding"))), form.get("sample_rate")
        known = encoding is not None and isinstance(rate, int) and LEAST_RATE <= rate <= MOST_RATE
        if not known or encoding is None or not isinstance(rate, int):
            return (self._fail(1003, "invalid_audio_type", "this audio format is not supported"),)
        language = options.get("language")
        if not isinstance(language, str) or not language:
            return (self._fail(1003, "invalid_config", "language is missing"),)
        self._decoder, self._language = Decoder(encoding, rate), language
        self._partials = options.get("enable_partials") is True
        return (self.start(),)

    def ack(self) -> Sequence[Answer]:
        """How many sessions there are, then that this one is."""
        info: JsonObject = {
            "message": "Info",
            "type": "concurrent_session_usage",
            "reason": "1 concurrent sessions active out of quota 2",
            "usage": 1,
            "quota": 2,
            "last_updated": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(self.opening.at)),
        }
        started: JsonObject = {
            "message": "RecognitionStarted",
            "orchestrator_version": "1",
            "id": self.opening.uuid,
            "language_pack_info": _LANGUAGE_PACK,
        }
        return info, started

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """A partial, if the client wants these."""
        return (self._transcript("AddPartialTranscript", happening),) if self._partials else ()

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """A final."""
        told = self._transcript("AddTranscript", happening)
        self._covered = max(self._covered, number(happening["t1"]))
        return (told,)

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """A final without results for each second of silence."""
        settled = number(happening["settled"])
        return self._silence(settled) if settled - self._covered >= _SILENCE else ()

    def on_flushed(self, happening: JsonObject) -> Sequence[Answer]:
        """A final to the place of the flush, and the end of the utterance."""
        at = number(happening["at"])
        rest = self._silence(at) if at > self._covered else ()
        self._forced = False
        utterance: JsonObject = {
            "message": "EndOfUtterance",
            "metadata": {"start_time": at, "end_time": at},
        }
        return *rest, utterance

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """A final to the end of the audio, and the end."""
        rest = self._silence(self.received) if self.received > self._covered else ()
        return *rest, {"message": "EndOfTranscript"}

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """The error, then its code; without one, an internal error."""
        code = happening.get("code")
        closes, kind = close_code(code, 1011), _TYPES.get(code, "unknown_error")
        return _error(closes, kind, str(happening["message"])), Ending(closes, kind)

    def on_capacity(self, _happening: JsonObject) -> Sequence[Answer]:
        """4005."""
        text = "Concurrent Quota Exceeded"
        return _error(4005, "quota_exceeded", text), Ending(4005, "quota_exceeded")

    def on_limit(self, happening: JsonObject) -> Sequence[Answer]:
        """1008, as after 48 hours."""
        active = _minutes(happening["seconds"])
        text = f"Session timed out due to max duration, session has been active for {active}"
        return _error(1008, "session_timeout", text), Ending(1008, "session_timeout")

    def on_idle(self, happening: JsonObject) -> Sequence[Answer]:
        """1008, as after an hour without audio."""
        idle = _minutes(happening["seconds"])
        text = f"Session timed out due to inactivity, no audio sent within the last {idle}"
        return _error(1008, "idle_timeout", text), Ending(1008, "idle_timeout")

    def on_go_away(self, happening: JsonObject) -> Sequence[Answer]:
        """The warning that the service sends before its limit."""
        left, active = _minutes(happening["seconds"]), _minutes(self.received)
        text = (
            f"Session will timeout in {left} due to max duration, session has been active for"
            f" {active}"
        )  # fmt: skip
        return ({"message": "Warning", "type": "session_timeout", "reason": text},)

    def on_gone(self, happening: JsonObject) -> Sequence[Answer]:
        """As for the limit."""
        return self.on_limit(happening | {"seconds": self.received})

    def _fail(self, code: int, kind: str, text: str) -> End:
        return End(Ending(code, kind), (_error(code, kind, text),))

    def _silence(self, end: float) -> Sequence[Answer]:
        empty: JsonObject = {"text": "", "t0": self._covered, "t1": end}
        told = self._transcript("AddTranscript", empty)
        self._covered = end
        return (told,)

    def _transcript(self, kind: str, transcript: JsonObject) -> Wire:
        words = words_of(transcript)
        results = [each for word in words for each in self._results(word)]
        message: JsonObject = {
            "message": kind,
            "format": "2.9",
            "results": results,
            "metadata": {
                "start_time": number(transcript["t0"]),
                "end_time": number(transcript["t1"]),
                "transcript": "".join(f"{word.text} " for word in words),
            },
        }
        if self._forced and kind == "AddTranscript":
            message["forced"] = True
        return message

    def _results(self, word: TimedWord) -> list[JsonObject]:
        alternative = {"confidence": word.confidence, "language": self._language}
        results: list[JsonObject] = [
            {
                "type": "word",
                "start_time": word.start,
                "end_time": word.end,
                "alternatives": [{"content": word.bare, **alternative}],
            }
        ]
        if word.mark:
            results.append(
                {
                    "type": "punctuation",
                    "start_time": word.end,
                    "end_time": word.end,
                    "attaches_to": "previous",
                    "is_eos": word.mark[0] in ".!?",
                    "alternatives": [{"content": word.mark, **alternative}],
                }
            )
        return results


def _minutes(seconds: object) -> str:
    """Whole minutes, but for a limit that a test sets."""
    return f"{round(number(seconds) / 60, 3):g}m"


def _error(code: int, kind: str, text: str) -> Wire:
    return {"message": "Error", "type": kind, "reason": text, "code": code}
