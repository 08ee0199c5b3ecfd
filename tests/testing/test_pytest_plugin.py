"""The plugin as a user's tests use it: pytest in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import openline
import openline_trio

SOURCES = os.pathsep.join(
    str(Path(str(package.__file__)).parents[1]) for package in (openline_trio, openline)
)
HEAVY = ("trio", "trio_websocket", "openline", "msgspec", "numpy", "statemachine")
HELPERS = """
import socket

REQUEST = (
    b"GET /ws/live-listener HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\n"
    b"Connection: Upgrade\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n"
    b"Sec-WebSocket-Version: 13\\r\\n\\r\\n"
)
"""


def run(folder: Path, source: str, *options: str) -> str:
    """The output of pytest for ``source``."""
    (folder / "helpers.py").write_text(HELPERS)
    (folder / "test_theirs.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        [*command, "-q", "-W", "error", "--rootdir", str(folder), str(folder)],
        capture_output=True, check=False, text=True, timeout=240, cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((SOURCES, str(folder)))},
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_test_without_a_loop(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
from helpers import *

def test_refused(openline_backend):
    backend = openline_backend("refuse 401", token="t")
    other = openline_backend(dialect="soniox")
    assert other.url.endswith("/transcribe-websocket")
    with socket.create_connection((backend.backend.host, backend.backend.port)) as here:
        here.sendall(REQUEST)
        assert b" 401 " in here.recv(999)
    assert (backend.dials, other.dials) == (1, 0)
    assert [str(strike) for strike in backend.faults_struck] == ["dial 1: refuse 401"]

def test_all_are_stopped():
    import threading
    assert threading.active_count() == 1
""",
        "-p", "no:trio", "-p", "no:anyio",
    )  # fmt: skip
    assert "2 passed" in output, output


def test_tests_on_asyncio_and_on_trio(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
import asyncio
import anyio
import pytest
from helpers import *

@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param

@pytest.mark.anyio
async def test_dial(openline_backend):
    backend = openline_backend("refuse 403")
    async with await anyio.connect_tcp(backend.backend.host, backend.backend.port) as here:
        await here.send(REQUEST)
        assert b" 403 " in await here.receive()

def test_plain(openline_backend):
    async def dial(backend):
        reader, writer = await asyncio.open_connection(backend.backend.host, backend.backend.port)
        writer.write(REQUEST)
        assert b" 101 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    asyncio.run(dial(openline_backend()))
""",
        "-p", "no:trio",
    )  # fmt: skip
    assert "3 passed" in output, output


def test_a_session_under_pytest_trio(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
import pytest
import trio
from openline import Policy
from openline_trio import open_session

class Silence:
    duration = 1.0
    async def run(self, sink):
        sink.started(trio.current_time())
        for _ in range(50):
            await trio.sleep(0.02)
            sink.audio(bytes(640))

@pytest.mark.trio
async def test_a_cut_loses_nothing(openline_backend):
    backend = openline_backend("cut after 20 frames")
    policy = Policy(backoff_first=0.1, backoff_cap=0.2, start_delay=0.01)
    async with open_session(backend.backend, {"mic": Silence()}, policy=policy) as session:
        ended = await session.wait()
    assert ended.complete
    assert [len(pcm) for pcm in backend.received("mic")] == [20 * 640, 50 * 640]

@pytest.mark.trio
async def test_an_hour_costs_nothing(openline_clock):
    await trio.sleep(3600)
    assert trio.current_time() == openline_clock.current_time() == 3600

def test_the_clock_is_there_without_a_loop(openline_clock):
    openline_clock.jump(2.5)
    assert openline_clock.current_time() == 2.5
    trio.run(trio.sleep, 7, clock=openline_clock)
    assert openline_clock.current_time() == 9.5
""",
    )
    assert "3 passed" in output, output


def test_plugin_imports_nothing_before_use(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        f"""
import sys

def test_light():
    assert "openline_testing.pytest_plugin" in sys.modules
    assert not [name for name in {HEAVY} if name in sys.modules]
""",
        "-p", "no:trio", "-p", "no:anyio",
    )  # fmt: skip
    assert "1 passed" in output, output


def test_misuse_is_one_line(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
def test_phrase(openline_backend):
    openline_backend("cut aftr ack")

def test_option(openline_backend):
    openline_backend(max_sessions=0)

def test_both(openline_clock, openline_backend):
    raise AssertionError("it ran")
""",
    )
    lines = output.partition("= FAILURES =")[2].splitlines()[2:]
    assert lines[0].startswith('openline_backend: fault "cut aftr ack", column 5: expected'), output
    assert lines[1].startswith("____"), output
    assert lines[2] == "openline_backend: max_sessions must be at least 1, not 0", output
    assert "it ran" not in output
    [both] = [line for line in output.splitlines() if line.startswith("openline_backend lives in")]
    assert both.endswith("use one of them, or a backend in memory (connect=)")


@pytest.mark.parametrize(
    ("missing", "fixture", "extra"),
    [
        ("trio", "openline_clock", "trio"),
        ("trio_websocket", "openline_backend", "backend"),
    ],
)
def test_a_package_that_is_missing_is_one_line(
    tmp_path: Path, missing: str, fixture: str, extra: str
) -> None:
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    source = f"def test_it({fixture}):\n    pass\n"
    others = [f"-pno:{name}" for name in ("trio", "anyio", "hypothesispytest")]
    output = run(tmp_path, source, *others)
    assert f"{fixture} needs {missing}: pip install 'openline[{extra}]'\n" in output
    assert "Traceback" not in output, output
    assert "1 error" in output
