"""A dialect is third-party code: its shape, its output and its messages are validated."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import SendBytes, SendText
from openline.dialects.checking import (
    DialectError,
    check_dialect,
    decode_or_malformed,
    decode_strict,
    encode_checked,
)
from openline.dialects.dry_run import dry_run
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import (
    Decoded,
    DialectBase,
    Encoded,
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Memory,
    Message,
    Metrics,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
    Word,
)
from openline.dialects.traits import Ends, Traits, Unit
from openline.reconnect.verdicts import Action, Rule
from openline.session import SessionMachine
from openline.updates import Trouble
from tests.core.driver import Drive

ROW = Rule(action=Action.LATER, why="busy", source="the toy")


class Toy(DialectBase):
    """A complete dialect; each test removes or changes one member."""

    name = "toy"
    traits: Any = Traits(
        sources=("mic", "other"), horizon=0, codes={4999: ROW}, refusals={"busy": ROW}
    )
    said: Any = Unknown(type="said")

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        return memory, (f"start {ids.connection_id}",)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (pcm,)

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return memory, (b"stop",)

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        if data == "go":
            return memory, (Status(state="go", ack=True),)
        return memory, (self.said,)


def toy(**changes: Any) -> Any:
    """A toy with other attributes."""
    return type("Toy", (Toy,), changes)()


def other(**methods: Any) -> Any:
    """A toy with other methods, which ignore their arguments."""
    return toy(**{name: staticmethod(partial(_only, do)) for name, do in methods.items()})


def _only(do: Callable[[], object], *_given: object) -> object:
    return do()


def wrong(made: Callable[..., Message], /, **fields: Any) -> Message:
    """A message with a field of a wrong type."""
    return made(**fields)


def returns(value: object) -> Callable[[], object]:
    return lambda: value


def fail() -> object:
    raise KeyError("a secret")


# Shape of a dialect.


@pytest.mark.parametrize(
    "dialect", [Toy(), EchoPanel(), other(headers=returns([("x-key", "TOKEN")]))]
)
def test_a_complete_object_is_a_dialect(dialect: Any) -> None:
    check_dialect(dialect)
    dry_run(dialect)


SHAPES = [
    (Toy, "dialect: give an object, Toy(), not the class"),
    ("toy", "dialect: give an object, such as Deepgram(), not str"),
    *(
        (toy(name=name), "the dialect Toy lacks 'name': give it a text that is not blank")
        for name in (None, " ", 7)
    ),
    *(
        (toy(traits=traits), "the dialect Toy lacks 'traits': give it Traits(sources=…, …)")
        for traits in (None, {"horizon": 15.0}, Traits)
    ),
    *(
        (toy(**{method: wrong}), f"the dialect Toy lacks '{method}': give it a method")
        for method in ("start", "audio", "flush", "keepalive", "stop", "decode", "query")
        for wrong in (None, "JSON")
    ),
    (
        toy(begin=None),
        (
            "the dialect Toy lacks 'begin': derive it from DialectBase, let start, audio, stop and "
            "decode take a memory first, and return (memory, messages) or (memory, items)"
        ),
    ),
]


@pytest.mark.parametrize(("dialect", "text"), SHAPES)
def test_an_invalid_dialect_is_refused_in_one_line(dialect: Any, text: str) -> None:
    with pytest.raises(DialectError) as caught:
        check_dialect(dialect)
    assert str(caught.value) == text
    with pytest.raises(DialectError):
        SessionMachine(
            Backend(), session_id="s", attempt_id="a", random=lambda: 0.5, dialect=dialect
        )


# Output of a dialect.


@pytest.mark.parametrize("method", ["start", "audio", "stop"])
def test_output_is_text_or_bytes_or_an_error_naming_the_method(method: str) -> None:
    for said in ((), ("text",), (b"bytes", "text")):
        made = other(**{method: returns((5, said))})
        assert encode_checked(made, method, "x", b"") == (5, said)
    for wrong in ({"a": "secret"}, None, bytearray(b"secret")):
        with pytest.raises(DialectError) as caught:
            encode_checked(other(**{method: returns((5, ("text", wrong)))}), method, "x", b"")
        assert str(caught.value) == (
            f"the dialect Toy: {method} has to return messages that are str or bytes, not "
            f"{type(wrong).__name__}"
        )
    shapes: list[tuple[object, str]] = [
        *(("text", "str"), (b"secret", "bytes"), (None, "NoneType"), ((), "()")),
        *(((5, "text"), "(int, str)"), ((5, ["text"]), "(int, list)")),
        *(((5, (), ()), "(int, tuple, tuple)"), ((5,) * 9, "(int, int, int, int, …)")),
    ]
    for shape, shown in shapes:
        with pytest.raises(DialectError) as caught:
            encode_checked(other(**{method: returns(shape)}), method, "x", b"")
        assert str(caught.value) == (
            f"the dialect Toy: {method} has to return (memory, messages), messages being a tuple, "
            f"not {shown}"
        )
    with pytest.raises(DialectError) as caught:
        encode_checked(other(**{method: fail}), method, "x", b"")
    assert str(caught.value) == f"the dialect Toy: {method} raised KeyError"
    assert isinstance(caught.value.__cause__, KeyError)


def two_lines() -> None:
    raise OSError("a\nb")


def takes_nothing(_self: Toy) -> str:
    return "said"


@pytest.mark.parametrize("method", ["start", "audio", "stop"])
def test_a_dry_run_finds_the_errors_of_a_session(method: str) -> None:
    with pytest.raises(DialectError, match=f"^the dialect Toy: {method} has to .* not dict$"):
        dry_run(other(**{method: dict}))
    with pytest.raises(DialectError) as caught:
        dry_run(toy(**{method: takes_nothing}))
    # A dry run holds no speech, so the error quotes the whole exception, on one line.
    wrong = str(caught.value)
    assert wrong.startswith(f"the dialect Toy: {method} raised TypeError: takes_nothing() takes 1")
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(DialectError, match=rf"^the dialect Toy: {method} raised OSError: a b$"):
        dry_run(other(**{method: two_lines}))


def test_a_dry_run_covers_every_source() -> None:
    def audio(_self: Toy, memory: Memory, source: str, pcm: bytes, _number: int) -> object:
        return memory, (pcm if source == "mic" else None,)

    with pytest.raises(DialectError, match=r"audio has to return messages .* not NoneType"):
        dry_run(toy(audio=audio))


def test_a_dry_run_uses_ids_and_a_frame_of_20_ms() -> None:
    given: list[object] = []

    class Listening(Toy):
        def start(self, memory: Memory, ids: Ids) -> Encoded:
            given.append(ids)
            return memory, ("start",)

        def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
            given.append(pcm)
            return memory, (pcm,)

    dry_run(Listening())
    ids = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
    assert given == [ids, bytes(640), bytes(640)]


def test_a_dry_run_covers_the_credential_headers() -> None:
    given: list[str] = []

    class Travelling(Toy):
        def headers(self, credential: str) -> list[tuple[str, str]]:
            given.append(credential)
            return [("x-key", credential)]

    dry_run(Travelling())
    assert given == ["TOKEN"]
    for returned, wrong in (
        (None, "headers has to return pairs of a name and a value, not NoneType"),
        ([("host", "x")], "header 1 of its headers is Host, which the handshake sets itself"),
    ):
        with pytest.raises(DialectError, match=rf"^the dialect Toy: {wrong}"):
            dry_run(other(headers=returns(returned)))
    with pytest.raises(DialectError) as caught:
        dry_run(toy(headers=takes_nothing))
    wrong = str(caught.value)
    assert wrong.startswith("the dialect Toy: headers raised TypeError: takes_nothing() takes 1")


@pytest.mark.parametrize("exc", [ValueError("no colon"), IndexError("no second part")])
def test_a_dialect_may_refuse_the_placeholder_token(
    exc: Exception,
) -> None:
    def picky() -> None:
        raise exc

    dry_run(other(headers=picky))


def names_the_source(_self: Toy, memory: Memory, source: str, _pcm: bytes, number: int) -> Encoded:
    return memory, (f"{source} {number}",)


def test_a_session_starts_and_stops_with_bytes_as_well_as_with_text() -> None:
    drive = Drive(dialect=other(start=returns((None, (b"start",)))))
    drive.open()
    drive.opened()
    assert drive.pull() == SendBytes(1, b"start")
    drive.feed(e.MessageReceived(1, "go"))
    drive.audio(1)
    assert drive.pull() == SendBytes(1, bytes(640))
    drive.stop()
    assert drive.drain()[-1] == SendBytes(1, b"stop")
    drive = Drive(dialect=toy(audio=names_the_source))
    drive.open()
    drive.opened()
    assert drive.pull() == SendText(1, "start connection 1")
    drive.feed(e.MessageReceived(1, "go"))
    drive.audio(1)
    assert drive.pull() == SendText(1, "mic 0")


@pytest.mark.parametrize("method", ["start", "audio", "stop"])
@pytest.mark.parametrize(("do", "why"), [(dict, "has to return"), (fail, "raised KeyError")])
def test_a_live_session_names_the_invalid_output(method: str, do: Any, why: str) -> None:
    drive = Drive(dialect=other(**{method: do}))

    def live() -> None:
        drive.open()
        drive.opened()
        drive.drain()
        drive.feed(e.MessageReceived(1, "go"))
        if method == "audio":
            drive.audio(1)
        drive.stop()
        drive.drain()

    with pytest.raises(DialectError, match=f"^the dialect Toy: {method} {why}"):
        live()


# Messages that a dialect decodes.


UNSOUND: list[object] = [
    None,
    {"text": "secret"},
    "secret",
    Ids(session_id="s", attempt_id="a", connection_id="c"),
    wrong(Heard, text="secret", start=[], end=1.0, final=True),
    wrong(Heard, text="secret", start=0.0, end="1", final=True),
    Heard(text="secret", start=0.0, end=float("nan"), final=True),
    Heard(text="secret", start=0.0, end=float("inf"), final=True),
    Heard(text="secret", start=float("-inf"), end=1.0, final=True),
    Heard(text="secret", start=0.0, end=True, final=True),
    wrong(Heard, text=b"secret", start=0.0, end=1.0, final=True),
    wrong(Heard, text="secret", start=0.0, end=1.0, final=True, source=[]),
    wrong(Metrics, backlog="1"),
    Metrics(backlog=-1.0),
    wrong(Metrics, source=7),
    wrong(Metrics, dropped=None),
    Metrics(queue=-0.1),
    Metrics(queue=float("inf")),
    Metrics(realtime_factor=float("nan")),
    wrong(Status, state="ok", ends="exact"),
    wrong(Lost, source=3, text="gone"),
    wrong(Lost, source=None, text="gone", start="1"),
    Lost(source=None, text="gone", end=float("nan")),
    Heard(text="secret", start=0, end=1, final=True, channel=True),
    wrong(Heard, text="secret", start=0, end=1, final=True, words=[]),
    wrong(Heard, text="secret", start=0, end=1, final=True, words=("secret",)),
    Heard(text="secret", start=0, end=1, final=True, words=(Word(text="x", end=float("inf")),)),
    Proof(confirmed=-1.0),
    Proof(drained=float("inf")),
    wrong(Proof, received="1"),
    wrong(Proof, unit="bytes"),
    Expires(seconds=-0.1),
    FinalMessage(summary={}, until=float("nan")),
    wrong(FinalMessage, summary={}, proves=None),
    wrong(Lost, source="mic", text=None),
    wrong(Status, state=None),
    wrong(Status, state="ok", text=None),
    wrong(Status, state="ok", source=7),
    wrong(Refusal, row="later", text="busy"),
    wrong(Refusal, row=ROW, text=None),
    wrong(Remark, text=7),
    wrong(Unknown, type=7),
    wrong(Noticed, kind=7, payload={}),
    wrong(Noticed, kind="cards", payload=["secret"]),
    wrong(Malformed, why=None),
]
SOUND: list[Message] = [
    Heard(text="yes", start=0, end=1.5, final=False, source="mic"),
    Heard(text="a click", start=1.0, end=1.0, final=True),
    Heard(text="before it all", start=-2.0, end=-1.0, final=True),
    Heard(text="backwards", start=2.0, end=1.0, final=True),
    Heard(text="no times", start=None, end=None, final=True),
    Heard(text="for ever", start=-(10**400), end=10**400, final=True),
    Metrics(queue=0, realtime_factor=-1),
    Status(state="ok", ends=Ends.EXACT),
    Lost(source="mic", text="gone"),
    Lost(source=None, text="gone", start=1.0, end=0.5),
    Heard(text="a", start=0, end=1, final=True, channel=1, words=(Word(text="a", start=-1.0),)),
    Proof(unit=Unit.AUDIO, received=3, drained=2, confirmed=0),
    Expires(seconds=0.0),
    FinalMessage(summary={}, until=0.0, proves=False),
    Metrics(),
    Metrics(source="mic", backlog=0, dropped=3),
    Status(state="ok", source="mic"),
    Noticed(kind="cards", payload={}),
    Refusal(row=ROW, text="busy"),
    Remark(text="odd"),
    FinalMessage(summary={}),
    Unknown(type="?"),
    Malformed(why="no"),
]


@pytest.mark.parametrize("message", SOUND, ids=repr)
def test_a_valid_message_passes_unchanged(message: Message) -> None:
    for decode in (decode_or_malformed, decode_strict):
        memory, (read,) = decode(toy(said=message), 7, "x")
        assert memory == 7
        assert read is message


@pytest.mark.parametrize("made", UNSOUND, ids=repr)
def test_an_invalid_message_is_malformed_and_quotes_nothing(made: object) -> None:
    memory, (read,) = decode_or_malformed(toy(said=made), 7, "secret")
    assert memory == 7
    assert isinstance(read, Malformed)
    assert read.why.startswith("the dialect Toy: decode returned ")
    assert "secret" not in read.why
    with pytest.raises(DialectError):
        decode_strict(toy(said=made), 7, "x")


HUGE = 10**5000
FIELDS: list[tuple[Message, str]] = [
    (
        Metrics(queue=-1.0),
        "a Metrics whose queue is -1.0, not seconds from 0 on, or None",
    ),
    (
        wrong(Heard, text="secret", start=0, end="2", final=True),
        "a Heard whose end is str, not finite seconds, or None",
    ),
    (
        Heard(text="secret", start=0.0, end=float("nan"), final=True),
        "a Heard whose end is nan, not finite seconds, or None",
    ),
    (
        Metrics(backlog=-HUGE),
        "a Metrics whose backlog is an int of many digits, not seconds from 0 on, or None",
    ),
    (
        Heard(text="secret", start=0, end=True, final=True),
        "a Heard whose end is bool, not finite seconds, or None",
    ),
    (
        wrong(Status, state="ok", ends="exact"),
        "a Status whose ends is str, not Ends, or None",
    ),
    (
        wrong(Metrics, backlog="secret"),
        "a Metrics whose backlog is str, not seconds from 0 on, or None",
    ),
    (
        wrong(Refusal, row="secret", text="busy"),
        "a Refusal whose row is str, not a Rule",
    ),
    *(
        (
            Metrics(backlog=number),
            f"a Metrics whose backlog is {told}, not seconds from 0 on, or None",
        )
        for number, told in (
            (-(10**15), "an int of many digits"),
            (1 - 10**15, "-999999999999999"),
            (-1e300, "-1e+300"),
        )
    ),
    (wrong(Metrics, dropped="secret"), "a Metrics whose dropped is str, not int"),
    (wrong(Metrics, source=5), "a Metrics whose source is 5, not str or None"),
    (wrong(Remark, text=b"secret"), "a Remark whose text is bytes, not str"),
    (wrong(Unknown, type=None), "a Unknown whose type is NoneType, not str"),
    (wrong(Malformed, why=5), "a Malformed whose why is 5, not str"),
    (wrong(Status, state=b"secret"), "a Status whose state is bytes, not str"),
]


@pytest.mark.parametrize(("made", "what"), FIELDS)
def test_an_invalid_field_is_named_with_its_type_or_number(made: Message, what: str) -> None:
    with pytest.raises(DialectError) as caught:
        decode_strict(toy(said=made), 7, "secret")
    assert str(caught.value) == f"the dialect Toy: decode returned {what}"


@pytest.mark.parametrize("do", [fail, dict, lambda: None])
def test_a_decode_error_is_counted_reported_once_and_survived(do: Any) -> None:
    def decode(_self: Toy, memory: Memory, data: str | bytes) -> object:
        return (memory, (Status(state="go", ack=True),)) if data == "go" else do()

    drive = Drive(dialect=toy(decode=decode))
    drive.open()
    drive.opened()
    drive.drain()
    drive.feed(e.MessageReceived(1, "go"))
    for _ in range(3):
        drive.feed(e.MessageReceived(1, json.dumps({"a": "secret"})))
    [trouble] = drive.told(Trouble)
    assert trouble.kind == "malformed"
    assert trouble.text.startswith("an unreadable message: the dialect Toy: decode ")
    assert "secret" not in trouble.text
    assert drive.core.statistics.malformed == 3
    assert drive.state == "streaming"


def test_a_base_exception_is_not_swallowed() -> None:
    def interrupted() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode_or_malformed(other(decode=interrupted), None, "x")
