"""What the errors of OpenAI's realtime API mean.

Most errors are recoverable and the session stays open (OpenAI, Realtime server events, error), so
most are remarks. The rules below are for those that end a session, by their ``code``. An invalid
request before the settings were accepted can only be about the settings, and so is fatal.
"""

from __future__ import annotations

import re
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
#: All refusals, by the code or the type of an error.
REFUSALS: Final[Mapping[str, Rule]] = MappingProxyType(
    {**ERRORS, "invalid_request_error": SETTINGS}
)
#: Close codes. The reason of this one is the type and the code of an error that came before:
#: ``invalid_request_error.invalid_intent``, ``invalid_request_error.beta_api_shape_disabled``.
CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        4000: Rule(
            action=Action.FATAL,
            why="OpenAI rejected what this client asked for as invalid",
            source="BerriAI/litellm #13471",
            weather="OpenAI rejected as invalid what it accepted before",
        ),
    }
)
#: The code of an error that announces the end of a session (it lasts 60 minutes at most).
EXPIRED: Final = "session_expired"
#: The code of the error for a commit of less than 100 ms of audio.
EMPTY: Final = "input_audio_buffer_commit_empty"
#: The same in the words of servers that give no code.
_EMPTY_TEXT: Final = re.compile(r"\bbuffer\b.{0,20}\b(?:empty|too small)\b", re.IGNORECASE)
_COMMIT: Final = "input_audio_buffer.commit"
#: A transcription that failed for the rate of requests says so in its text alone.
_TOO_MANY: Final = "429 Too Many Requests"


def is_empty_commit(error: Fields) -> bool:
    """Whether a commit found less audio than it needs."""
    return error.get("code") == EMPTY or bool(_EMPTY_TEXT.search(text(error.get("message"))))


def is_about_commit(error: Fields) -> bool:
    """Whether an error answers a commit, though it names none."""
    return is_empty_commit(error) or _COMMIT in text(error.get("message"))


def limit_of(error: Fields) -> Rule | None:
    """The rule, if a transcription failed for a reason that the next one meets as well."""
    if _TOO_MANY in text(error.get("message")):
        return ERRORS["rate_limit_exceeded"]
    return ERRORS.get(text(error.get("code")))


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
