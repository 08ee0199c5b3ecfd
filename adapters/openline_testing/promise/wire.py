"""A dialect with given traits and the simplest wire format: what is played is the traits.

Audio is sent as it is. All else is JSON: ``{"is": "start"}``, and from the backend a list of
items, each ``[kind, fields]``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Memory,
    Message,
    Metrics,
    Proof,
    Sent,
    Status,
    Word,
)
from openline.dialects.traits import Drain, Traits, Unit


def _heard(
    words: Sequence[Mapping[str, Any]] = (), replaces: Sequence[str] = (), **fields: Any
) -> Heard:
    timed = tuple(Word(**each) for each in words)
    return Heard(words=timed, replaces=tuple(replaces), **fields)


def _proof(unit: str = Unit.SECONDS, **fields: Any) -> Proof:
    return Proof(unit=Unit(unit), **fields)


def _final(**fields: Any) -> FinalMessage:
    return FinalMessage(summary={}, **fields)


#: How each item is made of its fields.
_MAKERS: Final[Mapping[str, Callable[..., Message]]] = MappingProxyType(
    {
        "status": Status,
        "heard": _heard,
        "metrics": Metrics,
        "proof": _proof,
        "expires": Expires,
        "final": _final,
    }
)


class WireDialect(DialectBase):
    """A dialect with these traits. It needs no memory."""

    name = "promise"

    def __init__(self, traits: Traits) -> None:
        self.traits = traits

    def start(self, memory: Memory, ids: Ids) -> Encoded:  # noqa: ARG002  # the protocol's
        """A start, where the backend answers one."""
        return memory, ((_text("start"),) if self.traits.replies else ())

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:  # noqa: ARG002  # the protocol's
        """The audio as it is."""
        return memory, (pcm,)

    def flush(self, memory: Memory, sent: Sent) -> Encoded:  # noqa: ARG002  # the protocol's
        """A flush, where the traits have a use for it."""
        traits = self.traits
        flushes = traits.drain is Drain.FLUSH or traits.flush_every is not None
        return memory, ((_text("flush"),) if flushes else ())

    def keepalive(self, memory: Memory, sent: Sent) -> Encoded:  # noqa: ARG002  # the protocol's
        """A message."""
        return memory, (_text("keepalive"),)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:  # noqa: ARG002  # the protocol's
        """A stop."""
        return memory, (_text("stop"),)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """The items of a message."""
        try:
            items = [_MAKERS[kind](**fields) for kind, fields in json.loads(data)]
        except (ValueError, TypeError, KeyError) as exc:
            return memory, (Malformed(why=type(exc).__name__),)
        return memory, tuple(items)


def _text(kind: str) -> str:
    return json.dumps({"is": kind})


def kind_of(data: str) -> str:
    """What a message of the client is."""
    return str(json.loads(data)["is"])


def encoded(*items: tuple[str, dict[str, Any]]) -> str:
    """The message that says these items."""
    return json.dumps(items)
