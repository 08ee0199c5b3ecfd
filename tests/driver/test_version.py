from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import pytest

from openline_driver import version as module


def test_the_version_is_that_of_the_distribution() -> None:
    assert module.version() == installed("openline")


def test_without_metadata_the_version_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "installed", missing)
    assert module.version() == "0+unknown"
