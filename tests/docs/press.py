"""Builds a site as ``python -m sphinx`` does, in a process that has Sphinx loaded when it begins.

Most of a small build is loading Sphinx. One process loads it, and for each build a new one
begins as its copy: nothing that a build does is there for the next.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

from sphinx.cmd.build import main

_COPIES = multiprocessing.get_context("forkserver")
_COPIES.set_forkserver_preload(["tests.docs.loaded"])


def build(arguments: list[str], log: Path) -> tuple[int, str]:
    """The status of a build and its output, which is also in ``log``."""
    process = _COPIES.Process(target=_build, args=(arguments, str(log)))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode, log.read_text("utf-8")


def _build(arguments: list[str], log: str) -> None:
    with open(log, "w", encoding="utf-8") as said:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(said.fileno(), stream.fileno())
    sys.exit(main(arguments))
