"""The demo's backend: ``openline serve`` in a process of its own, on a free port.

It gets a random token through its environment. Its standard input is a pipe, so that it ends
when the demo ends, even by a crash. It runs in a process session of its own, so that Ctrl-C
reaches only the demo: the demo must finish its session before the backend ends.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Final, Self

import trio

from openline.backend import Backend
from openline.text import os_reason
from openline_cli.credentials import VARIABLE
from openline_cli.problems import FAILED, Problem

_PREFIX: Final = "listening on "
#: Long, because the recogniser may have to download its model first.
_START_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 5.0


class Child:
    """A backend that runs while the block lasts; dial it with ``backend`` and ``token``."""

    def __init__(self, recognizer: str) -> None:
        """Prepare the backend; ``start`` runs it."""
        self.token = secrets.token_urlsafe(24)
        self.backend = Backend()
        self._recognizer = recognizer
        self.process: trio.Process | None = None
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in _end
        except OSError as error:
            raise Problem(f"no temporary file can be made: {os_reason(error)}") from None

    async def __aenter__(self) -> Self:
        """Start it and wait until it listens. Raises Problem."""
        try:
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._end()

    async def start(self, port: int = 0) -> None:
        """Start it and wait until it listens. Raises Problem."""
        # The executable of a frozen program is the command itself: it has no option -m.
        module = [] if getattr(sys, "frozen", False) else ["-m", "openline_cli"]
        command = [sys.executable, *module, "serve", "--with-parent"]
        command += ["--port", str(port), "--recognizer", self._recognizer]
        self.process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, VARIABLE: self.token},
            start_new_session=True,
        )
        with trio.move_on_after(_START_SECONDS):
            self.backend = Backend.from_url(await self._where(self.process))
            return
        raise Problem(f"the backend did not start in {_START_SECONDS:.0f} s", status=FAILED)

    async def kill(self) -> None:
        """Kill it at once, as a crash does: no close frame, no last message."""
        process, self.process = self.process, None
        if process is not None:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()
                for stream in (process.stdin, process.stdout):
                    if stream is not None:
                        await stream.aclose()

    async def _where(self, process: trio.Process) -> str:
        assert process.stdout is not None  # noqa: S101  # opened as a pipe
        line = b""
        while not line.endswith(b"\n"):
            more = await process.stdout.receive_some()
            if not more:
                await process.wait()
                raise Problem(f"the backend did not start: {self._last_words()}", status=FAILED)
            line += more
        return line.decode().strip().removeprefix(_PREFIX)

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("openline: ") if lines else "it printed no reason"

    async def _end(self) -> None:
        with trio.CancelScope(shield=True):
            if self.process is not None:
                self.process.terminate()
                with trio.move_on_after(_STOP_SECONDS):
                    await self.process.wait()
                await self.kill()
        self._errors.close()
