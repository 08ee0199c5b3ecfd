"""The colours of states and verdicts, the same in every view.

Green: it works. Yellow: connecting. Magenta: waiting for the next dial. Cyan: finishing
properly. Red: it failed. The same information always stands in words too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from openline.reconnect.verdicts import Action
from openline.updates import State

STATES: Final[Mapping[State, str]] = {
    State.IDLE: "bright_black",
    State.AUTHORIZING: "yellow",
    State.CONNECTING: "yellow",
    State.AWAITING_ACK: "yellow",
    State.STREAMING: "green",
    State.DRAINING: "green",
    State.RECONNECTING: "magenta",
    State.FINISHING: "cyan",
    State.CLOSING: "cyan",
    State.CLOSED: "green",
    State.FAILED: "red",
}
ACTIONS: Final[Mapping[Action, str]] = {
    Action.RETRY: "yellow",
    Action.LATER: "cyan",
    Action.REAUTH: "magenta",
    Action.FATAL: "red",
}
