"""The reference backend in a thread of its own, for tests that run in any loop or in none.

A ``BackgroundBackend`` runs ``serve`` under a trio of its own, on a free port of this machine,
with faults, until it is stopped. Any thread can read its observations at any time: the
number of dials, the faults that struck, and the received audio, by connection. Only
starting and stopping block, for a moment. It runs in real time, whichever
clock the test has. The default recogniser needs no model and no process; another can be
asked for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline_server import (
    BackendError,
    Fault,
    FaultError,
    FaultInjector,
    Peer,
    Server,
    ServerConfig,
    Strike,
    parse_faults,
    serve,
)
from openline_server.config import DialectName, RecognizerName
from openline_server.contracts.base import Action, Audio

__all__ = ["BackendError", "BackgroundBackend", "FaultError"]

#: Loading a model takes a while.
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 10.0


class _Recorder(FaultInjector):
    """Records the received audio."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__(faults)
        self.audio: dict[int, dict[str, bytearray]] = {}

    async def acting(self, peer: Peer, action: Action) -> None:
        """Record audio, then let faults strike."""
        if isinstance(action, Audio):
            audio = self.audio.setdefault(peer.number, {})
            audio.setdefault(action.source, bytearray()).extend(action.pcm)
        await super().acting(peer, action)


class BackgroundBackend:
    """A running backend; a context manager that stops it."""

    def __init__(
        self,
        *faults: str,
        dialect: DialectName = "echopanel",
        recognizer: RecognizerName = "echo",
        token: str | None = None,
        max_sessions: int = 8,
    ) -> None:
        """Start, and wait until it listens. Raises FaultError and BackendError.

        ``faults`` are phrases as in ``openline serve --fault``; ``dialect`` is the wire contract,
        as in ``openline serve --dialect``; ``recognizer`` is ``echo``
        (the text of a final is its interval), ``none``, ``whisper`` or ``pocketsphinx``.
        """
        config = ServerConfig(
            port=0,
            dialect=dialect,
            recognizer=recognizer,
            token=token,
            max_sessions=max_sessions,
        )
        self._dialect = dialect
        self._witness = _Recorder(fault for text in faults for fault in parse_faults(text))
        self._started: queue.SimpleQueue[Server | BaseException] = queue.SimpleQueue()
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope: trio.CancelScope | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(config,), name="openline backend", daemon=True
        )
        self._thread.start()
        try:
            started = self._started.get(timeout=_START_SECONDS)
        except queue.Empty:
            raise BackendError(f"no backend within {_START_SECONDS:.0f} s") from None
        if isinstance(started, BaseException):
            self._thread.join()
            self._failure = None  # raised here, so stop() does not raise it again
            raise started
        self._server = started

    def __enter__(self) -> Self:
        """Return the backend, which runs already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def __repr__(self) -> str:
        faults = "; ".join(map(str, self._witness.faults)) or "no faults"
        return f"<BackgroundBackend at {self.url} with {faults}>"

    @property
    def url(self) -> str:
        """The URL to dial."""
        return self._server.url

    @property
    def backend(self) -> Backend:
        """The address, for ``openline_trio.open_session``, with ``dialect`` as its dialect."""
        return Backend.from_url(self.url)

    @property
    def dialect(self) -> Dialect:
        """The client's side of the wire contract, with its default options."""
        return BUILT_IN[self._dialect]

    @property
    def dials(self) -> int:
        """How many connections were accepted so far."""
        return self._server.accepted

    @property
    def faults_struck(self) -> tuple[Strike, ...]:
        """The faults that struck so far, in order; ``str`` is ``dial 1: cut after ack``."""
        return tuple(self._witness.struck)

    def received(self, source: str = "system") -> list[bytes]:
        """The audio of ``source`` that arrived so far: for each dial, 16-bit PCM at 16 kHz.

        A dialect of one source has it as ``system``. The first dial's comes first; it is empty
        for a dial that brought none.
        """
        audio = self._witness.audio
        return [
            bytes(audio.get(number, {}).get(source, b"")) for number in range(1, self.dials + 1)
        ]

    def stop(self) -> None:
        """End the backend and all its connections, without a close frame. Idempotent.

        Raises the error that ended the backend, if it had failed before.
        """
        if self._token is not None and self._scope is not None:
            with suppress(trio.RunFinishedError):  # the backend has ended already
                self._token.run_sync_soon(self._scope.cancel)
        self._thread.join(_STOP_SECONDS)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if self._thread.is_alive():
            raise BackendError(f"the backend did not stop within {_STOP_SECONDS:.0f} s")

    def _run(self, config: ServerConfig) -> None:
        try:
            trio.run(self._serve, config)
        except BaseException as error:  # noqa: BLE001  # raised in the thread that waits
            self._failure = error
            self._started.put(error)

    async def _serve(self, config: ServerConfig) -> None:
        failures: list[BackendError] = []
        async with trio.open_nursery() as nursery:
            self._token, self._scope = trio.lowlevel.current_trio_token(), nursery.cancel_scope
            try:
                server = await nursery.start(partial(serve, config, hooks=self._witness))
            except BackendError as error:
                failures.append(error)  # raised outside of the nursery, which would wrap it
            else:
                self._started.put(server)
        for failure in failures:
            raise failure
