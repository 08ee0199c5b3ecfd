"""Fixtures of the tests of the adapter."""

from __future__ import annotations

import pytest
import trio

from tests.support_sessions import Play


@pytest.fixture
def play(nursery: trio.Nursery) -> Play:
    return Play(nursery)
