"""Backends that do the opposite of what a dialect takes for granted: the session stays honest.

What nobody could measure at a real service is an assumption, and each dialect's page names its
own. Here a counterpart breaks one of them for a whole session, in virtual time. Then no word may be
lost without a gap or told twice, no audio that nobody heard may count as confirmed, and the session
has to end.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from openline.dialects.assemblyai import AssemblyAI
from openline.dialects.deepgram import Deepgram
from openline.dialects.protocol import Dialect
from openline.dialects.soniox import Soniox
from openline.dialects.speechmatics import Speechmatics
from openline.updates import SAMPLE_RATE
from tests.dialects.support_stand import PATIENT, QUIET, Counterpart, Said, Stand


def changed(dialect: Dialect, **traits: Any) -> Any:
    """The dialect with other traits."""
    made = copy.copy(dialect)
    object.__setattr__(made, "traits", msgspec.structs.replace(dialect.traits, **traits))
    return made


class Forgetful(Counterpart):
    """AssemblyAI with an older model: ``ForceEndpoint`` drops what is not decoded yet, 0.5 s."""

    def __init__(self) -> None:
        super().__init__()
        self.told = 0.0
        self.turns = 0

    def opened(self) -> Sequence[Said]:
        return ({"type": "Begin", "id": "a"},)

    def asked(self, text: str) -> Sequence[Said]:
        if "ForceEndpoint" in text:
            return (self.turn(self.got - 0.5),)
        end = {"type": "Termination", "audio_duration_seconds": int(self.got)}
        return (self.turn(self.got), end, 1000)

    def heard(self) -> Sequence[Said]:
        return (self.turn(self.got - 0.5),) if self.got - self.told > 8.0 else ()

    def turn(self, end: float) -> Said:
        """The words of [told, end): where they lie, to hundredths."""
        words = [
            {"text": f"{self.told:.2f}-{end:.2f}", "start": 1000 * self.told, "end": 1000 * end}
        ]
        self.told, self.turns = end, self.turns + 1
        return {
            "type": "Turn",
            "turn_order": self.turns - 1,
            "end_of_turn": True,
            "turn_is_formatted": True,
            "transcript": words[0]["text"],
            "words": words,
        }


def test_a_renewal_cuts_no_word_of_an_older_assemblyai() -> None:
    dialect = changed(AssemblyAI(model="universal-streaming-english"), longest=60.0)
    told: list[Forgetful] = []

    def make() -> Forgetful:
        told.append(Forgetful())
        return told[-1]

    stand = Stand(dialect, make)
    for _ in range(20):
        stand.live(4.0)
        stand.live(1.0, QUIET)
    stand.finish()
    assert len(stand.backends) > 1
    assert not any("ForceEndpoint" in text for each in stand.backends for text in each.texts)
    assert [each.told for each in told] == pytest.approx([each.got for each in told])
    pairs = [(one.end, two.start) for one, two in pairwise(stand.finals)]
    assert [two for _, two in pairs] == pytest.approx([one for one, _ in pairs])
    assert stand.ended.complete


class Hasty(Counterpart):
    """Speechmatics that misses the last word, of 0.5 s, at a ``ForceEndOfUtterance``.

    Its maker has heard that of users, where the message has a ``timestamp``
    (speechmatics-python-sdk 117).
    """

    def __init__(self) -> None:
        super().__init__()
        self.told = self.missed = 0.0

    def asked(self, text: str) -> Sequence[Said]:
        if "StartRecognition" in text:
            return ({"message": "RecognitionStarted", "id": "a"},)
        if "ForceEnd" in text:
            self.missed += 0.5
            return (self.final(self.got),)
        return (self.final(self.got), {"message": "EndOfTranscript"}, 1000)

    def heard(self) -> Sequence[Said]:
        return (self.final(self.got - 0.5),) if self.got - self.told > 3.0 else ()

    def final(self, end: float) -> Said:
        said, self.told = speechmatics(self.told, end), end
        return said


def test_a_renewal_misses_no_word_of_speechmatics() -> None:
    stand = Stand(changed(Speechmatics(), longest=60.0), Hasty)
    for _ in range(20):
        stand.live(4.0)
        stand.live(1.0, QUIET)
    stand.finish()
    backends = [each for each in stand.backends if isinstance(each, Hasty)]
    assert len(backends) > 1
    assert [each.missed for each in backends] == [0.0] * len(backends)
    assert [each.told for each in backends] == pytest.approx([each.got for each in backends])
    pairs = [(one.end, two.start) for one, two in pairwise(stand.finals)]
    assert [two for _, two in pairs] == pytest.approx([one for one, _ in pairs])
    assert stand.ended.complete


class Taciturn(Counterpart):
    """It says nothing of silence: there is speech in the first 5 s alone, and from 305 s on.

    ``says`` is what the service of ``dialect`` says of words in [start, end), and ``ends`` its end.
    """

    def __init__(self, says: Callable[[float, float], Said], ends: Sequence[Said]) -> None:
        super().__init__()
        self._says, self._ends, self._told = says, ends, 0

    def opened(self) -> Sequence[Said]:
        return ({"type": "Begin", "id": "a"},)

    def heard(self) -> Sequence[Said]:
        if self._told < len(SPOKEN) and self.got >= SPOKEN[self._told][1] + 1.0:
            self._told += 1
            return (self._says(*SPOKEN[self._told - 1]),)
        return ()

    def asked(self, text: str) -> Sequence[Said]:
        if "StartRecognition" in text:
            return ({"message": "RecognitionStarted", "id": "a"},)
        if any(each in text for each in ("CloseStream", "Terminate", "EndOfStream")) or not text:
            end = json.dumps(self._ends[0]).replace('"GOT"', f"{self.got:.3f}")
            return (end, *self._ends[1:])
        return ()


SPOKEN = [(0.0, 5.0), (305.0, 308.0)]


class LongWinded(Counterpart):
    """AssemblyAI's u3, told to tell speakers apart, in 70 s of speech without a pause.

    It sends one part early in a turn and one in each pause, and no more: ``continuous_partials``
    is off where speakers are told apart (livekit-plugins-assemblyai 1.8.9).
    """

    LONG = 70.0

    def __init__(self) -> None:
        super().__init__()
        self._said = self._ended = False
        self._beat = 0.0

    def opened(self) -> Sequence[Said]:
        return ({"type": "Begin", "id": "a"},)

    def heard(self) -> Sequence[Said]:
        said: list[Said] = []
        if self.got >= self._beat + 1.0:
            self._beat = self.got
            said.append({"type": "Heartbeat", "total_audio_received_ms": int(1000 * self.got)})
        if not self._said and self.got >= 0.75:
            self._said = True
            words = [{"text": "so", "start": 0, "end": 600, "word_is_final": True}]
            said.append({"type": "Turn", "turn_order": 0, "transcript": "so", "words": words})
        if not self._ended and self.got >= self.LONG:
            self._ended = True
            said.append(assemblyai(0.0, self.LONG - 0.5))
        return said

    def asked(self, text: str) -> Sequence[Said]:
        if "Terminate" not in text:
            return ()
        return ({"type": "Termination", "audio_duration_seconds": int(self.got)}, 1000)


@pytest.mark.parametrize("silence", [None, False])
def test_a_long_turn_of_few_messages_is_no_deaf_backend(silence: bool | None) -> None:
    stand = Stand(AssemblyAI(diarize=True, silence=silence), LongWinded)
    stand.live(LongWinded.LONG + 5.0)
    stand.finish()
    assert stand.words == ["words"]
    assert (len(stand.backends), stand.gaps) == (1, [])
    assert stand.ended.complete


class Disorderly(Counterpart):
    """AssemblyAI whose turns end in another order than they began, or all have the same number.

    That they end in order and are counted is nowhere promised; an example of its maker sorts them.
    """

    numbers = (1, 0, 3, 2, 5, 4)

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0

    def opened(self) -> Sequence[Said]:
        return ({"type": "Begin", "id": "a"},)

    def heard(self) -> Sequence[Said]:
        if self._turns == len(self.numbers) or self.got < 4.0 * self._turns + 8.0:
            return ()
        self._turns += 1
        return (self.turn(self._turns - 1),)

    def turn(self, nth: int) -> Said:
        number = self.numbers[nth]
        words = {"text": f"{number}", "start": 4000 * number, "end": 4000 * number + 3500}
        over = {"end_of_turn": True, "turn_is_formatted": True, "turn_order": number}
        return {"type": "Turn", "transcript": words["text"], "words": [words], **over}

    def asked(self, text: str) -> Sequence[Said]:
        if "Terminate" not in text:
            return ()
        return ({"type": "Termination", "audio_duration_seconds": self.got}, 1000)


class Uncounted(Disorderly):
    numbers = (0, 1, 2, 3, 4, 5)

    def turn(self, nth: int) -> Said:
        said = super().turn(nth)
        assert isinstance(said, dict)
        return {**said, "turn_order": 0}


class Jumbled(Uncounted):
    numbers = Disorderly.numbers


@pytest.mark.parametrize("model", ["u3-rt-pro", "universal-streaming-english"])
@pytest.mark.parametrize("server", [Disorderly, Uncounted, Jumbled])
def test_turns_of_assemblyai_out_of_order_lose_no_word(
    model: str, server: type[Disorderly]
) -> None:
    stand = Stand(AssemblyAI(model=model), server)
    stand.live(30.0)
    stand.finish()
    assert stand.words == [f"{number}" for number in server.numbers]
    assert stand.ended.complete


def deepgram(start: float, end: float) -> Said:
    alternatives: list[Any] = [{"transcript": "words", "confidence": 1.0, "words": []}]
    found: dict[str, Any] = {"channel_index": [0, 1], "channel": {"alternatives": alternatives}}
    return {"type": "Results", "start": start, "duration": end - start, "is_final": True, **found}


def assemblyai(start: float, end: float) -> Said:
    words = [{"text": "words", "start": 1000 * start, "end": 1000 * end, "word_is_final": True}]
    over = {"end_of_turn": True, "turn_is_formatted": True, "turn_order": int(start)}
    return {"type": "Turn", "transcript": "words", "words": words, **over}


def soniox(start: float, end: float) -> Said:
    times = {"start_ms": 1000 * start, "end_ms": 1000 * end, "is_final": True}
    tokens = [{"text": " words", **times}, {"text": "<end>", "is_final": True}]
    done = 1000 * end
    return {"tokens": tokens, "final_audio_proc_ms": done, "total_audio_proc_ms": done}


def speechmatics(start: float, end: float) -> Said:
    about = {"start_time": start, "end_time": end, "transcript": "words"}
    return {"message": "AddTranscript", "metadata": about, "results": []}


SILENT: list[tuple[Dialect, Callable[[float, float], Said], Sequence[Said]]] = [
    (Deepgram(), deepgram, ({"type": "Metadata", "duration": "GOT"}, 1000)),
    (AssemblyAI(), assemblyai, ({"type": "Termination", "audio_duration_seconds": "GOT"}, 1000)),
    (Soniox(), soniox, ({"tokens": [], "finished": True}, 1000)),
    (Speechmatics(), speechmatics, ({"message": "EndOfTranscript"}, 1000)),
]


@pytest.mark.parametrize(("dialect", "says", "ends"), SILENT, ids=[each[0].name for each in SILENT])
def test_a_server_that_says_nothing_of_silence_keeps_its_line(
    dialect: Dialect, says: Callable[[float, float], Said], ends: Sequence[Said]
) -> None:
    stand = Stand(dialect, lambda: Taciturn(says, ends))
    stand.live(5.0)
    stand.live(300.0, QUIET)
    stand.live(5.0)
    stand.finish()
    assert stand.words == ["words", "words"]
    assert len(stand.backends) == 1
    assert stand.ended.complete


class Strict(Counterpart):
    """Soniox that takes no more than 3 s of audio ahead of time, and says so with a new text."""

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0
        self._told = 0.0

    def ticked(self) -> Sequence[Said]:
        self._began = self._began or self.now
        return ()

    def heard(self) -> Sequence[Said]:
        if self._began and self.got > self.now - self._began + 3.0:
            return ({"error_code": 400, "error_message": "Audio comes too fast."}, 1000)
        if self.got - self._told < 1.0:
            return ()
        start, self._told = self._told, self.got
        return (soniox(start, self.got),)

    def asked(self, text: str) -> Sequence[Said]:
        return (
            () if text else (soniox(self._told, self.got), {"tokens": [], "finished": True}, 1000)
        )


def test_a_backlog_that_soniox_finds_too_fast_is_made_good_over_more_dials() -> None:
    """How fast it may come is not documented, nor what the error says: 1.2 is an assumption."""
    stand = Stand(Soniox(), Strict)
    stand.live(5.0)
    stand.lose()
    stand.hear(30.0)  # while there is no line: it goes at 1.2 then
    stand.live(120.0)
    stand.finish()
    assert len(stand.backends) > 2
    assert stand.ended.complete
    ends = [(each.start, each.end) for each in stand.finals]
    assert [two for two, _ in ends[1:]] == pytest.approx([one for _, one in ends[:-1]])


def test_a_room_that_is_quiet_for_long_fills_no_memory_of_soniox() -> None:
    """It sends nothing during silence (pathorsAI/parley 362): old silence is assumed."""
    policy = replace(PATIENT, buffer_seconds=None)
    stand = Stand(
        Soniox(), lambda: Taciturn(soniox, ({"tokens": [], "finished": True}, 1000)), policy
    )
    stand.live(5.0)
    stand.live(300.0, QUIET)
    assert "unproven" not in stand.kinds
    stand.lose()
    stand.mute(5.0)
    assert stand.gaps == []
    assert stand.core.snapshot().sources["mic"].confirmed > 280 * SAMPLE_RATE
