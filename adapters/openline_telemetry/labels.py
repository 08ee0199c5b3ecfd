"""Values of labels: few, whatever a server or an app sends.

A metric has a series for each combination of its labels, and a series costs memory for as long as
a process lives. So a close code such as 4711 becomes ``close_4xxx``, and a status that HTTP does
not define ``5xx``. A span has the number itself.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from openline.events import SocketLost
from openline.updates import Ended, State

#: What no table knows.
OTHER: Final = "other"
#: The backend refused in a message of its own.
REFUSAL: Final = "backend_refusal"

_STATUSES: Final = frozenset(HTTPStatus)
#: Codes that no close frame carries (RFC 6455 §7.4.1): they say that there was none.
_NEVER_SENT: Final = frozenset({1005, 1006, 1015})
#: The codes that RFC 6455 and its registry at IANA define.
_CODES: Final = frozenset(range(1000, 1016))
_DIALECT: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
#: The kinds of ``openline.updates.Trouble``.
_TROUBLES: Final = frozenset(
    {
        *("malformed", "untold", "unknown", "foreign", "late_audio", "spool", "muted"),
        *("revised", "outage", "deaf", "unproven", "behind", "credential", "unfinal"),
    }
)


def dialect_label(name: str) -> str:
    """The dialect's name; an app's own may have any."""
    return name if _DIALECT.fullmatch(name) else OTHER


def trouble_label(kind: str) -> str:
    """The kind of a trouble of the core; ``OTHER`` for one that it does not name."""
    return kind if kind in _TROUBLES else OTHER


def end_label(ended: Ended) -> str:
    """How a session ended: ``complete``, ``incomplete``, ``failed``, or ``moved`` to a process."""
    if ended.state is State.FAILED:
        return "failed"
    if ended.moved:
        return "moved"
    return "complete" if ended.complete else "incomplete"


def error_label(lost: SocketLost) -> str:
    """The evidence of a lost dial that says most: a close, a status, an error; else ``OTHER``."""
    if lost.code is not None and lost.code not in _NEVER_SENT:
        return close_label(lost.code)
    if lost.status is not None:
        return status_label(lost.status)
    if lost.error is not None:
        return lost.error.value
    return OTHER if lost.code is None else close_label(lost.code)


def close_label(code: int) -> str:
    """A close code, or the range of the codes that applications define."""
    if code in _CODES:
        return f"close_{code}"
    if 3000 <= code < 5000:  # RFC 6455 §7.4.2
        return f"close_{code // 1000}xxx"
    return "close_other"


def status_label(status: int) -> str:
    """A status of HTTP, or its class where HTTP does not define it."""
    if status in _STATUSES:
        return str(status)
    return f"{status // 100}xx" if 100 <= status < 600 else "status_other"
