"""The packages beside each other: the same names and arguments, and the same advice."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import openline_asyncio
import openline_blocking
import openline_threads
import openline_trio
from openline.backend import Backend
from openline_asyncio import sources as asyncio_sources
from openline_blocking import sources as blocking_sources
from openline_trio import sources as trio_sources

FACES = [openline_trio, openline_asyncio, openline_blocking, openline_threads]
HIDE_MODULE = "import sys; sys.modules['{}'] = None"
HIDE_METADATA = """
from importlib import metadata
def version(name):
    raise metadata.PackageNotFoundError(name)
metadata.version = version"""
INSTALL = 'sessions need more packages: pip install "openline[{}]"'


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_every_name_is_there_and_no_other(face: ModuleType) -> None:
    for name in face.__all__:
        assert getattr(face, name) is not None
    assert set(face.__all__) <= set(dir(face))
    with pytest.raises(AttributeError, match=rf"'{face.__name__}' has no attribute 'Radio'"):
        _ = face.Radio


def test_they_have_the_same_names() -> None:
    assert openline_asyncio.__all__ == openline_trio.__all__ == openline_blocking.__all__


def arguments(function: Callable[..., Any]) -> dict[str, tuple[str, object, object]]:
    """By name: the annotation as it is written, the default, and how it is given."""
    taken = inspect.signature(function).parameters.values()
    return {each.name: (str(each.annotation), each.default, each.kind) for each in taken}


@pytest.mark.parametrize("name", ["open_session", "resume_session", "connector"])
@pytest.mark.parametrize("face", [openline_asyncio, openline_blocking], ids=lambda x: x.__name__)
def test_a_call_takes_the_same_arguments_on_each(face: ModuleType, name: str) -> None:
    ours, model = getattr(face, name), getattr(openline_trio, name)
    assert list(arguments(ours).items()) == list(arguments(model).items())


@pytest.mark.parametrize("name", ["open_session", "resume_session"])
def test_a_thread_takes_the_same_arguments_and_a_loop(name: str) -> None:
    ours = arguments(getattr(openline_threads, name))
    expected = arguments(getattr(openline_asyncio, name))
    expected["credentials"] = ("ThreadCredentials", *expected["credentials"][1:])
    assert ours.pop("loop_factory")[1] is None
    assert list(ours.items()) == list(expected.items())


def public(session: type) -> dict[str, str]:
    """The public methods and properties of a session, and what they say of themselves."""
    return {
        name: inspect.getdoc(getattr(session, name)) or ""
        for name in dir(session)
        if not name.startswith("_")
    }


def test_both_sessions_have_the_same_methods() -> None:
    ours, model = public(openline_asyncio.Session), public(openline_trio.Session)
    differ = {name for name in ours | model if ours.get(name) != model.get(name)}
    assert differ == {"wait_readable"}  # a second task that waits gets another error


def test_a_session_without_a_loop_has_the_same_methods() -> None:
    ours, model = public(openline_blocking.Session), public(openline_trio.Session)
    differ = {name for name in ours | model if ours.get(name) != model.get(name)}
    assert differ == {"begin", "leave", "run", "sleep", "wait_readable"}


def test_a_session_in_a_thread_has_the_methods_of_a_session() -> None:
    ours, model = public(openline_threads.ThreadSession), public(openline_asyncio.Session)
    assert ours.keys() - model.keys() == {"push", "drain", "close"}
    # What a loop needs, and what an app that never sees the loop does not.
    assert model.keys() - ours.keys() == {
        *("attach_spool", "exhausted", "feed", "keep_spool", "pull", "room", "run"),
        "wait_readable",
    }


@pytest.mark.parametrize(
    ("face", "hidden", "note"),
    [
        ("trio", HIDE_MODULE.format("trio_websocket"), INSTALL.format("trio")),
        ("trio", HIDE_MODULE.format("python_socks"), INSTALL.format("trio")),
        ("trio", HIDE_METADATA, "(PyInstaller: --copy-metadata trio)"),
        ("asyncio", HIDE_MODULE.format("websockets"), INSTALL.format("asyncio")),
        ("asyncio", HIDE_MODULE.format("python_socks"), INSTALL.format("asyncio")),
        ("blocking", HIDE_MODULE.format("websockets"), INSTALL.format("blocking")),
        ("blocking", HIDE_MODULE.format("python_socks"), INSTALL.format("blocking")),
        ("threads", HIDE_MODULE.format("websockets"), INSTALL.format("threads")),
    ],
    ids=[
        "trio",
        "trio: socks",
        "metadata",
        "asyncio",
        "asyncio: socks",
        "blocking",
        "blocking: socks",
        "threads",
    ],
)
def test_note_is_about_what_is_missing(face: str, hidden: str, note: str) -> None:
    code = f"{hidden}\nfrom openline_{face} import open_session"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(note)


#: A source of each; a session in a thread takes those of asyncio.
PUSHED = {
    openline_trio: trio_sources.PushSource,
    openline_asyncio: asyncio_sources.PushSource,
    openline_blocking: blocking_sources.PushSource,
    openline_threads: asyncio_sources.PushSource,
}


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_session_refuses_the_sources_of_another_face(face: ModuleType) -> None:
    own = PUSHED[face]
    home = own.__module__.partition(".")[0]
    for pushed in set(PUSHED.values()) - {own}:
        with pytest.raises(TypeError, match=f"import PushSource from {home}.sources"):
            face.open_session(Backend(), {"mic": pushed()})
