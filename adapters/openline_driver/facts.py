"""What a face reports and the core does not know: the driver makes core events of these.

Every other event of a face is the core's own (``openline.events``). None carries a time: the
driver takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec


class Refused(msgspec.Struct, frozen=True):
    """HTTP refused the upgrade of a dial with ``status``; no ``SocketLost`` follows.

    ``headers`` are those of the answer, their names in small letters; the driver reads the few
    that it needs. ``received_at`` is when the answer came, in seconds since the epoch; it is
    needed only where a Retry-After is a date and the answer has no Date of its own.
    """

    dial: int
    status: int
    headers: Mapping[str, str]
    received_at: float | None = None


class Released(msgspec.Struct, frozen=True):
    """The socket of a dial is gone, however the dial ended."""

    dial: int


class Woke(msgspec.Struct, frozen=True):
    """The face waited for ``deadline`` (what ``Driver.deadline`` gave), and it has come.

    A timer of the operating system may fire a little early: the driver then takes the deadline
    as the time, or the face would wait for the rest again and again.
    """

    deadline: float


class CredentialGiven(msgspec.Struct, frozen=True):
    """The provider returned ``given``, which may be anything. Secret.

    ``at`` is when it came, in seconds since the epoch: a ``Token`` may expire at such a time.
    """

    request: int
    given: object
    at: float | None = None

    def __repr__(self) -> str:
        return f"CredentialGiven(request={self.request})"


class ProviderFailed(msgspec.Struct, frozen=True):
    """The provider raised ``error``."""

    request: int
    error: Exception


class SourceRaised(msgspec.Struct, frozen=True):
    """A source raised ``error``: it is lost."""

    source: str
    error: Exception


class NetworkNews(msgspec.Struct, frozen=True):
    """What was read of the kernel's socket (``openline_driver.netlink``)."""

    data: bytes


class Cancelled(msgspec.Struct, frozen=True):
    """The task or thread of the session is cancelled before the session has ended."""


Fact: TypeAlias = (
    Refused
    | Released
    | Woke
    | CredentialGiven
    | ProviderFailed
    | SourceRaised
    | NetworkNews
    | Cancelled
)
