"""What is streamed, and the span of it that is measured.

The CPU time of this process is taken from the moment at which every line is open until the last
message was sent: dialling and ending are not in the figure.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from msgspec import structs

from openline.dialects.echopanel import HEADERS, EchoPanel
from openline.dialects.protocol import Ids, Sent
from openline.dialects.traits import AudioForm
from openline_audio.source import SAMPLE_RATE

#: Seconds after which a run is given up: a peer that hangs must not hang the ladder.
PATIENCE: Final = 120.0
#: Sessions that dial at a time.
DIALLING: Final = 50
_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
_DIALECT: Final = EchoPanel()
START: Final = str(_DIALECT.start(None, _IDS)[1][0])
STOP: Final = str(_DIALECT.stop(None, _IDS, Sent())[1][0])
HEADER: Final = HEADERS["mic"]


class LongMessages(EchoPanel):
    """The default dialect with messages of 0.1 s; its own are of 0.02 s."""

    traits = structs.replace(EchoPanel.traits, form=AudioForm(usual=0.1))


@dataclass(frozen=True, kw_only=True)
class Load:
    """``sessions`` at a time send ``seconds`` of audio in messages of ``message`` seconds."""

    port: int
    sessions: int
    seconds: float
    message: float = 0.02
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """Where to dial."""
        scheme = "ws" if self.tls is None else "wss"
        return f"{scheme}://127.0.0.1:{self.port}/ws/live-listener"

    @property
    def dialect(self) -> EchoPanel:
        """The dialect of openline that sends such messages."""
        found = LongMessages() if self.message == LongMessages.traits.form.usual else EchoPanel()
        if found.traits.form.usual != self.message:
            raise ValueError(f"load: no dialect here sends messages of {self.message:g} s")
        return found

    @property
    def pcm(self) -> bytes:
        """The audio of one message: noise, since digital silence would be taken for a mute."""
        return Random(1).randbytes(2 * round(self.message * SAMPLE_RATE))  # noqa: S311  # no secret

    @property
    def count(self) -> int:
        """The messages of a session."""
        return round(self.seconds / self.message)


class Event(Protocol):
    """That of asyncio, or that of trio."""

    def set(self) -> None:
        """Let all go on that wait."""
        ...

    async def wait(self) -> object:
        """Return when it is set."""
        ...


class Places(Protocol):
    """A semaphore of asyncio, or of trio."""

    async def acquire(self) -> object:
        """Take a place, once there is one."""
        ...

    def release(self) -> object:
        """Give one back."""
        ...


class Window:
    """Begins when ``sessions`` have come, and ends when as many have gone.

    No more than ``places`` has places are dialling at a time: a thousand handshakes at once would
    take longer than a client waits for one.
    """

    def __init__(self, sessions: int, go: Event, places: Places) -> None:
        self._to_come = self._to_go = sessions
        self._go, self._places = go, places
        self._begun = self._ended = 0.0

    async def may_dial(self) -> None:
        """Wait until one more session may dial."""
        await self._places.acquire()

    async def begin(self) -> None:
        """This session's line is open: wait until those of all are."""
        self._places.release()
        self._to_come -= 1
        if self._to_come == 0:
            self._begun = time.process_time()
            self._go.set()
        else:
            await self._go.wait()

    def end(self) -> None:
        """A session has sent everything."""
        self._to_go -= 1
        if self._to_go == 0:
            self._ended = time.process_time()

    def cost(self, load: Load) -> float:
        """Milliseconds of CPU for each second of audio of one session."""
        if self._to_come or self._to_go:
            raise RuntimeError(f"load: {self._to_go} sessions of {load.sessions} did not finish")
        return (self._ended - self._begun) / (load.sessions * load.seconds) * 1000


async def paced(
    load: Load,
    send: Callable[[bytes], Awaitable[object]],
    now: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]],
) -> None:
    """Send each message when it is due, as a loop of a user does."""
    pcm, start = load.pcm, now()
    for number in range(1, load.count + 1):
        await sleep(max(0.0, start + number * load.message - now()))
        await send(HEADER + pcm)
