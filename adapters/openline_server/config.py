"""The configuration of a server, validated before anything is opened.

Every mistake is one ``BackendError`` of one line: what is wrong and what would be right.
The token is in no repr and in no error.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Final, Literal, get_args

RecognizerName = Literal["whisper", "pocketsphinx", "none", "echo"]
#: The wire contracts; each is a module of ``openline_server.contracts``.
DialectName = Literal[
    "echopanel", "deepgram", "speechmatics", "assemblyai", "openai", "vllm", "soniox", "vosk",
    "whisperlive", "whisperlivekit", "sherpa",
]  # fmt: skip
#: How fast a recogniser that is not slowed may take audio from the queue, in seconds of
#: audio per second. With the first second free, ten seconds sent at once lose seven, as on
#: the observed server.
DRAIN_RATE: Final = 8.0
#: Seconds that the observed server waits for a recogniser once a session is stopped.
OBSERVED_STOP_WAIT: Final = 8.0
#: Seconds for one that may be slow: two jobs that take as long as a worker may.
STOP_WAIT: Final = 120.0


class BackendError(Exception):
    """The server cannot be started; the text is one line for the user."""


class AddressError(BackendError):
    """The server cannot listen on the address. ``taken``: another process does."""

    def __init__(self, line: str, *, taken: bool = False) -> None:
        super().__init__(line)
        self.taken = taken


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """How a server runs. Raises BackendError for a setting that is impossible or unsafe.

    ``slow``: 1.0 lets the recogniser take audio as fast as it can (8 times real time at
    most); X above 1.0 makes the server take it at 1/X of real time, so that its
    queues fill and drop.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    recognizer: RecognizerName = "whisper"
    #: The wire contract to serve.
    dialect: DialectName = "echopanel"
    #: A model's name or directory; None: the model of the installed model package.
    model: str | None = None
    #: Worker processes for recognition; None: one per processor.
    workers: int | None = None
    #: Refuse to start without the recogniser (else: serve, and send ``no_asr_provider``).
    require_recognizer: bool = True
    record: Path | None = None
    slow: float = 1.0
    drain_rate: float = DRAIN_RATE
    max_sessions: int = 8
    #: None: 64, or twice the sessions, so that those who wait for one are told so.
    max_connections: int | None = None
    #: How long a ``start`` waits for a free session.
    capacity_wait: float = 5.0
    handshake_timeout: float = 10.0
    start_timeout: float = 60.0
    #: Seconds in which a stopped session's audio has to be recognised; None: as the recogniser is.
    stop_timeout: float | None = None
    max_session_seconds: float = 4 * 3600.0
    ping_interval: float = 20.0
    ping_timeout: float = 20.0
    close_timeout: float = 5.0

    def __post_init__(self) -> None:
        """Validate everything that needs neither disk nor network."""
        if not self.host:
            raise BackendError("host is empty: give an address or a name, such as 127.0.0.1")
        if not 0 <= self.port <= 65535:
            raise BackendError(f"port {self.port} is not within 0 to 65535")
        self._check_access()
        self._check_numbers()
        if self.recognizer not in get_args(RecognizerName):
            raise BackendError(
                f"no recogniser {self.recognizer!r}: choose {', '.join(get_args(RecognizerName))}"
            )
        if self.dialect not in get_args(DialectName):
            raise BackendError(
                f"no dialect {self.dialect!r}: choose {', '.join(get_args(DialectName))}"
            )
        if self.record is not None and self.record.exists() and not self.record.is_dir():
            raise BackendError(f"cannot record into {self.record}: it is not a directory")

    @property
    def stop_wait(self) -> float:
        """Seconds in which the audio of a stopped session has to be recognised.

        The words count, however slow the machine: a recogniser that works has as long as in any
        other contract, and its workers end what hangs. One that needs no time is given what the
        observed server gives.
        """
        if self.stop_timeout is not None:
            return self.stop_timeout
        return OBSERVED_STOP_WAIT if self.recognizer in {"none", "echo"} else STOP_WAIT

    @property
    def most_connections(self) -> int:
        """Connections at a time; one more is refused with 503."""
        return self.max_connections or max(64, 2 * self.max_sessions)

    def _check_access(self) -> None:
        if self.token is not None and not (self.token.isascii() and self.token.strip()):
            raise BackendError("the token must be non-blank and ASCII")
        if self.token is None and not is_loopback(self.host):
            raise BackendError(
                f"refusing to listen on {self.host} without a token: any client could connect"
            )

    def _check_numbers(self) -> None:
        if not (isfinite(self.slow) and self.slow >= 1.0):
            raise BackendError(f"slow must be 1.0 or more, not {self.slow}")
        for name in ("max_sessions", "max_connections", "workers"):
            count: int | None = getattr(self, name)
            if count is not None and count < 1:
                raise BackendError(f"{name} must be at least 1, not {count}")
        for name in _SECONDS:
            seconds: float | None = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise BackendError(f"{name} must be more than 0, not {seconds}")


_SECONDS: Final = (
    "drain_rate",
    "capacity_wait",
    "handshake_timeout",
    "start_timeout",
    "stop_timeout",
    "max_session_seconds",
    "ping_interval",
    "ping_timeout",
    "close_timeout",
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
