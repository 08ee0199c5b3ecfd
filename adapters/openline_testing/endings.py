"""The meaning of endings, stated a second time, independently of the table under test.

Only endings with a single cause stand here, and only those that the design decides without
doubt. A dialect's own codes and refusals outrank all of it, as they do in the core.

*Weather* is what looks like a mistake of the caller at a first dial, and passes by itself once
the session has streamed: it is LATER, whatever it was before. A *first contact* may meet what an
offline machine or a captive portal looks like: it is tried again until the policy's
``first_contact`` is over.
"""

from __future__ import annotations

from typing import Final, Protocol

from openline.backend import Backend, RedirectRefusedError
from openline.dialects.protocol import Dialect
from openline.events import CredentialFailed, Event, Redirected, SocketLost
from openline.policy import Policy
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
#: The statuses of a client's fault that are its fault, or that decide otherwise, on any dial.
NO_WEATHER: Final = frozenset({401, 402, 407, 408, 409, 425, 429})
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
    ErrorKind.TLS_CLIENT_CERTIFICATE: Action.FATAL,
    ErrorKind.PROXY_UNREACHABLE: Action.RETRY,
    ErrorKind.PROXY_CREDENTIALS: Action.FATAL,
    ErrorKind.PROXY_FORBIDS: Action.FATAL,
    ErrorKind.PROXY_BUSY: Action.LATER,
    ErrorKind.REDIRECT_REFUSED: Action.FATAL,
    ErrorKind.TOO_MANY_REDIRECTS: Action.FATAL,
}
#: The errors that are weather once the session has streamed.
WEATHER_ERRORS: Final = frozenset(
    {
        ErrorKind.DNS_NOT_FOUND,
        ErrorKind.TLS_CERTIFICATE,
        ErrorKind.TLS_DATES,
        ErrorKind.TLS_HOSTNAME,
        ErrorKind.PROXY_FORBIDS,
        ErrorKind.REDIRECT_REFUSED,
        ErrorKind.REDIRECT_ELSEWHERE,
        ErrorKind.TOO_MANY_REDIRECTS,
    }
)
#: Endings that hit every client at once; the first try is spread over ``scatter``.
SCATTERED: Final = frozenset({1001, 1012})


class History(Protocol):
    """What decides the meaning of an ending besides the ending itself: an ``Observation``."""

    dialect: Dialect
    policy: Policy
    has_provider: bool
    streamed: bool
    now: float
    opened_at: float


def meaning(event: Event, history: History) -> Action | None:
    """The action that ``event`` calls for, if it has a single cause; None: undecided."""
    match event:
        case CredentialFailed(fatal=fatal, unusable=unusable):
            return Action.FATAL if fatal or unusable else Action.RETRY
        case SocketLost(code=int(code), sender=Sender.REMOTE, status=None, error=None):
            row = _own(event, history.dialect)
            if row is not None:
                return None if row.strike else row.action
            return None if event.reason else CODES.get(code)
        case SocketLost(code=None, status=int(status), error=None):
            return _by_status(status, history)
        case SocketLost(code=None, status=None, error=ErrorKind() as error):
            return _by_error(error, history)
        case _:
            return None


def _by_status(status: int, history: History) -> Action | None:
    if 200 <= status < 300:
        return _first_contact(history)
    if history.streamed and is_weather_status(status):
        return Action.REAUTH if status == 403 and history.has_provider else Action.LATER
    return STATUSES.get(status)


def _by_error(error: ErrorKind, history: History) -> Action | None:
    if error in {ErrorKind.DNS_NOT_FOUND, ErrorKind.REDIRECT_ELSEWHERE}:
        return _first_contact(history)
    if history.streamed and error in WEATHER_ERRORS:
        return Action.LATER
    return ERRORS.get(error)


def _first_contact(history: History) -> Action:
    if history.streamed:
        return Action.LATER
    met = history.now >= history.opened_at + history.policy.first_contact
    return Action.FATAL if met else Action.RETRY


def is_weather_status(status: int) -> bool:
    """Whether a client's fault by ``status`` passes by itself once the session has streamed."""
    return 400 <= status < 500 and status not in NO_WEATHER


def is_first_contact(event: Event) -> bool:
    """Whether this ending is tried again at a first contact, for a while."""
    if not isinstance(event, SocketLost):
        return False
    page = event.error is None and event.status is not None and 200 <= event.status < 300
    return page or event.error in {ErrorKind.DNS_NOT_FOUND, ErrorKind.REDIRECT_ELSEWHERE}


def astray(event: Redirected, target: Backend | None, hops: int, most: int) -> SocketLost | None:
    """The loss that a redirect is which must not be followed; None if it may be."""
    if target is None:
        return None
    kind: ErrorKind | None = None
    try:
        target.redirected(event.location)
    except RedirectRefusedError:
        kind = ErrorKind.REDIRECT_REFUSED
    if hops >= most:
        kind = ErrorKind.TOO_MANY_REDIRECTS
    if target.leads_elsewhere(event.location):
        kind = ErrorKind.REDIRECT_ELSEWHERE
    return None if kind is None else SocketLost(dial=event.dial, error=kind)


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
    if event.code is not None:
        return False
    # A LATER that no server and no proxy asked for is weather.
    if event.error is not None:
        return ERRORS.get(event.error) is not Action.LATER
    return STATUSES.get(event.status or 0) is not Action.LATER


def _own(event: SocketLost, dialect: Dialect) -> Rule | None:
    """The dialect's rule for a close frame, unless our own library made the frame."""
    if event.code is None or event.sender is Sender.LOCAL:
        return None
    return dialect.traits.codes.get(event.code)
