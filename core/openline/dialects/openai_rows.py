"""What the errors of OpenAI's realtime API mean.

Most errors are recoverable and the session stays open (OpenAI, Realtime server events, error), so
most are remarks. The rules below are for those that end a session, by their ``code``. An invalid
request before the settings were accepted can only be about the settings, and so is fatal.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.dialects.protocol import Expires, Refusal, Remark
from openline.dialects.wire_json import Fields, text
from openline.reconnect.verdicts import Action, Rule

_SOURCE: Final = "OpenAI, Error codes"

#: By ``error.code``.
ERRORS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "invalid_api_key": Rule(action=Action.REAUTH, why="OpenAI refused the key", source=_SOURCE),
        "insufficient_quota": Rule(
            action=Action.FATAL, why="the OpenAI account has no quota left", source=_SOURCE
        ),
        "model_not_found": Rule(
            action=Action.FATAL, why="OpenAI does not have this model", source=_SOURCE
        ),
        "rate_limit_exceeded": Rule(
            action=Action.LATER,
            why="OpenAI has had too many requests of this account",
            source=_SOURCE,
        ),
    }
)
#: An invalid request before ``session.updated``.
SETTINGS: Final = Rule(
    action=Action.FATAL,
    why="OpenAI rejected the settings of the session",
    source="OpenAI, Realtime client events, session.update",
)
#: The code of an error that announces the end of a session (it lasts 60 minutes at most).
EXPIRED: Final = "session_expired"
#: The code of the error for a commit of less than 100 ms of audio.
EMPTY: Final = "input_audio_buffer_commit_empty"


def error_item(error: Fields, *, ready: bool) -> Expires | Refusal | Remark:
    """The item for an error; ``ready``: the settings of the session were accepted."""
    code, said = text(error.get("code")), text(error.get("message"))
    if code == EXPIRED:
        return Expires(seconds=0.0, text=said)
    if (row := ERRORS.get(code)) is not None:
        return Refusal(row=row, text=said)
    if not ready and text(error.get("type")) == "invalid_request_error":
        return Refusal(row=SETTINGS, text=said)
    return Remark(text=said or code or "an error without a text")
