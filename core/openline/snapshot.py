"""What can be read of a session at one moment, and what it was made with: frozen data.

``SessionMachine.snapshot()`` returns a ``Snapshot``. It is for tests, logs, drawings and the
inspector; a driver needs none of it. ``MachineOptions`` are the constructor's arguments.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openline.audio.streams import PastSource
from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.events import SourceKind
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.updates import State, Transcript


class MachineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of ``SessionMachine``, but for ``random`` and what runs beside it."""

    backend: Backend
    session_id: str
    attempt_id: str
    sources: tuple[str, ...]
    policy: Policy
    dialect: Dialect
    has_provider: bool
    may_pause: tuple[str, ...]
    kinds: Mapping[str, SourceKind]
    disk_seconds: float
    past: tuple[PastSource, ...]
    past_transcript: tuple[Transcript, ...]


class Watermarks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the audio of one source stands, in samples of session time.

    ``origin`` ≤ ``confirmed`` ≤ ``sent`` ≤ ``captured``, but for a moment after a drop.
    ``buffered`` samples are in memory, ``unsent`` wait for the sender on this dial.
    ``filling``: the backend reported that its queue fills up.
    """

    origin: int
    captured: int
    sent: int
    confirmed: int
    buffered: int
    unsent: int
    filling: bool


class RetrySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the next loss will be judged by, and the plan after the last one.

    Times are on the clock of ``now``; ``math.inf``: never. ``tries`` is the n of the backoff,
    ``attempts`` the retries since there was progress, ``strikes`` the unknown endings.
    ``dial_at`` is when the plan dials again, ``gate_opens_at`` the earliest time that
    ``Policy.dials_per_minute`` allows.
    """

    tries: int
    attempts: int
    strikes: int
    reauth_used: bool
    give_up_at: float
    gate_opens_at: float
    dial_at: float
    hint_ends_wait: bool
    cause: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One session at ``now``; nothing in it changes later.

    ``deadlines`` holds the timers that run, the soonest first, each with its time. ``counts``
    are the facts that changed nothing, by kind. ``dials`` and ``request`` count the dials and
    the requests for a credential so far; ``redirects`` those followed since the last dial of
    the backend itself. ``line_open``: the start was acked, and audio may flow.
    """

    state: State
    now: float
    dial: int
    dials: int
    request: int
    redirects: int
    deadlines: Mapping[Timer, float]
    sources: Mapping[str, Watermarks]
    counts: Mapping[str, int]
    retry: RetrySnapshot
    stop_wanted: bool
    credential_wanted: bool
    with_credential: bool
    ever_opened: bool
    line_open: bool
    start_due: bool
    start_sent: bool
    stop_sent: bool
    ping_wanted: bool
    window_shut: bool
    undelivered: bool
    sources_over: bool
