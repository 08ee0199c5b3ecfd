"""What each face makes of the arguments of ``open_session``, and the block around a session."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import pytest

from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.registry import DEFAULT
from openline_driver.options import STORE_LIMIT
from openline_store.opening import Block, new_session, past_session
from openline_store.records import Began
from openline_store.spool import Spool, SpoolError

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
MINE = ValueError("mine")


class Runs:
    """The smallest object that is accepted as a source."""

    duration = None

    async def run(self, sink: object) -> None:
        raise AssertionError("nothing runs here")


class Made(NamedTuple):
    """A session, as a face is asked to make it."""

    options: Any
    sources: Any
    dialler: Any
    observers: Any
    journal: Any

    def attach_spool(self, spool: Spool) -> None:
        spool.close()


def given(**others: Any) -> dict[str, Any]:
    """Arguments that both calls take."""
    usual = {
        "backend": Backend(secure=True),
        "policy": None,
        "dialect": None,
        "credentials": None,
        "connect": None,
        "proxy": False,
        "ssl_context": CONTEXT,
        "network_hints": False,
        "random": None,
        "journal": None,
        "journal_audio": False,
        "observers": (),
    }
    return {**usual, **others}


def connector(context: Any, proxies: Any, addresses: Any, /) -> dict[str, Any]:
    return {"context": context, "proxies": proxies, "addresses": addresses}


def made_by(call: Callable[..., Callable[[], Any]], **others: Any) -> Made:
    made: Made = call(given(**others), Made, connector)()
    return made


def check_dialler(made: Made) -> None:
    assert made.dialler["context"] is CONTEXT
    assert made.dialler["proxies"] is not None
    # What it remembers of addresses is what the session is told of them.
    assert made.dialler["addresses"] is made.options.addresses is not None


def test_a_new_session_has_a_dialler_of_its_arguments() -> None:
    sources = {"mic": Runs()}
    others = {"session_id": "one", "spool": None, "spool_limit": STORE_LIMIT}
    made = made_by(new_session, sources=sources, **others)
    check_dialler(made)
    assert (made.options.session_id, made.sources) == ("one", sources)


def test_a_session_that_was_left_has_one_too(tmp_path: Path) -> None:
    Spool.create(tmp_path, Began.of(Backend(), "one", ("mic",), dialect=DEFAULT)).close()
    made = made_by(past_session, folder=tmp_path)
    check_dialler(made)
    assert (made.options.session_id, made.sources) == ("one", {})


def test_a_session_is_opened_once_unless_that_fails(tmp_path: Path) -> None:
    session: Any = Made
    past = past_session(given(folder=tmp_path), session, connector)
    with pytest.raises(SpoolError):
        past()
    Spool.create(tmp_path, Began.of(Backend(), "one", ("mic",), dialect=DEFAULT)).close()
    others = {"session_id": "one", "spool": None, "spool_limit": STORE_LIMIT}
    new = new_session(given(sources={"mic": Runs()}, **others), session, connector)
    for opening in (past, new):
        opening()
        with pytest.raises(RuntimeError, match="opened before: call open_session again"):
            opening()


class Tasks:
    """A group of tasks that ends as it is told."""

    def __init__(self, raises: BaseException | None = None, *, swallows: bool = False) -> None:
        self.left: list[BaseException | None] = []
        self._raises, self._swallows = raises, swallows

    async def __aenter__(self) -> None:
        raise AssertionError("a face enters it")

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.left.append(exc)
        if self._raises is not None:
            raise self._raises
        return self._swallows


class Session:
    """It may fail as it is aborted."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.aborted = 0
        self._fault = fault

    def abort(self) -> None:
        self.aborted += 1
        if self._fault is not None:
            raise self._fault


class Around(Block[Any]):
    """A face's block that is entered already."""

    def __init__(self, session: Session, tasks: Tasks) -> None:
        super().__init__(lambda: session)
        self._session, self._tasks = session, tasks

    async def __aenter__(self) -> None:
        pass


async def left(tasks: Tasks, session: Session, exc: BaseException | None = None) -> None:
    """The block is left, by ``exc`` if one is given."""
    async with Around(session, tasks):
        if exc is not None:
            raise exc


async def test_a_block_ends_its_session_and_waits_for_the_tasks() -> None:
    tasks, session = Tasks(), Session()
    await left(tasks, session)
    assert (session.aborted, tasks.left) == (1, [None])


@pytest.mark.parametrize("in_a_group", [False, True])
async def test_the_error_of_the_block_leaves_it_as_it_was_raised(in_a_group: bool) -> None:
    tasks = Tasks(BaseExceptionGroup("tasks", [MINE]) if in_a_group else None)
    with pytest.raises(ValueError, match="mine") as raised:
        await left(tasks, Session(), MINE)
    assert raised.value is MINE
    assert tasks.left == [MINE]


async def test_the_tasks_may_take_the_error() -> None:
    await left(Tasks(swallows=True), Session(), MINE)  # as a cancelled group does


async def test_a_dialect_that_fails_is_one_line() -> None:
    fault = DialectError("it fails")
    with pytest.raises(DialectError, match="it fails") as raised:
        await left(Tasks(BaseExceptionGroup("tasks", [fault])), Session())
    assert raised.value is fault


async def test_other_errors_of_the_tasks_stay_in_their_group() -> None:
    group = ExceptionGroup("tasks", [MINE, OSError("x")])
    with pytest.raises(ExceptionGroup) as raised:
        await left(Tasks(group), Session(), MINE)
    assert raised.value is group


async def test_a_session_that_fails_as_it_is_ended_ends_its_tasks_with_that() -> None:
    fault = RuntimeError("a fault of ours")
    tasks = Tasks()
    with pytest.raises(RuntimeError, match="ours"):
        await left(tasks, Session(fault), MINE)
    assert tasks.left == [fault]
