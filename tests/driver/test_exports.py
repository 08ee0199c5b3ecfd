"""Names that are imported when they are first asked for, and the advice where that fails."""

from __future__ import annotations

import sys

import pytest

from openline_driver.exports import Exports
from openline_driver.tokens import Token

EXPORTS = Exports(
    "shop",
    {"openline_driver.tokens": ("Token",), "no_such_room": ("Lost", "Gone")},
    extra=("no_such_room",),
    needs="install it",
)


def test_a_name_comes_from_its_home() -> None:
    assert EXPORTS.get("Token") is Token


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"^module 'shop' has no attribute 'Radio'$"):
        EXPORTS.get("Radio")


@pytest.mark.parametrize("name", ["Lost", "Gone"])
def test_what_is_missing_is_raised_with_advice(name: str) -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        EXPORTS.get(name)
    assert caught.value.__notes__ == ["install it"]


def test_there_is_no_advice_for_a_package_that_no_extra_brings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openline_driver.tokens", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        EXPORTS.get("Token")
    assert not hasattr(caught.value, "__notes__")


def test_a_directory_has_what_is_there_and_what_is_public() -> None:
    there: dict[str, object] = {"__name__": "shop"}
    names = EXPORTS.names(there, ["Token"])
    assert names() == ["Token", "__name__"]
    there["Lost"] = None  # imported since
    assert names() == ["Lost", "Token", "__name__"]
