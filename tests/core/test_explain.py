"""Explanations: what they name, which conditions they split, and that they are judge's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.policy import Policy
from openline.reconnect import verdict_table
from openline.reconnect.explain import Explanation, all_rows, explain
from openline.reconnect.verdicts import Action, ErrorKind, Rule

RETRY, LATER, REAUTH, FATAL = Action.RETRY, Action.LATER, Action.REAUTH, Action.FATAL

REFUSALS = {
    "Server at capacity": Rule(action=LATER, why="it is full", source="PROTOCOL"),
    "Unauthorized": Rule(action=REAUTH, why="the token was refused", source="PROTOCOL"),
}
CODES = {
    1011: Rule(action=RETRY, why="it saw no pong from us", source="uvicorn"),
    1008: Rule(action=REAUTH, why="the token was refused", source="PROTOCOL"),
}


def only(lines: list[Explanation]) -> Explanation:
    assert len(lines) == 1
    return lines[0]


def conditions(lines: list[Explanation]) -> list[tuple[str, Action]]:
    return [(line.when, line.action) for line in lines]


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
        ("nothing said why", "nothing known", "nothing known", RETRY),
    ],
)
def test_subject_is_found(subject: str, group: str, title: str, action: Action) -> None:
    line = only(explain(subject, refusals=REFUSALS))
    assert (line.group, line.title, line.when, line.action) == (group, title, "", action)
    assert line.why
    assert line.source


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_error_kind_can_be_explained(kind: ErrorKind) -> None:
    assert {line.group for line in explain(kind.name)} == {"error"}


@given(st.integers(1000, 4999) | st.integers(100, 599))
def test_every_number_can_be_explained(number: int) -> None:
    for line in explain(str(number)):
        assert str(number) in line.title
        assert line.why
        assert line.does


def test_the_reason_of_each_row_finds_it() -> None:
    for row in all_rows(refusals=REFUSALS):
        for printed in (row.why, f"-- reconnecting, next dial in 2.0 s: {row.why} (so it said)"):
            found = explain(printed, refusals=REFUSALS)
            assert row.title in {line.title for line in found}
            assert {row.why} <= {line.why for line in found}


@pytest.mark.parametrize("subject", ["the token was refused", "the server failed"])
def test_what_is_printed_about_several_explains_each(subject: str) -> None:
    lines = explain(subject, refusals=REFUSALS)
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
    why = only([line for line in explain("401") if line.when.startswith("with a")]).why
    lines = explain(f"openline: failed: gave up after 2 retries: {why} {ends}", refusals=REFUSALS)
    assert lines == explain(title)
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
def test_no_status_behind_a_reason_leaves_all_that_share_it(ends: str) -> None:
    why = only([line for line in explain("401") if line.when.startswith("with a")]).why
    assert len({line.title for line in explain(f"{why} {ends}", refusals=REFUSALS)}) > 2


def test_the_end_of_a_session_without_a_provider_is_found_by_its_own_words() -> None:
    [*_, last] = explain("403")
    assert last.why.endswith("check the path of the URL, and the token, or give one")
    assert {line.title for line in explain(f"failed: {last.why}")} == {"HTTP 403"}


@pytest.mark.parametrize("subject", ["the", "server", "the server"])
def test_a_part_of_too_many_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match=f"[0-9]+ endings are told with '{subject}': give more"):
        explain(subject)


def test_so_many_may_be_meant_by_a_part() -> None:
    most = {f"no {n}": Rule(action=FATAL, why=f"unlikely thing {n}", source="") for n in range(7)}
    with pytest.raises(ValueError, match="7 endings are told with 'unlikely thing'"):
        explain("unlikely thing", refusals=most)
    del most["no 6"]
    assert len(explain("unlikely thing", refusals=most)) == 6


def test_reauth_is_split_by_what_can_be_had() -> None:
    for lines in (explain("401"), explain("unauthorized websocket connection", refusals=REFUSALS)):
        assert conditions(lines) == [
            ("with a credential provider", REAUTH),
            ("when a fresh credential was refused too", FATAL),
            ("without a credential provider", FATAL),
        ]
        assert lines[0].does == "dials once more, with a fresh credential from the provider"
        assert "no provider" in lines[2].why


def test_1008_is_split_by_its_reason() -> None:
    lines = explain("1008")
    assert [line.action for line in lines] == [REAUTH, FATAL, FATAL, FATAL, LATER, RETRY]
    assert lines[3].when == 'its reason says "DATA-0000"'
    assert lines[5].when == 'its reason says "timeout" or "timed out"'


def test_codes_are_split_by_who_sent_them() -> None:
    assert conditions(explain("1011")) == [
        ("sent by the server", LATER),
        ("sent by this client", RETRY),
    ]
    assert conditions(explain("1002")) == [
        ("sent by the server", FATAL),
        ("sent by this client", RETRY),
    ]


def test_dns_is_split_by_having_been_connected() -> None:
    assert conditions(explain("DNS not found")) == [
        ("never connected in this session", FATAL),
        ("connected before in this session", RETRY),
    ]


def test_a_dialect_code_is_explained_as_the_dialect_has_it() -> None:
    lines = explain("1011", dialect_codes=CODES)
    assert [(line.when, line.source) for line in lines] == [
        ("sent by the server", "uvicorn"),
        ("sent by this client", "RFC 6455 §7.4.1"),
    ]
    assert "sent by the server, with a credential provider" in [
        line.when for line in explain("1008", dialect_codes=CODES)
    ]


BACKOFF = "a random wait of d/2 to d, where d starts at 1 s and doubles to 10 s"


def test_words_give_the_numbers() -> None:
    assert only(explain("404")).does == "stops: the session fails and dials no more"
    assert only(explain("500")).does == (
        f"dials again after {BACKOFF}; where a stable line was lost, "
        "the first try goes out within 0.25 s"
    )
    assert only(explain("1012")).does.endswith("the first try goes out within 5 s")
    assert only(explain("503")).does == (
        "dials again after the longest of 5 s, the server's Retry-After (300 s at most) "
        f"and {BACKOFF}; plus jitter"
    )
    assert only(explain("200")).does.endswith(
        "; news that the network is back ends the wait"
        "; counts a strike, as an unknown ending: 4 with no stable line in between end the session"
    )


def test_numbers_are_the_policys() -> None:
    policy = Policy(backoff_first=2.0, backoff_cap=30.0, later_floor=8.0)
    line = only(explain("503", policy=policy))
    assert "longest of 8 s" in line.does
    assert "starts at 2 s and doubles to 30 s" in line.does


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
        explain(subject, refusals=REFUSALS)
    text = str(caught.value)
    assert words in text
    assert "\n" not in text
    assert len(text) < 250


@given(st.text())
def test_any_text_is_explained_or_refused_in_one_line(subject: str) -> None:
    try:
        assert explain(subject, refusals=REFUSALS)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 -- or it is known


def test_all_rows_is_the_whole_table() -> None:
    rows = all_rows()
    titles = [row.title for row in rows]
    assert len({(row.title, row.when) for row in rows}) == len(rows)
    for code in verdict_table.CLOSE_CODES:
        assert f"close code {code}" in titles
    for status in verdict_table.HTTP_STATUSES:
        assert f"HTTP {status}" in titles
    for kind in ErrorKind:
        assert f"error {verdict_table.plain(kind)}" in titles
    for title in (
        "close code 1015",
        "close code 1000-2999 (others)",
        "close code 3000-3999 (others)",
        "any other close code",
        "HTTP 200-299",
        "HTTP 400-499 (others)",
        "HTTP 520-529",
        "any other HTTP status",
        "nothing known",
    ):
        assert titles.count(title) == 1
    spoken = {row.why for row in rows}
    tables = (verdict_table.CLOSE_CODES, verdict_table.OUR_CLOSE_CODES, verdict_table.HTTP_STATUSES)
    for table in tables:
        assert {row.why for row in table.values()} <= spoken
    for ranges in (verdict_table.CLOSE_CODE_RANGES, verdict_table.HTTP_RANGES):
        assert {row.why for _, row in ranges} <= spoken
    assert [row.action for row in rows if row.title == "HTTP 401"] == [REAUTH]


def test_all_rows_of_a_dialect() -> None:
    rows = all_rows(dialect_codes=CODES, refusals=REFUSALS)
    assert [row.title for row in rows[:2]] == [f'refusal "{text}"' for text in REFUSALS]
    assert [(r.when, r.why) for r in rows if r.title == "close code 1011"] == [
        ("sent by the server", "it saw no pong from us"),
        ("sent by this client", "this client had to give the connection up"),
    ]


def test_all_rows_stand_in_groups_in_the_order_of_the_table() -> None:
    rows = all_rows(dialect_codes={**CODES, 900: CODES[1011]}, refusals=REFUSALS)
    groups = [row.group for row in rows]
    assert list(dict.fromkeys(groups)) == [
        "refusal",
        "close code",
        "HTTP status",
        "error",
        "nothing known",
    ]
    assert groups == sorted(groups, key=list(dict.fromkeys(groups)).index)
    codes = [int(row.title[11:]) for row in rows if row.title[11:].isdigit()]
    exact = {*verdict_table.CLOSE_CODES, *verdict_table.OUR_CLOSE_CODES, *CODES, 900}
    assert [code for code in dict.fromkeys(codes) if code in exact] == sorted(exact)
    assert rows[-1].when == ""
    assert rows[-1].strike


def test_a_number_with_nothing_of_its_own_is_ruled_like_its_neighbours() -> None:
    rows = {row.title: row.why for row in all_rows()}
    assert rows["close code 4000-4999 (others)"] == explain("4999")[0].why
    assert rows["close code 1000-2999 (others)"] == explain("2999")[0].why
    assert rows["HTTP 400-499 (others)"] == explain("499")[0].why
    assert "outside 1000-4999" in rows["any other close code"]
    assert "outside 100-599" in rows["any other HTTP status"]


def test_what_ends_a_wait_and_what_counts_a_strike_is_said_after_what_is_done() -> None:
    [portal] = explain("200")
    assert portal.does.startswith("dials again after")
    assert "; news that the network is back ends the wait; counts a strike" in portal.does


def test_a_subject_that_is_too_long_is_cut() -> None:
    with pytest.raises(ValueError, match=f"of '{'x' * 60}':"):
        explain("x" * 60)
    with pytest.raises(ValueError, match=rf"of '{'x' * 57}\.\.\.':"):
        explain("x" * 61)


def test_the_nearest_three_names_are_suggested() -> None:
    with pytest.raises(ValueError, match="did you mean") as refused:
        explain("tls othr")
    assert str(refused.value).endswith('did you mean "tls other" or "os other" or "dns other"?')


def test_a_number_that_is_no_code_is_not_looked_for_among_the_words() -> None:
    with pytest.raises(ValueError, match="give an HTTP status"):
        explain("4")
