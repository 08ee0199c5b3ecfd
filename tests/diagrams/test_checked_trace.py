"""What real sessions do, the model does: in journals, and along nearly every row of the chart."""

from __future__ import annotations

from pathlib import Path

import pytest

from openline import Backend, SessionMachine
from openline import events as e
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.journal.reader import read
from openline.policy import Policy
from openline.session import TABLE
from openline_diagrams.checked import Trace, checked
from openline_diagrams.checked.trace import follow
from openline_testing.steps import Setting, fixed
from openline_testing.watched import declared
from tests.diagrams.support_faults import CODE, changed, gone, planted
from tests.diagrams.support_traces import Found, search
from tests.testing.renewed import Bare, Flushing, Greeting, Hasty, Stopping

JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))
_LONG = Policy(source_timeout=None)
#: Policy, dialect, whether there is a provider, and from how many situations all steps are taken.
SETTINGS: dict[str, tuple[Dialect, Policy, bool, int]] = {
    "near limits": (
        DEFAULT,
        Policy(
            max_attempts=3,
            give_up_after=130,
            dials_per_minute=2,
            finish_timeout=70,
            max_redirects=1,
        ),
        True,
        120,
    ),
    "one attempt": (
        DEFAULT,
        Policy(max_attempts=1, give_up_after=20, source_timeout=None),
        True,
        120,
    ),
    "no attempt": (DEFAULT, Policy(max_attempts=0, give_up_after=None), False, 60),
    "little time": (
        DEFAULT,
        Policy(give_up_after=7.5, finish_timeout=5, source_timeout=None),
        False,
        60,
    ),
    "no reply": (Bare(), _LONG, False, 60),
    "a greeting": (Greeting(), _LONG, False, 60),
    "renewed by a flush": (Flushing(), Policy(), False, 180),
    "renewed by a stop": (Stopping(), _LONG, True, 180),
    "no time to drain": (Hasty(), Policy(source_timeout=None, finish_timeout=0.3), False, 100),
    "no step": (Bare(), Policy(source_timeout=None, start_delay=0.0), False, 60),
    "one more try": (
        DEFAULT,
        Policy(
            max_attempts=1,
            give_up_after=None,
            source_timeout=None,
            dials_per_minute=1,
            finish_timeout=5,
        ),
        False,
        60,
    ),
    "one that held": (Stopping(), _LONG, False, 60),
    "the same with a credential": (Stopping(), _LONG, True, 60),
}


def held(*, has_provider: bool) -> list[tuple[float, e.Event]]:
    """A line that was stable, and whose backend announces its end."""
    asked = [(0.0, e.CredentialReady(1, due_at=0.0))] if has_provider else []
    return [
        (0.0, e.OpenRequested()),
        *asked,
        (0.0, e.SocketOpened(1, "connection 1")),
        (0.2, e.Tick()),
        (0.2, e.MessageReceived(1, "hello")),
        (0.3, e.AudioCaptured("mic", bytes(640))),
        (5.2, e.Tick()),
        (5.3, e.PongReceived(1, b"1")),
        (10.2, e.Tick()),
        (10.3, e.MessageReceived(1, "go away")),
    ]


#: How a search begins.
BEGUN = {
    "one that held": held(has_provider=False),
    "the same with a credential": held(has_provider=True),
}
#: The rows that these searches do not come to.
UNSEEN = {
    "awaiting_ack --settle_due [opens_stopped]--> finishing",
    "connecting --socket_opened [opens_stopped]--> finishing",
    "draining --finish_due--> failed",
    "draining --socket_lost [no_retry]--> failed",
    "draining --stop_requested [line_usable]--> finishing",
    "draining --timed_out [no_retry]--> failed",
    "finishing --quiet_due--> closing",
    "finishing --refused--> reconnecting",
    "streaming --rotate_due--> itself",
}


def setting(name: str) -> Setting:
    dialect, policy, has_provider, _ = SETTINGS[name]
    return Setting(
        policy=policy,
        dialect=dialect,
        sources=dialect.traits.names[:1],
        has_provider=has_provider,
    )


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


def test_sessions_along_the_rows_of_the_chart_are_paths_of_the_model() -> None:
    whole = Found()
    models = {dials: checked(TABLE, dials) for dials in (1, 2, 15)}
    for name, (_, policy, _, situations) in SETTINGS.items():
        model = models[policy.dials_per_minute]
        found = search(
            setting(name), TABLE, model, situations=situations, begun=BEGUN.get(name, ())
        )
        assert not found.faults, f"{name}:\n{found.faults[0]}"
        whole.rows.update(found.rows)
        whole.steps += found.steps
    assert whole.steps > 40_000
    assert declared().keys() - whole.rows.keys() == UNSEEN, "strike out what is seen now"


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
