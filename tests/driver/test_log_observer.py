"""The log records of a session: levels, ids in each record, and no secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from openline import commands as c
from openline import events as e
from openline.backend import Backend
from openline.commands import StoreGap
from openline.reconnect.verdicts import Action, ErrorKind, Verdict
from openline.session import TABLE
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    Insight,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceEndReason,
    SourceHeld,
    SourceStatistics,
    State,
    StateChanged,
    Statistics,
    Transcript,
    Trouble,
    Update,
)
from openline_driver import log_observer
from openline_driver.log_observer import FIELDS, LogObserver, is_wanted, log_observers
from tests.core.driver import ATTEMPT, SESSION, Drive, pcm

GAP = Gap(source="mic", start=0, end=320, samples=320, cause=GapCause.CAPTURE)


class Kept(logging.Handler):
    """Stores the records."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def lines(self, level: int = logging.DEBUG) -> list[str]:
        return [
            f"{r.levelname} {r.name} {r.getMessage()}" for r in self.records if r.levelno >= level
        ]


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    top = logging.getLogger("openline")
    level = top.level
    top.addHandler(handler)
    top.setLevel(logging.DEBUG)
    yield handler
    top.removeHandler(handler)
    top.setLevel(level)


def logged() -> Drive:
    return Drive(observers=[LogObserver()])


def test_a_working_session_logs_only_its_states_at_info(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.audio(50)
    drive.drain()
    drive.final(0.0, 1.0)
    drive.stop()
    drive.drain()
    drive.summary()
    drive.lose(1000)
    assert kept.lines(logging.INFO) == [
        "INFO openline.session state connecting",
        "INFO openline.session state awaiting_ack",
        "INFO openline.session state streaming",
        "INFO openline.session state finishing",
        "INFO openline.session state closing",
        "INFO openline.session state closed",
        "INFO openline.session ended, complete; 1 dials, 1 finals, 0 gaps",
    ]


def test_words_are_only_in_debug_records(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.audio(50)
    drive.drain()
    drive.final(0.0, 1.0, "PRIVATE")
    assert not [line for line in kept.lines(logging.INFO) if "PRIVATE" in line]
    assert [line for line in kept.lines() if "PRIVATE" in line]


def test_a_lost_line_is_a_warning_with_the_source_of_its_verdict(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.lose(1011)
    verdicts = [line for line in kept.lines(logging.WARNING) if "verdict" in line]
    assert len(verdicts) == 1
    assert verdicts[0].startswith("WARNING openline.dial verdict retry: ")
    assert "(source: " in verdicts[0]
    assert [line for line in kept.lines(logging.WARNING) if "state reconnecting in " in line]


def test_a_failed_session_ends_with_errors(kept: Kept) -> None:
    drive = logged()
    drive.open()
    drive.feed(e.SocketLost(dial=1, error=ErrorKind.TLS_CERTIFICATE))
    errors = kept.lines(logging.ERROR)
    assert errors[0].startswith("ERROR openline.dial verdict fatal: ")
    assert errors[1].startswith("ERROR openline.session state failed: ")
    assert errors[-1].startswith("ERROR openline.session ended, not complete: ")


def test_a_session_that_moves_is_no_warning(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.audio(1)
    drive.feed(e.AbortRequested(e.Move.RESUMED))
    assert kept.lines(logging.INFO)[-1] == (
        "INFO openline.session ended, moved: another process delivers what is left; "
        "1 dials, 0 finals, 1 gaps"
    )


def test_every_record_has_the_ids(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.lose(1011)
    for record in kept.records:
        fields = {name: getattr(record, name) for name in FIELDS}
        assert fields["session_id"] == SESSION
        assert fields["attempt_id"] == ATTEMPT
    after = [r for r in kept.records if "command OpenSocket" in r.getMessage()]
    assert [r.__dict__["dial"] for r in after] == [1]
    connecting = next(r for r in kept.records if r.getMessage() == "state connecting")
    assert (connecting.__dict__["dial"], connecting.__dict__["connection_id"]) == (1, "")
    streaming = next(r for r in kept.records if r.getMessage() == "state streaming")
    assert (streaming.__dict__["dial"], streaming.__dict__["connection_id"]) == (1, "connection 1")


def test_a_socket_of_another_dial_does_not_change_the_ids(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.feed(e.SocketOpened(0, "another"))
    assert {r.__dict__["connection_id"] for r in kept.records} == {"", "connection 1"}


ENDS: Mapping[str, Callable[[Drive], object]] = {
    "closed": lambda drive: drive.lose(1001),
    "refused": lambda drive: drive.lose(status=503),
    "unreachable": lambda drive: drive.lose(error=ErrorKind.REFUSED),
    "redirected": lambda drive: drive.feed(
        e.Redirected(drive.core.dial, 307, "wss://near.example/b")
    ),
}


@pytest.mark.parametrize("is_opened", [True, False], ids=["opened", "never opened"])
@pytest.mark.parametrize("end", ENDS)
def test_no_record_has_the_connection_of_another_dial(
    end: str, *, is_opened: bool, kept: Kept
) -> None:
    drive = Drive(observers=[LogObserver()], backend=Backend.from_url("wss://near.example/a"))
    drive.open()
    for dial in range(1, 4):
        if is_opened:
            drive.connect()
        ENDS[end](drive)
        if drive.core.dial == dial:
            drive.redial()
    drive.connect()
    drive.abort()
    found = {(each.__dict__["dial"], each.__dict__["connection_id"]) for each in kept.records}
    opened = range(1 if is_opened else 4, 5)
    assert found == {(0, "")} | {(dial, "") for dial in range(1, 5)} | {
        (dial, f"connection {dial}") for dial in opened
    }


def test_what_is_sent_is_named_with_its_length_and_without_its_content(kept: Kept) -> None:
    observer = LogObserver()
    observer.on_pull(c.SendText(1, "PRIVATE"), 0.0)
    observer.on_pull(c.SendBytes(1, b"PRIVATE"), 0.0)
    observer.on_pull(c.SendPing(1, b"PRIVATE"), 0.0)
    observer.on_pull(None, 0.0)
    assert kept.lines() == [
        "DEBUG openline.dial send text of 7 characters",
        "DEBUG openline.dial send ping",
    ]


def test_an_address_is_logged_without_its_query(kept: Kept) -> None:
    backend = Backend.from_url("wss://far.example:8443/x?room=PRIVATE")
    LogObserver().on_command(c.OpenSocket(1, backend, with_credential=True), 0.0)
    [line] = kept.lines()
    assert "backend=wss://far.example:8443/x " in line
    assert "PRIVATE" not in line


@pytest.mark.parametrize(
    "thing",
    [
        e.AudioCaptured("mic", bytes(640)),
        e.AudioFetched("mic", 0, bytes(640)),
        e.Tick(),
        c.StoreAudio("mic", 0, bytes(640)),
        c.FetchAudio("mic", 0, 320),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_too_frequent_is_not_logged(thing: Any, kept: Kept) -> None:
    LogObserver().on_event(thing, 0.0)
    LogObserver().on_command(thing, 0.0)
    LogObserver().on_command(c.Report(Resumed(gap=1.0)), 0.0)
    assert kept.lines() == []


def test_audio_is_never_logged(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    before = len(kept.records)
    for _ in range(20):
        drive.feed(e.AudioCaptured("mic", pcm(320)))
        drive.core.next_message(drive.now)
    assert not [line for line in kept.lines()[before:] if "Audio" in line or "bytes" in line]


def test_long_values_are_logged_by_their_length(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.say("status", state="warning", message="x" * 300)
    assert [line for line in kept.lines() if "MessageReceived dial=1 data=<" in line]
    assert not [line for line in kept.lines() if "x" * 100 in line]


def test_logging_is_on_only_if_a_handler_gets_records() -> None:
    names = ("openline.session", "openline.dial", "openline")
    loggers = [logging.getLogger(name) for name in names]
    root = logging.getLogger()
    kept_handlers, root.handlers = root.handlers, []
    try:
        assert not is_wanted()
        assert log_observers() == ()
        handler = Kept()
        for above in (loggers[2], root):
            above.addHandler(handler)
            assert is_wanted()
            assert len(log_observers()) == 1
            above.removeHandler(handler)
        loggers[0].addHandler(handler)
        assert is_wanted()
        logging.disable(logging.CRITICAL)
        assert not is_wanted()
        logging.disable(logging.NOTSET)
        loggers[0].removeHandler(handler)
        loggers[2].propagate = False
        root.addHandler(handler)
        assert not is_wanted()
    finally:
        logging.disable(logging.NOTSET)
        loggers[2].propagate = True
        root.handlers = kept_handlers


def test_importing_configures_nothing() -> None:
    code = (
        "import logging, json, openline_driver.log_observer\n"
        "top = logging.getLogger('openline')\n"
        "print(json.dumps([top.level, [type(h).__name__ for h in top.handlers],"
        " logging.getLogger().handlers == []]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0, ["NullHandler"], True]
    assert done.stderr == ""


def test_the_loggers_are_named_as_the_docs_name_them() -> None:
    assert (log_observer.SESSION.name, log_observer.DIAL.name) == (
        "openline.session",
        "openline.dial",
    )


def test_sources_gaps_and_troubles_are_warnings(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.feed(e.CaptureHole("mic", 320))
    drive.feed(e.MessageReceived(1, "{"))
    drive.feed(e.SourceFailed("mic", "unplugged"))
    drive.feed(e.AbortRequested())
    lines = kept.lines(logging.WARNING)
    assert [line for line in lines if line.startswith("WARNING openline.session malformed: ")]
    assert "WARNING openline.session source mic ended, failed: unplugged" in lines
    assert "WARNING openline.session gap of 0.02 s in mic: capture" in lines


def test_long_fields_are_shown_by_their_length(kept: Kept) -> None:
    drive = logged()
    drive.stream()
    drive.feed(e.MessageReceived(1, "x" * 1000))
    drive.feed(e.MessageReceived(1, bytes(1000)))
    lines = kept.lines()
    assert [line for line in lines if "<1000 characters>" in line]
    assert [line for line in lines if "<1000 bytes>" in line]


def test_words_inside_a_command_are_named_by_their_kind(kept: Kept) -> None:
    LogObserver().on_command(StoreGap(GAP), 0.0)
    assert [line for line in kept.lines() if "StoreGap gap=Gap" in line]


COUNTS = SourceStatistics(captured=1, sent=1, confirmed=1, missing=0)
ENDED = Ended(
    state=State.CLOSED,
    complete=True,
    reason="finished",
    missing=(GAP, GAP),
    transcript=(),
    statistics=Statistics(dials=3, sources={"mic": COUNTS}),
)
WORDS = Transcript(source="mic", text="so", final=True, start=1.0, end=2.5)
LINES: list[tuple[Update, str]] = [
    (StateChanged(state=State.STREAMING, dial=1), "INFO state streaming"),
    (StateChanged(state=State.CLOSED, dial=1, reason="done"), "INFO state closed: done"),
    (StateChanged(state=State.FAILED, dial=1, reason="no"), "ERROR state failed: no"),
    (
        StateChanged(state=State.RECONNECTING, dial=1, retry_in=1.25, reason="cut"),
        "WARNING state reconnecting in 1.25 s: cut",
    ),
    (StateChanged(state=State.RECONNECTING, dial=1), "WARNING state reconnecting in 0.00 s"),
    (WORDS, "DEBUG final of mic, 1.00 to 2.50 s: so"),
    (replace(WORDS, final=False, settled=True), "DEBUG settled of mic, 1.00 to 2.50 s: so"),
    (replace(WORDS, final=False), "DEBUG partial of mic, 1.00 to 2.50 s: so"),
    (GAP, "WARNING gap of 0.02 s in mic: capture"),
    (GapWithdrawn(gap=GAP), "INFO gap of 0.02 s in mic withdrawn: a later dial confirmed it"),
    (Resumed(gap=61.25), "WARNING the process was suspended for 61.2 s"),
    (
        SourceEnded(source="mic", cause=SourceEndReason.EXHAUSTED, reason="over"),
        "DEBUG source mic ended, exhausted: over",
    ),
    (
        SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="gone"),
        "WARNING source mic ended, failed: gone",
    ),
    (
        SourceHeld(source="mic", device="usb", reason="usb was unplugged"),
        "WARNING source mic is held: usb was unplugged",
    ),
    (
        SourceChanged(source="mic", device="usb", reason="it is back"),
        "WARNING source mic is usb: it is back",
    ),
    (Trouble(kind="journal", text="full"), "WARNING journal: full"),
    (ENDED, "INFO ended, complete; 3 dials, 0 finals, 2 gaps"),
    (
        replace(ENDED, complete=False, transcript=(WORDS,), missing=()),
        "WARNING ended, not complete: finished; 3 dials, 1 finals, 0 gaps",
    ),
    (
        replace(ENDED, state=State.FAILED, complete=False, reason="no"),
        "ERROR ended, not complete: no; 3 dials, 0 finals, 2 gaps",
    ),
    (Insight(kind="cards", payload={}), "DEBUG update Insight"),
]


@pytest.mark.parametrize(("update", "line"), LINES)
def test_each_update_has_its_level_and_its_words(update: Update, line: str, kept: Kept) -> None:
    LogObserver().on_update(update, 0.0)
    level, _, text = line.partition(" ")
    assert kept.lines() == [f"{level} openline.session {text}"]


def test_each_event_and_command_goes_to_the_logger_of_its_matter(kept: Kept) -> None:
    observer, transition = LogObserver(), TABLE["idle"]["open_requested"][0]
    observer.on_event(e.SocketOpened(1, "c"), 0.0)
    observer.on_event(e.StopRequested(), 0.0)
    observer.on_command(c.AbortSocket(1), 0.0)
    observer.on_command(c.CloseSource("mic"), 0.0)
    observer.on_transition(transition, 0.0)
    observer.on_error(ValueError("half a sample"), None, 0.0)
    assert kept.lines() == [
        "DEBUG openline.dial event SocketOpened dial=1 connection_id=c",
        "DEBUG openline.session event StopRequested",
        "DEBUG openline.dial command AbortSocket dial=1",
        "DEBUG openline.session command CloseSource source=mic",
        f"DEBUG openline.session transition {transition.name}",
        "WARNING openline.session refused: half a sample",
    ]


def test_ids_are_empty_before_there_are_any_and_follow_the_dial(kept: Kept) -> None:
    observer = LogObserver()
    observer.on_verdict(Verdict(action=Action.RETRY, why="cut", source="us"), 0.0)
    observer.on_command(c.OpenSocket(3, Backend(), with_credential=False), 0.0)
    found = [tuple(getattr(record, name) for name in FIELDS) for record in kept.records]
    assert found == [("", "", "", 0), ("", "", "", 3)]
    assert kept.lines(logging.WARNING) == ["WARNING openline.dial verdict retry: cut (source: us)"]


def test_a_field_is_shown_up_to_80_characters(kept: Kept) -> None:
    observer = LogObserver()
    for size in (80, 81):
        observer.on_event(e.MessageReceived(1, "x" * size), 0.0)
    assert [line.rpartition("=")[2] for line in kept.lines()] == ["x" * 80, "<81 characters>"]


def test_a_log_leaves_live_frames_and_pongs_their_short_ways(kept: Kept) -> None:
    drive = Drive(observers=[LogObserver()]).stream()
    drive.audio()
    drive.drain()
    before = len(kept.lines())
    while not drive.core.wants_pull:
        assert drive.core.relay("mic", bytes(640), drive.now) is not None
    ping, *_ = drive.drain()
    assert isinstance(ping, c.SendPing)
    assert drive.core.pong(e.PongReceived(1, ping.mark), drive.now)
    assert [line.split()[1:4] for line in kept.lines()[before:]] == [
        ["openline.dial", "send", "ping"],
        ["openline.dial", "event", "PongReceived"],
        ["openline.session", "transition", "streaming"],
    ]
