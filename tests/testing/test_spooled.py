"""Events in any order, and a disk that answers late, in part, or not at all: the laws hold.

Memory holds a second of audio, so that nearly all of it is on disk alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import invariant, precondition, rule

from openline.commands import Command, FetchAudio, Outgoing
from openline.events import AudioFetched, Event, SpoolFailed, Tick
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE
from openline_testing import SessionFuzzer, strategies
from tests.support_profiles import paced

MEMORY = 1.0


class OnDisk(SessionFuzzer):
    """The default dialect, and an hour of disk."""

    endings = st.sampled_from(
        [
            {"error": ErrorKind.RESET},
            {"error": ErrorKind.PROXY_BUSY},
            {"code": 1012, "sender": Sender.REMOTE},
        ]
    )
    policies = strategies.policies().map(lambda each: replace(each, memory_seconds=MEMORY))

    def make(self, **options: Any) -> SessionMachine:
        self.asked: list[FetchAudio] = []
        self.works = True
        self.machine = SessionMachine(self.backend, disk_seconds=3600.0, **options)
        return self.machine

    def received(self, event: Event, commands: Sequence[Command]) -> None:
        self.asked += [each for each in commands if isinstance(each, FetchAudio)]
        sources = [each.source for each in self.asked]
        assert len(sources) == len(set(sources)), "a source has one part under way"

    def sent(self, outgoing: Outgoing) -> None:
        """A pull may find that the disk is to read on: that is due at once."""
        if self.session.next_deadline() == self.now:
            self.feed(Tick())

    @precondition(lambda self: self.asked)
    @rule(share=st.sampled_from([1.0, 1.0, 1.0, 0.3, 0.0]))
    def answered(self, share: float) -> None:
        """The disk answers, however long ago it was asked: all of it, some, or that it is gone."""
        asked = self.asked.pop(0)
        pcm = bytes(2 * round(share * asked.samples))
        self.feed(AudioFetched(asked.source, asked.start, pcm))

    @rule(really=st.integers(0, 9))
    def disk_fails(self, really: int) -> None:
        """It takes no more."""
        if not really:
            self.works = False
            self.feed(SpoolFailed("no space left"))

    @invariant()
    def memory_is_bounded(self) -> None:
        """A second of audio, and a piece of a frame; without the disk what the policy says."""
        if self._session is not None and self.works:
            for source in self.machine.snapshot().sources.values():
                assert source.buffered <= MEMORY * SAMPLE_RATE + 320


TestOnDisk = OnDisk.TestCase
TestOnDisk.settings = paced(60, 40)
