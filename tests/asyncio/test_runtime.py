"""What the sources of openline_audio need of asyncio, where it is easily got wrong."""

from __future__ import annotations

import asyncio

import pytest

from openline_asyncio.sources.runtime import ASYNCIO
from tests.asyncio.support import run


def test_a_wait_within_a_time() -> None:
    async def main() -> None:
        async def soon() -> str:
            await asyncio.sleep(0)
            return "here"

        assert await ASYNCIO.within(10, soon) == "here"
        assert await ASYNCIO.within(0, asyncio.Event().wait) is None

    run(main)


def test_a_timeout_of_what_is_awaited_is_an_error_of_its_own() -> None:
    async def main() -> None:
        async def fails() -> None:
            raise TimeoutError("the disk of the network does not answer")

        with pytest.raises(TimeoutError, match="the disk of the network"):
            await ASYNCIO.within(10, fails)

    run(main)
