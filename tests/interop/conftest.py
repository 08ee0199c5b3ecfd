"""The real servers are slow: ``make interop-heavy`` tests them, and names their folder."""

from __future__ import annotations

from pathlib import Path

import pytest

HEAVY = Path(__file__).parent / "heavy"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the folder out, unless the command line names it or a file of it."""
    if collection_path != HEAVY:
        return None
    named = [Path(each.partition("::")[0]).resolve() for each in config.args]
    return None if any(HEAVY in (each, *each.parents) for each in named) else True
