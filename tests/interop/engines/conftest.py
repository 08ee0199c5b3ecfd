"""One cluster for all laws: to begin one takes seconds."""

from __future__ import annotations

import os
from collections.abc import Generator
from importlib import import_module

import pytest


@pytest.fixture(scope="module")
def cluster() -> Generator[None]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = import_module("ray")
    ray.init(logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()
