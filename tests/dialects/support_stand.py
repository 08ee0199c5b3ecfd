"""A session of any dialect against a counterpart that a test writes, in virtual time.

A ``Counterpart`` is one connection of a backend: ``opened``, ``received`` and ``ticked`` return
what it says. A dict is sent as JSON; a number closes the connection with that code. Pings are
answered. So a test can make a backend do the opposite of what a dialect takes for granted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from openline import events as e
from openline.commands import CloseSocket, OpenSocket, SendPing
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline.reconnect.verdicts import Sender
from openline.updates import SAMPLE_RATE, Trouble
from tests.core.driver import Drive, pcm

#: What a backend says: JSON, a text, or the code of a close.
Said: TypeAlias = dict[str, Any] | str | int
#: What a speaker and a quiet room peak at.
LOUD, QUIET = 8000, 20
#: Seconds of each piece of audio, and between two looks of the backend.
STEP: Final = 0.1
PATIENT: Final = Policy(source_timeout=None, give_up_after=None, buffer_seconds=200.0)
#: Seconds that a session may take to end at most.
LONG: Final = 400.0


class Counterpart:
    """A backend that takes audio and says nothing. ``got``: the seconds that it was sent."""

    #: Bytes of a second of audio.
    second = 32_000

    def __init__(self) -> None:
        self.got: float = 0.0
        self.now: float = 0.0
        self.texts: list[str] = []

    def opened(self) -> Sequence[Said]:
        return ()

    def received(self, data: str | bytes) -> Sequence[Said]:
        if isinstance(data, bytes):
            self.got += len(data) / self.second
            return self.heard()
        self.texts.append(data)
        return self.asked(data)

    def heard(self) -> Sequence[Said]:
        """More audio came."""
        return ()

    def asked(self, text: str) -> Sequence[Said]:
        """A text came."""
        return ()

    def ticked(self) -> Sequence[Said]:
        """Time passed, to ``now``."""
        return ()


class Stand(Drive):
    """A session that streams from one microphone; ``make`` makes the backend of each dial."""

    def __init__(
        self, dialect: Dialect, make: Callable[[], Counterpart], policy: Policy = PATIENT
    ) -> None:
        super().__init__(dialect=dialect, policy=policy)
        self._make = make
        self.backends: list[Counterpart] = []
        self._done = self._live = 0
        self.open()
        self._pump()

    @property
    def backend(self) -> Counterpart:
        """The one of the last dial."""
        return self.backends[-1]

    @property
    def kinds(self) -> list[str]:
        """The kinds of all troubles."""
        return [each.kind for each in self.told(Trouble)]

    @property
    def words(self) -> list[str]:
        """The finals, in order."""
        return [each.text for each in self.finals if each.text]

    def live(self, seconds: float, peak: int = LOUD) -> None:
        """The microphone delivers for so long."""
        for _ in range(round(seconds / STEP)):
            if self.core.ended:
                return
            self._pass(STEP)
            self.feed(e.AudioCaptured("mic", pcm(round(STEP * SAMPLE_RATE)), peak))
            self._pump()

    def hear(self, seconds: float, peak: int = LOUD) -> None:
        """So much audio comes at once, as after an outage."""
        for _ in range(round(seconds / STEP)):
            self.feed(e.AudioCaptured("mic", pcm(round(STEP * SAMPLE_RATE)), peak))
        self._pump()

    def mute(self, seconds: float) -> None:
        """Time passes, and no audio comes."""
        for _ in range(round(seconds / STEP)):
            self._pass(STEP)

    def finish(self) -> float:
        """Stop; returns how long the session takes to end."""
        began = self.now
        self.stop()
        self._pump()
        while not self.core.ended and self.now < began + LONG:
            self._pass(STEP)
        assert self.core.ended, "the session does not end"
        return self.now - began

    def _pass(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.core.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.feed(e.Tick())
            self._pump()
        self.now = end
        self.feed(e.Tick())
        self._pump()

    def _pump(self) -> None:
        """Carry out what was commanded, and carry messages both ways, until nothing moves."""
        while self._carry_out() or self._send() or self._tick():
            pass

    def _carry_out(self) -> bool:
        todo, self._done = self.commands[self._done :], len(self.commands)
        for command in todo:
            if isinstance(command, OpenSocket):
                self._live = command.dial
                self.backends.append(self._make())
                self.feed(e.SocketOpened(command.dial, f"c{command.dial}", None))
                self._say(self.backend.opened())
            elif isinstance(command, CloseSocket):
                self._close(command.code, Sender.LOCAL)
        return bool(todo)

    def _send(self) -> bool:
        moved = False
        while (out := self.pull()) is not None:
            moved = True
            if isinstance(out, SendPing):
                self.feed(e.PongReceived(out.dial, out.mark))
            elif out.dial == self._live:
                self._say(self.backend.received(out.data))
        return moved

    def _tick(self) -> bool:
        if not self.backends or self._live != self.core.dial:
            return False
        self.backend.now = self.now
        said = self.backend.ticked()
        self._say(said)
        return bool(said)

    def _say(self, said: Sequence[Said]) -> None:
        for each in said:
            if isinstance(each, int):
                self._close(each, Sender.REMOTE)
            else:
                text = each if isinstance(each, str) else json.dumps(each)
                self.feed(e.MessageReceived(self._live, text))

    def _close(self, code: int, sender: Sender) -> None:
        self.feed(e.SocketLost(dial=self._live, code=code, sender=sender))
