"""A session whose chart is run by another library of state machines.

``SessionMachine`` takes an interpreter for its chart. python-statemachine runs the class that
declares it; transitions gets a machine that is made of the same table: the states, the events,
and of each row the guard and the actions, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from statemachine.exceptions import TransitionNotAllowed

from openline import Backend, SessionMachine
from openline import events as e
from openline.machine.chart import Chart
from openline.session import TABLE

BACKEND: Final = Backend()
ACK: Final = '{"type":"status","state":"streaming"}'
#: Makes a session that nothing has happened to.
Make: TypeAlias = Callable[[], SessionMachine]


def by_statemachine(session: object) -> Callable[[str], bool]:
    """The chart of ``session`` as python-statemachine's own interpreter runs it."""
    chart: Any = Chart(model=session)

    def fire(event: str) -> bool:
        try:
            chart.send(event)
        except TransitionNotAllowed:
            return False
        return True

    return fire


def by_transitions(session: Any) -> Callable[[str], bool]:
    """The chart of ``session`` as transitions runs it.

    Its model is an object of its own, because the library adds methods with the names of the
    events. A row's guard and its actions before the change of state are conditions and
    ``before``; those after it are ``after``.
    """

    class Model:
        """Keeps the state where the session has it."""

        @property
        def state(self) -> str:
            return str(session.state)

        @state.setter
        def state(self, name: str) -> None:
            session.state = name

    model: Any = Model()
    library: Any = import_module("transitions")
    machine = library.Machine(
        model=model,
        states=[*TABLE],
        initial="idle",
        auto_transitions=False,
        ignore_invalid_triggers=True,
    )
    for source, rows in TABLE.items():
        for event, transitions in rows.items():
            for row in transitions:
                machine.add_transition(
                    event,
                    source,
                    row.target,
                    conditions=[] if row.guard is None else [partial(row.guard, session)],
                    before=[partial(do, session) for do in row.before],
                    after=[partial(do, session) for do in row.after],
                )
    return lambda event: bool(model.trigger(event))


#: A session whose chart is run by the library that declares it.
INTERPRETED: Final = partial(SessionMachine, interpreter=by_statemachine)


def fresh(interpreter: Callable[[Any], Callable[[str], bool]] | None = None) -> SessionMachine:
    """A session that nothing has happened to."""
    return SessionMachine(
        BACKEND,
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
        interpreter=interpreter,
    )


#: Each library → what makes a session with it.
MAKERS: Final[Mapping[str, Make]] = MappingProxyType(
    {
        "openline": fresh,
        "python-statemachine": partial(fresh, by_statemachine),
        "transitions": partial(fresh, by_transitions),
    }
)


def streaming(make: Make) -> SessionMachine:
    """A session whose line is open."""
    line = make()
    line.receive(e.OpenRequested(), 0.0)
    line.receive(e.SocketOpened(1, "c"), 1.0)
    line.next_message(1.0)
    line.receive(e.MessageReceived(1, ACK), 1.0)
    line.receive(e.SourceStarted("mic", 1.0), 1.0)
    return line
