"""A dialect whose connections end, and a backend that plays it by a clock.

``Renewing`` is echopanel with a limit, an announced end, proofs and a flush. ``Town`` feeds one
session with audio of which each sample differs, plays any number of dials, and notes which samples
each of them received. Nothing is random but the draws of the session.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from openline import events as e
from openline.commands import AbortSocket, CloseSocket, OpenSocket, SendBytes
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import (
    Decoded,
    Encoded,
    Expires,
    FinalMessage,
    Memory,
    Message,
    Proof,
    Refusal,
    Sent,
)
from openline.dialects.traits import Drain
from openline.policy import Policy
from openline.reconnect.verdicts import Action, Rule, Sender
from openline.updates import SAMPLE_RATE
from tests.core.driver import FRAME, Drive

#: The seconds that a connection lives.
LIFE = 300.0
#: Samples that are captured at once.
PIECE = 5 * FRAME
FLUSH = '{"type":"flush"}'


class Renewing(EchoPanel):
    """echopanel, whose connections end: ``drain`` is how a dial is left."""

    def __init__(self, drain: Drain = Drain.FLUSH, **traits: Any) -> None:
        known: dict[str, Any] = {"longest": LIFE, "start_delay": 0.0, "drain": drain} | traits
        self.traits = replace(TRAITS, **known)

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """A message of its own; none before there was any audio."""
        return memory, (FLUSH,) if sent.audio else ()

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """As echopanel, with an announced end and a proof."""
        message = json.loads(data)
        item: Message
        match message["type"]:
            case "go_away":
                item = Expires(seconds=message["seconds"], text=message.get("text", ""))
            case "proof":
                item = Proof(source=message.get("source"), confirmed=message["confirmed"])
            case "again":
                row = Rule(action=Action.RETRY, why="it wants another dial", source="a test")
                item = Refusal(row=row, text="")
            case "done":
                item = FinalMessage(summary={}, until=message.get("until"))
            case _:
                return super().decode(memory, data)
        return memory, (item,)


def leaving(drain: Drain = Drain.FLUSH, **options: Any) -> Drive:
    """A session that streams over a dial whose connection ends."""
    traits = options.pop("traits", {})
    return Drive(dialect=Renewing(drain, **traits), **options).stream()


class Town:
    """A session under ``dialect``, and the backend of each of its dials, in virtual time.

    ``muted``: no audio is captured. ``acked``: called when a dial has been acknowledged, and may
    feed more. The backend sends a final, whose end is exact, each second and at a flush or a stop,
    if it ``says`` anything; a stop of the session is answered by its summary.
    """

    def __init__(
        self,
        dialect: Renewing,
        *,
        random: Callable[[], float] = lambda: 0.5,
        muted: bool = False,
        says: bool = True,
        acked: Callable[[Town], object] = lambda _town: None,
        policy: Policy | None = None,
    ) -> None:
        self.drive = Drive(dialect=dialect, random=random, policy=policy)
        self.received: dict[int, array[int]] = {}
        self.open: set[int] = set()
        self.most_open = 0
        self.dialled: list[float] = []
        self._muted = muted
        self._says = says
        self._acked = acked
        self._captured = 0
        self._seen = 0  # commands that were carried out
        self._proved = 0.0  # when the last proof was sent

    # Time.

    def run(self, seconds: float) -> None:
        """Let time pass, piece by piece of audio, or second by second where none is captured."""
        drive = self.drive
        if drive.state == "idle":
            drive.open()
        end = drive.now + seconds
        while drive.now < end and not drive.core.ended:
            self._answer()
            step = 1.0 if self._muted else PIECE / SAMPLE_RATE
            drive.wait(min(step, end - drive.now), pulling=False)
            if not self._muted and not drive.core.ended and not drive.core.snapshot().stop_wanted:
                self._capture()

    def _capture(self) -> None:
        first = self._captured
        pcm = array("H", [(first + at) & 0xFFFF for at in range(PIECE)]).tobytes()
        self._captured += PIECE
        self.drive.feed(e.AudioCaptured("mic", pcm))

    @property
    def captured(self) -> int:
        """The samples that were captured."""
        return self._captured

    def covered(self) -> int:
        """Up to which sample the dials received all, each one going on where the mark was."""
        position = 0
        for samples in self.received.values():
            if samples:
                first = position + (samples[0] - position + 0x8000) % 0x10000 - 0x8000
                assert 0 <= first <= position, "audio was skipped"
                assert all(sample == (first + at) & 0xFFFF for at, sample in enumerate(samples)), (
                    "audio is missing, or out of order"
                )
                position = max(position, first + len(samples))
        return position

    # The backend and the network.

    def _answer(self) -> None:
        """Carry out all commands and messages, until nothing more is to be done at this instant."""
        drive = self.drive
        while True:
            self._carry_out()
            if drive.core.ended:
                return
            before = len(drive.sent)
            drive.serve()
            for outgoing in drive.sent[before:]:
                self._receive(outgoing)
            if drive.state in {"streaming", "finishing"} and drive.now >= self._proved + 1.0:
                self._prove()
            if self._seen == len(drive.commands) and before == len(drive.sent):
                return

    def _carry_out(self) -> None:
        drive = self.drive
        while self._seen < len(drive.commands):
            command = drive.commands[self._seen]
            self._seen += 1
            match command:
                case OpenSocket(dial):
                    self.open.add(dial)
                    self.most_open = max(self.most_open, len(self.open))
                    self.dialled.append(drive.now)
                    self.received[dial] = array("H")
                    drive.opened(after=0.0)
                    drive.drain()
                    if drive.state == "awaiting_ack":
                        drive.ack()
                    self._proved = drive.now
                    self._acked(self)
                case CloseSocket(dial):
                    self.open.discard(dial)
                    drive.lose(1000, sender=Sender.REMOTE)
                case AbortSocket(dial):
                    self.open.discard(dial)
                case _:
                    pass

    def _receive(self, outgoing: object) -> None:
        if isinstance(outgoing, SendBytes):
            self.received[outgoing.dial].frombytes(outgoing.data[4:])
        elif outgoing is not None and "flush" in str(outgoing):
            self._prove()
        elif outgoing is not None and '"stop"' in str(outgoing):
            self._prove()
            self.drive.say("done") if self.drive.state == "draining" else self.drive.summary()

    def _prove(self) -> None:
        self._proved = self.drive.now
        if self._says and self.received[self.drive.core.dial]:
            seconds = len(self.received[self.drive.core.dial]) / SAMPLE_RATE
            self.drive.final(seconds - 1.0, seconds)
