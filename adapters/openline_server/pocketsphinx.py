"""Recognition with pocketsphinx: small, offline, and good for short commands.

The fallback where faster-whisper cannot be installed. It makes far more errors (a third
of the words of read prose), and it has no voice detector of its own here: audio louder
than the background counts as speech. Its decoder adapts to the audio before, so
the same words could come out differently; its features are reset for every segment, which
costs nothing and makes an answer depend on the segment alone.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from openline_server.config import BackendError
from openline_server.endpointer import Endpointer, EnergyDetector
from openline_server.recognizer import Cutter, Hypothesis, Question, Recognizer
from openline_server.workers import Pool, open_pool


@cache
def _decoder(model: str | None) -> Any:
    """The decoder of this process (runs in a worker)."""
    package = importlib.import_module("pocketsphinx")
    if model is None:
        return package.Decoder(loglevel="FATAL")
    return package.Decoder(loglevel="FATAL", hmm=model)


def load(model: str | None) -> None:
    """Make the decoder (runs in a worker)."""
    _decoder(model)


def transcribe(pcm: bytes, _final: bool, model: str | None) -> Hypothesis:  # noqa: FBT001  # sent by position
    """Transcribe ``pcm``, independent of earlier audio (runs in a worker)."""
    decoder = _decoder(model)
    decoder.reinit_feat()
    decoder.start_utt()
    if pcm:
        decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    if best is None or not best.hypstr:
        return Hypothesis("", 0.0, "en")
    # The posterior is of the whole utterance; its mean per word is the better confidence.
    words = len(best.hypstr.split())
    return Hypothesis(best.hypstr, min(1.0, best.prob ** (1 / words)), "en")


class PocketSphinx:
    """Recognition in worker processes."""

    def __init__(self, pool: Pool, model: str | None) -> None:
        """``model``: a directory of an acoustic model, or None for the package's own."""
        self.name = "pocketsphinx"
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
        """Utterances, by loudness."""
        return Endpointer(EnergyDetector())

    async def recognise(self, question: Question) -> Hypothesis | None:
        """Ask a worker."""
        return await self._pool.run(transcribe, question, self._model)


@asynccontextmanager
async def open_pocketsphinx(model: str | None, workers: int | None) -> AsyncGenerator[Recognizer]:
    """Load a decoder in every worker, then yield the recogniser. Raises BackendError."""
    if importlib.util.find_spec("pocketsphinx") is None:
        raise BackendError(
            "pocketsphinx is not installed: pip install 'openline[pocketsphinx]'; "
            "or take --recognizer echo, which needs no model"
        )
    async with open_pool(workers) as pool:
        try:
            await pool.warm_up(load, model)
        except Exception as error:
            line = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BackendError(f"cannot load the pocketsphinx model: {line}") from error
        yield PocketSphinx(pool, model)
