"""openline as programs ship it: frozen, zipped, vendored, without streams, home or descriptors.

Each program runs in a process of its own. It holds a whole session against a backend of this
process, with what such a session needs of its surroundings: a token file, a spool, a journal.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from openline_testing.background import BackgroundBackend

ROOT = Path(__file__).parents[2]
ROOMS = [
    room
    for top in ("core", "adapters", "diagrams")
    for room in sorted((ROOT / top).iterdir())
    if room.name.startswith("openline")
]
RECORDING = ROOT / "tests" / "data" / "cards_001.wav"
TOKEN = "a-very-secret-token"

#: A session in a thread, with all that it may need of its surroundings. It writes what came of
#: it to the file "result", since there may be no standard output.
PROGRAM = """
import pathlib, sys, traceback
try:
    from openline import Backend
    from openline_driver.version import user_agent
    from openline_threads import TokenFile, open_session
    from openline_threads.sources import PushSource
    url, folder, spooled = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] == "spooled"
    keep = dict(spool=folder / "spool", journal=folder / "journal") if spooled else {}
    token = TokenFile(folder / "token")
    sources = {"mic": PushSource()}
    with open_session(Backend.from_url(url), sources, credentials=token, **keep) as session:
        session.push(bytes(32_000))
        result = f"complete {session.stop().complete} {user_agent()}"
except BaseException as error:
    result = traceback.format_exc()
(folder / "result").write_text(result)
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[BackgroundBackend]:
    with BackgroundBackend(token=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All installed packages but openline, and without its metadata."""
    folder = tmp_path_factory.mktemp("packages")
    for place in site.getsitepackages():
        for entry in Path(place).iterdir():
            ours = "openline" in entry.name.lower() or entry.suffix == ".pth"
            link = folder / entry.name
            if not ours and not link.exists():
                link.symlink_to(entry)
    return folder


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("zipped") / "openline.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for room in ROOMS:
            for file in room.rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(room.parent))
    return path


@pytest.fixture(scope="module")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vendored") / "my app" / "_vendor"
    for room in ROOMS:
        shutil.copytree(room, folder / room.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Shipped:
    """Runs the program as it is shipped in one way, and reads its result."""

    def __init__(self, backend: BackgroundBackend, folder: Path) -> None:
        self.url = backend.backend.url
        self.folder = folder
        (folder / "token").write_text(f"{TOKEN}\n")

    def run(
        self,
        *flags: str,
        before: str = "",
        through: str = '"$@"',
        spooled: bool = True,
        environment: dict[str, str] | None = None,
    ) -> str:
        result = self.folder / "result"
        result.unlink(missing_ok=True)
        program = [sys.executable, *flags, "-c", before + PROGRAM]
        done = subprocess.run(
            [
                *("sh", "-c", through, "sh", *program),
                *(self.url, str(self.folder), "spooled" if spooled else "plain"),
            ],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.exists(), done.stderr
        return result.read_text()


@pytest.fixture
def shipped(backend: BackgroundBackend, tmp_path: Path) -> Shipped:
    return Shipped(backend, tmp_path)


def on_path(*folders: Path) -> str:
    return f"import sys\nsys.path[:0] = {[str(folder) for folder in folders]!r}\n"


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("how", ["zipped", "vendored"])
def test_packed_program_works_without_metadata(
    shipped: Shipped, packages: Path, how: str, request: pytest.FixtureRequest, *, frozen: bool
) -> None:
    packed: Path = request.getfixturevalue(how)
    before = on_path(packed, packages) + ("sys.frozen = True\n" if frozen else "")
    assert shipped.run("-S", "-I", before=before) == "complete True openline"


WAYS: dict[str, dict[str, object]] = {
    "optimised": {"flags": ["-O"]},
    "without docstrings": {"flags": ["-OO"]},
    "without standard input": {"through": '"$@" <&-'},
    "without standard output": {"through": '"$@" >&-'},
    "without standard streams": {"through": '"$@" <&- >&- 2>&-'},
    "without consoles, as pythonw": {
        "before": "import sys\nsys.stdin = sys.stdout = sys.stderr = None\n"
    },
    "without a home": {
        "before": "import os, pwd\npwd.getpwuid = {}.__getitem__\nos.environ.pop('HOME', None)\n"
    },
    "with a home that is a file": {"environment": {"HOME": "/dev/null"}},
    "in ASCII": {"environment": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}},
    "in a folder that is gone": {
        "through": 'd=$(mktemp -d) && cd "$d" && rmdir "$d" && "$@"',
    },
    "with few descriptors": {"through": 'ulimit -n 24 && "$@"'},
}


@pytest.mark.parametrize("way", WAYS)
def test_session_works(shipped: Shipped, way: str) -> None:
    given = dict(WAYS[way])
    flags: list[str] = given.pop("flags", [])  # type: ignore[assignment]  # the table above
    assert shipped.run(*flags, **given).startswith("complete True")  # type: ignore[arg-type]
    assert TOKEN not in (shipped.folder / "journal").read_text()


def test_twelve_descriptors_are_enough_for_a_session(shipped: Shipped) -> None:
    result = shipped.run(through='ulimit -n 12 && "$@"', spooled=False)
    assert result.startswith("complete True")


# Windows has no fcntl; its absence is simulated.

NO_FCNTL = "import sys\nsys.modules['fcntl'] = None\n"


def test_session_works_without_fcntl(shipped: Shipped) -> None:
    assert shipped.run(before=NO_FCNTL, spooled=False).startswith("complete True")


def command(
    *words: str, before: str = "", through: str = '"$@"', folder: Path
) -> subprocess.CompletedProcess[str]:
    program = (
        f"{before}\nimport sys\nfrom openline_cli.main import run\n"
        f"sys.argv[1:] = {list(words)!r}\nrun()"
    )
    return subprocess.run(
        ["sh", "-c", through, "sh", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
    )


@pytest.mark.parametrize("option", ["--spool", "--journal"])
def test_spool_and_journal_without_fcntl_are_one_line(tmp_path: Path, option: str) -> None:
    done = command(
        *("stream", str(RECORDING), "--url", "ws://127.0.0.1:1/ws", option, "kept"),
        before=NO_FCNTL,
        folder=tmp_path,
    )
    what = option.removeprefix("--")
    assert done.returncode == 2
    assert done.stderr == (
        f"openline: {option}: kept: a {what} needs file locks (fcntl), which this system does "
        f"not have: leave the {what} out\n"
    )
    assert not list(tmp_path.iterdir()), "nothing is left behind"


# Advice.

MISSING = [
    *("trio", "trio_websocket", "websockets", "python_socks", "numpy"),
    *("fcntl", "msgspec", "statemachine", "wsproto"),
]
NAMES: dict[str, tuple[str, ...]] = {
    "from openline_trio import open_session": ("trio", "trio_websocket", "python_socks"),
    "from openline_asyncio import open_session": ("websockets", "python_socks"),
    "from openline_threads import open_session": ("websockets", "python_socks"),
    "from openline_trio import TokenFile": (),
    "from openline_trio.sources import FileSource": ("trio", "numpy"),
    "from openline_asyncio.sources import FileSource": ("numpy",),
    "from openline_threads.sources import FileSource": ("numpy",),
}


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("line", NAMES)
def test_extra_is_the_advice_only_where_it_is_missing(line: str, missing: str) -> None:
    program = f"import sys\nsys.modules[{missing!r}] = None\n{line}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    assert ("pip install" in done.stderr) is (missing in NAMES[line])
    if done.returncode:
        assert missing in done.stderr.splitlines()[-1 if missing not in NAMES[line] else -2]


# The command.


@pytest.mark.parametrize("how", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_command_with_closed_streams_works(
    backend: BackgroundBackend, tmp_path: Path, how: str
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    done = command(
        *("stream", str(RECORDING), "--speed", "100", "--url", backend.backend.url),
        *("--token-file", "token", "--out", "out.txt", "--journal", "journal", "--spool", "spool"),
        through=f'"$@" {how}',
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.txt").stat().st_size
    assert all(line.startswith('{"') for line in (tmp_path / "journal").read_text().splitlines())


def test_file_never_gets_the_descriptor_of_a_closed_stream(tmp_path: Path) -> None:
    """A library that prints to descriptor 2 must not write into a journal."""
    program = (
        "from openline_cli import main\n"
        "def say(words):\n"
        "    import os\n"
        f"    fd = os.open({str(tmp_path / 'file')!r}, os.O_WRONLY | os.O_CREAT)\n"
        "    os.write(fd, str(fd).encode())\n"
        "    return 0\n"
        "main.main = say\n"
    )
    done = command(before=program, through='"$@" <&- >&- 2>&-', folder=tmp_path)
    assert done.returncode == 0
    assert int((tmp_path / "file").read_text()) > 2


def test_closed_input_that_is_to_be_read_is_one_line(tmp_path: Path) -> None:
    done = command("stream", "-", through='"$@" <&-', folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "openline: - stands for standard input, which is closed; name a file or open a pipe\n"
    )


@pytest.mark.parametrize("limit", [5, 6, 7, 8, 9, 12])
def test_too_few_descriptors_are_one_line(tmp_path: Path, limit: int) -> None:
    done = command(
        *("stream", str(RECORDING), "--url", "ws://127.0.0.1:1/ws"),
        *("--policy", "give_up_after=0", "--speed", "100"),
        through=f'ulimit -n {limit} && "$@"',
        folder=tmp_path,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("openline: ")


def test_command_works_in_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = command("explain", "1008", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    tmp_path.chmod(0o700)


def test_demo_without_its_recording_is_one_line(tmp_path: Path) -> None:
    before = "from openline_cli import demo\ndemo.CLIP = 'other.flac'\n"
    done = command("demo", before=before, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "openline: this program was packed without the demo's other.flac: add openline_cli/data\n"
    )
