"""What Speechmatics' errors, closes and refusals mean.

An ``Error`` message names its type and ends the session; the close that follows repeats it by a
code. The tables below are those of Speechmatics' real-time API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.reconnect.verdicts import Action, Rule

_API: Final = "Speechmatics, Real-time API, Error"
_CLOSES: Final = "Speechmatics, Real-time API, close codes"
_WAIT: Final = "Speechmatics, Real-time API, Client retry"
_SHAKE: Final = "Speechmatics, Real-time API, Handshake responses"
_BEFORE: Final = "the server rejected what it accepted before"
_UNKNOWN: Final = (
    "the server did not understand a message: an older container needs force_end=false"
)
_ROUTER: Final = "a router or proxy rejects what the server accepted before, as during a deploy"


def _fatal(why: str, source: str = _API, weather: str = "") -> Rule:
    return Rule(action=Action.FATAL, why=why, source=source, weather=weather)


def _setting(why: str, weather: str = _BEFORE, source: str = _API) -> Rule:
    """A mistake of this client, unless the session has streamed with the same settings."""
    return _fatal(why, source, weather)


def _retry(why: str, *, strike: bool = False) -> Rule:
    return Rule(action=Action.RETRY, why=why, source=_API, strike=strike)


def _later(why: str) -> Rule:
    return Rule(action=Action.LATER, why=why, source=_WAIT)


def _key(source: str) -> Rule:
    return Rule(action=Action.REAUTH, why="the API key was refused", source=source)


_QUOTA: Final = _later("the contract has too many connections at once")
_JOB: Final = _later("the server can do no work on this now")
_TIME: Final = "the contract's hours are used up"
_MODEL: Final = "the language or model is not there for this user"
_FORBIDDEN: Final = "the server does not allow this to this user"

#: The types of ``Error`` messages.
ERRORS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "invalid_message": _setting("the server did not understand a message", _UNKNOWN),
        "invalid_model": _setting(_MODEL),
        "invalid_config": _setting("the server rejected an option"),
        "invalid_language": _setting(_MODEL),
        "invalid_audio_type": _setting("the server does not take this form of audio"),
        "invalid_output_format": _setting("the server does not have this form of output"),
        "not_authorised": _key(_API),
        "not_allowed": _fatal(_FORBIDDEN),
        "insufficient_funds": _fatal("the account has no credit left"),
        "timelimit_exceeded": _fatal(_TIME),
        "quota_exceeded": _QUOTA,
        "job_error": _JOB,
        "data_error": _retry("the server could not take so much data", strike=True),
        "buffer_error": _retry("the server had no room for the audio", strike=True),
        "protocol_error": _retry("the server got messages in another order", strike=True),
        "idle_timeout": _retry("the session had no audio for too long"),
        "session_timeout": _retry("the session reached the longest time"),
        "session_transfer": _retry("the server could not move the session elsewhere"),
    }
)
#: The type of an error that the server does not explain.
UNEXPLAINED: Final = "unknown_error"
#: Such an error, and one without a type. One of a new type leaves the verdict to the close.
OTHER: Final = _retry("the server reported an error that it does not explain", strike=True)
#: All refusals, by the type of an error.
REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType({**ERRORS, UNEXPLAINED: OTHER})
#: Close codes with another meaning than in the verdict table, or a clearer reason.
CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        1003: Rule(
            action=Action.RETRY,
            why="the server got messages in another order",
            source=_CLOSES,
            strike=True,
        ),
        1011: _later("the server failed"),
        4001: _key(_CLOSES),
        4003: _fatal(_FORBIDDEN, _CLOSES),
        4004: _setting(_MODEL, source=_CLOSES),
        4005: _QUOTA,
        4006: _fatal(_TIME, _CLOSES),
        4013: _JOB,
    }
)
#: HTTP statuses of the handshake.
STATUSES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        400: _fatal("the server could not read the request", _SHAKE, _ROUTER),
        401: _key(_SHAKE),
        404: _fatal("the server has nothing at this path: check the URL", _SHAKE, _ROUTER),
        405: _fatal("the server takes no WebSocket at this path", _SHAKE, _ROUTER),
    }
)
