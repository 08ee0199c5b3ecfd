"""Every timing and every limit, in one validated, frozen place.

A policy is data: the core reads it, and nothing else decides how long or how often.
Durations are seconds. The source of each number stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final, NamedTuple, TypeGuard

from openline.dialects.traits import Traits

#: No caller may allow more: a client that dials faster than this is an attack.
MAX_DIALS_PER_MINUTE = 15


#: Seconds without a backend's figures after which real time is assumed (``window``). A
#: shorter stall_timeout would give up a line on which only little is sent.
FIGURES_LATE = 5.0

#: Seconds of audio in a frame; memory always holds the newest frame (``outbox``).
FRAME_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How patient, how fast and how large a session may be.

    Raises ValueError, naming the field, for a value that cannot work.
    """

    # Opening. The reference backend acks within 19 ms and takes 5.0 s to report that it
    # is full, so an ack_timeout of 5 would never get the reason. start_delay None: the
    # dialect's.
    start_delay: float | None = None
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

    # Ending. The reference backend gives a stuck recogniser 8 s and adds post-processing,
    # so finishing takes this long plus the audio that is still due.
    finish_timeout: float = 20.0
    close_timeout: float = 5.0

    # A source that delivers nothing for so long is lost. None: each source may be silent.
    # Sound cards deliver each 20 ms, and a device takes a second or two to open.
    source_timeout: float | None = 10.0

    # Audio kept in memory per source.
    buffer_seconds: float = 60.0

    def __post_init__(self) -> None:
        for name in _DURATIONS:
            value = getattr(self, name)
            if value is None and name in _NONE_MEANS:
                continue
            fits = _is_float(value) and 0 <= value <= _LONGEST
            if not fits or (value == 0 and name not in _MAY_BE_ZERO):
                least = "0 or more" if name in _MAY_BE_ZERO else "more than 0"
                never = f", or None for {_NONE_MEANS[name]}" if name in _NONE_MEANS else ""
                raise ValueError(
                    f"Policy.{name} is {value!r}: give seconds, {least} and at most 1e9{never}"
                )
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
            if not (_is_int(value) or (value is None and name == "max_attempts")):
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

    def start_delay_of(self, traits: Traits) -> float:
        """Seconds from dialling to the start, for a dialect with these traits."""
        return traits.start_delay if self.start_delay is None else self.start_delay

    def check_buffer(self, horizon: float) -> None:
        """Raise ValueError unless the buffer outlasts a dial's whole detection time.

        ``horizon`` is how long, in seconds, the dialect's backend may hold audio before it
        confirms it. A shorter buffer would lose audio on every ordinary reconnect.
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


def _is_int(value: object) -> TypeGuard[int]:
    """Whether ``value`` is a whole number; a bool is a mistake."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_float(value: object) -> TypeGuard[float]:
    return _is_int(value) or isinstance(value, float)


_DURATIONS = tuple(f.name for f in fields(Policy) if "float" in str(f.type))
_COUNTS = tuple(f.name for f in fields(Policy) if "int" in str(f.type))
_LONGEST = 1e9  # 31 years; neither inf nor NaN is between 0 and this
_NONE_MEANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "start_delay": "the dialect's",
        "give_up_after": "no limit",
        "source_timeout": "no limit",
    }
)
_MAY_BE_ZERO = frozenset({"start_delay", "prompt_retry", "scatter", "later_floor", "give_up_after"})


class Meaning(NamedTuple):
    """What a field is for, in one line, and where its default comes from."""

    what: str
    source: str


_OURS = "openline"
_REFERENCE = "reference backend"
#: What each field is for, by its name; durations are seconds. The table of policies shows it.
MEANINGS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "start_delay": Meaning(
            "the start goes out no earlier than this after dialling began; none: the dialect's",
            "the dialect's traits",
        ),
        "auth_timeout": Meaning("the credential provider answers within this", _OURS),
        "connect_timeout": Meaning(
            "the socket is open within this: DNS, TCP, TLS, upgrade and redirects", _OURS
        ),
        "ack_timeout": Meaning(
            "the start is acked within this",
            f"{_REFERENCE}: a full backend takes 5.0 s to report it",
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
            "how long after a loss the last dial goes out, unless there is a stable line or "
            "progress before; none: no limit",
            _OURS,
        ),
        "finish_timeout": Meaning(
            "finishing takes at most this and the length of the audio still due",
            f"{_REFERENCE}: 8 s for a stuck recogniser, and post-processing",
        ),
        "close_timeout": Meaning("the closing handshake takes at most this", _OURS),
        "source_timeout": Meaning(
            "a source that delivers nothing for so long is lost; none: each may be silent",
            _OURS,
        ),
        "buffer_seconds": Meaning(
            "audio kept in memory per source until the backend has confirmed it", _OURS
        ),
    }
)
