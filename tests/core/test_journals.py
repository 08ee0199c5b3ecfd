"""The stored journals are replayed; content, redaction and damage of a journal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.backend import Backend
from openline.commands import FetchAudio, OpenSocket, Report, SendText, StoreAudio, StoreFinal
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.options import option
from openline.dialects.protocol import Decoded, Encoded, Ids, Memory, Remark
from openline.events import SourceKind
from openline.journal.codec import (
    command_to_plain,
    event_from_plain,
    event_to_plain,
    from_line,
    mask,
    outgoing_to_plain,
    to_line,
)
from openline.journal.reader import VERSION, Journal, JournalError, check_start, choose, read
from openline.journal.recorder import Recorder
from openline.journal.replay import DivergedError, Step, replay
from openline.machine.handlers import LocalProtocolError
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import PastSource, SessionMachine
from openline.updates import Gap, GapCause, SourceStatistics, State, Transcript, TranscriptWord
from tests.core.driver import Drive
from tests.core.scenarios import SCENARIOS, record

Mend: TypeAlias = Callable[[list[bytes]], list[bytes]]

KEPT = Path(__file__).parents[1] / "journals"
ANEW = "if that was meant: make goldens, and look at the diff"


def again(lines: list[bytes], **options: Any) -> list[Step]:
    """Replay the only journal in ``lines``."""
    [journal] = read(lines)
    return list(replay(journal, **options))


def drive(lines: list[bytes], **options: Any) -> Drive:
    """A session driven by hand and recorded."""
    keep_audio = options.pop("keep_audio", False)
    return Drive(observers=[Recorder(lines.append, keep_audio=keep_audio)], **options)


# The stored journals.


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_machine_replays_every_stored_journal(path: Path) -> None:
    with path.open("rb") as file:
        [journal] = read(file)
    try:
        steps = list(replay(journal))
    except DivergedError as error:
        pytest.fail(f"{path.name}, {error}\n{ANEW}", pytrace=False)
    assert steps[-1].state in {State.CLOSED, State.FAILED}


def test_the_stored_journals_match_the_scenarios() -> None:
    assert {path.stem for path in KEPT.glob("*.jsonl")} == set(SCENARIOS)
    for name in SCENARIOS:
        kept = (KEPT / f"{name}.jsonl").read_bytes()
        assert kept == record(name), f"{name}.jsonl is not what is recorded now; {ANEW}"


@pytest.mark.parametrize(
    ("name", "end", "dials"),
    [
        ("happy-path", State.CLOSED, 1),
        ("two-sources", State.CLOSED, 1),
        ("drop-and-replay", State.CLOSED, 2),
        ("wrong-token-with-a-provider", State.CLOSED, 2),
        ("wrong-token-without-a-provider", State.FAILED, 1),
        ("capacity", State.CLOSED, 2),
        ("frozen-backend", State.CLOSED, 2),
        ("stop-during-a-reconnect", State.CLOSED, 2),
    ],
)
def test_each_scenario_has_its_end_and_its_dials(name: str, end: State, dials: int) -> None:
    [journal] = read(record(name).splitlines(keepends=True))
    ended = journal.entries
    updates = [
        command["update"]
        for entry in ended
        if entry.event is not None
        for command in entry.out
        if command["type"] == "Report"
    ]
    [last] = [update for update in updates if update["type"] == "Ended"]
    assert last["state"] == end
    assert last["statistics"]["dials"] == dials
    assert last["complete"] == (end is State.CLOSED)


# A recorder changes nothing, and a replay repeats the session.


def test_a_recorder_changes_no_result() -> None:
    lines: list[bytes] = []
    drives = Drive(), drive(lines)
    for each in drives:
        each.stream()
        each.speak(0.2)
        each.lose(1006)
        each.redial()
        each.connect()
        each.stop()
        each.drain()
        each.summary()
        each.lose(1000)
    plain, recorded = drives
    assert recorded.commands == plain.commands
    assert recorded.sent == plain.sent
    steps = again(lines)
    assert [command for step in steps for command in step.commands] == plain.commands
    assert steps[-1].state is plain.core.state
    pulled = [step.outgoing for step in steps if step.event is None]
    assert [outgoing for outgoing in pulled if outgoing is not None] == plain.sent


class Quill(EchoPanel):
    """The default dialect with another name, and audio sent as text."""

    name = "quill"

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (f"{source} {pcm.hex()}",)


def test_a_journal_is_replayed_only_in_its_own_dialect() -> None:
    lines: list[bytes] = []
    drive(lines, dialect=Quill()).stream()
    assert again(lines, dialect=Quill())
    with pytest.raises(JournalError) as caught:
        again(lines, dialect=EchoPanel())
    assert str(caught.value) == "the journal is of quill, and not of echopanel: give quill"


@pytest.mark.parametrize("dialect", [EchoPanel(), Quill()])
def test_a_step_shows_whether_it_sent_audio(dialect: EchoPanel) -> None:
    lines: list[bytes] = []
    one = drive(lines, dialect=dialect)
    one.stream()
    one.audio(3)
    one.stop()
    one.drain()
    steps = again(lines, dialect=dialect)
    assert not [step for step in steps if step.event is not None and step.audio]
    kinds = [(type(step.outgoing).__name__, step.audio) for step in steps if step.outgoing]
    audio = type(one.sent[-2]).__name__
    assert [kind for kind in kinds if kind[0] != "SendPing"] == [
        ("SendText", False), *[(audio, True)] * 3, ("SendText", False)
    ]  # fmt: skip


def test_every_event_is_read_back_unchanged() -> None:
    events: list[e.Event] = [
        e.OpenRequested(),
        e.StopRequested(),
        e.AbortRequested(),
        e.AbortRequested(e.Move.ANEW),
        e.NetworkRestored(),
        e.SkipRequested(),
        e.SourceStarted("mic", 0.1 + 0.2),
        e.AudioCaptured("mic", b"\1\2\3\4"),
        e.CaptureHole("mic", 320),
        e.SourceFinished("mic"),
        e.SourceFailed("mic", "no file a\udc80b"),
        e.DeviceLost("mic", "usb", "unplugged"),
        e.DeviceFound("mic", "desk", "instead of usb"),
        e.SilenceHeard("mic", 10.0),
        e.AudioFetched("mic", 7, b"\0\xff"),
        e.SpoolFailed("no space left"),
        e.CredentialReady(3),
        e.CredentialReady(3, 0.5, unchanged=True, backend=Backend("eu.example", query="x=")),
        e.CredentialFailed(3, fatal=True, detail="gone"),
        e.CredentialFailed(3, detail="no token", unusable=True),
        e.SocketOpened(2, "c"),
        e.Redirected(2, 302, "wss://example.org/x"),
        e.MessageReceived(2, 'words "«é»" \x00'),
        e.MessageReceived(2, b"\xff\0"),
        e.PongReceived(2, b"\xff1"),
        e.SocketLost(dial=2, code=1008, sender=Sender.REMOTE, reason="no"),
        e.SocketLost(dial=2, status=429, retry_after=math.inf, error=ErrorKind.RESET),
        e.Tick(),
    ]
    assert {type(event) for event in events} == set(e.Event.__args__)
    for event in events:
        line = to_line(event_to_plain(event, keep_audio=True))
        assert event_from_plain(from_line(line)) == event


def test_the_secrets_of_a_backend_that_a_provider_gave_are_not_recorded() -> None:
    there = Backend("eu.example", query="signature=s3cret", headers=(("X-Key", "s3cret"),))
    line = to_line(event_to_plain(e.CredentialReady(1, backend=there), keep_audio=True))
    assert b"s3cret" not in line
    assert b"signature=xxxxxx" in line


def test_an_error_is_recorded_and_raised_on_replay() -> None:
    lines: list[bytes] = []
    session = drive(lines)
    with pytest.raises(LocalProtocolError):
        session.feed(e.AudioCaptured("other", b""))
    with pytest.raises(LocalProtocolError):
        session.feed(e.AudioCaptured("mic", b"\0"))
    session.open()
    with pytest.raises(ValueError, match="backwards"):
        session.core.receive(e.Tick(), 0.0)
    assert b'"raised":"LocalProtocolError: ' in lines[1]
    raised = [step.raised for step in again(lines)]
    assert [bool(text) for text in raised] == [True, True, False, True]


class Mute(EchoPanel):
    """A dialect whose start fails."""

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        raise KeyError(ids.attempt_id)


def test_an_error_of_a_pull_is_recorded_and_raised_on_replay() -> None:
    lines: list[bytes] = []
    session = drive(lines, dialect=Mute())
    session.open()
    session.opened()
    with pytest.raises(DialectError):
        session.pull()
    assert b'"pulled":null,"raised":"DialectError: ' in lines[-1]
    last = again(lines, dialect=Mute())[-1]
    assert (last.event, last.outgoing) == (None, None)
    assert last.raised.startswith("DialectError: ")


def test_a_resumed_session_with_a_disk_is_replayed() -> None:
    lines: list[bytes] = []
    gap = Gap(source="mic", start=0, end=9, samples=9, cause=GapCause.CAPTURE)
    said = Transcript(source="mic", text="yes", final=True, start=0.0, end=0.25)
    core = SessionMachine(
        Backend(),
        observers=[Recorder(lines.append)],
        session_id="s",
        attempt_id="a",
        random=lambda: 0.25,
        disk_seconds=600.0,
        past=[
            PastSource(source="mic", origin=0, confirmed=4000, on_disk=((4000, 8000),), gaps=(gap,))
        ],
        past_transcript=[said],
        policy=Policy(give_up_after=None),
    )
    for event in (e.SourceFinished("mic"), e.OpenRequested()):
        core.receive(event, 1.0)
    [journal] = read(lines)
    assert journal.opening.policy == Policy(give_up_after=None)
    steps = list(replay(journal))
    commands = {type(command) for step in steps for command in step.commands}
    assert commands >= {FetchAudio, OpenSocket}


def test_audio_for_the_disk_is_recorded_by_length() -> None:
    lines: list[bytes] = []
    session = drive(lines, disk_seconds=60.0).stream()
    session.audio()
    assert b'{"type":"StoreAudio","source":"mic","start":0,"bytes":640}' in lines[-1]
    assert any(isinstance(command, StoreAudio) for command in again(lines)[-1].commands)


def test_what_is_read_back_from_the_disk_is_replayed_without_it() -> None:
    lines: list[bytes] = []
    policy = Policy(buffer_seconds=60.0, memory_seconds=1.0)
    session = drive(lines, disk_seconds=600.0, policy=policy).stream()
    for _ in range(150):
        session.audio()
        session.serve()
    session.lose()
    session.redial()
    session.connect()
    asked = [each for each in session.commands if isinstance(each, FetchAudio)]
    assert asked == [FetchAudio("mic", 0, 8000)]
    session.feed(e.AudioFetched("mic", 0, bytes(2 * 8000)))
    session.drain()
    session.tick()
    steps = again(lines)
    commands = [command for step in steps for command in step.commands]
    fetched = [each for each in commands if isinstance(each, FetchAudio)]
    assert fetched == [FetchAudio("mic", at, 8000) for at in (0, 8000)]


# Speech and secrets are left out.


def test_speech_is_in_a_journal_only_on_request() -> None:
    for keep_audio in (False, True):
        lines: list[bytes] = []
        session = drive(lines, keep_audio=keep_audio).stream()
        session.feed(e.AudioCaptured("mic", b"\x5a\xa5" * 320))
        session.drain()
        assert (b"WqVapVql" in b"".join(lines)) == keep_audio
        assert (b"crc32" in b"".join(lines)) == keep_audio
        steps = again(lines)
        heard = [step.event for step in steps if isinstance(step.event, e.AudioCaptured)]
        assert heard == [e.AudioCaptured("mic", (b"\x5a\xa5" if keep_audio else bytes(2)) * 320)]


class Written(EchoPanel):
    """A dialect that carries audio as text."""

    name = "written"

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (f'{{"type":"audio","data":"{pcm.hex()}"}}',)


def test_speech_sent_as_text_is_not_in_a_journal() -> None:
    lines: list[bytes] = []
    session = drive(lines, dialect=Written()).stream()
    session.feed(e.AudioCaptured("mic", b"\x5a\xa5" * 320))
    session.drain()
    assert b"5aa5" not in b"".join(lines)
    assert b'"SendText","dial":1,"bytes":1306' in lines[-2]
    with pytest.raises(JournalError, match="'written'"):
        again(lines)
    assert again(lines, dialect=Written())[-1].state is State.STREAMING


def test_no_secret_of_a_url_is_in_a_journal() -> None:
    lines: list[bytes] = []
    backend = Backend.from_url(
        "wss://example.org/ws?mine=s3cret&s3cret", redirects_to=("wss://other.example",)
    )
    session = drive(lines, backend=backend)
    session.open()
    session.feed(e.Redirected(1, 302, "wss://other.example/x?sig=s3cret#s3cret"), after=0.1)
    session.feed(e.Redirected(2, 302, "wss://ann:s3cret@other.example/x"), after=0.1)
    assert session.state == "failed"
    text = b"".join(lines)
    assert b"s3cret" not in text
    assert b"wss://other.example:443/x?sig=xxxxxx" in text
    assert again(lines)[-1].state is State.FAILED


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("wss://a.example/b-1", "wss://a.example/b-1"),
        ("?q=a%2Fb&c", "?q=x%xxx&x"),
        ("/p?token", "/p?token"),
        ("/p?TOK%65N=s3", "/p?TOK%65N=xx"),
        ("/p#frag?x=1", "/p#xxxx?x=x"),
        ("http://u@v:p@h/", "http://x@x:x@h/"),
    ],
)
def test_secrets_of_a_url_are_hidden(url: str, masked: str) -> None:
    assert mask(url) == masked
    assert mask(masked) == masked


# Differences on replay.


def change(lines: list[bytes], old: bytes, new: bytes) -> list[bytes]:
    text = b"".join(lines)
    assert old in text
    return text.replace(old, new, 1).splitlines(keepends=True)


def happy() -> list[bytes]:
    return record("happy-path").splitlines(keepends=True)


def test_the_first_difference_is_reported() -> None:
    lines = change(happy(), b'"text":"hello world"', b'"text":"hello moon"')
    with pytest.raises(DivergedError) as raised:
        again(lines)
    text = str(raised.value)
    assert "MessageReceived at " in text
    assert "hello moon" in text.split("recorded:")[1].split("now:", maxsplit=1)[0]
    assert "hello world" in text.split("now:")[1]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"pulled":null', b'"pulled":{"type":"SendPing"}', "a pull at"),
        (b'{"type":"OpenRequested"}', b'{"type":"Tick"}', "now:      nothing"),
        (b'"event":{"type":"Tick"}', b'"event":{"type":"Tick"},"random":[0.5]', "fewer random"),
        (b'"event":{"type":"Tick"}', b'"event":{"type":"Tick"},"raised":"Oh: no"', "no error"),
    ],
)
def test_any_difference_is_a_difference(old: bytes, new: bytes, told: str) -> None:
    with pytest.raises(DivergedError, match=told):
        again(change(happy(), old, new))


def test_a_number_drawn_too_many_is_a_difference() -> None:
    lines = record("drop-and-replay").splitlines(keepends=True)
    with pytest.raises(DivergedError, match="more random numbers"):
        again(change(lines, b',"random":[0.5]', b""))


def test_a_broken_core_is_found() -> None:
    class Broken(SessionMachine):
        def next_message(self, now: float) -> Any:
            super().next_message(now)

    with pytest.raises(DivergedError, match="SendText"):
        again(happy(), make=Broken)


# Files.


def test_a_partial_last_line_is_dropped() -> None:
    lines = happy()
    [whole] = read(lines)
    assert not whole.torn
    for torn in (lines[-1][:30], lines[-1][:-1], b"\0\xff"):
        [journal] = read([*lines[:-1], torn])
        assert journal.torn
        assert journal.entries == whole.entries[:-1]


def test_a_file_may_hold_several_journals() -> None:
    journals = read([*happy(), *record("capacity").splitlines(keepends=True)])
    assert [len(list(replay(journal))) for journal in journals] == [
        len(journal.entries) for journal in journals
    ]
    assert len(journals) == 2


def test_one_of_several_is_chosen_by_its_number() -> None:
    one = read(happy())
    two = read([*happy(), *record("capacity").splitlines(keepends=True)])
    assert choose(one, None, by="by") is choose(one, 1, by="by") is one[0]
    assert [choose(two, number, by="by") for number in (1, 2)] == two
    for journals, number, told in (
        (two, None, "holds 2 sessions: choose one with by 1 to 2"),
        (two, 0, "holds 2 sessions: by is 0: give 1 to 2"),
        (two, 3, "holds 2 sessions: by is 3: give 1 to 2"),
        (one, 2, "holds 1 session: by is 2: give 1"),
    ):
        with pytest.raises(JournalError) as caught:
            choose(journals, number, by="by")
        assert str(caught.value) == told


def _broken(mend: Mend) -> Journal:
    [journal] = read(mend(happy()))
    return journal


BROKEN: list[tuple[Mend, str]] = [
    (lambda _: [], "line 1: an empty journal"),
    (lambda lines: [b"torn"], "line 1: an empty journal"),
    (lambda lines: lines[1:], "line 1: not a journal"),
    (lambda lines: [lines[0], b"[]\n"], "line 2: "),
    (lambda lines: [lines[0], b"{}\n"], "line 2: no pulled in it|line 2: no now in it"),
    (lambda lines: [lines[0], b"noise\n", *lines[1:]], "line 2: not JSON"),
    (lambda lines: [lines[0], lines[1][:-1], *lines[2:]], "line 2: has no newline at its end"),
    (lambda lines: [*lines, b"noise\n"], f"line {len(happy()) + 1}: not JSON"),
    (lambda lines: [*lines[:-1], b"\0\xff\n"], f"line {len(happy())}: not JSON"),
    (lambda lines: [*lines, b"null\n"], f"line {len(happy()) + 1}: "),
    (lambda lines: change(lines, b'"journal":1', b'"journal":9'), "line 1: .* version 9"),
    (lambda lines: change(lines, b'"policy":{', b'"policy":1,"x":{'), "line 1: "),
    (lambda lines: change(lines, b'"OpenRequested"', b'"Opened"'), "line 2: .* 'Opened'"),
    (lambda lines: change(lines, b'"type":"OpenRequested"', b'"type":1'), "line 2: .* 1"),
    (lambda lines: change(lines, b'"connection_id":"', b'"x":"'), "line 6: SocketOpened: "),
    (lambda lines: change(lines, b'"data":"', b'"x":"'), "line 8: MessageReceived: "),
]


@pytest.mark.parametrize(("mend", "told"), BROKEN)
def test_an_invalid_journal_is_refused_in_one_line(mend: Mend, told: str) -> None:
    with pytest.raises(JournalError, match=told) as raised:
        _broken(mend)
    assert "\n" not in str(raised.value)


def test_a_journal_is_appended_only_to_journals() -> None:
    first = (KEPT / "happy-path.jsonl").read_bytes().splitlines(keepends=True)[0]
    for end in (*range(40), len(first) - 1, len(first)):
        check_start(first[:end])
    strange = to_line({"journal": VERSION, "session_id": "\udcff"})
    check_start(strange[:20])
    for own in (b"RIFF", b"{}", b"{}\n", b"[]\n", b"\n", b"{\n", b" ", first[1:], first[1:-1]):
        with pytest.raises(JournalError, match=r"^holds something else than journals$"):
            check_start(own)
    with pytest.raises(JournalError, match=r"^line 1: a journal of version 9: "):
        check_start(first.replace(b'"journal":1', b'"journal":9'))
    with pytest.raises(JournalError, match=r"^line 1: Object missing required field"):
        check_start(b'{"journal":1}\n')


def test_options_that_this_version_refuses_are_named() -> None:
    lines = change(happy(), b'"sources":["mic"]', b'"sources":["drum"]')
    with pytest.raises(JournalError, match="line 1: sources"):
        again(lines)


def test_the_version_is_written_down() -> None:
    assert json.loads(happy()[0])["journal"] == VERSION


# Options, and values that JSON cannot represent.

OPTIONS: dict[str, Any] = {
    "sources": ("system", "mic"),
    "policy": Policy(auth_timeout=7.0, max_attempts=2),
    "has_provider": True,
    "may_pause": ("system", "mic"),
    "kinds": {"system": SourceKind.STORE},
    "disk_seconds": 90.0,
    "past": (PastSource(source="mic", origin=0, confirmed=320, on_disk=((320, 640),)),),
    "past_transcript": (Transcript(source="mic", text="yes", final=True, start=0.0, end=0.02),),
}


def test_every_option_is_recorded_and_a_replay_is_made_with_it() -> None:
    lines: list[bytes] = []
    recorder = SessionMachine(
        Backend(port=9),
        observers=[Recorder(lines.append)],
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
        **OPTIONS,
    )
    recorder.receive(e.OpenRequested(), 1.0)
    assert recorder.next_deadline() == 8.0
    [journal] = read(lines)
    made: dict[str, Any] = {}

    def make(backend: Backend, **options: Any) -> SessionMachine:
        made.update(options, backend=backend)
        return SessionMachine(backend, **options)

    [step] = replay(journal, make=make)
    assert step.state is State.AUTHORIZING
    expected = {**OPTIONS, "may_pause": ("mic", "system")}
    assert {name: getattr(journal.opening, name) for name in OPTIONS} == expected
    assert {name: made[name] for name in OPTIONS} == expected
    assert made["backend"] == Backend(port=9)
    assert (made["session_id"], made["attempt_id"]) == ("s", "a")
    assert not journal.torn
    assert recorder.transcript == OPTIONS["past_transcript"]


def test_a_recorder_stores_no_audio_without_a_disk() -> None:
    lines: list[bytes] = []
    recorder = SessionMachine(
        Backend(),
        observers=[Recorder(lines.append)],
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
    )
    assert recorder.receive(e.AudioCaptured("mic", bytes(640)), 0.0) == []


def test_finite_numbers_are_recorded_as_numbers() -> None:
    plain = event_to_plain(e.SourceStarted("mic", 1.5), keep_audio=True)
    assert plain == {"type": "SourceStarted", "source": "mic", "at": 1.5}
    assert event_to_plain(e.SourceStarted("mic", math.inf), keep_audio=True)["at"] == "inf"


@pytest.mark.parametrize("peak", [None, 0, 700])
def test_a_peak_is_recorded_where_a_source_measured_it(peak: int | None) -> None:
    event = e.AudioCaptured("mic", bytes(640), peak)
    plain = event_to_plain(event, keep_audio=False)
    assert plain.get("peak", "absent") == ("absent" if peak is None else peak)
    assert event_from_plain(plain) == event


def test_received_bytes_are_recorded_once() -> None:
    plain = event_to_plain(e.MessageReceived(1, b"ab"), keep_audio=True)
    assert plain == {"type": "MessageReceived", "dial": 1, "binary": b"ab"}


def test_sent_text_is_recorded_unless_it_is_audio() -> None:
    assert outgoing_to_plain(SendText(1, "say"), keep_audio=False) == {
        "type": "SendText",
        "dial": 1,
        "data": "say",
    }


@pytest.mark.parametrize("kind", [[], {}, None, 3])
def test_an_event_with_an_invalid_type_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="an event of an unknown type"):
        event_from_plain({"type": kind})


def test_a_line_that_is_a_list_is_no_opening() -> None:
    with pytest.raises(JournalError, match="line 1: not a journal"):
        read([b'["journal"]\n'])


def test_each_value_of_a_query_is_hidden() -> None:
    assert mask("ws://h/p?a=1&b=22&c") == "ws://h/p?a=x&b=xx&x"


def test_headers_of_an_app_are_in_no_journal_and_subprotocols_are() -> None:
    lines: list[bytes] = []
    backend = Backend(headers=(("X-Key", "s3cret"),), subprotocols=("v1",))
    SessionMachine(
        backend, session_id="s", attempt_id="a", random=lambda: 0.5,
        observers=[Recorder(lines.append)],
    )  # fmt: skip
    assert b"s3cret" not in lines[0]
    assert read(lines)[0].opening.backend == Backend(subprotocols=("v1",))


def diverging(mend: Mend) -> str:
    """The error text when a changed journal is replayed."""
    lines: list[bytes] = []
    session = drive(lines)
    session.open()
    session.pull()
    with pytest.raises(LocalProtocolError):
        session.open()
    with pytest.raises(DivergedError) as diverged:
        again(mend(lines))
    return str(diverged.value)


def changed(line: int, **fields: Any) -> Mend:
    def mend(lines: list[bytes]) -> list[bytes]:
        plain = from_line(lines[line])
        plain = {k: v for k, v in {**plain, **fields}.items() if v is not None}
        return [*lines[:line], to_line(plain), *lines[line + 1 :]]

    return mend


def test_a_difference_shows_the_recorded_and_the_new_value() -> None:
    said = diverging(changed(3, raised=None))
    assert said.startswith("line 4, OpenRequested at 100 s: the core no longer does what it did\n")
    assert "\n  recorded: no error\n  now:      LocalProtocolError: " in said
    said = diverging(changed(1, raised="Boom: it did"))
    assert said.endswith("\n  recorded: Boom: it did\n  now:      no error")
    said = diverging(changed(2, pulled={"type": "SendText", "dial": 1}))
    assert said.endswith('\n  recorded: {"type":"SendText","dial":1}\n  now:      null')


def test_a_difference_names_the_first_differing_command() -> None:
    lines: list[bytes] = []
    drive(lines).open()
    first, second = from_line(lines[1])["commands"]
    said = diverging(changed(1, commands=[first, {**second, "dial": 7}]))
    assert '"dial":7' in said.splitlines()[1]
    assert '"type":"OpenSocket"' in said.splitlines()[2]
    said = diverging(changed(1, commands=[first]))
    assert said.splitlines()[1] == "  recorded: nothing"


@dataclass(frozen=True, kw_only=True)
class Tuned(EchoPanel):
    """The default dialect with options, and a memory of the messages that came."""

    name: ClassVar[str] = "tuned"  # type: ignore[misc]
    model: str = option("small", "the model")
    fast: bool = option(False, "less exact")

    def begin(self) -> Memory:
        return 0

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        _, items = super().decode(memory, data)
        said = Remark(text=f"{self.model} {memory}")
        return memory + 1, (*items, said)


def test_a_journal_keeps_the_options_of_its_dialect() -> None:
    lines: list[bytes] = []
    session = drive(lines, dialect=Tuned(model="large")).stream()
    session.partial(0.0, 0.1)
    opening = json.loads(lines[0])
    assert opening["dialect_options"] == {"model": "large"}
    said = [command for step in again(lines, dialect=Tuned()) for command in step.commands]
    texts = [each.update.text for each in said if "BackendStatus" in repr(each)]  # type: ignore[union-attr]
    assert texts[-1] == "large 1"
    lines.clear()
    drive(lines, dialect=Tuned()).open()
    assert "dialect_options" not in json.loads(lines[0])


def test_an_option_that_the_dialect_lacks_is_one_line() -> None:
    lines: list[bytes] = []
    drive(lines, dialect=Tuned(fast=True)).open()
    lines[0] = lines[0].replace(b'"fast"', b'"fats"')
    with pytest.raises(JournalError) as caught:
        again(lines, dialect=Tuned())
    assert str(caught.value) == (
        "line 1: option fats: the dialect tuned has no such option: did you mean fast?"
    )
    lines[0] = lines[0].replace(b'"tuned"', b'"echopanel"')
    with pytest.raises(JournalError, match=r"^line 1: option fats: the dialect echopanel has no"):
        again(lines)


def test_words_and_channels_are_recorded_where_there_are_any() -> None:
    word = TranscriptWord(text="so", start=0.0, end=0.5)
    words = Transcript(source="mic", text="so", final=True, start=0.0, end=0.5)
    for each, is_there in ((words, False), (replace(words, words=(word,), channel=0), True)):
        for command in (Report(each), StoreFinal(each)):
            plain = command_to_plain(command, keep_audio=False)
            fields = plain.get("update") or plain["transcript"]
            assert ("words" in fields) is ("channel" in fields) is is_there


@pytest.mark.parametrize("move", [None, e.Move.RESUMED])
def test_a_result_says_that_the_session_moved_only_where_it_did(move: e.Move | None) -> None:
    lines: list[bytes] = []
    one = drive(lines)
    one.stream()
    one.audio(1)
    one.feed(e.AbortRequested(move))
    assert (b'"moved":true' in lines[-1]) == (b'"moved"' in lines[-1]) == (move is not None)
    assert (b'"move"' in lines[-1]) == (move is not None)
    assert again(lines)


def test_an_account_names_assumed_samples_only_where_there_are_some() -> None:
    drive = Drive().stream()
    drive.stop()
    drive.serve()
    drive.summary()
    drive.lose(1000)
    ended = drive.ended
    usual = SourceStatistics(captured=10, sent=10, confirmed=10, missing=0, told=0)
    sources = {"mic": usual, "system": replace(usual, assumed=5)}
    statistics = replace(ended.statistics, sources=sources)
    report = Report(replace(ended, statistics=statistics))
    plain = command_to_plain(report, keep_audio=False)["update"]["statistics"]["sources"]
    assert "assumed" not in plain["mic"]
    assert plain["system"]["assumed"] == 5
