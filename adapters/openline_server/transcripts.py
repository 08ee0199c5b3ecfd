"""From a recogniser's answers to ``asr_partial`` and ``asr_final``, numbered on their connection.

An answer becomes one message, with the times of its segment; or, where the recogniser gives
times of its own, one message for each of its claims. What is true about each final goes to
the ledger of the connection at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator

from openline_server.claims import Claim
from openline_server.contract import JsonObject, Source
from openline_server.hearing import Hearing
from openline_server.recognizer import Hypothesis, Segment


class Transcripts:
    """The transcripts of one connection."""

    def __init__(self, hearing: Hearing) -> None:
        """``hearing`` gets what is true about each final."""
        self._hearing = hearing
        self._count = 0

    def of(self, source: Source, segment: Segment, answer: Hypothesis) -> Iterator[JsonObject]:
        """The messages of an answer, one for each transcript, in order."""
        if answer.claims is not None:
            for claim in answer.claims:
                yield self._claim(source, claim, answer)
        elif not segment.final:
            times = segment.t0, segment.t1
            yield _transcript("asr_partial", source, answer, answer.text, times)
        elif answer.text:
            name = self._name(source)
            self._hearing.final(source, name, segment, answer.text)
            times = segment.t0, segment.t1
            message = _transcript("asr_final", source, answer, answer.text, times)
            yield message | {"segment_id": name}
        if segment.final:
            self._hearing.answered(source, segment)

    def _claim(self, source: Source, claim: Claim, answer: Hypothesis) -> JsonObject:
        name = self._name(source)
        self._hearing.claim(source, name, claim)
        message = _transcript("asr_final", source, answer, claim.text, (claim.t0, claim.t1))
        return message | {"segment_id": name}

    def _name(self, source: Source) -> str:
        self._count += 1
        return f"{source}-{self._count}"


def _transcript(
    kind: str, source: Source, answer: Hypothesis, text: str, times: tuple[float, float]
) -> JsonObject:
    message: JsonObject = {
        "type": kind,
        "text": text,
        "t0": round(times[0], 4),
        "t1": round(times[1], 4),
        "confidence": round(answer.confidence, 3),
        "stable": kind == "asr_final",
        "source": source,
    }
    if answer.language is not None:
        message["language"] = answer.language
    return message
