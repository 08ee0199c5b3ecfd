"""Names in journals, on disk and on the wire are stable; the default of a field is empty."""

from __future__ import annotations

import enum
import inspect
from typing import Any, Final

import msgspec
import pytest

from openline import Backend, SessionMachine, events
from openline import commands as commands_module
from openline import events as e
from openline import updates as messages
from openline.backend import CredentialPlace
from openline.commands import OpenSocket, Report, SendBytes
from openline.dialects import protocol as dialect
from openline.dialects.traits import Unit
from openline.journal.reader import Journal
from openline.reconnect.verdicts import Action, Ending, ErrorKind, Rule, Sender, Verdict
from openline.updates import SAMPLE_RATE, GapCause, SourceEndReason, State, StateChanged, to_samples

ENUMS: Final[list[type[enum.StrEnum]]] = [
    *(Action, CredentialPlace, ErrorKind, GapCause, SourceEndReason, Sender, State),
    e.SourceKind,
]
#: Every update, command, event and stored struct.
STRUCTS: Final = [
    *(
        kind
        for module in (messages, events, commands_module, dialect)
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct)
        if kind.__module__ == module.__name__
    ),
    *(Ending, Journal, Rule, Verdict),
]
#: Fields whose default is not empty.
MEANT: Final = {
    ("Gap", "exact"): True,
    ("PartialRetracted", "settled"): True,
    ("FinalMessage", "proves"): True,
    ("Malformed", "words"): True,
    ("Proof", "unit"): Unit.SECONDS,
}


@pytest.mark.parametrize("names", ENUMS)
def test_a_member_is_written_by_its_name(names: type[enum.StrEnum]) -> None:
    assert {member.name: member.value for member in names} == {
        member.name: member.name.lower() for member in names
    }


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_the_default_of_a_field_is_empty(kind: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(kind):
        if field.default is not msgspec.NODEFAULT:
            meant: Any = MEANT.get((kind.__name__, field.name))
            assert field.default == meant if meant is not None else not field.default


def test_a_session_with_required_arguments_only() -> None:
    line = SessionMachine(Backend(), session_id="s", attempt_id="a", random=lambda: 0.5)
    told = line.receive(e.OpenRequested(), 0.0)
    assert told == [
        Report(StateChanged(state=State.CONNECTING, dial=1)),
        OpenSocket(1, Backend(), True),
    ]
    assert line.receive(e.AudioCaptured("mic", bytes(640)), 0.1) == []  # no disk
    line.receive(e.SocketOpened(1, "c"), 0.3)
    line.next_message(0.3)
    ack = '{"type":"status","state":"streaming","connection_id":"c","attempt_id":"a"}'
    line.receive(e.MessageReceived(1, ack), 0.4)
    assert isinstance(line.next_message(0.4), SendBytes)


@pytest.mark.repeats
def test_seconds_convert_back_to_the_same_samples() -> None:
    assert all(to_samples(n / SAMPLE_RATE) == n for n in range(0, 3_000_000, 7))
    assert to_samples(1e30) == to_samples(1e9) == 16_000 * 10**9
