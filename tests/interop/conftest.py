"""Some folders need more than ``make interop`` installs: a target of its own names each."""

from __future__ import annotations

from pathlib import Path

import pytest

APART = [Path(__file__).parent / name for name in ("engines", "heavy", "plugins")]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave such a folder out, unless the command line names it or a file of it."""
    if collection_path not in APART:
        return None
    named = [Path(each.partition("::")[0]).resolve() for each in config.args]
    return None if any(collection_path in (each, *each.parents) for each in named) else True
