"""A source that is muted within an utterance: a backend that waits for audio is asked for words.

Deepgram tells no final while no audio comes, however long (livekit/agents issue 931), and asks for
a ``Finalize`` where only keepalives follow. So does each backend that ends an utterance by the
silence behind it: a muted source sends none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from openline.dialects.assemblyai import AssemblyAI
from openline.dialects.deepgram import Deepgram
from openline.dialects.protocol import Dialect
from openline.dialects.soniox import Soniox
from openline.dialects.speechmatics import Speechmatics
from openline.dialects.vosk import Vosk
from tests.dialects.support_stand import Counterpart, Said, Stand


class Muted(Counterpart):
    """It greets as each of them does, and tells nothing of its own accord."""

    def opened(self) -> Sequence[Said]:
        return ({"type": "Begin", "id": "a"},)

    def asked(self, text: str) -> Sequence[Said]:
        if "StartRecognition" in text:
            return ({"message": "RecognitionStarted", "id": "a"},)
        return ()

    def heard(self) -> Sequence[Said]:
        words = [{"text": "Hello", "start": 0, "end": 400, "word_is_final": False}]
        return ({"type": "Turn", "turn_order": 0, "transcript": "", "words": words},)


FLUSHES: list[tuple[Dialect, str]] = [
    (AssemblyAI(), '{"type":"ForceEndpoint"}'),
    (Deepgram(), '{"type":"Finalize"}'),
    (Soniox(), '{"type":"finalize"}'),
    (Speechmatics(), '{"message":"ForceEndOfUtterance","timestamp":3.0}'),
]


@pytest.mark.parametrize(("dialect", "flush"), FLUSHES, ids=[each.name for each, _ in FLUSHES])
def test_the_words_before_a_mute_are_asked_for_once(dialect: Dialect, flush: str) -> None:
    stand = Stand(dialect, Muted)
    stand.live(3.0)
    stand.mute(1.9)
    assert flush not in stand.backend.texts
    stand.mute(0.3)
    assert stand.backend.texts[-1] == flush
    stand.mute(5.0)
    assert stand.backend.texts.count(flush) == 1
    stand.mute(45.0)
    # One that says nothing of a silence has to answer for what was loud, once it is old.
    assert len(stand.dials) == (1 if dialect.traits.proves_silence else 2)


def test_the_silence_that_keeps_a_line_asks_for_no_words() -> None:
    """Speechmatics gets some each minute; it holds nothing that a flush could end."""
    stand = Stand(Speechmatics(), Muted)
    stand.live(3.0)
    stand.mute(200.0)
    assert stand.backend.got == pytest.approx(3.3)
    assert len([each for each in stand.backend.texts if "ForceEnd" in each]) == 1
    stand.live(1.0)
    stand.mute(10.0)
    assert len([each for each in stand.backend.texts if "ForceEnd" in each]) == 2


@pytest.mark.parametrize(
    "dialect",
    [
        Deepgram(finalize=False),
        Speechmatics(force_end=False),
        Vosk(),
        AssemblyAI(model="universal-streaming-english"),
    ],
    ids=lambda dialect: dialect.name,
)
def test_a_server_that_may_know_no_flush_is_not_asked(dialect: Dialect) -> None:
    stand = Stand(dialect, Muted)
    stand.live(3.0)
    before = list(stand.backend.texts)
    stand.mute(30.0)
    assert [each for each in stand.backend.texts if each not in before and "Keep" not in each] == []
    assert len(stand.dials) == 1, "a backend that waits for audio is not deaf"


def test_no_turn_that_is_not_open_is_ended() -> None:
    class Silent(Muted):
        def heard(self) -> Sequence[Said]:
            return ()

    stand = Stand(AssemblyAI(), Silent)
    stand.live(3.0)
    stand.mute(10.0)
    assert stand.backend.texts == []


class Unbegun(Counterpart):
    """Deepgram that takes a ``KeepAlive`` for no sign of life before the first audio.

    So a user saw it in 2023 (deepgram-dotnet-sdk 133), and no page says otherwise.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0

    def ticked(self) -> Sequence[Said]:
        self._began = self._began or self.now
        if self.got or self.now < self._began + 12.0:
            return ()
        self._began = self.now
        return (1011,)


def test_a_source_that_is_muted_from_the_beginning_keeps_its_line() -> None:
    stand = Stand(Deepgram(), Unbegun)
    stand.mute(120.0)
    assert len(stand.backends) == 1
    assert stand.backend.got == pytest.approx(0.1)
    assert stand.backend.texts.count('{"type":"KeepAlive"}') > 25


class Answering(Counterpart):
    """It tells what it has heard when it is asked, and not before."""

    def received(self, data: str | bytes) -> Sequence[Said]:
        super().received(data)
        now = round(self.got, 3)
        match data:
            case '{"type":"Finalize"}':
                channel: dict[str, Any] = {"alternatives": [{"transcript": "words", "words": []}]}
                times = {"start": 0, "duration": now, "is_final": True}
                return ({"type": "Results", "channel": channel, **times},)
            case '{"type":"finalize"}':
                token = {"text": " words", "start_ms": 0, "end_ms": 1000 * now, "is_final": True}
                done = {"final_audio_proc_ms": 1000 * now, "total_audio_proc_ms": 1000 * now}
                return ({"tokens": [token, {"text": "<fin>", "is_final": True}], **done},)
            case _:
                return ()


@pytest.mark.parametrize("dialect", [Deepgram(), Soniox()], ids=lambda dialect: dialect.name)
def test_the_words_before_a_mute_come_while_it_lasts(dialect: Dialect) -> None:
    stand = Stand(dialect, Answering)
    stand.live(3.0)
    assert stand.words == []
    stand.mute(3.0)
    assert stand.words == ["words"]
    stand.mute(300.0)
    assert (stand.words, len(stand.dials), stand.kinds) == (["words"], 1, [])
