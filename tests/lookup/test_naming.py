"""A dialect that a user names is found, or the error is one line that begins with the name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from openline.dialects.echopanel import EchoPanel
from openline.dialects.registry import BUILT_IN
from openline_lookup.dialects import NamingError, find_dialect, imported

KNOWN = ", ".join(BUILT_IN)


def _fails(error: BaseException) -> Any:
    def load(_name: str = "") -> object:
        raise error

    return load


def _module(**names: Any) -> Any:
    def load(_name: str) -> object:
        return SimpleNamespace(**names)

    return load


def test_a_built_in_dialect_is_found_by_its_name() -> None:
    never = _fails(AssertionError("nothing is imported"))
    for name, dialect in BUILT_IN.items():
        assert find_dialect(name, never) is dialect


def test_one_of_ones_own_is_an_object_or_what_makes_one() -> None:
    mine = EchoPanel()
    for found in (mine, EchoPanel, lambda: mine):
        assert isinstance(find_dialect("steno:x", _module(x=found)), EchoPanel)
    nested = _module(x=SimpleNamespace(y=mine))
    assert find_dialect("steno:x.y", nested) is mine


def test_a_module_is_imported_by_its_name_alone() -> None:
    asked: list[str] = []

    def load(name: str) -> object:
        asked.append(name)
        return SimpleNamespace(x=1)

    assert imported("a.b:x", load) == 1
    assert asked == ["a.b"]


def _needs(_one: int) -> None: ...


@pytest.mark.parametrize(
    ("name", "load", "text"),
    [
        ("latin", None, f"no built-in dialect has this name; give {KNOWN} or module:NAME"),
        ("a:x", _fails(ImportError("no\nsuch")), "a cannot be imported: ImportError: no such"),
        ("a:x", _fails(SystemExit("bye")), "a cannot be imported: SystemExit: bye"),
        (":x", _fails(ValueError("?")), "a module without a name cannot be imported: ValueError"),
        *(
            (f"{path}:x", _fails(ImportError("?")), f"{path} is a path: give the module as import")
            for path in ("a.py", "./a", "b/a.py", "b\\a")
        ),
        ("a:x", _module(), "a has no x"),
        ("a:", _module(), "a has no object without a name"),
        ("a:x", _module(x=7), "the dialect int lacks 'name'"),
        ("a:x", _module(x=lambda: 7), "the dialect int lacks 'name'"),
        ("a:x", _module(x=_needs), "it cannot be made: _needs() missing 1 required"),
        ("a:x", _module(x=_fails(OSError("a\nb"))), "it cannot be made: OSError: a b"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_the_name(name: str, load: Any, text: str) -> None:
    with pytest.raises(NamingError) as caught:
        find_dialect(name, load)
    assert str(caught.value).startswith(f"{name}: {text}")
    assert "\n" not in str(caught.value)


def test_a_misspelt_name_has_a_suggestion() -> None:
    with pytest.raises(NamingError, match=r"or module:NAME; did you mean deepgram\?$"):
        find_dialect("deepgrm")
