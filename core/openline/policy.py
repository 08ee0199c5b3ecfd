"""Every timing and every limit, in one validated, frozen place.

A policy is data: the core takes every timing and limit from it. Durations are seconds. The
source of each number is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final, NamedTuple, TypeGuard, TypeVar

from openline.dialects.traits import Traits
from openline.updates import SAMPLE_RATE

#: The largest ``dials_per_minute``: a client that dials faster overloads the server.
MAX_DIALS_PER_MINUTE = 15


#: Seconds without a backend's figures after which real time is assumed (``window``). A
#: shorter stall_timeout would give up a line on which only little is sent.
FIGURES_LATE = 5.0

#: Seconds of audio in a frame; memory always holds the newest frame (``outbox``).
FRAME_SECONDS = 0.02


#: Seconds of audio kept in memory: the least, and what is kept beyond the dialect's need.
_BUFFER: Final = 60.0
_SPARE: Final = 20.0
_OURS: Final = "openline"
_T = TypeVar("_T")
_REFERENCE: Final = "reference backend"


class Meaning(NamedTuple):
    """The purpose of a field of the policy, in one line, and the source of its default."""

    what: str
    source: str


def _field(default: _T, what: str, source: str = _OURS) -> _T:
    """A field with its meaning, which ``MEANINGS`` and the policy table show."""
    return field(default=default, metadata={"meaning": Meaning(what, source)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The timings and limits of a session: durations in seconds, counts as whole numbers.

    ``MEANINGS`` holds the purpose and the source of each field. Raises ValueError, which names
    the field, for a value that cannot work.
    """

    # Opening. The reference backend acks within 19 ms and takes 5.0 s to report that it
    # is full, so an ack_timeout of 5 would never get the reason.
    start_delay: float | None = _field(
        None,
        "the start goes out no earlier than this after dialling began; none: the dialect's",
        "the dialect's traits",
    )
    auth_timeout: float = _field(30.0, "the credential provider answers within this")
    connect_timeout: float = _field(
        10.0, "the socket is open within this: DNS, TCP, TLS, upgrade and redirects"
    )
    ack_timeout: float = _field(
        8.0,
        "the start is acked within this",
        f"{_REFERENCE}: a full backend takes 5.0 s to report it",
    )

    # Liveness. A dead line is noticed within ping_interval + pong_timeout.
    ping_interval: float = _field(5.0, "a ping goes out at least this often")
    pong_timeout: float = _field(5.0, "anything arrives within this of a ping")
    send_timeout: float = _field(5.0, "a message is sent within this")
    stall_timeout: float = _field(
        15.0, "a backend that takes no more audio drains or sends something within this"
    )
    proof_timeout: float = _field(
        15.0,
        "a backend that is sent audio transcribes or drains some within this and its horizon",
    )

    # Trying again: U(d/2, d), d = min(cap, first * 2**n).
    backoff_first: float = _field(1.0, "the first d of a wait of d/2 to d; it doubles")
    backoff_cap: float = _field(10.0, "the largest d")
    stable_after: float = _field(
        10.0, "a line that streamed for this is stable: backoff begins anew"
    )
    prompt_retry: float = _field(
        0.25, "after a stable line is lost the first try goes out within this"
    )
    scatter: float = _field(5.0, "the same where a server closed all its connections (1001, 1012)")
    later_floor: float = _field(5.0, "the least wait of a LATER", "Speechmatics advises 5-10 s")
    dials_per_minute: int = _field(
        MAX_DIALS_PER_MINUTE,
        "dials, redirects, credential requests and early retries in any minute",
    )
    max_redirects: int = _field(10, "redirects that one dial follows", "websockets")

    # Giving up. None: never for this reason.
    first_contact: float = _field(
        15.0,
        "a session that never streamed takes an unknown host, or a captive portal's page, for a "
        "network that is not ready, for so long after it was opened",
        "macOS reports an unknown host while it is offline",
    )
    max_attempts: int | None = _field(
        None, "retries without progress before giving up; none: no limit"
    )
    give_up_after: float | None = _field(
        300.0,
        "how long after a loss the last dial goes out, unless there is a stable line or progress "
        "before; none: no limit",
    )

    # Ending. The reference backend gives a stuck recogniser 8 s and adds post-processing,
    # so finishing takes this long plus the audio that is still due.
    finish_timeout: float = _field(
        20.0,
        "finishing takes at most this and as long as the backend needs for the audio still due",
        f"{_REFERENCE}: 8 s for a stuck recogniser, and post-processing",
    )
    close_timeout: float = _field(5.0, "the closing handshake takes at most this")

    # A source that delivers nothing for so long is lost. None: each source may be silent.
    # Sound cards deliver each 20 ms, and a device takes a second or two to open.
    source_timeout: float | None = _field(
        10.0, "a source that delivers nothing for so long is lost; none: each may be silent"
    )

    # Audio kept in memory per source.
    buffer_seconds: float | None = _field(
        None,
        "audio kept in memory per source until the backend has confirmed it; none: what the "
        "dialect needs and 20 s more, 60 or more",
        "the dialect's traits",
    )
    memory_seconds: float | None = _field(
        None,
        "where a spool has all audio, so much of it is kept in memory too, per source; none: "
        "buffer_seconds",
        "in a fleet 10 s: it is what most losses have sent again",
    )

    # Where the backend takes a backlog slowly.
    behind_after: float = _field(
        10.0, "a source of which more audio waits, on a line as old, is reported as behind"
    )

    # Where a line may be cut.
    careful_seams: bool = _field(
        default=False,
        what="exact ends confirm audio only in pauses of four times the dialect's time error",
        source="a model of wrong times: no word was lost at a cut, and few were doubled",
    )

    def __post_init__(self) -> None:
        if not _is_bool(self.careful_seams):
            raise ValueError(f"Policy.careful_seams is {self.careful_seams!r}: give True or False")
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
        for name in ("buffer_seconds", "memory_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and seconds < FRAME_SECONDS:
                raise ValueError(
                    f"Policy.{name} is {seconds:g}: "
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

    def buffer_of(self, traits: Traits) -> float:
        """Seconds of audio kept in memory per source, for a dialect with these traits.

        Where silence is not proved, it is assumed to be processed after the horizon, or a little
        later: memory then holds two.
        """
        if self.buffer_seconds is not None:
            return self.buffer_seconds
        least = _BUFFER if traits.proves_silence else max(_BUFFER, 2 * traits.horizon)
        return max(least, self._need(self.lag_of(traits)) + _SPARE)

    @property
    def memory_samples(self) -> int | None:
        """Samples per source that memory keeps of audio that a spool has too; None: no fewer."""
        return None if self.memory_seconds is None else round(self.memory_seconds * SAMPLE_RATE)

    def lag_of(self, traits: Traits) -> float:
        """How long audio may stay unconfirmed on a line that works, in seconds."""
        return traits.lag + (traits.longest_run if self.careful_seams else 0.0)

    def _need(self, lag: float) -> float:
        """How long a dead line may stay unnoticed, and the next one take to open."""
        return (
            lag + self.ping_interval + self.pong_timeout + self.connect_timeout + self.ack_timeout
        )

    def check_buffer(self, lag: float) -> None:
        """Raise ValueError unless the buffer outlasts a dial's whole detection time.

        ``lag`` is how long, in seconds, audio may stay unconfirmed on a line that works
        (``Traits.lag``). A shorter buffer would lose audio on every ordinary reconnect.
        """
        need = self._need(lag)
        if self.buffer_seconds is not None and self.buffer_seconds < need:
            raise ValueError(
                f"Policy.buffer_seconds is {self.buffer_seconds:g}: this dialect and these "
                f"timeouts need at least {need:g} (lag + ping + pong + connect + ack)"
            )


def _is_int(value: object) -> TypeGuard[int]:
    """Whether ``value`` is a whole number; a bool is a mistake."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


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
        "buffer_seconds": "the dialect's need",
        "memory_seconds": "buffer_seconds",
    }
)
_MAY_BE_ZERO = frozenset(
    {"start_delay", "prompt_retry", "scatter", "later_floor", "give_up_after", "first_contact"}
)

#: What each field is for, by its name; durations are seconds.
MEANINGS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {each.name: each.metadata["meaning"] for each in fields(Policy)}
)
