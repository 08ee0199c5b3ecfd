"""``openline explain m.jsonl``: what happened in a session, minute by minute, in plain words.

The story is ``openline_lookup.story``, and the amounts of audio in it come from a replay as far as
that goes; this reads the file and prints. A damaged journal is told as
far as it can be read, and the lines that cannot be are named; the status is 1 then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from openline.journal.reader import JournalError
from openline_cli.ansi import Cell, Paper, find_paper, row
from openline_cli.journals import OPTION, read_whole
from openline_cli.problems import COMPLETE, FAILED, Problem, printable
from openline_lookup.amounts import Amounts, replayed
from openline_lookup.records import records
from openline_lookup.results import Outcome
from openline_lookup.story import Minute, Story, stories
from openline_lookup.story import clock as time_of

_SUFFIX: Final = ".jsonl"
_STYLES: Final = {
    Outcome.OPEN: "yellow",
    Outcome.COMPLETE: "green",
    Outcome.PARTLY: "bold yellow",
    Outcome.NOTHING: "bold red",
    Outcome.FAILED: "bold red",
}
_DIM: Final = "bright_black"
_INDENT: Final = 2
_GAP: Final = 2
_OF_THE_END: Final = (
    *("seconds", "end", "complete", "outcome", "audio", "unfinal", "broken", "torn"),
)
#: Broken lines that are named one by one.
_NAMED: Final = 5


def is_journal(subject: str) -> bool:
    """Whether a subject is a file, or means to be one; an ending has no such name."""
    try:
        return subject.endswith(_SUFFIX) or (not subject.isdigit() and Path(subject).is_file())
    except (OSError, ValueError):  # too long for a name, or none at all
        return False


def retell(path: Path, *, number: int | None, json: bool) -> int:
    """Tell each session of a journal, or the one with this number. Raises Problem."""
    try:
        with path.open("rb") as file:
            lines = file.readlines()
    except OSError as error:
        raise Problem(f"{path}: {(error.strerror or '').lower()}: name a journal") from None
    found = list(stories(records(lines), _amounts(lines)))
    if not found:
        raise Problem(f"{path}: there is no session in it: name a journal, of `stream --journal`")
    if number is not None:
        if not 1 <= number <= len(found):
            raise Problem(f"{path}: {OPTION} is {number}: give 1 to {len(found)}")
        found = [found[number - 1]]
    paper = find_paper()
    for at, story in enumerate(found):
        if at and not json:
            sys.stdout.write("\n")
        for line in as_json(story) if json else as_text(story, paper):
            sys.stdout.write(f"{line}\n")
    return FAILED if any(each.broken for each in found) else COMPLETE


def _amounts(lines: Sequence[bytes]) -> list[Amounts]:
    """How much audio each minute of each session moved, as far as the file can be replayed."""
    try:
        journals, _ = read_whole(lines)
    except JournalError:
        return []
    return [replayed(each) for each in journals]


def as_json(story: Story) -> Iterator[str]:
    """The session, then each minute, then the end, an object a line."""
    head: dict[str, Any] = msgspec.to_builtins(story)
    minutes = head.pop("minutes")
    end = {name: head.pop(name) for name in _OF_THE_END}
    for each in ({"type": "session", **head}, *({"type": "minutes", **each} for each in minutes),
                 {"type": "end", **end}):  # fmt: skip
        yield msgspec.json.encode(each).decode()


def as_text(story: Story, paper: Paper) -> Iterator[str]:
    """The lines for a person."""
    yield paper.paint(printable(f"session {story.session_id}"), "bold")
    began = "" if story.began is None else f", begun {_moment(story.began)} by the backend's clock"
    yield from _wrapped(
        paper, f"{' and '.join(story.sources)} to {story.url}, dialect {story.dialect}{began}"
    )
    for minute in story.minutes:
        yield ""
        yield from _minute(paper, minute)
    yield ""
    style = _STYLES[story.outcome]
    yield from _wrapped(paper, f"after {clock(story.seconds)}: {story.end}", style)
    for line in _damage(story):
        yield from _wrapped(paper, line, "yellow")


def _minute(paper: Paper, minute: Minute) -> Iterator[str]:
    one = minute.first == minute.last
    title = f"minute {minute.first}" if one else f"minutes {minute.first} to {minute.last}"
    quiet = "" if minute.happened else "nothing but "
    yield from _wrapped(paper, f"{title}: {quiet}{_speech(minute)}", "bold")
    width = max((len(time_of(each.at)) for each in minute.happened), default=0)
    widths = (width, paper.width - _INDENT - width - _GAP)
    for each in minute.happened:
        cells = (Cell(time_of(each.at), _DIM), Cell(printable(each.text)))
        for line in row(paper, cells, widths, gap=_GAP):
            yield f"{'':{_INDENT}}{line}"
        if each.where:
            lies = (Cell(""), Cell(printable(f"where: {each.where}; {each.advice}"), _DIM))
            for line in row(paper, lies, widths, gap=_GAP):
                yield f"{'':{_INDENT}}{line}"


def _speech(minute: Minute) -> str:
    said = _words(minute)
    if minute.sent is None or minute.confirmed is None:
        return said
    moved = f"{minute.sent:.1f} s sent, {minute.confirmed:.1f} s confirmed"
    if minute.captured or minute.sent or minute.confirmed:
        return f"{said}; {minute.captured:.1f} s captured, {moved}"
    return said


def _words(minute: Minute) -> str:
    if minute.lag is not None:
        late = max(0.0, minute.lag)
        words = f"{minute.words} word{'s' * (minute.words != 1)}"
        return f"speech: {words}, at most {late:.1f} s after they were said"
    if minute.captured:
        return f"{minute.captured:.0f} s of audio without words"
    return "silence: no audio, no words"


def _damage(story: Story) -> Iterator[str]:
    if story.torn:
        yield "the last line of the journal is cut: a crash, or a full disk"
    count = len(story.broken)
    if count:
        named = ", ".join(map(str, story.broken[:_NAMED]))
        more = ", …" * (count > _NAMED)
        are = "lines cannot" if count > 1 else "line cannot"
        yield f"{count} {are} be read, and what they tell is missing here: line {named}{more}"


def _wrapped(paper: Paper, text: str, style: str = "") -> list[str]:
    return row(paper, (Cell(printable(text), style),), (paper.width,))


def clock(seconds: float) -> str:
    """A length of time: ``0:04``, ``3:07:12``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return "at no time that a calendar has"
