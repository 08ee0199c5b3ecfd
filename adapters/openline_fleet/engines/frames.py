"""Frames on a pipe between a process and its worker: a length, and a struct in msgpack."""

from __future__ import annotations

import asyncio
from typing import Final, TypeAlias

import msgspec

from openline_fleet.engines.contract import (
    Done,
    Duty,
    Ended,
    Event,
    Failed,
    Lost,
    Reported,
    Share,
    Started,
    Unit,
)

_LENGTH_BYTES: Final = 4


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The first frame to a worker."""

    worker: int
    duty: Duty
    share: Share


class Hand(msgspec.Struct, frozen=True, tag=True):
    """Perform this unit."""

    unit: Unit


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Cancel this unit."""

    unit: str


class Drain(msgspec.Struct, frozen=True, tag=True):
    """Finish what you have, and end."""


Order: TypeAlias = Begin | Hand | Cancel | Drain
_PACK: Final = msgspec.msgpack.Encoder()
_ORDERS: Final[msgspec.msgpack.Decoder[Order]] = msgspec.msgpack.Decoder(Order)
_EVENTS: Final[msgspec.msgpack.Decoder[Event]] = msgspec.msgpack.Decoder(
    Started | Reported | Done | Failed | Ended | Lost
)


def packed(frame: Order | Event) -> bytes:
    """The frame on the wire."""
    body = _PACK.encode(frame)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def next_order(stream: asyncio.StreamReader) -> Order | None:
    """The next frame to a worker; None at the end, also in the middle of one."""
    body = await _next(stream)
    return None if body is None else _ORDERS.decode(body)


async def next_event(stream: asyncio.StreamReader) -> Event | None:
    """The next frame of a worker; None at the end, also in the middle of one."""
    body = await _next(stream)
    return None if body is None else _EVENTS.decode(body)


async def _next(stream: asyncio.StreamReader) -> bytes | None:
    try:
        length = int.from_bytes(await stream.readexactly(_LENGTH_BYTES), "big")
        return await stream.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
