"""The contract ``deepgram``: version 1 of Deepgram's live transcription, ``/v1/listen``.

All settings are in the query. There is no start and no ack; audio is binary. ``Results``
tile the audio: each final begins where the last one ended, and silence gets finals without
text. ``Finalize`` flushes (``from_finalize``), ``CloseStream`` ends the audio; then come the
last finals, ``Metadata`` with the duration, and 1000.

Sources: the shapes of ``Results`` and ``Metadata`` are those of ``tests/wire`` and of
deepgram-sdk 7.17.0 (``listen/v1/types``); the close codes and their reasons are Deepgram's
page "Recovering from connection errors": 1008 DATA-0000 and 1011 NET-0001.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from time import gmtime, strftime
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
from openline_server.contracts.values import path_of
from openline_server.contracts.words import TimedWord, words_of

_ENCODINGS: Final[dict[str, Encoding]] = {"linear16": "s16le", "mulaw": "mulaw"}
#: How much silence a final without text is about at least, in seconds.
_SILENCE: Final = 3.0
_MODEL: Final = {"name": "openline", "version": "1", "arch": "openline"}
_MODEL_ID: Final = "6f70656e-6c69-4e65-8000-000000000001"


class Deepgram(Contract):
    """One connection."""

    name: ClassVar[str] = "deepgram"
    path: ClassVar[str] = "/v1/listen"
    no_path: ClassVar[Rejection] = Rejection(404)
    unauthorized: ClassVar[Rejection | None] = Rejection(
        401,
        (("dg-error", "Invalid credentials."), ("Content-Type", "application/json")),
        b'{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}',
    )
    final_mark: ClassVar[bytes] = b'"is_final":true'

    def __init__(self, opening: Opening) -> None:
        """All settings are in the query, which ``refuse`` has judged."""
        super().__init__(opening)
        query = opening.query
        encoding = _ENCODINGS[query.get("encoding", "linear16")]
        self._decoder = Decoder(encoding, int(query.get("sample_rate", "16000")))
        self._interim = is_on(query, "interim_results")
        self._tells_speech = is_on(query, "vad_events")
        self._tells_end = "utterance_end_ms" in query
        self._covered = 0.0
        self._speaking = False
        #: The places up to which a flush is under way.
        self._flushes: list[float] = []

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """``Token K``, ``Bearer K``, or the subprotocols ``token, K``."""
        found = tokens_of(headers, target, schemes=("token", "bearer"), query=())
        named = {name.lower(): value for name, value in headers}
        offered = [each.strip() for each in named.get(b"sec-websocket-protocol", b"").split(b",")]
        if len(offered) == 2 and offered[0] in {b"token", b"bearer"}:
            found.append(offered[1])
        return found

    @classmethod
    def subprotocol(cls, proposed: Sequence[str]) -> str | None:
        """The one before the key."""
        return proposed[0] if proposed and proposed[0] in {"token", "bearer"} else None

    @classmethod
    def refuse(cls, target: str) -> Rejection | None:
        """404 for another path, 400 for a setting that this server has not."""
        if path_of(target) != cls.path:
            return cls.no_path
        query = Opening("", 0, target).query
        encoding, rate = query.get("encoding", "linear16"), query.get("sample_rate", "16000")
        if encoding not in _ENCODINGS:
            return _bad_request(f"encoding {encoding} is not supported")
        if not (rate.isdecimal() and LEAST_RATE <= int(rate) <= MOST_RATE):
            return _bad_request(f"sample_rate {rate} is not supported")
        if query.get("channels", "1") != "1":
            return _bad_request("one channel is supported")
        return None

    def read(self, message: str | bytes) -> Iterable[Action]:
        """Audio, or one of the four control messages."""
        if isinstance(message, bytes):
            if not message:
                return (Stop(),)  # the real service takes an empty message for the end
            return self.decoded(self._decoder, message)
        try:
            kind = parse_object(message).get("type")
        except MalformedMessageError:
            kind = None
        match kind:
            case "KeepAlive":
                return (Keepalive(),)
            case "Finalize":
                self._flushes.append(self.received)
                return (Flush(),)
            case "CloseStream":
                return (Stop(),)
            case "Configure":
                return (Ignored("Configure"),)
            case _:
                return (End(Ending(1008, "DATA-0000"), (_error("SchemaError", message),)),)

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """An interim result from the last final on, if the client wants these."""
        told: list[Answer] = []
        if self._tells_speech and not self._speaking:
            start = number(happening["t0"])
            started: JsonObject = {"type": "SpeechStarted", "channel": [0, 1], "timestamp": start}
            told.append(started)
        self._speaking = True
        if self._interim:
            told.append(self._results(happening, number(happening["t1"]), final=False))
        return told

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """A final from the last one's end to its own."""
        end = number(happening["t1"])
        flushes = bool(self._flushes) and end >= self._flushes[0] - 0.05
        if flushes:
            self._flushes.pop(0)
        told: list[Answer] = [self._results(happening, end, final=True, flush=flushes)]
        self._covered, self._speaking = max(self._covered, end), False
        if self._tells_end:
            last: JsonObject = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": end}
            told.append(last)
        return told

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """A final without text for each few seconds of silence."""
        settled = number(happening["settled"])
        return self._silence(settled) if settled - self._covered >= _SILENCE else ()

    def on_flushed(self, happening: JsonObject) -> Sequence[Answer]:
        """The final that says so, if none with text did."""
        at = number(happening["at"])
        if not self._flushes:
            return ()
        self._flushes.pop(0)
        return self._silence(max(at, self._covered), flush=True)

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """What is left of the audio, then the metadata."""
        rest = self._silence(self.received) if self.received > self._covered else ()
        return (*rest, self._metadata())

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """An ``Error`` message, then the close: 1011 if no code was asked for."""
        return _error(None, str(happening["message"])), *super().on_error(happening)

    def on_idle(self, _happening: JsonObject) -> Sequence[Answer]:
        """1011 NET-0001; metadata precede it."""
        return self._metadata(), Ending(1011, "NET-0001")

    def on_limit(self, _happening: JsonObject) -> Sequence[Answer]:
        """1011 NET-0000."""
        return self._metadata(), Ending(1011, "NET-0000")

    def _silence(self, end: float, *, flush: bool = False) -> Sequence[Answer]:
        empty: JsonObject = {"text": "", "t0": end, "t1": end, "confidence": 0.0}
        told = self._results(empty, end, final=True, flush=flush)
        self._covered = max(self._covered, end)
        return (told,)

    def _results(
        self, transcript: JsonObject, end: float, *, final: bool, flush: bool = False
    ) -> Wire:
        start = (
            min(self._covered, number(transcript["t0"])) if transcript["text"] else self._covered
        )
        words = words_of(transcript)
        alternative: JsonObject = {
            "transcript": transcript["text"],
            "confidence": number(transcript.get("confidence", 0.0)),
            "words": [_word(word) for word in words],
        }
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(max(0.0, end - start), 4),
            "start": round(start, 4),
            "is_final": final,
            "speech_final": final and bool(words),
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self.opening.uuid,
                "model_info": _MODEL,
                "model_uuid": _MODEL_ID,
            },
            "from_finalize": flush,
        }

    def _metadata(self) -> Wire:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.opening.uuid,
            "sha256": "",
            "created": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(self.opening.at)),
            "duration": round(self.received, 4),
            "channels": 1,
            "models": [_MODEL_ID],
            "model_info": {_MODEL_ID: _MODEL},
        }


def _word(word: TimedWord) -> JsonObject:
    return {
        "word": word.bare.lower(),
        "start": word.start,
        "end": word.end,
        "confidence": word.confidence,
        "punctuated_word": word.text,
    }


def _error(variant: str | None, text: str) -> Wire:
    if variant is None:
        return {"type": "Error", "variant": "ServerError", "description": text}
    description = "The message could not be parsed."
    return {"type": "Error", "variant": variant, "description": description, "message": text[:200]}


def _bad_request(text: str) -> Rejection:
    body = {"err_code": "INVALID_QUERY_PARAMETER", "err_msg": f"Bad Request: {text}"}
    headers = (("dg-error", body["err_msg"]), ("Content-Type", "application/json"))
    return Rejection(400, headers, json.dumps(body).encode(), body["err_msg"])
