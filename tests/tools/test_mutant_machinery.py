"""The trials find survivors and killed mutants, and the list of survivors is checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
from coverage import Coverage

from openline.commands import SendPing
from openline.events import PongReceived
from openline.reconnect.backoff import DialGate
from openline.session import TABLE
from tests.core.test_relay import flowing, until_a_ping
from tools.mutants import rows
from tools.mutants import trial as trial_module
from tools.mutants.__main__ import is_chosen, sample
from tools.mutants.course import DECLARED, SLOW, attempting, in_order
from tools.mutants.faults import StaleFaultError, all_faults, copy, read
from tools.mutants.killers import TESTS
from tools.mutants.known import LIST, ListError, block, complaints, parse
from tools.mutants.mutant import Key, Mutant, enums_of, find
from tools.mutants.reach import (
    CORE,
    SUITES,
    WRITERS,
    Reach,
    Recorder,
    import_name,
    modules,
    room_of,
    suite,
)
from tools.mutants.trial import Code, Instead, put, trial

KEY: Key = ("machine.actions", "Actions.f", "a < b", "a <= b", 1)
OTHER: Key = ("policy", "", "a = 1", "a = 2", 2)
REACH = Reach(["t::first", "t::second"], [0.001, 0.001], {}, {})


def attempt(ends: Callable[[], int]) -> str:
    """The killer of a change that the second test finds."""

    def run(tests: Sequence[int], begin: Callable[[int], None]) -> int:
        for test in tests:
            begin(test)
        return ends()

    return trial(run, [0, 1], REACH)


def test_mutant_survives_if_every_test_passes() -> None:
    assert attempt(lambda: 0) == ""


def test_last_started_test_is_the_killer() -> None:
    assert attempt(lambda: 1) == "t::second"
    assert attempt(lambda: 1 // 0) == "t::second"


def test_import_error_kills_the_mutant() -> None:
    assert trial(lambda _tests, _begin: 1, [0], REACH) == "import"


def test_endless_loop_is_killed_by_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_module, "PATIENCE", 0.05)

    def forever() -> int:
        while True:
            pass

    assert attempt(forever) == "t::second (endless)"


def test_function_is_changed_only_in_the_child() -> None:
    mutant = returns_none()
    # The tests have frozen what was there at their collection (``tests/conftest.py``).
    changed = Code().changed_by(mutant)

    def run(_tests: Sequence[int], begin: Callable[[int], None]) -> int:
        put(changed)
        begin(0)
        return repr(DialGate(3).opens_at(5.0)) == "None"

    assert trial(run, [0], REACH) == "t::first"
    assert DialGate(3).opens_at(5.0) == 5.0


def test_function_that_cannot_be_changed_is_an_error_and_no_killed_mutant() -> None:
    gone = replace(returns_none(), function="DialGate.closed_at")
    with pytest.raises(AssertionError, match=r"DialGate\.closed_at .* is nowhere to be found"):
        Code().changed_by(gone)


def returns_none() -> Mutant:
    """``DialGate.opens_at`` returns None in place of the time."""
    source = (CORE / "reconnect" / "backoff.py").read_text("utf-8")
    mutant = next(m for m in find("reconnect.backoff", source, {}) if m.before == "return now")
    assert mutant.after == "return None"
    return mutant


def test_recorded_session_keeps_its_short_way() -> None:
    recorder = Recorder(Coverage(data_file=None))
    recorder.pytest_collection_finish()
    try:
        drive = flowing()
        until_a_ping(drive)
        ping = drive.pull()
        drive.drain()
        assert isinstance(ping, SendPing)
        assert drive.core.pong(PongReceived(1, ping.mark), drive.now)
    finally:
        patch.stopall()
    assert "idle open_requested" in recorder.rows


def test_mutated_module_is_imported() -> None:
    path = CORE / "reconnect" / "backoff.py"
    finder = Instead("openline.reconnect.backoff", path, b"GATE_SPAN = 1")
    assert finder.find_spec("openline.reconnect.retry", None) is None
    spec = finder.find_spec("openline.reconnect.backoff", None)
    found: dict[str, object] = {}
    exec(spec.loader.get_code("openline.reconnect.backoff"), found)  # noqa: S102
    assert found["GATE_SPAN"] == 1


def test_multiline_statement_is_reached_by_any_line() -> None:
    reach = Reach(["t"], [0.1], {"m": {"3": [0], "9": []}}, {"idle x": [0]})
    assert [reach.of_line("m", line) for line in (2, 3, 5)] == [[], [0], [0]]
    assert reach.of_module("m") == reach.of_module("another") == [0]
    assert reach.of_rows([("idle", "x"), ("idle", "y")]) == [0]


def test_statement_at_import_is_recorded() -> None:
    reach = Reach(["t"], [0.1], {"m": {"3": [0], "9": [0]}}, {}, {"m": [1, 3]})
    assert [reach.runs_at_import("m", line) for line in (2, 4, 9, 10)] == [True, True, False, False]
    assert not reach.runs_at_import("another", 1)


def test_earlier_killers_run_first_then_near_then_far_then_searches() -> None:
    names = ["t::a", "t::b", "t::c", "t::d", "t::slow", "test_drawn.py::e"]
    reach = Reach(names, [0.4, 0.1, 0.2, 0.3, SLOW, 0.1], {}, {})
    key: Key = ("machine.timers", "", "a = 1", "a = 2", 1)
    assert in_order(key, [3, 4], [0, 1], reach, prose=False, far=range(6)) == [3, 1, 0, 2, 6, 7]
    of_drawing: Key = ("openline_lookup.endings", "", "a = 1", "a = 2", 1)
    assert in_order(of_drawing, [], [0, 1, 5], reach, prose=True) == [1, 5, 0]


def test_own_tests_of_a_module_beside_the_core_fit_into_the_budget() -> None:
    names = [*(f"tests/store/test_x.py::t{i}" for i in range(9)), "tests/store/test_spool.py::t"]
    reach = Reach(names, [4.0] * 9 + [4.5], {}, {}, room="openline_store")
    key: Key = ("openline_store.spool", "", "a = 1", "a = 2", 1)
    assert in_order(key, [], range(10), reach, prose=False) == [9, 0, 1, 2, 3, 4, 5]


def test_sample_depends_on_its_seed_alone() -> None:
    keys = [(*KEY[:4], number) for number in range(50)]
    drawn = sample({*keys}, 10, 1)
    assert len(drawn) == 10
    assert drawn == sample({*reversed(keys)}, 10, 1)
    assert drawn != sample({*keys}, 10, 2)
    assert sample({*keys}, None, 1) == sample({*keys}, 51, 1) == {*keys}


class Tried(NamedTuple):
    key: Key


def test_killer_runs_first_next_time_and_for_neighbours() -> None:
    neighbour: Key = (*KEY[:2], "c", "d", 1)
    began: list[list[int]] = []

    def to(what: Tried) -> Callable[[Sequence[int]], str]:
        def find_killer(first: Sequence[int]) -> str:
            began.append([*first])
            return "t::first (endless)" if what.key == KEY else ""

        return find_killer

    attempt_one = attempting(REACH, to, {KEY: "t::second", neighbour: "theorem"})
    for key in (KEY, neighbour, OTHER):
        assert json.loads(attempt_one(Tried(key)))[0] == [*key]
    assert began == [[1], [0], []]


def test_the_core_and_the_rooms_with_tests_of_their_own_can_be_changed() -> None:
    found = modules()
    for name in ("machine.actions", "openline_store.spool", "openline_audio.samples"):
        assert find_spec(import_name(name)) is not None
        assert found[name].is_file()
    assert {room_of(name) for name in found} == {"openline", *SUITES}
    assert all(path.is_file() for room in ("openline", *SUITES) for path in suite(room))
    assert found.keys() >= WRITERS
    assert import_name("machine.__init__") == "openline.machine"


def test_a_module_whose_own_test_is_among_those_of_the_command_is_a_writer() -> None:
    tested = {f"openline_speech.{path.stem[5:]}" for path in (TESTS / "cli").glob("test_*.py")}
    assert tested & modules().keys() == {each for each in WRITERS if "speech" in each}


def test_modules_are_chosen_by_name_package_or_room() -> None:
    def chosen(*only: str) -> set[str]:
        return {name for name in modules() if is_chosen(name, only)}

    assert chosen("retry", "audio.gaps") == {"reconnect.retry", "audio.gaps"}
    assert "machine.actions" in chosen("machine")
    assert chosen("transcript_writers") == WRITERS
    for room in ("openline", *SUITES):
        assert {room_of(name) for name in chosen(room)} == {room}
    assert chosen() == chosen("openline")


# The list.


def test_list_round_trips() -> None:
    text = "Head.\n\n" + block(KEY, "so it\n  is") + "\n" + block(OTHER, "why")
    assert parse(text) == {KEY: "so it is", OTHER: "why"}


def test_line_may_have_several_mutants() -> None:
    text = "Head.\n\nlink Link.f\n- a\n+ b\n+ c\n- d\n+\nbecause: e\n"
    assert [key[2:] for key in parse(text)] == [("a", "b", 1), ("a", "c", 1), ("d", "", 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        "Link.f\n- a\n+ b\nbecause: c",
        "link f\n- a\n+ b",
        "link f\n- a\nbecause: c",
        "link f\n+ b\nbecause: c",
        "link f\n- a\n+ b\nbecause:",
        "link f\n- a\n+ b\n+ b\nbecause: c",
        "link f\n? a\nbecause: c",
    ],
)
def test_unreadable_list_is_refused(wrong: str) -> None:
    with pytest.raises(ListError):
        parse(f"Head.\n\n{wrong}\n")


def test_unlisted_survivor_and_killed_entry_are_reported() -> None:
    assert complaints([KEY], [], {KEY: "why"}) == []
    assert "not listed" in complaints([KEY], [], {})[0]
    assert "is killed" in complaints([], [OTHER], {OTHER: "why"})[0]


def test_committed_list_is_readable() -> None:
    known = parse(LIST.read_text("utf-8"))
    assert {key[0] for key in known} <= set(modules())
    assert all(len(why) > 10 for why in known.values())


def test_every_listed_survivor_is_still_a_mutant() -> None:
    """Else it was renamed or is gone; a run of all mutants would find that out after an hour."""
    sources = {name: path.read_text("utf-8") for name, path in modules().items()}
    enums = enums_of(sources.values())
    known = parse(LIST.read_text("utf-8"))
    named = {key[0] for key in known} - {DECLARED}
    keys = {mutant.key for name in named for mutant in find(name, sources[name], enums)}
    keys |= {change.key for change in rows.find(TABLE)}
    assert [key for key in known if key not in keys] == []


# The faults.


def test_all_25_faults_exist() -> None:
    assert {fault.number for fault in all_faults()} == set(range(1, 26))


def test_every_fault_fits_the_sources() -> None:
    """Else a run that plants them would find that out after minutes."""
    root = Path(__file__).parents[2]
    hunks = [(fault.name, hunk) for fault in all_faults() for hunk in fault.hunks]
    times = [(name, (root / hunk.path).read_text("utf-8").count(hunk.old)) for name, hunk in hunks]
    assert [name for name, count in times if count != 1] == []


def test_stale_diff_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "01-x.diff"
    path.write_text("What.\n\n--- a/core/x.py\n+++ b/core/x.py\n@@\n a = 1\n-b = 1\n+b = 2\n")
    fault = read(path)
    source = tmp_path / "core" / "x.py"
    source.parent.mkdir()
    source.write_text("a = 1\nb = 1\n")
    fault.apply(tmp_path)
    assert source.read_text() == "a = 1\nb = 2\n"
    with pytest.raises(StaleFaultError, match=r"01-x: core/x.py has these lines 0 times"):
        fault.apply(tmp_path)


@pytest.mark.parametrize("diff", ["", "--- a/x\n+++ b/x\n", "--- a/x\n@@\n-a\n"])
def test_invalid_diff_is_reported(tmp_path: Path, diff: str) -> None:
    path = tmp_path / "01-x.diff"
    path.write_text(f"What.\n\n{diff}")
    with pytest.raises(StaleFaultError, match="01-x"):
        read(path)


def test_sources_are_copied_whole(tmp_path: Path) -> None:
    copy(tmp_path)
    for name in ("core/openline/machine/chart.py", "adapters/openline_trio/session.py"):
        assert (tmp_path / name).read_bytes() == (CORE.parents[1] / name).read_bytes()


def test_every_fault_of_the_reference_client_is_found() -> None:
    """Each is applied to a copy, and the fastest search must find it."""
    command = [sys.executable, "-m", "tools.mutants.fault_trials", "--quick"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    here = Path(__file__).parents[2]
    tried = subprocess.run(command, cwd=here, env=env, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert tried.stdout.count("\n") == 2 * len(all_faults()) + 1
