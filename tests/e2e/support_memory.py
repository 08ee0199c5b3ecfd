"""A server that a session dials over streams in memory, so that their time may be virtual."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio
from trio.testing import memory_stream_pair

from openline.backend import Backend
from openline_server import Server
from openline_trio import Connect


@asynccontextmanager
async def in_memory(server: Server) -> AsyncGenerator[Connect]:
    """What a session takes as ``connect``: each dial is a pair of streams, served until the end."""
    async with trio.open_nursery() as nursery:

        async def connect(backend: Backend) -> trio.abc.Stream:
            await trio.lowlevel.checkpoint()
            here, there = memory_stream_pair()
            nursery.start_soon(server.handle, there)
            return here

        yield connect
        nursery.cancel_scope.cancel()
