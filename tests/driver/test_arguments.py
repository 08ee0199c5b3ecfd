"""The arguments of the public calls: refused in one line, or made into options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import PurePath
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Ids, Memory
from openline.dialects.registry import DEFAULT
from openline.events import SourceFailed, SourceKind
from openline.policy import Policy
from openline.session import PastSource
from openline.updates import Transcript
from openline_driver.argument_checks import (
    check_credentials,
    check_sources,
    checked_dialect,
    kind_of,
)
from openline_driver.arguments import (
    Maker,
    check_resuming,
    chosen_dialler,
    new_options,
    resumed_options,
)
from openline_driver.options import STORE_LIMIT, SessionOptions
from openline_driver.proxies import Proxies
from openline_driver.unopened import Unopened

MAKER = Maker(lambda: 0.5, lambda: "new-id", "openline/test")


class Runs:
    """The smallest object that is accepted as a source."""

    duration = None

    async def run(self, sink: object) -> None:
        raise AssertionError("nothing runs here")


class Pauses(Runs):
    may_pause = True


class Stored(Runs):
    kind = SourceKind.STORE


def given(**others: Any) -> dict[str, Any]:
    """The arguments of ``open_session``."""
    usual = {
        "backend": Backend(),
        "sources": {"mic": Runs()},
        "policy": None,
        "dialect": None,
        "session_id": None,
        "credentials": None,
        "connect": None,
        "random": None,
        "spool": None,
        "spool_limit": STORE_LIMIT,
        "journal": None,
        "journal_audio": False,
        "observers": (),
    }
    return {**usual, **others}


def refusal(call: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(TypeError) as caught:
        call(*args, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


# Options.


def test_defaults_of_a_new_session() -> None:
    options = new_options(given(), MAKER)
    assert (options.session_id, options.sources) == ("new-id", ("mic",))
    assert (options.policy, options.store_bytes) == (Policy(), 0)
    assert (options.random(), options.new_id(), options.user_agent) == (
        0.5,
        "new-id",
        "openline/test",
    )
    assert options.dialect.name == EchoPanel().name
    assert not options.is_resumed
    assert new_options(given(sources={}), MAKER).sources == ()


def test_given_options_replace_the_defaults() -> None:
    dialect = EchoPanel()
    options = new_options(
        given(
            sources={"mic": Stored(), "system": Pauses()},
            dialect=dialect,
            backend=Backend(host="far.example"),
            policy=Policy(max_attempts=3),
            session_id="mine",
            credentials="a-token-to-hide",
            random=lambda: 0.25,
            spool=PurePath("/calls"),
            spool_limit=1,
            observers=[],
        ),
        MAKER,
    )
    assert options.dialect is dialect
    assert (options.backend.host, options.credentials) == ("far.example", "a-token-to-hide")
    assert (options.session_id, options.may_pause) == ("mine", frozenset({"system"}))
    assert options.kinds == {"mic": SourceKind.STORE, "system": SourceKind.DEVICE}
    assert (options.random(), options.store_bytes) == (0.25, 1)
    assert options.policy.max_attempts == 3
    assert "a-token-to-hide" not in repr(options)
    assert repr(options).startswith("SessionOptions(session_id='mine', backend=")


class Cut(Stored):
    """The rest of a recording."""

    begins_at = 750.0


def test_place_of_a_part_in_its_recording_is_kept() -> None:
    options = new_options(given(sources={"mic": Cut(), "system": Stored()}), MAKER)
    assert options.begins_at == {"mic": 750.0}
    assert new_options(given(), MAKER).begins_at == {}


def resuming(**others: Any) -> dict[str, Any]:
    """The arguments of ``resume_session``."""
    usual = {
        "folder": "calls",
        "backend": None,
        "policy": None,
        "dialect": None,
        "credentials": None,
        "connect": None,
        "random": None,
        "journal": None,
        "journal_audio": False,
        "observers": (),
    }
    return {**usual, **others}


FAR = Backend(host="far.example")
PAST = PastSource(source="mic", origin=0, confirmed=5, on_disk=())
FINAL = Transcript(source="mic", text="a", final=True, start=0.0, end=0.01)


def resumed(
    *,
    begins_at: dict[str, float] | None = None,
    backend: Backend = FAR,
    **others: Any,
) -> SessionOptions:
    return resumed_options(
        resuming(**others),
        MAKER,
        check_resuming(resuming(**others)) or DEFAULT,
        session_id="old",
        backend=backend,
        names=["mic", "system"],
        sources=(PAST,),
        transcript=(FINAL,),
        unread=("system",),
        begins_at=begins_at or {},
    )


def test_given_options_of_a_resumed_session_replace_the_defaults() -> None:
    dialect = EchoPanel()
    options = resumed(
        policy=Policy(max_attempts=3),
        dialect=dialect,
        credentials="a-token-to-hide",
        random=lambda: 0.25,
        observers=[],
    )
    assert options.dialect is dialect
    assert (options.policy.max_attempts, options.random()) == (3, 0.25)
    assert options.credentials == "a-token-to-hide"


def test_options_of_a_resumed_session() -> None:
    options = resumed()
    assert (options.backend.host, options.sources) == ("far.example", ("mic", "system"))
    assert (options.policy, options.random(), options.new_id()) == (Policy(), 0.5, "new-id")
    assert (options.dialect, options.credentials) == (checked_dialect(None), None)
    assert (options.past_transcript, options.user_agent) == ((FINAL,), "openline/test")
    assert options.unread == {"system"}
    assert options.begins_at == {}
    assert (options.session_id, options.is_resumed, options.store_bytes) == (
        "old",
        True,
        STORE_LIMIT,
    )
    assert options.past_sources == (PAST,)


def test_recording_that_was_not_read_whole_was_read_to_a_time_of_its_own() -> None:
    past = PastSource(source="system", origin=8_000, confirmed=8_000, on_disk=((8_000, 40_000),))
    for begins_at, text in (({}, "2.00 s"), ({"system": 750.0}, "752.00 s")):
        options = replace(resumed(begins_at=begins_at), past_sources=(PAST, past))
        failed = SourceFailed("system", f"it was read to {text}, and not to its end")
        assert options.past_end("system") == failed


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({"spool_limit": 0}, "spool_limit is 0: give bytes of audio, above 0"),
        ({"sources": {}, "spool": "calls"}, "a session without sources has nothing to spool"),
    ],
)
def test_an_invalid_value_is_a_value_error(others: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        new_options(given(**others), MAKER)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({"backend": "secret"}, "backend: give a Backend, such as Backend.from_url(url), not str"),
        ({"policy": Policy}, "policy: give a Policy, or None, not the class Policy"),
        (
            {"spool": b"secret"},
            "spool: give the path of a folder, a str or a Path, or None, not bytes",
        ),
        ({"spool_limit": True}, "spool_limit: give bytes as an int, not bool"),
        ({"connect": "secret"}, "connect: give a function, or None, not str"),
        ({"connect": Runs}, "connect: give a function, or None, not the class Runs"),
        ({"random": 0.5}, "random: give a function, or None, not float"),
        ({"session_id": 7}, "session_id: give a str, or None, not int"),
        ({"observers": "secret"}, "observers: give a list of Observers, not str"),
        ({"credentials": 7}, "credentials: give a token, an async function that returns one,"),
        ({"dialect": "secret"}, ""),
        ({"sources": None}, "sources: give a dict of names and sources, "),
        (
            {"journal": 7},
            "journal: give the path of a file, a str or a Path, or None, not int",
        ),
    ],
)
def test_a_wrong_type_is_named_without_the_value(others: dict[str, Any], text: str) -> None:
    assert refusal(new_options, given(**others), MAKER).startswith(text)
    if not others.keys() & {"sources", "spool", "spool_limit", "session_id", "backend"}:
        assert refusal(check_resuming, resuming(**others)).startswith(text)


def test_paths_may_be_of_either_kind() -> None:
    for path in ("calls", PurePath("calls")):
        new_options(given(spool=path, journal=path), MAKER)
        check_resuming(resuming(folder=path, journal=path))
    assert refusal(check_resuming, resuming(folder=7)) == (
        "folder: give the path of a folder, a str or a Path, not int"
    )


# Sources, dialects, credentials.


@pytest.mark.parametrize(
    ("sources", "start"),
    [
        ("secret", "sources: give a dict of names and sources, "),
        ({1: Runs()}, "sources: each name is a str, not int"),
        ({"mic": "secret"}, "sources['mic']: give a source, an object with `async run(sink)`"),
        ({"mic": Runs}, "sources['mic']: give a source, "),
    ],
)
def test_an_invalid_source_is_refused(sources: object, start: str) -> None:
    assert refusal(check_sources, sources).startswith(start)


def of_face(face: str) -> type:
    return type("FileSource", (Runs,), {"__module__": f"{face}.sources.files"})


def test_a_source_of_another_face_is_refused_with_the_right_import() -> None:
    theirs = of_face("openline_asyncio")
    for kind, made in (("FileSource", theirs), ("Mine", type("Mine", (theirs,), {}))):
        sources = {"mic": made()}
        text = (
            f"sources['mic']: this {kind} is for sessions of openline_asyncio: "
            "import FileSource from openline_blocking.sources"
        )
        assert refusal(check_sources, sources, "openline_blocking") == text
        blocking = msgspec.structs.replace(MAKER, face="openline_blocking")
        assert refusal(new_options, given(sources=sources), blocking) == text
        check_sources(sources, "openline_asyncio")
        check_sources(sources)  # of nobody


class Broken(EchoPanel):
    """It fails in a dry run."""

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        raise KeyError("secret", ids)


def test_dialect_is_validated_and_has_a_default() -> None:
    with pytest.raises(DialectError, match="the dialect Broken: start raised KeyError"):
        checked_dialect(Broken())
    with pytest.raises(TypeError, match="dialect"):
        checked_dialect(cast("Any", "echopanel"))
    mine = EchoPanel()
    assert checked_dialect(mine) is mine
    assert isinstance(checked_dialect(None), EchoPanel)


async def provide() -> str:
    return "never called"


def plain() -> str:
    return "never called"


@pytest.mark.parametrize("credentials", [None, "token", provide, plain])
def test_any_callable_is_a_provider(credentials: object) -> None:
    check_credentials(credentials)


@pytest.mark.parametrize(
    ("credentials", "text"),
    [
        (7, "a token, an async function that returns one, or None, not int"),
        (Runs, "a token, an async function that returns one, or None, not the class Runs"),
    ],
)
def test_an_invalid_provider_is_refused(credentials: object, text: str) -> None:
    assert refusal(check_credentials, credentials) == f"credentials: give {text}"
    plain_text = text.replace("an async function", "a function")
    assert (
        refusal(check_credentials, credentials, threads=True) == f"credentials: give {plain_text}"
    )


def test_coroutine_is_refused_as_provider_without_a_warning() -> None:
    coroutine = provide()
    assert refusal(check_credentials, coroutine) == (
        "credentials: give an async function itself, not what it returned when called"
    )
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_provider_of_a_thread_is_a_plain_function() -> None:
    check_credentials(plain, threads=True)
    assert refusal(check_credentials, provide, threads=True).startswith(
        "credentials: give a plain function, not an async one"
    )


def test_kind_of_a_value_does_not_show_it() -> None:
    assert (kind_of("secret"), kind_of(str)) == ("str", "the class str")


# A forgotten ``async with``.


class Live:
    def stop(self) -> None: ...
    def _stop(self) -> None: ...


class Block(Unopened):
    opens, loop = Live, "a loop"

    async def __aenter__(self) -> Live:
        raise AssertionError("nothing is opened here")

    async def __aexit__(self, *_: object) -> None: ...


def test_forgotten_async_with_is_named() -> None:
    block: Any = Block()
    assert repr(block) == "<a session to be opened with `async with`, in a loop>"
    with pytest.raises(TypeError, match="not with `with`"), block:
        pass
    for use in (iter, aiter):
        with pytest.raises(TypeError, match="what it gives has the updates"):
            use(block)
    with pytest.raises(TypeError, match="not with `await`"):
        block.__await__()
    with pytest.raises(AttributeError, match="what it gives has stop"):
        _ = block.stop
    with pytest.raises(AttributeError, match="'Block' object has no attribute 'nonsense'"):
        _ = block.nonsense
    with pytest.raises(AttributeError, match="has no attribute '_stop'"):
        _ = block._stop
    Unopened.__exit__(block)  # Python looks this up before it enters


# The network.


def test_hints_are_for_a_session_that_needs_a_network() -> None:
    far = Backend("speech.example", port=443)
    for others, wants in (
        ({"network_hints": True}, True),
        ({"network_hints": False}, False),
        ({"network_hints": True, "connect": print}, False),
        ({"network_hints": True, "backend": Backend()}, False),
        ({}, False),
    ):
        options = new_options(given(**{"backend": far} | others), MAKER)
        assert options.network_hints is wants
    assert options.slept is MAKER.slept
    with pytest.raises(TypeError, match=r"^network_hints: give True or False, not int$"):
        new_options(given(network_hints=1), MAKER)


def test_tls_settings_are_for_a_backend_with_tls() -> None:
    """With ws:// they would do nothing, and the app would take the line for a safe one."""
    settings: dict[str, Any] = {"ssl_context": SSLContext(PROTOCOL_TLS_CLIENT)}
    secure = Backend("speech.example", port=443)
    assert new_options(given(backend=secure, **settings), MAKER).backend is secure
    plain = Backend("speech.example", port=80, secure=False, allow_plain=True)
    for backend in (Backend(), plain):
        error = "^ssl_context: the backend is dialled by ws://, without TLS: give wss://, or leave"
        with pytest.raises(ValueError, match=error):
            new_options(given(backend=backend, **settings), MAKER)
        assert resumed(backend=backend, **settings).backend is backend
        assert new_options(given(backend=backend, ssl_context=None), MAKER).backend is backend


def network(**others: Any) -> dict[str, Any]:
    return {"proxy": True, "ssl_context": None, "connect": None, **others}


def made(context: SSLContext | None, proxies: Proxies) -> Any:
    """What a connector was made of."""
    return context, proxies


def test_proxies_of_the_environment_a_proxy_and_none() -> None:
    far, environ = Backend("speech.example", port=443), {"HTTPS_PROXY": "http://p.example:3128"}
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    for proxy, address in ((True, "p.example:3128"), ("q.example:1", "q.example:1"), (False, None)):
        given = network(proxy=proxy, ssl_context=context)
        settings, proxies = chosen_dialler(given, environ, made)
        found = proxies.of(far)
        assert (None if found is None else found.address) == address
        assert settings is context
    broken = {"HTTPS_PROXY": "ftp://p"}
    own = chosen_dialler(network(connect=print), broken, made)
    assert own is print, "it opens the sockets itself"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"proxy": None}, "^proxy: give a URL, True for .*, not NoneType$"),
        ({"proxy": 7}, "^proxy: give a URL, True for .*, not int$"),
        ({"ssl_context": "me.pem"}, "^ssl_context: give an ssl.SSLContext, or None, not str$"),
        ({"connect": print, "proxy": "p:1"}, "^connect opens the sockets itself: leave proxy"),
        ({"connect": print, "ssl_context": SSLContext(PROTOCOL_TLS_CLIENT)}, "^connect opens"),
        ({"proxy": "ftp://p"}, "^proxy: the scheme is 'ftp'"),
    ],
)
def test_proxies_that_cannot_be_used(wrong: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        chosen_dialler(network(**wrong), {}, made)
