"""Runs a page as its reader would: in an empty folder, in one go, from top to bottom.

Three things are given to it, and nothing else is changed:

- **The port.** A reader's backend listens on port 8000. Here each page has a free port of its own:
  ``127.0.0.1:8000`` and ``Backend()`` are read as that, in commands, files and what is
  shown; ``openline serve`` and ``openline stream`` without an address are given it. So is 10300,
  the port of ``openline wyoming``.
- **Recordings.** A WAV or FLAC file that a command or a file names and the page did not make is a
  short one of ``tests/data``.
- **A background.** ``openline serve`` goes on until the page starts another or ends, and so does
  ``openline wyoming``. What they say until then is compared with what the page shows.
- **A display**, where the page needs one and this machine has none.

In what is shown, ``…`` stands for anything within a line, and a line of its own for any
number of lines. ``^C`` is Ctrl-C, pressed once all that is shown above it has appeared.
Whatever hangs is killed, and the page fails for what it did not show.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.docs.pages import ROOT, Block, has_display

PATIENCE = 280.0
OURS = frozenset({"openline", "python", "pytest", "cat", "ls", "export"})
_DATA = ROOT / "tests" / "data"
_CELLS = Path(__file__).with_name("cells.py")
_BACKGROUND = (["openline", "serve"], ["openline", "wyoming"])
_RECORDING = re.compile(r"[\w-]+\.(?:wav|flac)\b")


class PageError(AssertionError):
    """The output of a page's code differs from the page."""


def shows(said: str, shown: list[str]) -> bool:
    """Whether the output ``said`` matches ``shown``."""
    return re.fullmatch(_pattern(shown), said.rstrip("\n") + "\n") is not None


def _pattern(shown: list[str]) -> str:
    parts: list[str] = []
    for line in shown:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        elif line != "^C":
            parts.append(re.escape(line.rstrip()).replace("…", ".*") + r"[ \t]*\n")
    return "".join(parts)


class Process:
    """A running command; its stdout and stderr are kept as one text."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self.command = command
        self._said = ""
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"] if _simple(command) else ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._timer = threading.Timer(PATIENCE, self._process.kill)
        self._timer.start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._said += line
                self._news.notify_all()
        with self._news:
            self._process.wait()
            self._news.notify_all()

    def wait_for(self, shown: list[str]) -> None:
        """Wait until the output begins with this, or is complete."""
        begins = re.compile(_pattern(shown))
        with self._news:
            self._news.wait_for(
                lambda: begins.match(self._said) or self._process.poll() is not None
            )

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Press Ctrl-C."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the status and the whole output."""
        self._process.wait()
        self._reader.join()
        self._timer.cancel()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self._process.returncode, self._said


def _simple(command: str) -> bool:
    return not re.search(r"[|;&<>]", command) and not command.startswith(("export", "cat"))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Runner:
    """One page on its way. ``python`` runs its Python; ``windows``: it shows some."""

    def __init__(
        self, folder: Path, *, python: str = sys.executable, windows: bool = False
    ) -> None:
        self._folder = folder
        self._interpreter = python
        self._screen = "xvfb-run -a " if windows and not has_display() else ""
        self._port, self._wyoming = _free_port(), _free_port()
        self._files: dict[str, int] = {}
        self._cells: list[str] = []
        self._used: set[str] = set()
        self._serving: list[tuple[Process, list[str], Block]] = []
        self._environment = {
            **{k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "200",
        }

    def run(self, blocks: list[Block]) -> None:
        """Run all of them. Raises PageError for the first thing that is not so."""
        output: str | None = None
        try:
            for block in blocks:
                if block.language == "text" and output is not None and not block.alone:
                    self._compare(block, output, block.text.splitlines())
                output = None
                if block.not_run is not None:
                    continue
                if block.language == "python" or (block.language == "html" and block.file):
                    output = self._python(block)
                elif block.language == "ipython":
                    output = self._cell(block)
                elif block.language == "console":
                    self._console(block)
            self._stop_serving()
        finally:
            for process, _, _ in self._serving:
                process.interrupt(signal.SIGKILL)
                process.end()
        if unused := sorted(set(self._files) - self._used):
            raise PageError(f"line {self._files[unused[0]]}: {unused} is never run or imported")

    def _here(self, text: str) -> str:
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self._port}")
        text = re.sub(r"\b10300\b", str(self._wyoming), text)
        return text.replace("Backend()", f"Backend(port={self._port})")

    def _python(self, block: Block) -> str | None:
        text = self._here(block.text)
        self._note_imports(text)
        self._record(text)
        if block.file is None:
            return self._execute(block, f"python -c {shlex.quote(text)}")
        name, function = block.file
        path = self._folder / name
        if function is not None:
            text = _replaced(path.read_text("utf-8"), function, text)
        self._files[name] = block.line
        if any(f'"{name}"' in each.read_text("utf-8") for each in self._folder.glob("*.py")):
            self._used.add(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return None

    def _cell(self, block: Block) -> str:
        text = self._here(block.text)
        self._record(text)
        self._cells.append(f"cell{len(self._cells)}.txt")
        (self._folder / self._cells[-1]).write_text(text, "utf-8")
        return self._execute(block, f"python {shlex.quote(str(_CELLS))} {' '.join(self._cells)}")

    def _note_imports(self, text: str) -> None:
        for name in self._files:
            if re.search(rf"^\s*(?:from|import) {Path(name).stem}\b", text, re.MULTILINE):
                self._used.add(name)

    def _console(self, block: Block) -> None:
        commands = block.commands
        for number, (typed, lines) in enumerate(commands, 1):
            last = number == len(commands)
            words = shlex.split(typed)
            if words[0] not in OURS:
                raise PageError(f"line {block.line}: {words[0]} is not run here; say why not")
            named = (f"{word.partition(':')[0]}.py" for word in words)  # of module:NAME
            self._used.update(each for each in (*words, *named) if each in self._files)
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                self._environment[name] = value
                continue
            self._record(typed)
            command = self._addressed(typed, words)
            shown = [self._here(each) for each in lines]
            if words[:2] in _BACKGROUND and "help" not in words:
                if words[1] == "serve":
                    self._stop_serving()
                process = Process(command, self._folder, self._environment)
                self._serving.append((process, shown, block))
                process.wait_for(["listening on …"])
                continue
            said = self._execute(block, command, shown, status=block.status if last else 0)
            if shown:
                self._compare(block, said, shown)

    def _addressed(self, command: str, words: list[str]) -> str:
        command = self._here(command)
        if words[:2] == ["openline", "serve"] and "--port" not in words and "help" not in words:
            return f"{command} --port {self._port}"
        if words[:2] == ["openline", "stream"] and "--url" not in words:
            where = f"ws://127.0.0.1:{self._port}/ws/live-listener"
            return command.replace("openline stream", f"openline stream --url {where}", 1)
        if words[:2] == ["openline", "wyoming"] and "--uri" not in words:
            return f"{command} --uri tcp://127.0.0.1:{self._wyoming}"
        return command

    def _execute(
        self, block: Block, command: str, shown: list[str] | None = None, status: int = 0
    ) -> str:
        if command.startswith("python "):
            python = shlex.quote(self._interpreter)
            command = f"{self._screen}{python} {command.removeprefix('python ')}"
        process = Process(command, self._folder, self._environment)
        for at, line in enumerate(shown or ()):
            if line == "^C":
                process.wait_for((shown or [])[:at])
                process.interrupt()
        ended, said = process.end()
        if ended != status:
            raise PageError(f"line {block.line}: status {ended} of: {command}\n{said}")
        return said

    def _stop_serving(self) -> None:
        while self._serving:
            process, shown, block = self._serving.pop()
            process.interrupt()
            _, said = process.end()
            if shown:
                self._compare(block, said, [each for each in shown if each != "^C"])

    def _compare(self, block: Block, said: str, shown: list[str]) -> None:
        while shown and not shown[-1].strip():
            shown = shown[:-1]
        if not shows(said, shown):
            wanted = "\n".join(shown)
            raise PageError(f"line {block.line} shows:\n{wanted}\n\nand this was said:\n{said}")

    def _record(self, text: str) -> None:
        """Lay out the recordings that are named."""
        for name in _RECORDING.findall(text):
            if not (self._folder / name).exists() and "--record" not in text:
                shutil.copy(_DATA / "goforward.wav", self._folder / name)


def _replaced(before: str, function: str, block: str) -> str:
    """The text of a file with one function replaced."""
    for node in ast.walk(ast.parse(before)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            lines = before.splitlines(keepends=True)
            new = block.partition("\n")[2]
            return "".join(lines[: node.lineno - 1]) + new + "".join(lines[node.end_lineno :])
    raise PageError(f"there is no {function} to write again")
