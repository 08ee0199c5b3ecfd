"""No file of the repository contains a path of the author's machine or a secret.

The patterns are written so that they do not match themselves.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TRACES = {
    "a path of some machine": re.compile(
        r"(?<![\w.~}-])/(?:work|root|Users|opt|var/folders)/|(?<![\w.])/home/\w|\bC:\\Users\b"
    ),
    "the name of a machine": re.compile(r"\bfarm[-]\w", re.IGNORECASE),
    "a package index": re.compile(
        r"pythonhosted[.]org|pypi[.]org/simple|registry[.]npmjs|proxy[.]golang"
        r"|//[^\s/]+(?::\d+)?/(?:\S+/)?simple\b|[-]-(?:extra-)?index-url|[-]-find-links"
    ),
    "a private key": re.compile(r"-{5}BEGIN [A-Z ]*PRIVATE KEY"),
    "a token": re.compile(
        r"\b(?:gh[pousr]_|github_pat_|glpat-|sk-|xox[abp]-|AKIA)[A-Za-z0-9_-]{16,}"
        r"|\beyJ[\w-]{10,}[.]eyJ[\w-]{10,}"
    ),
}
#: Hexadecimal is a hash; capitals, small letters and digits without end are a secret.
LONG = re.compile(r"(?<![\w+/])[A-Za-z0-9+]{40,}={0,2}(?![\w+/])")


def _secret(word: str) -> bool:
    return all(len(re.findall(kind, word)) >= 4 for kind in ("[A-Z]", "[a-z]", "[0-9]"))


def _traces(text: str) -> list[str]:
    """What ``text`` tells that it should not, a line for each."""
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        found += [f"line {number}: {what}" for what, how in TRACES.items() if how.search(line)]
        if any(_secret(word) for word in LONG.findall(line)):
            found.append(f"line {number}: a long secret")
    return found


def _tracked() -> list[str]:
    # A checkout may belong to another user than the one who tests it, as in a container.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    if not (ROOT / ".git").exists():
        return []
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_tracked_file_holds_a_trace() -> None:
    found: list[str] = []
    for name in _tracked():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:  # what has none may still be no text
            found += [f"{name}, {trace}" for trace in _traces(data.decode("utf-8", "replace"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["requirements.txt", "uv.txt"])
def test_lock_has_versions_and_hashes_but_no_index(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.findall(r".*(?:://|^-).*", text, re.MULTILINE)
    pins = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?(==)?", text, re.MULTILINE)
    assert pins
    assert all(pins)


@pytest.mark.parametrize(
    "text",
    [
        "see /" + "work/main",
        "open('/" + "root/x')",
        "/" + "home/ann/x",
        "on farm" + "-7",
        "https://files.python" + "hosted.org/x",
        "https://index.example:8080/" + "root/simple/",
        "--" + "index-url x",
        "-----" + "BEGIN RSA PRIVATE KEY-----",
        "key: gh" + "p_0123456789abcdefABCDEF",
        "x = '" + "aB3dE5gH1jK" * 4 + "='",
    ],
)
def test_trace_is_detected(text: str) -> None:
    assert len(_traces(f"first\n{text}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "--hash=sha256:" + "0a1b2c3d" * 8,
        "a test{0}flow, ..{0}x and ~{1}x".format("/wo" + "rk/", "/ro" + "ot/"),
        "https://pypi.org/project/openline",
        "make it simple: https://example.org/a-simple-guide",
        "#!/usr/bin/env bash",
    ],
)
def test_public_text_passes(text: str) -> None:
    assert not _traces(text)
