"""The formats of a transcript: plain text, SubRip, WebVTT and JSON lines.

A format makes two things. ``add`` gives the text to append for one more final, as they come;
``whole`` gives the whole file of a finished session, in order of session time, with the finals of
a sentence joined and each speaker named (``passages``). Where the finals came in order, without
speakers or times of words, and there is no gap, both are the same bytes.

A text cannot act as anything but text. Its line ends become spaces, so it cannot end a cue. In
WebVTT ``&``, ``<`` and ``>`` are escaped. SubRip has no standard: players take tags (``<i>``),
overrides (``{\\an8}``) and, some of them, references (``&lt;``), so these are escaped as HTML
does, and whatever means nothing (``R&D``) stays as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from openline.updates import Ended, Transcript, Update
from openline_speech import jsonlines
from openline_speech.cues import COLUMNS, Cue, cells, cut, settle
from openline_speech.passages import Passage, Voices, line, passage, passages

_REFERENCE: Final = re.compile(r"&#?\w{1,32};?")
#: The point of a time stamp: some readers take any line with two stamps for a span.
_STAMP_POINT: Final = re.compile(r"(?<=\d:\d\d:\d\d)[,.](?=\d)|(?<=\d:\d\d:\d)[,.](?=\d)")
#: Overrides of SSA and codes of MicroDVD ({\an8}, {y:i}), and the line breaks of SSA (\N).
_OVERRIDE: Final = re.compile(r"\{(?=\\|[A-Za-z]:)|\\(?=[Nnh])")


class Format(Protocol):
    """One format. ``head`` begins the file."""

    head: str

    def add(self, final: Transcript) -> str:
        """What to append for ``final``; empty if it has no words."""
        ...

    def whole(self, ended: Ended) -> str:
        """The whole file of a finished session."""
        ...


def in_order(finals: Iterable[Transcript]) -> list[Transcript]:
    """The finals by session time; finals of the same time stay in the order they came."""
    return sorted(finals, key=lambda final: (final.start, final.end))


class PlainText:
    """A passage per line, behind its voice if there are several; each gap in brackets."""

    head = ""

    def __init__(self, *, several: bool) -> None:
        """``several``: the session has more than one source."""
        self._several = several
        self._voices = Voices(several=several)

    def add(self, final: Transcript) -> str:
        """A line."""
        self._voices.note([final])
        return self._line(passage(final, self._voices))

    def whole(self, ended: Ended) -> str:
        """The lines and the gaps, by session time."""
        self._voices.note(ended.transcript)
        found = passages(in_order(ended.transcript), self._voices)
        parts = [(each.start, self._line(each)) for each in found]
        for gap in ended.missing:
            where = f" of {gap.source}" if self._several else ""
            text = f"[{length(gap.seconds)}{where} missing: {gap.cause}]\n"
            parts.append((gap.start_seconds, text))
        return "".join(text for _, text in sorted(parts, key=lambda part: part[0]))

    def _line(self, said: Passage) -> str:
        text = line(said.text)
        if not text.strip():
            return ""
        return f"{said.voice}: {text}\n" if said.voice else f"{text}\n"


class JsonLines:
    """Every final, then every gap, and the end, as ``--json`` prints them."""

    head = ""

    def __init__(self, *, several: bool) -> None:
        """Every line names its source, however many there are."""

    def add(self, final: Transcript) -> str:
        """An object."""
        return jsonlines.line(final)

    def whole(self, ended: Ended) -> str:
        """The objects."""
        updates: list[Update] = [*in_order(ended.transcript), *ended.missing, ended]
        return "".join(map(jsonlines.line, updates))


class _Subtitles:
    """Cues. Each block ends with a line end, and a blank line stands between two."""

    head = ""

    def __init__(self, *, several: bool) -> None:
        self._voices = Voices(several=several)
        self._count = 0
        self._last: Cue | None = None

    def add(self, final: Transcript) -> str:
        """The final's cues; the first begins where the last of the file ends, if it overlaps."""
        self._voices.note([final])
        cues = self._cut(passage(final, self._voices))
        last = self._last
        if cues and last and last.begin <= cues[0].begin < last.end < cues[0].end:
            cues = settle([Cue(last.end, last.end, ()), *cues])[1:]
        if cues:
            self._last = cues[-1]
        return self._blocks(cues)

    def whole(self, ended: Ended) -> str:
        """All cues, by session time.

        Cues of one source stay in the order of its finals; those of two sources mix.
        """
        tracks: dict[str, list[Cue]] = {}
        self._voices.note(ended.transcript)
        for said in passages(in_order(ended.transcript), self._voices):
            tracks.setdefault(said.source, []).extend(self._cut(said))
        cues = [cue for track in tracks.values() for cue in settle(track)]
        return self.head + self._blocks(settle(sorted(cues, key=lambda cue: cue.begin)))

    def _cut(self, said: Passage) -> list[Cue]:
        return cut(
            line(said.text),
            said.start,
            said.end,
            said.words,
            voice=said.voice,
            lead=cells(self._label(said.voice)),
        )

    def _blocks(self, cues: Iterable[Cue]) -> str:
        blocks: list[str] = []
        for cue in cues:
            if self._count or self.head:
                blocks.append("\n")
            self._count += 1
            blocks.append(self._block(cue))
        return "".join(blocks)

    def _label(self, voice: str) -> str:  # noqa: ARG002  # for a format that has labels
        """What stands before the words of a voice."""
        return ""

    def _block(self, cue: Cue) -> str:
        raise NotImplementedError


class SubRip(_Subtitles):
    """Numbered cues; the voice stands before the words if there are several."""

    def _label(self, voice: str) -> str:
        """At most half a line: the rest is for the words."""
        most = COLUMNS // 2 - len(": ")
        if cells(voice) > most:
            while cells(voice) >= most:
                voice = voice[:-1]
            voice = f"{voice.rstrip()}…"
        return f"{voice}: " if voice else ""

    def _block(self, cue: Cue) -> str:
        lines = (self._label(cue.voice) + cue.lines[0], *cue.lines[1:])
        text = "\n".join(map(escape_subrip, lines))
        return f"{self._count}\n{_span(cue, ',')}\n{text}\n"


class WebVtt(_Subtitles):
    """Cues; the voice stands in a voice tag if there are several."""

    head = "WEBVTT\n"

    def _block(self, cue: Cue) -> str:
        voice = f"<v {escape_webvtt(cue.voice)}>" if cue.voice else ""
        text = "\n".join(map(escape_webvtt, cue.lines))
        return f"{_span(cue, '.')}\n{voice}{text}\n"


#: The format for each suffix.
FORMATS: Final[Mapping[str, Callable[..., Format]]] = {
    ".txt": PlainText,
    ".srt": SubRip,
    ".vtt": WebVtt,
    ".jsonl": JsonLines,
}


def length(seconds: float) -> str:
    """A duration in seconds; one above 0 never shows as 0.00 s."""
    return "less than 0.01 s" if 0 < seconds < 0.005 else f"{seconds:.2f} s"


def escape_webvtt(text: str) -> str:
    """``text`` as WebVTT cue text (W3C WebVTT, "cue text span")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_subrip(text: str) -> str:
    """``text`` so that no player takes a part of it for markup or for timing."""
    text = _REFERENCE.sub(_escaped_reference, text)
    text = text.replace("<", "&lt;").replace("-->", "--&gt;")
    text = _STAMP_POINT.sub(_numbered, text)
    return _OVERRIDE.sub(_numbered, text)


def _numbered(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _escaped_reference(found: re.Match[str]) -> str:
    text = found[0]
    return text if html.unescape(text) == text else f"&amp;{text[1:]}"


def _span(cue: Cue, point: str) -> str:
    return f"{_stamp(cue.begin, point)} --> {_stamp(cue.end, point)}"


def _stamp(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"
