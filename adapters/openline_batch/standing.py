"""Where a batch stands: its recordings, why it stopped, and what a person sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from openline_batch.identity import Identity
from openline_batch.leases import Claim
from openline_batch.ledger import Outcome
from openline_batch.recordings import Recording


class View(Protocol):
    """What a person sees of a batch."""

    def progress(self, seconds: float, done: int, under_way: int) -> None:
        """Seconds of audio transcribed in this run, recordings that are over, and under way."""
        ...

    def note(self, line: str) -> None:
        """One line."""
        ...


class Stop(Enum):
    """Why a batch ended before its recordings did."""

    DRAINED = "drained"
    REFUSED = "refused"
    UNSTORED = "unstored"
    BROKEN = "broken"


@dataclass(eq=False)
class Item:
    """A recording, and where it stands."""

    recording: Recording
    identity: Identity | None = None
    claim: Claim | None = None
    outcome: Outcome | None = None
    confirmed: float = 0.0  # seconds, in this run
    is_acknowledged: bool = False  # its session is, by the backend
