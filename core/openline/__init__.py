"""openline: a pure state machine that keeps an open line to a speech backend.

The core is sans-I/O. It has no clock and no randomness: events come in, each with the time at
which it happened, and commands come out. ``openline_trio`` and ``openline_asyncio`` drive it on
real sockets.
"""

from __future__ import annotations

from openline.account import Account
from openline.backend import Backend, CredentialPlace
from openline.policy import Policy
from openline.reconnect.verdicts import Action, ErrorKind, Verdict
from openline.session import LocalProtocolError, SessionMachine
from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    Insight,
    PartialRetracted,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceEndReason,
    SourceHeld,
    SourceStatistics,
    State,
    StateChanged,
    Statistics,
    Transcript,
    Trouble,
    Update,
)

__all__ = [
    "Account",
    "Action",
    "Backend",
    "BackendMetrics",
    "BackendStatus",
    "CredentialPlace",
    "Ended",
    "ErrorKind",
    "Gap",
    "GapCause",
    "GapWithdrawn",
    "Insight",
    "LocalProtocolError",
    "PartialRetracted",
    "Policy",
    "Resumed",
    "SessionMachine",
    "SourceChanged",
    "SourceEndReason",
    "SourceEnded",
    "SourceHeld",
    "SourceStatistics",
    "State",
    "StateChanged",
    "Statistics",
    "Transcript",
    "Trouble",
    "Update",
    "Verdict",
]
