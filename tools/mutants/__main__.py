"""Mutation testing: change the core in thousands of small ways, and check that a test fails.

    make mutants                      # the core
    make mutants ONLY="machine.actions reconnect.retry"    # some modules of the core
    make mutants ONLY=openline_store  # a room beside the core, by its own tests
    make mutants ONLY=transcript_writers    # the modules of the command that write transcripts
    make mutants ONLY=openline_store SAMPLE=150 DRAW=2     # some mutants of it, drawn by a seed

Exits with 1 if a surviving mutant is not listed in ``survivors.txt``, if a listed mutant is
killed, or if fewer than 95 % are killed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from tools.mutants.course import Result, all_keys, try_all
from tools.mutants.forks import WorkerError, children
from tools.mutants.known import LIST, ListError, complaints, parse
from tools.mutants.mutant import Key
from tools.mutants.reach import BUILD, ROOMS, kept, modules, record, room_of
from tools.mutants.trial import prepare

#: Per cent of all mutants that must be killed.
ENOUGH = 95.0
#: A result to a line, as they come: the last one of a mutant counts.
RESULTS = BUILD / "results.jsonl"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of modules")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--again", action="store_true", help="all but those that were killed before"
    )
    parser.add_argument("--sample", type=int, help="how many mutants to try (default: all)")
    parser.add_argument("--draw", type=int, default=1, help="the seed of the sample")
    options = parser.parse_args()
    chosen = [name for name in modules() if is_chosen(name, options.only)]
    if not chosen:
        parser.error(f"no module is called {' or '.join(options.only)}")
    if len({room_of(name) for name in chosen}) > 1:
        parser.error("these are modules of more than one room: give those of one")
    begun = time.monotonic()
    try:
        known = parse(LIST.read_text("utf-8"))
        keys = sample(all_keys(chosen), options.sample, options.draw)
        results = _try(chosen, options.jobs, keys, again=options.again)
    except (WorkerError, ListError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1
    known = {key: why for key, why in known.items() if key[0] in chosen}
    if options.sample is not None:
        known = {key: why for key, why in known.items() if key in keys}
    return _report(results, known, time.monotonic() - begun)


def sample(keys: AbstractSet[Key], size: int | None, seed: int) -> frozenset[Key]:
    """So many of ``keys``, the same ones for the same seed; all if there are no more than that."""
    if size is None or size >= len(keys):
        return frozenset(keys)
    return frozenset(random.Random(seed).sample(sorted(keys), size))


def is_chosen(name: str, only: Sequence[str]) -> bool:
    """Whether ``only`` has the module's name, its last part, its package or its room."""
    if not only:
        return room_of(name) == "openline"
    room = room_of(name)
    return any(
        each in {room, name, name.rpartition(".")[2]}
        or (each not in ROOMS and name.startswith(f"{each}."))
        for each in only
    )


def _try(chosen: Sequence[str], jobs: int, keys: AbstractSet[Key], *, again: bool) -> list[Result]:
    prepare()
    room = room_of(chosen[0])
    if kept(room) is None:
        print("seeing which test reaches what", flush=True)
        [*_] = children([lambda _write: record(room)])
    reach = kept(room)
    if reach is None:
        raise WorkerError("the sources changed meanwhile: run it again")
    before = _before()
    killers = {key: result.killer for key, result in before.items() if result.killer}
    done = {key: before[key] for key in keys if again and key in killers}
    begun = time.monotonic()
    tried = 0
    with RESULTS.open("a", encoding="utf-8") as file:
        for result in try_all(chosen, reach, jobs, keys - done.keys(), killers):
            done[result.key] = result
            print(json.dumps(result), file=file, flush=True)
            tried += 1
            if tried % 200 == 0:
                print(f"{tried} tried in {time.monotonic() - begun:.0f} s", flush=True)
    return [*done.values()]


def _before() -> dict[Key, Result]:
    """What became of each mutant that was ever tried."""
    if not RESULTS.exists():
        return {}
    lines = map(json.loads, RESULTS.read_text("utf-8").splitlines())
    return {(*key,): Result((*key,), killer, seconds) for key, killer, seconds in lines}


def _report(results: Sequence[Result], known: dict[Key, str], took: float) -> int:
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
    wrong += [f"is listed and is no mutant: {key}" for key in known if key not in there]
    print(*wrong, sep="\n")
    score = 100 * killed.total() / max(1, tried.total())
    print(
        f"{killed.total()} of {tried.total()} killed: {score:.1f} %; {len(known)} are listed; "
        f"{len(wrong)} complaints; in {took:.0f} s"
    )
    return bool(wrong) or score < ENOUGH


if __name__ == "__main__":
    sys.exit(main())
