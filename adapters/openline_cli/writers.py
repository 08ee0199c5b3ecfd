"""``--out``: write the transcript to a file, atomically.

After the session the text is written to a temporary file beside the target, synced, and renamed:
a reader sees the old file or the new one. The suffix and the directory are checked before
anything is dialled.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from openline.updates import SAMPLE_RATE, Ended, Transcript, Update
from openline_cli import jsonlines
from openline_cli.plain import length
from openline_cli.problems import FAILED, Problem, printable


def as_text(ended: Ended) -> str:
    """The words, a final per line; each gap is a line in brackets."""
    several = len(ended.statistics.sources) > 1
    lines = [(final.start, _labelled(final, several)) for final in _with_words(ended)]
    for gap in ended.missing:
        where = f" of {gap.source}" if several else ""
        lines.append(
            (gap.start / SAMPLE_RATE, f"[{length(gap.seconds)}{where} missing: {gap.cause}]")
        )
    return "".join(f"{text}\n" for _, text in sorted(lines, key=lambda entry: entry[0]))


def as_srt(ended: Ended) -> str:
    """SubRip: numbered cues."""
    several = len(ended.statistics.sources) > 1
    cues = [
        f"{number}\n{_span(final, ',')}\n{_labelled(final, several)}\n"
        for number, final in enumerate(_with_words(ended), 1)
    ]
    return "\n".join(cues)


def as_vtt(ended: Ended) -> str:
    """WebVTT; the source stands in a voice tag."""
    several = len(ended.statistics.sources) > 1
    cues = ["WEBVTT\n"]
    for final in _with_words(ended):
        text = printable(final.text)
        for plain, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(plain, safe)
        voice = f"<v {final.source}>" if several else ""
        cues.append(f"{_span(final, '.')}\n{voice}{text}\n")
    return "\n".join(cues)


def as_jsonl(ended: Ended) -> str:
    """Every final, every gap, and the end, in the format of ``--json``."""
    updates: list[Update] = [*ended.transcript, *ended.missing, ended]
    return "".join(map(jsonlines.line, updates))


FORMATS: Final[Mapping[str, Callable[[Ended], str]]] = {
    ".txt": as_text,
    ".srt": as_srt,
    ".vtt": as_vtt,
    ".jsonl": as_jsonl,
}


def check(path: Path) -> None:
    """Raise Problem unless ``path`` can be written, as far as this can be checked now."""
    if path.suffix.lower() not in FORMATS:
        raise Problem(f"--out {path}: the name must end in {', '.join(FORMATS)}")
    check_place(path)


def check_place(path: Path) -> None:
    """Raise Problem unless a file can be created at ``path``, as far as this can be checked now."""
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise Problem(f"--out {path}: exists and is not a regular file; give another name")
        if not target.parent.is_dir():
            raise Problem(f"--out {path}: there is no directory {path.parent}; make it first")
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Problem(f"--out {path}: {_why(error)}; give a place that can be written") from None


def write(path: Path, ended: Ended) -> None:
    """Write the transcript to ``path``. Raises Problem (status 1), and then leaves no file."""
    put(path, FORMATS[path.suffix.lower()](ended))


def put(path: Path, text: str) -> None:
    """Write ``text`` to ``path``. Raises Problem (status 1), and then leaves no file."""
    try:
        _replace(path.resolve(), text)
    except OSError as error:
        raise Problem(
            f"--out {path}: not written ({_why(error)}); nothing was left behind", status=FAILED
        ) from None


def _replace(target: Path, text: str) -> None:
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(fd, "w", encoding="utf-8", newline="\n") as file:
            os.fchmod(fd, _mode(target))
            file.write(text)
            file.flush()
            os.fsync(fd)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """The permissions of the replaced file, or those that ``open`` would give a new one."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


def _with_words(ended: Ended) -> list[Transcript]:
    """The finals that contain words."""
    return [final for final in ended.transcript if printable(final.text)]


def _labelled(final: Transcript, several: bool) -> str:  # noqa: FBT001 -- two words
    text = printable(final.text)
    return f"{final.source}: {text}" if several else text


def _span(final: Transcript, point: str) -> str:
    """A cue's times; a cue without a length would never be shown, so it gets one."""
    start = round(final.start * 1000)
    end = max(round(final.end * 1000), start + 1)
    return f"{_stamp(start, point)} --> {_stamp(end, point)}"


def _stamp(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
