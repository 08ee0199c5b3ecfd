"""What an app is told where the face's packages, or their metadata, are missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import openline_trio

HIDE_MODULE = "import sys; sys.modules['trio_websocket'] = None"
HIDE_METADATA = """
from importlib import metadata
def version(name):
    raise metadata.PackageNotFoundError(name)
metadata.version = version"""


def test_every_name_is_there_and_no_other() -> None:
    for name in openline_trio.__all__:
        assert getattr(openline_trio, name) is not None
    assert set(openline_trio.__all__) <= set(dir(openline_trio))
    with pytest.raises(AttributeError, match=r"'openline_trio' has no attribute 'Radio'"):
        _ = openline_trio.Radio


@pytest.mark.parametrize(
    ("hidden", "note"),
    [
        (HIDE_MODULE, 'sessions need more packages: pip install "openline[trio]"'),
        (HIDE_METADATA, "(PyInstaller: --copy-metadata trio)"),
    ],
    ids=["module", "metadata"],
)
def test_note_is_about_what_is_missing(hidden: str, note: str) -> None:
    code = f"{hidden}\nfrom openline_trio import open_session"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(note)
