"""The small parts: the queue, the pace, the ladder, cutters, questions, recordings."""

from __future__ import annotations

import itertools
import os
import wave
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from openline_server.audioqueue import AudioQueue, Dropped
from openline_server.config import BackendError, ServerConfig, is_loopback
from openline_server.hysteresis import Ladder
from openline_server.listener import Pace, pace
from openline_server.recognizer import (
    Echo,
    FixedCutter,
    NoRecognizer,
    NullCutter,
    Question,
    Segment,
)
from openline_server.recording import Recording, Recordings, file_name, last_number
from openline_server.summary import Line, MeetingSummary

PARTIAL = Segment(0, 8000, b"", final=False)
FINAL = Segment(0, 16000, b"", final=True)


def test_a_queue_gives_back_what_was_put_in_any_portions() -> None:
    queue = AudioQueue()
    pcm = bytes(range(256)) * 50
    for at in range(0, len(pcm), 777):
        assert queue.put(pcm[at : at + 777]) is None
    out = b""
    while queue:
        assert queue.seconds == (len(pcm) - len(out)) / 32_000
        out += queue.get(1001)[0]
    assert out == pcm
    assert (queue.get(10), queue.depth, queue.seconds) == ((b"", []), 0, 0.0)


@given(
    sent=st.lists(st.integers(1, 3000), max_size=20),
    taken=st.lists(st.integers(1, 3000), max_size=40),
)
def test_what_is_taken_has_the_places_at_which_it_was_sent(
    sent: list[int], taken: list[int]
) -> None:
    """All of it but what was dropped, in order, each run as long as it can be."""
    pcm = bytes(at % 251 for at in range(sum(sent)))
    queue, end, found = AudioQueue(0.5), 0, 0
    for size, most in itertools.zip_longest(sent, taken, fillvalue=0):
        lost = queue.put(pcm[end : end + size], end)
        found += 0 if lost is None else round(lost.seconds * 32_000)
        end += size
        audio, runs = queue.get(most)
        assert len(audio) == min(most, end - found)
        assert audio == b"".join(pcm[first:last] for first, last in runs)
        assert runs == ([(found, found + len(audio))] if audio else [])
        found += len(audio)
        assert queue.size == end - found


def test_a_full_queue_drops_the_oldest() -> None:
    queue = AudioQueue()
    assert queue.put(bytes(64_000)) is None
    assert (queue.fill, queue.depth) == (1.0, 100)
    assert queue.put(b"\x01" * 700) == Dropped(2, 0.04)
    assert queue.seconds == pytest.approx(2.0, abs=0.02)
    assert queue.get(64_000)[0][-700:] == b"\x01" * 700


def test_an_outsized_message_leaves_its_last_two_seconds() -> None:
    queue = AudioQueue()
    dropped = queue.put(bytes(10 * 32_000))
    assert dropped == Dropped(400, 8.0)
    assert queue.seconds == 2.0


def test_a_pace_gives_credit_and_then_takes_its_time() -> None:
    fast = pace(1.0, 8.0, 0.0)
    assert sum(fast.wait_for(0.1, 0.0) for _ in range(10)) == 0.0
    assert fast.wait_for(0.8, 0.0) == pytest.approx(0.1)
    slow = pace(4.0, 8.0, 0.0)
    assert slow.wait_for(0.1, 0.0) == 0.0
    assert slow.wait_for(0.1, 0.0) == pytest.approx(0.4)
    idle = Pace(1.0, 0.5, 0.0)
    assert idle.wait_for(1.0, 100.0) == pytest.approx(0.5)


def test_ladder_reports_each_step_once() -> None:
    ladder = Ladder()
    fills = [0.5, 0.84, 0.85, 0.9, 0.96, 1.0, 0.9, 0.7, 0.69, 0.5, 0.99, 0.1]
    assert [ladder.step(fill) for fill in fills] == [
        None, None, "buffering", None, "overloaded", None, None, None, "streaming", None,
        "overloaded", "streaming",
    ]  # fmt: skip
    assert [ladder.drops(), ladder.drops()] == [True, False]
    ladder.step(0.69)
    assert ladder.drops()


@pytest.mark.parametrize("portion", [2, 640, 3200, 7000, 200_000])
def test_fixed_cutter_is_independent_of_portions(portion: int) -> None:
    cutter = FixedCutter()
    pcm = bytes(i % 251 for i in range(2 * 16_000 * 5))
    found: list[Segment] = []
    for at in range(0, len(pcm), portion):
        assert cutter.held_from <= at // 2
        found += cutter.push(pcm[at : at + portion])
    found += cutter.flush()
    assert cutter.flush() == []
    assert [s.t1 for s in found if not s.final] == [0.5, 1.0, 1.5, 2.5, 3.0, 3.5, 4.5, 5.0]
    finals = [s for s in found if s.final]
    assert [(s.t0, s.t1) for s in finals] == [(0.0, 2.0), (2.0, 4.0), (4.0, 5.0)]
    assert b"".join(s.pcm for s in finals) == pcm


async def test_null_cutter_holds_no_audio() -> None:
    null = NoRecognizer().cutter()
    assert isinstance(null, NullCutter)
    assert (null.push(bytes(640)), null.held_from, null.flush()) == ([], 320, [])
    assert await NoRecognizer().recognise(Question(FINAL)) is None
    answer = await Echo().recognise(Question(FINAL))
    assert answer is not None
    assert answer.text == "0.00-1.00"


async def test_a_question_is_renewed_until_it_is_asked(autojump_clock: MockClock) -> None:
    question = Question(PARTIAL)
    assert question.renew(FINAL)
    times = [question.asked_at]
    assert question.grant()
    times.append(question.asked_at)
    assert times == [None, trio.current_time()]
    assert await question.turn()
    assert not question.renew(PARTIAL)
    assert question.segment is FINAL
    withdrawn = Question(PARTIAL)
    withdrawn.withdraw()
    assert not withdrawn.grant()
    assert not await withdrawn.turn()


def test_a_recording_is_valid_at_every_moment(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "x.wav")
    pcm = bytes(range(256)) * 125
    for _ in range(3):
        recording.write(pcm)
        with wave.open(str(recording.path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
            assert file.readframes(1 << 20) == recording.path.read_bytes()[44:]
    recording.write(b"ab")
    recording.close()
    recording.close()
    with wave.open(str(recording.path)) as file:
        assert file.readframes(1 << 20) == pcm * 3 + b"ab"


def test_recordings_are_numbered_and_named_without_danger(tmp_path: Path) -> None:
    assert file_name(7, "../../a b\0/é", "mic") == "0007-_a_b_-mic.wav"
    assert len(file_name(1, "x" * 300, "/" * 300)) < 80
    assert last_number(tmp_path) == 0
    for name in ("0003-x-mic.wav", "12-y-mic.wav", "note.wav", "99.txt"):
        (tmp_path / name).touch()
    assert last_number(tmp_path) == 12


def test_a_disk_that_is_full_ends_the_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int, _data: bytes, _at: int) -> int:
        raise OSError(28, "No space left on device")

    recordings = Recordings(tmp_path, 1)
    monkeypatch.setattr(os, "pwrite", full)
    recordings.write("mic", b"ab")
    recordings.close()
    recordings.close()
    recordings.write("mic", b"ab")
    assert caplog.text.count("No space left") == 1


def test_summary_without_findings_reports_nothing() -> None:
    minutes = MeetingSummary()
    assert minutes.add(Line("mic", 0.0, 1.0, "well then", 1.0)) == []
    minutes.add(Line("system", 0.0, 0.5, "hello", 1.0))
    summary = minutes.final_summary(None, {}, [])
    assert "well then" in str(summary["markdown"])


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"host": ""}, "host"),
        ({"host": "192.0.2.1"}, "without a token"),
        ({"host": "example.org"}, "without a token"),
        ({"port": -1}, "port"),
        ({"port": 70_000}, "port"),
        ({"token": " "}, "token"),
        ({"token": "é"}, "token"),
        ({"recognizer": "ears"}, "choose whisper"),
        ({"slow": 0.5}, "slow"),
        ({"slow": float("nan")}, "slow"),
        ({"max_sessions": 0}, "max_sessions"),
        ({"workers": 0}, "workers"),
        ({"ping_interval": 0.0}, "ping_interval"),
        ({"drain_rate": float("nan")}, "drain_rate"),
        ({"record": Path(__file__)}, "not a directory"),
    ],
)
def test_wrong_configuration_is_a_one_line_error(wrong: dict[str, object], text: str) -> None:
    make: type = ServerConfig
    with pytest.raises(BackendError, match=text) as error:
        make(**wrong)
    assert "\n" not in str(error.value)


def test_the_token_is_in_no_repr() -> None:
    assert "s3cret" not in repr(ServerConfig(token="s3cret", host="192.0.2.1"))
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("10.0.0.1")
