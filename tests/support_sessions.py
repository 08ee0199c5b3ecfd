"""Sessions of the adapter against backends in memory: backend scripts, and the updates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended, State, StateChanged, Transcript, Update
from openline_audio.source import Source
from openline_trio import Credentials, Session, open_session
from tests.support_lines import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    Net,
    Peer,
    Script,
    Silent,
    close,
    frame,
    number_of,
)

BACKEND = Backend()
TOKEN = "Zm9v/YmFy+cXV4=="


async def echo(peer: Peer, *, every: int = 25) -> None:
    """A backend that finalises each half second of audio; the text lists its frames."""
    await peer.open()
    audio: list[bytes] = []
    done = 0

    async def say() -> None:
        nonlocal done
        if len(audio) > done:
            text = f"{number_of(audio[done])}-{number_of(audio[-1])}"
            await peer.final(text, done * 0.02, len(audio) * 0.02)
            done = len(audio)

    while True:
        opcode, payload = await peer.receive()
        if opcode == CLOSE:
            return
        if opcode == PING:
            await peer.stream.send_all(frame(PONG, payload))
            backlog = (len(audio) - done) * 0.02
            await peer.send("metrics", source="mic", backlog_seconds=0.0, pending=backlog)
        elif opcode == BINARY:
            audio.append(payload[4:])
            if len(audio) - done == every:
                await say()
        elif b'"stop"' in payload:
            await say()
            await peer.finish()


async def refuse_token(peer: Peer) -> None:
    await peer.upgrade()
    await peer.stream.send_all(close(1008))
    await peer.receive()


async def drop(peer: Peer, seconds: float = 0.7) -> None:
    """Serve for a while, then disconnect without a close."""
    with trio.move_on_after(seconds):
        await echo(peer)


def spans(updates: list[Update]) -> list[str]:
    return [u.text for u in updates if isinstance(u, Transcript) and u.final]


def states(updates: list[Update]) -> list[State]:
    return [u.state for u in updates if isinstance(u, StateChanged)]


async def until(session: Session, state: State) -> StateChanged:
    """Read updates until the session enters ``state``."""
    async for update in session:
        if isinstance(update, StateChanged) and update.state is state:
            return update
    raise AssertionError(f"never {state}")


def last(updates: list[Update]) -> Ended:
    ended = updates[-1]
    assert isinstance(ended, Ended)
    assert not any(isinstance(u, Ended) for u in updates[:-1])
    return ended


class Provider:
    """Returns the given results, one after the other."""

    def __init__(self, *answers: str | BaseException | Callable[[], Awaitable[str]]) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []

    async def __call__(self) -> str:
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return await answer() if callable(answer) else answer


class Play:
    """Sessions with ``script`` at the other end; ``nursery`` outlives them."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery

    def net(self, *scripts: Script) -> Net:
        """The first dials get one script each, all others the last one."""

        async def script(peer: Peer) -> None:
            await scripts[min(peer.number, len(scripts)) - 1](peer)

        return Net(self.nursery, script)

    async def __call__(
        self,
        net: Net,
        source: Source | None = None,
        *,
        credentials: Credentials = None,
        policy: Policy | None = None,
        backend: Backend = BACKEND,
    ) -> list[Update]:
        """Run a session to its end; return all its updates."""
        sources = {"mic": source or Silent()}
        async with open_session(
            backend,
            sources,
            connect=net,
            credentials=credentials,
            policy=policy,
            random=lambda: 0.5,
        ) as session:
            return [update async for update in session]
