"""The killers: independent properties and searches that find a fault.

A killer is independent of any fault: it returns its finding in one line, or "" for none. It
imports the code under trial when it is called, so it runs in a process that has not imported
that code, or in a fork of a prepared process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

TESTS = Path(__file__).parents[2] / "tests"
#: No plugin that imports the code under trial, and little output.
ARGUMENTS: Final = [
    *("-q", "-s", "--tb=no", "--assert=plain", "-p", "no:openline"),
    f"--rootdir={TESTS.parent}",
]


def walk() -> str:
    """Every situation of a session, under several policies."""
    from openline.policy import Policy

    near = Policy(max_attempts=3, give_up_after=20, dials_per_minute=2, source_timeout=None)
    return (
        _walk(Policy())
        or _walk(Policy(pong_timeout=2, source_timeout=None))
        or _walk(near, has_provider=True)
    )


def _walk(policy: Any, *, has_provider: bool = False, **options: Any) -> str:
    from openline_testing import explore

    found = explore(policy, has_provider=has_provider, sources=["mic"], max_violations=1, **options)
    for violation in found.violations:
        return f"{violation.law!r} is broken after {len(violation.path)} steps"
    return ""


def theorem() -> str:
    """No audio is lost and no final repeated, with an ideal backend behind a bad network."""
    of = import_module("openline_testing.theorem")
    return _first(lambda seed: of.play(of.draw(seed)), range(300))


def resume() -> str:
    """As above, with a process that is killed at any moment and resumed."""
    of = import_module("openline_testing.theorem")
    return _first(of.kill_and_resume, range(200))


def simulation() -> str:
    """The real driver, on a network in memory."""
    of = import_module("tests.simulation.play")
    return _first(of.play, range(12))


def patience() -> str:
    """Delays grow and retries count, for any ending of a dial."""
    return tests("properties/test_patience.py")


def contract() -> str:
    """The defaults obey the wire contract."""
    return tests("properties/test_contract.py")


def outbox() -> str:
    """The outbox against a naive model."""
    return tests("properties/test_outbox_model.py")


def pace() -> str:
    """Frames on a clock that oversleeps."""
    return tests("trio/sources/test_pace.py")


def tests(*arguments: str) -> str:
    """The first test that fails; the first of ``arguments`` is a file in ``tests``."""
    failed: list[str] = []

    class Watch:
        """A pytest plugin."""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid.rpartition("::")[2])

    path, *more = arguments
    status = pytest.main([*ARGUMENTS, "-x", str(TESTS / path), *more], plugins=[Watch()])
    return failed[0] if failed else "" if status == 0 else f"{path} cannot be run"


def _first(play: Callable[[int], object], seeds: Iterable[int]) -> str:
    for seed in seeds:
        try:
            play(seed)
        except Exception as exc:  # noqa: BLE001  # whatever it is, it is what we look for
            return f"{_innermost(exc)} (seed {seed})"
    return ""


def _innermost(exc: Any) -> str:
    while hasattr(exc, "exceptions"):  # it is a group
        exc = exc.exceptions[0]
    said = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {said}" if said else type(exc).__name__


KILLERS: Final[dict[str, Callable[[], str]]] = {
    each.__name__: each
    for each in (walk, theorem, resume, simulation, contract, patience, outbox, pace)
}
