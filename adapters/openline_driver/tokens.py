"""What a provider may return, and until when a session may use it again.

A plain str is used until the backend refuses it. A ``Token`` can state more: the time at which it
expires, or that it is good for one dial only. An open line needs no credential, so a token that
expires meanwhile changes nothing; before the next dial the provider is asked again, from ``lead``
seconds before ``expires_at`` on. If that call fails, the token serves until ``expires_at``.

A token may live for less than ``lead``. Then it would be asked for at each dial, by each of the
sessions that share a provider; so the provider is asked again once half of its life is over.
Example: a token for 20 s that comes at 100, with a lead of 30, is used for dials until 110.

Some services answer a request with an address for one session. Then the ``Token`` has a
``backend``: it is dialled from then on, until a later ``Token`` has another one.
"""

from __future__ import annotations

import math
from typing import Final, cast

import msgspec

from openline.backend import Backend

#: Seconds before a token expires from which it is not used for another dial: a dial, the upgrade
#: and the backend's check take up to 20 s (CONNECT and ACK), and two clocks differ a little.
LEAD: Final = 30.0
#: A clock that shows less is not set (September 2001).
_NOW: Final = 1e9
#: Seconds since the epoch that no token has: up to March 1973, and from the year 5138 on.
_LONG_AGO: Final = 1e8
_NEVER: Final = 1e11
_ASK: Final = "give seconds since the epoch, time.time() + the seconds that it lasts"


class Token(msgspec.Struct, frozen=True):
    """A credential and how long it may be used; a provider may return one in place of a str.

    ``expires_at`` is in seconds since the epoch, as ``exp`` of a JWT; None: unknown. ``reuse``
    False: it is good for one dial, so the provider is asked before each. ``backend``: where it is
    good; None: where the session dials anyway. The value and the backend are not in the repr.
    """

    value: str
    expires_at: float | None = None
    reuse: bool = True
    backend: Backend | None = None

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at!r}, reuse={self.reuse!r})"

    def unusable(self, came: float | None = None) -> str:
        """What is wrong with it, in words without the value; empty if nothing is.

        ``came``: when it came, in seconds since the epoch; None: unknown.
        """
        # A caller without a type checker may have put in anything.
        value, reuse = cast("object", self.value), cast("object", self.reuse)
        expires_at = cast("object", self.expires_at)
        if not isinstance(value, str):
            return f"its Token holds {type(value).__name__}; a token is a str"
        there = cast("object", self.backend)
        if not isinstance(there, Backend | None):
            return f"its Token has a backend of type {type(there).__name__}; give a Backend"
        if not isinstance(reuse, bool):
            return f"its Token has a reuse of type {type(reuse).__name__}; give True or False"
        if expires_at is None:
            return ""
        kind = type(expires_at).__name__
        if isinstance(expires_at, int | float) and not isinstance(expires_at, bool):
            if not math.isnan(expires_at):
                return "" if came is None else _misdated(expires_at, came)
            kind = "nan"
        return f"its Token has an expires_at of {kind}; give seconds since the epoch"

    def due_at(self, lead: float, came: float) -> float | None:
        """From when on the provider is asked again before a dial, if this came at ``came``.

        All in seconds since the epoch. None: not before it is refused. -inf: before each dial.
        """
        if not self.reuse:
            return -math.inf
        if self.expires_at is None:
            return None
        return self.expires_at - min(lead, max(0.0, self.expires_at - came) / 2)


def _misdated(expires_at: float, came: float) -> str:
    """What is wrong with the end of a token; empty if nothing is.

    It finds the usual mistakes where the clock is right: the seconds that the token lasts, the
    clock of a loop, and milliseconds.
    """
    if came < _NOW or math.isinf(expires_at):
        return ""
    if expires_at < _LONG_AGO:
        return f"its Token expired in 1970 (expires_at={expires_at:g}): {_ASK}"
    if expires_at > _NEVER:
        return f"its Token expires after the year 5000 (expires_at={expires_at:g}): {_ASK}"
    return ""
