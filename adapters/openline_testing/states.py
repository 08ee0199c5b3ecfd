"""The states of a session as the laws see them: their order, and what holds in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from openline.updates import State
from openline_testing.observation import OVER

_S: Final = State
#: The states that a session may enter from each state.
WAYS: Final[Mapping[State, frozenset[State]]] = {
    _S.IDLE: frozenset({_S.AUTHORIZING, _S.CONNECTING, _S.CLOSED}),
    _S.AUTHORIZING: frozenset({_S.CONNECTING, _S.RECONNECTING, *OVER}),
    _S.CONNECTING: frozenset({_S.AWAITING_ACK, _S.RECONNECTING, *OVER}),
    _S.AWAITING_ACK: frozenset({_S.STREAMING, _S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.STREAMING: frozenset({_S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.RECONNECTING: frozenset({_S.AUTHORIZING, _S.CONNECTING, *OVER}),
    _S.FINISHING: frozenset({_S.CLOSING, _S.RECONNECTING, *OVER}),
    _S.CLOSING: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
    _S.FAILED: frozenset(),
}
#: The conditions of each state: is a dial out, open, acked; is a request out; has the final
#: message come. None: either.
FITS: Final[Mapping[State, tuple[bool | None, ...]]] = {
    _S.IDLE: (False, None, None, False, False),
    _S.AUTHORIZING: (False, None, None, True, False),
    _S.CONNECTING: (True, False, False, False, False),
    _S.AWAITING_ACK: (True, True, False, False, False),
    _S.STREAMING: (True, True, True, False, False),
    _S.RECONNECTING: (False, None, None, False, False),
    _S.FINISHING: (True, True, True, False, False),
    _S.CLOSING: (True, True, True, False, True),
    _S.CLOSED: (False, None, None, False, None),
    _S.FAILED: (False, None, None, False, False),
}
FIT_LAWS: Final = (  # for each condition: true, false, and its law
    ("a dial is out", "no dial is out", "state fits"),
    ("a socket is open", "no socket is open", "state fits"),
    ("its start was acked", "no start was acked", "the ack opens"),
    ("a request is out", "no request is out", "state fits"),
    ("the final message came", "no final message came", "the final message"),
)
