from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import pytest

from openline_driver import version as module


def test_the_version_is_that_of_the_distribution() -> None:
    assert module.version() == installed("openline")
    assert module.user_agent() == f"openline/{installed('openline')}"


@pytest.mark.parametrize("found", [PackageNotFoundError("x"), KeyError("Version"), None, "", 7])
def test_without_metadata_the_version_is_unknown(
    found: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Metadata may be missing, or damaged: it then raises KeyError, or holds nothing."""

    def look(name: str) -> object:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(module, "installed", look)
    assert module.version() == "0+unknown"
    assert module.user_agent() == "openline"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError(name="trio"), "install it"),
        (ModuleNotFoundError(name="trio.socket"), "install it"),
        (ModuleNotFoundError(name="openline.nothing"), ""),
        (ModuleNotFoundError(), ""),
        (PackageNotFoundError("openline"), ""),
        (
            PackageNotFoundError("trio"),
            (
                "trio is here without its metadata, which another package asks for: "
                "freeze the program with it (PyInstaller: --copy-metadata trio)"
            ),
        ),
    ],
)
def test_advice_is_about_what_is_missing(error: ModuleNotFoundError, said: str) -> None:
    assert module.advice(error, ("trio", "trio_websocket"), "install it") == said
