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
    _has_begun = False  # the task

    async def __aenter__(self) -> Session:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "open_session needs asyncio: call `asyncio.run` with your async function; a "
                "program on trio uses openline_trio, one without a loop openline_threads"
            ) from None
        self._session = self._prepare()
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._tasks.create_task(self._run())
        try:
            await asyncio.sleep(0)  # ``run`` begins: nothing else has to ask whether it has
        except BaseException as exc:
            try:
                await self.__aexit__(type(exc), exc, exc.__traceback__)
            finally:
                if not self._has_begun:  # at the end of ``asyncio.run`` all tasks are cancelled
                    await self._session.run()  # it is aborted, and closes what it has opened
            raise
        return self._session

    async def _run(self) -> None:
        self._has_begun = True
        await self._session.run()


def _begin(given: Mapping[str, Any]) -> Opening:
    prepare = new_session(given, Session, connector)
    check_unused(given["sources"])
    return Opening(prepare)


def _resume(given: Mapping[str, Any]) -> Opening:
    return Opening(past_session(given, Session, connector))


_OPENERS = Openers[Connect, Session](_begin, _resume)
open_session = _OPENERS.open_session
resume_session = _OPENERS.resume_session
