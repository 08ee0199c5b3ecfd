"""What cannot be meant is refused in the call: one line, the kind of what came, never its value."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import trio

import openline_threads
from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import Ended, State
from openline_testing.background import BackgroundBackend
from openline_trio import open_session, resume_session
from openline_trio.sources import FileSource, PushSource, Sink

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


@pytest.mark.parametrize("call", [open_session, openline_threads.open_session])
@pytest.mark.parametrize("path", [SECRET, Path(SECRET)])
def test_path_as_a_source_is_refused_with_advice(call: Any, path: object) -> None:
    assert refusal(call, Backend(), {"mic": path}) == (
        f"sources['mic']: give a source, an object with `async run(sink)`, not "
        f"{type(path).__name__}; FileSource(path) makes one from a file"
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
def test_invalid_source_is_refused(sources: object, what: str) -> None:
    pattern = what.replace("[", r"\[").replace("]", r"\]")
    assert re.match(pattern, refusal(open_session, Backend(), sources))


def test_any_object_with_run_is_a_source() -> None:
    open_session(Backend(), {"mic": Runs()})


# Dialects.


def says_secrets(*_given: object) -> object:
    return {"secret": 1}


PAIR = "has to return (memory, messages), messages being a tuple"


class Late(EchoPanel):
    """Says a dict for audio, once it has said what was asked of it before."""

    calls = 0

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        self.calls += 1
        made = super().audio(memory, source, pcm, number)
        return made if self.calls < 5 else cast("Encoded", {"a": "secret"})


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (EchoPanel, "dialect: give an object, EchoPanel(), not the class"),
        (
            type("Odd", (EchoPanel,), {"traits": {"horizon": 15}})(),
            "the dialect Odd lacks 'traits': give it Traits(sources=…, …)",
        ),
        (
            type("Odd", (EchoPanel,), {"stop": says_secrets})(),
            f"the dialect Odd: stop {PAIR}, not dict",
        ),
    ],
)
def test_invalid_dialect_is_refused_in_the_call(dialect: object, text: str, tmp_path: Path) -> None:
    assert refusal(open_session, Backend(), {"mic": Runs()}, dialect=dialect) == text
    assert (
        refusal(openline_threads.open_session, Backend(), {"mic": Runs()}, dialect=dialect) == text
    )
    assert refusal(resume_session, tmp_path, dialect=dialect) == text


class Speaks(Runs):
    """Delivers for ever."""

    async def run(self, sink: Sink) -> None:
        while True:
            sink.audio(bytes(640))
            await trio.sleep(0.02)


def test_late_dialect_fault_is_one_error() -> None:
    with BackgroundBackend() as backend:

        async def live() -> None:
            async with open_session(backend.backend, {"mic": Speaks()}, dialect=Late()) as session:
                await session.wait()

        with pytest.raises(DialectError) as caught:
            trio.run(live)
    assert str(caught.value) == f"the dialect Late: audio {PAIR}, not dict"


def test_error_of_the_block_is_raised_beside_the_dialects() -> None:
    with BackgroundBackend() as backend:

        async def live() -> None:
            async with open_session(backend.backend, {"mic": Speaks()}, dialect=Late()) as session:
                try:
                    await session.wait()
                finally:
                    raise ValueError("mine")

        with pytest.RaisesGroup(DialectError, ValueError, flatten_subgroups=True):
            trio.run(live)


# Credentials.


async def provide() -> str:
    await trio.lowlevel.checkpoint()
    return "a secret token"


async def needs(_user: str) -> str:
    return await provide()


def plain() -> str:
    return "a secret token"


class Provider:
    """Callable, and an object."""

    async def __call__(self) -> str:
        return await provide()


NO_TOKEN = "credentials: give a token, an async function that returns one, or None, not "


@pytest.mark.parametrize(
    ("credentials", "text"),
    [
        (7, f"{NO_TOKEN}int"),
        (b"secret", f"{NO_TOKEN}bytes"),
        (["secret"], f"{NO_TOKEN}list"),
        (Provider, f"{NO_TOKEN}the class Provider"),
    ],
)
def test_invalid_provider_is_refused_in_the_call(
    credentials: object, text: str, tmp_path: Path
) -> None:
    given = {"credentials": credentials}
    assert refusal(open_session, Backend(), {"mic": Runs()}, **given) == text
    assert refusal(resume_session, tmp_path, **given) == text


def test_coroutine_as_provider_is_refused_without_warning() -> None:
    text = "credentials: give an async function itself, not what it returned when called"
    assert refusal(open_session, Backend(), {"mic": Runs()}, credentials=provide()) == text


def test_provider_of_a_thread_is_a_plain_function() -> None:
    sources = {"mic": Runs()}
    assert refusal(openline_threads.open_session, Backend(), sources, credentials=provide) == (
        "credentials: give a plain function, not an async one: it is called outside of a loop, "
        "where it may block"
    )
    assert refusal(openline_threads.open_session, Backend(), sources, credentials=7) == (
        "credentials: give a token, a function that returns one, or None, not int"
    )
    assert refusal(openline_threads.resume_session, "calls", credentials=provide) == (
        "credentials: give a plain function, not an async one: it is called outside of a loop, "
        "where it may block"
    )


@pytest.mark.parametrize("credentials", [None, "token", provide, Provider(), partial(needs, "me")])
def test_any_async_callable_is_a_provider(credentials: Any) -> None:
    open_session(Backend(), {"mic": Runs()}, credentials=credentials)


@pytest.mark.parametrize(
    ("credentials", "why"),
    [
        (plain, "it is no async function: it returned str: write it with async def"),
        (
            partial(Provider),
            "it is no async function: it returned Provider: write it with async def",
        ),
    ],
)
def test_provider_that_is_not_async_fails_at_once(credentials: Any, why: str) -> None:
    async def live() -> Ended:
        sources = {"mic": Speaks()}
        async with open_session(Backend(), sources, credentials=credentials) as session:
            return await session.wait()

    ended = trio.run(live)
    assert (ended.state, ended.action) == (State.FAILED, Action.FATAL)
    assert ended.reason == (
        f"the credential provider gave something that cannot be a token ({why})"
    )


# Everything else.


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"backend": "wss://secret.example/ws"},
            "backend: give a Backend, such as Backend.from_url(url), not str",
        ),
        (
            {"backend": Backend},
            "backend: give a Backend, such as Backend.from_url(url), not the class Backend",
        ),
        ({"policy": {"max_attempts": 3}}, "policy: give a Policy, or None, not dict"),
        ({"policy": Policy}, "policy: give a Policy, or None, not the class Policy"),
        ({"spool": 7}, "spool: give the path of a folder, a str or a Path, or None, not int"),
        (
            {"journal": b"secret"},
            "journal: give the path of a file, a str or a Path, or None, not bytes",
        ),
        ({"session_id": 7}, "session_id: give a str, or None, not int"),
        ({"connect": "secret"}, "connect: give a function, or None, not str"),
    ],
)
def test_wrong_type_is_refused_in_the_call(given: dict[str, object], text: str) -> None:
    arguments = {"backend": Backend(), "sources": {"mic": Runs()}, **given}
    assert refusal(open_session, **arguments) == text
    assert refusal(openline_threads.open_session, **arguments) == text


def test_arguments_of_open_session_are_checked(tmp_path: Path) -> None:
    sources = {"mic": Runs()}
    assert refusal(open_session, Backend(), sources, random=0.5) == (
        "random: give a function, or None, not float"
    )
    assert refusal(open_session, Backend(), sources, spool=tmp_path, spool_limit="1 GB") == (
        "spool_limit: give bytes as an int, not str"
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"folder": b"secret"}, "folder: give the path of a folder, a str or a Path, not bytes"),
        (
            {"backend": "wss://secret.example/ws"},
            "backend: give a Backend, such as Backend.from_url(url), or None, not str",
        ),
        ({"policy": 3}, "policy: give a Policy, or None, not int"),
        (
            {"journal": b"secret"},
            "journal: give the path of a file, a str or a Path, or None, not bytes",
        ),
        ({"random": 0.5}, "random: give a function, or None, not float"),
    ],
)
def test_arguments_of_resume_session_are_checked(
    given: dict[str, object], text: str, tmp_path: Path
) -> None:
    assert refusal(resume_session, **{"folder": tmp_path, **given}) == text


# Outside of trio.

HINT = (
    "open_session needs trio: call `trio.run` with your async function; a program on asyncio uses "
    "openline_asyncio, one without a loop openline_threads"
)


def test_other_event_loop_is_reported() -> None:
    async def live() -> None:
        async with open_session(Backend(), {"mic": Runs()}):
            pass

    with pytest.raises(RuntimeError) as caught:
        asyncio.run(live())
    assert str(caught.value) == HINT


def test_nothing_is_opened_outside_of_trio(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    opening = open_session(Backend(), {"mic": Runs()}, spool=folder)
    with pytest.raises(RuntimeError, match="needs trio"):
        opening.__aenter__().send(None)
    assert not folder.exists()


def test_repr_of_an_opening_explains_its_use() -> None:
    opening: Any = open_session(Backend(), {"mic": Runs()})
    assert repr(opening) == "<a session to be opened with `async with`, in trio>"
    with pytest.raises(ValueError, match="to be opened with `async with`, in trio"):
        asyncio.run(opening)
    with pytest.raises(TypeError) as caught, opening:
        pass
    assert str(caught.value) == "a session is opened with `async with`, not with `with`"


async def iterate(opening: Any) -> None:
    async for _ in opening:
        pass


async def wait_for(opening: Any) -> None:
    await opening


async def walk(opening: Any) -> None:
    for _ in opening:
        pass


async def stop(opening: Any) -> None:
    opening.stop()


async def poke(opening: Any) -> None:
    opening.feed_me()


@pytest.mark.parametrize(
    ("use", "kind", "text"),
    [
        (
            iterate,
            TypeError,
            "a session is opened with `async with`; what it gives has the updates",
        ),
        (walk, TypeError, "a session is opened with `async with`; what it gives has the updates"),
        (wait_for, TypeError, "a session is opened with `async with`, not with `await`"),
        (stop, AttributeError, "a session is opened with `async with`; what it gives has stop"),
        (poke, AttributeError, "'_Opening' object has no attribute 'feed_me'"),
    ],
)
async def test_missing_async_with_is_reported(
    tmp_path: Path, use: Any, kind: type[Exception], text: str
) -> None:
    for opening in (open_session(Backend(), {"mic": Runs()}), resume_session(tmp_path)):
        with pytest.raises(kind) as caught:
            await use(opening)
        assert str(caught.value) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"spool_limit": -1}, "spool_limit is -1: give bytes of audio, above 0"),
        ({"spool_limit": 0}, "spool_limit is 0: give bytes of audio, above 0"),
        (
            {"journal_audio": True},
            "journal_audio without a journal: give a file as the journal as well",
        ),
        ({"session_id": ""}, "session_id: give a non-blank text of at most 256 characters"),
    ],
)
@pytest.mark.parametrize("call", [open_session, openline_threads.open_session])
def test_unusable_value_is_refused_in_the_call(call: Any, given: Any, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        call(Backend(), {"mic": Runs()}, **given)
    assert str(caught.value) == text
