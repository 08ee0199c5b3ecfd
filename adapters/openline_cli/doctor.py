"""``openline doctor``: each step to a backend, right or wrong, with one line of what to do.

The probe and what its facts mean is ``openline_doctor``; this reads the options and prints. The
status is 0 if nothing is wrong, and 1 otherwise. Ctrl-C ends it at once.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from openline.dialects.registry import DEFAULT
from openline_cli.ansi import Cell, Paper, find_paper, row
from openline_cli.credentials import read_token
from openline_cli.dialects import blamed, find_dialect
from openline_cli.network import NetworkOptions
from openline_cli.problems import COMPLETE, FAILED, Problem, printable
from openline_cli.stream import find_backend, with_headers
from openline_doctor.facts import Facts
from openline_doctor.findings import Finding, State, findings, is_well
from openline_doctor.probe import Probe
from openline_driver.credentials import CredentialStore

#: The word and the colour of each state: the colour adds nothing to the word.
_MARKS: Final[Mapping[State, tuple[str, str]]] = {
    State.RIGHT: ("ok", "green"),
    State.NOTE: ("note", "yellow"),
    State.WRONG: ("WRONG", "bold red"),
    State.UNKNOWN: ("?", "yellow"),
    State.SKIPPED: ("-", "bright_black"),
}
_GAP: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions(NetworkOptions):
    """The options of the command."""

    url: str | None = None
    token_file: Path | None = None
    plain_ws: bool = False
    dialect: str | None = None
    option: Sequence[str] = ()
    timeout: float
    json: bool = False


def doctor(options: DoctorOptions) -> int:
    """Probe, print, and return the exit status. Raises Problem."""
    spoken = find_dialect(options.dialect, options.option) or DEFAULT
    found = find_backend(options.url, spoken, plain_ws=options.plain_ws, label="URL")
    backend = with_headers(found, options)
    proxy, context = options.find_proxy(), options.find_context()
    token = read_token(options.token_file, variable=spoken.traits.key_variable)
    with blamed(options.dialect):
        try:
            store = CredentialStore(token, spoken, backend.headers)
        except ValueError as error:
            raise Problem(str(error)) from None
        probe = Probe(
            backend=backend,
            dialect=spoken,
            store=store,
            proxy=proxy,
            environ=os.environ,
            timeout=options.timeout,
            context=context,
            shows=options.client_cert is not None,
        )
        facts = asyncio.run(probe.run())
    result = findings(facts, now=time.time())
    if options.json:
        sys.stdout.write("".join(f"{line}\n" for line in as_json(result)))
    else:
        for line in as_text(facts, result, find_paper()):
            sys.stdout.write(f"{line}\n")
    return COMPLETE if is_well(result) else FAILED


def as_json(result: Sequence[Finding]) -> Iterator[str]:
    """An object for each step: ``step``, ``state`` and ``text``."""
    for each in result:
        yield msgspec.json.encode(each).decode()


def as_text(facts: Facts, result: Sequence[Finding], paper: Paper) -> Iterator[str]:
    """The lines: the address, each step, and the end."""
    scheme = "wss" if facts.secure else "ws"
    host = f"[{facts.host}]" if ":" in facts.host else facts.host
    yield paper.paint(f"{scheme}://{host}:{facts.port}{facts.path}", "bold")
    step = max(len(each.step) for each in result)
    mark = max(len(word) for word, _ in _MARKS.values())
    widths = (mark, step, paper.width - mark - step - 2 * _GAP)
    for each in result:
        word, colour = _MARKS[each.state]
        cells = (Cell(word, colour), Cell(each.step), Cell(printable(each.text)))
        yield from row(paper, cells, widths, gap=_GAP)
    wrong = sum(each.state is State.WRONG for each in result)
    well = "nothing is wrong; no audio was sent"
    end = f"{wrong} of {len(result)} steps wrong" if wrong else well
    yield paper.paint(end, "bold red" if wrong else "bold green")
