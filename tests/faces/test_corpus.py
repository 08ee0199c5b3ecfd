"""One corpus for every face: the same scripts, the same journals but for times.

A face is added by a harness: it plays a script's steps in its own loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from openline.updates import Ended
from openline_fleet.spec import MEMORY_SECONDS
from tests.faces.asyncio_harness import ON_ASYNCIO, ON_UVLOOP
from tests.faces.blocking_harness import BlockingHarness
from tests.faces.corpus import CANCELLED, CORPUS, KILLED, echo
from tests.faces.fleet_harness import ON_FLEET, ON_FLEET_UVLOOP
from tests.faces.harness import Harness, Played, by_moment, own_words, without_times
from tests.faces.script import Scenario
from tests.faces.threads_harness import ThreadsHarness
from tests.faces.trio_harness import TrioHarness

MODEL = TrioHarness()
OTHERS: list[Harness] = [
    *(ON_ASYNCIO, ON_UVLOOP, ON_FLEET, ON_FLEET_UVLOOP),
    *(ThreadsHarness(), BlockingHarness()),
]

Run: TypeAlias = tuple[Played, list[str]]
every_other = pytest.mark.parametrize("harness", OTHERS, ids=lambda each: each.name)


def played(harness: Harness, scenario: Scenario, folder: Path, *, spool: Path | None = None) -> Run:
    journal = folder / f"{harness.name}.jsonl"
    journal.unlink(missing_ok=True)
    found = harness.run(scenario, journal=journal, spool=spool)
    assert found.left == 0, "a script was not told that the client is gone"
    return found, without_times(journal)


def same(ours: Run, model: Run) -> None:
    """Both runs are the same, but for the times in the journals and the words of a library."""
    assert ours[1] == model[1]
    read, expected = own_words(ours[0].updates), own_words(model[0].updates)
    if not (model[0].updates and isinstance(model[0].updates[-1], Ended)):
        # It was cancelled, and read no further; in threads it was closed by another one.
        assert not read[len(expected) :] or isinstance(ours[0].updates[-1], Ended)
        read = read[: len(expected)]
    assert read == expected
    assert ours[0].dials == model[0].dials
    assert ours[0].seconds == pytest.approx(model[0].seconds, abs=1e-6)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Scenario], Run]:
    """Plays a scenario on the model, once for all faces."""
    folder = tmp_path_factory.mktemp("model")
    runs: dict[int, Run] = {}

    def play(scenario: Scenario) -> Run:
        if id(scenario) not in runs:
            runs[id(scenario)] = played(MODEL, scenario, folder)
        return runs[id(scenario)]

    return play


@pytest.mark.parametrize("name", CORPUS)
@every_other
def test_a_script_has_the_same_journal_on_each_face(
    harness: Harness, name: str, model: Callable[[Scenario], Run], tmp_path: Path
) -> None:
    scenario = CORPUS[name]
    expected = model(scenario)
    same(played(harness, scenario, tmp_path), expected)
    acts = [act for _, act in scenario.acts]
    assert "cancel" in acts or isinstance(expected[0].updates[-1], Ended)


def killed_and_resumed(harness: Harness, name: str, folder: Path) -> tuple[Run, Run]:
    """The run in which a copy of the spool is made, and the one that resumes that copy.

    Memory holds on each face what it does in a fleet, which writes that into the policy.
    """
    there = folder / harness.name
    there.mkdir()
    policy = replace(KILLED[name].policy, memory_seconds=MEMORY_SECONDS)
    first = played(harness, replace(KILLED[name], policy=policy), there, spool=there / "spool")
    rest = Scenario((echo,), policy=policy)
    return first, played(harness, rest, there, spool=there / "killed")


@pytest.mark.parametrize("name", KILLED)
@every_other
def test_what_a_kill_leaves_is_resumed_alike(harness: Harness, name: str, tmp_path: Path) -> None:
    model = killed_and_resumed(MODEL, name, tmp_path)
    ours = killed_and_resumed(harness, name, tmp_path)
    for our, expected in zip(ours, model, strict=True):
        same(our, expected)
    ended = model[1][0].updates[-1]
    assert isinstance(ended, Ended)
    assert ended.complete or KILLED[name].system  # a script confirms the one source alone
    assert ended.statistics.sources["mic"].missing == 0


@pytest.mark.parametrize("name", CANCELLED)
@pytest.mark.repeats
def test_a_session_that_is_cancelled_between_two_events_ends_alike(
    name: str, tmp_path: Path
) -> None:
    """Behind each moment at which something happens, on every face."""
    scenario = CANCELLED[name]
    played(MODEL, scenario, tmp_path)
    for moment in by_moment(tmp_path / f"{MODEL.name}.jsonl"):
        cut = replace(scenario, acts=((moment + 0.00005, "cancel"),))
        expected = played(MODEL, cut, tmp_path)
        for harness in OTHERS:
            same(played(harness, cut, tmp_path), expected)


@pytest.mark.parametrize("name", CANCELLED)
@pytest.mark.repeats
def test_a_session_that_is_cancelled_in_an_event_leaves_nothing(name: str, tmp_path: Path) -> None:
    """In each of them, on every face. Only what comes at the same moment may differ."""
    scenario = CANCELLED[name]
    _, whole = played(MODEL, scenario, tmp_path)
    for number in range(1, sum('"event"' in line for line in whole) + 1):
        cut = replace(scenario, cancel_at=number)
        for harness in [MODEL, *OTHERS]:
            assert harness.run(cut, journal=tmp_path / "cut").left == 0
            found = by_moment(tmp_path / "cut")
            (tmp_path / "cut").unlink()
            last = found.popitem()[1]
            before = [line for lines in found.values() for line in lines]
            assert before == whole[: len(before)]
            assert any("aborted" in line or "Ended" in line for line in last)
