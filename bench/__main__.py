"""The benchmarks, one after the other: ``python -m bench``, or some: ``python -m bench core``.

Each is a module here with a tuple ``FIGURES``, the names of its figures, and a function
``measure`` that yields them. A benchmark only measures: it succeeds if it could measure.
The expected figures stand in the README.
"""

from __future__ import annotations

import sys
from importlib import import_module

from bench import BENCHMARKS


def main(wanted: list[str]) -> int:
    """Run ``wanted``, or all; 2 for an unknown name."""
    if unknown := sorted(set(wanted) - set(BENCHMARKS)):
        print(f"bench: no {unknown[0]}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in wanted or BENCHMARKS:
        print(name, flush=True)
        for each in import_module(f"bench.{name}").measure():
            print(each, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
