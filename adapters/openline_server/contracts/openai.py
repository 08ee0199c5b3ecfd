"""The contract ``openai``: transcription sessions of OpenAI's Realtime API.

The server greets with ``session.created``; ``session.update`` is answered by ``session.updated``.
Audio is base64 in JSON, 16 bits at 24 kHz, and not acknowledged. An *item* is a stretch of audio
with one transcript. With ``turn_detection`` the server ends items where speech stops; without it
the client commits them. ``delta`` adds words to an item, ``completed`` has all of them; neither has
times, but ``speech_started`` and ``speech_stopped`` do, in ms of all the session's audio. There
is no end: the client closes after the last ``completed``.

Source: openai 3.57.0, ``types/realtime``; ``tests/wire/sdk-handshakes.jsonl``. A session lasts
60 minutes at most.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, cast

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
    Rejection,
    Reply,
    Wire,
    number,
)
from openline_server.contracts.pcm import Decoder
from openline_server.contracts.values import close_code, member, path_of

_RATE: Final = 24_000
#: A commit of less audio is an error, in seconds.
_LEAST: Final = 0.1
_ITEM: Final = "conversation.item.input_audio_transcription"


class OpenAI(Contract):
    """One connection."""

    name: ClassVar[str] = "openai"
    path: ClassVar[str] = "/v1/realtime"
    unauthorized: ClassVar[Rejection | None] = Rejection(
        401,
        (("Content-Type", "application/json"),),
        b'{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error",'
        b'"param":null,"code":"invalid_api_key"}}',
    )
    longest: ClassVar[float] = 3600.0
    shows_progress: ClassVar[bool] = False
    acks: ClassVar[bool] = True
    done: ClassVar[Ending | None] = None
    stops_by_flush: ClassVar[bool] = True
    final_mark: ClassVar[bytes] = b".completed"

    def __init__(self, opening: Opening) -> None:
        """``session.update`` has to come."""
        super().__init__(opening)
        self._decoder = Decoder(rate=_RATE)
        self._started = False
        self._detects = True
        self._session: JsonObject = _session(opening)
        self._events = self._items = 0
        self._before: str | None = None
        self._item: str | None = None
        self._item_start = 0.0
        self._texts: list[str] = []
        #: The items that the client committed and that are not completed.
        self._commits: list[tuple[str, float]] = []
        self._committed = 0.0
        #: The code for which the transcription of the item fails that is open; "": a limit.
        self._failing: str | None = None

    @classmethod
    def refuse(cls, target: str) -> Rejection | None:
        """Another path does not exist."""
        return None if path_of(target) == cls.path else cls.no_path

    def opened(self) -> Sequence[Action]:
        """Nothing: ``session.update`` has to come."""
        return ()

    def read(self, message: str | bytes) -> Iterable[Action]:
        """An event of the client."""
        try:
            event = parse_object(message) if isinstance(message, str) else {}
        except MalformedMessageError:
            event = {}
        match event.get("type"):
            case "session.update":
                return self._update(event)
            case "input_audio_buffer.append":
                try:
                    data = base64.b64decode(str(event.get("audio", "")), validate=True)
                except (binascii.Error, ValueError):
                    return (Reply((self._error("invalid_value", "audio is not base64"),)),)
                return self.decoded(self._decoder, data)
            case "input_audio_buffer.commit":
                return self._commit()
            case "input_audio_buffer.clear":
                return (Reply((self._event("input_audio_buffer.cleared"),)),)
            case str() as kind if kind.startswith(("conversation.", "response.")):
                return (Ignored(kind),)
            case other:
                text = f"Invalid value: '{other}'. Supported values are the client events."
                return (Reply((self._error("invalid_value", text),)),)

    def _update(self, event: JsonObject) -> Sequence[Action]:
        session = event.get("session")
        if not isinstance(session, dict):
            text = "Missing required parameter: 'session'."
            return (Reply((self._error("missing_required_parameter", text),)),)
        asked = cast("JsonObject", session)
        given = member(member(asked, "audio"), "input")
        known = member(member(self._session, "audio"), "input")
        form = given.get("format", known["format"])
        if form != {"type": "audio/pcm", "rate": _RATE}:
            text = "Only audio/pcm at 24000 Hz is supported."
            return (Reply((self._error("invalid_value", text),)),)
        self._session = self._session | {"audio": {"input": known | given}}
        self._detects = (known | given)["turn_detection"] is not None
        if not self._started:
            self._started = True
            return (self.start(),)
        return (Reply((self._updated(),)),)

    def _commit(self) -> Sequence[Action]:
        length = self.received - self._committed
        if length < _LEAST:
            text = (
                "Error committing input audio buffer: buffer too small. Expected at least"
                f" 100ms of audio, but buffer only has {1000 * length:.2f}ms of audio."
            )
            return (Reply((self._error("input_audio_buffer_commit_empty", text),)),)
        item, self._item = self._open_item(self._committed), None
        self._commits.append((item, length))
        self._committed = self.received
        return Reply(tuple(self._committing(item))), Flush()

    def greeting(self) -> Sequence[Answer]:
        """The session as it is without an update."""
        return (self._event("session.created", session=self._session),)

    def ack(self) -> Sequence[Answer]:
        """The session as the client wants it."""
        return (self._updated(),)

    def _updated(self) -> Wire:
        return self._event("session.updated", session=self._session)

    def on_asr_partial(self, happening: JsonObject) -> Sequence[Answer]:
        """Speech has started; partial texts are not told, for a delta is never taken back.

        While a commit is being recognised, a partial is about audio of its item.
        """
        return self._speech(happening) if self._detects and not self._commits else ()

    def on_asr_final(self, happening: JsonObject) -> Sequence[Answer]:
        """The words of an item, and its end if the server ends items."""
        text = str(happening["text"])
        if self._commits or not self._detects:
            item = self._commits[0][0] if self._commits else self._open_item(self._committed)
            delta = f" {text}" if self._texts else text
            self._texts.append(text)
            return (self._event(f"{_ITEM}.delta", item_id=item, content_index=0, delta=delta),)
        started = self._speech(happening)
        item, self._item = self._open_item(0.0), None
        end = number(happening["t1"])
        stopped = self._event(
            "input_audio_buffer.speech_stopped", audio_end_ms=round(1000 * end), item_id=item
        )
        self._committed = max(self._committed, end)
        told = self._event(f"{_ITEM}.delta", item_id=item, content_index=0, delta=text)
        done = self._completed(item, text, end - self._item_start)
        if self._failing is not None:
            return *started, stopped, *self._committing(item), done
        return *started, stopped, *self._committing(item), told, done

    def on_asr_failed(self, happening: JsonObject) -> Sequence[Answer]:
        """The item fails that has these words."""
        self._failing = str(happening["code"])
        return () if self._commits or not self._detects else self.on_asr_final(happening)

    def on_flushed(self, _happening: JsonObject) -> Sequence[Answer]:
        """The item that the client committed is complete."""
        if not self._commits:
            return ()
        (item, seconds), *self._commits = self._commits
        text, self._texts = " ".join(self._texts), []
        return (self._completed(item, text, seconds),)

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """An error event; the code is the close code if it can be one."""
        told = self._error(None, str(happening["message"]), kind="server_error")
        return told, Ending(close_code(happening.get("code"), 1011))

    def on_limit(self, happening: JsonObject) -> Sequence[Answer]:
        """The error that names the limit."""
        minutes = number(happening["seconds"]) / 60
        text = f"Your session hit the maximum duration of {minutes:g} minutes."
        return self._error("session_expired", text), Ending(1001)

    def _speech(self, happening: JsonObject) -> Sequence[Answer]:
        if self._item is not None:
            return ()
        start = number(happening["t0"])
        item = self._open_item(start)
        started = self._event(
            "input_audio_buffer.speech_started", audio_start_ms=round(1000 * start), item_id=item
        )
        return (started,)

    def _open_item(self, start: float) -> str:
        if self._item is None:
            self._items += 1
            self._item = f"item_{self.opening.id[:16]}{self._items:04d}"
            self._item_start = start
        return self._item

    def _committing(self, item: str) -> list[Wire]:
        before, self._before = self._before, item
        content: JsonObject = {"type": "input_audio", "transcript": None}
        added: JsonObject = {
            "id": item,
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [content],
        }
        return [
            self._event("input_audio_buffer.committed", previous_item_id=before, item_id=item),
            self._event("conversation.item.added", previous_item_id=before, item=added),
            self._event("conversation.item.done", previous_item_id=before, item=added),
        ]

    def _completed(self, item: str, text: str, seconds: float) -> Wire:
        if self._failing is not None:
            return self._failed(item)
        return self._event(
            f"{_ITEM}.completed", item_id=item, content_index=0, transcript=text,
            usage={"type": "duration", "seconds": round(seconds, 3)},
        )  # fmt: skip

    def _failed(self, item: str) -> Wire:
        """As OpenAI words it: a limit stands in the text alone."""
        code, self._failing = self._failing, None
        error: JsonObject = {
            "type": "transcription_error" if code else "server_error",
            "code": code or None,
            "message": f"Input transcription failed for item '{item}'."
            f" {code or '429 Too Many Requests'}",
            "param": None,
        }
        return self._event(f"{_ITEM}.failed", item_id=item, content_index=0, error=error)

    def _event(self, kind: str, **members: object) -> JsonObject:
        self._events += 1
        return {
            "type": kind,
            "event_id": f"event_{self.opening.id[:16]}{self._events:06d}",
            **members,
        }

    def _error(
        self, code: str | None, text: str, *, kind: str = "invalid_request_error"
    ) -> JsonObject:
        error = {"type": kind, "code": code, "message": text, "param": None, "event_id": None}
        return self._event("error", error=error)


def _session(opening: Opening) -> JsonObject:
    longest = min(opening.longest, OpenAI.longest)
    return {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": f"sess_{opening.id[:24]}",
        "expires_at": int(opening.at + longest),
        "include": None,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": _RATE},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                },
            }
        },
    }
