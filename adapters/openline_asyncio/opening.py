"""The block around a session: ``async with open_session(…) as session``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from openline_asyncio.network import Connect, connector
from openline_asyncio.session import Session
from openline_audio.source import check_unused
from openline_driver.openers import Openers
from openline_store.opening import Block, new_session, past_session


class Opening(Block[Session]):
    """The block around a session, and the task group of its one task."""

    opens, loop = Session, "asyncio"

    async def __aenter__(self) -> Session:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "open_session needs asyncio: call `asyncio.run` with your async function; a "
                "program on trio uses openline_trio, one without a loop openline_threads"
            ) from None
        self._session = self._prepare()
        self._session.use(loop)
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._tasks.create_task(self._session.run())
        try:
            await asyncio.sleep(0)  # ``run`` begins: nothing else has to ask whether it has
        except BaseException as exc:
            try:
                await self.__aexit__(type(exc), exc, exc.__traceback__)
            finally:  # at the end of ``asyncio.run`` all tasks are cancelled at once
                await self._session.close_unbegun()
            raise
        return self._session


def _begin(given: Mapping[str, Any]) -> Opening:
    prepare = new_session(given, Session, connector)
    check_unused(given["sources"])
    return Opening(prepare)


def _resume(given: Mapping[str, Any]) -> Opening:
    return Opening(past_session(given, Session, connector))


_OPENERS = Openers[Connect, Session](_begin, _resume)
open_session = _OPENERS.open_session
resume_session = _OPENERS.resume_session
