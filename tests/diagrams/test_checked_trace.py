"""What real sessions do, the model does: in journals; and what faulty ones do, it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from openline import Backend, SessionMachine
from openline import events as e
from openline.dialects.registry import DEFAULT
from openline.journal.reader import read
from openline.policy import Policy
from openline.session import TABLE
from openline_diagrams.checked import Trace, checked
from openline_diagrams.checked.trace import follow
from openline_testing.steps import Setting, fixed
from tests.diagrams.support_faults import CODE, changed, gone, planted
from tests.diagrams.support_traces import search

JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


@pytest.mark.parametrize("file", JOURNALS, ids=lambda file: file.stem)
def test_a_journal_is_a_path_of_the_model(file: Path) -> None:
    with file.open("rb") as opened:
        [journal] = read(opened)
    trace = follow(journal, TABLE)
    assert not trace.fault, trace.fault
    assert len(trace.rows) > 3
    assert trace.log


def test_a_journal_is_none_of_a_model_with_a_changed_row() -> None:
    [file] = [each for each in JOURNALS if each.stem == "drop-and-replay"]
    with file.open("rb") as opened:
        [journal] = read(opened)
    trace = follow(journal, changed(gone("streaming", "socket_lost")))
    assert trace.fault == (
        "at 2.320 s, socket_lost: streaming --socket_lost--> reconnecting, "
        "with the pass at 0.000 s: the model has no such step here"
    )


@pytest.mark.parametrize("name", CODE)
def test_a_fault_in_gate_timers_or_counts_leaves_the_model(name: str) -> None:
    model = checked(TABLE, 1)
    one = Setting(
        policy=Policy(max_attempts=3, dials_per_minute=1, give_up_after=130, finish_timeout=70),
        dialect=DEFAULT,
        sources=("mic",),
        has_provider=False,
    )
    with planted(name):
        found = search(one, TABLE, model, situations=60)
    assert found.faults, "the fault was not seen"
    *way, fault = found.faults[0].splitlines()
    assert 1 <= len(way) <= 12, "the way to it is short"
    assert " in the model" in fault or "a law is broken" in fault


def test_a_trace_that_has_left_the_model_stays_so() -> None:
    trace = Trace(changed(gone("connecting", "socket_opened")))
    machine = SessionMachine(
        Backend(), session_id="s", attempt_id="a", random=fixed, observers=[trace]
    )
    machine.receive(e.OpenRequested(), 0.0)
    machine.receive(e.SocketOpened(1, "c"), 1.0)
    fault = trace.fault
    machine.receive(e.StopRequested(), 2.0)
    assert "connecting --socket_opened--> awaiting_ack" in fault
    assert trace.fault == fault
    assert machine.observer_errors == ()
