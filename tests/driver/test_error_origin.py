"""Where an error arose: in the app's own code, by file and line, and never what it says."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openline_driver.error_origin import only_one, raised
from openline_trio.sources import FileSource


def made(path: Path, text: str) -> Callable[..., Any]:
    """The function ``f`` of a module that lies at ``path``."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    function: Callable[..., Any] = runpy.run_path(str(path))["f"]
    return function


def error(function: Callable[..., Any], *args: object) -> Exception:
    with pytest.raises(Exception) as caught:  # whatever it is
        function(*args)
    # Without the frame of this test, which is the app's as well.
    return caught.value.with_traceback(caught.value.__traceback__.tb_next)  # type: ignore[union-attr]


def test_the_innermost_frame_of_the_apps_code_is_told(tmp_path: Path) -> None:
    inner = made(tmp_path / "inner.py", "def f():\n    raise KeyError('a secret')\n")
    outer = made(tmp_path / "outer.py", "def f(inner):\n    inner()\n")
    assert raised(error(outer, inner)) == "KeyError (inner.py, line 2)"
    assert raised(error(outer, inner), "no line") == "no line (inner.py, line 2)"


def test_the_frames_of_python_and_of_ours_are_passed_over(tmp_path: Path) -> None:
    calls = made(tmp_path / "mine.py", "def f(call, given):\n\n    call(given)\n")
    assert raised(error(calls, json.loads, "{")) == "JSONDecodeError (mine.py, line 3)"
    assert raised(error(calls, FileSource, "no such file")) == "SourceError (mine.py, line 3)"


def test_those_of_an_installed_package_are_told_if_there_is_no_other(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "package.py"
    installed = made(package, "def f(*_):\n    1 / 0\n")
    calls = made(tmp_path / "mine.py", "def f(call):\n    call()\n")
    assert raised(error(installed)) == "ZeroDivisionError (package.py, line 2)"
    assert raised(error(calls, installed)) == "ZeroDivisionError (mine.py, line 2)"


def test_where_there_is_no_place_there_is_none() -> None:
    assert raised(KeyError("a secret")) == "KeyError"
    assert raised(error(json.loads, "{")) == "JSONDecodeError"


def test_a_group_of_one_is_that_one() -> None:
    one = KeyError()
    two = ExceptionGroup("", [one, ValueError()])
    assert only_one(one) is one
    assert only_one(ExceptionGroup("", [ExceptionGroup("", [one])])) is one
    assert only_one(ExceptionGroup("", [two])) is two
