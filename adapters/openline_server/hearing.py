"""What the recogniser had, and which final was true about which audio: a ledger beside the WAVs.

A WAV file says what *arrived*. That is not what was *heard*: a queue drops audio, a
recogniser stalls or ignores a source, a final waits and never goes out, and a final's times
may be wrong. So with ``record`` each connection also writes a file of JSON lines,
``0001-<connection_id>-heard.jsonl``. Every line has the source (``source``) and one of these:

============  ==================================================================
``took``      ``[start, end)`` of the recogniser's samples; ``places``: where these
              samples are in the WAV, ``[start, end)`` each; ``held``: all samples before
              this one were cut into a segment or found to be silence
``cut``       a segment that the recogniser is to transcribe
``final``     its id; ``true``: the samples that it is about, or null for words out of
              nothing; ``text``; ``words``: ``[start, end, text]`` each in seconds, where
              they are known; ``claim``: the times that the recogniser gives, in seconds
``answered``  a segment that was transcribed: what no final is about had no words
``failed``    a segment that could not be transcribed
``sent``      the id of a final that was handed to the connection; ``claim`` as it was sent
============  ==================================================================

All but ``places`` counts samples that the recogniser has of this source and connection,
from 0 on. Each line is written at once, so that killing the process costs nothing.
"""

from __future__ import annotations

import json
import logging
from io import FileIO
from pathlib import Path
from typing import Final

from openline.updates import SAMPLE_RATE
from openline_server.audioqueue import Runs
from openline_server.claims import Claim
from openline_server.contract import JsonObject
from openline_server.recognizer import Segment

log: Final = logging.getLogger(__name__)


class Hearing:
    """The ledger of one connection; a file that fails ends alone, and is logged."""

    def __init__(self) -> None:
        """Nowhere yet."""
        self._path: Path | None = None
        self._file: FileIO | None = None

    def write_to(self, path: Path | None) -> None:
        """Into ``path``, which is made at the first line; None: nowhere."""
        self._path = path

    def took(self, source: str, places: Runs, start: int, end: int, held: int) -> None:
        """The recogniser took samples ``start`` to ``end``, from these bytes of its source."""
        self._write(
            source,
            took=[start, end],
            places=[[first // 2, last // 2] for first, last in places],
            held=held,
        )

    def cut(self, source: str, segment: Segment) -> None:
        """A segment is to become a final."""
        self._write(source, cut=[segment.start, segment.end])

    def answered(self, source: str, segment: Segment) -> None:
        """A segment was transcribed, and its finals, if it has words, went their way."""
        self._write(source, answered=[segment.start, segment.end])

    def failed(self, source: str, segment: Segment) -> None:
        """A segment was not transcribed."""
        self._write(source, failed=[segment.start, segment.end])

    def final(self, source: str, name: str, segment: Segment, text: str) -> None:
        """A final that is about the whole of its segment."""
        true = [segment.start, segment.end]
        self._write(source, final=name, true=true, text=text, claim=[segment.t0, segment.t1])

    def claim(self, source: str, name: str, claim: Claim) -> None:
        """A final whose words have true times, whatever it claims."""
        start, end = claim.chunk
        true = None
        if claim.words:
            first, last = max(start, claim.words[0].start), min(end, claim.words[-1].end)
            true = [round(first * SAMPLE_RATE), round(last * SAMPLE_RATE)]
        words = [list(word) for word in claim.words]
        times = [claim.t0, claim.t1]
        self._write(source, final=name, true=true, text=claim.text, words=words, claim=times)

    def sent(self, message: JsonObject) -> None:
        """A final was handed to the connection, with the times that it had then."""
        claim = [message.get("t0"), message.get("t1")]
        self._write(str(message.get("source")), sent=message.get("segment_id"), claim=claim)

    def close(self) -> None:
        """Close. Idempotent."""
        if self._file is not None:
            self._file.close()
        self._path = self._file = None

    def _lost(self, path: Path, error: OSError) -> None:
        log.error("writing %s: %s", path.name, error.strerror)
        self.close()

    def _write(self, source: str, **members: object) -> None:
        if self._path is None:
            return
        line = json.dumps({"source": source, **members}, ensure_ascii=False) + "\n"
        try:
            if self._file is None:
                self._file = FileIO(str(self._path), "x")
            self._file.write(line.encode("utf-8", "surrogatepass"))
        except OSError as error:
            self._lost(self._path, error)
