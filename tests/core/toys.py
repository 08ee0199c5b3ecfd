"""A dialect whose backend says items outright, so that a test writes what it decodes to.

A message of the backend is JSON: a list of items, each the fields of a struct of the protocol and
its name as ``type``. The memory counts the messages. Audio is the bytes themselves.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from openline import events as e
from openline.commands import Outgoing, SendBytes, SendText
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Memory,
    Message,
    Metrics,
    Noticed,
    Proof,
    Sent,
    Status,
)
from openline.dialects.traits import Ends, Traits
from openline.policy import Policy
from tests.core.driver import Drive

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (*(Expires, FinalMessage, Heard, Lost, Malformed, Metrics, Noticed, Proof, Status),)
}


class Outright(DialectBase):
    """It says what the test says, and remembers how many messages came."""

    name = "outright"

    def __init__(self, **traits: Any) -> None:
        given: dict[str, Any] = {"sources": ("mic", "other"), "horizon": 5.0, "ends": Ends.EXACT}
        self.traits = Traits(**{**given, **traits})
        self.starts: tuple[str, ...] = ("start",)
        self.says: tuple[Message, ...] = ()  # what the next message says besides
        self.keeps = 0  # so many frames go into one message
        self.kept = b""

    def begin(self) -> Memory:
        return 0

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        return memory, self.starts

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        self.kept += pcm
        if len(self.kept) < 640 * self.keeps:
            return memory, ()
        whole, self.kept = self.kept, b""
        return memory, (whole,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, (f"stop after {sent.audio} of {sent.messages}, {sent.seconds:g} s",)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        items: list[Message] = []
        for each in json.loads(data):
            item = dict(each)
            items.append(msgspec.convert(item, _KINDS[item.pop("type")]))
        return memory + 1, (*items, *self.says)


class Play(Drive):
    """A session with an ``Outright``."""

    def __init__(self, dialect: Outright | None = None, **options: Any) -> None:
        options.setdefault("policy", Policy(buffer_seconds=80.0))
        self.dialect = dialect or Outright()
        super().__init__(dialect=self.dialect, **options)

    def hear(self, *items: Message, after: float = 0.0) -> None:
        """One message with these items arrives on the live dial."""
        said = [{"type": type(each).__name__, **msgspec.to_builtins(each)} for each in items]
        self.feed(e.MessageReceived(self.core.dial, json.dumps(said)), after=after)

    def hear_all(self, items: tuple[Message, ...]) -> None:
        """The same, for items that a message as text cannot hold."""
        self.dialect.says = items
        self.feed(e.MessageReceived(self.core.dial, "[]"))
        self.dialect.says = ()

    def connect(self) -> None:
        self.opened()
        self.drain()
        if self.state == "awaiting_ack":
            self.hear(Status(state="ready", ack=True))

    def send(self, seconds: float, source: str = "mic") -> None:
        """Capture so much audio, and send what the window allows."""
        self.audio(round(seconds * 50), source)
        self.drain()

    @property
    def data(self) -> list[str]:
        """What was sent, audio as its length."""
        return [written(each) for each in self.sent if isinstance(each, SendText | SendBytes)]

    @property
    def sent_samples(self) -> int:
        """The samples of all audio that was sent."""
        return sum(len(each.data) // 2 for each in self.sent if isinstance(each, SendBytes))

    @property
    def marks(self) -> tuple[float, float]:
        """Seconds: the mark, and what was sent."""
        source = self.core.snapshot().sources["mic"]
        return source.confirmed / 16000, source.sent / 16000


def written(outgoing: Outgoing) -> str:
    """A message as text; audio as its length."""
    if isinstance(outgoing, SendBytes):
        return str(len(outgoing.data))
    return outgoing.data if isinstance(outgoing, SendText) else "ping"
