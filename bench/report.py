"""The figures of the ladder as a file, and what is made of it: the picture and the tables.

The file has every cost of every round, so each ratio and its spread can be made anew, and the kind
of machine that they were measured on; never its name.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench import RUNGS
from bench.ladder import Costs, Rung
from bench.pages import replaced, table
from bench.picture import pictures
from bench.ratios import Figure, figure, spread

ROOT: Final = Path(__file__).parents[1]
FILE: Final = ROOT / "bench/figures/ladder.json"
README: Final = ROOT / "README.md"
PICTURES: Final = ROOT / "bench/figures"
#: The libraries whose versions matter.
LIBRARIES: Final = (
    *("websockets", "aiohttp", "picows", "trio", "trio-websocket", "uvloop", "wsproto"),
    *("python-statemachine", "transitions"),
)
#: What is kept of a rung: ``what``, ``unit``, ``pairs`` and ``costs``.
Measured: TypeAlias = Mapping[str, Any]
#: ``machine``, ``versions``, and ``rungs`` by name.
Figures: TypeAlias = Mapping[str, Any]


def measured(rung: Rung, costs: Costs) -> Measured:
    """A rung as the file has it; four digits of each cost are enough."""
    return {
        "what": rung.what,
        "unit": rung.unit,
        "pairs": [[*pair] for pair in rung.pairs if {*pair} <= {*costs}],
        "costs": {name: [float(f"{cost:.4g}") for cost in each] for name, each in costs.items()},
    }


def read() -> Figures:
    """The committed figures; none if there is no file yet."""
    if not FILE.exists():
        return {"rungs": {}}
    found: Figures = json.loads(FILE.read_text("utf-8"))
    return found


def added(found: Figures, name: str, new: Measured) -> Figures:
    """``found`` with the rung ``name`` measured anew, here and now."""
    rungs = {**found["rungs"], name: new}
    return {
        "machine": kind(),
        "versions": {each: metadata.version(each) for each in LIBRARIES if _is_installed(each)},
        "rungs": {each: rungs[each] for each in RUNGS if each in rungs},
    }


def kind() -> dict[str, Any]:
    """The kind of this machine, and when it was."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}",
        "measured": time.strftime("%B %Y"),
    }


def _is_installed(library: str) -> bool:
    try:
        metadata.version(library)
    except metadata.PackageNotFoundError:
        return False
    return True


def write(found: Figures) -> None:
    """Write the file: a line for each contender."""
    FILE.write_text(dumped(found), "utf-8")


def dumped(found: Figures) -> str:
    """The text of the file."""
    head = "".join(f"{json.dumps(key)}: {json.dumps(found[key])},\n" for key in found
                   if key != "rungs")  # fmt: skip
    rungs = ",\n".join(_dumped(name, rung) for name, rung in found["rungs"].items())
    return f'{{\n{head}"rungs": {{\n{rungs}\n}}\n}}\n'


def _dumped(name: str, rung: Measured) -> str:
    head = "".join(f'  "{key}": {json.dumps(rung[key])},\n' for key in rung if key != "costs")
    costs = ",\n".join(f"    {json.dumps(each)}: {json.dumps(costs)}"
                       for each, costs in rung["costs"].items())  # fmt: skip
    return f'"{name}": {{\n{head}  "costs": {{\n{costs}\n  }}\n}}'


def figures_of(rung: Measured) -> Iterator[Figure]:
    """The figure of each pair of a rung of the file."""
    for ours, peer in rung["pairs"]:
        rounds = [*zip(rung["costs"][ours], rung["costs"][peer], strict=True)]
        yield figure(ours, peer, rung["unit"], rounds)


def tables(found: Figures) -> dict[str, str]:
    """Name of the place in the README → its text."""
    rows = [
        (f"`{name}`", ours, f"{_short(group[0].amount)} {group[0].unit}", _beside(group))
        for name, rung in found["rungs"].items()
        for ours, group in _by_ours(figures_of(rung))
    ]
    machine = found["machine"]
    where = (
        f"\nMeasured on {machine['cores']} cores ({machine['processor']}, {machine['system']}), "
        f"{machine['python']}, in {machine['measured']}.\n"
    )
    what = [(f"`{name}`", rung["what"]) for name, rung in found["rungs"].items()]
    return {
        "ladder": table(("rung", "", "cost", "ratio to a peer's cost"), rows) + where,
        "rungs": table(("rung", "what is measured"), what),
    }


def _by_ours(found: Iterable[Figure]) -> Iterator[tuple[str, list[Figure]]]:
    """The figures of each of ours, in the order in which they come first."""
    groups: dict[str, list[Figure]] = {}
    for each in found:
        groups.setdefault(each.name, []).append(each)
    yield from groups.items()


def _beside(group: Iterable[Figure]) -> str:
    return "; ".join(f"{spread(each.ratios)} × {each.peer}" for each in group)


def _short(amount: float) -> str:
    return f"{amount:.2g}" if amount < 10 else f"{amount:.0f}"


def draw(found: Figures) -> None:
    """Write the pictures, and the tables of the README."""
    for name, text in pictures(found["rungs"]).items():
        (PICTURES / name).write_text(text, "utf-8")
    page = README.read_text("utf-8")
    for name, text in tables(found).items():
        page = replaced(page, name, text)
    README.write_text(page, "utf-8")
