"""Record once which test reaches which line of a room, and how long the test takes.

A mutant needs only the tests that run the changed code. Coverage gives the lines for each test,
and the machine's table lookup gives the transitions. The result is kept in
``build/mutants``, for each room, until the room or its tests change.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import coverage
import pytest

from tools.mutants.killers import ARGUMENTS, KILLERS, TESTS

ROOT = TESTS.parent
#: The rooms that can be changed: the core, and the rooms with tests of their own.
CORE = ROOT / "core" / "openline"
ROOMS = {
    "openline": CORE,
    **{
        f"openline_{of}": ROOT / "adapters" / f"openline_{of}"
        for of in ("lookup", "driver", "store", "audio", "speech", "trio", "cli")
    },
}
#: The modules that write transcripts. Their own tests are quick beside those of the command, so
#: they are a room of their own.
WRITERS = frozenset(
    {
        *("openline_cli.writers", "openline_cli.outfile", "openline_speech.formats"),
        *("openline_speech.cues", "openline_speech.jsonlines", "openline_speech.passages"),
    }
)
BUILD = ROOT / "build" / "mutants"
#: The tests that run against each mutant. Those of the drawings compare files generated from
#: the core: they would detect any change of it, also one without an effect on a session.
CORE_SUITE = [
    *sorted((TESTS / "core").glob("test_*.py")),
    *(TESTS / "properties" / f"test_{of}.py" for of in ("contract", "patience", "every_step")),
    TESTS / "properties" / "test_outbox_model.py",
    TESTS / "house" / "test_drawn.py",
]
OF_DRAWINGS = ("test_diagram", "test_drawn")
#: The folders of tests that run against the mutants of another room.
SUITES = {
    room: (TESTS / room.removeprefix("openline_"),) for room in ROOMS if room != "openline"
} | {
    "openline_store": (
        TESTS / "store",
        *(TESTS / "trio" / f"test_session{of}.py" for of in ("", "_sources")),  # of ``loop_face``
    ),
    "openline_audio": (
        *(TESTS / "audio", TESTS / "trio" / "sources"),
        TESTS / "asyncio" / "test_sources.py",  # of ``streamed``
    ),
    "transcript_writers": tuple(
        TESTS / "cli" / f"test_{of.partition('.')[2]}.py" for of in WRITERS
    ),
}
#: The searches that run if no test fails; see ``killers``.
SEARCHES = ("theorem", "resume")
#: Seconds that one may take.
SEARCHING = 5.0
#: Coverage's context for the import of the core; the context of a test is its node id.
IMPORTING = "import"
#: Lines between a change and the line that a tracer sees, in a statement of many lines.
TALL = 30


@dataclass(frozen=True)
class Reach:
    """``tests`` are node ids, ``seconds`` what each took; ``lines`` and ``rows`` its numbers.

    ``at_import`` are the lines that run as the core is imported, whether a test comes or not.
    """

    tests: list[str]
    seconds: list[float]
    lines: dict[str, dict[str, list[int]]]
    rows: dict[str, list[int]]
    at_import: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    room: str = "openline"

    @property
    def suite(self) -> list[Path]:
        """The files of tests that run against a mutant."""
        return suite(self.room)

    @property
    def searches(self) -> list[int]:
        """The numbers of the searches, which follow those of the tests."""
        return [len(self.tests) + i for i in range(len(SEARCHES))]

    def name(self, test: int) -> str:
        """A test by its number, or a search."""
        return [*self.tests, *SEARCHES][test]

    def takes(self, test: int) -> float:
        """Seconds."""
        return self.seconds[test] if test < len(self.seconds) else SEARCHING

    def of_line(self, module: str, line: int) -> list[int]:
        """The tests that reach a line of a module, or the statement that it belongs to."""
        lines = self.lines.get(module, {})
        for above in range(line, max(0, line - TALL), -1):
            if str(above) in lines:
                return lines[str(above)]
        return []

    def runs_at_import(self, module: str, line: int) -> bool:
        """Whether a line of a module, or its statement, runs as the core is imported."""
        tests, imported = self.lines.get(module, {}), self.at_import.get(module, ())
        for above in range(line, max(0, line - TALL), -1):
            if above in imported or str(above) in tests:
                return above in imported
        return False

    def of_module(self, module: str) -> list[int]:
        """The tests that reach any line of a module; all, if it has none that run in a test."""
        lines = self.lines.get(module, {})
        found = {test for tests in lines.values() for test in tests}
        return sorted(found) or [*range(len(self.tests))]

    def of_rows(self, rows: Iterable[tuple[str, str]]) -> list[int]:
        """The tests that fire any of these (state, event)."""
        return sorted({test for row in rows for test in self.rows.get(" ".join(row), ())})


def suite(room: str) -> list[Path]:
    """The files of tests that run against the mutants of ``room``."""
    if room == "openline":
        return CORE_SUITE
    return sorted(
        path
        for place in SUITES[room]
        for path in (place.rglob("test_*.py") if place.is_dir() else [place])
    )


def modules() -> dict[str, Path]:
    """What can be changed, by name: ``machine.actions`` of the core, ``openline_store.spool``."""
    found: dict[str, Path] = {}
    for room, folder in ROOMS.items():
        for path in sorted(folder.rglob("*.py")):
            name = ".".join(path.relative_to(folder).with_suffix("").parts)
            found[name if room == "openline" else f"{room}.{name}"] = path
    return found


def room_of(module: str) -> str:
    """The room that a module is in."""
    if module in WRITERS:
        return "transcript_writers"
    first = module.partition(".")[0]
    return first if first in ROOMS else "openline"


def import_name(module: str) -> str:
    """The import name of a module."""
    whole = module if room_of(module) != "openline" else f"openline.{module}"
    return whole.removesuffix(".__init__")


def _fingerprint(room: str) -> str:
    digest = hashlib.sha256(room.encode())
    changed = [path for name, path in modules().items() if room_of(name) in {room, "openline"}]
    for path in sorted(
        [*changed, *TESTS.glob("*.py"), *(TESTS / "core").glob("*.py"), *suite(room)]
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def kept(room: str) -> Reach | None:
    """The stored result for a room and its tests in their present state, or None."""
    path = BUILD / f"reach-{room}-{_fingerprint(room)}.json"
    return Reach(**json.loads(path.read_text("utf-8"))) if path.exists() else None


def record(room: str) -> None:
    """Run the suite of ``room`` and the searches once, and store the result.

    Raises AssertionError if a test fails or a search finds something in the unchanged code.
    """
    files = {str(path): name for name, path in modules().items() if room_of(name) == room}
    recorder = Recorder(coverage.Coverage(data_file=None, include=[*files], config_file=False))
    recorder.coverage.start()
    recorder.coverage.switch_context(IMPORTING)
    for name in files.values():
        import_module(import_name(name))
    recorder.coverage.switch_context("")
    status = pytest.main([*ARGUMENTS, *map(str, suite(room))], plugins=[recorder])
    recorder.coverage.stop()
    assert status == 0, "the suite fails before anything is changed"
    for name in SEARCHES if room == "openline" else ():
        assert not KILLERS[name](), f"{name} finds something before anything is changed"
    data = recorder.coverage.get_data()
    number = {test: i for i, test in enumerate(recorder.seconds)}
    found = {name: data.contexts_by_lineno(path) for path, name in files.items()}
    lines = {
        name: {
            str(line): sorted(number[each] for each in contexts if each in number)
            for line, contexts in of_line.items()
            if not number.keys().isdisjoint(contexts)
        }
        for name, of_line in found.items()
    }
    at_import = {
        name: sorted(line for line, contexts in of_line.items() if IMPORTING in contexts)
        for name, of_line in found.items()
    }
    reach = Reach(
        [*number],
        [*recorder.seconds.values()],
        lines,
        {row: sorted(number[test] for test in tests) for row, tests in recorder.rows.items()},
        at_import,
        room,
    )
    BUILD.mkdir(parents=True, exist_ok=True)
    for old in BUILD.glob(f"reach-{room}-*.json"):
        old.unlink()
    (BUILD / f"reach-{room}-{_fingerprint(room)}.json").write_text(
        json.dumps(asdict(reach)), "utf-8"
    )


class Recorder:
    """A pytest plugin that sets coverage's context to the running test."""

    def __init__(self, measuring: coverage.Coverage) -> None:
        self.coverage = measuring
        self.seconds: dict[str, float] = {}
        self.rows: defaultdict[str, set[str]] = defaultdict(set)
        self._test = ""

    def pytest_collection_finish(self) -> None:
        from openline.machine.table import fire

        def noting(table: Any, session: Any, event: str) -> Any:
            """Runs the table, as ever, and notes what is looked up in it.

            An ``interpreter`` of a session could note it as well, but would keep the session from
            its short way.
            """
            self.rows[f"{session.state} {event}"].add(self._test)
            return fire(table, session, event)

        patch("openline.session.fire", noting).start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._test = item.nodeid
        self.coverage.switch_context(item.nodeid)
        begun = time.process_time()  # does not depend on the load of the machine
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = round(time.process_time() - begun, 5)
