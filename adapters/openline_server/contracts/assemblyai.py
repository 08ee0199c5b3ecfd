"""The contract ``assemblyai``: version 3 of AssemblyAI's streaming API.

All settings are in the query. The server greets with ``Begin``, which says when the session
expires. Audio is binary, 50 to 1,000 ms a message, else error 3007. A ``Turn`` is told again as
it grows, and ends with ``end_of_turn``; a model that formats afterwards then sends the same turn
a second time. ``ForceEndpoint`` ends the turn, ``Terminate`` the session: ``Termination`` with
its duration, and 1000. If asked for, ``Heartbeat`` says each second how much audio arrived, and
``Silence`` (newer models only) in which stretch there was no speech.

Source: assemblyai 1.8.2, ``streaming/v3/models.py``; the codes are its API reference's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar, Final

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
    Keepalive,
    MalformedMessageError,
    Opening,
    Rejection,
    Stop,
    Wire,
    is_on,
    number,
    tokens_of,
)
from openline_server.contracts.pcm import LEAST_RATE, MOST_RATE, Decoder, Encoding
from openline_server.contracts.values import close_code, path_of
from openline_server.contracts.words import words_of

_ENCODINGS: Final[dict[str, tuple[Encoding, int]]] = {
    "pcm_s16le": ("s16le", 2),
    "pcm_mulaw": ("mulaw", 1),
}
#: Models that format each turn at once, and that can acknowledge silence.
_NEWER: Final = ("u3", "universal-3")
_SILENCE: Final = 1.0
_API_VERSION: Final = "2025-05-12"


class AssemblyAI(Contract):
    """One connection."""

    name: ClassVar[str] = "assemblyai"
    path: ClassVar[str] = "/v3/ws"
    unauthorized: ClassVar[Rejection | None] = None
    denied: ClassVar[Ending] = Ending(1008, "Not authorized")
    longest: ClassVar[float] = 3 * 3600.0
    acks: ClassVar[bool] = True
    final_mark: ClassVar[bytes] = b'"end_of_turn":true'

    def __init__(self, opening: Opening) -> None:
        """All settings are in the query, which ``refuse`` has judged."""
        super().__init__(opening)
        query = opening.query
        encoding, self._width = _ENCODINGS[query.get("encoding", "pcm_s16le")]
        self._rate = int(query.get("sample_rate", "16000"))
        self._decoder = Decoder(encoding, self._rate)
        self._model = query.get("speech_model", "universal-streaming-english")
        self._newer = self._model.startswith(_NEWER)
        self._formats = is_on(query, "format_turns")
        self._beats = is_on(query, "session_heartbeat")
        self._acknowledges = is_on(query, "acknowledge_silence") and self._newer
        self._turn = 0
        self._silent_from = 0.0
        self._speaking = self._forced = False

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """The bare key, ``Bearer K`` or ``?token=``."""
        return tokens_of(headers, target, schemes=("", "bearer"))

    @classmethod
    def refuse(cls, target: str) -> Rejection | None:
        """404 for another path, 400 for audio that this server does not take."""
        if path_of(target) != cls.path:
            return cls.no_path
        query = Opening("", 0, target).query
        rate = query.get("sample_rate", "16000")
        fits = rate.isdecimal() and LEAST_RATE <= int(rate) <= MOST_RATE
        if query.get("encoding", "pcm_s16le") not in _ENCODINGS or not fits:
            body = json.dumps({"error": _BAD_AUDIO}).encode()
            return Rejection(400, (("Content-Type", "application/json"),), body, _BAD_AUDIO)
        return None

    def read(self, message: str | bytes) -> Sequence[Action]:
        """Audio or a control message."""
        if isinstance(message, bytes):
            length = 1000 * len(message) / (self._width * self._rate)
            if not 50 <= length <= 1000:
                text = (
                    f"Input Duration Error: {length:.1f} ms. Expected between 50 and 1000 ms"
                )  # fmt: skip
                return (End(Ending(3007, "Input Duration Error"), (_error(3007, text),)),)
            return (self.audio(self._decoder.push(message)),)
        try:
            kind = parse_object(message).get("type")
        except MalformedMessageError:
            kind = None
        match kind:
            case "Terminate":
                return (Stop(),)
            case "ForceEndpoint":
                self._forced = True
                return (Flush(),)
            case "KeepAlive":
                return (Keepalive(),)
            case "UpdateConfiguration":
                return (Ignored("UpdateConfiguration"),)
            case _:
                told = _error(3006, "Invalid message")
                return (End(Ending(3006, "Invalid message"), (told,)),)

    def ack(self) -> Sequence[Answer]:
        """The greeting, with the time when the session expires."""
        longest = min(self.opening.longest, self.longest)
        begin: JsonObject = {
            "type": "Begin",
            "id": self.opening.uuid,
            "expires_at": int(self.opening.at + longest),
            "configuration": {
                "model": self._model,
                "mode": None,
                "api_version": _API_VERSION,
            },
        }
        return (begin,)

    def denial(self, _text: str) -> Sequence[Answer]:
        """The error that precedes 1008."""
        return (_error(1008, "Not authorized"),)

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """The open turn."""
        self._speaking = True
        return (self._turned(happening, ended=False, formatted=self._newer),)

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """The end of a turn."""
        told = [self._turned(happening, ended=True, formatted=self._newer)]
        if self._formats and not self._newer:
            told.append(self._turned(happening, ended=True, formatted=True))
        self._turn += 1
        self._silent_from = max(self._silent_from, number(happening["t1"]))
        self._speaking = self._forced = False
        return told

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """A stretch of silence, if the client wants to know."""
        settled = number(happening["settled"])
        if not self._acknowledges or self._speaking or settled - self._silent_from < _SILENCE:
            return ()
        start, self._silent_from = self._silent_from, settled
        return ({"type": "Silence", "start_ms": _ms(start), "end_ms": _ms(settled)},)

    def on_metrics(self, happening: JsonObject) -> Sequence[Answer]:
        """The heartbeat, if the client wants it."""
        if not self._beats:
            return ()
        beat: JsonObject = {
            "type": "Heartbeat",
            "total_audio_received_ms": _ms(self.received),
            "total_duration_ms": _ms(self.received),
            "realtime_factor": number(happening["realtime_factor"]),
            "max_speech_probability": 1.0 if self._speaking else 0.0,
        }
        return (beat,)

    def on_flushed(self, happening: JsonObject) -> Sequence[Answer]:
        """An empty turn, if there was none to end."""
        if not self._forced:
            return ()
        at = number(happening["at"])
        return self.on_asr_final({"text": "", "t0": at, "t1": at})

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """How long it was."""
        seconds = round(self.received)
        end: JsonObject = {
            "type": "Termination",
            "audio_duration_seconds": seconds,
            "session_duration_seconds": seconds,
        }
        return (end,)

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """The error, then its code; 3005 without one."""
        closes = close_code(happening.get("code"), 3005)
        text = str(happening["message"])
        return _error(closes, text), Ending(closes, text[:120])

    def on_capacity(self, _happening: JsonObject) -> Sequence[Answer]:
        """3009."""
        return _ended(3009, "Too many concurrent sessions")

    def on_limit(self, _happening: JsonObject) -> Sequence[Answer]:
        """3008."""
        return _ended(3008, "Session Expired: Maximum session duration exceeded")

    def on_idle(self, _happening: JsonObject) -> Sequence[Answer]:
        """3005, as for ``inactivity_timeout``."""
        return _ended(3005, "Session Cancelled: Inactivity timeout")

    def on_go_away(self, happening: JsonObject) -> Sequence[Answer]:
        """A warning."""
        text = f"The session ends in {number(happening['seconds']):g} seconds"
        return ({"type": "Warning", "warning_code": 3008, "warning": text},)

    def on_gone(self, happening: JsonObject) -> Sequence[Answer]:
        """As for the limit."""
        return self.on_limit(happening)

    def _turned(self, transcript: JsonObject, *, ended: bool, formatted: bool) -> Wire:
        words = words_of(transcript)
        texts = [word.text if formatted else word.bare.lower() for word in words]
        said = " ".join(texts)
        listed = [
            {
                "start": _ms(word.start),
                "end": _ms(word.end),
                "text": text,
                "confidence": word.confidence,
                "word_is_final": ended,
            }
            for word, text in zip(words, texts, strict=True)
        ]
        return {
            "turn_order": self._turn,
            "turn_is_formatted": formatted and ended,
            "end_of_turn": ended,
            "transcript": said,
            "utterance": said if ended else "",
            "end_of_turn_confidence": 1.0 if ended else 0.0,
            "words": listed,
            "type": "Turn",
        }


_BAD_AUDIO: Final = "this encoding or sample_rate is not supported"


def _ms(seconds: float) -> int:
    return round(1000 * seconds)


def _error(code: int, text: str) -> Wire:
    return {"type": "Error", "error_code": code, "error": text}


def _ended(code: int, text: str) -> Sequence[Answer]:
    return _error(code, text), Ending(code, text)
