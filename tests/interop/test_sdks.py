"""The makers' own clients stream speech to our backend, and get its words: ``make interop``.

A contract is right if a client that others wrote is content with it. Each script in ``sdks``
uses one maker's SDK as its manual says, with no change but the address; it runs in the venv
``.venv-interop``, which has the versions of ``requirements.txt``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PYTHON = ROOT / ".venv-interop" / "bin" / "python"
RECORDING = ROOT / "tests" / "data" / "goforward.wav"


@contextmanager
def serving(dialect: str) -> Generator[str]:
    """A backend of this dialect in a process of its own; its host and port."""
    command = [sys.executable, "-m", "openline_cli", "serve", "--port", "0", "--dialect", dialect]
    with subprocess.Popen(
        [*command, "--recognizer", "pocketsphinx"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield line.removeprefix("listening on ws://").partition("/")[0]
        finally:
            process.terminate()


@pytest.mark.parametrize("dialect", ["deepgram", "speechmatics", "assemblyai", "openai", "soniox"])
def test_the_makers_client_gets_the_words(dialect: str) -> None:
    assert PYTHON.exists(), "run it with: make interop"
    with serving(dialect) as server:
        done = subprocess.run(
            [str(PYTHON), str(HERE / "sdks" / f"{dialect}_sdk.py"), server, str(RECORDING)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    times = 2 if dialect == "openai" else 1
    words = done.stdout.lower().replace(".", "").split()
    assert words == ["go", "forward", "ten", "meters"] * times, (done.stdout, done.stderr)
