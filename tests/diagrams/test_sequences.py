"""A journal drawn as a sequence: every event, once, in its order and readable."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from openline import events as e
from openline.commands import Report
from openline.dialects import protocol as d
from openline.dialects.echopanel import EchoPanel
from openline.journal.reader import Journal, JournalError, read
from openline.journal.recorder import Recorder
from openline.journal.replay import DivergedError, replay
from openline.machine.handlers import LocalProtocolError
from openline.reconnect.verdicts import Action, ErrorKind, Rule, Sender
from openline.updates import Insight, State
from openline_diagrams import (
    DARK,
    Sequence,
    sequence,
    sequence_mermaid,
    sequence_svg,
    sequence_table,
)
from openline_diagrams.sequences import words
from openline_diagrams.sequences.bars import LAYERS
from openline_diagrams.sequences.layout import layout, rows_of
from openline_diagrams.sequences.model import Alarm, Item, Message, Note, Style, Turn, Who
from openline_diagrams.sequences.sequence import LONG
from openline_diagrams.sequences.shapes import Box, Stroke, Text, broken
from openline_diagrams.theme import Role
from tests.core.driver import Drive
from tests.core.scenarios import SCENES, record
from tests.diagrams.support_sheets import check_texts

NS = {"svg": "http://www.w3.org/2000/svg"}
RULING = Rule(action=Action.FATAL, why="it is so", source="a test")


def journal(name: str) -> Journal:
    [found] = read(record(name).splitlines(keepends=True))
    return found


def drawn(name: str) -> Sequence:
    return sequence(journal(name), title=SCENES[name].title, about=SCENES[name].about)


DRAWN = {name: drawn(name) for name in SCENES}


def driven(play: Callable[[Drive], object], **options: Any) -> Sequence:
    """The diagram of a session that a test drives."""
    lines: list[bytes] = []
    drive = Drive(observers=[Recorder(lines.append)], **options)
    play(drive)
    [found] = read(lines)
    return sequence(found)


def labels(seq: Sequence) -> list[str]:
    """Each item in a few words."""
    return [label(item) for item in seq.items]


def label(item: Item) -> str:
    match item:
        case Message(tail=tail, head=head, text=text):
            return f"{tail} > {head}: {text}"
        case Turn(state=state):
            return f"= {state}"
        case Alarm(timer=timer):
            return f"! {timer}"
        case Note(text=text):
            return f"~ {text}"


def messages(seq: Sequence) -> list[Message]:
    return [item for item in seq.items if isinstance(item, Message)]


# The items.


@pytest.mark.parametrize("name", SCENES)
def test_every_state_is_drawn_and_no_other(name: str) -> None:
    states: list[State] = []
    for step in replay(journal(name)):
        if step.state != (states or [State.IDLE])[-1]:
            states.append(step.state)
    turns = [item.state for item in DRAWN[name].items if isinstance(item, Turn)]
    # A state that is left within the step that enters it is seen in the drawing alone.
    rest = iter(turns)
    assert all(state in rest for state in states)
    assert set(turns) - set(states) <= {State.RECONNECTING}


@pytest.mark.parametrize("name", SCENES)
def test_all_audio_is_drawn_in_adjacent_spans(name: str) -> None:
    seq = DRAWN[name]
    spans: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for each in messages(seq):
        found = re.fullmatch(r"(\w+)(?: × \d+)?, ([\d.]+)–([\d.]+) s", each.text)
        if found:
            key = (found[1], each.tail)
            spans.setdefault(key, []).append((float(found[2]), float(found[3])))
    for (_, tail), runs in spans.items():
        position = 0.0
        for start, end in runs:
            assert start == position if tail is Who.APP else start <= position
            position = end
        last = messages(seq)[-2 if name != "wrong-token-without-a-provider" else -1].marks
        assert position == pytest.approx(last[0].captured)


def test_replay_is_drawn_with_its_start() -> None:
    seq = DRAWN["drop-and-replay"]
    text = labels(seq)
    note = text.index("~ sends audio again from 1.20 s")
    assert text.index("openline > App: final 0.00–1.20 s") < note
    assert text[note + 1].startswith("openline > Backend: audio × 80, 1.20–2.80 s")
    assert sum(line.startswith("~") for line in text) == 1
    assert "Backend > openline: lost: reset" in text


def test_turn_has_timers_and_reason_and_alarm_its_effect() -> None:
    items = DRAWN["drop-and-replay"].items
    [wait] = [x for x in items if isinstance(x, Turn) and x.state is State.RECONNECTING]
    assert wait.timers == (("RETRY", 0.75), ("GIVE_UP", 300.0))
    assert wait.why == "the connection was reset"
    alarms = [(x.timer, x.after) for x in items if isinstance(x, Alarm)]
    assert alarms == [("SETTLE", 0.14), ("RETRY", 0.75), ("SETTLE", 0.14)]


def test_ping_without_a_pong_is_an_item_of_its_own() -> None:
    text = labels(DRAWN["frozen-backend"])
    at = text.index("! PONG")
    assert re.fullmatch(r"openline > Backend: ping( × \d+)?", text[at - 1])
    assert text[at + 1 : at + 3] == ["= reconnecting", "openline > Backend: cut, no close frame"]
    answered = [each for each in messages(DRAWN["frozen-backend"]) if each.both]
    assert len(answered) == 2
    times = [item.at for item in DRAWN["frozen-backend"].items]
    assert times == sorted(times)


def test_the_provider_takes_part_only_where_it_is_asked() -> None:
    for name, seq in DRAWN.items():
        assert (Who.PROVIDER in seq.who) == (name == "wrong-token-with-a-provider")
    text = labels(DRAWN["wrong-token-with-a-provider"])
    assert "openline > Provider: a fresh token, please" in text
    assert "Backend > openline: close 1008 (too late)" in text
    [late] = [x for x in messages(DRAWN["wrong-token-with-a-provider"]) if x.style is Style.LATE]
    assert late.head is Who.LINE


def test_audio_after_the_stop_is_not_drawn() -> None:
    def play(drive: Drive) -> None:
        drive.stream()
        drive.audio()
        drive.stop()
        drive.audio()

    text = labels(driven(play))
    assert [line for line in text if line.startswith("App > openline: audio")] == [
        "App > openline: audio, 0.00–0.02 s"
    ]


def test_two_sources_are_drawn_by_name() -> None:
    text = labels(DRAWN["two-sources"])
    assert "App > openline: mic, 0.20–0.80 s" in text
    assert "openline > Backend: system × 40, 0.00–0.80 s" in text


def test_a_close_is_the_end_only_if_it_was_not_asked_for() -> None:
    closes = [x.style for x in messages(DRAWN["stop-during-a-reconnect"]) if "close" in x.text]
    assert closes == [Style.CUT, Style.CALL, Style.ANSWER]


def test_requests_and_reports_of_the_app_are_drawn() -> None:
    def play(drive: Drive) -> None:
        drive.stop()
        with pytest.raises(LocalProtocolError):
            drive.open()
        drive.core.receive(e.Tick(), drive.now)

    assert labels(driven(play)) == [
        "App > openline: stop",
        "= closed",
        "openline > App: ended: complete",
        "App > openline: open",
        "openline > App: refused: open requested while closed",
    ]


def test_odd_events_are_drawn_too() -> None:
    def play(drive: Drive) -> None:
        drive.feed(e.PongReceived(9, b"x"))
        drive.feed(e.AudioCaptured("mic", b""))
        drive.open()
        drive.feed(e.SourceStarted("mic", drive.now))
        drive.feed(e.CaptureHole("mic", 1600))
        drive.feed(e.DeviceLost("mic", "usb", "unplugged"))
        drive.feed(e.DeviceFound("mic", "usb", "back"))
        drive.feed(e.SilenceHeard("mic", 10.0))
        drive.connect()
        drive.feed(e.NetworkRestored())
        drive.drain()
        drive.say("an odd one")
        drive.feed(e.MessageReceived(1, b"\0"))
        drive.figures()
        drive.figures()
        drive.audio()
        drive.drain()
        drive.feed(e.SourceFinished("mic"))
        drive.abort()

    text = labels(driven(play, sources=("mic", "system")))
    assert "App > openline: mic: 0.1 s not captured" in text
    assert "App > openline: mic has lost usb" in text
    assert "openline > App: mic is held" in text
    assert "App > openline: mic has usb" in text
    assert "openline > App: mic is usb" in text
    assert "App > openline: mic: 10 s of digital silence" in text
    assert "Backend > openline: metrics × 2" in text
    assert "App > openline: the network is back" in text
    assert "openline > Backend: ping" in text
    assert "Backend > openline: an odd one, of unknown type" in text
    assert "Backend > openline: malformed (too late)" in text
    assert "openline > App: gap 0.10–0.12 s: unconfirmed" in text
    assert "openline > App: ended: 2 gaps" in text
    assert (
        text[-1] == "openline > App: ended: 2 gaps"
        or "openline > Backend: cut, no close frame" in text
    )


def test_a_provider_that_is_no_longer_needed_and_a_source_that_fails() -> None:
    def play(drive: Drive) -> None:
        drive.open()
        drive.feed(e.SourceFailed("mic", "unplugged"))
        drive.feed(e.AudioCaptured("mic", bytes(640)))
        drive.abort()

    text = labels(driven(play, has_provider=True, sources=("mic", "system")))
    assert "openline > App: mic failed" in text
    assert "openline > Provider: no token is needed any more" in text


def test_disk_commands_and_late_pongs_are_left_out() -> None:
    def play(drive: Drive) -> None:
        drive.stream()
        drive.speak(0.4)
        drive.lose(1006)
        drive.redial()
        drive.feed(e.PongReceived(1, b"1"))

    text = labels(driven(play, disk_seconds=60.0))
    assert not [line for line in text if "Store" in line or "disk" in line]
    assert "Backend > openline: close 1006" in text


def test_a_session_that_is_long_is_folded_until_it_can_be_read() -> None:
    def play(drive: Drive) -> None:
        drive.stream()
        for number in range(LONG):
            drive.speak(0.2)
            drive.partial(number / 5, number / 5 + 0.1)
            drive.final(number / 5, number / 5 + 0.2)
        drive.stop()
        drive.drain()
        drive.summary()
        drive.lose(1000)

    seq = driven(play)
    assert len(seq.items) < LONG
    text = labels(seq)
    assert f"openline > App: final × {LONG}" in text
    runs = [re.fullmatch(r"openline > Backend: audio × (\d+), .*", line) for line in text]
    assert sum(int(found[1]) for found in runs if found) == LONG * 10


def test_session_that_cannot_be_folded_is_drawn_in_full() -> None:
    def play(drive: Drive) -> None:
        drive.stream()
        for _ in range(10):
            drive.lose()
            drive.redial()
            drive.connect()

    seq = driven(play)
    assert len(seq.items) > LONG
    assert labels(seq).count("Backend > openline: lost: reset") == 10


def test_a_journal_of_another_core_is_refused() -> None:
    lines = (
        record("happy-path").replace(b"hello world", b"hello moon!", 1).splitlines(keepends=True)
    )
    [changed] = read(lines)
    with pytest.raises(DivergedError, match="no longer does"):
        sequence(changed)
    [strange] = read(
        record("happy-path").replace(b'"echopanel"', b'"latin"').splitlines(keepends=True)
    )
    with pytest.raises(JournalError, match="'latin'"):
        sequence(strange)
    with pytest.raises(JournalError, match="of latin, and not of echopanel"):
        sequence(strange, dialect=EchoPanel())
    latin = type("Latin", (EchoPanel,), {"name": "latin"})()
    assert sequence(strange, dialect=latin).items == DRAWN["happy-path"].items


# The labels.


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (e.SourceFailed("mic", "unplugged"), "mic failed: unplugged"),
        (e.SpoolFailed("no space left"), "the disk failed: no space left"),
        (e.CredentialFailed(1), "no token"),
        (e.CredentialFailed(1, detail="gone"), "no token: gone"),
        (e.Redirected(1, 302, "wss://b.example/"), "302: go to wss://b.example/"),
        (e.SocketLost(dial=1, code=1008, sender=Sender.REMOTE, reason="no"), "close 1008 “no”"),
        (e.SocketLost(dial=1, status=503, retry_after=30), "HTTP 503, Retry-After 30 s"),
        (e.SocketLost(dial=1, status=401), "HTTP 401"),
        (e.SocketLost(dial=1, error=ErrorKind.TLS_DATES), "lost: tls dates"),
        (e.SocketLost(dial=1), "lost: no cause given"),
        (e.Tick(), ""),
    ],
)
def test_label_of_an_event(event: e.Event, text: str) -> None:
    assert words.event_label(event) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (d.Status(state="buffering"), "status buffering"),
        (d.Heard(text="a\nb", start=0, end=1, final=True), "final “a b”"),
        (d.Heard(text="x" * 99, start=0, end=1, final=False), f"partial “{'x' * 43}…”"),
        (d.Noticed(kind="entities", payload={}), "entities"),
        (d.Refusal(row=RULING, text="no"), "refusal “no”"),
        (d.Remark(text="oh"), "error “oh”"),
        (d.FinalMessage(summary={}), "the final message"),
        (d.Proof(confirmed=1.0), "proof"),
        (d.Expires(seconds=60.0), "it ends in 60 s"),
        (d.Expires(at=1_800_000_000.0), "it ends at a date"),
        (d.Lost(source="mic", text="no"), "not transcribed: “no”"),
    ],
)
def test_label_of_a_message(message: d.Message, text: str) -> None:
    assert words.message_label([message]) == text


def test_label_of_a_message_with_several_items_or_none() -> None:
    heard = d.Heard(text="a", start=0, end=1, final=True)
    assert words.message_label([heard, d.Proof(confirmed=1.0)]) == "final “a”; proof"
    assert words.message_label([]) == "nothing"


def test_what_a_backend_noticed_is_handed_on_under_its_name() -> None:
    assert (
        words.command_label(Report(Insight(kind="cards", payload={})), has_provider=False)
        == "cards"
    )


def test_sent_message_is_labelled_by_its_type() -> None:
    assert words.sent_label('{"type":"start","x":1}') == "start"
    assert words.sent_label("HELLO") == "HELLO"
    assert words.sent_label("[1]") == "[1]"


# Mermaid.


@pytest.mark.parametrize("name", SCENES)
def test_mermaid_has_every_item_in_blocks_that_close(name: str) -> None:
    seq = DRAWN[name]
    lines = [line.strip() for line in sequence_mermaid(seq).splitlines()]
    assert lines[0] == "sequenceDiagram"
    assert lines[1] == f"title {seq.title}"
    assert [line for line in lines if line.startswith("participant ")] == [
        f"participant {who}" for who in seq.who
    ]
    turns = sum(isinstance(item, Turn) for item in seq.items)
    assert sum(line.startswith("rect ") for line in lines) == lines.count("end") == turns
    arrow = re.compile(r"(\w+)(?:<<->>|-->>|->>|--x|-x)(\w+): [\d.]+ s .+")
    arrows = [found for line in lines if (found := arrow.fullmatch(line))]
    assert len(arrows) == len(messages(seq))
    assert {end for found in arrows for end in found.groups()} <= set(seq.who)
    notes = sum(isinstance(item, Turn | Note) for item in seq.items)
    assert sum(line.startswith("Note over openline: ") for line in lines) == notes
    alarms = sum(isinstance(item, Alarm) for item in seq.items)
    assert sum(line.startswith("Note right of openline: ") for line in lines) == alarms
    assert len(lines) == 3 + len(seq.who) + 2 * turns + len(arrows) + notes + alarms


@pytest.mark.parametrize("name", SCENES)
def test_a_note_of_mermaid_has_short_lines_and_all_its_words(name: str) -> None:
    """A note is drawn narrower than a long line of it."""
    lines = [line.strip() for line in sequence_mermaid(DRAWN[name]).splitlines()]
    notes = [line.partition(": ")[2].split("<br/>") for line in lines if line.startswith("Note")]
    assert max(len(part) for note in notes for part in note) <= 20
    joined = " ".join(part for note in notes for part in note)
    for item in DRAWN[name].items:
        match item:
            case Turn(timers=timers, why=why):
                assert why in joined
                assert all(f"{timer} {words.seconds(value)}" in joined for timer, value in timers)
            case Alarm(timer=timer, after=after):
                assert f"{timer} after {words.seconds(after)}" in joined
            case Note(text=text):
                assert text in joined
            case Message():
                pass


def test_backend_text_is_escaped_in_mermaid_and_svg() -> None:
    def play(drive: Drive) -> None:
        drive.stream()
        drive.speak(0.2)
        drive.final(0.0, 0.1, "a;b #1 <b>%%{x}</b>\n    end & \x00")

    seq = driven(play)
    text = sequence_mermaid(seq)
    assert "“a#59;b #35;1 #60;b#62;#37;#37;#123;x#125;#60;/b#62; end #38; \ufffd”" in text
    found = ET.fromstring(sequence_svg(seq))  # noqa: S314 -- made by ourselves
    assert any("a;b #1 <b>%%{x}</b> end &" in "".join(each.itertext()) for each in found.iter())


def test_without_a_caption() -> None:
    seq = DRAWN["happy-path"]._replace(about="")
    assert "accDescr" not in sequence_mermaid(seq)
    assert "<desc>" not in sequence_svg(seq)
    assert sequence(journal("happy-path")).title == "Session the session"


def test_before_the_first_state_there_is_no_block() -> None:
    seq = Sequence("t", "", (Who.APP, Who.LINE), ())
    assert sequence_mermaid(seq).splitlines()[-1].strip() == "participant openline"
    assert not [shape for shape in layout(seq).shapes if isinstance(shape, Text) and shape.y < 0]


# As text.


def rendered(seq: Sequence) -> tuple[list[str], list[list[str]]]:
    """The output of a Markdown renderer: the text above the table, and its rows."""
    above, cells = list[str](), list[str]()
    within = False
    for token in (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(sequence_table(seq))
    ):
        within = within or token.type == "table_open"
        if token.type == "inline":
            parts = [each.content for each in token.children or ()]
            kinds = {each.type for each in token.children or ()}
            assert kinds <= {"text", "strong_open", "strong_close", "em_open", "em_close"}, kinds
            (cells if within else above).append("".join(parts))
    return above, [cells[at : at + 3] for at in range(0, len(cells), 3)]


@pytest.mark.parametrize("name", SCENES)
def test_the_table_has_a_row_for_every_item(name: str) -> None:
    seq = DRAWN[name]
    above, [head, *lines] = rendered(seq)
    assert above == [seq.title, seq.about]
    assert head == ["seconds", "from → to", "what"]
    assert [line[0] for line in lines] == [f"{item.at:.2f}" for item in seq.items]
    for (_, who, what), item in zip(lines, seq.items, strict=True):
        match item:
            case Message(tail=tail, head=to, text=text):
                assert (who, what) == (f"{tail} → {to}", text)
            case Turn(state=state, timers=timers, why=why):
                assert (who, what.partition(":")[0]) == ("openline", state)
                assert all(f"{timer} {words.seconds(value)}" in what for timer, value in timers)
                assert what.endswith(why)
            case Alarm(timer=timer, after=after):
                assert (who, what) == ("openline", f"{timer} after {words.seconds(after)}")
            case Note(text=text):
                assert (who, what) == ("openline", text)


def test_backend_text_is_escaped_in_markdown() -> None:
    strange = r"a|b \\| *x* _y_ `z` <b>&amp; [l](http://x) ~~s~~ $n$ # \ \| \a"
    message = Message(0.0, Who.BACKEND, Who.LINE, strange, Style.ANSWER)
    turn = Turn(0.0, State.FAILED, (), strange)
    who = (Who.APP, Who.LINE, Who.BACKEND)
    seq = Sequence(f"{strange} #", f"{strange}\n\n- x", who, (message, turn))
    above, [_, first, second] = rendered(seq)
    assert above == [f"{strange} #", f"{strange} - x"]
    assert first == ["0.00", "Backend → openline", strange]
    assert second == ["0.00", "openline", f"failed: {strange}"]


def test_a_table_without_a_caption_under_a_heading_of_ones_own() -> None:
    seq = DRAWN["happy-path"]._replace(about="")
    assert sequence_table(seq, level="#").startswith("# The happy path\n\n| seconds | ")


# The picture.


@pytest.mark.parametrize("name", SCENES)
def test_no_text_is_cut_or_meets_another_or_a_line(name: str) -> None:
    check_texts(layout(DRAWN[name]))


def test_every_item_is_in_the_picture() -> None:
    for name, seq in DRAWN.items():
        svg = sequence_svg(seq)
        root = ET.fromstring(svg)  # noqa: S314 -- made by ourselves
        shown = " ".join("".join(each.itertext()) for each in root.iterfind(".//svg:text", NS))
        for item in seq.items:
            match item:
                case Message() | Note():
                    for word in item.text.split():
                        assert word in shown
                case Alarm(timer=timer):
                    assert timer in shown
                case Turn(state=state, timers=timers):
                    assert state in shown
                    assert all(timer in shown for timer, _ in timers)
        assert root.get("width") == "800"
        assert [each.text for each in root.iterfind(".//svg:title", NS)] == [SCENES[name].title]


def test_light_and_dark_differ_in_their_colours_alone() -> None:
    seq = DRAWN["happy-path"]
    colour = re.compile(r"#[0-9a-f]{6}")
    light, dark = sequence_svg(seq), sequence_svg(seq, DARK)
    assert light != dark
    assert colour.sub("", light) == colour.sub("", dark)


def test_captured_sent_and_confirmed_differ_without_colour() -> None:
    """By being pale, hatched or solid, in the legend and in every bar alike."""
    textures: dict[str, tuple[bool, bool]] = {}
    for layer in LAYERS:
        box, *hatch = layer.drawn(10, 20, 30, 6)
        assert isinstance(box, Box)
        assert box[:4] == (10, 20, 30, 6)
        for stroke in hatch:
            assert isinstance(stroke, Stroke)
            assert (stroke.points, stroke.width) == (((10, 23), (40, 23)), 6)
            assert stroke.dashes
            assert stroke.tone != box.fill
        textures[layer.name] = (box.fill == box.line, bool(hatch))
    assert len(set(textures.values())) == len(textures) == 3
    shapes = layout(DRAWN["drop-and-replay"]).shapes
    sent = [s for s in shapes if isinstance(s, Box) and s.fill == (Role.WAIT, "fill") and s.h == 6]
    hatches = [s for s in shapes if isinstance(s, Stroke) and s.width == 6]
    assert len(sent) == len(hatches) > 3


def test_svg_loads_nothing_from_elsewhere() -> None:
    assert not re.search(r"href|url\(|@import|<script|<image", sequence_svg(DRAWN["capacity"]))


def test_report_stands_beside_its_message() -> None:
    rows = [*rows_of(DRAWN["happy-path"].items)]
    assert [item for row in rows for item in row] == [*DRAWN["happy-path"].items]
    pairs = [[label(item) for item in row] for row in rows if len(row) == 2]
    assert ["Backend > openline: final “hello world”", "openline > App: final 0.00–0.80 s"] in pairs


def test_a_line_breaks_between_words_and_a_word_where_it_must() -> None:
    assert broken("one two three", 60) == ["one two", "three"]
    assert "".join(broken("x" * 40, 60)) == "x" * 40
    assert len(broken("x" * 40, 60)) > 4
    assert broken("a " + "漢" * 6, 40) == ["a", "漢漢漢", "漢漢漢"]


def test_a_source_that_captured_nothing_has_no_bar() -> None:
    def play(drive: Drive) -> None:
        drive.feed(e.OpenRequested())
        drive.feed(e.AudioCaptured("mic", b""))
        drive.feed(e.StopRequested())

    shapes = layout(driven(play)).shapes
    assert not [each for each in shapes if isinstance(each, Box) and each.h == 6]
