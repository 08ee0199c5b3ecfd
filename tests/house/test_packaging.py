"""The installed package: the wheel works with two packages, and its metadata is correct."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: The distributions of a bare install.
BARE = ("msgspec", "python-statemachine")
JOURNAL = ROOT / "tests" / "journals" / "happy-path.jsonl"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("*.whl")
    return zipfile.ZipFile(built)


@pytest.fixture(scope="module")
def bare(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel and the packages that it needs, and no other."""
    folder = tmp_path_factory.mktemp("bare")
    wheel.extractall(folder)
    for name in BARE:
        found = distribution(name)
        for file in found.files or ():
            if file.parts[0] != ".." and "__pycache__" not in file.parts:
                there = folder / file
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_bytes(Path(str(found.locate_file(file))).read_bytes())
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, by its entry point, in an interpreter that finds ``folder`` alone."""
    code = (
        f"import sys; sys.path.append({str(folder)!r}); sys.argv = ['openline', *sys.argv[1:]];"
        "from importlib.metadata import entry_points;"
        "[entry] = entry_points(group='console_scripts', name='openline'); entry.load()()"
    )
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)


@pytest.mark.parametrize(
    ("arguments", "shows"),
    [
        (["--version"], f"openline {PROJECT['version']}\n"),
        (["--help"], "Usage: openline"),
        (["explain", "1008"], "REAUTH"),
        (["explain"], "+strike"),
        (["replay", str(JOURNAL)], "the core still does the same"),
        (["diagram", "--format", "mermaid"], "stateDiagram-v2"),
        (["diagram", "--format", "md"], "# The chart"),
        (["diagram", "--dialect", "echopanel"], "# The echopanel dialect"),
        (["diagram", "--journal", str(JOURNAL)], "<svg"),
        (["inspect", str(JOURNAL), "--out", "page.html", "--no-open"], "page.html"),
        (["completion", "bash"], "complete -o"),
        (["stream", "--help"], "--policy NAME=VALUE"),
    ],
)
def test_a_bare_install_explains_replays_and_draws(
    arguments: list[str], shows: str, bare: Path
) -> None:
    done = run(bare, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert shows in done.stdout


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["demo"], "cli"),
        (["stream", "x.wav"], "cli"),
        (["resume", "calls"], "cli"),
        (["serve"], "cli"),
        (["wyoming"], "wyoming"),
        (["batch", "calls"], "cli"),
        (["diagram"], "diagrams"),
    ],
)
def test_missing_extra_is_named_in_one_line(arguments: list[str], extra: str, bare: Path) -> None:
    done = run(bare, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("openline: ")
    assert done.stderr.count("\n") == 1
    assert f"openline[{extra}]" in done.stderr
    assert extra in PROJECT["optional-dependencies"]


def test_a_bare_install_needs_two_packages_and_no_more() -> None:
    assert sorted(re.split(r"[<>=]", each)[0] for each in PROJECT["dependencies"]) == sorted(BARE)
    for name in BARE:
        needs = [each for each in distribution(name).requires or () if "extra ==" not in each]
        assert needs == [], name


def test_copy_without_metadata_works_without_a_version(bare: Path, tmp_path: Path) -> None:
    for each in bare.iterdir():
        if not each.name.startswith("openline-"):
            (tmp_path / each.name).symlink_to(each)
    code = f"import sys; sys.path.append({str(tmp_path)!r}); from openline_cli.main import main;"
    command = [sys.executable, "-I", "-S", "-c", f"{code} sys.exit(main(['--version']))"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "openline 0+unknown\n")


def test_the_wheel_holds_the_packages_and_the_manual_page(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    packages = {path.parent.name for top in ("core", "adapters", "diagrams")
                for path in (ROOT / top).glob("openline*/__init__.py")}  # fmt: skip
    info = f"openline-{PROJECT['version']}"
    assert {name.split("/")[0] for name in names} == packages | {
        f"{info}.dist-info",
        f"{info}.data",
    }
    assert f"{info}.data/data/share/man/man1/openline.1" in names
    for package in packages:
        assert f"{package}/py.typed" in names


def test_no_requirement_has_a_ceiling() -> None:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras: dict[str, list[str]] = PROJECT["optional-dependencies"]
    groups: dict[str, list[Any]] = tables["dependency-groups"]
    listed = [*PROJECT["dependencies"], *chain(*extras.values(), *groups.values())]
    wrong = [each for each in listed if re.search(r"<|==|~=|!=", str(each).partition(";")[0])]
    assert wrong == []


def needed(extra: str) -> set[str]:
    """The packages that an extra brings, with those of the extras that it names."""
    found: set[str] = set()
    for each in PROJECT["optional-dependencies"][extra]:
        ours = re.match(r"openline\[(.+)\]", each)
        names = ours[1].split(",") if ours else []
        found |= set().union(*map(needed, names)) if ours else {re.split(r"[<>=]", each)[0]}
    return found


@pytest.mark.parametrize("extra", ["asyncio", "audio", "media", "microphone"])
def test_an_app_on_asyncio_gets_no_other_loop(extra: str) -> None:
    assert not needed(extra) & {"trio", "trio-websocket", "trio-parallel"}
    assert "trio" in needed("cli")


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    fields = dict(re.findall(r"^([\w-]+): (.+)$", text, re.MULTILINE))
    assert fields["version"] == PROJECT["version"]
    assert fields["license"] == PROJECT["license"]
    assert fields["title"] == PROJECT["name"]
    assert {"cff-version", "message", "type"} <= set(fields)


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, in order; comments and line ends are gone."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", plain)
    return [(name, rest.strip()) for name, _, rest in
            (line.partition(" ") for line in joined.splitlines() if line.strip())]  # fmt: skip


def faults(text: str) -> list[str]:
    """The faults of a Dockerfile for a service, a line for each."""
    found: list[str] = []
    listed = instructions(text)
    stages = [at for at, (name, _) in enumerate(listed) if name == "FROM"]
    found += [f"FROM {listed[at][1]}: not pinned by a tag" for at in stages
              if not re.match(r"[\w./-]+:[\w.-]*\d[\w.-]*( AS \w+)?$", listed[at][1])]  # fmt: skip
    last = dict(listed[stages[-1] :])
    if last.get("USER", "root") in {"root", "0"}:
        found.append("it runs as root")
    found += [f"no {name}" for name in ("HEALTHCHECK", "EXPOSE", "CMD") if name not in last]
    found += [f"ADD {rest}: take COPY" for name, rest in listed if name == "ADD"]
    for name in ("HEALTHCHECK", "CMD", "ENTRYPOINT"):
        form = last.get(name, "[]").rpartition("CMD ")[2]
        try:
            json.loads(form)
        except ValueError:
            found.append(f"{name}: not in exec form, so that a signal reaches a shell")
    return found


def test_image_follows_the_rules() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert faults(text) == []
    last = dict(instructions(text))
    assert last["EXPOSE"] == "8000"
    assert json.loads(last["ENTRYPOINT"]) == [PROJECT["name"]]
    command = json.loads(last["HEALTHCHECK"].rpartition("CMD ")[2])
    compile(command[-1], "HEALTHCHECK", "exec")


def test_image_is_built_from_existing_files() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    for package in needed["targets"]["wheel"]["packages"]:
        assert any(package == name or package.startswith(f"{name}/") for name in kept), package
    for name in (
        "pyproject.toml",
        "requirements.txt",
        PROJECT["readme"],
        *PROJECT["license-files"],
    ):
        assert name in kept


def test_the_constraints_of_the_image_are_the_pins_without_hashes() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    command = re.search(r"RUN (sed .+?) >", text)
    assert command is not None
    done = subprocess.run(
        shlex.split(command[1]), cwd=ROOT, capture_output=True, check=True, text=True
    )
    lines = done.stdout.splitlines()
    pins = re.findall(
        r"^[\w.-]+(?:\[\w+\])?==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    assert len(lines) == len(pins)
    assert not any("hash" in line or line.endswith("\\") for line in lines)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("FROM python\nUSER a\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD []\n", "not pinned"),
        ("FROM python:latest\nUSER a\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD []\n", "not pinned"),
        ("FROM python:3.13\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD []\n", "as root"),
        ("FROM python:3.13\nUSER 0\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD []\n", "as root"),
        ("FROM python:3.13\nUSER a\nEXPOSE 1\nCMD []\n", "no HEALTHCHECK"),
        ("FROM python:3.13\nUSER a\nHEALTHCHECK CMD []\nCMD []\n", "no EXPOSE"),
        ("FROM python:3.13\nADD http://x /\nUSER a\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD []\n", "ADD"),
        ("FROM python:3.13\nUSER a\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD serve\n", "exec form"),
        ("FROM a:1 AS x\nUSER a\nFROM a:1\nEXPOSE 1\nHEALTHCHECK CMD []\nCMD []\n", "as root"),
    ],
)
def test_image_fault_is_detected(text: str, fault: str) -> None:
    [found] = faults(text)
    assert fault in found
