"""How hypothesis searches: the same way each time, at random while one works, or for long.

- ``ci`` (the default): derandomised, so that a run can be compared with any other;
- ``dev``: as many examples, drawn anew each time;
- ``soak``: very many, drawn anew, what failed kept in ``.hypothesis`` and tried first.

    OPENLINE_PROFILE=soak python -m pytest tests/properties tests/testing

A test at a pace of its own says so by ``support_profiles.paced``, which a soak multiplies.

What is traced for the coverage gates takes twice as long. A test that does the same thing a
thousand times, to see that it holds each time, is marked ``repeats``: it is run as all are,
and tracing rests meanwhile. Others cover what it runs, or the gate says so.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

PROFILE = os.environ.get("OPENLINE_PROFILE", "ci")

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(PROFILE)

# What runs in the background of a shell ignores Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    tracing = sys.gettrace()
    if item.get_closest_marker("repeats"):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracing)
