"""Explanations: what they name, which conditions they split, and that they are judge's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.policy import Policy
from openline.reconnect import verdict_table
from openline.reconnect.rules import plain
from openline.reconnect.verdicts import Action, ErrorKind, Rule
from openline_lookup.endings import Explanation, all_rows, all_subjects, explain

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


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_error_kind_can_be_explained(kind: ErrorKind) -> None:
    assert {line.group for line in explain(kind)} == {"error"}


@given(st.integers(1000, 4999) | st.integers(100, 599))
def test_every_number_can_be_explained(number: int) -> None:
    for line in explain(number):
        assert str(number) in line.title
        assert line.why
        assert line.does


def test_reauth_is_split_by_what_can_be_had() -> None:
    for lines in (explain(401), explain("Unauthorized", refusals=REFUSALS)):
        assert conditions(lines) == [
            ("with a credential provider", REAUTH),
            ("when a fresh credential was refused too", FATAL),
            ("without a credential provider", FATAL),
        ]
        assert lines[0].does == "dials once more, with a fresh credential from the provider"
        assert "no provider" in lines[2].why


def test_1008_is_split_by_its_reason() -> None:
    lines = explain(1008)
    assert [line.action for line in lines] == [
        *(REAUTH, FATAL, FATAL, FATAL, FATAL, LATER, RETRY),
    ]
    assert lines[3].when == 'its reason contains "DATA-0000"'
    assert lines[4].why == "the account has no balance left"
    assert lines[6].when == 'its reason contains "timeout" or "timed out"'


def test_codes_are_split_by_who_sent_them() -> None:
    assert conditions(explain(1011)) == [
        ("sent by the server", LATER),
        ("sent by this client", RETRY),
    ]
    assert conditions(explain(1002)) == [
        ("sent by the server", FATAL),
        ("sent by this client", RETRY),
    ]


@pytest.mark.parametrize(
    "subject", [ErrorKind.DNS_NOT_FOUND, ErrorKind.REDIRECT_ELSEWHERE, 200, 206]
)
def test_a_first_contact_is_split_by_its_time(subject: int | ErrorKind) -> None:
    lines = explain(subject)
    assert conditions(lines) == [
        ("never connected, within 15 s of the opening", RETRY),
        ("never connected, after that", FATAL),
        ("once connected", LATER),
    ]
    assert lines[0].does.endswith("; gives up 15 s after the opening")
    assert "within 3 s" in explain(subject, policy=Policy(first_contact=3.0))[0].when


@pytest.mark.parametrize("subject", [404, 400, 418, ErrorKind.TLS_CERTIFICATE])
def test_weather_is_split_by_having_been_connected(subject: int | ErrorKind) -> None:
    lines = explain(subject)
    assert conditions(lines) == [("never connected", FATAL), ("once connected", LATER)]
    assert lines[1].does.endswith("; news that the network is back ends the wait")


def test_a_403_is_split_by_both() -> None:
    assert conditions(explain(403)) == [
        ("never connected, with a credential provider", REAUTH),
        ("never connected, when a fresh credential was refused too", FATAL),
        ("never connected, without a credential provider", FATAL),
        ("once connected, with a credential provider", REAUTH),
        ("once connected, when a fresh credential was refused too", LATER),
        ("once connected, without a credential provider", LATER),
    ]
    assert conditions([each for each in all_rows() if each.title == "HTTP 403"]) == [
        ("never connected", REAUTH),
        ("once connected, when a fresh credential was refused too", LATER),
    ]


@pytest.mark.parametrize("subject", [511, 304, 103, ErrorKind.TLS_OTHER])
def test_an_odd_door_is_split_at_its_fourth_strike(subject: int | ErrorKind) -> None:
    assert conditions(explain(subject)) == [
        ("", RETRY),
        ("once connected, the fourth with no stable line in between", LATER),
    ]


@pytest.mark.parametrize("subject", [402, 407, 501, 1003, ErrorKind.TLS_CLIENT_CERTIFICATE])
def test_what_stays_refused_is_not_split(subject: int | ErrorKind) -> None:
    assert {line.action for line in explain(subject) if line.when != "sent by this client"} == {
        FATAL
    }


def test_a_dialect_code_is_explained_as_the_dialect_has_it() -> None:
    lines = explain(1011, dialect_codes=CODES)
    assert [(line.when, line.source) for line in lines] == [
        ("sent by the server", "uvicorn"),
        ("sent by this client", "RFC 6455 §7.4.1"),
    ]
    assert "sent by the server, with a credential provider" in [
        line.when for line in explain(1008, dialect_codes=CODES)
    ]


BACKOFF = "a random wait of d/2 to d, where d starts at 1 s and doubles to 10 s"


def test_words_give_the_numbers() -> None:
    assert only(explain(402)).does == "stops: the session fails and dials no more"
    assert only(explain(500)).does == (
        f"dials again after {BACKOFF}; where a stable line was lost, "
        "the first try goes out within 0.25 s"
    )
    assert only(explain(1012)).does.endswith("the first try goes out within 5 s")
    assert only(explain(503)).does == (
        "dials again after the longest of 5 s, the server's Retry-After (300 s at most) "
        f"and {BACKOFF}; plus up to 1 s, or half of the Retry-After, at random"
    )
    assert explain(511)[0].does.endswith(
        "; counts a strike, as an unknown ending: 4 with no stable line in between end the session"
    )


def test_numbers_are_the_policys() -> None:
    policy = Policy(backoff_first=2.0, backoff_cap=30.0, later_floor=8.0)
    line = only(explain(503, policy=policy))
    assert "longest of 8 s" in line.does
    assert "starts at 2 s and doubles to 30 s" in line.does


def test_all_rows_is_the_whole_table() -> None:
    rows = all_rows()
    titles = [row.title for row in rows]
    assert len({(row.title, row.when) for row in rows}) == len(rows)
    for code in verdict_table.CLOSE_CODES:
        assert f"close code {code}" in titles
    for status in verdict_table.HTTP_STATUSES:
        assert f"HTTP {status}" in titles
    for kind in ErrorKind:
        assert f"error {plain(kind)}" in titles
    for title in (
        "close code 1015",
        "close code 1000-2999 (others)",
        "close code 3000-3999 (others)",
        "any other close code",
        "HTTP 520-529",
        "any other HTTP status",
        "nothing known",
    ):
        assert titles.count(title) == 1
    assert titles.count("HTTP 200-299") == 3
    assert titles.count("HTTP 400-499 (others)") == 2
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
    rows = all_rows(dialect_codes={**CODES, 1100: CODES[1011]}, refusals=REFUSALS)
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
    exact = {*verdict_table.CLOSE_CODES, *verdict_table.OUR_CLOSE_CODES, *CODES, 1100}
    assert [code for code in dict.fromkeys(codes) if code in exact] == sorted(exact)
    assert rows[-1].when == ""
    assert rows[-1].strike


def test_a_number_with_nothing_of_its_own_is_ruled_like_its_neighbours() -> None:
    rows: dict[str, str] = {}
    for row in all_rows():
        rows.setdefault(row.title, row.why)
    assert rows["close code 4000-4999 (others)"] == explain(4999)[0].why
    assert rows["close code 1000-2999 (others)"] == explain(2999)[0].why
    assert rows["HTTP 400-499 (others)"] == explain(499)[0].why
    assert "outside 1000-4999" in rows["any other close code"]
    assert "outside 100-599" in rows["any other HTTP status"]


def test_what_ends_a_wait_and_what_counts_a_strike_is_said_after_what_is_done() -> None:
    row = Rule(action=LATER, why="odd", source="it", strike=True, hint_ends_wait=True)
    [odd] = explain("odd", refusals={"odd": row})
    assert odd.does.startswith("dials again after")
    assert "; news that the network is back ends the wait; counts a strike" in odd.does


@pytest.mark.parametrize("number", [-1008, 0, 99, 600, 999, 5000])
def test_a_number_that_is_no_code_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"^{number} is no code: give an HTTP status"):
        explain(number)


def test_a_text_that_is_no_refusal_is_refused() -> None:
    assert only(explain("Server at capacity", refusals=REFUSALS)).title.startswith("refusal ")
    with pytest.raises(ValueError, match="'1008' is no refusal of this dialect: give one of"):
        explain("1008", refusals=REFUSALS)


def test_every_subject_is_explained_as_it_is_alone() -> None:
    subjects = {lines[0].title: lines for lines in all_subjects(refusals=REFUSALS)}
    assert subjects["close code 1008"] == explain(1008)
    assert subjects["HTTP 401"] == explain(401)
    assert subjects["error no ack"] == explain(ErrorKind.NO_ACK)
    assert subjects['refusal "Unauthorized"'] == explain("Unauthorized", refusals=REFUSALS)
    assert list(subjects) == list(dict.fromkeys(row.title for row in all_rows(refusals=REFUSALS)))
