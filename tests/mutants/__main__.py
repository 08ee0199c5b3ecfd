"""Change the core in thousands of small ways, and see whether its tests notice each.

    make mutants                      # all, and the faults of the reference client
    make mutants ONLY="link retry"    # some modules of the core

Exits with 1 if a mutant survives that ``survivors.txt`` does not list, if one is listed that
does not survive, or if fewer than 95 % are killed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence

from .course import Result, try_all
from .forks import WorkerError, children
from .known import LIST, ListError, complaints, parse
from .mutant import Key
from .reach import BUILD, kept, modules, record
from .trial import prepare

#: Per cent of all mutants that have to be killed.
ENOUGH = 95.0
RESULTS = BUILD / "results.json"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of modules")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="those that survived the last time")
    options = parser.parse_args()
    chosen = [name for name in modules() if _is_chosen(name, options.only)]
    if not chosen:
        parser.error(f"no module is called {' or '.join(options.only)}")
    begun = time.monotonic()
    try:
        known = parse(LIST.read_text("utf-8"))
        results = _try(chosen, options.jobs, _survivors() if options.again else None)
    except (WorkerError, ListError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1
    known = {key: why for key, why in known.items() if key[0] in chosen}
    return _report(results, known, time.monotonic() - begun, whole=not options.again)


def _is_chosen(name: str, only: Sequence[str]) -> bool:
    return not only or any(each in {name, *name.split(".")} for each in only)


def _survivors() -> frozenset[Key]:
    """Who survived the last time."""
    results = json.loads(RESULTS.read_text("utf-8"))
    return frozenset((*key,) for key, killer, _ in results if not killer)


def _try(chosen: Sequence[str], jobs: int, only: frozenset[Key] | None) -> list[Result]:
    prepare()
    if kept() is None:
        print("seeing which test reaches what", flush=True)
        [*_] = children([lambda _write: record()])
    reach = kept()
    if reach is None:
        raise WorkerError("the sources changed meanwhile: run it again")
    results: list[Result] = []
    begun = time.monotonic()
    for result in try_all(chosen, reach, jobs, only):
        results.append(result)
        if len(results) % 200 == 0:
            print(f"{len(results)} tried in {time.monotonic() - begun:.0f} s", flush=True)
    RESULTS.write_text(json.dumps(results, indent=0), "utf-8")
    return results


def _report(results: Sequence[Result], known: dict[Key, str], took: float, *, whole: bool) -> int:
    tried = Counter(result.key[0] for result in results)
    killed = Counter(result.key[0] for result in results if result.killer)
    for module, count in sorted(tried.items()):
        share = 100 * killed[module] / count
        print(f"{module:<26} {killed[module]:5} of {count:5} killed  {share:5.1f} %")
    wrong = complaints(
        [result.key for result in results if not result.killer],
        [result.key for result in results if result.killer],
        known,
    )
    there = {result.key for result in results}
    if whole:
        wrong += [f"is listed and is no mutant: {key}" for key in known if key not in there]
    print(*wrong, sep="\n")
    score = 100 * killed.total() / max(1, tried.total())
    print(
        f"{killed.total()} of {tried.total()} killed: {score:.1f} %; {len(known)} are listed; "
        f"{len(wrong)} complaints; in {took:.0f} s"
    )
    return bool(wrong) or (whole and score < ENOUGH)


if __name__ == "__main__":
    sys.exit(main())
