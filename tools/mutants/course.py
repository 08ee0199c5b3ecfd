"""Try all mutants, each on the tests that reach it, the most promising test first.

Changes within functions, and of the chart, run in a process that has imported and collected
everything; changes of code that runs at import, in a process that has not (see ``trial``).
"""

from __future__ import annotations

import gc
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from importlib import import_module
from itertools import accumulate
from typing import NamedTuple, Protocol, TypeAlias, TypeVar
from unittest.mock import patch

import pytest

from tools.mutants.forks import Write, children, share
from tools.mutants.killers import ARGUMENTS
from tools.mutants.mutant import Key, Mutant, enums_of, find
from tools.mutants.reach import OF_DRAWINGS, Reach, modules, room_of
from tools.mutants.trial import Code, Ready, cold, put, run_all, search, trial

#: Declared, and changed in ``rows`` instead.
DECLARED = "machine.chart"
#: A table that is nothing but rows, each of which is drawn.
SHOWN = frozenset({"reconnect.verdict_table"})
#: The modules that a session depends on: the searches run for their mutants too.
SEARCHED = frozenset(
    {
        *("session", "updates", "events", "commands"),
        *(f"machine.{of}" for of in ("chart", "actions", "opening", "state")),
        *(f"machine.{of}" for of in ("handlers", "items", "sender")),
        *(f"machine.{of}" for of in ("reports", "timers")),
        *(f"reconnect.{of}" for of in ("retry", "backoff")),
        *(f"audio.{of}" for of in ("silence", "kept", "outbox", "capturing", "streams")),
        *(f"audio.{of}" for of in ("time_map", "window")),
        *(f"audio.{of}" for of in ("gaps", "timeline", "stream", "drops")),
    }
)
#: Seconds, traced: a slower test is not run, and a mutant that only it would kill survives.
SLOW = 5.0
#: Seconds, traced, that the tests of one mutant may take together; the quickest run first.
BUDGET = 30.0


class Result(NamedTuple):
    """The result for a mutant: ``killer`` is a test or a search, "" if it survived."""

    key: Key
    killer: str
    seconds: float


class _Keyed(Protocol):
    @property
    def key(self) -> Key: ...


def all_keys(chosen: Sequence[str]) -> frozenset[Key]:
    """Of every mutant of the ``chosen`` modules."""

    def of_chart(write: Write) -> None:
        # In a child: a cold trial needs a process that has not imported the core.
        from openline.session import TABLE
        from tools.mutants import rows

        for change in rows.find(TABLE):
            write(json.dumps(change.key).encode() + b"\n")

    lines = children([of_chart]) if DECLARED in chosen else ()
    read = ((*json.loads(line),) for line in lines)
    return frozenset([*read, *(mutant.key for mutant in _all_mutants(chosen))])


def _all_mutants(chosen: Sequence[str]) -> Iterator[Mutant]:
    sources = {name: path.read_text("utf-8") for name, path in modules().items()}
    enums = enums_of(sources.values())
    for name in chosen:
        if name != DECLARED:
            yield from find(name, sources[name], enums)


def try_all(
    chosen: Sequence[str],
    reach: Reach,
    jobs: int,
    only: AbstractSet[Key],
    killers: Mapping[Key, str],
) -> Iterator[Result]:
    """Try the mutants of the ``chosen`` modules that are in ``only``.

    The test that killed a mutant in the last run (``killers``) runs first.
    """
    mutants = [mutant for mutant in _all_mutants(chosen) if mutant.key in only]
    # A function that no test reaches can only run at import, so it is changed before the import.
    late = [m for m in mutants if m.function and reach.of_line(m.module, m.line)]
    early = [m for m in mutants if not (m.function and reach.of_line(m.module, m.line))]
    at_import = {m.key: m for m in late if reach.runs_at_import(m.module, m.line)}
    if late or DECLARED in chosen:
        warm = _warm(late, only, reach, jobs, killers)
        for result in _results(children([warm])):
            if result.killer or result.key not in at_import:
                yield result
            else:  # its result exists already, so the change would have no effect
                early.append(at_import[result.key])

    def to_cold(mutant: Mutant) -> Try:
        return _try_cold(mutant, reach)

    yield from _results(share(early, attempting(reach, to_cold, killers), jobs))


def _results(lines: Iterable[bytes]) -> Iterator[Result]:
    for line in lines:
        (module, place, before, after, nth), killer, seconds = json.loads(line)
        yield Result((module, place, before, after, nth), killer, seconds)


K = TypeVar("K", bound=_Keyed)
Try: TypeAlias = Callable[[Sequence[int]], str]


def attempting(
    reach: Reach, to: Callable[[K], Try], before: Mapping[Key, str]
) -> Callable[[K], bytes]:
    """Try one mutant, first on the test that killed it ``before``, then on those of neighbours."""
    number = {test: i for i, test in enumerate(reach.tests)}
    killers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)

    def number_of(killer: str) -> int | None:
        return number.get(killer.removesuffix(" (endless)"))

    def attempt(what: K) -> bytes:
        begun = time.monotonic()
        known = killers[what.key[:2]]
        last = number_of(before.get(what.key, ""))
        killer = to(what)(known if last is None else [last, *known])
        test = number_of(killer)
        if test is not None and test not in known:
            known.insert(0, test)
        seconds = round(time.monotonic() - begun, 3)
        return json.dumps(Result(what.key, killer, seconds)).encode() + b"\n"

    return attempt


def in_order(
    key: Key,
    first: Sequence[int],
    near: Iterable[int],
    reach: Reach,
    *,
    prose: bool,
    far: Iterable[int] = (),
) -> list[int]:
    """The ``first``, the quickest that are ``near``, then ``far``, then the searches.

    Slow tests are left out, and beside the core those that do not fit into the budget, in which
    the tests of the module itself come first. The test
    of a drawing compares it with the core, so it would detect any change. It counts only for
    tables that the drawing shows row by row, and for prose.
    """
    drawn = prose or key[0] in SHOWN or key[:2] == ("policy", "")
    near = {*near}
    fit = {
        test
        for test in near.union(far)
        if reach.takes(test) < SLOW
        and (drawn or not any(of in reach.tests[test] for of in OF_DRAWINGS))
    }
    early = [test for test in first if test in fit]
    rest = sorted(fit, key=lambda test: (test not in near, reach.takes(test)))
    if room_of(key[0]) != "openline":
        own = f"/test_{key[0].rpartition('.')[2]}.py::"
        rest.sort(key=lambda test: own not in reach.tests[test])
        spent = accumulate(map(reach.takes, rest))
        rest = [test for test, seconds in zip(rest, spent, strict=True) if seconds < BUDGET]
    searches = reach.searches if key[0] in SEARCHED else []
    return [*dict.fromkeys([*early, *rest, *searches])]


def _try_cold(mutant: Mutant, reach: Reach) -> Try:
    def attempt(first: Sequence[int]) -> str:
        near = reach.of_module(mutant.module)
        # A test may use an object made at import without running a line of its module.
        far = range(len(reach.tests))
        ordered = in_order(mutant.key, first, near, reach, prose=mutant.prose, far=far)
        return trial(cold(mutant, reach), ordered, reach)

    return attempt


def _warm(
    mutants: Sequence[Mutant],
    only: AbstractSet[Key],
    reach: Reach,
    jobs: int,
    killers: Mapping[Key, str],
) -> Callable[[Write], object]:
    """The work of the process that has imported and collected everything."""

    def work(items: dict[str, pytest.Item], write: Write) -> None:
        from openline import session as face
        from tools.mutants import rows

        import_module("openline_testing.theorem")  # so that no child has to
        code = Code()
        # A garbage collection in a child would copy all the memory shared with its parent.
        gc.collect()
        gc.freeze()

        def to_function(mutant: Mutant) -> Try:
            def attempt(first: Sequence[int]) -> str:
                changed = code.changed_by(mutant)  # here, because an error in the trial kills

                def run(tests: Sequence[int], begin: Callable[[int], None]) -> int:
                    put(changed)
                    return run_all(items, reach, tests, begin) or search(reach, tests, begin)

                tests = reach.of_line(mutant.module, mutant.line)
                ordered = in_order(mutant.key, first, tests, reach, prose=mutant.prose)
                return trial(run, ordered, reach)

            return attempt

        def to_chart(change: rows.Change) -> Try:
            def attempt(first: Sequence[int]) -> str:
                def run(tests: Sequence[int], begin: Callable[[int], None]) -> int:
                    patch.object(face, "TABLE", change.table).start()
                    return run_all(items, reach, tests, begin) or search(reach, tests, begin)

                tests = reach.of_rows(change.rows)
                return trial(run, in_order(change.key, first, tests, reach, prose=False), reach)

            return attempt

        changes = [each for each in rows.find(face.TABLE) if each.key in only]
        for line in share(changes, attempting(reach, to_chart, killers), jobs):
            write(line)
        for line in share(mutants, attempting(reach, to_function, killers), jobs):
            write(line)

    def collect(write: Write) -> None:
        status = pytest.main(
            [*ARGUMENTS, *map(str, reach.suite)], plugins=[Ready(lambda items: work(items, write))]
        )
        if status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            raise RuntimeError(f"pytest could not collect the tests: {status!r}")

    return collect
