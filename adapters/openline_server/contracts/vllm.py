"""The contract ``vllm``: ``/v1/realtime`` of vLLM.

The server greets with ``session.created``. The client names the model (no reply), and a
``commit`` begins a generation. Audio is base64 in JSON, 16 bits at 16 kHz. ``commit`` with
``final`` ends the utterance: its deltas, then ``transcription.done``. Words have no times. Audio
that arrives between that commit and its ``done`` is thrown away, as the real server clears its
queue. The next commit begins the next utterance; the client closes.

Source: vLLM, ``entrypoints/openai/realtime/connection.py`` (055e47c) and ``protocol.py``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import ClassVar

from openline_server.contract import parse_object
from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    Ending,
    Flush,
    Ignored,
    JsonObject,
    MalformedMessageError,
    Opening,
    Reply,
    Wire,
)
from openline_server.contracts.pcm import Decoder
from openline_server.contracts.values import close_code


class Vllm(Contract):
    """One connection."""

    name: ClassVar[str] = "vllm"
    path: ClassVar[str] = "/v1/realtime"
    shows_progress: ClassVar[bool] = False
    acks: ClassVar[bool] = True
    done: ClassVar[Ending | None] = None
    stops_by_flush: ClassVar[bool] = True
    final_mark: ClassVar[bytes] = b'"transcription.done"'

    def __init__(self, opening: Opening) -> None:
        """The model has to be named."""
        super().__init__(opening)
        self._decoder = Decoder()
        self._named = self._ending = False
        self._texts: list[str] = []

    def read(self, message: str | bytes) -> Iterable[Action]:
        """An event of the client."""
        try:
            event = parse_object(message) if isinstance(message, str) else {}
        except MalformedMessageError:
            return (Reply((_error("Invalid JSON", "invalid_json"),)),)
        match event.get("type"):
            case "session.update":
                if not isinstance(event.get("model"), str):
                    return (Reply((_error("The model does not exist.", "model_not_found"),)),)
                self._named = True
                return ()
            case "input_audio_buffer.append":
                return self._append(event)
            case "input_audio_buffer.commit":
                return self._commit(event)
            case other:
                text = f"Unknown event type: {other}"
                return (Reply((_error(text, "unknown_event"),)),)

    def _append(self, event: JsonObject) -> Iterable[Action]:
        if self._ending:
            return (Ignored("input_audio_buffer.append"),)
        try:
            data = base64.b64decode(str(event.get("audio", "")), validate=True)
        except (binascii.Error, ValueError):
            return (Reply((_error("Invalid audio data", "invalid_audio"),)),)
        return self.decoded(self._decoder, data)

    def _commit(self, event: JsonObject) -> Sequence[Action]:
        if not self._named:
            text = "Model not validated. Send a session.update with the model first."
            return (Reply((_error(text, "model_not_validated"),)),)
        if event.get("final") is not True or self._ending:
            return ()
        self._ending = True
        return (Flush(),)

    def ack(self) -> Sequence[Answer]:
        """The greeting."""
        created: JsonObject = {
            "type": "session.created",
            "id": f"sess-{self.opening.id}",
            "created": int(self.opening.at),
        }
        return (created,)

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """The words that are new."""
        text = str(happening["text"])
        delta = f" {text}" if self._texts else text
        self._texts.append(text)
        return ({"type": "transcription.delta", "delta": delta},)

    def on_flushed(self, _happening: JsonObject) -> Sequence[Answer]:
        """All words of the utterance."""
        text, self._texts, self._ending = " ".join(self._texts), [], False
        words = len(text.split())
        usage = {"prompt_tokens": 1, "total_tokens": 1 + words, "completion_tokens": words}
        return ({"type": "transcription.done", "text": text, "usage": usage},)

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """An error event; the code is the close code if it can be one."""
        closes = close_code(happening.get("code"), 1011)
        return _error(str(happening["message"]), "processing_error"), Ending(closes)


def _error(text: str, code: str) -> Wire:
    return {"type": "error", "error": text, "code": code}
