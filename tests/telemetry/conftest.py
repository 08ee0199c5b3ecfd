"""An export that comes too late goes on in a thread: no test leaves one to the next."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest


@pytest.fixture(autouse=True)
def _joined() -> Generator[None]:
    """Wait for late exports: their retries draw from ``random``, and warn."""
    yield
    for thread in threading.enumerate():
        if thread.name == "openline-otel":
            thread.join(60)
            assert not thread.is_alive()
