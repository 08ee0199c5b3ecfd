"""Partials that mean something else than a dialect takes for granted, and errors without a close.

As in ``test_opposites``: a session loses no word without a gap, reports none twice, confirms no
audio that the server did not hear, and ends.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from openline.dialects.deepgram import Deepgram
from openline.dialects.speechmatics import Speechmatics
from openline.dialects.vllm import VLLM
from tests.dialects.support_stand import QUIET, Counterpart, Said, Stand
from tests.dialects.test_opposites import changed, deepgram, speechmatics


def results(start: float, end: float, words: str, *, is_final: bool = False) -> Said:
    channel: dict[str, Any] = {"alternatives": [{"transcript": words, "words": []}]}
    times = {"start": start, "duration": end - start, "is_final": is_final}
    return {"type": "Results", "channel": channel, **times}


class Unfinished(Counterpart):
    """Deepgram that makes the words of the first 5 s final, and no more; ``last`` ends it."""

    last: Sequence[Said] = ()

    def __init__(self) -> None:
        super().__init__()
        self._told = 0.0

    def heard(self) -> Sequence[Said]:
        if self.got < self._told + 1.0:
            return ()
        start, self._told = self._told, self.got
        return (deepgram(start, self.got) if start < 4.5 else results(start, self.got, "left"),)

    def asked(self, text: str) -> Sequence[Said]:
        ends = {"type": "Metadata", "duration": self.got}
        return (*self.last, ends, 1000) if "CloseStream" in text else ()


class Withdrawn(Unfinished):
    """And at the end it says that there were no words."""

    last = (results(5.0, 8.0, "", is_final=True),)


def test_a_partial_that_is_left_at_the_end_is_no_complete_session() -> None:
    """Whether its words are lost, or never were any, nobody says."""
    stand = Stand(Deepgram(), Unfinished)
    stand.live(8.0)
    stand.finish()
    assert (stand.words, stand.kinds) == (["words"] * 5, ["unfinal"])
    assert not stand.ended.complete


def test_a_partial_that_a_final_without_words_withdraws_is_none() -> None:
    stand = Stand(Deepgram(), Withdrawn)
    stand.live(8.0)
    stand.finish()
    assert (stand.words, stand.kinds) == (["words"] * 5, [])
    assert stand.ended.complete


class Flickering(Counterpart):
    """Deepgram whose empty interim results withdraw nothing: the words come with the final."""

    def __init__(self) -> None:
        super().__init__()
        self._told = self._said = 0.0

    def heard(self) -> Sequence[Said]:
        if self.got < self._said + 1.0:
            return ()
        self._said = self.got
        if self.got > self._told + 7.5:
            return self._final()
        return (results(self._told, self.got, "word" if round(self.got) % 2 else ""),)

    def _final(self) -> Sequence[Said]:
        start, self._told = self._told, self.got
        return (deepgram(start, self.got),)

    def asked(self, text: str) -> Sequence[Said]:
        ends = ({"type": "Metadata", "duration": self.got}, 1000)
        return (*self._final(), *ends) if "CloseStream" in text else ()


def test_an_empty_partial_that_withdraws_nothing_costs_no_words() -> None:
    stand = Stand(changed(Deepgram(), longest=60.0), Flickering)
    stand.live(12.0)
    stand.lose()
    stand.live(60.0)
    stand.finish()
    assert len(stand.backends) > 2
    assert stand.ended.complete
    assert [two.start for _, two in pairwise(stand.finals)] == pytest.approx(
        [one.end for one, _ in pairwise(stand.finals)]
    )


class Failing(Counterpart):
    """Speechmatics that says an ``Error`` after 10 s, closes nothing, and says no more."""

    def __init__(self, error: str) -> None:
        super().__init__()
        self._error, self._failed, self._told = error, False, 0.0

    def heard(self) -> Sequence[Said]:
        if self._failed or self.got < self._told + 1.0:
            return ()
        if self._error and self.got > 10.0:
            self._failed = True
            return ({"message": "Error", "type": self._error, "reason": "because"},)
        return self._final()

    def _final(self) -> Sequence[Said]:
        start, self._told = self._told, self.got
        return (speechmatics(start, self.got),)

    def asked(self, text: str) -> Sequence[Said]:
        if "StartRecognition" in text:
            return ({"message": "RecognitionStarted", "id": "a"},)
        return () if self._failed else (*self._final(), {"message": "EndOfTranscript"}, 1000)


@pytest.mark.parametrize("error", ["data_error", "job_error", "unknown_error", "a_new_error"])
def test_an_error_of_speechmatics_that_no_close_follows_leaves_the_line(error: str) -> None:
    backends = iter((error, "", ""))
    stand = Stand(Speechmatics(), lambda: Failing(next(backends)))
    stand.live(45.0)
    stand.finish()
    assert len(stand.backends) == 2
    assert stand.ended.complete
    pairs = [(one.end, two.start) for one, two in pairwise(stand.finals)]
    assert [two for _, two in pairs] == pytest.approx([one for one, _ in pairs])


class Generating(Counterpart):
    """vLLM, with a word each second of speech. ``deltas``: which of them it sends while it hears.

    That an empty delta comes for each 0.08 s without a word was seen by its users (vLLM 47614).
    """

    def __init__(self, deltas: str) -> None:
        super().__init__()
        self._deltas, self._words, self._steps = deltas, list[str](), 0

    def opened(self) -> Sequence[Said]:
        return ({"type": "session.created"},)

    def asked(self, text: str) -> Sequence[Said]:
        message = json.loads(text)
        if message["type"] == "input_audio_buffer.append":
            self.got += len(base64.b64decode(message["audio"])) / 32_000
            return self._steps_of()
        if message.get("final"):
            return ({"type": "transcription.done", "text": "".join(self._words)},)
        return ()

    def _steps_of(self) -> Sequence[Said]:
        said: list[Said] = []
        while self.got >= 0.08 * (self._steps + 1) - 1e-6:
            self._steps += 1
            word = " so" if self._steps % 12 == 0 else ""
            self._words.append(word)
            if self._deltas == "all" or (self._deltas == "words" and word):
                said.append({"type": "transcription.delta", "delta": word})
        return said


@pytest.mark.parametrize("deltas", ["all", "words", "none"])
def test_vllm_may_send_its_deltas_at_any_rate(deltas: str) -> None:
    stand = Stand(VLLM(longest=60.0), lambda: Generating(deltas))
    for _ in range(12):
        stand.live(4.0)
        stand.live(2.0, QUIET)
    stand.finish()
    assert len(stand.backends) > 1
    assert sum(backend.got for backend in stand.backends) == pytest.approx(72.0, abs=0.5)
    words = [len(each.split()) for each in stand.words]
    assert words == [int(backend.got / 0.08 + 1e-6) // 12 for backend in stand.backends]
    assert stand.ended.complete
