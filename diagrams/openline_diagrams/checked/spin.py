"""Runs spin on the model: counts states, and brings back a path where something is broken.

Spin writes a program in C; gcc compiles it, and it searches every state. It needs both programs
(Debian: ``apt-get install spin gcc``) and a folder that it may fill.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from openline_diagrams.checked.counterexample import Path as Way
from openline_diagrams.checked.counterexample import Reader, path
from openline_diagrams.checked.model import GOALS, Model
from openline_diagrams.checked.promela import promela

#: Seconds for one program. Spin and gcc take two or three together.
_PATIENCE: float = 300.0
_STORED: Final = re.compile(r"^ *(\d+) states, stored", re.MULTILINE)
#: Steps of the longest path that is searched: far more than any.
_DEPTH: Final = 1_000_000
#: Where a goal is missed, paths so short are tried first.
_SHORT: Final = (15, 25, 50, 100, 200)
#: Its program runs for less than a second, so it is not optimised.
_COMPILE: Final = ("gcc", "-O0", "-w")
#: The name of the check of the laws, beside the goals'.
LAWS: Final = "laws"


class SpinError(Exception):
    """Spin or gcc is missing or does not work; one line."""


class Checked(NamedTuple):
    """What was checked: ``goal`` is ``LAWS`` or one of ``GOALS``; ``states`` that were stored.

    ``breaks`` says what is broken, and ``way`` leads there; "" and None: nothing is broken.
    """

    goal: str
    states: int
    breaks: str
    way: Way | None


def missing() -> str:
    """Why spin cannot run here, one line; empty: it can."""
    gone = [name for name in ("spin", "gcc") if shutil.which(name) is None]
    return f"{' and '.join(gone)} not installed (Debian: apt-get install spin gcc)" if gone else ""


def check(model: Model, attempts: int, folder: Path, *, first: bool = False) -> list[Checked]:
    """Check the laws and each goal, for a policy with so many attempts. Raises SpinError.

    ``first``: no further than to the first that is broken.
    """
    if why := missing():
        raise SpinError(why)
    source = folder / "chart.pml"
    source.write_text(promela(model, attempts), encoding="utf-8")
    _run(["spin", "-a", source.name], folder)
    _run([*_COMPILE, "-DSAFETY", "-DNOCLAIM", "-DBFS", "-o", "laws", "pan.c"], folder)
    found = [_search(model, attempts, folder, LAWS)]
    if first and found[0].way is not None:
        return found
    _run([*_COMPILE, "-o", "goals", "pan.c"], folder)
    for goal in GOALS:
        found.append(_search(model, attempts, folder, goal))
        if first and found[-1].way is not None:
            break
    return found


def _search(model: Model, attempts: int, folder: Path, goal: str) -> Checked:
    """Search all; where something is broken, again for a short path."""
    search = ["./laws"] if goal == LAWS else ["./goals", "-a", "-N", goal]
    printed, trail = _searched(search, folder, _DEPTH)
    stored = _STORED.search(printed)
    if stored is None:
        raise SpinError(f"spin's program did not end its search: {_last(printed)}")
    states = int(stored[1])
    if trail is None:
        if "errors: 0" not in printed or "max search depth too small" in printed:
            raise SpinError(f"spin's search is not complete: {_last(printed)}")
        return Checked(goal, states, "", None)
    for depth in () if goal == LAWS else _SHORT:
        _, shorter = _searched(search, folder, depth)
        if shorter is not None:
            trail = shorter
            break
    way = path(model, trail, attempts)
    broken = Reader(model, attempts).broken(model, way.last)
    if broken:
        breaks = f"{broken[0].name}: {broken[0].text}"
    elif goal == LAWS:
        breaks = "nothing can happen any more, and the session is not over"
    else:
        breaks = f"not so: {GOALS[goal][0]}"
    return Checked(goal, states, breaks, way)


def _searched(search: list[str], folder: Path, depth: int) -> tuple[str, str | None]:
    """What the search prints, and what spin prints as it replays the path to an error."""
    trail = folder / "chart.pml.trail"
    trail.unlink(missing_ok=True)
    printed = _run([*search, f"-m{depth}"], folder)
    if not trail.exists():
        return printed, None
    return printed, _run(["spin", "-t", "-k", trail.name, "chart.pml"], folder)


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # spin and gcc, no shell
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        raise SpinError(f"{command[0]} does not run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SpinError(f"{command[0]} took more than {_PATIENCE:g} s") from None
    if done.returncode != 0 and command[0] in ("spin", "gcc"):
        raise SpinError(f"{command[0]} fails: {_last(done.stdout + done.stderr)}")
    return done.stdout


def _last(text: str) -> str:
    return " ".join(text.split())[-200:]
