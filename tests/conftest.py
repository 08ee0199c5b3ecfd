"""How much the tests do: a profile, and what each leaves out.

- ``quick`` (the default, and ``make test``): derandomised, so that runs can be compared, with fewer
  examples, and without the tests and cases that ``support_long`` lists;
- ``long`` (``make long``, in the CI): derandomised, with all examples and all tests;
- ``dev``: the same, drawn anew each time;
- ``soak``: very many, drawn anew; failures are stored in ``.hypothesis`` and tried first.

    OPENLINE_PROFILE=soak python -m pytest tests/properties tests/testing

A test with its own number of examples uses ``support_profiles.some`` or ``paced``, and one that
counts for itself ``support_profiles.many``: it is marked ``longer``. A test that is named on the
command line (``tests/core/test_pace.py::test_it``) runs in each profile.

Tracing for the coverage gates doubles the run time. A test that repeats one thing a thousand
times is marked ``repeats``: it runs like all others, but without tracing. Other tests must
cover the same code, or the gate fails.

A test that waits for what never comes would end the whole run without a word. So it fails after
``LIMIT`` seconds, and its name says which rule is broken. The limit is far above what any test
takes on a busy machine; it measures nothing.

Long audio and long lists that differ are told by the first difference, and not in full.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import cast

import pytest
from hypothesis import settings

from tests.support_long import left_out
from tests.support_profiles import FEWER, QUICK

PROFILE = os.environ.get("OPENLINE_PROFILE", QUICK)

settings.register_profile(
    QUICK, deadline=None, derandomize=True, print_blob=True, max_examples=100 // FEWER
)
settings.register_profile("long", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(PROFILE)

#: Seconds that a test may take. A soak takes hours, and mutants have a limit of their own.
LIMIT = float(os.environ.get("OPENLINE_TEST_LIMIT", "300"))
_AGAIN = 5.0  # should something have caught the failure, or wait for ever behind it
_LIMITED = PROFILE in {QUICK, "long", "dev"} and hasattr(signal, "setitimer")

# A background job of a shell ignores SIGINT, ``nohup`` has SIGHUP ignored, and child processes
# inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the long tests, and leave them out of a quick run, unless a test is named."""
    for item in left_out(items):
        item.add_marker("long")
    if PROFILE != QUICK or any("::" in each for each in config.args):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_collection_finish() -> None:
    """Leave all that is imported and collected out of later collections of garbage.

    Tests that look for leaks collect it, and a million objects of modules take 0.2 s each time.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Leave out what a file leaves behind too: imports, caches, reports. It halves some checks."""
    result = yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    tracing = sys.gettrace()
    if item.get_closest_marker("repeats"):
        sys.settrace(None)
    try:
        with _limited(item):
            return (yield)
    finally:
        sys.settrace(tracing)


@contextmanager
def _limited(item: pytest.Item) -> Generator[None]:
    if not _LIMITED:
        yield
        return

    def end(_signal: int, _frame: object) -> None:
        # In a loop that hangs Python 3.11 may fail to parse the source for a longer report.
        item.config.option.tbstyle = "native"
        pytest.fail(f"{item.name} does not end")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, LIMIT, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


#: Bytes and lists that are longer than this are not shown in full.
_LONG = 64


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Where two long sequences differ: an index says more than "27 more items"."""
    kind = type(left)
    if op != "==" or kind is not type(right) or kind not in {bytes, list, tuple}:
        return None
    one, other = (list(cast("Iterable[object]", each)) for each in (left, right))
    if max(len(one), len(other)) <= _LONG:
        return None
    pairs = enumerate(zip(one, other, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    found, wanted = (repr(each[at])[:200] if at < len(each) else "the end" for each in (one, other))
    return [
        f"{kind.__name__} of {len(one)} == {kind.__name__} of {len(other)}",
        f"they differ from index {at} on: {found} is there, and {wanted} should be",
    ]
