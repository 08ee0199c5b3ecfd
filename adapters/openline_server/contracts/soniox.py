"""The contract ``soniox``: Soniox' real-time speech-to-text.

The client sends a configuration, then audio; neither is acknowledged. Each message has tokens,
pieces of words of which a leading blank begins a word. A final token comes once; those
that are not final are replaced by the next message. Two figures say how far it is:
``final_audio_proc_ms`` and ``total_audio_proc_ms``. ``finalize`` makes all tokens final, and is
answered by the token ``<fin>``; with endpoint detection an utterance ends with ``<end>``. An empty
message ends the audio: the last tokens, ``finished``, and a close.

Source: soniox 2.10.0, ``types/realtime.py``. Errors are messages with an HTTP status as their
code; what follows them is a plain close.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from openline_server.contract import parse_object
from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    End,
    Ending,
    Flush,
    Ignored,
    JsonObject,
    Keepalive,
    MalformedMessageError,
    Opening,
    Rejection,
    Stop,
    Wire,
    number,
    spaced,
)
from openline_server.contracts.pcm import LEAST_RATE, MOST_RATE, Decoder, Encoding
from openline_server.contracts.values import close_code
from openline_server.contracts.words import TimedWord, words_of

_ENCODINGS: Final[dict[str, Encoding]] = {
    "pcm_s16le": "s16le",
    "pcm_f32le": "f32le",
    "mulaw": "mulaw",
}
_RESTART: Final = "Cannot continue request (code 1). Please restart the request."
#: A word longer than this has more than one token.
_TOKEN: Final = 6
#: How often the figures are sent while nothing is said, in seconds.
_STEP: Final = 0.5


class Soniox(Contract):
    """One connection."""

    name: ClassVar[str] = "soniox"
    path: ClassVar[str] = "/transcribe-websocket"
    unauthorized: ClassVar[Rejection | None] = None
    denied: ClassVar[Ending] = Ending(1000)
    longest: ClassVar[float] = 300 * 60.0
    final_mark: ClassVar[bytes] = b'"is_final": true'

    def __init__(self, opening: Opening) -> None:
        """The configuration has to come."""
        super().__init__(opening)
        self._decoder: Decoder | None = None
        self._marks_ends = False
        self._open: list[JsonObject] = []
        self._settled = self._taken = self._shown = 0.0

    def opened(self) -> Sequence[Action]:
        """Nothing: the configuration has to come."""
        return ()

    def read(self, message: str | bytes) -> Iterable[Action]:
        """The configuration, audio or a control message."""
        if self._decoder is None:
            return self._configure(message)
        if not message:
            return (Stop(),)
        if isinstance(message, bytes):
            return self.decoded(self._decoder, message)
        try:
            kind = parse_object(message).get("type")
        except MalformedMessageError:
            kind = None
        match kind:
            case "finalize":
                return (Flush(),)
            case "keepalive":
                return (Keepalive(),)
            case "finish":
                return (Stop(),)
            case _:
                return (_fail(400, "Invalid control message"),)

    def _configure(self, message: str | bytes) -> Sequence[Action]:
        try:
            config = parse_object(message) if isinstance(message, str) else {}
        except MalformedMessageError:
            return (_fail(400, "Start request is not valid JSON"),)
        if config.get("type") == "keepalive":
            return (Ignored("keepalive"),)
        if not isinstance(config.get("model"), str):
            return (_fail(400, "Missing required field: model"),)
        encoding = _ENCODINGS.get(str(config.get("audio_format", "auto")))
        rate, channels = config.get("sample_rate"), config.get("num_channels")
        if encoding is None or channels != 1 or not isinstance(rate, int):
            return (_fail(400, "Unsupported audio format"),)
        if not LEAST_RATE <= rate <= MOST_RATE:
            return (_fail(400, "Unsupported sample_rate"),)
        self._decoder = Decoder(encoding, rate)
        self._marks_ends = config.get("enable_endpoint_detection") is True
        return (self.start(),)

    def denial(self, _text: str) -> Sequence[Answer]:
        """The error that precedes the close."""
        return (_error(401, "Invalid API key"),)

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """Tokens that are not final, from the last final one on."""
        self._open = _tokens(happening, final=False)
        return (self._told(self._open),)

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """Final tokens."""
        self._open = []
        tokens = _tokens(happening, final=True)
        if self._marks_ends:
            tokens.append(_mark("<end>"))
        self._settled = max(self._settled, min(number(happening["t1"]), self._taken))
        return (self._told(tokens),)

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """The figures, and the open tokens again."""
        self._settled = max(self._settled, number(happening["settled"]))
        self._taken = max(self._taken, number(happening["taken"]))
        if self._taken - self._shown < _STEP:
            return ()
        return (self._told(self._open),)

    def on_flushed(self, happening: JsonObject) -> Sequence[Answer]:
        """The token that answers ``finalize``."""
        self._settled = max(self._settled, number(happening["at"]))
        self._taken = max(self._taken, self._settled)
        return (self._told([_mark("<fin>")]),)

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """All is processed."""
        self._settled = self._taken = self.received
        return (self._told([]) | {"finished": True},)

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """The error; a code that is no HTTP status is the close code of a 500."""
        code = happening.get("code") or 500
        status = code if isinstance(code, int) and code < 600 else 500
        return _error(status, str(happening["message"])), Ending(close_code(code, 1000))

    def on_capacity(self, _happening: JsonObject) -> Sequence[Answer]:
        """429."""
        return _error(429, "Concurrent request limit reached"), Ending(1000)

    def on_limit(self, _happening: JsonObject) -> Sequence[Answer]:
        """400: a stream has a longest duration."""
        return _error(400, "Audio is too long."), Ending(1000)

    def on_idle(self, _happening: JsonObject) -> Sequence[Answer]:
        """408."""
        return _error(408, "Request timeout"), Ending(1000)

    def on_gone(self, _happening: JsonObject) -> Sequence[Answer]:
        """503: the client is to begin a new request at once."""
        return _error(503, _RESTART), Ending(1000)

    def _told(self, tokens: list[JsonObject]) -> JsonObject:
        self._shown = self._taken
        return {
            "tokens": tokens,
            "final_audio_proc_ms": int(1000 * self._settled + 1e-6),
            "total_audio_proc_ms": int(1000 * self._taken + 1e-6),
        }

    def encode(self, message: JsonObject) -> str:
        """With blanks, as in the maker's examples."""
        return spaced(message)


def _tokens(transcript: JsonObject, *, final: bool) -> list[JsonObject]:
    return [token for word in words_of(transcript) for token in _pieces(word, final=final)]


def _pieces(word: TimedWord, *, final: bool) -> list[JsonObject]:
    """The word in pieces of at most six letters, with their share of its time."""
    count = -(-len(word.text) // _TOKEN)
    each = (word.end - word.start) / count
    return [
        {
            "text": " " * (at == 0) + word.text[at * _TOKEN : (at + 1) * _TOKEN],
            "start_ms": round(1000 * (word.start + at * each)),
            "end_ms": round(1000 * (word.start + (at + 1) * each)),
            "confidence": word.confidence,
            "is_final": final,
        }
        for at in range(count)
    ]


def _mark(text: str) -> JsonObject:
    return {"text": text, "confidence": 1.0, "is_final": True}


def _error(code: int, text: str) -> Wire:
    return {
        "tokens": [],
        "error_code": code,
        "error_message": text,
    }


def _fail(code: int, text: str) -> End:
    return End(Ending(1000), (_error(code, text),))
