"""The verdict table, row by row as in the design's document, and the rules of ``judge``.

ROWS is copied from the document, not from the code, so a changed row must be changed in
both places.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.machine.timers import Timer
from openline.reconnect import verdict_table, verdicts
from openline.reconnect.verdicts import (
    MAX_STRIKES,
    Action,
    Ending,
    ErrorKind,
    Rule,
    Sender,
    Verdict,
    judge,
)

RETRY, LATER, REAUTH, FATAL = Action.RETRY, Action.LATER, Action.REAUTH, Action.FATAL
STRIKE: dict[str, Any] = {"strike": True}
SCATTER: dict[str, Any] = {"scatter": True}
CONTACT: dict[str, Any] = {"first_contact": True}
WEATHER: dict[str, Any] = {"hint_ends_wait": True}
FLAGS = ("strike", "scatter", "hint_ends_wait", "first_contact")
PLAIN: dict[str, Any] = {}


def ending(*, has_provider: bool = True, **facts: Any) -> Ending:
    return Ending(has_provider=has_provider, **facts)


def received(code: int, **facts: Any) -> Ending:
    return ending(code=code, sender=Sender.REMOTE, **facts)


def sent(code: int, **facts: Any) -> Ending:
    return ending(code=code, sender=Sender.LOCAL, **facts)


def refused(status: int, **facts: Any) -> Ending:
    return ending(status=status, **facts)


def failed(error: ErrorKind, **facts: Any) -> Ending:
    return ending(error=error, **facts)


DIALECT_ROW = Rule(action=LATER, why="the dialect says so", source="the dialect")

#: How our own timers end a dial or a request; a deaf backend has a row of its own.
OURS = [timer.error for timer in Timer if timer.error not in {None, ErrorKind.DEAF}]

#: (the document's row, endings that it covers, action, flags)
ROWS: list[tuple[str, list[Ending], Action, dict[str, Any]]] = [
    # Close codes
    ("1000", [received(1000), sent(1000), ending(code=1000)], RETRY, PLAIN),
    ("1001", [received(1001)], RETRY, SCATTER),
    ("1002 1003 1007 1009 received", [received(c) for c in (1002, 1003, 1007, 1009)], FATAL, PLAIN),
    ("the same, sender unknown", [ending(code=c) for c in (1002, 1003, 1007, 1009)], FATAL, PLAIN),
    ("the same, sent by us", [sent(c) for c in (1002, 1003, 1007, 1009)], RETRY, STRIKE),
    ("1005", [received(1005)], RETRY, PLAIN),
    ("1006", [ending(code=1006)], RETRY, PLAIN),
    ("1008", [received(1008), received(1008, reason="Unauthorized")], REAUTH, PLAIN),
    ("1010", [received(1010)], FATAL, PLAIN),
    ("1011", [received(1011), ending(code=1011)], LATER, PLAIN),
    ("1011 sent by us", [sent(1011)], RETRY, PLAIN),
    ("1012", [received(1012)], RETRY, SCATTER),
    ("1013", [received(1013)], LATER, PLAIN),
    ("1014", [received(1014)], RETRY, PLAIN),
    ("3000", [received(3000)], REAUTH, PLAIN),
    ("3003", [received(3003)], FATAL, PLAIN),
    ("3008", [received(3008)], RETRY, PLAIN),
    ("4001 4401", [received(4001), received(4401)], REAUTH, PLAIN),
    ("4003 4403 4004", [received(4003), received(4403), received(4004)], FATAL, PLAIN),
    ("4408", [received(4408)], RETRY, PLAIN),
    ("4429", [received(4429)], LATER, PLAIN),
    ("other 3xxx", [received(c) for c in (3001, 3002, 3007, 3009, 3999)], RETRY, STRIKE),
    ("other 4xxx", [received(c) for c in (4000, 4002, 4100, 4404, 4999)], RETRY, STRIKE),
    ("1004, 1015-2999", [received(c) for c in (1004, 1015, 1016, 2999)], RETRY, STRIKE),
    ("out of range", [received(c) for c in (-1, 0, 999, 5000, 65536, 10**40)], RETRY, STRIKE),
    # 1008 by its reason
    ("1008 timeout", [received(1008, reason="Session Timeout")], RETRY, PLAIN),
    ("1008 timed out", [received(1008, reason="session TIMED_OUT")], RETRY, PLAIN),
    ("1008 capacity", [received(1008, reason="Server at Capacity")], LATER, PLAIN),
    ("1008 too many", [received(1008, reason="TOO-MANY sessions")], LATER, PLAIN),
    ("1008 rate limit", [received(1008, reason="rate_limit exceeded")], LATER, PLAIN),
    ("1008 quota", [received(1008, reason="quota_exceeded")], LATER, PLAIN),
    ("1008 concurrency", [received(1008, reason="Concurrency limit")], LATER, PLAIN),
    ("1008 concurrent", [received(1008, reason="max concurrent sessions")], LATER, PLAIN),
    ("1008 overload", [received(1008, reason="overloaded")], LATER, PLAIN),
    ("1008 again later", [received(1008, reason="try again later")], LATER, PLAIN),
    ("1008 DATA-0000", [received(1008, reason="data-0000: cannot decode")], FATAL, PLAIN),
    ("1008 LATER before RETRY", [received(1008, reason="too many timeouts")], LATER, PLAIN),
    (
        "1008 balance",
        [received(1008, reason="Unauthorized Connection: Insufficient account balance")],
        FATAL,
        PLAIN,
    ),
    ("1008 FATAL before all", [received(1008, reason="too many DATA-0000")], FATAL, PLAIN),
    # The dial
    ("a redirect not followed", [refused(s) for s in (301, 302, 303, 307, 308)], RETRY, STRIKE),
    ("another 2xx", [refused(s) for s in (200, 201, 204, 299)], RETRY, CONTACT),
    ("... first contact over", [refused(s, met=True) for s in (200, 201, 299)], FATAL, PLAIN),
    ("400 402 405 407", [refused(s) for s in (400, 402, 405, 407)], FATAL, PLAIN),
    ("410 426 501 505", [refused(s) for s in (410, 426, 501, 505)], FATAL, PLAIN),
    ("other 4xx", [refused(s) for s in (406, 411, 418, 422, 451, 499)], FATAL, PLAIN),
    ("401", [refused(401)], REAUTH, PLAIN),
    ("403", [refused(403)], REAUTH, PLAIN),
    ("403 without a provider", [refused(403, has_provider=False)], FATAL, PLAIN),
    ("404", [refused(404)], FATAL, PLAIN),
    ("408", [refused(408)], RETRY, PLAIN),
    ("409 425 429 503", [refused(s) for s in (409, 425, 429, 503)], LATER, PLAIN),
    ("500 502 504", [refused(s) for s in (500, 502, 504)], RETRY, PLAIN),
    ("52x", [refused(s) for s in range(520, 530)], RETRY, PLAIN),
    ("other 5xx", [refused(s) for s in (506, 507, 510, 519, 530, 599)], RETRY, PLAIN),
    ("1xx", [refused(s) for s in (100, 101, 102, 103, 199)], RETRY, STRIKE),
    ("304", [refused(304)], RETRY, STRIKE),
    ("other 3xx", [refused(s) for s in (300, 305, 306, 399)], RETRY, STRIKE),
    ("511", [refused(511)], RETRY, STRIKE),
    ("no status at all", [refused(s) for s in (-1, 0, 99, 600, 10**40)], RETRY, STRIKE),
    ("a broken upgrade response", [failed(ErrorKind.BAD_UPGRADE)], RETRY, STRIKE),
    ("any other OS error", [failed(ErrorKind.OS_OTHER)], RETRY, STRIKE),
    ("any other TLS error", [failed(ErrorKind.TLS_OTHER)], RETRY, STRIKE),
    ("any other DNS error", [failed(ErrorKind.DNS_OTHER)], RETRY, STRIKE),
    ("proxy unreachable", [failed(ErrorKind.PROXY_UNREACHABLE)], RETRY, PLAIN),
    ("a proxy refused (407)", [failed(ErrorKind.PROXY_CREDENTIALS)], FATAL, PLAIN),
    ("a proxy forbids", [failed(ErrorKind.PROXY_FORBIDS)], FATAL, PLAIN),
    ("502, 503, 504 of a proxy", [failed(ErrorKind.PROXY_BUSY)], LATER, PLAIN),
    ("any other answer of a proxy", [failed(ErrorKind.PROXY_FAILED)], RETRY, STRIKE),
    ("TLS certificate", [failed(ErrorKind.TLS_CERTIFICATE)], FATAL, PLAIN),
    ("TLS host name", [failed(ErrorKind.TLS_HOSTNAME)], FATAL, PLAIN),
    ("TLS dates", [failed(ErrorKind.TLS_DATES)], FATAL, PLAIN),
    ("TLS cut short", [failed(ErrorKind.TLS_CUT)], RETRY, PLAIN),
    ("DNS: try again", [failed(ErrorKind.DNS_AGAIN)], RETRY, PLAIN),
    ("TLS client certificate", [failed(ErrorKind.TLS_CLIENT_CERTIFICATE)], FATAL, PLAIN),
    ("DNS: no such host", [failed(ErrorKind.DNS_NOT_FOUND)], RETRY, CONTACT),
    ("... first contact over", [failed(ErrorKind.DNS_NOT_FOUND, met=True)], FATAL, PLAIN),
    ("refused", [failed(ErrorKind.REFUSED)], RETRY, PLAIN),
    ("unreachable", [failed(ErrorKind.UNREACHABLE)], RETRY, PLAIN),
    ("reset", [failed(ErrorKind.RESET)], RETRY, PLAIN),
    ("timed out", [failed(ErrorKind.TIMED_OUT)], RETRY, PLAIN),
    ("no close frame", [failed(ErrorKind.CUT)], RETRY, PLAIN),
    ("a timer of ours", [failed(error) for error in OURS if error], RETRY, PLAIN),
    ("a backend that takes audio and does nothing", [failed(ErrorKind.DEAF)], RETRY, STRIKE),
    ("credential provider failed", [failed(ErrorKind.CREDENTIAL_FAILED)], RETRY, PLAIN),
    ("... and says it is final", [failed(ErrorKind.CREDENTIAL_FATAL)], FATAL, PLAIN),
    ("... or gives no token", [failed(ErrorKind.CREDENTIAL_UNUSABLE)], FATAL, PLAIN),
    ("never wss to ws", [failed(ErrorKind.REDIRECT_REFUSED)], FATAL, PLAIN),
    ("never to another origin", [failed(ErrorKind.REDIRECT_ELSEWHERE)], RETRY, CONTACT),
    ("... first contact over", [failed(ErrorKind.REDIRECT_ELSEWHERE, met=True)], FATAL, PLAIN),
    ("10 redirects at most", [failed(ErrorKind.TOO_MANY_REDIRECTS)], FATAL, PLAIN),
    ("nothing at all", [ending(), ending(reason="who knows")], RETRY, STRIKE),
]


@pytest.mark.parametrize(
    ("endings", "action", "flags"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_row_of_the_document(endings: list[Ending], action: Action, flags: dict[str, Any]) -> None:
    for each in endings:
        verdict = judge(each)
        seen = (verdict.action, *(getattr(verdict, flag) for flag in FLAGS))
        assert seen == (action, *(flags.get(flag, False) for flag in FLAGS)), each


#: The same once the session has streamed, where that changes the row.
ONCE_CONNECTED: list[tuple[str, list[Ending], Action, dict[str, Any]]] = [
    ("another 2xx", [refused(s) for s in (200, 201, 204, 299)], LATER, WEATHER),
    ("400 405 410 426", [refused(s) for s in (400, 405, 410, 426)], LATER, WEATHER),
    ("other 4xx", [refused(s) for s in (406, 411, 418, 422, 451, 499)], LATER, WEATHER),
    ("404", [refused(404)], LATER, WEATHER),
    ("403 with the right to a refresh", [refused(403)], REAUTH, PLAIN),
    ("403 after its refresh", [refused(403, reauth_used=True)], LATER, WEATHER),
    ("403 without a provider", [refused(403, has_provider=False)], LATER, WEATHER),
    (
        "TLS certificate, dates, host name",
        [
            failed(kind)
            for kind in (ErrorKind.TLS_CERTIFICATE, ErrorKind.TLS_DATES, ErrorKind.TLS_HOSTNAME)
        ],
        LATER,
        WEATHER,
    ),
    ("DNS: no such host", [failed(ErrorKind.DNS_NOT_FOUND)], LATER, WEATHER),
    ("a redirect refused", [failed(ErrorKind.REDIRECT_REFUSED)], LATER, WEATHER),
    ("a redirect to elsewhere", [failed(ErrorKind.REDIRECT_ELSEWHERE)], LATER, WEATHER),
    ("endless redirects", [failed(ErrorKind.TOO_MANY_REDIRECTS)], LATER, WEATHER),
    ("a proxy forbids", [failed(ErrorKind.PROXY_FORBIDS)], LATER, WEATHER),
]
#: Unknown endings of a dial: a strike, and the fourth is weather.
ODD_DOORS = [
    *(refused(status) for status in (100, 103, 301, 304, 399, 511)),
    *(failed(kind) for kind in (ErrorKind.BAD_UPGRADE, ErrorKind.TLS_OTHER, ErrorKind.DNS_OTHER)),
    failed(ErrorKind.PROXY_FAILED),
]


@pytest.mark.parametrize(
    ("endings", "action", "flags"),
    [row[1:] for row in ONCE_CONNECTED],
    ids=[row[0] for row in ONCE_CONNECTED],
)
def test_once_connected_a_closed_door_is_weather(
    endings: list[Ending], action: Action, flags: dict[str, Any]
) -> None:
    for each in endings:
        for met in (False, True):  # the time for a first contact matters no more
            verdict = judge(msgspec.structs.replace(each, ever_connected=True, met=met))
            seen = (verdict.action, *(getattr(verdict, flag) for flag in FLAGS))
            assert seen == (action, *(flags.get(flag, False) for flag in FLAGS)), each


@pytest.mark.parametrize("each", ODD_DOORS)
def test_an_odd_door_is_weather_from_the_fourth_strike_on(each: Ending) -> None:
    for strikes in range(MAX_STRIKES - 1):
        struck = msgspec.structs.replace(each, strikes=strikes)
        assert judge(msgspec.structs.replace(struck, ever_connected=True)) == judge(struck)
    fourth = msgspec.structs.replace(each, strikes=MAX_STRIKES - 1)
    assert judge(fourth).action is FATAL
    verdict = judge(msgspec.structs.replace(fourth, ever_connected=True))
    assert (verdict.action, verdict.strike, verdict.hint_ends_wait) == (LATER, False, True)


def test_every_other_row_is_the_same_once_connected() -> None:
    weather = [msgspec.structs.replace(each, met=False) for r in ONCE_CONNECTED for each in r[1]]
    for _, endings, _, _ in ROWS:
        for each in endings:
            if msgspec.structs.replace(each, met=False) not in weather:
                once = msgspec.structs.replace(each, ever_connected=True)
                assert judge(once) == judge(each), each


@pytest.mark.parametrize("each", [refused(401), received(1008), refused(402), refused(407)])
def test_what_was_refused_stays_refused_once_connected(each: Ending) -> None:
    spent = msgspec.structs.replace(each, reauth_used=True, ever_connected=True)
    assert judge(spent).action is FATAL


def test_a_dialects_refusal_stays_refused_once_connected() -> None:
    row = Rule(action=FATAL, why="no use", source="the dialect")
    assert judge(ending(refusal=row, status=404, ever_connected=True)).action is FATAL


def test_weather_respects_a_retry_after() -> None:
    verdict = judge(refused(404, ever_connected=True, retry_after=400.0))
    assert (verdict.action, verdict.retry_after) == (LATER, 300.0)


def test_every_error_kind_is_in_the_document_table() -> None:
    assert {each.error for row in ROWS for each in row[1]} - {None} == set(ErrorKind)
    assert set(verdict_table.ERRORS) == set(ErrorKind)


def test_bad_dates_hint_at_the_clock_and_a_403_at_the_path() -> None:
    assert "clock" in judge(failed(ErrorKind.TLS_DATES)).why
    assert "clock" not in judge(failed(ErrorKind.TLS_CERTIFICATE)).why
    assert "path" in judge(refused(403, has_provider=False)).why


def test_an_ending_without_facts_is_judged_unknown() -> None:
    assert judge(ending()).why == verdict_table.UNKNOWN.why


def test_every_row_has_its_reason_in_one_line_and_its_source() -> None:
    for row in ROWS:
        for each in row[1]:
            verdict = judge(each)
            assert verdict.why.strip() == verdict.why != ""
            assert verdict.why.isprintable()
            assert not verdict.why.endswith(".")
            assert verdict.source


# Precedence: one ending with several facts


def test_refusal_outranks_everything() -> None:
    every_fact = received(
        1002, status=404, error=ErrorKind.CREDENTIAL_FATAL, refusal=DIALECT_ROW, retry_after=7.0
    )
    verdict = judge(every_fact, {1002: Rule(action=FATAL, why="no", source="no")})
    assert (verdict.action, verdict.why, verdict.source) == (LATER, DIALECT_ROW.why, "the dialect")
    assert verdict.retry_after == 7.0


@pytest.mark.parametrize("code", [1000, 1006, 1008, 4321])
def test_dialect_codes_outrank_the_table(code: int) -> None:
    each = received(code, reason="timed out", status=404, error=ErrorKind.CREDENTIAL_FATAL)
    assert judge(each, {code: DIALECT_ROW}).why == DIALECT_ROW.why
    assert judge(each, {code + 1: DIALECT_ROW}).why != DIALECT_ROW.why


@pytest.mark.parametrize("status", [402, 503, 302])
def test_dialect_statuses_outrank_the_table(status: int) -> None:
    own = Rule(action=Action.FATAL, why="its own", source="a test")
    assert judge(refused(status), {status: own}).why == "its own"
    error = ErrorKind.REDIRECT_REFUSED
    assert judge(refused(status, error=error), {status: own}).why == "its own"
    assert judge(refused(status), {status + 1: own}).why != "its own"


def test_dialect_codes_hold_unless_we_closed() -> None:
    assert judge(ending(code=1011), {1011: DIALECT_ROW}).why == DIALECT_ROW.why
    assert judge(sent(1011), {1011: DIALECT_ROW}) == judge(sent(1011))


@pytest.mark.parametrize(
    ("status", "error"), [(404, None), (None, ErrorKind.CREDENTIAL_FATAL), (101, ErrorKind.RESET)]
)
def test_a_close_frame_outranks_status_and_error(
    status: int | None, error: ErrorKind | None
) -> None:
    for code in (1000, 1005, 1011, 4321, -1):
        assert judge(received(code, status=status, error=error)) == judge(received(code))


@pytest.mark.parametrize("status", [200, 304, 401, 429, 503, 0])
def test_a_status_that_refuses_outranks_the_error(status: int) -> None:
    assert judge(refused(status, error=ErrorKind.TLS_CERTIFICATE)) == judge(refused(status))


@pytest.mark.parametrize("status", [101, 301, 302, 303, 307, 308])
def test_an_error_outranks_a_status_that_refuses_nothing(status: int) -> None:
    for error in (ErrorKind.TOO_MANY_REDIRECTS, ErrorKind.RESET):
        assert judge(refused(status, error=error)) == judge(failed(error))


@pytest.mark.parametrize("code", [1006, 1015])
def test_a_code_never_sent_in_a_frame_adds_nothing(code: int) -> None:
    for error in ErrorKind:
        assert judge(failed(error, code=code)) == judge(failed(error))
    for status in (101, 200, 302, 401, 404, 429, 500):
        assert judge(refused(status, code=code)) == judge(refused(status))


def test_the_reason_refines_1008_alone() -> None:
    assert judge(received(1000, reason="DATA-0000")) == judge(received(1000))
    assert judge(received(4401, reason="too many")) == judge(received(4401))


# Strikes


@pytest.mark.parametrize(
    "each", [received(4321), sent(1002), failed(ErrorKind.OS_OTHER), refused(304)]
)
def test_the_fourth_strike_is_fatal(each: Ending) -> None:
    first = judge(each)
    for strikes in (-1, 0, 1, 2):
        assert judge(msgspec.structs.replace(each, strikes=strikes)) == first
    for strikes in (3, 4, 10**40):
        verdict = judge(msgspec.structs.replace(each, strikes=strikes, retry_after=9.0))
        assert verdict.action is FATAL
        assert (
            verdict.why == f"{first.why}; that makes {strikes + 1} unknown endings "
            "with no stable line in between"
        )
        assert verdict.source == first.source
        assert verdict.strike
        assert (verdict.scatter, verdict.hint_ends_wait) == (False, False)
        assert verdict.retry_after is None
    assert MAX_STRIKES == 4


@pytest.mark.parametrize("each", [received(1000), received(1013), received(1008), received(1002)])
def test_known_endings_are_judged_alike_after_any_strikes(each: Ending) -> None:
    assert judge(msgspec.structs.replace(each, strikes=100)) == judge(each)


def test_strikes_count_for_a_dialect_as_well() -> None:
    row = Rule(action=REAUTH, why="odd", source="the dialect", strike=True, scatter=True)
    assert judge(ending(refusal=row, strikes=2)).action is REAUTH
    assert judge(ending(refusal=row, strikes=3)).action is FATAL
    assert not judge(ending(refusal=row, strikes=3)).scatter
    assert "unknown endings" in judge(ending(refusal=row, strikes=3, has_provider=False)).why


def test_a_fatal_row_keeps_its_reason_after_any_strikes() -> None:
    row = Rule(action=FATAL, why="no use", source="the dialect", strike=True)
    assert judge(ending(refusal=row, strikes=9)).why == "no use"


# REAUTH


REAUTHS = [
    received(1008),
    received(3000),
    received(4001),
    received(4401),
    refused(401),
    refused(403),
]


@pytest.mark.parametrize("each", REAUTHS)
def test_reauth_needs_a_provider_and_the_right(each: Ending) -> None:
    able = judge(each)
    assert able.action is REAUTH
    alone = judge(msgspec.structs.replace(each, has_provider=False))
    spent = judge(msgspec.structs.replace(each, reauth_used=True))
    both = judge(msgspec.structs.replace(each, has_provider=False, reauth_used=True))
    assert alone.action is spent.action is both.action is FATAL
    assert alone.why == f"{able.why}, and there is no provider for a fresh credential: check " + (
        "the path of the URL, and the token, or give one"
        if each.status == 403
        else "the token, or give one"
    )
    assert spent.why == (
        f"{able.why}, and a fresh credential was refused too: check what the provider hands out"
    )
    assert both.why == alone.why
    assert alone.source == spent.source == able.source


def test_provider_and_right_matter_to_reauth_alone() -> None:
    for each in (received(1000), received(1011), refused(404), failed(ErrorKind.RESET)):
        other = msgspec.structs.replace(each, has_provider=False, reauth_used=True)
        assert judge(other) == judge(each)


# Retry-After


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (None, None),
        (0.0, 0.0),
        (17.5, 17.5),
        (300.0, 300.0),
        (301.0, 300.0),
        (math.inf, 300.0),
        (10**400, 300.0),
        (-5.0, 0.0),
        (-math.inf, 0.0),
        (math.nan, 0.0),
    ],
)
def test_retry_after_is_capped(asked: float | None, kept: float | None) -> None:
    assert judge(refused(503, retry_after=asked)).retry_after == kept


def test_retry_after_is_for_later_alone() -> None:
    for each in (refused(500), refused(401), refused(404), refused(302)):
        assert judge(msgspec.structs.replace(each, retry_after=7.0)).retry_after is None


# Totality


rows = st.builds(
    Rule,
    action=st.sampled_from(Action),
    why=st.text(),
    source=st.text(),
    strike=st.booleans(),
    scatter=st.booleans(),
    hint_ends_wait=st.booleans(),
    weather=st.sampled_from(["", "it passes"]),
    first_contact=st.booleans(),
)
numbers = st.integers() | st.integers(90, 610) | st.integers(990, 5010)
endings = st.builds(
    Ending,
    code=st.none() | numbers,
    sender=st.none() | st.sampled_from(Sender),
    reason=st.text() | st.sampled_from(["Session timeout", "too many", "DATA-0000"]),
    status=st.none() | numbers,
    error=st.none() | st.sampled_from(ErrorKind),
    retry_after=st.none() | st.floats() | st.integers(),
    ever_connected=st.booleans(),
    met=st.booleans(),
    has_provider=st.booleans(),
    reauth_used=st.booleans(),
    strikes=st.integers(),
    refusal=st.none() | rows,
)


@given(endings, st.dictionaries(numbers, rows, max_size=4))
def test_every_ending_has_a_sound_verdict(each: Ending, codes: dict[int, Rule]) -> None:
    verdict = judge(each, codes)
    assert isinstance(verdict, Verdict)
    assert verdict == judge(each, codes)
    if verdict.action is REAUTH:
        assert each.has_provider
        assert not each.reauth_used
    if verdict.action is FATAL:
        assert (verdict.scatter, verdict.hint_ends_wait) == (False, False)
    elif verdict.strike:
        assert each.strikes + 1 < MAX_STRIKES
    if verdict.first_contact:
        assert not each.met
    if verdict.action is LATER and each.retry_after is not None:
        assert verdict.retry_after is not None
        assert 0 <= verdict.retry_after <= 300
    else:
        assert verdict.retry_after is None


def test_the_tables_cannot_be_changed_and_the_words_are_strings() -> None:
    with pytest.raises(TypeError):
        verdict_table.CLOSE_CODES[1000] = DIALECT_ROW  # type: ignore[index]
    with pytest.raises(AttributeError):
        DIALECT_ROW.why = "else"  # type: ignore[misc]
    assert [str(action) for action in Action] == ["retry", "later", "reauth", "fatal"]
    assert all(kind.value == kind.name.lower() for kind in ErrorKind)
    assert set(verdicts.__all__) <= set(dir(verdicts))
