"""Recordings hold what the machine did: each row against a replay that is looked at on its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import Outgoing
from openline.events import Event
from openline.journal.reader import Journal, JournalError, read
from openline.journal.replay import replay
from openline.observer import Observer
from openline.session import TABLE, SessionMachine
from openline.snapshot import MachineOptions, Snapshot
from openline_diagrams import rows as rows_of
from openline_inspect import KINDS, MARKS, Recorder, record, record_path
from openline_inspect.recording import is_path
from openline_lookup.amounts import replayed
from openline_lookup.endings import all_rows
from openline_lookup.records import records
from openline_lookup.story import stories
from tests.inspect.support_rows import JOURNALS, Seen, journal, seen, stories_in
from tests.inspect.support_sessions import away, long_session, never_back, unreadable

SESSIONS: dict[str, Callable[[], Journal]] = {
    **{path.stem: lambda path=path: journal(path) for path in JOURNALS},  # type: ignore[misc]
    "long": lambda: long_session(90.0),
    "never back": lambda: never_back(60.0),
}


@pytest.fixture(params=SESSIONS, scope="module")
def session(request: pytest.FixtureRequest) -> Journal:
    return SESSIONS[request.param]()


@pytest.fixture(scope="module")
def recorded(session: Journal) -> list[Any]:
    """The rows of the session. They are not changed."""
    return record(session).rows


@pytest.fixture(scope="module")
def rows(session: Journal, recorded: list[Any]) -> list[Seen]:
    return list(seen(recorded, len(session.opening.sources)))


@pytest.fixture(scope="module")
def looks(session: Journal) -> list[Look]:
    """The session after each step that makes a row."""
    return looked(session)


#: What happened, when, and the session after it.
Look: TypeAlias = tuple[Event | Outgoing, float, Snapshot]


class Looker(Observer):
    """Keeps a snapshot after each step that makes a row."""

    def __init__(self) -> None:
        self.seen: list[Look] = []

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        self.look = look

    def on_done(self, event: Event, now: float) -> None:
        self.seen.append((event, now, self.look()))

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        if outgoing is not None:
            self.seen.append((outgoing, now, self.look()))


def looked(session: Journal) -> list[Look]:
    looker = Looker()
    for _ in replay(session, observers=[looker]):
        pass
    return looker.seen


def read_rows(session: Journal, **how: Any) -> list[Seen]:
    return list(seen(record(session, **how).rows, len(session.opening.sources)))


def test_every_event_and_every_message_is_a_row(rows: list[Seen], looks: list[Look]) -> None:
    for row, (what, now, _) in itertools.zip_longest(rows, looks):
        kind = "SendBytes" if row.kind == "AudioSent" else row.kind
        assert kind == type(what).__name__
        assert row.at == pytest.approx(now * 1e6, abs=1)


def test_watermarks_states_and_dials_are_those_of_the_session(
    session: Journal, rows: list[Seen], looks: list[Look]
) -> None:
    for row, (_, _, then) in zip(rows, looks, strict=True):
        for number, source in enumerate(session.opening.sources):
            marks = row.marks[len(MARKS) * number :][: len(MARKS)]
            there = then.sources.get(source)  # None: it has not started
            assert marks == tuple(getattr(there, name, 0) for name in MARKS)
        assert (row.state, row.dial) == (str(then.state), then.dial)


def test_deadlines_are_those_of_the_session(rows: list[Seen], looks: list[Look]) -> None:
    for row, (_, _, then) in zip(rows, looks, strict=True):
        assert row.due.keys() == {int(timer) for timer in then.deadlines}
        for timer, due in then.deadlines.items():
            assert row.due[int(timer)] == pytest.approx(max(due * 1e6, row.at), abs=2)


def test_transitions_lead_from_state_to_state(rows: list[Seen]) -> None:
    table, state = rows_of(TABLE), "idle"
    for row in rows:
        for way in row.more.get("x", ()):
            run = table[int(way)]
            assert run.source == state
            state = run.target or state
        assert state == row.state


def test_verdicts_have_reasons_and_sources_of_the_table(rows: list[Seen]) -> None:
    known = {each.source for each in all_rows()}
    said = [verdict for row in rows for verdict in row.more.get("v", ())]
    assert all(why and source in known | {"echopanel contract, How it ends"}
               for _, why, source, _ in said)  # fmt: skip


def test_a_loss_has_its_verdict_and_its_transition() -> None:
    rows = read_rows(journal(next(path for path in JOURNALS if path.stem == "drop-and-replay")))
    [lost] = [row for row in rows if row.kind == "SocketLost" and row.state == "reconnecting"]
    assert lost.more["v"] == [["retry", "the connection was reset", "openline", 0]]
    assert lost.more["w"] == "SocketLost dial=1 error=reset"


def test_a_recording_has_one_story(recorded: list[Any]) -> None:
    [story] = stories_in(recorded)
    assert story["end"]
    assert story["complete"] in {True, False}


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_the_story_is_what_explain_tells(path: Path) -> None:
    with path.open("rb") as file:
        [told] = stories(records(file), [replayed(journal(path))])
    [mine] = stories_in(record(journal(path)).rows)
    assert mine["minutes"] == msgspec.to_builtins(told.minutes)
    assert mine["end"] == told.end


def test_a_live_session_makes_the_rows_of_its_replay(session: Journal, recorded: list[Any]) -> None:
    live = Recorder(live=True)
    found: list[Any] = []
    for _ in replay(session, observers=[live]):
        found += live.take()
    assert [row for row in found if isinstance(row, list)] == recorded[:-1]
    assert stories_in(found), "a live page has the story before the end"
    assert live.take() == []


def test_stories_of_a_live_session_are_a_second_apart() -> None:
    live = Recorder(live=True)
    for _ in replay(never_back(60.0), observers=[live]):
        pass
    at, told = 0, [-2_000_000]
    for row in live.take():
        if isinstance(row, dict):
            told.append(at)
        else:
            at += row[0]
    between = [b - a for a, b in itertools.pairwise(told)]
    assert len(told) > 3
    assert all(each >= 1_000_000 for each in between[:-1])  # the last one is that of the end


def test_without_text_no_word_is_in_it() -> None:
    said = "a secret phrase that nobody may read"
    session = never_back(30.0)
    texts = {final for row in read_rows(session) for u in row.more.get("u", ()) if u[0] in "pfh"
             for final in [u[2]]}  # fmt: skip
    assert texts, said
    bare = json.dumps(record(session, text=False).rows)
    assert not [text for text in texts if len(text) > 3 and text in bare]
    assert " words)" in bare


def test_a_journal_of_another_core_is_shown_up_to_there() -> None:
    whole = journal(JOURNALS[0])
    odd = msgspec.structs.replace(whole.entries[40], out=[{"type": "Other"}], event=e.Tick())
    changed = msgspec.structs.replace(whole, entries=(*whole.entries[:40], odd))
    found = record(changed)
    assert "ends early" in found.head["trouble"]
    assert len(found.rows) > 20
    cut = record(msgspec.structs.replace(whole, torn=True))
    assert "is cut" in cut.head["trouble"]
    assert record(whole).head["trouble"] == ""


def test_a_refused_request_is_a_row() -> None:
    recorder = Recorder()
    machine = SessionMachine(
        Backend(), session_id="s", attempt_id="a", random=lambda: 0.5, observers=[recorder]
    )
    machine.receive(e.OpenRequested(), 0.0)
    with pytest.raises(Exception, match="open"):
        machine.receive(e.OpenRequested(), 1.0)
    row = recorder.take()[-1]
    assert isinstance(row, list)
    assert row[3]["r"].startswith("LocalProtocolError: ")


def test_no_url_of_a_live_session_is_whole() -> None:
    recorder = Recorder()
    secret = "s3cr3t"
    machine = SessionMachine(
        Backend(query=f"session={secret}"),
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
        observers=[recorder],
        has_provider=True,
    )
    there = Backend(host="other.example", query=f"session={secret}", headers=(("x-a", secret),))
    machine.receive(e.OpenRequested(), 0.0)
    machine.receive(e.CredentialReady(1, backend=there), 0.1)
    machine.receive(e.Redirected(1, 302, f"/there?code={secret}"), 0.2)
    shown = json.dumps([recorder.head, *recorder.take(), recorder.story()])
    assert "other.example" in shown
    assert secret not in shown


# Paths of the model.


PATH: list[dict[str, Any]] = [
    {"model": 1, "breaks": "dials: too many", "state": {"state": "idle", "stop": 0}, "cycle": 1},
    {"cause": "open_requested", "row": "idle --open_requested--> connecting", "from": "idle",
     "to": "connecting", "changed": {"state": "connecting"}},
    {"cause": "stop_requested", "row": "connecting --stop_requested--> itself",
     "from": "connecting", "to": "connecting", "changed": {"stop": 1}},
]  # fmt: skip


def lines(*plain: object) -> list[str]:
    return [json.dumps(each) + "\n" for each in plain]


def test_a_path_of_the_model_is_a_recording() -> None:
    found = record_path(lines(*PATH), name="broken")
    first, opened, stopped = seen(found.rows, 0)
    assert (first.at, opened.at, stopped.at) == (0, 1_000_000, 2_000_000)
    assert (opened.state, stopped.state) == ("connecting", "connecting")
    way = rows_of(TABLE)[int(opened.more["x"][0])]
    assert way.name == PATH[1]["row"]
    assert stopped.more["m"] == ["stop: 0 → 1"]
    assert "again and again" in stopped.more["w"]
    assert found.head["timeless"]
    [story] = stories_in(found.rows)
    assert "dials: too many" in story["end"]


@pytest.mark.parametrize(
    ("text", "line"),
    [([], "line 1"), (["{}\n"], "line 1"), (["[]\n"], "line 1"), (["no\n"], "line 1"),
     (lines(PATH[0], {"cause": "x"}), "line 2"), (lines(PATH[0], 7), "line 2")],
)  # fmt: skip
def test_anything_else_is_no_path(text: list[str], line: str) -> None:
    with pytest.raises(JournalError, match=line):
        record_path(text)


def test_paths_and_journals_are_told_apart() -> None:
    assert is_path(lines(PATH[0])[0])
    assert not is_path(Path(JOURNALS[0]).read_bytes().splitlines()[0])
    assert not is_path(b"no JSON")
    assert read(JOURNALS[0].read_bytes().splitlines(keepends=True))


def test_kinds_are_of_every_event_and_message() -> None:
    assert len(set(KINDS)) == len(KINDS)
    assert {"Tick", "AudioSent", "ModelStep"} <= set(KINDS)


def test_a_story_without_text_counts_words_that_never_became_final() -> None:
    for text, words in ((True, "that line what to does"), (False, "(5 words)")):
        story = record(away(), text=text).rows[-1]
        assert isinstance(story, dict)
        first, *_ = story["story"]["unfinal"]
        assert first["text"] == words
        assert ("that line what to does" in str(story)) is text


def test_the_head_has_the_limit_of_the_buffer() -> None:
    assert record(unreadable()).head["buffer"] == 80.0
