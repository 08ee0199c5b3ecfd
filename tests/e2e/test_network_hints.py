"""A network that comes back while a session waits, in a network namespace of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def refusal() -> str:
    """Why there can be no network of one's own here; empty if there can."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "needs unshare (util-linux) and ip (iproute2)"
    make = "ip link set lo up && ip link add here type veth peer name there"
    tried = subprocess.run(["unshare", "-n", "sh", "-c", make], capture_output=True, check=False)
    return "needs the right to make a network namespace" if tried.returncode else ""


WHY = refusal()


def play(face: str, hints: str) -> list[str]:
    module = "tests.e2e.network_namespace"
    command = ["unshare", "-n", sys.executable, "-m", module, face, hints]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(bool(WHY), reason=WHY)
@pytest.mark.parametrize("face", ["trio", "asyncio", "uvloop"])
def test_an_address_that_appears_ends_the_wait_for_the_next_dial(face: str) -> None:
    complete, dials, took = play(face, "on")
    assert (complete, dials) == ("True", "1")
    assert float(took) < 30.0  # without the hint a minute or more


@pytest.mark.skipif(bool(WHY), reason=WHY)
def test_a_session_without_hints_waits_on() -> None:
    assert play("trio", "off") == ["False", "0", "None"]
