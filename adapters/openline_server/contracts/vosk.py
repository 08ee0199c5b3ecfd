"""The contract ``vosk``: the WebSocket server of Vosk, ``asr_server.py``.

Every message but a ``config`` is answered by exactly one message, in order: the server reads
one, decodes it and answers. So a reply to message k here waits until all audio of message k
has been recognised. An endpoint makes it a result with words and times, anything else a
partial without times. ``{"reset" : 1}`` ends the utterance, ``{"eof" : 1}`` the session: one
result, then 1000. Any other text breaks the decoder, and the socket closes with 1011, even
the same JSON with other blanks.

A result is about all audio up to the message that it answers. Where the endpointer cuts a
speaker who does not pause, speech goes on behind the cut; then the result waits for the
next pause. Recordings: ``tests/wire/vosk-ko.jsonl``, ``vosk-wrong-eof.jsonl``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final, cast

from openline.updates import SAMPLE_RATE
from openline_server.contract import parse_object
from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    End,
    Ending,
    Flush,
    JsonObject,
    MalformedMessageError,
    Opening,
    Reply,
    Stop,
    Wire,
    number,
)
from openline_server.contracts.pcm import LEAST_RATE, MOST_RATE, Decoder
from openline_server.contracts.words import TimedWord, words_of

_EOF: Final = '{"eof" : 1}'
_RESET: Final = '{"reset" : 1}'
#: The rate of ``asr_server.py`` unless a ``config`` gives another.
_USUAL_RATE: Final = 8_000
#: The lead-in that an endpointer holds back in silence, and a block: no word begins there.
_LEAD_IN: Final = 0.45
#: After so much silence comes a result without text (Kaldi's first endpointing rule: 5 s).
_SILENCE: Final = 5.0


class Vosk(Contract):
    """One connection."""

    name: ClassVar[str] = "vosk"
    any_path: ClassVar[bool] = True
    most_bytes: ClassVar[int] = 2**20  # of the library websockets, by default
    final_mark: ClassVar[bytes] = b'"result"'

    def __init__(self, opening: Opening) -> None:
        """Until a ``config`` comes the audio has 8 kHz."""
        super().__init__(opening)
        self._decoder = Decoder(rate=_USUAL_RATE)
        self._shows_words, self._alternatives = True, 0
        self._told = self._said = 0.0
        #: Where the audio of each message ends that has no reply yet.
        self._ends: list[float] = []
        self._words: list[TimedWord] = []
        self._partial = ""
        self._finishing = False

    @classmethod
    def judge(cls, headers: object, target: str, token: str) -> None:
        """The server knows no credentials."""

    def read(self, message: str | bytes) -> Iterable[Action]:
        """Audio, a configuration, the reset or the end."""
        if isinstance(message, bytes):
            heard = self._hear(message)
            return heard if len(self._decoder.parts(message)) > 1 else tuple(heard)
        if message == _EOF:
            self._finishing = True
            return (Stop(),)
        if message == _RESET:
            return (Flush(),)
        try:
            config = parse_object(message).get("config")
        except MalformedMessageError:
            config = None
        return self._configure(cast("JsonObject", config)) if isinstance(config, dict) else _BROKEN

    def _hear(self, message: bytes) -> Iterator[Action]:
        for audio in self.decoded(self._decoder, message):
            if audio.more or audio.pcm or self._ends:
                if not audio.more:
                    self._ends.append(self.received)
                yield audio
            else:  # nothing comes of it that could answer it
                yield Reply(({"partial": self._text()},))

    def _configure(self, config: JsonObject) -> Sequence[Action]:
        rate = config.get("sample_rate")
        if isinstance(rate, int | float):
            if not LEAST_RATE <= rate <= MOST_RATE:
                return _BROKEN
            if not self.received:  # later ones do not rebuild the recogniser
                self._decoder = Decoder(rate=int(rate))
        self._shows_words = bool(config.get("words", self._shows_words))
        alternatives = config.get("max_alternatives", self._alternatives)
        self._alternatives = alternatives if isinstance(alternatives, int) else 0
        return ()

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """The next reply says it."""
        self._partial = str(happening["text"])
        return ()

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """The next result says it."""
        self._words += words_of(happening)
        self._said = min(number(happening["t1"]), self.received)
        self._partial = ""
        return ()

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """A reply for each message that is recognised.

        While a final is being recognised, these are the messages in front of it. A recogniser
        that is slower than speech has always a final to recognise, and must be no reason to say
        nothing until the end.
        """
        dropped = number(happening["dropped"])
        taken, settled = (number(happening[name]) + dropped for name in ("taken", "settled"))
        known = settled if happening["waiting"] else taken
        told: list[Answer] = []
        while self._ends and self._ends[0] <= known + 1e-6:
            end = self._ends.pop(0)
            pauses = end <= settled or taken - settled <= _LEAD_IN
            due = end >= self._said if self._words else end - self._told >= _SILENCE
            if pauses and due and not self._finishing:
                told.append(self._result(end))
            else:
                told.append({"partial": self._text()})
        return told

    def _text(self) -> str:
        return " ".join([*(word.text for word in self._words), *self._partial.split()])

    def on_flushed(self, happening: JsonObject) -> Sequence[Answer]:
        """The result that answers the reset, after what the messages before it are owed."""
        return (*self._owed(number(happening["at"])), self._result(number(happening["at"])))

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """The result that answers the end."""
        return (*self._owed(self.received), self._result(self.received))

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """There is no error message: 1011 and no reason, whatever ``happening`` says."""
        del happening
        return (Ending(1011),)

    def on_limit(self, _happening: JsonObject) -> Sequence[Answer]:
        """There is no limit of its own: 1011."""
        return (Ending(1011),)

    def _owed(self, at: float) -> Sequence[Wire]:
        owed = [end for end in self._ends if end <= at + 1e-6]
        del self._ends[: len(owed)]
        return [{"partial": self._partial} for _ in owed]

    def _result(self, at: float) -> Wire:
        words, self._words, self._partial, self._told = self._words, [], "", at
        text = " ".join(word.text for word in words)
        listed = [
            {"conf": word.confidence, "end": word.end, "start": word.start, "word": word.text}
            for word in words
        ]
        if self._alternatives:
            best: JsonObject = {"confidence": 1.0, "text": text}
            return {"alternatives": [best | ({"result": listed} if listed else {})]}
        return {"result": listed, "text": text} if listed and self._shows_words else {"text": text}

    def encode(self, message: JsonObject) -> str:
        """As Vosk's own JSON writer does: indented, blanks around colons, six decimals."""
        return _written(message, "")


class VoskInCpp(Vosk):
    """``asr_server.cpp`` of the same project: every text but the end is audio to it.

    So it answers a ``config`` and a reset with a partial. Its rate is that of ``VOSK_SAMPLE_RATE``,
    here 16 kHz. Behind the last result it closes only at the next message.
    """

    done: ClassVar[Ending | None] = None

    def __init__(self, opening: Opening) -> None:
        """The audio has 16 kHz, whatever the client says."""
        super().__init__(opening)
        self._decoder = Decoder(rate=SAMPLE_RATE)

    def read(self, message: str | bytes) -> Iterable[Action]:
        """Audio, or the end."""
        if self._finishing:
            return (End(Ending(1000), stop=True),)
        if message == _EOF:
            return super().read(message)
        data = message.encode() if isinstance(message, str) else message
        return super().read(data[: len(data) // 2 * 2])  # half a sample is no audio to it


Vosk.variants = {"cpp server": VoskInCpp}
_BROKEN: Final = (End(Ending(1011)),)


def _written(value: object, indent: str) -> str:
    deeper = f"{indent}  "
    match value:
        case dict():
            members = cast("JsonObject", value).items()
            lines = ",\n".join(f'{deeper}"{k}" : {_written(v, deeper)}' for k, v in members)
            return f"{{\n{lines}\n{indent}}}"
        case list():
            each = ", ".join(_written(item, deeper) for item in cast("list[object]", value))
            return f"[{each}]"
        case float():
            return f"{value:.6f}"
        case _:
            return json.dumps(value, ensure_ascii=False)
