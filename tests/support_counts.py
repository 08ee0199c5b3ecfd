"""How often each row of the chart fires in a soak, counted by every process of it.

    OPENLINE_COUNTS=build/soak python -m tests.simulation --hours 1

A process that is told of a folder begins to count when it calls ``begin``: each row of the
table is given one more action, ahead of its own, which adds one. The table is looked up by
whoever fires an event, so the product has no hook for this and no cost of it. On its way out
the process writes what it counted, in a file of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from openline import session
from openline.machine.table import Table, Transition

FOLDER = "OPENLINE_COUNTS"


def counting(table: Table, fired: Counter[str]) -> Table:
    """``table``, with every row that fires counted in ``fired`` under its name."""
    return MappingProxyType(
        {
            state: MappingProxyType(
                {event: tuple(_counted(row, fired) for row in rows) for event, rows in each.items()}
            )
            for state, each in table.items()
        }
    )


def _counted(row: Transition, fired: Counter[str]) -> Transition:
    count: Callable[[Any], None] = partial(_add, fired, row.name)
    return row._replace(before=(count, *row.before))


def _add(fired: Counter[str], name: str, _session: object) -> None:
    fired[name] += 1


def begin() -> None:
    """Count from here to the end of this process, if a folder for it is named."""
    folder = os.environ.get(FOLDER)
    if folder is None or getattr(begin, "begun", False):
        return
    begin.begun = True  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    fired = Counter[str]()
    session.TABLE = counting(session.TABLE, fired)  # type: ignore[misc]  # pyright: ignore[reportConstantRedefinition]
    atexit.register(_write, fired, Path(folder).absolute())


def _write(fired: Counter[str], folder: Path) -> None:
    if fired:
        folder.mkdir(parents=True, exist_ok=True)
        handle, _ = tempfile.mkstemp(dir=folder, suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(fired, file)
