"""What the model keeps of a session: its variables, and what each guard and action means there.

This is the one place where the meaning of Python code is declared anew. All else (states, rows,
guards' names, order, timers, scopes, verdicts, the gate's numbers) is read from the code. The
tests hold this table to the machine: each step that the real machine takes, in walks over all
its inputs and in journals, has to be a step of the model (``openline_diagrams.checked.trace``).

What the model leaves out: audio, words and lengths of time. A question that depends on them is a
*choice*: a variable that may have any value at each step, within ``CHOICES``' constraints. So the
model does all that the machine does, and more. What holds for the model holds for the machine.

Time has no numbers. A timer that runs may fire at any moment, in any order. The gate is judged
from one pass on, the *witness*, which is any pass: ``passes`` counts the passes since then and
``zone`` says how long it is ago. If no minute that begins at the witness has too many passes,
no minute has, for every pass may be the witness:

    zone 1: within the first limit   zone 2: between the limits   zone 0: no witness, or it is old

The limits are the minute of the promise and the gate's own span (61 s), in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from openline.machine.timers import RUNS, Scope, Timer
from openline.reconnect import backoff, verdict_table
from openline.reconnect.rules import Action, Rule
from openline.reconnect.verdict_table import ErrorKind
from openline_diagrams.checked.terms import ALWAYS, BITS, Form, Value, both, either, has

#: Seconds in which no more passes than the limit may lie: the promise.
MINUTE: Final = 60.0
#: Adds one to a number that no limit bounds here.
PLUS: Final = "+1"

#: The timers that the model keeps: each is armed by the chart's actions alone, or nearly.
KEPT: Final = (
    *(Timer.FINISH, Timer.GIVE_UP, Timer.AUTH, Timer.CONNECT, Timer.SETTLE, Timer.ACK),
    *(Timer.STABLE, Timer.DRAIN, Timer.RETRY, Timer.CLOSE, Timer.PONG, Timer.PING),
)
#: The others depend on audio: they may fire whenever ``RUNS`` lets them run.
LOOSE: Final = tuple(t for t in Timer if t.fires is not None and t not in KEPT)
#: In reconnecting these are never due before RETRY, for the retry is planned before both.
BEHIND_RETRY: Final = (Timer.FINISH, Timer.GIVE_UP)

FREE, SILENT, STRICT, OUT = range(4)
FINAL: Final = ("closed", "failed")


def bit(timer: Timer) -> str:
    """The variable that tells whether ``timer`` runs."""
    return f"t_{timer.name.lower()}"


#: Each variable: its values (none: a number), its first value, and what it is.
VARIABLES: Final[Mapping[str, tuple[frozenset[Value] | None, Value, str]]] = {
    "state": (frozenset(RUNS), "idle", "the state of the chart"),
    "mode": (frozenset(range(4)), FREE, "who still acts: all, timers, kept timers, the limit"),
    "provider": (BITS, 0, "there is a provider for credentials"),
    "asked": (BITS, 0, "the app, or its last source, has asked for the stop"),
    "stop": (BITS, 0, "the session is to stop"),
    "attempts": (None, 0, "retries since there was progress"),
    "zone": (frozenset(range(3)), 0, "how long the witness is ago"),
    "passes": (None, 0, "passes of the gate since the witness, and it"),
    "gated": (BITS, 0, "the planned dial waits until the witness is older than the gate's span"),
    "held": (BITS, 0, "the line held for as long as a stable one"),
    "leaving": (frozenset(range(3)), 0, "a replaced dial: 0 none, 1 drains, 2 closes"),
    "wanted": (BITS, 0, "a credential is to be asked for before the next dial"),
    "refused": (BITS, 0, "the last credential was refused"),
    "used": (BITS, 0, "the one fresh credential since the line was stable is used"),
    "sockets": (frozenset(range(3)), 0, "sockets that are open or being opened"),
    "requests": (frozenset(range(3)), 0, "requests for a credential under way"),
    **{bit(timer): (BITS, 0, f"{timer.name} runs") for timer in KEPT},
}
#: Asked of the numbers: the gate is shut for certain; no retry is left; and what must not be: too
#: many passes in a minute, too many retries.
DERIVED: Final = ("full", "spent", "flood", "beyond")
#: The choices of a step.
CHOICES: Final = {
    "never": "the plan is never to dial again",
    "free": "the plan is to dial at once, uncounted",
    "reauth": "the verdict asks for a fresh credential",
    "waits": "the plan waits until the gate's span since the witness is over",
    "open": "the gate is open now",
    "due": "the credential is due",
    "opens": "the line opens without a reply",
    "greets": "an ack is the greeting",
    "unsent": "the start is not sent",
    "delivered": "all audio is confirmed or given up",
    "sent": "the dial's stop is sent",
    "quiet": "a dial may be left now",
    "hint": "a restored network may end the delay",
    "late": "no dial can come before the limit",
}


def domain(name: str) -> frozenset[Value]:
    """The values of a variable, a derived one or a choice. Raises KeyError for a number."""
    if name in DERIVED or name in CHOICES:
        return BITS
    values = VARIABLES[name][0]
    if values is None:
        raise KeyError(name)
    return values


_NEEDS: Final = either(has(wanted=1), has(provider=1, due=1))

GUARDS: Final[Mapping[str, Form]] = {
    "needs_credential": _NEEDS,
    "no_retry": has(never=1),
    "gate_open": has(open=1),
    "opens_stopped": has(stop=1, opens=1),
    "opens_now": has(opens=1),
    "greeting_goes_first": has(greets=1),
    "start_unsent": has(unsent=1),
    "stopping": has(stop=1),
    "may_rotate": has(open=1, quiet=1),
    "all_delivered": has(delivered=1),
    "nothing_left": has(stop=1, delivered=1),
    "renews_with_credential": both(has(free=1), _NEEDS),
    "renews": has(free=1),
    "network_hint_applies": has(hint=1),
    "retry_too_late": has(late=1),
    "line_usable": has(leaving=(0, 1), sent=0),
    "stop_sent": has(sent=1),
    "awaits_final": has(leaving=(0, 1), sent=1),
}


class Effect(NamedTuple):
    """One thing that an action may do: where ``when`` holds, it sets ``sets``."""

    when: Form
    sets: Mapping[str, Value]


def _does(**sets: Value) -> Effect:
    return Effect(ALWAYS, sets)


def _off(*timers: Timer) -> dict[str, Value]:
    return {bit(timer): 0 for timer in timers if timer in KEPT}


def _scope(*scopes: Scope) -> dict[str, Value]:
    return _off(*(timer for timer in KEPT if timer.scope in scopes))


#: Audio may be confirmed, which is progress.
_PROGRESS: Final = (_does(), _does(attempts=0))
#: A pass of the gate: before a witness is chosen; it is the witness; after it.
_PASS: Final = (
    Effect(has(zone=0), {}),
    Effect(has(zone=0), {"zone": 1, "passes": 1}),
    Effect(has(zone=(1, 2)), {"passes": PLUS}),
)
#: Until when the planned dial waits; the gate's time is never passed over (``PLANS``).
_PLANNED: Final = (
    Effect(has(waits=0), {"t_retry": 1, "gated": 0}),
    Effect(has(waits=1), {"t_retry": 1, "gated": 1}),
)


def _times(*groups: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """One effect of each group, in any combination."""
    found: tuple[Effect, ...] = (_does(),)
    for group in groups:
        found = tuple(
            Effect(both(a.when, b.when), {**a.sets, **b.sets}) for a in found for b in group
        )
    return found


_OPENED: Final = (
    Effect(has(sockets=0), {"sockets": 1}),
    Effect(has(sockets=(1, 2)), {"sockets": 2}),
)
_DIALLED: Final = _times(_PASS, _OPENED, (_does(leaving=0),))
_ASKED: Final = (
    Effect(has(requests=0), {"requests": 1, "wanted": 1, "t_auth": 1}),
    Effect(has(requests=(1, 2)), {"requests": 2, "wanted": 1, "t_auth": 1}),
)
_LOST: Final = (_does(attempts=PLUS, held=0),)

#: What each action of the chart does to the variables: one of these, whichever can hold.
#: An action that is not here changes none of them.
ACTIONS: Final[Mapping[str, tuple[Effect, ...]]] = {
    "disarm_state_timers": (Effect(ALWAYS, {**_scope(Scope.STATE), "gated": 0}),),
    "request_credential": (
        *_times((Effect(has(wanted=0), {}),), _ASKED),
        *_times((Effect(has(wanted=1), {}),), _PASS, _ASKED),
    ),
    "note_credential": (
        Effect(has(refused=1), {"used": 1, "wanted": 0, "refused": 0}),
        Effect(has(refused=0), {"wanted": 0}),
    ),
    "cancel_credential": (_does(requests=0),),
    "open_socket": _times(_DIALLED, (_does(t_connect=1),)),
    "follow_redirect": _DIALLED,
    "await_ack": (_does(t_ack=1), _does(t_settle=1)),
    "take_greeting": (_does(t_ack=1), _does(t_ack=0, t_settle=1)),
    "request_start": (_does(t_ack=1),),
    "open_line": (_does(t_give_up=0, t_ping=1),),
    "await_stable": (_does(t_stable=1),),
    "note_stable": (_does(held=1, attempts=0, used=0), _does(held=1, t_stable=1)),
    "request_ping": (_does(t_ping=1, t_pong=1),),
    "begin_drain": (_does(leaving=1, t_drain=1),),
    "look_for_end_of_drain": (
        _does(),
        Effect(has(leaving=(0, 1)), {"t_drain": 1}),
    ),
    "end_drain": _times(
        _PROGRESS,
        (Effect(ALWAYS, {**_scope(Scope.DIAL), "leaving": 2, "t_drain": 0, "t_close": 1}),),
    ),
    "stay": (_does(leaving=0),),
    "renew": (_does(held=0),),
    "end_dial": (Effect(ALWAYS, {**_scope(Scope.DIAL), "leaving": 0}),),
    "abort_socket": (_does(sockets=0),),
    "count_loss": (
        *_times((Effect(has(reauth=0), {}),), _LOST, (_does(t_give_up=0), _does(t_give_up=1))),
        *_times(
            (Effect(has(reauth=1), {"wanted": 1, "refused": 1}),),
            _LOST,
            (_does(t_give_up=0), _does(t_give_up=1)),
        ),
    ),
    "await_retry": _PLANNED,
    "retry_early": _PLANNED,
    "bring_retry_forward": _PLANNED,
    "note_stop": (Effect(has(stop=1), {}), Effect(has(stop=0), {"stop": 1, "t_finish": 1})),
    "close_socket": (Effect(ALWAYS, {**_scope(Scope.DIAL, Scope.SESSION), "t_close": 1}),),
    "report_end": (Effect(ALWAYS, _scope(*Scope)),),
    **dict.fromkeys(
        (
            *("take_words", "take_last_words", "take_proof", "take_metrics", "take_summary"),
            *("take_drain_summary", "note_pong", "lose_audio", "assume_rest"),
        ),
        _PROGRESS,
    ),
}
#: The actions of the chart that change no variable.
NOTHING: Final = frozenset(
    {
        *("start_clocks", "note_redirect", "leave_dial", "note_opened", "count_late"),
        *("report_status", "note_backend_error", "miss_words", "look_for_pause", "note_expiry"),
        *("await_rotation", "put_off_rotation", "take_insight", "note_abort"),
        "give_up_finishing",
    }
)


class Source(NamedTuple):
    """Where an event of the chart may come from, and what changes before a row is looked for.

    ``modes``: when it may come. ``rules``: by which an ending is judged; None: there is none.
    ``goes_on``: the plan is only when the next dial may go out.
    """

    needs: Form
    sets: Mapping[str, Value]
    rules: tuple[Rule, ...] | None = None
    goes_on: bool = False
    modes: Form = has(mode=FREE)


def _every_rule() -> tuple[Rule, ...]:
    return tuple(
        Rule(action=action, why="any", source="any", strike=strike)
        for action in Action
        for strike in (False, True)
    )


def _errors(*kinds: ErrorKind) -> tuple[Rule, ...]:
    return tuple(verdict_table.ERRORS[kind] for kind in kinds)


_ASKED_FOR: Final = has(requests=(1, 2))
_LIVE: Final = has(sockets=(1, 2))
#: A dial is answered once, while it is made: the adapter's promise.
_ANSWER: Final = has(sockets=(1, 2), state="connecting")
_MESSAGES: Final = (
    *("acked", "status", "backend_error", "transcript", "proved", "ignored", "metrics"),
    *("insight", "expiring", "final_message", "pong"),
)
#: The events of the outside. A socket that is lost, or redirected, is gone.
OUTSIDE: Final[Mapping[str, Source]] = {
    **dict.fromkeys(("open_requested", "abort_requested", "network_restored"), Source(ALWAYS, {})),
    "stop_requested": Source(ALWAYS, {"asked": 1}),
    "credential_ready": Source(_ASKED_FOR, {"requests": 0}, goes_on=True),
    "credential_failed": Source(
        _ASKED_FOR,
        {"requests": 0},
        _errors(
            ErrorKind.CREDENTIAL_FAILED, ErrorKind.CREDENTIAL_FATAL, ErrorKind.CREDENTIAL_UNUSABLE
        ),
    ),
    "socket_opened": Source(_ANSWER, {}),
    "redirected": Source(_ANSWER, {"sockets": 0}, goes_on=True),
    "redirect_refused": Source(
        _ANSWER,
        {"sockets": 0},
        _errors(
            ErrorKind.TOO_MANY_REDIRECTS, ErrorKind.REDIRECT_ELSEWHERE, ErrorKind.REDIRECT_REFUSED
        ),
    ),
    "socket_lost": Source(_LIVE, {"sockets": 0}, _every_rule()),
    "refused": Source(_LIVE, {"t_pong": 0}, _every_rule()),
    **dict.fromkeys(_MESSAGES, Source(_LIVE, {"t_pong": 0})),
}
#: What the sender and unread messages do to the variables between the events of the chart.
BETWEEN: Final[Mapping[str, Effect]] = {
    "a message without an event": Effect(_LIVE, {"t_pong": 0}),
    "a ping goes out": Effect(
        has(state=[s for s, run in RUNS.items() if Timer.PING in run]), {"t_ping": 1, "t_pong": 1}
    ),
    "the sender sees the end of the drain": Effect(
        has(state="draining", leaving=(0, 1)), {"t_drain": 1}
    ),
    "a suspension puts the retry off": Effect(
        has(state="reconnecting", t_retry=1, zone=(1, 2)), {"gated": 1}
    ),
}


def of_timer(timer: Timer) -> Source:
    """What the firing of ``timer`` is to the chart."""
    rules = None if timer.error is None else _errors(timer.error)
    if timer is Timer.CLOSE:  # of a dial that is replaced
        rules = (verdict_table.EXPIRED,)
    if timer not in KEPT:
        states = [state for state, runs in RUNS.items() if timer in runs]
        modes = has(mode=(FREE, SILENT))
        if timer is Timer.SOURCE:  # the sources are watched until the stop
            return Source(has(state=states, stop=0), {"asked": 1}, modes=modes)
        return Source(has(state=states), {}, rules, modes=modes)
    early = has(mode=(FREE, SILENT, STRICT))
    if timer in BEHIND_RETRY:
        early = both(early, has(state=[s for s in RUNS if s != "reconnecting"]))
    last: Form = has(mode=OUT, t_finish=0)
    if timer is Timer.FINISH:
        last = has(mode=OUT, state=[s for s in RUNS if s != "reconnecting"])
    elif timer is Timer.RETRY:
        last = either(last, has(mode=OUT, state="reconnecting"))
    elif timer in BEHIND_RETRY:
        last = both(last, has(state=[s for s in RUNS if s != "reconnecting"]))
    needs = has(**{bit(timer): 1})
    if timer is Timer.RETRY:
        needs = both(needs, has(gated=0))
    return Source(needs, {bit(timer): 0}, rules, modes=either(early, last))


class Zones(NamedTuple):
    """The zones ``within`` the minute, those in which a full gate is ``shut``, and the last."""

    within: frozenset[Value]
    shut: frozenset[Value]
    last: int


def zones() -> Zones:
    """The zones of the gate's span."""
    span = backoff.GATE_SPAN
    if span == MINUTE:
        return Zones(frozenset({1}), frozenset({1}), 1)
    short, long = frozenset[Value]({1}), frozenset[Value]({1, 2})
    return Zones(short, long, 2) if span > MINUTE else Zones(long, short, 2)
