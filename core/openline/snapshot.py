"""The state of a session at one moment, and the options that it was made with: frozen data.

``SessionMachine.snapshot()`` returns a ``Snapshot``. It is for tests, logs, drawings and the
inspector; a driver needs none of it. ``MachineOptions`` are the constructor's arguments.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openline.audio.past import PastSource
from openline.backend import Backend
from openline.dialects.protocol import Dialect, Memory
from openline.events import SourceKind
from openline.machine.life import Leaving
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.updates import State, Transcript


class MachineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of ``SessionMachine`` but ``random``, ``observers`` and ``interpreter``."""

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

    ``origin`` ≤ ``confirmed`` ≤ ``received`` ≤ ``sent`` ≤ ``captured``, except for a moment after a
    drop. ``received``: on this dial the backend proved that it has all before it; at least
    ``confirmed``. ``buffered`` samples are in memory; ``unsent`` samples are due on this dial and
    not sent. ``filling``: the backend reported that its queue fills up.
    """

    origin: int
    captured: int
    sent: int
    received: int
    confirmed: int
    buffered: int
    unsent: int
    filling: bool


class RetrySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The counts by which the next loss will be judged, and the plan after the last one.

    Times are seconds on the clock of ``now``; ``math.inf``: never. ``tries`` is the n of the
    backoff, ``attempts`` the retries since the last progress, ``strikes`` the unknown endings.
    ``dial_at`` is the time of the planned dial, ``gate_opens_at`` the earliest time that
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

    ``deadlines`` holds the timers that run, the soonest first, each with its time in seconds.
    ``counts`` are the events that changed nothing, by kind. ``dials`` counts the dials so far,
    ``request`` the requests for a credential, and ``redirects`` the redirects since the last
    dial of the backend's own address. ``line_open``: audio may flow. ``memory`` is what the
    dialect remembers of the dial. ``credential_due``: the last credential is to be renewed before
    the next dial. ``greeted``: the backend's greeting came. ``speaks``: words of some source may
    still change. ``leaving``: how far the replacement of the dial is.
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
    streamed: bool
    line_open: bool
    start_due: bool
    start_sent: bool
    stop_sent: bool
    ping_wanted: bool
    window_shut: bool
    undelivered: bool
    sources_over: bool
    memory: Memory = None
    credential_due: bool = False
    greeted: bool = False
    speaks: bool = False
    leaving: Leaving = Leaving.NOT
