"""The long run of the promise: many plays of each built-in dialect, in as many processes as cores.

python -m tests.testing.plays --plays 20000 --seed 0
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, repeat

from openline.dialects.registry import BUILT_IN
from openline_testing.promise import promise

#: Plays that one process makes before it reports.
_AT_ONCE = 50
#: Broken promises of a dialect that are printed.
_SHOWN = 5


def broken(name: str, first: int, count: int) -> list[str]:
    """What each broken promise of ``count`` seeds from ``first`` on says."""
    traits = BUILT_IN[name].traits
    outcomes = (promise(traits, seed) for seed in range(first, first + count))
    return [f"{name}, seed {each.seed}: {wrong}" for each in outcomes if (wrong := each.wrong())]


def main() -> None:
    """Play them, print what is broken, and exit with 1 if anything is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plays", type=int, default=20_000, help="of each dialect")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--only", help="one dialect")
    options = parser.parse_args()
    failed = False
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name in [options.only] if options.only else BUILT_IN:
            begun = time.monotonic()
            firsts = range(options.seed, options.seed + options.plays, _AT_ONCE)
            counts = [min(_AT_ONCE, options.seed + options.plays - each) for each in firsts]
            found = [*chain.from_iterable(pool.map(broken, repeat(name), firsts, counts))]
            failed |= bool(found)
            print(*found[:_SHOWN], sep="\n", end="\n" * bool(found))
            took = time.monotonic() - begun
            print(f"{name}: {options.plays} plays, {len(found)} broken, {took:.0f} s", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
