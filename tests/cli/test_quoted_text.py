"""Quoted text is found and explained: numbers, names, texts of openline and the system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.reconnect.verdicts import Action, Rule
from openline_cli.quoted_text import contained, containing, explain_text
from openline_lookup.endings import Explanation, all_rows

RETRY, LATER, REAUTH, FATAL = Action.RETRY, Action.LATER, Action.REAUTH, Action.FATAL
REFUSALS = {
    "Server at capacity": Rule(action=LATER, why="it is full", source="PROTOCOL"),
    "Unauthorized": Rule(action=REAUTH, why="the token was refused", source="PROTOCOL"),
}

TEXTS = [("the line is cut", 3), ("the line is cut for good", 1), ("Cut!", 2)]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("connection refused", "error refused"),
        ("connection reset by peer", "error reset"),
        ("software caused connection abort", "error reset"),
        ("broken pipe", "error reset"),
        ("connection timed out", "error timed out"),
        ("operation timed out", "error timed out"),
        ("network is unreachable", "error unreachable"),
        ("no route to host", "error unreachable"),
        ("network is down", "error unreachable"),
        ("host is down", "error unreachable"),
        ("cannot assign requested address", "error unreachable"),
        ("temporary failure in name resolution", "error dns again"),
        ("name or service not known", "error dns not found"),
        ("nodename nor servname provided or not known", "error dns not found"),
        ("no address associated with hostname", "error dns not found"),
        ("self signed certificate", "error tls certificate"),
        ("certificate verify failed", "error tls certificate"),
        ("certificate has expired", "error tls dates"),
        ("certificate is not yet valid", "error tls dates"),
        ("hostname mismatch", "error tls hostname"),
        ("ip address mismatch", "error tls hostname"),
        ("wrong version number", "error tls other"),
    ],
)
def test_system_error_text_is_found(said: str, title: str) -> None:
    for quoted in (said, f"it broke ({said.title()}: 127.0.0.1:8000)"):
        assert title in {line.title for line in explain_text(quoted)}


def test_longest_contained_text_wins() -> None:
    assert contained("gave up: the line is cut, for good.", TEXTS) == [1]
    assert contained("the LINE is cut", TEXTS) == [3]
    assert contained("the line is cut", [*TEXTS, ("Line is cut", 4), ("THE line is cut", 0)]) == [
        3,
        0,
    ]
    assert contained("a cut", TEXTS) == []
    assert contained("", TEXTS) == []


def test_part_matches_every_text_that_contains_it() -> None:
    assert containing("is cut", TEXTS) == [3, 1]
    assert containing("cut", TEXTS + TEXTS) == [3, 1, 2]
    assert containing("cu", TEXTS) == []
    assert containing(" …", TEXTS) == []


def only(lines: list[Explanation]) -> Explanation:
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("subject", "group", "title", "action"),
    [
        ("1000", "close code", "close code 1000", RETRY),
        (" 4429 ", "close code", "close code 4429", LATER),
        ("close code 4429", "close code", "close code 4429", LATER),
        ("Code-4429", "close code", "close code 4429", LATER),
        ("4999", "close code", "close code 4999", RETRY),
        ("100", "HTTP status", "HTTP 100", RETRY),
        ("429", "HTTP status", "HTTP 429", LATER),
        ("HTTP 429", "HTTP status", "HTTP 429", LATER),
        ("599", "HTTP status", "HTTP 599", RETRY),
        ("refused", "error", "error refused", RETRY),
        ("TLS_CERTIFICATE", "error", "error tls certificate", FATAL),
        ("tls-Certificate", "error", "error tls certificate", FATAL),
        ("  No  ack ", "error", "error no ack", RETRY),
        ("Server at capacity", "refusal", 'refusal "Server at capacity"', LATER),
        (
            "server_at-CAPACITY, please try again later",
            "refusal",
            'refusal "Server at capacity"',
            LATER,
        ),
        ("server at", "refusal", 'refusal "Server at capacity"', LATER),
        ("it is full", "refusal", 'refusal "Server at capacity"', LATER),
        ("is full", "refusal", 'refusal "Server at capacity"', LATER),
        ("connection refused", "error", "error refused", RETRY),
        ("NOTHING listens", "error", "error refused", RETRY),
        (
            "openline: failed: gave up after 9 retries: nothing listens at that address yet (x)",
            "error",
            "error refused",
            RETRY,
        ),
        ("Connection reset by peer", "error", "error reset", RETRY),
        ("neither drained", "error", "error stalled", RETRY),
        ("(no ack)", "error", "error no ack", RETRY),
        ("no reason was given", "nothing known", "nothing known", RETRY),
    ],
)
def test_subject_is_found(subject: str, group: str, title: str, action: Action) -> None:
    line, *once_connected = explain_text(subject, refusals=REFUSALS)
    assert (line.group, line.title, line.action) == (group, title, action)
    assert line.when in {"", "never connected"}
    assert {each.when.partition(",")[0] for each in once_connected} <= {"once connected"}
    assert line.why
    assert line.source


def test_the_reason_of_each_row_finds_it() -> None:
    for row in all_rows(refusals=REFUSALS):
        for printed in (row.why, f"-- reconnecting, next dial in 2.0 s: {row.why} (so it said)"):
            found = explain_text(printed, refusals=REFUSALS)
            assert row.title in {line.title for line in found}
            assert {row.why} <= {line.why for line in found}


@pytest.mark.parametrize("subject", ["the token was refused", "the server failed"])
def test_shared_text_explains_every_ending(subject: str) -> None:
    lines = explain_text(subject, refusals=REFUSALS)
    titles = {line.title for line in lines}
    assert titles == {row.title for row in all_rows(refusals=REFUSALS) if row.why == subject}
    assert len(titles) > 2


@pytest.mark.parametrize(
    ("ends", "title"),
    [
        ("(HTTP 401)", "HTTP 401"),
        ("(http 401).\n", "HTTP 401"),
        ("(busy; HTTP 401)", "HTTP 401"),
        ("(HTTP 403)", "HTTP 403"),
        ("(HTTP 401); dials are limited to 15 a minute", "HTTP 401"),
        ("(HTTP 401), again in 2.00 s", "HTTP 401"),
    ],
)
def test_the_status_behind_a_reason_decides(ends: str, title: str) -> None:
    why = only([line for line in explain_text("401") if line.when.startswith("with a")]).why
    lines = explain_text(
        f"openline: failed: gave up after 2 retries: {why} {ends}", refusals=REFUSALS
    )
    assert lines == explain_text(title)
    assert {line.title for line in lines} == {title}


@pytest.mark.parametrize(
    "ends",
    [
        "",
        "(HTTP 999)",
        "(HTTP 4010)",
        "(said (HTTP 401))",
        "(HTTP 401 of old)",
        "(HTTP 401), (why)",
    ],
)
def test_reason_without_status_explains_all_that_share_it(ends: str) -> None:
    why = only([line for line in explain_text("401") if line.when.startswith("with a")]).why
    assert len({line.title for line in explain_text(f"{why} {ends}", refusals=REFUSALS)}) > 2


def test_end_without_a_provider_is_found_by_its_text() -> None:
    advice = "check the path of the URL, and the token, or give one"
    [last] = [line for line in explain_text("403") if line.why.endswith(advice)]
    assert {line.title for line in explain_text(f"failed: {last.why}")} == {"HTTP 403"}


@pytest.mark.parametrize("subject", ["the", "server", "the server"])
def test_a_part_of_too_many_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match=f"[0-9]+ endings match '{subject}': give more"):
        explain_text(subject)


def test_part_may_match_up_to_the_limit() -> None:
    most = {f"no {n}": Rule(action=FATAL, why=f"unlikely thing {n}", source="") for n in range(7)}
    with pytest.raises(ValueError, match="7 endings match 'unlikely thing'"):
        explain_text("unlikely thing", refusals=most)
    del most["no 6"]
    assert len(explain_text("unlikely thing", refusals=most)) == 6


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("no akc", 'did you mean "no ack"'),
        ("server of capacity", 'did you mean "server at capacity"'),
        ("99", "give an HTTP status (100-599) or a close code (1000-4999)"),
        ("600", "give an HTTP status"),
        ("999", "give an HTTP status"),
        ("5000", "give an HTTP status"),
        ("foo", "give a number such as 1008"),
        ("my foo was refused by somebody", "give a number such as 1008"),
        ("", "give a number such as 1008"),
        (" _ ", "give a number such as 1008"),
        ("%%%%", "give a number such as 1008"),
        ("-1008", "give a number such as 1008"),
        ("9" * 5000, "give a number such as 1008"),
    ],
)
def test_unknown_subjects_are_refused_in_one_line(subject: str, words: str) -> None:
    with pytest.raises(ValueError, match="nothing is known of") as caught:
        explain_text(subject, refusals=REFUSALS)
    text = str(caught.value)
    assert words in text
    assert "\n" not in text
    assert len(text) < 250


@given(st.text())
def test_any_text_is_explained_or_refused_in_one_line(subject: str) -> None:
    try:
        assert explain_text(subject, refusals=REFUSALS)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 -- or it is known


def test_a_subject_that_is_too_long_is_cut() -> None:
    with pytest.raises(ValueError, match=f"of '{'x' * 60}':"):
        explain_text("x" * 60)
    with pytest.raises(ValueError, match=rf"of '{'x' * 57}\.\.\.':"):
        explain_text("x" * 61)


def test_the_nearest_three_names_are_suggested() -> None:
    with pytest.raises(ValueError, match="did you mean") as refused:
        explain_text("tls othr")
    assert str(refused.value).endswith('did you mean "tls other" or "os other" or "dns other"?')


def test_unknown_number_is_not_searched_as_text() -> None:
    with pytest.raises(ValueError, match="give an HTTP status"):
        explain_text("4")
