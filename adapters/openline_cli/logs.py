"""Logs of a command: ``--log-level``, ``--log-json`` and ``--log-file`` set up ``logging``.

Without one of the three nothing is set up, and a session is not logged at all. With one, the
records of the ``openline`` loggers go to stderr or to the file, one a line:

    12:30:01.250 INFO openline.session state streaming [session=… dial=1]
    {"time": "2026-05-04T12:30:01.250+00:00", "level": "INFO", "logger": "openline.session", …}

The traceback of an error follows its line; in JSON it is the field ``exception``.
A file is appended to and readable by its owner alone, since at DEBUG it holds the transcript. One
that the command reads or writes otherwise is refused.
When a write fails (a full disk), one line on stderr reports it, and the session goes on.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO, cast

from openline.text import os_reason
from openline_cli.problems import Problem
from openline_cli.tracebacks import traceback_of

#: The names that ``--log-level`` takes.
LEVELS: Final = ("debug", "info", "warning", "error")
#: The fields of a record that openline adds (``openline_driver.log_observer.FIELDS``).
FIELDS: Final = ("session_id", "attempt_id", "connection_id", "dial")


@contextmanager
def logged(
    level: str | None, file: Path | None, *, as_json: bool
) -> Generator[logging.Handler | None]:
    """Set up logging while a command runs, if any of the options was given. Raises Problem.

    ``level`` None is "info" where another of the options was given.
    """
    if level is None and file is None and not as_json:
        yield None
        return
    handler: logging.Handler = logging.StreamHandler() if file is None else _opened(file)
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
    log = logging.getLogger("openline")
    before = log.level
    log.setLevel((level or "info").upper())
    log.addHandler(handler)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        handler.close()


def check_apart(file: Path, values: Iterable[object]) -> None:
    """Raise Problem if an argument names ``file`` as well: a log would be appended to it.

    ``values`` are those of the other arguments; a text may be a recording, ``FILE:left``, or a
    secret's ``NAME=@FILE``.
    """
    for each in _paths(values):
        if os.path.exists(each) and os.path.exists(file):  # any text may come
            is_same = os.path.samefile(each, file)
        else:
            is_same = isinstance(each, Path) and each.resolve() == file.resolve()
        if is_same:
            raise Problem(
                f"--log-file {file}: this command reads or writes it already; give another name"
            )


def _paths(values: Iterable[object]) -> Iterator[str | Path]:
    for each in values:
        if isinstance(each, tuple):
            yield from _paths(cast("tuple[object, ...]", each))
        elif isinstance(each, Path):
            yield each
        elif isinstance(each, str):
            yield from (each, each.rpartition(":")[0], each.partition("=@")[2])


class JsonFormatter(logging.Formatter):
    """One JSON object a record: time (UTC), level, logger, message, the ids, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        time = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if (error := _error(record)) is not None:
            line["exception"] = traceback_of(error)
        return json.dumps(line, ensure_ascii=False)


class LineFormatter(logging.Formatter):
    """One line a record for a person: local time, level, logger, message, session and dial."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; an error's traceback follows it."""
        time = datetime.fromtimestamp(record.created).astimezone()
        shown = f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"
        line = f"{shown} {record.levelname} {record.name} {record.getMessage()}"
        if hasattr(record, "session_id"):
            session, dial = record.__dict__["session_id"], record.__dict__["dial"]
            line += f" [session={session} dial={dial}]"
        error = _error(record)
        return line if error is None else f"{line}\n{traceback_of(error)}"


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


class _FileHandler(logging.StreamHandler[TextIO]):
    """A file that gives up at the first failed write."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Report the failure once; write no more."""
        del record
        error = sys.exc_info()[1]
        why = os_reason(error) if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"openline: the log file cannot be written any more: {why}\n")
        self.setLevel(logging.CRITICAL + 1)

    def close(self) -> None:
        """Close the file; a failed write was already reported."""
        try:
            self.stream.close()
        except OSError:
            self.setLevel(logging.CRITICAL + 1)
        super().close()


def _opened(file: Path) -> logging.Handler:
    try:
        fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise Problem(f"--log-file {file}: {os_reason(error)}; give a file to write to") from error
    return _FileHandler(os.fdopen(fd, "w", encoding="utf-8", errors="replace"))
