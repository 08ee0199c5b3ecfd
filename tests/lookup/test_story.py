"""A session told from its journal: the recorded scenarios as they read, and damage of any kind."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_lookup.happenings import Said
from openline_lookup.records import Broken, Head, Record, records
from openline_lookup.results import Sums
from openline_lookup.story import Minute, Story, stories

STOPS = "the journal stops here, and the session does not end in it"
JOURNALS = Path(__file__).parents[1] / "journals"
HEAD = {
    "journal": 1,
    "session_id": "s",
    "dialect": "echopanel",
    "sources": ["mic"],
    "backend": {"host": "::1", "port": 8000, "path": "/ws", "secure": None},
}
STATISTICS = {"dials": 1, "sources": {"mic": {"captured": 16_000, "sent": 0, "confirmed": 0,
                                              "missing": 16_000}}}  # fmt: skip


def told(lines: Iterable[bytes]) -> Story:
    [story] = stories(records(lines))
    return story


def journal(name: str) -> list[bytes]:
    return (JOURNALS / f"{name}.jsonl").read_bytes().splitlines(keepends=True)


def sentences(story: Story) -> list[str]:
    return [f"{each.at:.1f} {each.text}" for minute in story.minutes for each in minute.happened]


def line(now: float, kind: str = "Tick", *updates: dict[str, Any], **fields: object) -> bytes:
    commands = [{"type": "Report", "update": each} for each in updates]
    event = {"type": kind, **fields}
    return json.dumps({"now": now, "event": event, "commands": commands}).encode() + b"\n"


def session(*lines: bytes, **changes: object) -> Story:
    return told([json.dumps(HEAD | changes).encode() + b"\n", *lines])


def state(name: str, reason: str = "", **more: object) -> dict[str, Any]:
    return {"type": "StateChanged", "state": name, "dial": 1, "reason": reason, **more}


def final(text: str, end: float) -> dict[str, Any]:
    fields = {"source": "mic", "text": text, "final": True, "start": 0.0, "end": end}
    return {"type": "Transcript", **fields}


#: What each recorded scenario reads like.
GOLDEN = {
    "happy-path": [
        "0.0 mic starts",
        "0.2 the line is open, 0.2 s after the start, on dial 1",
        "1.7 the app asks for the end",
        "2.1 the session is over: closed, complete",
    ],
    "two-sources": [
        "0.0 mic starts",
        "0.0 system starts",
        "0.2 the line is open, 0.2 s after the start, on dial 1",
        "1.2 the app asks for the end",
        "1.6 the session is over: closed, complete",
    ],
    "drop-and-replay": [
        "0.0 mic starts",
        "0.2 the line is open, 0.2 s after the start, on dial 1",
        (
            "2.3 the line was lost: the connection was reset [retry, source: openline]; it dials "
            "again in 0.8 s"
        ),
        "3.3 the line is open again after 1.0 s, on dial 2",
        "4.4 the app asks for the end",
        "4.8 the session is over: closed, complete",
    ],
    "capacity": [
        "0.0 mic starts",
        (
            "5.2 the first dial failed: the backend is full and asks to come back later (Server "
            "at capacity, please try again later) [later, source: echopanel contract, How it "
            "ends]; it dials again in 5.5 s"
        ),
        "11.0 the line is open, 11.0 s after the start, on dial 2",
        "12.0 the app asks for the end",
        "12.4 the session is over: closed, complete",
    ],
    "frozen-backend": [
        "0.0 mic starts",
        "0.2 the line is open, 0.2 s after the start, on dial 1",
        (
            "6.5 the line was lost: the backend did not answer a ping in time [retry, source: "
            "openline]; nothing came from the server for 5.4 s; it dials again in 0.8 s"
        ),
        "7.5 the line is open again after 1.0 s, on dial 2",
        "8.0 the app asks for the end",
        "8.4 the session is over: closed, complete",
    ],
    "stop-during-a-reconnect": [
        "0.0 mic starts",
        "0.2 the line is open, 0.2 s after the start, on dial 1",
        (
            "1.4 the line was lost: the server is restarting [retry, source: uvicorn]; it dials "
            "again in 0.8 s"
        ),
        "1.7 the app asks for the end",
        "2.4 the line is open again after 1.0 s, on dial 2",
        "2.8 the session is over: closed, complete",
    ],
    "wrong-token-with-a-provider": [
        "0.0 mic starts",
        "0.1 the provider gave a credential",
        (
            "0.4 the first dial failed: the backend refused the token (Unauthorized websocket "
            "connection) [reauth, source: echopanel contract, How it ends]; it dials again in 0.0 s"
        ),
        "0.5 the provider gave a fresh credential",
        "0.8 the line is open, 0.8 s after the start, on dial 2",
        "1.5 the app asks for the end",
        "1.9 the session is over: closed, complete",
    ],
    "wrong-token-without-a-provider": [
        "0.0 mic starts",
        (
            "0.2 the session failed: the backend refused the token, and there is no provider for a "
            "fresh credential: check the token, or give one (Unauthorized websocket connection) "
            "[fatal, source: echopanel contract, How it ends]"
        ),
        "0.2 0.2 s of mic are missing: the session ended before it was delivered (undelivered)",
        "0.2 the session is over: failed, not complete",
    ],
}


@pytest.mark.parametrize("name", sorted(each.stem for each in JOURNALS.glob("*.jsonl")))
def test_each_scenario_reads_so(name: str) -> None:
    story = told(journal(name))
    assert sentences(story) == GOLDEN[name]
    assert not story.broken
    assert story.complete is (name != "wrong-token-without-a-provider")


def test_how_it_ended() -> None:
    assert told(journal("drop-and-replay")).end == (
        "closed, complete: finished; 9 words, 2 dials; mic: 2.8 s captured, 2.8 s confirmed, "
        "none missing"
    )


def test_quiet_minutes_are_joined() -> None:
    words = [line(60.0 * minute, "Tick", final("a b c", 60.0 * minute - 0.5 * minute))
             for minute in range(1, 5)]  # fmt: skip
    audio = [line(60.0 * minute, "AudioCaptured", source="mic", bytes=32_000)
             for minute in range(5, 7)]  # fmt: skip
    lost = state("reconnecting", "the connection was reset", action="retry", retry_in=1.0)
    story = session(
        line(0.0, "SourceStarted", source="mic", at=0.0), *words, *audio,
        line(12 * 60.0, "SocketLost", lost),
    )  # fmt: skip
    assert [(each.first, each.last, each.words, each.captured) for each in story.minutes] == [
        (0, 0, 0, 0.0), (1, 4, 12, 0.0), (5, 6, 0, 2.0), (7, 11, 0, 0.0), (12, 12, 0, 0.0),
    ]  # fmt: skip
    assert story.minutes[1].lag == pytest.approx(2.0)
    assert story.minutes[2] == Minute(first=5, last=6, captured=2.0)


def test_dials_that_fail_alike_are_counted() -> None:
    refused = state("reconnecting", "nothing listens", action="retry", retry_in=1.0)
    other = state("reconnecting", "the server is restarting", action="retry")
    story = session(
        line(0.0, "Tick", state("streaming")),
        *(line(float(at), "SocketLost", refused) for at in range(1, 5)),
        line(5.0, "SocketLost", other),
        line(9.0, "Tick", state("streaming")),
    )
    assert sentences(story)[1:-1] == [
        "1.0 the line was lost: nothing listens [retry]; it dials again in 1.0 s",
        "4.0 3 more dials failed alike",
        "5.0 dial 1 failed: the server is restarting [retry, source: uvicorn]",
        "9.0 the line is open again after 8.0 s, on dial 1",
    ]


def test_gaps_of_one_cause_are_added_up() -> None:
    gap = {"type": "Gap", "source": "mic", "start": 0, "end": 16_000, "samples": 16_000,
           "cause": "overflow"}  # fmt: skip
    withdrawn = {"type": "GapWithdrawn", "gap": {k: v for k, v in gap.items() if k != "type"}}
    story = session(line(0.0, "Tick", gap), line(1.0, "Tick", gap), line(61.0, "Tick", withdrawn))
    assert sentences(story) == [
        "0.0 2.0 s of mic are missing: the buffer was full before it could be sent (overflow)",
        "61.0 1.0 s of mic are not missing any more",
        f"61.0 {STOPS}",
    ]


def test_what_else_is_told() -> None:
    story = session(
        line(0.0, "CredentialFailed", detail="no key"),
        line(1.0, "CredentialReady", request=1, unchanged=True),
        line(2.0, "Redirected", status=307, location="wss://there.example/x?y=xxx"),
        line(3.0, "SpoolFailed", reason="disk full"),
        line(4.0, "NetworkRestored"),
        line(5.0, "SourceFinished", source="mic"),
        line(6.0, "Tick", {"type": "SourceHeld", "source": "mic", "device": "USB", "reason": "x"}),
        line(7.0, "Tick", {"type": "SourceChanged", "source": "mic", "device": "Built-in",
                           "reason": "y"}),
        line(8.0, "Tick", {"type": "SourceEnded", "source": "mic", "cause": "stalled",
                           "reason": "silent"}),
        line(9.0, "Tick", {"type": "Trouble", "kind": "deaf", "text": "it hears nothing"}),
        line(10.0, "Tick", {"type": "Resumed", "gap": 30.0}),
        line(11.0, "Tick", state("draining", "its end is near")),
    )  # fmt: skip
    assert sentences(story) == [
        "0.0 the provider gave no credential: no key",
        "1.0 the provider gave a credential, the same as before",
        "2.0 the backend redirects to wss://there.example/x (HTTP 307)",
        "3.0 nothing more can be kept on disk: disk full",
        "4.0 the network is back",
        "5.0 mic has no more audio",
        "6.0 mic waits for its device USB: x",
        "7.0 mic goes on with Built-in",
        "8.0 mic is lost (stalled): silent",
        "9.0 it hears nothing (deaf)",
        "10.0 the process was suspended for 30.0 s",
        "11.0 dial 1 is replaced by another one: its end is near",
        f"11.0 {STOPS}",
    ]


def test_the_head() -> None:
    story = session(line(5.0, "OpenRequested"), line(6.0, "SocketOpened", dial=1, date=1e9))
    assert (story.url, story.began, story.seconds) == ("ws://[::1]:8000/ws", 1e9 - 1.0, 1.0)
    far = {"host": "far.example", "port": 1, "path": "/", "secure": None}
    assert session(line(0.0), backend=far).url == "wss://far.example:1/"


def test_audio_that_was_kept_counts() -> None:
    story = session(line(0.0, "AudioCaptured", source="mic", pcm="A" * 4 * 32_000))
    assert story.minutes[0].captured == 3.0


def test_several_sessions_in_one_file() -> None:
    two = [*journal("happy-path"), *journal("capacity")]
    assert [len(each.minutes) for each in stories(records(two))] == [1, 1]


def test_a_cut_journal_is_told_as_far_as_it_goes() -> None:
    whole = b"".join(journal("drop-and-replay"))
    cut = whole[: len(whole) // 2].splitlines(keepends=True)
    story = told(cut)
    assert (story.torn, story.complete, story.broken) == (True, None, ())
    assert sentences(story) == [
        *GOLDEN["drop-and-replay"][:2],
        '2.1 these words never became final: "and" (0:01.3 to 0:01.8 of mic)',
        f"2.1 {STOPS}",
    ]
    assert (story.end, story.outcome, story.audio) == (STOPS, "open", None)


def test_a_broken_line_is_named_and_the_rest_is_told() -> None:
    lines = journal("capacity")
    lines.insert(3, b"garbage\n")
    story = told(lines)
    assert story.broken == (4,)
    assert sentences(story) == GOLDEN["capacity"]


def test_lines_before_the_first_session_are_broken() -> None:
    story = told([b"garbage\n", line(0.0), *journal("happy-path")])
    assert story.broken == (1, 2)


STRANGE = [
    b"", b"\n", b"[]\n", b"null\n", b'{"now":1}\n', b'{"now":1,"event":[]}\n',
    b'{"now":1,"event":{"type":[]}}\n', b'{"now":"nan","event":{"type":"Tick"}}\n',
    b'{"now":1,"event":{"type":"Tick"},"commands":[1]}\n',
    b'{"now":1,"event":{"type":"Tick"},"commands":[{"type":"Report","update":[]}]}\n',
    b'{"journal":1}\n', b'{"journal":1,"session_id":1,"dialect":2,"sources":3,"backend":4}\n',
    b"[" * 100_000 + b"\n", b"\xff\xfe\n",
]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_line_is_broken(strange: bytes) -> None:
    assert [type(each) for each in records([strange])] == [Broken]


@given(st.data())
def test_any_damage_is_told(data: st.DataObject) -> None:
    """Whatever is cut, doubled or changed: the rest is told, and nothing raises."""
    whole = bytearray(b"".join(journal(data.draw(st.sampled_from(sorted(GOLDEN))))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole)))
        size = data.draw(st.integers(0, 300))
        whole[at : at + size] = data.draw(st.binary(max_size=20))
    for story in stories(records(bytes(whole).splitlines(keepends=True))):
        assert all(each.at >= 0 for minute in story.minutes for each in minute.happened)
        ranges = [(each.first, each.last) for each in story.minutes]
        assert all(first <= last for first, last in ranges)
        assert all(one[1] + 1 == other[0] for one, other in itertools.pairwise(ranges))


def test_a_pull_is_no_record() -> None:
    assert list(records([b'{"now":1.0,"pulled":null}\n'])) == []
    found = list(records([json.dumps(HEAD).encode() + b"\n", line(0.0)]))
    assert [type(each) for each in found] == [Head, Record]


def test_what_went_wrong_is_trouble_and_the_rest_is_not() -> None:
    told_of = told(journal("drop-and-replay"))
    found = {each.text.split(",")[0].split(":")[0]: each.trouble
             for minute in told_of.minutes for each in minute.happened}  # fmt: skip
    assert found == {
        "mic starts": False,
        "the line is open": False,
        "the line was lost": True,
        "the line is open again after 1.0 s": False,
        "the app asks for the end": False,
        "the session is over": False,
    }


def said(story: Story) -> list[Said]:
    return [each for minute in story.minutes for each in minute.happened]


def ended(**more: object) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "state": "closed",
        "complete": False,
        "reason": "a part is missing",
        "missing": [],
        "transcript": [],
        "statistics": STATISTICS,
    }
    return {"type": "Ended", **fields, **more}


def test_each_trouble_says_where_it_lies_and_what_to_do() -> None:
    for name in GOLDEN:
        for each in said(told(journal(name))):
            assert bool(each.where) is bool(each.advice) is each.trouble
    [lost] = [each for each in said(told(journal("frozen-backend"))) if each.trouble]
    assert lost.where == "unknown"
    assert lost.began == pytest.approx(1.1, abs=0.1)
    assert "openline doctor" in lost.advice
    [failed, missing] = [
        each for each in said(told(journal("wrong-token-without-a-provider"))) if each.trouble
    ]
    assert failed.where == missing.where == "this machine"
    assert (failed.advice, failed.began) == ("check the token, or give another one", None)


def test_a_loss_is_dated_back_to_the_last_sign_of_life() -> None:
    lost = state("reconnecting", "the network timed out", action="retry")
    for signs, began in (([1.0, 3.0], 3.0), ([8.5], None)):
        story = session(
            line(0.0, "Tick", state("streaming")),
            *(line(at, "PongReceived", dial=1, mark="x") for at in signs),
            line(10.0, "SocketLost", lost),
        )
        [trouble] = [each for each in said(story) if each.trouble]
        assert (trouble.at, trouble.began, trouble.where) == (10.0, began, "network")
        assert ("nothing came from the server for 7.0 s" in trouble.text) is (began is not None)


def test_what_the_core_tells_once_has_its_count() -> None:
    trouble = {"type": "Trouble", "kind": "malformed", "text": "an unreadable message"}
    for count, text in ((5, "; 5 times in all"), (1, "")):
        counts = {**STATISTICS, "malformed": count}
        story = session(line(1.0, "Tick", trouble), line(2.0, "Tick", ended(statistics=counts)))
        first = said(story)[0]
        assert (first.text, first.count) == (f"an unreadable message (malformed){text}", count)


def partial(text: str, start: float, end: float, **more: object) -> dict[str, Any]:
    fields = {"source": "mic", "text": text, "final": False, "start": start, "end": end}
    return {"type": "Transcript", **fields, **more}


def test_words_that_never_became_final_are_told_with_their_text() -> None:
    gone = {"type": "PartialRetracted", "source": "mic"}
    again = {**final("so we went", 1.2), "id": "1"}
    lines = [
        line(1.0, "Tick", partial("so we", 0.0, 0.8)),
        line(1.1, "Tick", partial("so we go", 0.0, 1.1)),
        line(1.2, "SocketLost", gone, state("reconnecting", "the connection was reset")),
        line(3.0, "Tick", partial("settled", 1.3, 1.9, settled=True, id="2")),
        line(3.1, "Tick", partial("and on", 2.0, 2.4)),
    ]
    text = 'these words never became final: "{}"'
    left = [
        each.text.partition(" (")[0] for each in said(session(*lines, line(4.0, "Tick", ended())))
    ]
    assert left[-4:-1] == [text.format(each) for each in ("so we go", "settled", "and on")]
    story = session(*lines, line(3.5, "Tick", again), line(4.0, "Tick", gone, ended()))
    assert [each.text for each in story.unfinal] == ["settled", "and on"]
    assert said(story)[-2].where == "unknown"
    done = [
        {**final("settled", 1.9), "id": "2", "start": 1.3},
        {**final("and on", 2.4), "start": 2.0},
    ]
    assert (
        session(*lines, line(3.5, "Tick", again, *done), line(4.0, "Tick", ended())).unfinal == ()
    )
    assert session(*lines, line(4.0, "Tick", ended(complete=True))).unfinal == ()


def test_the_last_sentence_says_how_it_ended() -> None:
    for how, text in (
        (ended(complete=True), "closed, complete"),
        (ended(), "closed, not complete: a part is missing"),
        (ended(state="failed"), "failed, not complete"),
    ):
        last = said(session(line(0.0), line(7.0, "Tick", how)))[-1]
        assert (last.at, last.text, last.trouble) == (7.0, f"the session is over: {text}", False)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"complete": True}, "complete"),
        ({"state": "failed"}, "failed"),
        ({}, "nothing"),
        ({"accounts": {"mic": {"captured": 16_000, "confirmed": 8_000, "told": 0,
                               "missing": 8_000}}}, "partly"),
    ],
)  # fmt: skip
def test_how_well_it_ended(more: dict[str, Any], outcome: str) -> None:
    assert session(line(0.0, "Tick", ended(**more))).outcome == outcome


def test_the_sums_of_all_audio() -> None:
    one = {"captured": 48_000, "confirmed": 8_000, "told": 8_000, "missing": 16_000,
           "assumed": 16_000}  # fmt: skip
    story = session(line(0.0, "Tick", ended(accounts={"mic": one, "system": one})))
    assert story.audio == Sums(captured=6.0, confirmed=1.0, assumed=2.0, told=1.0, missing=2.0)
    assert story.end.endswith(
        "system: 3.0 s captured, 0.5 s confirmed, 1.0 s quiet and taken for heard, 0.5 s in words "
        "alone, 1.0 s missing"
    )
    old = session(line(0.0, "Tick", ended())).audio  # a journal without accounts
    assert old == Sums(captured=1.0, confirmed=0.0, assumed=0.0, told=0.0, missing=1.0)


def status(name: str, text: str) -> dict[str, Any]:
    return {"type": "BackendStatus", "state": name, "text": text}


def test_what_the_backend_says_of_itself_is_told_once() -> None:
    story = session(
        line(0.1, "MessageReceived", status("connected", "a greeting of two words")),
        line(0.2, "MessageReceived", status("metadata", "0a1b-an-id")),
        line(0.3, "MessageReceived", status("overloaded", "dropped 8 frames")),
        line(0.4, "MessageReceived", status("overloaded", "dropped 16 frames")),
        line(0.5, "MessageReceived", status("warning", "the last words may be missing")),
    )
    assert sentences(story)[:-1] == [
        "0.2 the backend says: dropped 8 frames (overloaded)",
        "0.4 the backend says: the last words may be missing (warning)",
    ]
    assert not any(each.trouble for each in story.minutes[0].happened)


def gap(cause: str) -> dict[str, Any]:
    fields = {"source": "mic", "start": 0, "end": 16_000, "samples": 16_000, "cause": cause}
    return {"type": "Gap", **fields}


def of_gap(*lines: bytes) -> tuple[str, str]:
    """Where a gap at the end lies, and the advice, of a session that was open."""
    opened = line(0.1, "MessageReceived", state("streaming"))
    story = session(opened, *lines, line(9.0, "SocketLost", gap("unconfirmed"), state("closed")))
    [found] = [each for each in story.minutes[-1].happened if "missing" in each.text]
    return found.where, found.advice


def test_what_an_open_line_never_confirmed_is_the_servers() -> None:
    assert of_gap() == ("server", "it took the audio, and never confirmed it: look into its log")


def test_an_old_outage_is_not_to_blame_for_what_comes_after_it() -> None:
    lost = line(1.0, "SocketLost", state("reconnecting", "the connection was reset"))
    again = line(2.0, "MessageReceived", state("streaming"))
    assert of_gap(lost, again)[0] == "server"
    assert of_gap(lost) == ("unknown", "a firewall or the backend cut it: check both")


def test_an_app_that_aborts_is_to_blame_itself() -> None:
    assert of_gap(line(1.0, "AbortRequested")) == (
        "this machine",
        "the app ended it before the backend was done",
    )


def test_audio_on_its_way_at_the_stop_is_no_trouble() -> None:
    """Each Ctrl-C of the command has some: a piece was captured when it came."""
    late = {
        "type": "Trouble",
        "kind": "late_audio",
        "text": "audio captured after the stop is refused",
    }
    story = session(line(1.0, "StopRequested"), line(1.1, "AudioCaptured", late))
    [found] = [each for each in story.minutes[0].happened if "refused" in each.text]
    assert (found.trouble, found.where) == (False, "")
