"""Servers of OpenAI's protocol that do the opposite of what its dialect takes for granted.

As in ``test_opposites``: a session loses no word without a gap, tells none twice, calls no audio
confirmed that nobody heard, and ends.
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


class Late(Deaf):
    """Each item has its words at once, but for the first one: these come after a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._items = 0
        self._late = False

    def heard(self) -> Sequence[Said]:
        said: list[Said] = []
        if self.got >= 5.0 * (self._items + 1):
            name, start = f"i{self._items}", 5.0 * self._items
            times = [("speech_started", "audio_start_ms", start)]
            times.append(("speech_stopped", "audio_end_ms", start + 5.0))
            for kind, at, seconds in times:
                said.append({"type": BUFFER + kind, "item_id": name, at: 1000 * seconds})
            said.append({"type": f"{BUFFER}committed", "item_id": name})
            said += [done(name, name)] if self._items else []
            self._items += 1
        if self.got >= 65.0 and not self._late:
            self._late = True
            said.append(done("i0", "i0"))
        return said


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
