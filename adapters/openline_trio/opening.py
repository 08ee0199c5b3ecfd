"""The block around a session: ``async with open_session(…) as session``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from openline_audio.source import check_unused
from openline_driver.openers import Openers
from openline_store.opening import Block, new_session, past_session
from openline_trio.network import Connect, connector
from openline_trio.session import Session


class _Opening(Block[Session]):
    """The block around a session, and the nursery of its tasks."""

    opens, loop = Session, "trio"

    async def __aenter__(self) -> Session:
        if not trio.lowlevel.in_trio_task():
            raise RuntimeError(
                "open_session needs trio: call `trio.run` with your async function; a program on "
                "asyncio uses openline_asyncio, one without a loop openline_threads"
            )
        self._session = self._prepare()
        self._tasks = trio.open_nursery()  # here: a block may be made outside of trio
        nursery = await self._tasks.__aenter__()
        nursery.start_soon(self._session.run)
        try:
            await self._session.begun.wait()  # nothing else has to ask whether it has
        except BaseException as exc:
            await self.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        return self._session


def _begin(given: Mapping[str, Any]) -> _Opening:
    prepare = new_session(given, Session, connector)
    check_unused(given["sources"])
    return _Opening(prepare)


def _resume(given: Mapping[str, Any]) -> _Opening:
    return _Opening(past_session(given, Session, connector))


_OPENERS = Openers[Connect, Session](_begin, _resume)
open_session = _OPENERS.open_session
resume_session = _OPENERS.resume_session
