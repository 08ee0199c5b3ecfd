"""The states: which may follow which, what must be so and what the app may ask for in each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Protocol

from openline.events import (
    AbortRequested,
    AudioCaptured,
    CaptureHole,
    DeviceFound,
    DeviceLost,
    Event,
    OpenRequested,
    SilenceHeard,
    SourceFailed,
    SourceFinished,
    SourceStarted,
    StopRequested,
)
from openline.updates import State
from openline_testing.laws import broken
from openline_testing.observation import OVER, Observation

_S: Final = State
#: The states that a session may enter from each state.
WAYS: Final[Mapping[State, frozenset[State]]] = {
    _S.IDLE: frozenset({_S.AUTHORIZING, _S.CONNECTING, _S.CLOSED}),
    _S.AUTHORIZING: frozenset({_S.CONNECTING, _S.RECONNECTING, *OVER}),
    _S.CONNECTING: frozenset(  # the last two: where no reply opens the line
        {_S.AWAITING_ACK, _S.RECONNECTING, *OVER, _S.STREAMING, _S.FINISHING}
    ),
    _S.AWAITING_ACK: frozenset({_S.STREAMING, _S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.STREAMING: frozenset({_S.DRAINING, _S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.DRAINING: frozenset({_S.AUTHORIZING, _S.CONNECTING, _S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.RECONNECTING: frozenset({_S.AUTHORIZING, _S.CONNECTING, *OVER}),
    _S.FINISHING: frozenset({_S.CLOSING, _S.RECONNECTING, *OVER}),
    _S.CLOSING: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
    _S.FAILED: frozenset(),
}
#: The conditions of each state: is a dial out, open, acked; is a request out; has the final
#: message come. None: either.
_FITS: Final[Mapping[State, tuple[bool | None, ...]]] = {
    _S.IDLE: (False, None, None, False, False),
    _S.AUTHORIZING: (False, None, None, True, False),
    _S.CONNECTING: (True, False, False, False, False),
    _S.AWAITING_ACK: (True, True, False, False, False),
    _S.STREAMING: (True, True, True, False, False),
    _S.DRAINING: (True, True, True, False, None),
    _S.RECONNECTING: (False, None, None, False, False),
    _S.FINISHING: (True, True, True, False, False),
    _S.CLOSING: (True, True, True, False, True),
    _S.CLOSED: (False, None, None, False, None),
    _S.FAILED: (False, None, None, False, False),
}
_FIT_LAWS: Final = (  # for each condition: true, false, and its law
    ("a dial is out", "no dial is out", "state fits"),
    ("a socket is open", "no socket is open", "state fits"),
    ("its start was acked", "no start was acked", "the ack opens"),
    ("a request is out", "no request is out", "state fits"),
    ("the final message came", "no final message came", "the final message"),
)


def fits(seen: Observation) -> None:
    """Check the conditions of the reported state. Raises LawBroken."""
    state = seen.state
    is_so = (
        seen.live is not None,
        seen.connection_id is not None,
        seen.acked,
        seen.request is not None,
        seen.finished,
    )
    for have, want, (what, other, law) in zip(is_so, _FITS[state], _FIT_LAWS, strict=True):
        if want is not None and have is not want:
            broken(law, f"{state}, though {what if have else other}", seen.now)


class Stated(Protocol):
    """What ``is_possible`` reads: the reported state, and the names of the sources."""

    state: State
    sources: tuple[str, ...]


def is_possible(seen: Stated, event: Event) -> bool:
    """Whether the app may request ``event`` now; all other events are always possible."""
    match event:
        case OpenRequested():
            return seen.state is State.IDLE
        case AudioCaptured(source, pcm):
            return source in seen.sources and not len(pcm) & 1
        case CaptureHole(source, samples):
            return source in seen.sources and samples >= 0
        case SourceStarted(source, at):
            return source in seen.sources and math.isfinite(at)
        case SilenceHeard(source, seconds):
            return source in seen.sources and math.isfinite(seconds)
        case SourceFinished(source) | SourceFailed(source):
            return source in seen.sources
        case DeviceLost(source) | DeviceFound(source):
            return source in seen.sources
        case StopRequested() | AbortRequested():
            return seen.state not in OVER
        case _:
            return True
