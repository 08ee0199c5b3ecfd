"""The second loss oracle: not what arrived, but what a recogniser had, said, and was told of.

The server keeps a ledger of each connection beside its recordings (``openline_server.hearing``).
``read_ledgers`` puts it together with the recording, so that every interval is one of the
session: samples of the source, as the test fed them. ``judge_audio`` and ``judge_words`` join
that with what the session told, and say what is missing.

Audio is *dealt with* on a connection when its recogniser found it silent, or transcribed it
and the session told that final. A word is

* *gone* if a recogniser said it in a final that was sent, and the session tells it nowhere;
* *silent* if no recogniser had the whole of it, or none got to the end of it;
* *unsaid* if a recogniser had it and did not say it, as happens at the edge of a chunk;
* *twice* if the session tells it more often than any one connection said it.

A word that is not told is none of these if a gap reports any of its audio.
"""

from __future__ import annotations

import json
import wave
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from openline.updates import SAMPLE_RATE, Gap, Transcript
from openline_server.claims import Word
from openline_server.recognizer import Segment
from tests.support_oracle import union

Span = tuple[int, int]
#: From PCM to the session samples that it holds, in its own order.
Locate = Callable[[bytes], list[Span]]


@dataclass(frozen=True)
class Said:
    """A final: what it is about in session samples, and what it claims in seconds of its dial."""

    text: str
    about: tuple[Span, ...]
    claim: tuple[float, float]
    words: tuple[str, ...]
    sent: bool


@dataclass
class Connection:
    """What one connection heard of one source, in session samples."""

    number: int
    arrived: list[Span]
    #: Audio that the recogniser took, found silent, transcribed, failed at.
    taken: list[Span] = field(default_factory=list[Span])
    quiet: list[Span] = field(default_factory=list[Span])
    answered: list[Span] = field(default_factory=list[Span])
    failed: list[Span] = field(default_factory=list[Span])
    finals: list[Said] = field(default_factory=list[Said])


def decode(pcm: bytes) -> list[Span]:
    """The session samples of coded audio that may begin and break off at any sample.

    Where it breaks off within a pair, a span may be wrong by one sample.
    """
    spans: list[Span] = []
    words = array("H", pcm[: len(pcm) // 2 * 2])
    last, at = len(words), 0

    def pair(place: int) -> int:
        return words[place] | words[place + 1] << 16

    while at < last:
        first, second = (pair(at + k) if at + k + 3 < last else -1 for k in (0, 1))
        if first >= 0 and pair(at + 2) == first + 1:
            start = at
            at += 2 * _run(pcm[2 * at :])
            _extend(spans, 2 * first, 2 * first + at - start)
        elif second > 0 and pair(at + 3) == second + 1 and words[at] == second - 1 >> 16:
            _extend(spans, 2 * second - 1, 2 * second)  # the second half of a pair
            at += 1
        elif spans and words[at] == spans[-1][1] // 2 & 0xFFFF:
            _extend(spans, spans[-1][1], spans[-1][1] + 1)  # the first half of a pair
            at += 1
        else:
            raise ValueError(f"sample {at} is not of coded audio")
    return spans


def _run(pcm: bytes) -> int:
    """How many pairs from the beginning on, each one more than the one before it."""
    pairs = np.frombuffer(pcm[: len(pcm) // 4 * 4], "<u4")
    broken = np.flatnonzero(np.diff(pairs) != 1)
    return int(broken[0]) + 1 if broken.size else len(pairs)


def find_in(whole: bytes) -> Locate:
    """Where audio lies in ``whole``, by its content: for recordings that are not coded.

    A piece that occurs twice (silence) is taken to go on where the one before it ended, or
    else to lie behind it.
    """

    def locate(pcm: bytes) -> list[Span]:
        spans: list[Span] = []
        at, last = 0, 0
        while at < len(pcm):
            piece = pcm[at : at + 640]
            found = last if whole.startswith(piece, last) else whole.find(piece, last)
            if found < 0:
                found = whole.find(piece)
            while found % 2 and found >= 0:
                found = whole.find(piece, found + 1)
            assert found >= 0, f"byte {at} is not of this recording"
            last = found + len(piece)
            _extend(spans, found // 2, last // 2)
            at += len(piece)
        return spans

    return locate


def read_ledgers(folder: Path, source: str, locate: Locate = decode) -> list[Connection]:
    """What each connection heard of ``source``, in the order of the connections."""
    return [
        _read(int(path.name.split("-")[0]), path, source, locate)
        for path in sorted(folder.glob("*-heard.jsonl"))
    ]


def _read(number: int, path: Path, source: str, locate: Locate) -> Connection:
    # A server that was killed may have left half a line.
    whole = path.read_bytes().rpartition(b"\n")[0].decode("utf-8", "surrogatepass")
    lines = [json.loads(line) for line in whole.splitlines()]
    lines = [line for line in lines if line["source"] == source]
    recording = path.with_name(path.name.replace("-heard.jsonl", f"-{source}.wav"))
    arrived: list[Span] = []
    if recording.exists():
        with wave.open(str(recording)) as file:
            arrived = locate(file.readframes(file.getnframes()))
    connection = Connection(number, arrived)
    heard = Pieces(arrived)
    own = Pieces([])
    sent = {line["sent"] for line in lines if "sent" in line}
    cuts: list[Span] = []
    held = 0
    for line in lines:
        if "took" in line:
            for first, last in line["places"]:
                for span in heard.of(first, last):
                    own.add(span)
                    connection.taken.append(span)
            held = line["held"]
        elif "cut" in line:
            cuts.append(tuple(line["cut"]))
        elif "failed" in line:
            connection.failed += own.of(*line["failed"])
        elif "answered" in line:
            connection.answered += own.of(*line["answered"])
        elif "final" in line:
            connection.finals.append(_said(line, own, sent))
    connection.quiet += [span for gap in _without(held, cuts) for span in own.of(*gap)]
    return connection


def _said(line: dict[str, Any], own: Pieces, sent: set[str]) -> Said:
    about = tuple(own.of(*line["true"])) if line["true"] else ()
    words = tuple(word[2] for word in line.get("words", ())) or tuple(line["text"].split())
    claim = (line["claim"][0], line["claim"][1])
    return Said(line["text"], about, claim, words if about else (), line["final"] in sent)


class Pieces:
    """Spans of the session in the order of another count, which they map to the session."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._spans: list[Span] = []
        self._length = 0
        for span in spans:
            self.add(span)

    def add(self, span: Span) -> None:
        self._starts.append(self._length)
        self._spans.append(span)
        self._length += span[1] - span[0]

    def of(self, start: int, end: int) -> list[Span]:
        """The session spans of ``start`` to ``end`` in the other count."""
        found: list[Span] = []
        at = max(0, bisect_right(self._starts, start) - 1)
        while at < len(self._starts) and self._starts[at] < end:
            first, (low, high) = self._starts[at], self._spans[at]
            low, high = low + max(0, start - first), min(high, low + end - first)
            if low < high:
                _extend(found, low, high)
            at += 1
        return found


def _extend(spans: list[Span], start: int, end: int) -> None:
    if spans and spans[-1][1] == start:
        start = spans.pop()[0]
    spans.append((start, end))


def _without(length: int, cuts: Sequence[Span]) -> Iterator[Span]:
    """What of 0 to ``length`` lies in none of ``cuts``."""
    at = 0
    for start, end in union(cuts):
        if at < min(start, length):
            yield at, min(start, length)
        at = max(at, end)
    if at < length:
        yield at, length


def _minus(spans: Iterable[Span], holes: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        inside = [(max(a, start) - start, min(b, end) - start) for a, b in holes
                  if a < end and b > start]  # fmt: skip
        found += [(start + a, start + b) for a, b in _without(end - start, inside)]
    return found


# The verdicts.


def judge_audio(
    spoken: Iterable[Span],
    connections: Sequence[Connection],
    transcript: Iterable[Transcript],
    gaps: Iterable[Gap],
) -> list[Span]:
    """The audio of ``spoken`` that no recogniser dealt with, and that no gap reports.

    A final counts for the audio that it is truly about, whatever it claims, if it was sent and
    the session tells it: each telling is of one final with its text, the nearest in time. A
    single sample is not held to be missing.
    """
    told = _told(connections, transcript)
    dealt = [(gap.start, gap.end) for gap in gaps]
    for connection in connections:
        about = [span for final in connection.finals for span in final.about]
        dealt += [*connection.quiet, *_minus(union(connection.answered), union(about))]
        dealt += [span for final in connection.finals if id(final) in told for span in final.about]
    return [span for span in _minus(union(spoken), union(dealt)) if span[1] - span[0] > 1]


def _told(connections: Sequence[Connection], transcript: Iterable[Transcript]) -> set[int]:
    """The ids of the finals that the session tells."""
    found: set[int] = set()
    for update in transcript:
        same = [
            final
            for connection in connections
            for final in connection.finals
            if final.sent and final.about and final.text == update.text and id(final) not in found
        ]
        if update.final and same:
            start = update.start * SAMPLE_RATE
            found.add(id(min(same, key=lambda final: abs(final.about[0][0] - start))))
    return found


@dataclass
class Seam:
    """Where a connection after the first began, and the words lost or doubled nearest to it."""

    number: int
    at: int
    gone: list[Word] = field(default_factory=list[Word])
    twice: list[Word] = field(default_factory=list[Word])


@dataclass
class Verdict:
    """What became of the words of a script (see the head of this module)."""

    gone: list[Word]
    silent: list[Word]
    unsaid: list[Word]
    twice: list[Word]
    seams: list[Seam]

    def __bool__(self) -> bool:
        """Whether every word that a recogniser had is told once, or reported."""
        return not (self.gone or self.silent or self.twice)


def judge_words(
    script: Sequence[Word],
    connections: Sequence[Connection],
    transcript: Iterable[Transcript],
    gaps: Iterable[Gap],
) -> Verdict:
    """What became of each word of ``script``, whose texts are unique and times the session's."""
    told = Counter(word for update in transcript if update.final for word in update.text.split())
    said = [Counter(w for final in each.finals for w in final.words) for each in connections]
    sent = Counter(w for each in connections for f in each.finals if f.sent for w in f.words)
    reported = [(gap.start, gap.end) for gap in gaps]
    answered = [union(each.answered + each.quiet) for each in connections]
    verdict = Verdict([], [], [], [], [])
    verdict.seams = [
        Seam(each.number, each.arrived[0][0]) for each in connections[1:] if each.arrived
    ]
    for word in script:
        span = samples(word)
        count = told[word.text]
        if count > 1 and count > max(counts[word.text] for counts in said):
            verdict.twice.append(word)
        elif count == 0 and not _touches(span, reported):
            missed = any(
                not _minus([span], dealt) and not counts[word.text]
                for dealt, counts in zip(answered, said, strict=True)
            )
            kind = verdict.unsaid if missed else verdict.silent
            kind = verdict.gone if sent[word.text] and not missed else kind
            kind.append(word)
    for words, name in ((verdict.gone, "gone"), (verdict.twice, "twice")):
        for word in words:
            if verdict.seams:
                at = samples(word)[0]
                nearest = min(verdict.seams, key=lambda seam: abs(seam.at - at))
                getattr(nearest, name).append(word)
    return verdict


def _touches(span: Span, holes: Iterable[Span]) -> bool:
    return any(start < span[1] and end > span[0] for start, end in holes)


def samples(word: Word) -> Span:
    """The samples of a word whose times are the session's."""
    return round(word.start * SAMPLE_RATE), round(word.end * SAMPLE_RATE)


class CodedScript:
    """A script for ``Measured``: finds the words of the session in coded audio."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = [(*samples(word), word.text) for word in words]
        self._ends = [end for _, end, _ in self._words]

    def __call__(self, segment: Segment) -> list[Word]:
        """The words of a chunk, in seconds of its dial; where audio is left out, those that
        are there for more than half."""
        found: list[Word] = []
        at = segment.start
        for start, end in decode(segment.pcm):
            shift = at - start
            inner = at > segment.start, at + end - start < segment.end
            for first, last, text in self._within(start, end):
                there = min(last, end) - max(first, start)
                cut = (first < start and inner[0]) or (last > end and inner[1])
                if not cut or 2 * there > last - first:
                    seconds = [(each + shift) / SAMPLE_RATE for each in (first, last)]
                    found.append(Word(seconds[0], seconds[1], text))
            at += end - start
        return found

    def _within(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        at = bisect_right(self._ends, start)
        while at < len(self._words) and self._words[at][0] < end:
            yield self._words[at]
            at += 1
