"""Fixtures of the tests on real sockets and programs."""

from __future__ import annotations

import pytest

from tests.support_clock import WaitedClock


@pytest.fixture
def waited_clock() -> WaitedClock:
    """The clock of a test that takes it: a busy machine is not late."""
    return WaitedClock()
