"""The origin of an error: file and line in the app's own code, never its text."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from importlib.util import module_from_spec
from typing import Any

import pytest

from openline.backend import Backend
from openline.session import LocalProtocolError
from openline_audio.source import SourceError
from openline_driver import error_origin
from openline_driver.error_origin import only_one, raised, source_error

STDLIB = inspect.__file__.rpartition("/")[0]


def made(path: str, text: str, name: str = "mine") -> Callable[..., Any]:
    """The function ``f`` of a module with the file name ``path``."""
    names: dict[str, Any] = {"__name__": name}
    exec(compile(text, path, "exec"), names)  # noqa: S102  # no file is needed for a frame
    function: Callable[..., Any] = names["f"]
    return function


def anew() -> Any:
    """The module, imported once more."""
    spec = error_origin.__spec__
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def error(function: Callable[..., Any], *args: object) -> Exception:
    with pytest.raises(Exception) as caught:  # any error
        function(*args)
    # Without the frame of this test, which also counts as the app's.
    return caught.value.with_traceback(caught.value.__traceback__.tb_next)  # type: ignore[union-attr]


def test_innermost_frame_of_the_apps_code_is_named() -> None:
    inner = made("/app/inner.py", "def f():\n    raise KeyError('a secret')\n")
    outer = made("/app/outer.py", "def f(inner):\n    inner()\n")
    assert raised(error(outer, inner)) == "KeyError (inner.py, line 2)"
    assert raised(error(outer, inner), "no line") == "no line (inner.py, line 2)"


def test_frames_of_python_and_of_openline_are_passed_over() -> None:
    calls = made("/app/mine.py", "def f(call, given):\n\n    call(given)\n")
    assert raised(error(calls, json.loads, "{")) == "JSONDecodeError (mine.py, line 3)"
    assert raised(error(calls, Backend.from_url, "x")) == "ValueError (mine.py, line 3)"


@pytest.mark.parametrize("name", ["trio._core", "outcome", "asyncio.tasks", "openline_trio.x"])
def test_frames_of_the_apps_runner_are_passed_over(name: str) -> None:
    runner = made("/lib/runner.py", "def f(*_):\n    1 / 0\n", name)
    assert raised(error(runner)) == "ZeroDivisionError"


@pytest.mark.parametrize("path", ["<frozen importlib._bootstrap>", "/lib/runner.py"])
def test_a_frame_that_is_passed_over_hides_none_behind_it(path: str) -> None:
    between = made(path, "def f(call):\n    call()\n", "trio")
    inner = made("/app/inner.py", "def f():\n    1 / 0\n")
    assert raised(error(between, inner)) == "ZeroDivisionError (inner.py, line 2)"


def test_an_installed_package_counts_if_there_is_no_other_frame() -> None:
    text = "def f(*_):\n    1 / 0\n"
    for folder in ("/venv/site-packages", f"{STDLIB}/dist-packages", "C:\\x\\site-packages"):
        path = f"{folder}/package.py"
        installed = made(path.replace("/", "\\") if "\\" in path else path, text)
        calls = made("/app/mine.py", "def f(call):\n    call()\n")
        assert raised(error(installed)) == "ZeroDivisionError (package.py, line 2)"
        assert raised(error(calls, installed)) == "ZeroDivisionError (mine.py, line 2)"


def test_error_without_an_app_frame_has_no_place() -> None:
    assert raised(KeyError("a secret")) == "KeyError"
    assert raised(error(json.loads, "{")) == "JSONDecodeError"
    frozen = made("<frozen importlib._bootstrap>", "def f():\n    1 / 0\n")
    assert raised(error(frozen)) == "ZeroDivisionError"


def test_a_frozen_standard_library_has_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(inspect, "__file__")
    failing = made("/app/mine.py", "def f():\n    1 / 0\n")
    assert anew().raised(error(failing)) == "ZeroDivisionError (mine.py, line 2)"


def test_a_standard_library_on_windows_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "__file__", "C:\\Python\\Lib\\inspect.py")
    failing = made("C:\\Python\\Lib\\json\\decoder.py", "def f():\n    1 / 0\n", "json.decoder")
    calls = made("C:\\app\\mine.py", "def f(call):\n    call()\n")
    assert anew().raised(error(calls, failing)) == "ZeroDivisionError (mine.py, line 2)"


def test_group_of_one_is_that_one() -> None:
    one = KeyError()
    two = ExceptionGroup("", [one, ValueError()])
    assert only_one(one) is one
    assert only_one(ExceptionGroup("", [ExceptionGroup("", [one])])) is one
    assert only_one(two) is two


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (SourceError("plug it in"), "plug it in"),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
        (TimeoutError(), "the source raised TimeoutError"),
        (ConnectionError("a secret"), "the source raised ConnectionError"),
        (LocalProtocolError("half a sample"), "half a sample"),
        (ExceptionGroup("x", [SourceError("plug it in")]), "plug it in"),
        (RuntimeError("a secret"), "the source raised RuntimeError"),
        (ExceptionGroup("x", [KeyError(), KeyError()]), "the source raised ExceptionGroup"),
    ],
)
def test_error_of_a_source_shows_only_texts_for_people(given: Exception, text: str) -> None:
    assert source_error(given) == text


def test_an_error_of_the_system_has_the_place_too() -> None:
    opens = made("/app/mine.py", "def f():\n    raise OSError(5, 'Input/output error')\n")
    assert source_error(error(opens)) == "[Errno 5] Input/output error (mine.py, line 2)"
