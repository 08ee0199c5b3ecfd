"""The dialect of OpenAI's realtime API in a transcription session (``api.openai.com``).

The server greets with ``session.created``; ``session.update`` carries the settings and is answered
by ``session.updated``. Audio goes as base64 of 24 kHz samples within JSON. Transcripts belong to
*items* and have no times (``openai_items``). There are two ways to make items:

- The server's voice activity detection (VAD) ends an item in a pause, and says where it lies. Audio
  in which it hears no speech belongs to no item, so silence behind the last item is not proved.
- Without VAD this client commits every ``commit_every`` seconds (``flush``). Then each sample
  belongs to an item and all is proved, but a commit may lie within a word. The newest models allow
  only this.

A transcript that failed is audio that is lost. The end: a commit, then the transcripts of all
items. The commit of an empty buffer is answered by an error, which counts as an answer.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from openline.dialects.openai_items import (
    MOST_ITEMS,
    MOST_TEXT,
    OpenAIMemory,
    without_skipped,
)
from openline.dialects.openai_rows import (
    CODES,
    REFUSALS,
    error_item,
    is_about_commit,
    is_empty_commit,
    limit_of,
)
from openline.dialects.options import option
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Memory,
    Message,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
)
from openline.dialects.traits import PAUSE, Address, AudioForm, Drain, Ends, Traits
from openline.dialects.wire_json import (
    Fields,
    date,
    fields,
    label,
    objects,
    read_object,
    seconds,
    text,
    unknown,
    write,
)

#: OpenAI, Realtime transcription: without a model, which would make a conversation.
ADDRESS: Final = Address("api.openai.com", 443, "/v1/realtime", secure=True)
#: Seconds of a session at most (OpenAI, Realtime conversations).
LONGEST: Final = 60 * 60.0
#: Seconds that a commit holds at least, else it is refused as empty.
LEAST: Final = 0.1
#: Models whose sessions must have no VAD (OpenAI, Realtime transcription).
WITHOUT_VAD: Final = ("gpt-live-transcribe", "gpt-realtime-whisper")
#: What ``turn_detection`` may be.
DETECTIONS: Final = ("auto", "server_vad", "semantic_vad", "none")

#: Bytes of a second of audio.
_SECOND: Final = 48000

_INPUT: Final = "input_audio_buffer."
_WORDS: Final = "conversation.item.input_audio_transcription."
#: Beginnings of the types of messages that say nothing about the audio.
_OTHERS: Final = ("conversation.", "input_audio_buffer.", "rate_limits.")
_API: Final = "OpenAI, RealtimeTranscriptionSessionCreateRequestGA"


@dataclass(frozen=True, kw_only=True)
class OpenAI(DialectBase):
    """OpenAI realtime transcription. The key is a bearer token."""

    name = "openai"  # without an annotation: no field, and no option

    model: str = option("gpt-transcribe", "the model", "OpenAI, AudioTranscription")
    language: str = option("", "the language, such as en", "OpenAI, AudioTranscription")
    languages: tuple[str, ...] = option((), "possible languages (gpt-transcribe, -live)", _API)
    prompt: str = option("", "a text that guides the model", _API)
    keywords: tuple[str, ...] = option((), "words to recognize (gpt-transcribe, -live)", _API)
    delay: str = option("", "minimal, low, medium, high or xhigh (gpt-realtime-whisper)", _API)
    noise_reduction: str = option("", "near_field or far_field", _API)
    turn_detection: str = option("auto", "auto, server_vad, semantic_vad or none", _API)
    threshold: float | None = option(None, "how loud speech is, 0 to 1 (server_vad)", _API)
    silence: int | None = option(None, "milliseconds that end an item (server_vad)", _API)
    commit_every: float = option(10.0, "seconds between commits without VAD")
    traits: Traits = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.turn_detection not in DETECTIONS:
            raise ValueError(f"option turn_detection: give one of {', '.join(DETECTIONS)}")
        if self._needs_commits and self.turn_detection not in {"auto", "none"}:
            raise ValueError(f"option turn_detection: {self.model} allows none alone")
        if self.commit_every < 1:
            raise ValueError("option commit_every: give 1 second or more")
        object.__setattr__(self, "traits", self._traits())

    @property
    def _needs_commits(self) -> bool:
        return self.model.startswith(WITHOUT_VAD)

    @property
    def detection(self) -> str:
        """The turn detection in use: ``server_vad``, ``semantic_vad`` or ``none``."""
        if self.turn_detection == "auto":
            return "none" if self._needs_commits else "server_vad"
        return self.turn_detection

    def _traits(self) -> Traits:
        commits = self.detection == "none"
        return Traits(
            sources=(),
            # A message of 0.1 s or more, so that a buffer that is not empty may be committed.
            form=AudioForm(rate=24000, usual=0.1, least=LEAST),
            greets=True,
            longest=LONGEST,
            ends=Ends.NONE,
            proves_silence=commits,
            silent_in_silence=not commits,
            # With VAD a long item has no words before its end; else a commit and its transcript.
            horizon=self.commit_every + 20.0 if commits else 60.0,
            queue=None,  # it keeps all that it is sent
            flush_every=self.commit_every if commits else None,
            flush_idle=None if commits else PAUSE,
            drain=Drain.FLUSH,
            drain_timeout=5.0,
            codes=CODES,
            refusals=REFUSALS,
            address=ADDRESS,
            key_variable="OPENAI_API_KEY",
        )

    def query(self) -> Sequence[tuple[str, str]]:
        """A transcription session."""
        return [("intent", "transcription")]

    def begin(self) -> OpenAIMemory:
        """No item."""
        return OpenAIMemory()

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """The settings of the session."""
        transcription: Fields = {"model": self.model}
        for name in ("language", "languages", "prompt", "keywords", "delay"):
            if given := getattr(self, name):
                transcription[name] = given
        detection: Fields | None = None
        if self.detection != "none":
            detection = {"type": self.detection}
        for name, value in (("threshold", self.threshold), ("silence_duration_ms", self.silence)):
            if detection is not None and value is not None:
                detection[name] = value
        audio: Fields = {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": transcription,
            "turn_detection": detection,
        }
        if self.noise_reduction:
            audio["noise_reduction"] = {"type": self.noise_reduction}
        session = {"type": "transcription", "audio": {"input": audio}}
        return memory, (write({"type": "session.update", "session": session}),)

    def audio(self, memory: OpenAIMemory, source: str, pcm: bytes, number: int) -> Encoded:
        """The samples as base64."""
        message = {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}
        return replace(memory, sent=memory.sent + len(pcm) / _SECOND), (write(message),)

    def flush(self, memory: OpenAIMemory, sent: Sent) -> Encoded:
        """A commit of the audio since the last one; none of less than ``LEAST``.

        While no audio comes it commits only speech: of silence a model may make words.
        """
        if sent.idle and not memory.hears_speech:
            return memory, ()
        if sent.seconds - memory.asked < LEAST or len(memory.pending) >= MOST_ITEMS:
            return memory, ()
        return _commit(memory, sent)

    def stop(self, memory: OpenAIMemory, ids: Ids, sent: Sent) -> Encoded:
        """A last commit, also of nothing: its answer, an error, ends the session."""
        return _commit(replace(memory, stopped=True), sent)

    def decode(self, memory: OpenAIMemory, data: str | bytes) -> Decoded:
        """One server event, of any shape."""
        message = read_object(data)
        if isinstance(message, Malformed):
            return memory, (message,)
        kind = text(message.get("type"))
        if kind.endswith(("session.created", "session.updated")):
            ready = memory.ready or kind.endswith("updated")
            at = date(fields(message.get("session")).get("expires_at"))
            ends = () if at is None else (Expires(at=at),)
            return replace(memory, ready=ready), (Status(state=kind, ack=True), *ends)
        if kind == "error":
            memory, items = _failed(memory, fields(message.get("error")))
        elif kind.startswith(_WORDS):
            memory, items = _words(memory, message, kind.removeprefix(_WORDS))
        elif kind.startswith(_INPUT):
            memory, items = _heard_speech(memory, message, kind.removeprefix(_INPUT))
        elif kind.startswith(_OTHERS):
            return memory, ()
        else:
            return memory, (unknown(message),)
        return _with_end(*without_skipped(memory, items))


def _commit(memory: OpenAIMemory, sent: Sent) -> Encoded:
    name = f"commit-{memory.commits + 1}"
    message = {"type": "input_audio_buffer.commit", "event_id": name}
    return memory.with_commit(name, sent.seconds), (write(message),)


def _failed(memory: OpenAIMemory, error: Fields) -> tuple[OpenAIMemory, list[Message]]:
    """An error: the answer to a commit, or one that ``openai_rows`` knows.

    That a commit found nothing is no error of the session, and is not told.
    """
    item = error_item(error, ready=memory.ready)
    is_empty, name = is_empty_commit(error), label(error.get("event_id"))
    pending = [each.id for each in memory.pending]
    if is_about_commit(error) and pending and name not in pending:
        name = pending[0]
    if name is None or name not in pending or not isinstance(item, Remark):
        return memory, [item]
    is_last = memory.stopped and name == pending[-1]
    unsure = memory.unsure or (is_last and not is_empty)
    memory = replace(memory.without_commit(name), unsure=unsure)
    return memory, [] if is_empty else [item]


def _heard_speech(
    memory: OpenAIMemory, message: Fields, kind: str
) -> tuple[OpenAIMemory, list[Message]]:
    """What the input buffer says: where the VAD heard speech, and what was committed."""
    if (name := label(message.get("item_id"))) is None:
        return memory, []
    memory = memory.opened(name)
    start, end = seconds(message.get("audio_start_ms")), seconds(message.get("audio_end_ms"))
    if start is not None:
        memory = memory.with_clock(start)
        start = memory.base + start
    end = None if end is None else memory.base + end
    item = memory.item(name)
    match kind:
        case "speech_started" if start is not None:
            return memory.with_item(replace(item, start=start, heard=True)), [
                Proof(received=start, drained=start)
            ]
        case "speech_stopped" if end is not None:
            end = max(end, item.start)
            memory = memory.with_item(replace(item, end=end)).with_next_clock(end)
            return memory, [Proof(received=end, drained=end)]
        case "partial_transcription" if item.id not in memory.gone:  # speaches
            said = text(message.get("transcript")).strip()[-MOST_TEXT:]
            partial = Heard(text=said, start=None, end=None, final=False, segment_id=name)
            return memory.with_item(replace(item, text=said)), [partial] if said else []
        case "committed":
            memory = memory.committed(name)
            item = memory.item(name)
            return memory, [] if item.end is None else [Proof(received=item.end)]
        case _:
            return memory, []


def _words(memory: OpenAIMemory, message: Fields, kind: str) -> tuple[OpenAIMemory, list[Message]]:
    """What a transcription says: a part of it, all of it, or that it failed."""
    name = label(message.get("item_id")) or ""
    item = memory.item(name)
    start = None if item.end is None else item.start
    if kind == "delta":
        memory = memory.opened(name)
        said = (item.text + text(message.get("delta")))[-MOST_TEXT:]
        partial = Heard(text=said, start=start, end=item.end, final=False, segment_id=name or None)
        return memory.with_item(replace(item, text=said)), [partial] if said.strip() else []
    if kind == "completed":
        transcript = message.get("transcript")
        if not isinstance(transcript, str):
            return memory.without_place(item), [Malformed(why="completed: no transcript")]
        after = memory.with_told(name, transcript)
        if name and after is memory:  # users saw one four times (OpenWhispr/openwhispr 770)
            return memory, []
        final = Heard(
            text=transcript.strip(),
            start=start,
            end=item.end,
            final=True,
            language=_language(message),
            segment_id=name or None,
        )
        memory = after.finished(item)
        return replace(memory, proved=memory.confirmed), [final, Proof(confirmed=memory.confirmed)]
    if kind == "failed":
        error = fields(message.get("error"))
        why = text(error.get("message")) or "a transcription failed"
        if (row := limit_of(error)) is not None:
            return memory, [Refusal(row=row, text=why)]
        if item.end is None:  # no interval can be told as lost: nothing behind is proved instead
            return memory.without_place(item), [Remark(text=why)]
        memory = memory.finished(item)
        lost = Lost(source=None, text=why, start=item.start, end=item.end)
        return replace(memory, proved=memory.confirmed), [lost, Proof(confirmed=memory.confirmed)]
    return memory, []  # segments of speakers: their words come again, in the transcript


def _language(message: Fields) -> str | None:
    found = objects(message.get("languages"))
    return label(found[0].get("code")) if found else None


def _with_end(memory: OpenAIMemory, items: list[Message]) -> Decoded:
    """``items``, and the final message once the stop is answered and no item is open.

    The commit of the stop took all audio. So an item that the VAD began, and that no commit ended
    by then, holds none and gets no transcript. But where no item was ever made, the server did not
    show that it hears: then nothing is proved.
    """
    is_open = any(each.end is not None or each.text or not each.heard for each in memory.items)
    if memory.ended or not memory.stopped or memory.pending or is_open:
        return memory, tuple(items)
    doubts = memory.unsure or memory.held is not None or not memory.gone
    until = memory.confirmed if doubts else None
    return replace(memory, ended=True), (*items, FinalMessage(summary={}, until=until))
