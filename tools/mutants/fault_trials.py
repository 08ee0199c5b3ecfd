"""Bring back each fault of the reference client, and check that two tests find it.

    python -m tools.mutants.fault_trials            # by all properties and searches
    python -m tools.mutants.fault_trials --quick    # by the property that finds it soonest

A fault is applied to a copy of the sources in a folder of its own, and the tests run in a process
that imports this copy. Both the test with the fault's number, and a property or a search that is
independent of the fault, must find it. The exit status is 1 if one does not, if a diff no longer
fits the sources, or (without --quick) if something is found in unchanged sources.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Final

from tools.mutants.faults import ROOT, Fault, StaleFaultError, all_faults, copy
from tools.mutants.killers import KILLERS, TESTS, tests
from tools.mutants.trial import prepare

#: The fastest search for each fault. The walk finds most.
SOONEST: Final = {
    "01": "patience",
    "02": "contract",
    "03": "contract",
    "10": "theorem",
    "11b": "pace",
    "15": "outbox",
    "20": "contract",
    "21": "contract",
    "22": "theorem",
    "23": "theorem",
}
#: Tests of a fault that are in another file than the rest.
NAMED: Final = {"11b": ("trio/sources/test_files.py", "-k", "wake_up_is_late")}
#: Packages that the sources import and that stay unchanged: imported once for all children.
SHARED: Final = ("hypothesis.stateful", "msgspec", "statemachine", "trio_websocket")


def in_child(sources: Path, killer: Callable[[], str]) -> str:
    """The result of ``killer`` for ``sources``, in a process that has imported no others."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            said = _on_trial(sources, killer)
        except BaseException as exc:  # noqa: BLE001  # it is reported, and is no finding
            said = f"?{type(exc).__name__}: {exc}"
        os.write(write, said.encode()[:2000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    os.waitpid(pid, 0)
    if said.startswith("?"):
        raise RuntimeError(f"{killer.__name__} cannot be tried: {said[1:]}")
    return said


def _on_trial(sources: Path, killer: Callable[[], str]) -> str:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    already = [name for name in sys.modules if name.startswith("openline")]
    if already:
        raise ImportError(f"{already[0]} is imported before the copy")
    sys.path[:0] = [str(sources / "core"), str(sources / "adapters"), str(TESTS.parent)]
    import openline
    import openline_trio

    for package in (openline, openline_trio):
        if not str(package.__file__).startswith(str(sources)):
            raise ImportError(f"{package.__file__} is not the copy")
    return killer()


def label(fault: Fault) -> str:
    """Its number, with a letter where one fault has two sides."""
    return fault.name.partition("-")[0]


def named(fault: Fault) -> Callable[[], str]:
    """The test with the fault's number."""

    def run() -> str:
        arguments = ("core/test_faults.py", "-k", f"fault_{fault.number:02}")
        return tests(*NAMED.get(label(fault), arguments))

    return run


@contextlib.contextmanager
def planted(fault: Fault) -> Generator[Path]:
    """A copy of the sources with the fault in it. Raises StaleFaultError."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy(root)
        fault.apply(root)
        yield root


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="mutants.fault_trials", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], help="numbers, such as 01 11b")
    options = parser.parse_args()
    prepare()
    for name in SHARED:
        import_module(name)
    begun = time.monotonic()
    free = 0 if options.quick else _cries_of_wolf()
    for fault in all_faults():
        if not options.only or label(fault) in options.only:
            free += not _tried(fault, quick=options.quick)
    print(f"{free or 'no'} complaints, in {time.monotonic() - begun:.0f} s")
    return free > 0


def _cries_of_wolf() -> int:
    """The number of searches that find something in unchanged sources."""
    with tempfile.TemporaryDirectory() as folder:
        copy(Path(folder))
        found = {name: in_child(Path(folder), killer) for name, killer in KILLERS.items()}
    for name, said in found.items():
        if said:
            print(f"{name} finds something in unchanged sources: {said}")
    return sum(map(bool, found.values()))


def _tried(fault: Fault, *, quick: bool) -> bool:
    """Whether the fault is found; prints what finds it."""
    soonest = SOONEST.get(label(fault), "walk")
    try:
        with planted(fault) as root:
            own = "" if quick else in_child(root, named(fault))
            who = [soonest] if quick else [*KILLERS]
            found = {name: said for name in who if (said := in_child(root, KILLERS[name]))}
    except StaleFaultError as stale:
        print(stale)
        return False
    print(f"{label(fault):3}  {fault.what}", flush=True)
    if not quick:
        print(f"       its own test: {own or 'DOES NOT FIND IT'}")
    for name, said in found.items():
        print(f"       {name}: {said[:150]}")
    if soonest not in found:
        print(f"       {soonest}: DOES NOT FIND IT")
    return soonest in found and bool(quick or own)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
