"""What cannot be meant is refused in the call: one line, the kind of what came, never its value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
import trio

from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline_trio import open_session, resume_session
from openline_trio.audio import FileSource, PushSource, Sink
from openline_trio.background import BackgroundBackend
from openline_trio.threads import start_session

SECRET = "private/secret.wav"


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


# Dialects.


def says_secrets(*_given: object) -> object:
    return {"secret": 1}


class Late(EchoPanel):
    """Says a dict for audio, once it has said what was asked of it before."""

    calls = 0

    def audio(self, source: str, pcm: bytes) -> bytes:
        self.calls += 1
        return super().audio(source, pcm) if self.calls < 5 else cast("bytes", {"a": "secret"})


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (EchoPanel, "dialect: give an object, EchoPanel(), not the class"),
        (
            type("Odd", (EchoPanel,), {"horizon": "15"})(),
            "the dialect Odd: horizon has to be seconds, 0 or more, not str",
        ),
        (
            type("Odd", (EchoPanel,), {"stop": says_secrets})(),
            "the dialect Odd: stop has to return str or bytes, not dict",
        ),
    ],
)
def test_what_is_no_dialect_is_refused_in_the_call(
    dialect: object, text: str, tmp_path: Path
) -> None:
    assert refusal(open_session, Backend(), {"mic": Runs()}, dialect=dialect) == text
    assert refusal(start_session, Backend(), {"mic": Runs()}, dialect=dialect) == text
    assert refusal(resume_session, tmp_path, dialect=dialect) == text


class Speaks(Runs):
    """Delivers for ever."""

    async def run(self, sink: Sink) -> None:
        while True:
            sink.audio(bytes(640))
            await trio.sleep(0.02)


def test_a_dialect_whose_fault_shows_itself_only_on_the_line_is_one_error_too() -> None:
    with BackgroundBackend() as backend:

        async def live() -> None:
            async with open_session(backend.backend, {"mic": Speaks()}, dialect=Late()) as session:
                await session.wait()

        with pytest.raises(DialectError) as caught:
            trio.run(live)
    assert str(caught.value) == "the dialect Late: audio has to return str or bytes, not dict"


def test_a_blocks_own_error_comes_out_beside_that_of_a_dialect() -> None:
    with BackgroundBackend() as backend:

        async def live() -> None:
            async with open_session(backend.backend, {"mic": Speaks()}, dialect=Late()) as session:
                try:
                    await session.wait()
                finally:
                    raise ValueError("mine")

        with pytest.RaisesGroup(DialectError, ValueError, flatten_subgroups=True):
            trio.run(live)
