"""What cannot be meant is refused in the call: one line, the kind of what came, never its value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from openline.backend import Backend
from openline_trio import open_session
from openline_trio.audio import FileSource, PushSource, Sink
from openline_trio.threads import start_session

SECRET = "/home/me/secret.wav"


class Runs:
    """A source by its looks."""

    duration = None

    async def run(self, sink: Sink) -> None:
        """Hear nothing."""


def refusal(call: Any, *args: Any, **given: Any) -> str:
    """What the call says to it: a TypeError of one line, without any value."""
    with pytest.raises(TypeError) as caught:
        call(*args, **given)
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


# Sources.


@pytest.mark.parametrize("call", [open_session, start_session])
@pytest.mark.parametrize("path", [SECRET, Path(SECRET)])
def test_a_path_where_a_source_belongs_is_refused_and_told_how_to_make_one(
    call: Any, path: object
) -> None:
    assert refusal(call, Backend(), {"mic": path}) == (
        f"sources['mic']: give a source, an object with `async run(sink)`, not "
        f"{type(path).__name__}; FileSource(path) of openline_trio.audio makes one from a file"
    )


@pytest.mark.parametrize(
    ("sources", "what"),
    [
        ({"mic": None}, "sources['mic']: give a source, .* not NoneType; "),
        ({"mic": b"secret"}, "sources['mic']: give a source, .* not bytes; "),
        ({"mic": FileSource}, "sources['mic']: give a source, .* not the class FileSource; "),
        ({"mic": Runs}, "sources['mic']: give a source, .* not the class Runs; "),
        ({"mic": Runs(), "system": object()}, "sources['system']: give a source, .* not object; "),
        ({Path(SECRET): Runs()}, "sources: each name is a str, not PosixPath"),
        (PushSource(), "sources: give a dict of names and sources, .* not PushSource"),
        ([PushSource()], "sources: give a dict of names and sources, .* not list"),
        (SECRET, "sources: give a dict of names and sources, .* not str"),
        (None, "sources: give a dict of names and sources, .* not NoneType"),
    ],
)
def test_what_is_no_source_is_refused(sources: object, what: str) -> None:
    pattern = what.replace("[", r"\[").replace("]", r"\]")
    assert re.match(pattern, refusal(open_session, Backend(), sources))


def test_whatever_runs_is_a_source() -> None:
    open_session(Backend(), {"mic": Runs()})
