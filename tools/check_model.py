"""Check the model of the session with spin, for several policies; show a path to what is broken.

    .venv/bin/python tools/check_model.py --attempts 0 1 3 --out build/model

Prints a row of states for each policy. Where something is broken it prints the shortest path that
was found, writes it as JSON lines (``broken-ATTEMPTS.jsonl``), and ends with status 1. Needs spin
and gcc (Debian: apt-get install spin gcc).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from openline.session import TABLE
from openline_diagrams.checked import checked, thinned
from openline_diagrams.checked.counterexample import lines, listed
from openline_diagrams.checked.spin import SpinError, check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(description="Check the model of the session with spin.")
    parser.add_argument("--attempts", type=int, nargs="+", default=[0, 1, 3], metavar="N")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where a path is written")
    given = parser.parse_args(arguments)
    if any(not 0 <= attempts <= 50 for attempts in given.attempts):
        parser.error("--attempts: give whole numbers from 0 to 50")
    try:
        broken = [_check(attempts, given.out) for attempts in given.attempts]
    except (SpinError, OSError) as error:
        print(f"check_model: {error}", file=sys.stderr)
        return 2
    return int(any(broken))


def _check(attempts: int, out: Path | None) -> bool:
    """Whether something is broken for a policy with so many attempts."""
    with tempfile.TemporaryDirectory() as folder:
        found = check(thinned(checked(TABLE)), attempts, Path(folder))
    states = ", ".join(f"{one.goal} {one.states:,}" for one in found)
    print(f"attempts {attempts}: states for {states}")
    broken = False
    for one in found:
        if one.way is None:
            continue
        print(f"{one.breaks}\n{listed(one.way)}")
        if out is not None and not broken:
            out.mkdir(parents=True, exist_ok=True)
            file = out / f"broken-{attempts}.jsonl"
            file.write_text("".join(lines(one.way, one.breaks)), encoding="utf-8")
            print(f"written to {file}")
        broken = True
    return broken


if __name__ == "__main__":
    sys.exit(main())
