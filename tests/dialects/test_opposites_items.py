"""Servers of OpenAI's protocol that do the opposite of what its dialect takes for granted.

As in ``test_opposites``: a session loses no word without a gap, reports none twice, confirms no
audio that the server did not hear, and ends.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest

from openline.dialects.openai import OpenAI
from openline.dialects.openai_rows import EMPTY
from tests.dialects.support_stand import QUIET, Counterpart, Said, Stand

WORDS = "conversation.item.input_audio_transcription."
BUFFER = "input_audio_buffer."


def done(name: str, words: str) -> Said:
    return {"type": f"{WORDS}completed", "item_id": name, "transcript": words}


class Deaf(Counterpart):
    """It accepts all settings, hears no speech, and at the last commit finds nothing to commit."""

    def opened(self) -> Sequence[Said]:
        return ({"type": "session.created", "session": {}},)

    def asked(self, text: str) -> Sequence[Said]:
        message = json.loads(text)
        match message["type"]:
            case "session.update":
                return ({"type": "session.updated", "session": {}},)
            case "input_audio_buffer.append":
                self.got += len(base64.b64decode(message["audio"])) / 48_000
                return self.heard()
            case _:
                return self.committed(message["event_id"])

    def committed(self, event: str) -> Sequence[Said]:
        error = {"type": "invalid_request_error", "code": EMPTY, "event_id": event}
        return ({"type": "error", "error": {**error, "message": "buffer too small"}},)


class Waiting(Deaf):
    """It accepts turn detection and makes no turns, so the last commit has all words.

    A user saw that with ``gpt-transcribe`` (JINGBANZ/jarvis 132).
    """

    def committed(self, event: str) -> Sequence[Said]:
        return ({"type": f"{BUFFER}committed", "item_id": "a"}, done("a", "all words"))


class Turning(Deaf):
    """It makes an item of each 5 s."""

    def __init__(self) -> None:
        super().__init__()
        self._items = 0

    def heard(self) -> Sequence[Said]:
        if self.got < 5.0 * (self._items + 1):
            return ()
        name, start = f"i{self._items}", 5.0 * self._items
        self._items += 1
        return (
            {"type": f"{BUFFER}speech_started", "item_id": name, "audio_start_ms": 1000 * start},
            {
                "type": f"{BUFFER}speech_stopped",
                "item_id": name,
                "audio_end_ms": 1000 * start + 5000,
            },
            {"type": f"{BUFFER}committed", "item_id": name},
            *self.transcribed(name),
        )

    def transcribed(self, name: str) -> Sequence[Said]:
        return (done(name, name),)


class Late(Turning):
    """Each item has its words at once, but for the first one: these come after a minute."""

    def transcribed(self, name: str) -> Sequence[Said]:
        if name == "i0":
            return ()
        return (done("i0", "i0"),) * (name == "i12") + (done(name, name),)


class Repeating(Turning):
    """It says the transcript of an item four times.

    Users saw that with ``gpt-4o-mini-transcribe`` (OpenWhispr/openwhispr 770).
    """

    def transcribed(self, name: str) -> Sequence[Said]:
        part = {"type": f"{WORDS}delta", "item_id": name, "delta": name}
        return (part, *(done(name, name),) * 4)


class Remembering(Turning):
    """With the last item it says the transcripts of all items again."""

    def transcribed(self, name: str) -> Sequence[Said]:
        names = [f"i{each}" for each in range(self._items - 1)] * (self._items == 20)
        return tuple(done(each, each) for each in (*names, name))


class Nameless(Turning):
    """It says the same words in each item, and gives their transcripts no name."""

    name = ""

    def transcribed(self, name: str) -> Sequence[Said]:
        return (done(self.name, "yes"),)


class Renaming(Nameless):
    """It says the same words in each item, and calls all items alike."""

    name = "item"

    def transcribed(self, name: str) -> Sequence[Said]:
        part = {"type": f"{WORDS}delta", "item_id": self.name, "delta": "yes"}
        return (part, *super().transcribed(name))


class Correcting(Turning):
    """It says a second transcript of each item, and that one differs."""

    def transcribed(self, name: str) -> Sequence[Said]:
        return (done(name, name), done(name, f"{name} more"))


@pytest.mark.parametrize("turns", ["server_vad", "none"])
def test_a_server_that_heard_nothing_of_a_loud_session_completes_none(turns: str) -> None:
    stand = Stand(OpenAI(turn_detection=turns), Deaf)
    stand.live(8.0)
    stand.finish()
    assert stand.words == []
    assert stand.gaps != []
    assert not stand.ended.complete


def test_a_quiet_session_is_complete_though_no_speech_was_heard() -> None:
    stand = Stand(OpenAI(), Deaf)
    stand.live(40.0, QUIET)
    stand.finish()
    assert stand.ended.complete


def test_a_session_without_audio_is_complete() -> None:
    stand = Stand(OpenAI(), Deaf)
    stand.finish()
    assert stand.ended.complete


def test_words_that_come_at_the_last_commit_alone_are_told() -> None:
    stand = Stand(OpenAI(), Waiting)
    stand.live(40.0)
    stand.finish()
    assert stand.words == ["all words"]
    assert stand.ended.complete


def test_words_of_an_item_that_counted_as_skipped_are_told_in_its_gap() -> None:
    """That an item gets no words once later ones have had theirs for 45 s is an assumption."""
    stand = Stand(OpenAI(), Late)
    stand.live(80.0)
    stand.finish()
    assert sorted(stand.words) == sorted(f"i{number}" for number in range(16))
    (gap,) = stand.gaps
    assert gap.start == 0
    assert gap.end == pytest.approx(80_000, abs=320)
    assert not stand.ended.complete


@pytest.mark.parametrize("server", [Repeating, Remembering])
def test_a_transcript_that_is_said_again_is_told_once(server: type[Counterpart]) -> None:
    stand = Stand(OpenAI(), server)
    stand.live(100.0)
    stand.finish()
    assert stand.words == [f"i{number}" for number in range(20)]
    assert stand.gaps == []
    assert stand.ended.complete


def test_another_transcript_of_the_same_item_is_told() -> None:
    """Rather words twice than none."""
    stand = Stand(OpenAI(), Correcting)
    stand.live(10.0)
    stand.finish()
    assert stand.words == ["i0", "i0 more", "i1", "i1 more"]
    assert stand.ended.complete


@pytest.mark.parametrize("server", [Nameless, Renaming])
def test_the_same_words_of_another_item_are_told(server: type[Counterpart]) -> None:
    """Rather words twice than none."""
    stand = Stand(OpenAI(), server)
    stand.live(20.0)
    assert stand.words == ["yes"] * 4
