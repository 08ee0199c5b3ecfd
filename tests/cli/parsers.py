"""Strict parsers of the transcript formats, as a player reads them.

They share no code with the writers. Each raises ``Unparsable`` for anything that the format does
not allow, so that a file which only a lenient player reads is found.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any, Final

TIME: Final = r"(\d{2,}):([0-5]\d):([0-5]\d)"
SUBRIP_SPAN: Final = re.compile(rf"{TIME},(\d{{3}}) --> {TIME},(\d{{3}})")
WEBVTT_SPAN: Final = re.compile(rf"{TIME}\.(\d{{3}}) --> {TIME}\.(\d{{3}})")


class UnparsableError(Exception):
    """The text is not in the format."""


@dataclass(frozen=True)
class Shown:
    """A cue as a player shows it: milliseconds, the lines without markup, and the voice."""

    begin: int
    end: int
    lines: tuple[str, ...]
    voice: str = ""


def subrip(text: str) -> list[Shown]:
    """Blocks of a number, a span and lines, with a blank line between two."""
    return [_subrip_block(number, block) for number, block in enumerate(_blocks(text), 1)]


def _subrip_block(number: int, block: list[str]) -> Shown:
    if block[0] != str(number):
        raise UnparsableError(f"cue {number} has the number {block[0]!r}")
    begin, end = _span(SUBRIP_SPAN, block[1])
    if any("-->" in line for line in block[2:]):
        raise UnparsableError(f"a second span in cue {number}")
    return Shown(begin, end, tuple(map(_subrip_shown, block[2:])))


def _subrip_shown(line: str) -> str:
    """The line as players show it: without tags and overrides, with references replaced."""
    line = re.sub(r"</?\s*[^>]*>?|\{\\[^}]*\}?|\{[A-Za-z]:[^}]*\}?", "", line)
    return html.unescape(line)


def webvtt(text: str) -> list[Shown]:
    """The header, then blocks of a span and lines (W3C WebVTT, "parser algorithm")."""
    header, *blocks = _blocks(text)
    if header != ["WEBVTT"]:
        raise UnparsableError(f"the header is {header}")
    return [_webvtt_block(block) for block in blocks]


def _webvtt_block(block: list[str]) -> Shown:
    begin, end = _span(WEBVTT_SPAN, block[0])
    body = "\n".join(block[1:])
    if "-->" in body:
        raise UnparsableError("an arrow in the text of a cue")
    voice = re.match(r"<v ([^>\n]*)>", body)
    if voice is not None:
        body = body[voice.end() :]
    if "<" in body or re.sub(r"&(amp|lt|gt);", "", body).count("&"):
        raise UnparsableError(f"markup in {body!r}")
    for escape, meant in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        body = body.replace(escape, meant)
    return Shown(begin, end, tuple(body.split("\n")), html.unescape(voice[1]) if voice else "")


def json_lines(text: str) -> list[dict[str, Any]]:
    """An object per line; no line is broken for a reader that knows more line ends."""
    lines = _lines(text)
    if lines != text.splitlines():
        raise UnparsableError("a line end within an object")
    return [json.loads(line) for line in lines]


def plain(text: str) -> list[str]:
    """Lines."""
    lines = _lines(text)
    if lines != text.splitlines():
        raise UnparsableError("a line end within a line")
    return lines


def _lines(text: str) -> list[str]:
    if text and not text.endswith("\n"):
        raise UnparsableError("the last line is torn")
    return text.split("\n")[:-1]


def _blocks(text: str) -> list[list[str]]:
    """What stands between blank lines; a line of blanks is blank, and two are not expected."""
    blocks: list[list[str]] = [[]]
    for line in _lines(text):
        if line.strip():
            blocks[-1].append(line)
        elif line or not blocks[-1]:
            raise UnparsableError(f"a blank line too many: {line!r}")
        else:
            blocks.append([])
    if blocks == [[]]:
        return []
    for block in blocks:
        if len(block) < 1:
            raise UnparsableError("an empty block")
    return blocks


def _span(pattern: re.Pattern[str], line: str) -> tuple[int, int]:
    found = pattern.fullmatch(line)
    if found is None:
        raise UnparsableError(f"not a span: {line!r}")
    h, m, s, ms, hh, mm, ss, mms = map(int, found.groups())
    return ((h * 60 + m) * 60 + s) * 1000 + ms, ((hh * 60 + mm) * 60 + ss) * 1000 + mms
