"""Run the tests on each supported Python that is installed: ``make pythons``.

The Python of ``.venv`` is left out, because ``make test`` uses it. An interpreter is searched as
``python3.N`` on the PATH, then among pyenv's versions; the first one for a minor version is used.
Each gets its own venv under ``build/pythons``, from the lock file with hashes; as many run side by
side as there are cores.

What runs here is all that a version of Python may break: the core, the driver, the faces and all
that they need, by their own tests. What depends on no version is checked by ``make test`` alone:
types, style, coverage, the tests that read our files, and the long searches from seeds. These call
the same functions as the tests that run here, only far more often, and do the same on each Python.
Of the tests that run here the quick part does (``tests/support_long.py``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
VENVS: Final = ROOT / "build" / "pythons"
#: The core, the driver, the faces, the kit, the drawings, and what is installed.
TESTS: Final = (
    *("core", "dialects", "lookup", "inspect", "driver", "store", "audio"),
    *("trio", "asyncio", "threads", "blocking", "faces", "speech", "wyoming", "fleet", "batch"),
    *("load", "doctor", "telemetry"),
    *("server", "cli"),
    *("testing", "diagrams", "house/test_packaging.py", "house/test_failing.py"),
)
#: The searches among them that ``make test`` alone makes.
SEARCHES: Final = tuple(f"testing/test_{name}.py" for name in ("explore", "planted", "measured"))
_CLASSIFIER: Final = "Programming Language :: Python :: 3."


def promised(pyproject: str) -> list[str]:
    """The minor versions that the classifiers name, as ``3.N``, in their order."""
    listed: list[str] = tomllib.loads(pyproject)["project"]["classifiers"]
    return [
        f"3.{each.removeprefix(_CLASSIFIER)}" for each in listed if each.startswith(_CLASSIFIER)
    ]


def find(versions: Iterable[str], path: str, pyenv: Path) -> dict[str, Path]:
    """The interpreter of each installed version: on ``path``, else in ``pyenv``'s folder."""
    found: dict[str, Path] = {}
    for version in versions:
        named = shutil.which(f"python{version}", path=path)
        kept = sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
        for each in ([Path(named)] if named else []) + kept:
            if _answers(each, version):
                found[version] = each
                break
    return found


def _answers(python: Path, version: str) -> bool:
    """Whether it runs and has the version of its name; a shim of pyenv's may fail both."""
    asked = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python, "-c", asked], capture_output=True, check=False, text=True, timeout=60
        )
    except OSError:
        return False
    return done.stdout.strip() == version


def prepare(version: str, python: Path) -> Path:
    """The interpreter of a venv with the packages of the lock file, and this checkout."""
    venv = VENVS / version
    stamp = venv / ".installed"
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    inside = venv / "bin" / "python"
    if stamp.exists() and stamp.read_text("utf-8") == f"{ROOT}\n{lock}":
        return inside
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([python, "-m", "venv", venv], check=True)
    uv = Path(sys.executable).with_name("uv")
    installs: tuple[tuple[str | Path, ...], ...] = (
        (uv, "--quiet", "--system-certs", "pip", "install", "--python", inside),
        (inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
    )
    for install in installs:  # where uv cannot install, pip does, more slowly
        try:
            locked = ("--require-hashes", "-r", ROOT / "requirements.txt")
            subprocess.run([*install, *locked], check=True)
            subprocess.run([*install, "--no-deps", "--no-build-isolation", "-e", ROOT], check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        stamp.write_text(f"{ROOT}\n{lock}", "utf-8")
        return inside
    raise SystemExit(f"pythons: {version}: its packages cannot be installed")


def run(pythons: Mapping[str, Path], tests: Iterable[str]) -> list[str]:
    """Run the tests on each, side by side; return the versions on which a test failed."""
    inside = {version: prepare(version, python) for version, python in pythons.items()}
    arguments = [str(ROOT / "tests" / name) for name in tests]
    arguments += [f"--ignore={ROOT / 'tests' / name}" for name in SEARCHES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = pool.map(_passes, inside, inside.values(), repeat(arguments))
        return [version for version, well in zip(inside, passed, strict=True) if not well]


def _passes(version: str, python: Path, arguments: list[str]) -> bool:
    """Run the tests on one of them, print what they say, and return whether all passed."""
    done = subprocess.run(
        [python, "-m", "pytest", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    print(f"== Python {version}\n{done.stdout}", end="", flush=True)
    return not done.returncode


def main() -> None:
    """Run the command; the status is 1 if a test failed."""
    parser = argparse.ArgumentParser(description="Run the tests on each other Python.")
    parser.add_argument("--list", action="store_true", help="print the versions, and exit")
    arguments = parser.parse_args()
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = promised((ROOT / "pyproject.toml").read_text("utf-8"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    pythons = find([each for each in versions if each != here], os.environ.get("PATH", ""), pyenv)
    for version in versions:
        where = ".venv, for make test" if version == here else pythons.get(version, "not here")
        print(f"pythons: {version}: {where}", flush=True)
    if not arguments.list and (failed := run(pythons, TESTS)):
        raise SystemExit(f"pythons: a test failed on {', '.join(failed)}")


if __name__ == "__main__":
    main()
