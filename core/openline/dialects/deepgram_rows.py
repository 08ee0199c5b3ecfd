"""What Deepgram's closes and refusals mean, with the page of its documentation that says so.

A 1008 with DATA-0000 is in the verdict table: the audio cannot be decoded. 4400 is not Deepgram's,
which answers a wrong option with HTTP 400, but of WhisperLiveKit, which speaks its protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.reconnect.verdicts import Action, Rule

_ERRORS: Final = "Deepgram, Errors"
_CLOSES: Final = "Deepgram, Troubleshooting WebSocket, DATA and NET errors"
_ROUTER: Final = "a router or proxy rejects what the server accepted before, as during a deploy"
#: Close codes.
CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        1011: Rule(
            action=Action.RETRY,
            why="the server timed out: it had no audio (NET-0001) or no text (NET-0000)",
            source=_CLOSES,
        ),
        4400: Rule(
            action=Action.FATAL,
            why="the server rejected an option or a message: check the options of the dialect",
            source="WhisperLiveKit 0.2.26, deepgram_compat.py: a query, Finalize, an empty message",
            weather="the server rejects what it accepted: WhisperLiveKit needs finalize=false",
        ),
    }
)
#: HTTP statuses; the table has the same actions, these have Deepgram's reasons.
STATUSES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        400: Rule(
            action=Action.FATAL,
            why="the server rejected an option: check the options of the dialect",
            source=_ERRORS,
            weather=_ROUTER,
        ),
        401: Rule(action=Action.REAUTH, why="the API key was refused", source=_ERRORS),
        402: Rule(action=Action.FATAL, why="the project has no credits left", source=_ERRORS),
        403: Rule(
            action=Action.REAUTH,
            why="the API key does not allow this, or not this model",
            source=_ERRORS,
            advice="the rights of the API key",
            weather="the server forbids this, which it allowed before",
        ),
        429: Rule(
            action=Action.LATER,
            why="the project has too many connections at once",
            source=_ERRORS,
        ),
    }
)
