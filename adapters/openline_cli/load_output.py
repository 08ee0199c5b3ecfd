"""Where a load's findings go: the report, and the files of ``--json`` and ``--plot``.

The report goes to stdout. ``-`` as one of the files is stdout; the report then goes to stderr, so
that a program that reads stdout gets JSON and nothing else. What cannot be written keeps nothing
else from being written: a full disk of one file does not cost the other, and a reader of stdout
that is gone (``| head``) costs no file. The status at the end says so.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from openline_cli import load_view, writers
from openline_cli.follow import is_gone
from openline_cli.problems import FAILED, Problem
from openline_cli.screen import drop_out, write_err, write_out
from openline_load.report import Report


class Output:
    """The outputs of one load. ``files`` are paths by the options that name them."""

    def __init__(self, files: Mapping[str, Path | None]) -> None:
        """Raises Problem if a file cannot be written, as far as this can be known now."""
        self._files = {name: path for name, path in files.items() if path is not None}
        self._is_taken = writers.STDOUT in self._files.values()
        self._unread: OSError | None = None
        for name, path in self._files.items():
            if path != writers.STDOUT:
                writers.check_place(path, name)

    @property
    def is_useless(self) -> bool:
        """Whether all output goes to stdout, and stdout takes no more."""
        return self._unread is not None and all(
            path == writers.STDOUT for path in self._files.values()
        )

    def tell(self, text: str) -> None:
        """Print lines of the report."""
        if self._is_taken:
            with contextlib.suppress(OSError):
                sys.stderr.write(text)
                sys.stderr.flush()
        else:
            self._print(partial(write_out, text))

    def show(self, found: Report) -> None:
        """Print the whole report of a load."""
        if self._is_taken:
            self.tell(load_view.plain(found))
        else:
            self._print(partial(load_view.show, found))

    def finish(self, texts: Mapping[str, Callable[[], str]], status: int) -> int:
        """Write the files, and give the exit status, ``status`` if all is well. Raises Problem."""
        failures: list[Problem] = []
        for name, path in self._files.items():
            text = texts[name]()
            if path == writers.STDOUT:
                self._print(partial(write_out, text))
                continue
            try:
                writers.put(path, text, name)
            except Problem as problem:
                failures.append(problem)
        if self._unread is not None and not is_gone(self._unread):
            reason = self._unread.strerror
            failures.append(Problem(f"stdout cannot be written: {reason}", status=FAILED))
        for failure in failures[:-1]:
            write_err(f"openline: {failure}")
        for failure in failures[-1:]:
            raise failure
        return status or (FAILED if self.is_useless else status)

    def _print(self, write: Callable[[], None]) -> None:
        if self._unread is not None:
            return
        try:
            write()
        except OSError as error:
            self._unread = error
            drop_out()
