"""Every timing and every limit, in one validated, frozen place.

A policy is data: the core reads it and nothing else decides how long or how often.
Durations are seconds. Where a number was taken from stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final, NamedTuple

#: No caller may allow more: a client that dials faster than this is an attack.
MAX_DIALS_PER_MINUTE = 15


#: Seconds without a backend's figures after which real time is assumed (``window``). A
#: shorter stall_timeout would give up a line that only says little.
FIGURES_LATE = 5.0

#: Seconds of audio in a frame (contract); memory always holds the newest one (``outbox``).
FRAME_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How patient, how fast and how large a session may be.

    Raises ValueError, naming the field, for a value that cannot work.
    """

    # Opening. The reference backend acks within 19 ms; it wants the start no earlier
    # than 0.2 s after dialling, and takes 5.0 s to say that it is full (contract), so
    # an ack_timeout of 5 would never hear the reason.
    start_delay: float = 0.2
    auth_timeout: float = 30.0
    connect_timeout: float = 10.0
    ack_timeout: float = 8.0

    # Liveness. A dead line is noticed within ping_interval + pong_timeout.
    ping_interval: float = 5.0
    pong_timeout: float = 5.0
    send_timeout: float = 5.0
    stall_timeout: float = 15.0

    # Trying again: U(d/2, d), d = min(cap, first * 2**n).
    backoff_first: float = 1.0
    backoff_cap: float = 10.0
    stable_after: float = 10.0
    prompt_retry: float = 0.25  # the first try after a stable line is lost
    scatter: float = 5.0  # the same where everybody was thrown out together
    later_floor: float = 5.0
    dials_per_minute: int = MAX_DIALS_PER_MINUTE
    max_redirects: int = 10

    # Giving up. None: never for this reason.
    max_attempts: int | None = None
    give_up_after: float | None = 300.0

    # Ending. The backend gives a stuck recogniser 8 s and post-processing comes on
    # top (contract), so finishing takes this long plus the audio that is still due.
    finish_timeout: float = 20.0
    close_timeout: float = 5.0

    # A source from which nothing is heard for so long is lost. None: all may be silent.
    # Sound cards deliver each 20 ms, and a device takes a second or two to open.
    source_timeout: float | None = 10.0

    # Audio kept in memory per source.
    buffer_seconds: float = 60.0

    def __post_init__(self) -> None:
        for name in _DURATIONS:
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if isinstance(value, bool) or not (
                isinstance(value, int | float) and 0 <= value <= _LONGEST
            ):
                raise ValueError(f"Policy.{name} is {value!r}: give a number of seconds >= 0")
            if value == 0 and name not in _MAY_BE_ZERO:
                raise ValueError(f"Policy.{name} is 0: nothing could ever happen in time")
        if self.backoff_cap < self.backoff_first:
            raise ValueError("Policy.backoff_cap is less than backoff_first: raise it")
        if self.stall_timeout <= FIGURES_LATE:
            raise ValueError(
                f"Policy.stall_timeout is {self.stall_timeout:g}: give more than {FIGURES_LATE:g}, "
                "after which a backend without figures is taken to keep up"
            )
        if self.buffer_seconds < FRAME_SECONDS:
            raise ValueError(
                f"Policy.buffer_seconds is {self.buffer_seconds:g}: "
                f"give {FRAME_SECONDS:g} or more, for a frame has to fit"
            )
        self._check_counts()

    def _check_counts(self) -> None:
        for name in _COUNTS:
            value = getattr(self, name)
            is_count = isinstance(value, int) and not isinstance(value, bool)
            if not (is_count or (value is None and name == "max_attempts")):
                raise ValueError(f"Policy.{name} is {value!r}: give a whole number")
        if not 1 <= self.dials_per_minute <= MAX_DIALS_PER_MINUTE:
            raise ValueError(
                f"Policy.dials_per_minute is {self.dials_per_minute}: "
                f"give 1 to {MAX_DIALS_PER_MINUTE}"
            )
        if self.max_attempts is not None and self.max_attempts < 0:
            raise ValueError(f"Policy.max_attempts is {self.max_attempts}: give None or >= 0")
        if self.max_redirects < 0:
            raise ValueError(f"Policy.max_redirects is {self.max_redirects}: give >= 0")

    def check_buffer(self, horizon: float) -> None:
        """Raise ValueError unless the buffer outlasts a dial's whole detection time.

        ``horizon`` is how long (seconds) the dialect's backend may hold audio before
        it proves it. A shorter buffer would lose audio on every ordinary reconnect.
        """
        need = (
            horizon
            + self.ping_interval
            + self.pong_timeout
            + self.connect_timeout
            + self.ack_timeout
        )
        if self.buffer_seconds < need:
            raise ValueError(
                f"Policy.buffer_seconds is {self.buffer_seconds:g}: this dialect and these "
                f"timeouts need at least {need:g} (horizon + ping + pong + connect + ack)"
            )


_DURATIONS = tuple(f.name for f in fields(Policy) if "float" in str(f.type))
_COUNTS = tuple(f.name for f in fields(Policy) if "int" in str(f.type))
_LONGEST = 1e9  # 31 years; neither inf nor NaN is between 0 and this
_MAY_BE_NONE = frozenset({"give_up_after", "source_timeout"})
_MAY_BE_ZERO = frozenset({"start_delay", "prompt_retry", "scatter", "later_floor", "give_up_after"})


class Meaning(NamedTuple):
    """What a field is for, in one line, and where its default comes from."""

    what: str
    source: str


_OURS = "openline"
_CONTRACT = "echopanel contract"
#: What ``diagrams/policy.md`` says of each field; durations are seconds.
MEANINGS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "start_delay": Meaning(
            "the start goes out no earlier than this after dialling began", _CONTRACT
        ),
        "auth_timeout": Meaning("the credential provider answers within this", _OURS),
        "connect_timeout": Meaning(
            "the socket is open within this: DNS, TCP, TLS, upgrade and redirects", _OURS
        ),
        "ack_timeout": Meaning(
            "the start is acked within this", f"{_CONTRACT}: a full backend takes 5.0 s to say so"
        ),
        "ping_interval": Meaning("a ping goes out at least this often", _OURS),
        "pong_timeout": Meaning("anything arrives within this of a ping", _OURS),
        "send_timeout": Meaning("a message is sent within this", _OURS),
        "stall_timeout": Meaning(
            "a backend that takes no more audio drains or speaks within this", _OURS
        ),
        "backoff_first": Meaning("the first d of a wait of d/2 to d; it doubles", _OURS),
        "backoff_cap": Meaning("the largest d", _OURS),
        "stable_after": Meaning(
            "a line that streamed for this is stable: backoff begins anew", _OURS
        ),
        "prompt_retry": Meaning(
            "after a stable line is lost the first try goes out within this", _OURS
        ),
        "scatter": Meaning("the same where everybody was thrown out together (1001, 1012)", _OURS),
        "later_floor": Meaning("the least wait of a LATER", "Speechmatics advises 5-10 s"),
        "dials_per_minute": Meaning(
            "dials, redirects, credential requests and early retries in any minute", _OURS
        ),
        "max_redirects": Meaning("redirects that one dial follows", "websockets"),
        "max_attempts": Meaning("retries without progress before giving up; none: no limit", _OURS),
        "give_up_after": Meaning(
            "how long to try for a stable line before giving up; none: no limit", _OURS
        ),
        "finish_timeout": Meaning(
            "finishing takes at most this and the length of the audio still due",
            f"{_CONTRACT}: 8 s for a stuck recogniser, and post-processing",
        ),
        "close_timeout": Meaning("the closing handshake takes at most this", _OURS),
        "source_timeout": Meaning(
            "a source from which nothing is heard for so long is lost; none: all may be silent",
            _OURS,
        ),
        "buffer_seconds": Meaning(
            "audio kept in memory per source until the backend has proved it", _OURS
        ),
    }
)
