"""Sessions worth drawing, each with a backend that keeps the contract or breaks it once.

Every scenario leads one ``Drive`` from its opening to its end. ``journals/record.py`` keeps
their journals; ``test_journals`` plays these again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from openline.commands import SendPing
from openline.events import CredentialReady, PongReceived
from openline.journal import Recorder

from .driver import Drive

CHUNK = 5  # frames: a tenth of a second


def _talk(drive: Drive, seconds: float, source: str = "mic") -> None:
    """Live audio in pieces of 0.1 s; the backend answers each ping."""
    for _ in range(round(seconds * 10)):
        drive.now = round(drive.now + 0.1, 3)
        drive.audio(CHUNK, source)
        _serve(drive)


def _serve(drive: Drive) -> None:
    while sent := drive.drain():
        for outgoing in sent:
            if isinstance(outgoing, SendPing):
                drive.feed(PongReceived(outgoing.dial, outgoing.mark), after=0.01)


def _connect(drive: Drive) -> None:
    """The dial that is out succeeds."""
    drive.opened(after=0.05)
    drive.say("status", state="connected", message="Connected, waiting for start")
    drive.wait(0.2)
    drive.ack()


def _finish(drive: Drive, heard: float, start: float = 0.0) -> None:
    """What is left is finalised, then comes the summary and a proper close."""
    _serve(drive)
    drive.final(start, heard, "and that is all", after=0.2)
    drive.say("final_summary", markdown="# Summary", json={"transcript": []}, after=0.1)
    drive.lose(1000)


def happy_path(drive: Drive) -> None:
    drive.open()
    _connect(drive)
    _talk(drive, 0.5)
    drive.partial(0.0, 0.4, "hello")
    _talk(drive, 0.5)
    drive.figures()
    drive.final(0.0, 0.8, "hello world")
    _talk(drive, 0.2)
    drive.stop()
    _finish(drive, 1.2, 0.8)


def two_sources(drive: Drive) -> None:
    drive.open()
    _connect(drive)
    for _ in range(3):
        _talk(drive, 0.1, "mic")
        _talk(drive, 0.1, "system")
    drive.final(0.0, 0.3, "hello", source="mic")
    drive.final(0.0, 0.3, "and welcome", source="system")
    drive.stop()
    _serve(drive)
    drive.summary()
    drive.lose(1000)


def drop_and_replay(drive: Drive) -> None:
    drive.open()
    _connect(drive)
    _talk(drive, 0.6)
    drive.final(0.0, 0.4, "this much is safe")
    _talk(drive, 0.2)
    drive.partial(0.4, 0.7, "and this")
    drive.lose()
    drive.audio(CHUNK)
    drive.redial()
    _connect(drive)
    _talk(drive, 0.2)
    drive.final(0.0, 0.5, "and this is sent again")
    drive.stop()
    _finish(drive, 0.7, 0.5)


def wrong_token_with_a_provider(drive: Drive) -> None:
    drive.open()
    drive.feed(CredentialReady(1), after=0.02)
    drive.opened(after=0.05)
    drive.wait(0.2)
    drive.refuse("Unauthorized websocket connection")
    drive.lose(1008)  # too late: it was judged when it was refused
    drive.feed(CredentialReady(2), after=0.02)
    _connect(drive)
    _talk(drive, 0.3)
    drive.stop()
    _finish(drive, 0.3)


def wrong_token_without_a_provider(drive: Drive) -> None:
    drive.open()
    drive.opened(after=0.05)
    drive.audio(CHUNK)
    drive.wait(0.2)
    drive.refuse("Unauthorized websocket connection")


def capacity(drive: Drive) -> None:
    drive.open()
    drive.opened(after=0.05)
    drive.audio(CHUNK)
    drive.wait(5.2)
    drive.refuse("Server at capacity, please try again later")
    drive.redial()
    _connect(drive)
    _talk(drive, 0.2)
    drive.stop()
    _finish(drive, 0.3)


def frozen_backend(drive: Drive) -> None:
    drive.open()
    _connect(drive)
    _talk(drive, 0.3)
    drive.final(0.0, 0.3, "the last that it heard")
    drive.audio(CHUNK)
    drive.wait(12.0)  # no pong: it is dropped and dialled again
    _connect(drive)
    drive.stop()
    _finish(drive, 0.1)


def stop_during_a_reconnect(drive: Drive) -> None:
    drive.open()
    _connect(drive)
    _talk(drive, 0.4)
    drive.lose(1012)
    drive.stop()
    drive.redial()
    _connect(drive)
    _finish(drive, 0.4)


#: Each scenario, and whether there is a provider of credentials.
SCENARIOS: dict[str, tuple[Callable[[Drive], None], bool]] = {
    "happy-path": (happy_path, False),
    "two-sources": (two_sources, False),
    "drop-and-replay": (drop_and_replay, False),
    "wrong-token-with-a-provider": (wrong_token_with_a_provider, True),
    "wrong-token-without-a-provider": (wrong_token_without_a_provider, False),
    "capacity": (capacity, False),
    "frozen-backend": (frozen_backend, False),
    "stop-during-a-reconnect": (stop_during_a_reconnect, False),
}


def record(name: str) -> bytes:
    """The journal of a scenario."""
    play, has_provider = SCENARIOS[name]
    lines = list[bytes]()
    sources = ("mic", "system") if name == "two-sources" else ("mic",)
    drive = Drive(
        make=partial(Recorder, write=lines.append), has_provider=has_provider, sources=sources
    )
    drive.now = 0.0
    play(drive)
    assert drive.core.ended, f"{name} has no end"
    return b"".join(lines)
