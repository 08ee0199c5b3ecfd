"""The hypothesis profiles: reproducible, random, or long.

- ``ci`` (the default): derandomised, so that runs can be compared;
- ``dev``: as many examples, drawn anew each time;
- ``soak``: very many, drawn anew; failures are stored in ``.hypothesis`` and tried first.

    OPENLINE_PROFILE=soak python -m pytest tests/properties tests/testing

A test with its own number of examples uses ``support_profiles.paced``; a soak multiplies it.

Tracing for the coverage gates doubles the run time. A test that repeats one thing a thousand
times is marked ``repeats``: it runs like all others, but without tracing. Other tests must
cover the same code, or the gate fails.
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

# A background job of a shell ignores SIGINT, and its child processes inherit that.
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
