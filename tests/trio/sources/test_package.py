"""The package: everything is there by name, and nothing heavy is loaded before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import openline_trio.sources


def test_every_name_is_there() -> None:
    for name in openline_trio.sources.__all__:
        assert getattr(openline_trio.sources, name).__doc__
    assert set(openline_trio.sources.__all__) <= set(dir(openline_trio.sources))


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match=r"'openline_trio\.sources' has no attribute 'Radio'"):
        _ = openline_trio.sources.Radio


def test_importing_loads_nothing_heavy() -> None:
    heavy = ("numpy", "soundfile", "soxr", "sounddevice")
    code = (
        "import sys; from openline_trio.sources import Microphone, PushSource, Source; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_missing_package_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from openline_trio import sources\n"
        "try: sources.FileSource\n"
        "except ModuleNotFoundError as error: print(error.__notes__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    notes = ['audio needs more packages: pip install "openline[audio]"']
    assert done.stdout.strip() == str(notes)
