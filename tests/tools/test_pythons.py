"""``make pythons`` finds the interpreters that are promised and here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools.pythons import ROOT, SEARCHES, TESTS, find, promised, run

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(folder: Path, version: str, answer: str) -> Path:
    """Something that is called like a Python and gives that answer."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\necho {answer}\n")
    path.chmod(0o755)
    return path


def test_the_promised_versions_are_those_of_the_classifiers() -> None:
    text = '[project]\nclassifiers = ["Programming Language :: Python :: 3", \
"Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.12"]\n'
    assert promised(text) == ["3.11", "3.12"]
    ours = promised((ROOT / "pyproject.toml").read_text("utf-8"))
    assert HERE in ours
    assert ours[0] == "3.11"


def test_path_is_searched_before_pyenv(tmp_path: Path) -> None:
    bin_folder, pyenv = tmp_path / "bin", tmp_path / "versions"
    first = interpreter(bin_folder, "3.11", "3.11")
    interpreter(pyenv / "3.11.9" / "bin", "3.11", "3.11")
    second = interpreter(pyenv / "3.12.1" / "bin", "3.12", "3.12")
    found = find(["3.11", "3.12", "3.13"], str(bin_folder), pyenv)
    assert found == {"3.11": first, "3.12": second}


def test_broken_shim_is_skipped(tmp_path: Path) -> None:
    bin_folder, pyenv = tmp_path / "bin", tmp_path / "versions"
    interpreter(bin_folder, "3.12", "not found")
    kept = interpreter(pyenv / "3.12.1" / "bin", "3.12", "3.12")
    assert find(["3.12"], str(bin_folder), pyenv) == {"3.12": kept}
    kept.unlink()
    assert find(["3.12"], str(bin_folder), pyenv) == {}


def test_running_python_is_usable() -> None:
    folder = Path(sys.executable).resolve().parent
    if not (folder / f"python{HERE}").exists():
        pytest.skip("it has another name here")
    assert list(find([HERE], str(folder), Path(os.devnull))) == [HERE]


def test_a_version_on_which_a_test_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def prepare(version: str, python: Path) -> Path:
        return python

    monkeypatch.setattr("tools.pythons.prepare", prepare)
    good, bad = tmp_path / "good", tmp_path / "bad"
    for path, status in ((good, 0), (bad, 1)):
        path.write_text(f'#!/bin/sh\necho "ran $@"\nexit {status}\n')
        path.chmod(0o755)
    assert run({"3.12": good, "3.13": bad}, ["core"]) == ["3.13"]
    assert run({}, ["core"]) == []
    told = capfd.readouterr().out
    for version in ("3.12", "3.13"):
        assert f"== Python {version}\nran -m pytest {ROOT}/tests/core --ignore=" in told
    assert all(f"--ignore={ROOT}/tests/{name}" in told for name in SEARCHES)


def test_listed_tests_exist() -> None:
    assert all((ROOT / "tests" / name).exists() for name in (*TESTS, *SEARCHES))


def test_each_room_of_the_code_is_tested_on_each_python() -> None:
    """A room's own tests; those that make our tools and the documentation have no version.

    Nor have the plug-ins: their frameworks are installed with ``make interop-plugins`` alone. The
    network's code is tested by the faces that use it.
    """
    known = {each.split("/")[0] for each in TESTS}
    homes = (ROOT / "adapters", ROOT / "diagrams")
    rooms = {
        each.name.removeprefix("openline_") for home in homes for each in home.glob("openline_*")
    }
    assert (rooms | {"core", "dialects"}) - {"pipecat", "livekit", "network"} <= known
