"""What the backend proved to have received, in the recorded scenarios."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openline import events as e
from openline.commands import Outgoing, SendPing
from openline.events import Event
from openline.journal.reader import read
from openline.journal.replay import replay
from openline.observer import Observer
from openline.snapshot import MachineOptions, Snapshot

JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


class Watcher(Observer):
    """Notes how much was sent at each ping, and looks after each event."""

    def __init__(self) -> None:
        self.pinged: dict[bytes, dict[str, int]] = {}
        self.proved = 0

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        self.look = look

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        if isinstance(outgoing, SendPing):
            there = self.look().sources.items()
            self.pinged[outgoing.mark] = {name: marks.sent for name, marks in there}

    def on_done(self, event: Event, now: float) -> None:
        there = self.look().sources
        for marks in there.values():
            assert marks.origin <= marks.confirmed <= marks.received
            assert marks.received <= marks.sent <= marks.captured
        if isinstance(event, e.PongReceived):
            for name, sent in self.pinged[event.mark].items():
                assert there[name].received >= sent
                self.proved += there[name].received > there[name].confirmed
        if isinstance(event, e.SocketLost):
            assert all(marks.received == marks.confirmed for marks in there.values())


@pytest.mark.parametrize("path", JOURNALS, ids=[path.stem for path in JOURNALS])
def test_a_pong_proves_what_was_sent_before_its_ping(path: Path) -> None:
    with path.open("rb") as file:
        [journal] = read(file)
    watcher = Watcher()
    for _ in replay(journal, observers=[watcher]):
        pass
    assert not watcher.pinged or watcher.proved
