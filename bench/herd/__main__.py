"""Play the herds, and write their figures, the picture and the tables of the page.

    python -m bench.herd                     # everything; it only prints
    python -m bench.herd crash gate          # some
    python -m bench.herd --clients 1000      # small ones, in half a minute
    python -m bench.herd --write [NAME…]     # and write what is found: seven minutes on one core
    python -m bench.herd --draw              # play nothing; draw anew from the committed figures

The same seed gives the same figures, on any machine and however busy it is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.herd.account import tables
from bench.herd.picture import pictures
from bench.herd.scenarios import RUNS
from bench.herd.world import play
from bench.pages import replaced

ROOT: Final = Path(__file__).parents[2]
FIGURES: Final = ROOT / "bench/figures/herd.json"
PAGE: Final = ROOT / "docs/explanation/herd.md"
PICTURES: Final = ROOT / "docs/_static"
SEED: Final = 1


def main(arguments: list[str]) -> int:
    """Run; raises SystemExit(2) for a usage error."""
    parser = argparse.ArgumentParser(prog="python -m bench.herd", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)}")
    parser.add_argument("--clients", type=int, metavar="N", help="of every herd")
    parser.add_argument("--seed", type=int, metavar="N", default=SEED)
    parser.add_argument("--write", action="store_true", help="write figures, picture and tables")
    parser.add_argument("--draw", action="store_true", help="draw anew, and play nothing")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.names) - set(RUNS)):
        parser.error(f"no scenario {unknown[0]!r}: there are {', '.join(RUNS)}")
    if asked.clients is not None and asked.clients < 100:
        parser.error(f"--clients {asked.clients}: give 100 or more")
    if asked.write and (asked.clients, asked.seed) != (None, SEED):
        parser.error("--write: leave --clients and --seed out, for the figures are of one size")
    if asked.draw:
        return draw_all()
    for name in asked.names or RUNS:
        herds = played(name, asked.clients or RUNS[name].clients, asked.seed)
        if asked.write:  # each as it is there: what was played before a Ctrl-C is kept
            FIGURES.write_text(dumped(added(read(), name, herds)), "utf-8")
    return draw_all() if asked.write else 0


def draw_all() -> int:
    """Draw from the file; 1, with a line, if it has not every scenario yet."""
    found = read()
    if missing := [name for name in RUNS if name not in found["herds"]]:
        print(
            f"bench.herd: not drawn, for there are no figures of {', '.join(missing)} yet: "
            f"python -m bench.herd --write {' '.join(map(repr, missing))}",
            file=sys.stderr,
        )
        return 1
    draw(found)
    return 0


def read() -> dict[str, Any]:
    """The committed figures; no herds if there is no file yet."""
    if not FIGURES.exists():
        return {"seed": SEED, "herds": {}}
    found: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    return found


def added(found: Mapping[str, Any], name: str, herds: Mapping[str, Any]) -> dict[str, Any]:
    """``found`` with the herds of the scenario ``name``."""
    every = {**found["herds"], name: herds}
    return {**found, "herds": {each: every[each] for each in RUNS if each in every}}


def played(name: str, clients: int, seed: int) -> dict[str, Any]:
    """Play a scenario by every policy that it has; say what is found, and the CPU time."""
    scenario, makers, _ = RUNS[name]
    print(f"{name}, {clients:,} clients: the backend {scenario.about}", flush=True)
    found: dict[str, Any] = {}
    for policy, make in makers.items():
        begun = time.process_time()
        herd = play(scenario, make, clients=clients, seed=seed)
        found[policy] = asdict(herd)
        print(
            f"  {policy:<24}{herd.peak:>9,} dials/s at most,"
            f" {herd.dials / clients:>6.1f} a client, 99 % after {_seconds(herd.most)},"
            f" {herd.failed} gave up   ({time.process_time() - begun:.0f} s)",
            flush=True,
        )
    return found


def _seconds(at: float | None) -> str:
    return "no time" if at is None else f"{at:.1f} s"


def dumped(figures: Mapping[str, Any]) -> str:
    """The text of the file: a line for each herd."""
    herds = ",\n".join(
        f'"{scenario}": {{\n'
        + ",\n".join(f'"{name}": {json.dumps(herd)}' for name, herd in found.items())
        + "\n}"
        for scenario, found in figures["herds"].items()
    )
    return f'{{"seed": {figures["seed"]},\n"herds": {{\n{herds}\n}}}}\n'


def draw(figures: Mapping[str, Any]) -> None:
    """Write the pictures and the tables of the page."""
    for name, text in pictures(figures).items():
        (PICTURES / name).write_text(text, "utf-8")
    page = PAGE.read_text("utf-8")
    for name, text in tables(figures).items():
        page = replaced(page, name, text)
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
