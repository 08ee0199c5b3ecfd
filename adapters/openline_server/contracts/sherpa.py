"""The contract ``sherpa``: the online WebSocket server of sherpa-onnx.

Audio is binary, 32-bit float at 16 kHz. Nothing is acknowledged and there is no error
message. Each message has the open segment as it stands; the times of its tokens count from
``start_time``, and ``num_trailing_blanks`` are frames of 40 ms in which no token was found, so
that a message proves how far the audio is decoded. An endpoint sets ``is_final``; then the
next segment begins. Silence ends a segment too, without text. The text ``Done`` ends the
audio: a last message with ``is_eof``, the text ``Done!``, and the client closes.

Recording: ``tests/wire/sherpa-onnx.jsonl``. The numbers of blanks are those of silence that
the recogniser here has settled, so that they prove what they prove in the real server.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, cast

from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    Ending,
    Ignored,
    JsonObject,
    Opening,
    Stop,
    Wire,
    number,
)
from openline_server.contracts.pcm import Decoder
from openline_server.contracts.words import words_of

#: A frame of the decoder, in seconds: the unit of ``num_trailing_blanks``.
_FRAME: Final = 0.04
#: Rule 1 of its endpointing: so much silence ends a segment without text.
_SILENCE: Final = 2.4
#: How often the state is sent while audio comes; the real server does so for each chunk of it.
_STEP: Final = 0.3


class Sherpa(Contract):
    """One connection."""

    name: ClassVar[str] = "sherpa"
    any_path: ClassVar[bool] = True
    done: ClassVar[Ending | None] = None
    final_mark: ClassVar[bytes] = b'"is_final": true'

    def __init__(self, opening: Opening) -> None:
        """The first segment begins at 0."""
        super().__init__(opening)
        self._decoder = Decoder("f32le")
        self._segment = 0
        self._start = self._shown = self._settled = 0.0
        self._partial: JsonObject | None = None
        self._finishing = False
        #: The last final, which becomes the last message once the audio has ended.
        self._last: JsonObject | None = None

    @classmethod
    def judge(cls, headers: object, target: str, token: str) -> None:
        """The server knows no credentials."""

    def read(self, message: str | bytes) -> Iterable[Action]:
        """Audio, or the end."""
        if isinstance(message, bytes):
            return self.decoded(self._decoder, message)
        if message == "Done":
            self._finishing = True
            return (Stop(),)
        return (Ignored(message[:64]),)

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """The open segment."""
        self._partial = happening
        return (self._state(happening),)

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """The end of a segment; the last one waits for the end of the audio."""
        self._partial = None
        before = () if self._last is None else (self._final(self._last),)
        self._last = happening if self._finishing else None
        return before if self._finishing else (self._final(happening),)

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """Blanks in silence; a final without text after a while of it."""
        self._settled = max(self._settled, number(happening["settled"]))
        if self._partial is not None or happening["waiting"] or self._finishing:
            return ()
        if self._settled - self._start >= _SILENCE:
            return (self._final({"text": "", "t0": self._settled, "t1": self._settled}),)
        if self._settled - self._shown < _STEP:
            return ()
        return (self._state({"text": "", "t0": self._start, "t1": self._start}),)

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """The last message, and the text that ends the conversation."""
        end = self._settled
        last = self._last or {"text": "", "t0": end, "t1": end}
        return self._final(last, eof=True), "Done!"

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """There is no error message: 1011 and no reason, whatever ``happening`` says."""
        del happening
        return (Ending(1011),)

    def _final(self, transcript: JsonObject, *, eof: bool = False) -> Wire:
        told = self._state(transcript, final=True, eof=eof)
        self._start = max(self._start, number(transcript["t1"]))
        self._segment += bool(transcript["text"])
        return told

    def _state(self, transcript: JsonObject, *, final: bool = False, eof: bool = False) -> Wire:
        words = words_of(transcript)
        times = [round(max(0.0, word.start - self._start), 2) for word in words]
        if final:
            proved = number(transcript["t1"])
        elif words:
            proved = self._start + times[-1]
        else:
            proved = self._settled
        self._shown = max(self._shown, proved)
        blank = proved - self._start - (times[-1] if times else 0.0)
        return {
            "text": " ".join(word.text for word in words),
            "tokens": [f" {word.text}" for word in words],
            "timestamps": times,
            "ys_probs": [],
            "lm_probs": [],
            "context_scores": [],
            "segment": self._segment,
            "words": [],
            "num_trailing_blanks": max(0, int(blank / _FRAME + 1e-6)),
            "start_time": round(self._start, 2),
            "is_final": final,
            "is_eof": eof,
        }

    def encode(self, message: JsonObject) -> str:
        """As the real server does: blanks inside the braces, two decimals."""
        members = (f'"{name}": {_written(value)}' for name, value in message.items())
        return f"{{ {', '.join(members)}}}"


class OlderSherpa(Sherpa):
    """Before version 1.12: it marks no message as the last one, and counts no blanks."""

    def _state(self, transcript: JsonObject, *, final: bool = False, eof: bool = False) -> Wire:
        state = super()._state(transcript, final=final, eof=eof)
        if isinstance(state, dict):
            del state["is_eof"], state["num_trailing_blanks"]
        return state


Sherpa.variants = {"older server": OlderSherpa}


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, cast('list[object]', value)))}]"
    if isinstance(value, float):
        return f"{value:.2f}"
    return json.dumps(value, ensure_ascii=False)
