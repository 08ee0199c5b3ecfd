"""``openline inspect m.jsonl``: sessions on one page, with what happened, when, and why.

The page is ``openline_inspect.page``, and has a menu of all sessions; this reads the files, says
what is wrong with them, writes the page and has it shown. A damaged journal is shown as far as it
can be read. The status is 1 if a part of it is missing on the page, but not for a last line that
was cut: a crash does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal, JournalError, choose
from openline_cli import browser
from openline_cli.dialects import blamed, check_known, find_dialect
from openline_cli.journals import OPTION, read_whole
from openline_cli.problems import COMPLETE, FAILED, Problem
from openline_cli.screen import write_err, write_out
from openline_cli.writers import STDOUT, check_place, put
from openline_inspect.page import page
from openline_inspect.recording import TORN, Recording, is_path, record, record_path


def inspect(
    files: Sequence[Path],
    *,
    dialect: str | None = None,
    number: int | None = None,
    out: Path | None = None,
    no_open: bool = False,
    no_text: bool = False,
) -> int:
    """Write the page, and have it shown, unless it goes to stdout. Raises Problem."""
    is_piped = out == STDOUT
    if out is not None and not is_piped:
        check_place(out)
    with blamed(dialect):
        spoken = find_dialect(dialect)
        opened = [_open(file, number, spoken, text=not no_text) for file in files]
    text = page([each for recordings in opened for each in recordings])
    path = None
    if is_piped:
        write_out(text)
    elif out is None:
        path = browser.keep(text)
    else:
        put(path := out, text)
    is_whole = True
    for file, recordings in zip(files, opened, strict=True):
        for trouble in dict.fromkeys(str(each.head["trouble"]) for each in recordings):
            if trouble:
                write_err(f"openline: {file}: {trouble.splitlines()[0]}")
            is_whole = is_whole and trouble in {"", TORN}
    if path is not None and (no_open or not browser.show(path)):
        write_out(f"{path}\n")
    return COMPLETE if is_whole else FAILED


def _open(
    path: Path, number: int | None, dialect: Dialect | None, *, text: bool
) -> list[Recording]:
    """The sessions of a file, or the one with this number. Raises Problem.

    The head of a recording says what of it is missing.
    """
    try:
        with path.open("rb") as file:
            first = file.readline()
            file.seek(0)
            if is_path(first):
                return [record_path(file, name=path.name)]
            journals, broken = read_whole(file.readlines())
        chosen = _chosen(journals, number)
        found: list[Recording] = []
        for at, journal in chosen.items():
            check_known(path, journal, dialect)
            name = path.name if len(journals) == 1 else f"{path.name}, session {at}"
            found.append(record(journal, text=text, name=name, dialect=dialect))
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Problem(f"{path}: {reason}: name a journal, of `stream --journal`") from None
    except JournalError as error:
        raise Problem(f"{path}: {error}") from None
    if broken and len(journals) in chosen:
        missing = f"{broken}; the page shows what is before it"
        found[-1] = msgspec.structs.replace(found[-1], head={**found[-1].head, "trouble": missing})
    return found


def _chosen(journals: list[Journal], number: int | None) -> dict[int, Journal]:
    """The journals of a file by their numbers, or the one with this number. Raises JournalError."""
    if number is None or len(journals) == 1:
        return dict(enumerate(journals, 1))
    return {number: choose(journals, number, by=OPTION)}
