"""A number that tests take from the code under test stands here once more.

A test that asks ``SOON - 1`` and ``SOON + 1`` holds whatever ``SOON`` is: hours in place of days, a
nought too many. Of 48 limits that were made ten times as large, 23 were found by none of the tests
that name them. So who changes such a number changes it here as well, and on purpose.

Seconds, bytes, samples and counts are as at the number itself. The pages of diagrams are compared
with pictures, and the kit for tests is tried on faults.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tests.house.support_trees import tree

ROOT = Path(__file__).parents[2]
ELSEWHERE = ("openline_diagrams", "openline_testing")
NUMBERS: Final[Mapping[str, Mapping[str, float]]] = {
    # Core: 16,000 samples a second, in frames of 20 ms.
    "openline.updates": {"SAMPLE_RATE": 16_000},
    "openline.audio.assuming": {"SPEED": 1.5, "TRUST": 300},
    "openline.audio.backlog": {"FRAME_SAMPLES": 320},
    "openline.audio.counts": {"MOST": 4096},
    "openline.audio.disk_runs": {"FETCH": 80_000},
    "openline.audio.formed": {"JITTER": 0.5},
    "openline.audio.loudness": {"LEVEL": 184, "SLOT": 1600},
    "openline.audio.outbox": {"ROOM": 32_000},
    "openline.audio.time_map": {"MOST_DROPS": 64},
    "openline.dialects.assemblyai_turns": {"TOLD_WITHIN": 5},
    "openline.dialects.openai_items": {"MOST_ITEMS": 24, "MOST_TEXT": 500, "SKIPPED": 45},
    "openline.dialects.sherpa": {"ONSET": 0.5},
    "openline.dialects.soniox_tokens": {"MOST_PIECES": 120},
    "openline.dialects.vllm": {"MOST_TEXT": 8000, "PAUSE": 8},
    "openline.dialects.whisperlivekit": {"ONSET": 0.5},
    "openline.journal.reader": {"VERSION": 1},
    "openline.machine.suspension": {"GRACE": 0.25, "NOTICED": 1},
    "openline.policy": {"FRAME_SECONDS": 0.02, "MAX_DIALS_PER_MINUTE": 15},
    "openline.reconnect.retry": {"LAST_DIAL": 5, "LATER_JITTER": 1, "RETRY_AFTER_JITTER": 0.5},
    "openline.reconnect.verdicts": {"MAX_STRIKES": 4},
    "openline.text": {"MOST": 300},
    # The driver and the faces.
    "openline_driver.dials": {"RELEASE": 1},
    "openline_driver.effects": {"DRAIN": 1, "MAX_MESSAGE": 16 << 20},
    "openline_driver.http": {"MAX_HEAD": 64 << 10},
    "openline_driver.network_hints": {"APART": 2, "LOOK": 2, "NOTICED": 1, "SETTLE": 0.25},
    "openline_driver.options": {"STORE_LIMIT": 1 << 30},
    "openline_driver.tokens": {"LEAD": 30},
    "openline_driver.updates": {"MAX_STATES": 256},
    "openline_asyncio.sources.pacer": {"SLOT": 0.01},
    "openline_fleet.descriptors": {"SPARE": 64},
    "openline_fleet.engines.rota": {"MOST_STARTS": 5},
    "openline_fleet.reading": {"LEAST": 0.002, "MOST": 0.01, "PATIENCE": 0.1},
    "openline_fleet.sending": {"MOST": 64},
    "openline_fleet.spec": {"MEMORY_SECONDS": 10},
    # Audio.
    "openline_audio.convert": {"FRAME_BYTES": 640},
    "openline_audio.device_machine": {"FIRST_BLOCK": 5, "RETRY": 1, "STALL": 2},
    "openline_audio.foreign": {"LOOK_BYTES": 64},
    "openline_audio.headers": {"PLACEHOLDER": 0x7F00_0000},
    "openline_audio.source": {"FRAME_SAMPLES": 320, "SAMPLE_RATE": 16_000},
    "openline_server.contracts.pcm": {"MOST_AT_ONCE": 8192},
    "openline_server.endpointer": {"FRAME_SAMPLES": 512},
    # What is stored and shown.
    "openline_batch.leases": {"LEASE": 60},
    "openline_batch.recordings": {"LONGEST_LINE": 1 << 20},
    "openline_cli.live_server": {"ASKING": 10, "CONNECTIONS": 32, "STALL": 10},
    "openline_cli.problems": {"FAILED": 1, "USAGE": 2},
    "openline_inspect.drawing": {"NARROW": 0.5},
    "openline_inspect.eventstream": {"SILENCE": 15},
    "openline_inspect.history": {"CHUNK": 64 << 10},
    "openline_inspect.page": {"PACKED_FROM": 500_000},
    "openline_load.capacity": {"PRECISE": 0.05},
    "openline_load.own": {"LATE": 0.02},
    "openline_speech.cues": {"COLUMNS": 42, "LEAST": 1000, "LONGEST": 7000},
    "openline_store.records": {"VERSION": 3},
    "openline_store.spool": {"SEGMENT_BYTES": 1_920_000},
    "openline_store.token_file": {"MOST_BYTES": 8192, "SETTLED": 0.2},
    "openline_telemetry.setup": {"SAMPLE_EVERY": 5},
    "openline_telemetry.turns": {"MOST_WAITING": 64},
}
_IMPORT: Final = re.compile(r"^ *from (openline[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
_NAME: Final = re.compile(r"\b[A-Z][A-Z0-9_]*\b")
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: lambda one, two: one + two,
    ast.Sub: lambda one, two: one - two,
    ast.Mult: lambda one, two: one * two,
    ast.Div: lambda one, two: one / two,
    ast.FloorDiv: lambda one, two: one // two,
    ast.LShift: lambda one, two: int(one) << int(two),
}


@cache
def path_of(module: str) -> Path | None:
    """The file of one of our modules."""
    for folder in ("core", "adapters", "diagrams"):
        place = ROOT / folder / module.replace(".", "/")
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.exists():
                return path
    return None


@cache
def number(module: str, name: str) -> float | None:
    """The number that a module gives this name, itself or from another one; None: no number."""
    path = path_of(module)
    for each in [] if path is None else tree(path).body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=given), value=ast.expr() as value):
                pass
            case ast.Assign(targets=[ast.Name(id=given)], value=value):
                pass
            case ast.ImportFrom(module=str(other), names=names):
                if found := [alias.name for alias in names if (alias.asname or alias.name) == name]:
                    return number(other, found[0])
                continue
            case _:
                continue
        if given == name:
            return _worth(module, value)
    return None


def _worth(module: str, value: ast.expr) -> float | None:
    match value:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as found):
            return found
        case ast.Name(id=name):
            return number(module, name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            one, two = _worth(module, left), _worth(module, right)
            return None if one is None or two is None else _OPERATORS[type(op)](one, two)
        case _:
            return None


def borrowed(text: str) -> set[tuple[str, str]]:
    """The numbers that a module of tests imports from the code: their modules and names.

    Three hundred modules are searched as texts: to parse them takes seconds.
    """
    return {
        (module, name)
        for module, names in _IMPORT.findall(text)
        for name in _NAME.findall(names)
        if number(module, name) is not None
    }


def test_each_number_that_tests_borrow_stands_here() -> None:
    known = {(module, name) for module, names in NUMBERS.items() for name in names}
    found = {
        each
        for path in (ROOT / "tests").rglob("*.py")
        for each in borrowed(path.read_text("utf-8"))
        if not each[0].startswith(ELSEWHERE)
    }
    assert sorted(found - known) == [], "tests import these numbers: write them into NUMBERS"
    assert sorted(known - found) == [], "no test imports these any more: take them out"


def test_each_number_is_what_it_was() -> None:
    found = {module: {name: number(module, name) for name in names}
             for module, names in NUMBERS.items()}  # fmt: skip
    assert found == NUMBERS


def test_what_a_module_borrows() -> None:
    source = (
        "from openline_doctor.findings import LOG, SOON, State\n"
        "from openline_audio.convert import (\n    FRAME_BYTES,\n    Framer,\n)\n"
    )
    assert borrowed(source) == {
        ("openline_audio.convert", "FRAME_BYTES"),
        ("openline_doctor.findings", "SOON"),
    }
    assert number("openline_doctor.findings", "SOON") == 14 * 24 * 3600
    assert number("openline_audio.convert", "FRAME_BYTES") == 640
    assert number("openline_doctor.findings", "LOG") is None
