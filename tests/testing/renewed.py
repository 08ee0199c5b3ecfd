"""Dialects that reach what echopanel's does not, for the walk: one for each kind of line.

A message of theirs is the name of what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from openline.dialects.protocol import (
    Decoded,
    Expires,
    FinalMessage,
    Heard,
    Lost,
    Malformed,
    Memory,
    Message,
    Metrics,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Status,
)
from openline.dialects.traits import Drain, End, Ends, Traits
from openline.reconnect.rules import Rule
from openline.reconnect.verdicts import Action
from openline_testing.promise.wire import WireDialect

#: Longer than anything that is sent.
_ALL: Final = 1000.0


def _rule(action: Action) -> Rule:
    return Rule(action=action, why="busy", source="the toy")


#: What a backend may say.
SAYINGS: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "hello": Status(state="hello", ack=True),
        "status": Status(state="busy"),
        "proof": Proof(confirmed=_ALL),
        "partial": Heard(text="ye", start=0.0, end=0.01, final=False),
        "final": Heard(text="yes", start=0.0, end=_ALL, final=True),
        "expires": Expires(seconds=70.0),
        "go away": Expires(seconds=0.0),
        "over": FinalMessage(summary={}),
        "remark": Remark(text="odd"),
        "lost": Lost(source="mic", text="too long", start=0.0, end=0.01),
        "metrics": Metrics(source="mic", backlog=0.0),
        "noticed": Noticed(kind="topic", payload={}),
        "refused for later": Refusal(row=_rule(Action.LATER), text="later"),
        "refused for now": Refusal(row=_rule(Action.RETRY), text="again"),
        "refused for good": Refusal(row=_rule(Action.FATAL), text="never"),
    }
)


class Toy(WireDialect):
    """One with the traits and the sayings of its class."""

    fixed: ClassVar[Traits]
    says: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__(self.fixed)

    @property
    def samples(self) -> dict[str, str]:
        """Its sayings, for the walk."""
        return {each: each for each in self.says}

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """What the message names."""
        item = SAYINGS.get(data) if isinstance(data, str) else None
        return memory, (item or Malformed(why="no saying"),)


class Bare(Toy):
    """It says nothing but words: the line opens with the socket, and the session ends quietly."""

    name = "bare"
    fixed = Traits(
        sources=(),
        horizon=3.0,
        ends=Ends.EXACT,
        replies=False,
        start_delay=1.0,
        queue=None,
        end=End.NEVER,
        settle=4.0,
    )
    says = ("final", "proof")


class Greeting(Toy):
    """It speaks first, and answers the start."""

    name = "greeting"
    fixed = Traits(sources=(), horizon=3.0, ends=Ends.EXACT, greets=True, start_delay=1.0)
    says = ("hello", "over")


class Flushing(Toy):
    """Its connections end, and a flush asks for the words before that."""

    name = "flushing"
    fixed = Traits(
        sources=(), horizon=3.0, ends=Ends.EXACT, longest=90.0, drain=Drain.FLUSH, queue=None
    )
    says = ("hello", "proof", "partial", "final", "expires", "go away")


class Stopping(Toy):
    """The same, by a stop; and it says all that can be said meanwhile."""

    name = "stopping"
    fixed = Traits(
        sources=(), horizon=3.0, ends=Ends.EXACT, longest=90.0, drain=Drain.STOP, drain_timeout=60.0
    )
    says = (
        *("hello", "status", "proof", "go away", "over", "remark", "lost", "metrics", "noticed"),
        *("refused for later", "refused for now", "refused for good"),
    )


class Hasty(Toy):
    """It is left by a stop that may take longer than the session has left to finish."""

    name = "hasty"
    fixed = Traits(
        sources=(), horizon=0.2, ends=Ends.EXACT, queue=None, drain=Drain.STOP, drain_timeout=60.0
    )
    says = ("hello", "proof", "go away")


class Leaving(Toy):
    """It ends its connections at once, whether or not another dial may go out."""

    name = "leaving"
    fixed = Traits(sources=(), horizon=3.0, ends=Ends.EXACT, queue=None)
    says = ("hello", "go away")


class Quiet(Toy):
    """It says nothing in silence."""

    name = "quiet"
    fixed = Traits(
        sources=(), horizon=3.0, ends=Ends.EXACT, proves_silence=False, silent_in_silence=True
    )
    says = ("hello", "partial", "final", "over")
