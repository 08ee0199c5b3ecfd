"""Change the core in thousands of small ways, and see whether its tests notice each.

    make mutants                      # everything; fails if one survives that is not listed
    make mutants ONLY="link retry"    # some modules
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Value
from typing import Any

import pytest

from .known import LIST, complaints, parse
from .operators import Enums, Key, Mutant, find
from .reach import BUILD, OF_DRAWINGS, SUITE, Reach, kept, modules, record
from .trial import ARGUMENTS, Code, Ready, cold, prepare, run_all, trial

#: Per cent of all mutants that have to be killed.
ENOUGH = 95.0
#: Declared, and changed in ``rows`` instead.
DECLARED = "chart"
#: What draws the machine, told apart: no session depends on it.
DRAWING = "diagram"


def main() -> int:
    """The command; its exit status is 1 when a mutant survives that is not listed."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of modules")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    begun = time.monotonic()
    prepare()
    import statemachine  # noqa: F401 -- so that no child has to

    if kept() is None:
        print("seeing which test reaches what", flush=True)
        [*_] = _children([lambda: iter(()) if record(ARGUMENTS) else iter(())], quiet=True)
    reach = kept()
    if reach is None:
        print("mutants: the suite fails before anything is changed", file=sys.stderr)
        return 1
    chosen = [name for name in modules() if _is_chosen(name, options.only)]
    results = [*_try_all(chosen, reach, options.jobs)]
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "results.json").write_text(json.dumps(results, indent=0), "utf-8")
    return _report(results, chosen, time.monotonic() - begun)


def _is_chosen(name: str, only: Sequence[str]) -> bool:
    return not only or any(each in {name, *name.split(".")} for each in only)


def enums_of(sources: Sequence[str]) -> Enums:
    """The members of every enum that is declared, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(b) for b in node.bases):
            members = [each.targets[0] for each in node.body if isinstance(each, ast.Assign)]
            found[node.name] = tuple(each.id for each in members if isinstance(each, ast.Name))
    return {name: members for name, members in found.items() if len(members) > 1}


def _try_all(chosen: Sequence[str], reach: Reach, jobs: int) -> Iterator[Any]:
    """(key, killer, seconds) of every mutant."""
    sources = {name: path.read_text("utf-8") for name, path in modules().items()}
    enums = enums_of([*sources.values()])
    mutants = [m for name in chosen if name != DECLARED for m in find(name, sources[name], enums)]
    begun = time.monotonic()
    done = 0
    for way in (
        _warm([each for each in mutants if each.function], DECLARED in chosen, reach, jobs),
        _cold([each for each in mutants if not each.function], reach, jobs),
    ):
        for result in way:
            done += 1
            if done % 200 == 0:
                print(f"{done} tried in {time.monotonic() - begun:.0f} s", flush=True)
            yield result


def _in_order(module: str, tests: Sequence[int], reach: Reach) -> list[int]:
    """The quickest first; drawings only where it is drawn."""
    fit = [t for t in tests if module.startswith(DRAWING) or OF_DRAWINGS not in reach.tests[t]]
    return sorted(fit, key=reach.seconds.__getitem__)


def _warm(mutants: Sequence[Mutant], chart: bool, reach: Reach, jobs: int) -> Iterator[Any]:
    def work(items: dict[str, pytest.Item]) -> None:
        from openline import connection as face

        from . import rows

        code = Code()
        changes = [*rows.find(face.TABLE)] if chart else []
        todo: list[Any] = [*changes, *mutants]

        def attempt(what: Any, first: Sequence[int]) -> str:
            if isinstance(what, Mutant):
                tests = reach.of_line(what.module, what.line)
            else:
                tests = reach.of_rows(what.rows)

            def run(tests: Sequence[int], begin: Callable[[int], None]) -> int:
                if isinstance(what, Mutant):
                    code.change(what)
                else:
                    face.TABLE = what.table
                return run_all(items, reach, tests, begin)

            ordered = _in_order(what.key[0], tests, reach)
            early = [test for test in first if test in {*ordered}]
            return trial(run, [*early, *(t for t in ordered if t not in early)], reach)

        for line in _share(todo, attempt, reach, jobs):
            os.write(out, line)

    read, out = os.pipe()

    def collect() -> Iterator[bytes]:
        pytest.main([*ARGUMENTS, *map(str, SUITE)], plugins=[Ready(work)])
        return iter(())

    if mutants or chart:
        yield from _children([collect], pipe=(read, out))


def _cold(mutants: Sequence[Mutant], reach: Reach, jobs: int) -> Iterator[Any]:
    def attempt(what: Mutant, first: Sequence[int]) -> str:
        ordered = _in_order(what.module, reach.of_module(what.module), reach)
        early = [test for test in first if test in {*ordered}]
        return trial(cold(what, reach), [*early, *(t for t in ordered if t not in early)], reach)

    return map(json.loads, _share(mutants, attempt, reach, jobs))


def _share(
    todo: Sequence[Any], attempt: Callable[[Any, Sequence[int]], str], reach: Reach, jobs: int
) -> Iterator[bytes]:
    """Try what is to be tried in ``jobs`` processes: a line for each."""
    taken = Value("i", 0)
    number = {test: i for i, test in enumerate(reach.tests)}

    def work() -> Iterator[bytes]:
        killers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        while True:
            with taken.get_lock():
                i = taken.value
                taken.value += 1
            if i >= len(todo):
                return
            begun = time.monotonic()
            what = todo[i]
            known = killers[what.key[:2]]
            killer = attempt(what, known)
            test = number.get(killer.removesuffix(" (endless)"))
            if test is not None and test not in known:
                known.insert(0, test)
            yield json.dumps([what.key, killer, round(time.monotonic() - begun, 3)]).encode() + b"\n"

    return _lines([work] * jobs)


def _children(works: Sequence[Callable[[], Iterator[bytes]]], *, quiet: bool = True, pipe: Any = None) -> Iterator[Any]:
    return map(json.loads, _lines(works, pipe))


def _lines(works: Sequence[Callable[[], Iterator[bytes]]], pipe: Any = None) -> Iterator[bytes]:
    """The lines that children write, as they come."""
    read, write = pipe or os.pipe()
    pids: list[int] = []
    for work in works:
        pid = os.fork()
        if not pid:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 1)
            if not os.environ.get("LOUD"):
                os.dup2(nothing, 2)
            try:
                for line in work():
                    os.write(write, line)
            except BaseException:
                import traceback; traceback.print_exc()
                os._exit(1)
            os._exit(0)
        pids.append(pid)
    os.close(write)
    with os.fdopen(read, "rb") as said:
        yield from said
    for pid in pids:
        os.waitpid(pid, 0)


def _report(results: Sequence[Any], chosen: Sequence[str], took: float) -> int:
    keys: dict[Key, str] = {(*key,): killer for key, killer, _ in results}  # type: ignore[misc]
    known = {key: why for key, why in parse(LIST.read_text("utf-8")).items() if key[0] in chosen}
    tried, killed = Counter(k[0] for k in keys), Counter(k[0] for k, by in keys.items() if by)
    for module in tried:
        of = killed[module], tried[module]
        print(f"{module:<26} {of[0]:5} of {of[1]:5} killed  {100 * of[0] / of[1]:5.1f} %")
    survived = [key for key, by in keys.items() if not by]
    wrong = complaints(survived, (key for key, by in keys.items() if by), known)
    wrong += [f"is listed and is no mutant: {key}" for key in known if key not in keys]
    print(*wrong, sep="\n")
    score = 100 * sum(killed.values()) / max(1, sum(tried.values()))
    print(f"{sum(killed.values())} of {sum(tried.values())} killed: {score:.1f} %, in {took:.0f} s")
    return bool(wrong) or score < ENOUGH


if __name__ == "__main__":
    sys.exit(main())
