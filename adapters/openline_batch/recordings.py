"""Which recordings a batch is about: those in a directory, or those that a manifest lists.

A manifest is JSON lines. Each line is an object: ``path``, from the manifest's folder on, and what
else is known: ``id``, ``language``, ``options`` (of the dialect), ``channel``, ``labels`` (yours,
which come back in the results). A line that cannot be used is named, and the others go on. A file
whose first line is no JSON object is no manifest.

    {"path": "2024/call-17.wav", "language": "de", "labels": {"agent": "kim"}}

In a directory the recordings are found by the ends of their names, in all folders below. Symbolic
links are followed, each folder and each file once.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from difflib import get_close_matches
from os.path import islink
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from openline.text import harmless, os_reason

#: The ends of names of recordings, of what libsndfile and FFmpeg read.
SUFFIXES: Final = frozenset(
    {
        *(".wav", ".wave", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf"),
        *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".voc", ".mp4", ".m4a", ".m4b"),
        *(".mov", ".3gp", ".3g2", ".webm", ".mkv", ".mka", ".aac", ".ac3", ".amr", ".awb"),
        *(".wma", ".wmv", ".asf", ".flv", ".ts", ".mts", ".m2ts", ".avi", ".mpg", ".mpeg", ".gsm"),
    }
)
#: The longest line of a manifest, in bytes.
LONGEST_LINE: Final = 1 << 20


#: So many lines of a manifest that cannot be used are named; the others are counted.
_MOST_NAMED: Final = 10
_EXAMPLE: Final = '{"path": "a.wav"}'
#: What each key of a line has to be.
_HAS_TO: Final = {
    "path": "its path has to be a text that is not empty",
    "id": "its id has to be a text of 1 to 256 characters, not all of them blank",
    "language": "its language has to be a text",
    "options": "its options have to be texts, numbers, true or false, by name",
    "channel": "its channel has to be a whole number from 0 on",
    "labels": "its labels have to be a JSON object",
}


class _Line(msgspec.Struct):
    """A line of a manifest."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    id: Annotated[str, msgspec.Meta(max_length=256, pattern=r"\S")] | None = None
    language: str | None = None
    options: dict[str, str | int | float | bool] = {}
    channel: Annotated[int, msgspec.Meta(ge=0)] | None = None
    labels: dict[str, Any] = {}


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One recording to transcribe.

    ``path`` opens it on every machine. ``name`` is what it is called: its path in the directory, or
    as in the manifest; with the content it makes the id, where none is given. ``options`` are of
    the dialect, by name, ``language`` among them.
    """

    path: str
    name: str
    id: str | None = None
    options: dict[str, str] = {}  # msgspec copies it
    channel: int | None = None
    labels: dict[str, Any] = {}


class Found(msgspec.Struct, frozen=True):
    """What a batch is about, lines about what was left out, and lines about what is wrong.

    ``left_out`` sums up the latter on one line: ``left out: 2 folders that cannot be listed``.
    """

    recordings: tuple[Recording, ...]
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: str = ""


def find(where: Path) -> Found:
    """The recordings of a directory or of a manifest. Raises ValueError, one line, for neither."""
    try:
        if where.is_dir():
            return in_directory(where)
        return in_manifest(where)
    except (OSError, ValueError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else str(error)
        raise ValueError(f"{shown(where)}: {reason}: name a directory or a manifest") from None


def shown(path: str | Path) -> str:
    """A path as one line that harms no terminal, for any bytes in it."""
    name = str(path)
    return name if name == harmless(name) else ascii(name)


def in_directory(root: Path) -> Found:
    """The recordings in ``root``, sorted by path. Raises OSError if it cannot be read."""
    found: dict[tuple[int, int], Recording] = {}
    twins: list[tuple[str, tuple[int, int]]] = []
    problems: list[str] = []
    others = unread = 0
    os.listdir(root)  # what is wrong with the directory itself is an error
    for path, is_linked in _walk(root, problems):
        if path.suffix.lower() not in SUFFIXES:
            others += 1
            continue
        try:
            status = path.stat()
        except OSError as error:
            problems.append(f"{shown(path)}: {os_reason(error)}")
            unread += 1
            continue
        file = status.st_dev, status.st_ino
        made = Recording(path=str(path.absolute()), name=str(path.relative_to(root)))
        there = found.get(file)
        # The file itself, where it is there: a link that is added gives it no other name.
        if there is None or (not is_linked and islink(there.path)):
            found[file], made = made, made if there is None else there
        if made is not found[file]:
            twins.append((made.name, file))
    remarks = [
        f"{shown(root / name)}: the same file as {shown(found[file].name)}, and done once"
        for name, file in sorted(twins)
    ]
    if others:
        remarks.append(f"{others} files are no recordings by their names, and are left out")
    recordings = sorted(found.values(), key=lambda each: each.name)
    counts = ((len(problems) - unread, "folder", "listed"), (unread, "file", "found"))
    left_out = _left_out(*counts)
    return Found(tuple(recordings), tuple(remarks), tuple(problems), left_out)


def _left_out(*counts: tuple[int, str, str]) -> str:
    """``left out: 2 folders that cannot be listed``; nothing if nothing is."""
    parts = [
        f"{count} {what}{'s' * (count != 1)} that cannot be {done}"
        for count, what, done in counts
        if count
    ]
    return f"left out: {', '.join(parts)}" if parts else ""


def _walk(root: Path, problems: list[str]) -> Iterator[tuple[Path, bool]]:
    """All files below ``root``, and whether each is a link, or in a folder that is one.

    Each folder is visited once. Those behind links come last, so that a file has the name that it
    has without them. Hidden ones are left out.
    """
    seen = set[tuple[int, int]]()
    starts = deque([root])

    def note(error: OSError) -> None:
        problems.append(f"{shown(error.filename)}: {os_reason(error)}")

    while starts:
        start = starts.popleft()
        for folder, folders, files in os.walk(start, onerror=note):
            try:
                status = os.stat(folder)
            except OSError as error:  # it was removed meanwhile
                note(error)
                folders.clear()
                continue
            if (status.st_dev, status.st_ino) in seen:  # by another link, perhaps a loop
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            starts.extend(Path(folder, name) for name in folders if islink(Path(folder, name)))
            for name in sorted(files):
                if not name.startswith("."):
                    path = Path(folder, name)
                    yield path, start != root or islink(path)


def in_manifest(path: Path) -> Found:
    """The recordings that a manifest lists, in its order. Raises OSError, and ValueError."""
    recordings: list[Recording] = []
    problems: list[str] = []
    ids: dict[str, int] = {}
    with path.open("rb") as file:
        if not os.path.isfile(path):
            raise ValueError("it is no regular file")
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            whole = line
            while not line.endswith(b"\n") and len(line) > LONGEST_LINE:  # skip to its end
                line = file.readline(LONGEST_LINE + 1)
            if not whole.strip():
                continue
            if not (recordings or problems or _may_be_entry(whole)):
                raise ValueError(f"its first line is no JSON object, such as {_EXAMPLE}")
            try:
                recording = _listed(whole, path.parent.absolute())
            except ValueError as error:
                problems.append(f"{shown(path)}, line {number}: {harmless(str(error))}")
                continue
            first = number if recording.id is None else ids.setdefault(recording.id, number)
            if first == number:
                recordings.append(recording)
            else:
                what = f"its id {recording.id} is that of line {first}: give another"
                problems.append(f"{shown(path)}, line {number}: {harmless(what)}")
    left_out = _left_out((len(problems), "line", "used"))
    left = len(problems) - _MOST_NAMED
    if left > 0:
        problems[_MOST_NAMED:] = [f"{shown(path)}: {left} more lines cannot be used"]
    return Found(tuple(recordings), (), tuple(problems), left_out)


def _may_be_entry(line: bytes) -> bool:
    """Whether a line is a JSON object, or begins as one and is too long to be read."""
    if len(line) > LONGEST_LINE:
        return line.lstrip().startswith(b"{")
    try:
        _entry(line)
    except ValueError:
        return False
    return True


def _entry(line: bytes) -> dict[str, Any]:
    """The JSON object of a line. Raises ValueError, one line."""
    try:
        return msgspec.convert(json.loads(line), dict[str, Any])
    except (ValueError, RecursionError):  # msgspec's errors are of the first kind
        raise ValueError("it is no JSON object") from None


def _checked(entry: dict[str, Any]) -> _Line:
    """The entry, if each key is what it has to be. Raises ValueError, one line."""
    unknown = next((name for name in entry if name not in _HAS_TO), None)
    if unknown is not None:
        near = get_close_matches(unknown.lower(), _HAS_TO, 1)
        hint = f"did you mean {near[0]}? Give" if near else "give"
        raise ValueError(f"it has no use for {unknown[:40]!r}: {hint} {', '.join(_HAS_TO)}")
    if "path" not in entry:
        raise ValueError("its path is missing")
    for name, value in entry.items():
        try:
            msgspec.convert({"path": "x", name: value}, _Line)
        except ValueError:  # msgspec's errors are of this kind
            raise ValueError(_HAS_TO[name]) from None
    return msgspec.convert(entry, _Line)


def _listed(line: bytes, folder: Path) -> Recording:
    """A line's recording. Raises ValueError, one line."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE} bytes")
    entry = _checked(_entry(line))
    if "\0" in entry.path:
        raise ValueError("its path holds a NUL, as no file's name can")
    options = {name: _text(value) for name, value in entry.options.items()}
    if entry.language is not None:
        options["language"] = entry.language
    return Recording(
        path=str(folder / entry.path),
        name=entry.path,
        id=entry.id,
        options=options,
        channel=entry.channel,
        labels=entry.labels,
    )


def _text(value: object) -> str:
    """An option's value as the command takes it in NAME=VALUE."""
    return str(value).lower() if isinstance(value, bool) else str(value)
