"""For any input: no exception, no heap that grows, and the session still ends.

``garbage`` draws one message: a sample of the contract with one fault in it, text that is
nearly JSON, nesting, numbers and strings out of every field's range, or bytes. A session
receives some of it in every phase; a ``World`` observes it, and at the end the session is
stopped and must come to its end.
Many more than a test can wait for: from ``tests``,
``python -m tests.properties.test_malformed --inputs 1000000 --seed 1``.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import tracemalloc
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import Report
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Decoded, Ids, Malformed, Memory, Message, Noticed
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import State, Trouble
from openline_testing import LawBroken, World
from openline_testing.samples import ECHOPANEL, EchoMessage, fill
from openline_testing.steps import Noted
from tests.support_profiles import many

DIALECT, POLICY = EchoPanel(), Policy(source_timeout=None)


def decoded(data: str | bytes) -> Message:
    _, (message,) = DIALECT.decode(None, data)
    return message


IDS = Ids(session_id="session", attempt_id="attempt", connection_id="connection 1")
SAMPLES = [
    str(fill(sample, IDS)) for sample in ECHOPANEL.values() if isinstance(sample, EchoMessage)
]
DECODE = EchoPanel.decode
#: Messages that one session receives.
SOME = 50
#: The contract's limit on a message.
MOST = 16 * 1024 * 1024

ODD: tuple[Callable[[Random], Any], ...] = (
    lambda _: None,
    lambda rng: rng.choice((True, False)),
    lambda rng: rng.choice((0, -1, 1, 10**9, 10**18, 10**400, -(10**400), 2**63, 0.1, 1e308)),
    lambda rng: rng.choice((float("nan"), float("inf"), float("-inf"), 5e-324, -0.0)),
    lambda rng: rng.choice(("", " ", "\0", "\ud800", "é" * 9, "mic", "system", "x" * 5000)),
    lambda rng: "".join(chr(rng.randrange(0x20, 0x3000)) for _ in range(rng.randrange(40))),
    lambda rng: [odd(rng) for _ in range(rng.randrange(3))],
    lambda rng: {str(i): odd(rng) for i in range(rng.randrange(3))},
)


def odd(rng: Random) -> Any:
    """A value that fits no field."""
    return rng.choice(ODD)(rng)


def one_thing_wrong(rng: Random) -> str:
    fields: dict[str, Any] = json.loads(rng.choice(SAMPLES))
    name = rng.choice([*fields, "t0", "t1", "source", "dropped_total", "backlog_seconds"])
    how = rng.random()
    if how < 0.2:
        fields.pop(name, None)
    else:
        fields[name] = odd(rng)
    return json.dumps(fields, ensure_ascii=rng.random() < 0.5)


def nearly_json(rng: Random) -> str:
    text = rng.choice(SAMPLES)
    at = rng.randrange(len(text))
    match rng.randrange(6):
        case 0:
            return text[:at]
        case 1:
            return f"{text[:at]}{text[at + 1 :]}"
        case 2:
            return f"{text[:at]}{chr(rng.randrange(0xD000))}{text[at:]}"
        case 3:
            return f"{text}{text}"
        case 4:
            return f"\ufeff{text}"
        case _:
            return f'{{"type":"status","type":"asr_final",{text[1:]}'


def deep(rng: Random) -> str:
    depth = rng.choice((10, 1000, 5000, 100_000))
    inner = '{"a":' * depth + "1" + "}" * depth if rng.random() < 0.5 else "[" * depth
    return rng.choice((inner, f'{{"type":"final_summary","json":{inner}}}'))


def huge(rng: Random) -> str:
    text = "x" * rng.choice((100_000, 1_000_000))
    kind, name = rng.choice((("status", "message"), ("asr_partial", "text"), ("error", "message")))
    return json.dumps({"type": kind, "state": "error", "t0": 0, "t1": 1e9, name: text})


def garbage(rng: Random) -> str | bytes:
    """One message."""
    how = rng.random()
    if how < 0.55:
        return one_thing_wrong(rng)
    if how < 0.85:
        return nearly_json(rng)
    if how < 0.92:
        return rng.randbytes(rng.randrange(60))
    if how < 0.98:
        return "".join(chr(rng.randrange(0xD7FF)) for _ in range(rng.randrange(60)))
    return deep(rng) if how < 0.996 else huge(rng)


class Victim:
    """A session driven to ``stage``, which then receives messages."""

    def __init__(
        self,
        stage: int,
        *,
        sources: tuple[str, ...] = ("mic",),
        events: list[Noted] | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "policy": POLICY,
            "dialect": DIALECT,
            "sources": sources,
            "session_id": IDS.session_id,
            "attempt_id": IDS.attempt_id,
        }
        self.now = 0.0
        self.core = SessionMachine(Backend(), random=lambda: 0.5, **options)
        self.world = World(**options)
        self.troubles: list[str] = []
        self.events = events
        self.feed(e.OpenRequested())
        self.feed(e.SocketOpened(1, IDS.connection_id), after=0.3)
        if stage > 0:
            self.pull()
        if stage > 1:
            self.feed(e.MessageReceived(1, fill(ECHOPANEL["ack"], IDS)))
            for source in sources:
                self.feed(e.AudioCaptured(source, bytes(64_000)))
            self.pull()
        if stage > 2:
            self.feed(e.StopRequested())
            self.pull()

    def feed(self, event: e.Event, after: float = 0.0) -> None:
        self.now += after
        if self.events is not None:
            self.events.append(Noted(self.now, self.core.state, event))
        for command in self.world.receive(self.core, event, self.now):
            if isinstance(command, Report) and isinstance(command.update, Trouble):
                self.troubles.append(command.update.kind)

    def pull(self) -> None:
        while self.world.pull(self.core, self.now) is not None:
            pass

    def receive(self, data: str | bytes) -> None:
        """One message; a malformed one is counted, and changes nothing else."""
        before, live = self.core.statistics.malformed, self.world.seen.live
        self.feed(e.MessageReceived(self.core.dial, data))
        unreadable = isinstance(decoded(data), Malformed) and live is not None
        assert self.core.statistics.malformed == before + unreadable

    def end(self) -> None:
        """The session can still be ended."""
        if not self.core.ended:
            self.feed(e.AbortRequested())
        assert self.core.ended
        assert len(self.troubles) == len(set(self.troubles)), "reported twice"


class Drawn(NamedTuple):
    """A stage, and the messages to receive there."""

    stage: int
    sources: tuple[str, ...]
    messages: Iterable[str | bytes]


def draw(seed: int) -> Drawn:
    rng = Random(seed)
    stage, sources = rng.randrange(4), rng.choice((("mic",), ("mic", "system")))
    return Drawn(stage, sources, (garbage(rng) for _ in range(SOME)))


def play(drawn: Drawn, events: list[Noted] | None = None) -> int:
    """Play a session; returns the number of messages. ``events`` collects all events."""
    victim = Victim(drawn.stage, sources=drawn.sources, events=events)
    received = 0
    for message in drawn.messages:
        if victim.core.state in {State.CLOSED, State.FAILED, State.RECONNECTING}:
            break
        victim.receive(message)
        victim.pull()
        received += 1
    victim.end()
    return received


def breaks(drawn: Drawn) -> bool:
    try:
        play(drawn)
    except Exception:  # noqa: BLE001 (any exception)
        return True
    return False


def shrunk(drawn: Drawn) -> Drawn:
    """The same failure without unnecessary messages."""
    messages, before = [*drawn.messages], SOME + 1
    while len(messages) < before:
        before = len(messages)
        for i in reversed(range(before)):
            fewer = messages[:i] + messages[i + 1 :]
            if breaks(drawn._replace(messages=fewer)):
                messages = fewer
    return drawn._replace(messages=messages)


def play_inputs(first: int, inputs: int) -> int:
    """Play seeds until this many messages were received; returns the number of sessions."""
    seed, received = first, 0
    while received < inputs:
        try:
            received += play(draw(seed))
        except Exception as wrong:  # noqa: BLE001 (raised again, shrunk)
            least, events = wrong, list[Noted]()
            try:
                play(shrunk(draw(seed)), events)
            except Exception as again:  # noqa: BLE001 (as above)
                least = again
            print(f"seed {seed}, shrunk:", *events, sep="\n", flush=True)
            raise least from None
        seed += 1
    return seed - first


def main() -> None:
    """The soak."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    sessions = play_inputs(options.seed, options.inputs)
    print(f"{options.inputs} inputs, {sessions} sessions: nothing broke")


# The tests.


@pytest.mark.longer
def test_no_input_breaks_a_session() -> None:
    play_inputs(0, many(2_000, 20_000))


def test_failure_is_shrunk_to_the_necessary_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def decode(dialect: EchoPanel, memory: Memory, data: str | bytes) -> Decoded:
        memory, (message,) = DECODE(dialect, memory, data)
        if isinstance(message, Noticed):
            raise KeyError("people")
        return memory, (message,)

    monkeypatch.setattr(EchoPanel, "decode", decode)
    with pytest.raises(LawBroken, match="decode raised KeyError: 'people'"):
        play_inputs(0, 5_000)
    first, *path = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"seed \d+, shrunk:", first)
    assert path[0] == "    0.000 s  idle: OpenRequested()"
    assert re.search("(entities|cards)_update", path[-1])
    assert len(path) <= 7  # at most six up to the message


def test_every_kind_of_answer_is_drawn() -> None:
    rng = Random(1)
    seen = {type(decoded(garbage(rng))).__name__ for _ in range(3000)}
    expected = {"Status", "Heard", "Metrics", "Lost", "Noticed", "Refusal", "Remark"}
    assert seen == expected | {"FinalMessage", "Unknown", "Malformed"}


@pytest.mark.parametrize("depth", [100, 2_000, 100_000, 1_000_000])
def test_any_nesting_decodes(depth: int) -> None:
    decoded("[" * depth)
    decoded('{"type":"final_summary","json":' + "[" * depth + "]" * depth + "}")


def test_longest_message_decodes_and_is_not_kept() -> None:
    victim = Victim(2)
    text = "x" * (MOST - 200)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for kind in ("status", "what", "error"):
        data = json.dumps({"type": kind, "state": "error", "message": text})
        victim.core.receive(e.MessageReceived(1, data), victim.now)
        del data
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert kept < 100_000
    assert victim.core.ended


ENDLESS: dict[str, Callable[[int], dict[str, Any]]] = {
    "partials": lambda i: {"type": "asr_partial", "text": f"w{i}" * 50, "t0": 0, "t1": i % 2},
    "finals without words": lambda i: {"type": "asr_final", "text": "." * 99, "t0": 0, "t1": i},
    "finals of no source": lambda i: {"type": "asr_final", "text": f"w{i}", "source": f"s{i}"},
    "ignored sources": lambda i: {
        "type": "status",
        "state": "warning",
        "message": f"Ignoring source 's{i}'",
    },
    "states": lambda i: {"type": "status", "state": f"state {i}", "message": f"m{i}" * 50},
    "sources": lambda i: {"type": "metrics", "source": f"source {i}", "backlog_seconds": 1},
    "drops": lambda i: {"type": "metrics", "source": "mic", "dropped_total": i},
    "types": lambda i: {"type": f"type {i}"},
    "people": lambda i: {"type": "entities_update", "people": [f"person {i}"] * 50},
    "garbage": lambda i: {"type": "asr_final", "text": i},
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_messages_cost_no_memory(kind: str) -> None:
    victim = Victim(2)
    make = ENDLESS[kind]

    def receive(first: int, count: int) -> None:
        for i in range(first, first + count):
            fields = {**make(i), "connection_id": IDS.connection_id}
            victim.core.receive(e.MessageReceived(1, json.dumps(fields)), victim.now)

    receive(0, 500)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    receive(500, 3000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000, f"{grown} bytes for 3000 messages"


if __name__ == "__main__":
    main()
