"""Real sessions along nearly every row of the chart are paths of the model that spin checks.

A search of many steps, so it stands apart from the tests that are traced for coverage.
"""

from __future__ import annotations

from openline import events as e
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline.session import TABLE
from openline_diagrams.checked import checked
from openline_testing.steps import Setting
from openline_testing.watched import declared
from tests.diagrams.support_traces import Found, search
from tests.testing.renewed import Bare, Flushing, Greeting, Hasty, Stopping

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
