"""The contract ``whisperlive``: WhisperLive's server.

The client sends its options, then audio: 32-bit float at 16 kHz unless ``audio_format`` says
otherwise. Each message repeats the last completed segments and adds the open one; times are
strings. The binary message ``END_OF_AUDIO`` closes at once, and what was not yet told is lost;
a client waits for it instead. A session that is too long gets ``DISCONNECT``, a full server
answers ``WAIT`` with the minutes; every close is 1000. Of more than 45 s that wait for the
recogniser the oldest 30 s are dropped.

Source: WhisperLive 0.10.0; recordings: ``tests/wire/whisperlive*.jsonl``. The limit of 300 s is
that of its ``run_server.py``.
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
    Headers,
    JsonObject,
    MalformedMessageError,
    Opening,
    Wire,
    number,
    spaced,
    tokens_of,
)
from openline_server.contracts.pcm import Decoder, Encoding
from openline_server.contracts.words import words_of

_FORMATS: Final[dict[str, Encoding]] = {"float32": "f32le", "int16": "s16le", "uint8": "u8"}
_NEEDED: Final = ("uid", "language", "task", "model")
_END: Final = b"END_OF_AUDIO"
_SEGMENTS: Final = 10
#: How often an older server repeats its last message in a pause, once a second.
_REPEATS: Final = 5


class WhisperLive(Contract):
    """One connection."""

    name: ClassVar[str] = "whisperlive"
    any_path: ClassVar[bool] = True
    most_bytes: ClassVar[int] = 2**20  # of the library websockets, by default
    queue_seconds: ClassVar[float] = 45.0
    shed_seconds: ClassVar[float] = 30.0
    longest: ClassVar[float] = 300.0
    shows_progress: ClassVar[bool] = False
    acks: ClassVar[bool] = True
    final_mark: ClassVar[bytes] = b'"completed": true'

    def __init__(self, opening: Opening) -> None:
        """The options have to come."""
        super().__init__(opening)
        self._uid: object = None
        self._decoder: Decoder | None = None
        self._shown, self._with_words = _SEGMENTS, False
        self._completed: list[JsonObject] = []
        self._language_unknown = False

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """``Bearer K``, ``?token=``, or the subprotocols ``bearer, K``."""
        named = {name.lower(): value for name, value in headers}
        offered = [each.strip() for each in named.get(b"sec-websocket-protocol", b"").split(b",")]
        found = offered[1:2] if offered[0] == b"bearer" else []
        return tokens_of(headers, target, schemes=("bearer",)) + found

    @classmethod
    def subprotocol(cls, proposed: Sequence[str]) -> str | None:
        """The one before the key."""
        return proposed[0] if proposed and proposed[0] == "bearer" else None

    def opened(self) -> Sequence[Action]:
        """Nothing: the options have to come."""
        return ()

    def read(self, message: str | bytes) -> Iterable[Action]:
        """The options, audio or the end."""
        if self._decoder is None:
            return self._options(message)
        if message == _END:
            return (End(Ending(1000), stop=True),)
        if isinstance(message, str):
            return (End(Ending(1000)),)  # the real server fails on it, and closes
        return self.decoded(self._decoder, message)

    def _options(self, message: str | bytes) -> Sequence[Action]:
        try:
            options = parse_object(message) if isinstance(message, str) else {}
        except MalformedMessageError:
            options = {}
        if not all(name in options for name in _NEEDED):
            return (End(Ending(1000)),)
        encoding = _FORMATS.get(str(options.get("audio_format", "float32")))
        if encoding is None:
            return (End(Ending(1000)),)
        self._uid, self._decoder = options["uid"], Decoder(encoding)
        shown = options.get("send_last_n_segments", _SEGMENTS)
        self._shown = shown if isinstance(shown, int) and shown > 0 else _SEGMENTS
        self._with_words = options.get("word_timestamps") is True
        self._language_unknown = options["language"] is None
        return (self.start(),)

    def ack(self) -> Sequence[Answer]:
        """The model is loaded."""
        return (self._message(message="SERVER_READY", backend="faster_whisper"),)

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """The completed segments and the open one."""
        return self._told(happening, [self._segment(happening, completed=False)])

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """One segment more is completed."""
        self._completed.append(self._segment(happening, completed=True))
        return self._told(happening, [])

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """A status, and 1000 as always."""
        return self._message(status="ERROR", message=happening["message"]), Ending(1000)

    def on_capacity(self, _happening: JsonObject) -> Sequence[Answer]:
        """The minutes until a client has to go."""
        return self._message(status="WAIT", message=round(self.longest / 60, 4)), Ending(1000)

    def on_limit(self, _happening: JsonObject) -> Sequence[Answer]:
        """The session was too long."""
        return self._message(message="DISCONNECT"), Ending(1000)

    def on_idle(self, _happening: JsonObject) -> Sequence[Answer]:
        """The server has no such rule, and closes as always."""
        return (Ending(1000),)

    def on_gone(self, happening: JsonObject) -> Sequence[Answer]:
        """As if the session was too long."""
        return self.on_limit(happening)

    def _message(self, **members: object) -> Wire:
        return {"uid": self._uid, **members}

    def _told(self, happening: JsonObject, opened: list[JsonObject]) -> Sequence[Answer]:
        told: list[Answer] = []
        if self._language_unknown:
            self._language_unknown = False
            language = happening.get("language") or "en"
            told.append(self._message(language=language, language_prob=1.0))
        told.append(self._message(segments=self._completed[-self._shown :] + opened))
        return told

    def _segment(self, transcript: JsonObject, *, completed: bool) -> JsonObject:
        segment: JsonObject = {
            "start": _time(number(transcript["t0"])),
            "end": _time(number(transcript["t1"])),
            "text": f" {transcript['text']}",
            "completed": completed,
        }
        if self._with_words:
            segment["words"] = [
                {
                    "word": f" {word.text}",
                    "start": _time(word.start),
                    "end": _time(word.end),
                    "probability": word.confidence,
                }
                for word in words_of(transcript)
            ]
        return segment

    def encode(self, message: JsonObject) -> str:
        """As Python's ``json.dumps`` does by default."""
        return spaced(message)


class OlderWhisperLive(WhisperLive):
    """A server of 2024: 32-bit float alone, and no segment says whether it is completed.

    In a pause it repeats its last message for 5 s (``show_prev_out_thresh``).
    """

    final_mark: ClassVar[bytes] = b"}, {"

    def __init__(self, opening: Opening) -> None:
        """Nothing is there to be repeated."""
        super().__init__(opening)
        self._repeats = 0

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """The next one has the open segment anyway."""
        self._repeats = 0
        return super().on_asr_partial(happening)

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """From here on it is repeated."""
        self._repeats = _REPEATS
        return super().on_asr_final(happening)

    def on_metrics(self, happening: JsonObject) -> Sequence[Answer]:
        """Each second: the last message again, while nothing is said."""
        if not self._repeats:
            return ()
        self._repeats -= 1
        return self._told(happening, [])

    def _options(self, message: str | bytes) -> Sequence[Action]:
        found = super()._options(message)
        if self._decoder is not None:
            self._decoder = Decoder("f32le")
        return found

    def _segment(self, transcript: JsonObject, *, completed: bool) -> JsonObject:
        segment = super()._segment(transcript, completed=completed)
        del segment["completed"]
        return segment


WhisperLive.variants = {"older server": OlderWhisperLive}


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
