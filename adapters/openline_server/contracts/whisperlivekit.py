"""The contract ``whisperlivekit``: WhisperLiveKit's own protocol, ``/asr``.

The server greets with a ``config``. Then each message is the whole state: one line per speaker
that grows from the beginning, the text that may still change (``buffer_transcription``), and
how much is not yet decoded or not yet committed. With ``?mode=diff`` the first message is a
snapshot and the others hold what changed. An empty binary message ends the audio; after the last
state comes ``ready_to_stop``, and the client closes.

Source: WhisperLiveKit 0.2.26; recordings: ``tests/wire/whisperlivekit-asr*.jsonl``. Its times
are rounded to hundredths of a second, its figures to tenths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    Ending,
    Headers,
    Ignored,
    JsonObject,
    Opening,
    Rejection,
    Stop,
    Wire,
    number,
    tokens_of,
)
from openline_server.contracts.pcm import Decoder
from openline_server.contracts.values import close_code, path_of


class WhisperLiveKit(Contract):
    """One connection."""

    name: ClassVar[str] = "whisperlivekit"
    path: ClassVar[str] = "/asr"
    no_path: ClassVar[Rejection] = Rejection(403)
    unauthorized: ClassVar[Rejection | None] = Rejection(403)
    done: ClassVar[Ending | None] = None
    acks: ClassVar[bool] = True
    final_mark: ClassVar[bytes] = b'"speaker":1'

    def __init__(self, opening: Opening) -> None:
        """The mode is in the query."""
        super().__init__(opening)
        self._decoder = Decoder()
        self._diff = opening.query.get("mode") == "diff"
        self._line: JsonObject | None = None
        self._text = self._partial = ""
        self._end = self._taken = self._settled = 0.0
        self._sent = 0
        self._line_sent: JsonObject | None = None

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """``Bearer K``, ``Token K`` or ``?token=``."""
        return tokens_of(headers, target, schemes=("bearer", "token"))

    @classmethod
    def refuse(cls, target: str) -> Rejection | None:
        """Another path gets what a wrong token gets."""
        return None if path_of(target) == cls.path else cls.no_path

    def read(self, message: str | bytes) -> Iterable[Action]:
        """Audio; without any, the end."""
        if isinstance(message, str):
            return (Ignored(message[:64]),)
        return self.decoded(self._decoder, message) if message else (Stop(),)

    def ack(self) -> Sequence[Answer]:
        """The greeting, and the first state."""
        mode = "diff" if self._diff else "full"
        return {"type": "config", "useAudioWorklet": True, "mode": mode}, self._state()

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """The text that may still change."""
        self._partial = f" {happening['text']}"
        return (self._state(),)

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """The line grows."""
        self._text += f" {happening['text']}"
        self._end = max(self._end, number(happening["t1"]))
        self._partial = ""
        self._line = {
            "speaker": 1,
            "text": self._text,
            "start": _clock(0.0),
            "end": _clock(self._end),
        }
        return (self._state(),)

    def on_progress(self, happening: JsonObject) -> Sequence[Answer]:
        """The figures."""
        self._taken = max(self._taken, number(happening["taken"]))
        self._settled = max(self._settled, number(happening["settled"]))
        return (self._state(),)

    def on_final_summary(self, _happening: JsonObject) -> Sequence[Answer]:
        """The last state, and that it is."""
        self._partial = ""
        self._taken = self._settled = self.received
        return self._state(), {"type": "ready_to_stop"}

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """A message and 4400."""
        text = str(happening["message"])
        closes = close_code(happening.get("code"), 4400)
        reason = "invalid session parameters" if closes == 4400 else ""
        return {"type": "error", "error": text}, Ending(closes, reason)

    def _state(self) -> Wire:
        self._sent += 1
        lines = [] if self._line is None else [self._line]
        if not self._diff:
            return {"status": self._status, "lines": lines, **self._figures()}
        head: JsonObject = {"type": "diff", "seq": self._sent, "status": self._status}
        if self._sent == 1:
            return head | {"type": "snapshot", "lines": lines, **self._figures()}
        state = head | {"n_lines": len(lines), **self._figures()}
        if self._line != self._line_sent:
            if self._line_sent is not None:
                state["lines_pruned"] = 1
            state["new_lines"] = lines
            self._line_sent = self._line
        return state

    @property
    def _status(self) -> str:
        said = self._line is not None or self._partial
        return "active_transcription" if said else "no_audio_detected"

    def _figures(self) -> JsonObject:
        behind = max(0.0, self.received - self._taken)
        held = max(0.0, self._taken - self._settled)
        return {
            "buffer_transcription": self._partial,
            "buffer_diarization": "",
            "buffer_translation": "",
            "remaining_time_transcription": _up(behind + held),
            "remaining_time_transcription_processing": _up(behind),
            "remaining_time_transcription_policy": _up(held),
            "remaining_time_diarization": 0,
        }


def _up(seconds: float) -> float:
    """Rounded up to tenths: what is rounded down would prove too much."""
    return -(-round(seconds * 1000) // 100) / 10


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"
