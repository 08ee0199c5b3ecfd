"""The meaning of endings, stated a second time, independently of the table under test.

Only endings with a single cause stand here, and only those that the design decides without
doubt. A dialect's own codes and refusals outrank all of it, as they do in the core.
"""

from __future__ import annotations

from typing import Final

from openline.dialects.protocol import Dialect
from openline.events import CredentialFailed, Event, SocketLost
from openline.reconnect.verdicts import Action, ErrorKind, Rule, Sender

#: By close code, as the peer sent it.
CODES: Final = {
    **dict.fromkeys((1000, 1001, 1005, 1006, 1012, 1014, 3008, 4408), Action.RETRY),
    **dict.fromkeys((1011, 1013, 4429), Action.LATER),
    **dict.fromkeys((1008, 3000, 4001, 4401), Action.REAUTH),
    **dict.fromkeys((1002, 1003, 1007, 1009, 1010, 3003, 4003, 4004, 4403), Action.FATAL),
}
#: By HTTP status.
STATUSES: Final = {
    **dict.fromkeys((408, 500, 502, 504, 520), Action.RETRY),
    **dict.fromkeys((409, 425, 429, 503), Action.LATER),
    **dict.fromkeys((401, 403), Action.REAUTH),
    **dict.fromkeys((400, 402, 404, 405, 407, 410, 418, 426, 501, 505), Action.FATAL),
}
#: By any other error.
ERRORS: Final = {
    ErrorKind.REFUSED: Action.RETRY,
    ErrorKind.UNREACHABLE: Action.RETRY,
    ErrorKind.RESET: Action.RETRY,
    ErrorKind.TIMED_OUT: Action.RETRY,
    ErrorKind.CUT: Action.RETRY,
    ErrorKind.DNS_AGAIN: Action.RETRY,
    ErrorKind.TLS_CUT: Action.RETRY,
    ErrorKind.TLS_CERTIFICATE: Action.FATAL,
    ErrorKind.TLS_DATES: Action.FATAL,
    ErrorKind.TLS_HOSTNAME: Action.FATAL,
}
#: Endings that hit every client at once; the first try is spread over ``scatter``.
SCATTERED: Final = frozenset({1001, 1012})


def meaning(event: Event, dialect: Dialect) -> Action | None:
    """The action that ``event`` calls for, if it has a single cause; None: undecided."""
    match event:
        case CredentialFailed(fatal=fatal, unusable=unusable):
            return Action.FATAL if fatal or unusable else Action.RETRY
        case SocketLost(code=int(code), sender=Sender.REMOTE, status=None, error=None):
            row = _own(event, dialect)
            if row is not None:
                return None if row.strike else row.action
            return None if event.reason else CODES.get(code)
        case SocketLost(code=None, status=int(status), error=None):
            return STATUSES.get(status)
        case SocketLost(code=None, status=None, error=ErrorKind() as error):
            return ERRORS.get(error)
        case _:
            return None


def scattered(event: Event, dialect: Dialect) -> bool:
    """Whether the first try after this ending may be spread over ``Policy.scatter``."""
    if not isinstance(event, SocketLost):
        return False
    row = _own(event, dialect)
    return row.scatter if row is not None else event.code in SCATTERED


def network_hint_applies(event: Event | None, dialect: Dialect) -> bool:
    """Whether NetworkRestored may end even a LATER that this ending caused."""
    if not isinstance(event, SocketLost):
        return False
    row = _own(event, dialect)
    if row is not None:
        return row.hint_ends_wait
    return event.status is not None and 200 <= event.status < 300  # a captive portal


def _own(event: SocketLost, dialect: Dialect) -> Rule | None:
    """The dialect's rule for a close frame, unless our own library made the frame."""
    if event.code is None or event.sender is Sender.LOCAL:
        return None
    return dialect.traits.codes.get(event.code)
