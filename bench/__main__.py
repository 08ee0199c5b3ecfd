"""The ladder: openline beside what a user would pick instead, a rung for each size of work.

    python -m bench                   # every rung, about nine minutes; it only prints
    python -m bench frame session     # some
    python -m bench --write [RUNG…]   # and write figures, picture and the tables of the pages
    python -m bench --draw            # measure nothing; draw anew from the committed figures

A peer that is not installed is left out, with a line that says so; all of them are in the group
``bench`` of ``pyproject.toml``. A benchmark only measures: it succeeds if it could measure.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module

from bench import RUNGS, report
from bench.ladder import ContenderError, Rung, climb, figures


def main(arguments: list[str]) -> int:
    """Run; 1 if a contender fails. Raises SystemExit(2) for a usage error."""
    parser = argparse.ArgumentParser(prog="python -m bench", allow_abbrev=False)
    parser.add_argument("rungs", nargs="*", metavar="RUNG", help=f"of {', '.join(RUNGS)}")
    parser.add_argument("--write", action="store_true", help="write figures, picture and tables")
    parser.add_argument("--draw", action="store_true", help="draw anew, and measure nothing")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.rungs) - set(RUNGS)):
        parser.error(f"no rung {unknown[0]}: there are {', '.join(RUNGS)}")
    if asked.draw:
        report.draw(report.read())
        return 0
    for name in asked.rungs or RUNGS:
        try:
            measured = measure(name, rung_of(name))
        except ContenderError as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            return 1
        if asked.write:  # each as it is there: what was measured before a failure is kept
            report.write(report.added(report.read(), name, measured))
    if asked.write:
        report.draw(report.read())
    return 0


def rung_of(name: str) -> Rung:
    """The rung of that name."""
    rung: Rung = import_module(f"bench.rungs.{name}").RUNG
    return rung


def measure(name: str, rung: Rung) -> report.Measured:
    """Climb one rung, and say what was found."""
    print(f"{name}: {rung.what}", flush=True)
    for peer, module in rung.missing().items():
        print(f"  without {peer}: {module} is not installed (the group `bench`)", flush=True)
    begun = time.perf_counter()
    costs = climb(rung)
    for each in figures(rung, costs):
        print(each, flush=True)
    print(f"  ({time.perf_counter() - begun:.0f} s)", flush=True)
    return report.measured(rung, costs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
