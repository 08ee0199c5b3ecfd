"""What a provider may return, and until when a session may use it again.

A plain str is used until the backend refuses it. A ``Token`` can state more: the time at which it
expires, or that it is good for one dial only. An open line needs no credential, so a token that
expires meanwhile changes nothing; before the next dial the provider is asked again, from ``lead``
seconds before ``expires_at`` on.

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

    def unusable(self) -> str:
        """What is wrong with it, in words without the value; empty if nothing is."""
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
                return ""
            kind = "nan"
        return f"its Token has an expires_at of {kind}; give seconds since the epoch"

    def seconds_left(self, lead: float, at: float | None) -> float | None:
        """Seconds for which it may be used for a dial, from ``at`` (since the epoch) on.

        None: until it is refused. 0: for one dial.
        """
        if not self.reuse:
            return 0.0
        if self.expires_at is None:
            return None
        return 0.0 if at is None else max(0.0, self.expires_at - lead - at)
