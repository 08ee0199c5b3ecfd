"""What the errors of Soniox mean: its ``error_code``, an HTTP status in a message, as rules.

An error is the last message before the close, so each is a ``Refusal``. Its ``error_type`` counts
first, where it says more than the code: it is stable, and the wording is not. A 400 without such a
type is a mistake of this client at first, with exceptions that its text names: the limit of a
session, and a stream that had no audio. Once a session has streamed, its settings are right.
Source of all: Soniox, WebSocket API, Error response.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.dialects.wire_json import Fields, number, text
from openline.reconnect.verdicts import Action, Rule

_SOURCE: Final = "Soniox, WebSocket API, Error response"


def _rule(action: Action, why: str, *, strike: bool = False, weather: str = "") -> Rule:
    return Rule(action=action, why=why, source=_SOURCE, strike=strike, weather=weather)


#: By ``error_code``.
ERRORS: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        400: _rule(
            Action.FATAL,
            "Soniox rejected what this client sent, and would again",
            weather="Soniox rejected what it accepted before, such as audio that came too fast",
        ),
        401: _rule(Action.REAUTH, "Soniox refused the key"),
        402: _rule(Action.FATAL, "the Soniox account has no balance or budget left"),
        403: _rule(Action.REAUTH, "Soniox refused the key, as one that has expired"),
        408: _rule(Action.RETRY, "Soniox waited too long for audio"),
        429: _rule(Action.LATER, "Soniox has had too many requests of this account"),
        500: _rule(Action.RETRY, "Soniox failed"),
        503: _rule(Action.RETRY, "Soniox cannot continue this stream and asks for a new one"),
    }
)
#: Any other code, or none that can be read.
OTHER: Final = _rule(Action.RETRY, "Soniox reported an error of an unknown kind", strike=True)
#: By ``error_type`` (Soniox, Errors, API error types); any other means what its code means.
TYPES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "unauthenticated": ERRORS[401],
        "permission_denied": Rule(
            action=Action.FATAL,
            why="the Soniox key does not allow this",
            source="soniox 2.10.0, errors.py",
        ),
        "model_not_available": _rule(Action.FATAL, "Soniox does not have this model"),
        "max_concurrent_connections_reached": ERRORS[429],
    }
)
#: Texts of a 400 that are no mistake of this client, in lower case.
PASSING: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "audio is too long": _rule(Action.RETRY, "the Soniox stream reached its longest duration"),
        "too much audio data in total": _rule(
            Action.RETRY, "the Soniox stream reached its longest duration"
        ),
        "no audio received": _rule(Action.RETRY, "Soniox received no audio"),
    }
)
#: All of them, by what the message says.
REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        **{f"error_code {code}": row for code, row in ERRORS.items()},
        **{f"error_type {name}": row for name, row in TYPES.items()},
        **PASSING,
        "any other error": OTHER,
    }
)
#: The answer to a stream that ended without audio.
NO_AUDIO: Final = "no audio received"


def row_of(message: Fields) -> Rule:
    """The rule for a message that has an ``error_code``."""
    row = TYPES.get(text(message.get("error_type")))
    if row is not None:
        return row
    code, said = number(message.get("error_code")), text(message.get("error_message")).lower()
    if code == 400:
        for part, row in PASSING.items():
            if part in said:
                return row
    return ERRORS.get(int(code), OTHER) if code is not None else OTHER
