"""Try a mutant: run the suite in a fork of a prepared process.

Starting Python, importing the core and collecting its tests takes longer than most tests. So this
is done once, and each mutant is tried in a fork:

- *warm*: everything is imported and collected. A change within a function replaces the function's
  code, a change of the chart replaces the table.
- *cold*: the core is not imported yet. The child imports it with one changed module, and collects
  the tests itself, first those of this module.

The tests run one by one, and the first failure kills the mutant. A test that takes much longer
than before counts as a failure; processor time is measured, so the load of the machine does not
matter. A test that waits for what never comes takes no processor time: it ends after a minute.
"""

from __future__ import annotations

import gc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import struct
import sys
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tools.mutants.killers import ARGUMENTS, KILLERS, TESTS
from tools.mutants.mutant import Mutant
from tools.mutants.reach import Reach, import_name, modules

#: The limits for a test: at least so many seconds of processor time, and a multiple of the usual.
PATIENCE, TIMES = 2.0, 20.0
#: Seconds for a test that waits, on the clock.
WAITING = 60.0
#: The tests that are collected first.
SOON = 3
#: For collecting tests.
COLLECTING = 60.0
MEMORY = 4 << 30
SURVIVED, KILLED, BROKEN = range(3)
#: Modules whose tests have another name.
_ABOUT = {
    "reconnect.verdict_table": "verdicts",
    "dialects.protocol": "echopanel",
    "dialects.echopanel_wire": "echopanel",
    "journal.codec": "journals",
    "journal.recorder": "journals",
    "journal.replay": "journals",
    "machine.state": "session",
    "updates": "session",
}

Run = Callable[[Sequence[int], Callable[[int], None]], int]


def prepare() -> None:
    """The first step of every process of this kind."""
    from hypothesis import Phase, settings

    # The first failure is enough: shrinking it would take long.
    settings.register_profile(
        "mutants",
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
    settings.load_profile("mutants")
    # Imports that every child needs: they are never changed, and take half of a child's time.
    for name in ("msgspec", "statemachine", "hypothesis.stateful"):
        importlib.import_module(name)
    for plugin in entry_points(group="pytest11"):
        if plugin.name != "openline":
            plugin.load()
    os.environ["OPENLINE_PROFILE"] = "mutants"
    sys.path.insert(0, str(TESTS.parent))
    os.environ.pop("OPENLINE_RUNS", None)


class Ready:
    """A pytest plugin that calls ``work`` with the collected tests instead of running them."""

    def __init__(self, work: Callable[[dict[str, pytest.Item]], None]) -> None:
        self._work = work

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        self._work({item.nodeid: item for item in session.items})
        return True


def trial(run: Run, tests: Sequence[int], reach: Reach) -> str:
    """The killer of the change in ``run``: a test, "import", or "" if it survives."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            limit(COLLECTING)

            def begin(test: int) -> None:
                os.write(write, struct.pack("i", test))
                limit(PATIENCE + TIMES * reach.takes(test))

            status = run(tests, begin)
        except BaseException:  # noqa: BLE001  # whatever it is, it was not so before
            status = BROKEN
        os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as said:
        begun = said.read()
    _, ended = os.waitpid(pid, 0)
    if not ended:
        return ""
    if not begun:
        return "import"
    [last] = struct.unpack("i", begun[-4:])
    how = " (endless)" if os.WIFSIGNALED(ended) else ""
    return reach.name(last) + how


def limit(seconds: float) -> None:
    """Let the system kill this process after so many seconds of processor time, or of waiting."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING + seconds)


def run_all(
    items: dict[str, pytest.Item], reach: Reach, tests: Sequence[int], begin: Callable[[int], None]
) -> int:
    """Run tests until one fails."""
    for test in tests:
        if test in reach.searches:
            continue
        item = items.get(reach.tests[test])
        if item is None:
            continue
        begin(test)
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
            return KILLED
    return SURVIVED


def search(reach: Reach, tests: Sequence[int], begin: Callable[[int], None]) -> int:
    """Run the searches that are among ``tests``."""
    for test in tests:
        if test in reach.searches:
            begin(test)
            if KILLERS[reach.name(test)]():
                return KILLED
    return SURVIVED


# Warm.


class Code:
    """The functions of the core, by their place in its source."""

    def __init__(self) -> None:
        self._functions: defaultdict[types.CodeType, list[types.FunctionType]] = defaultdict(list)
        gc.unfreeze()  # the tests froze what they imported, and what is frozen is not listed
        for each in gc.get_objects():
            if isinstance(each, types.FunctionType):
                self._functions[each.__code__].append(each)
        # Read now, because a file may change while mutants are tried.
        self._sources = {name: (str(path), path.read_bytes()) for name, path in modules().items()}

    def changed_by(self, mutant: Mutant) -> list[tuple[types.FunctionType, types.CodeType]]:
        """The functions that the mutant changes, each with its new code.

        Raises AssertionError if there are none: a trial would then try nothing.
        """
        path, source = self._sources[mutant.module]
        pairs = zip(
            _codes(source, path, mutant.function),
            _codes(mutant.source, path, mutant.function),
            strict=True,
        )
        found = [(function, new) for old, new in pairs for function in self._functions[old]]
        assert found, f"{mutant.function} of {mutant.module} is nowhere to be found"
        return found


def put(functions: Iterable[tuple[types.FunctionType, types.CodeType]]) -> None:
    """Give each function its new code."""
    for function, new in functions:
        function.__code__ = new


def _codes(source: bytes, path: str, name: str) -> Iterator[types.CodeType]:
    todo = [compile(source, path, "exec", dont_inherit=True)]
    while todo:
        code = todo.pop()
        if code.co_qualname == name:
            yield code
        todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]


# Cold.


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from a given text instead of its file."""

    text = b""

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(self.text, self.path, "exec", dont_inherit=True)


class Instead:
    """An import finder that returns the mutated module."""

    def __init__(self, name: str, path: Path, text: bytes) -> None:
        self._name = name
        self._loader = _Changed(name, str(path))
        self._loader.text = text

    def find_spec(self, name: str, _path: Any, _target: Any = None) -> Any:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._loader.path, loader=self._loader)


def _file(reach: Reach, test: int) -> str:
    """The name of a test's file."""
    return Path(reach.name(test).partition("::")[0]).name


def cold(mutant: Mutant, reach: Reach) -> Run:
    """Import the core anew, with ``mutant``, and try the tests on it."""
    name = import_name(mutant.module)
    about = _ABOUT.get(mutant.module, mutant.module.rpartition(".")[2])

    def run(tests: Sequence[int], begin: Callable[[int], None]) -> int:
        sys.meta_path.insert(0, Instead(name, modules()[mutant.module], mutant.source))
        importlib.import_module(name)
        soon = {f"test_{about}.py", *(_file(reach, test) for test in tests[:SOON])}
        own = [path for path in reach.suite if path.name in soon]
        for files in (own, [path for path in reach.suite if path not in own]):
            wanted = {_file(reach, test) for test in tests}
            paths = [str(path) for path in files if path.name in wanted]
            status = SURVIVED

            def work(items: dict[str, pytest.Item]) -> None:
                nonlocal status
                status = run_all(items, reach, tests, begin)

            if paths and pytest.main([*ARGUMENTS, *paths], plugins=[Ready(work)]):
                return BROKEN
            if status:
                return status
        return search(reach, tests, begin)

    return run
