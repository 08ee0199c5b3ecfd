"""The HTTP of a WebSocket: its request, and the responses that refuse it."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.backend import Backend, CredentialPlace
from openline.events import Redirected, SocketLost, SocketOpened
from openline_driver.facts import Refused
from openline_driver.http import (
    MAX_HEAD,
    Head,
    NoAnswerError,
    host_header,
    opened,
    read_answer,
    read_head,
    refusal,
    request_headers,
    retry_after,
)

#: Mon, 06 May 2024 07:08:00 GMT.
NOW = 1_714_979_280.0


@pytest.mark.parametrize(
    ("backend", "host"),
    [
        (Backend(host="localhost", port=80), "localhost"),
        (Backend(host="localhost", port=443), "localhost:443"),
        (Backend(host="example.org", port=443), "example.org"),
        (Backend(host="example.org", port=80), "example.org:80"),
        (Backend(host="::1", port=8000), "[::1]:8000"),
        (Backend(host="::1", port=80), "[::1]"),
    ],
)
def test_host_header_has_the_port_only_where_it_is_needed(backend: Backend, host: str) -> None:
    assert host_header(backend) == host


def test_carriers_travel_with_a_credential_that_goes_in_headers() -> None:
    carriers = (("Authorization", "Basic eDp5"),)
    in_query = Backend(credential_place=CredentialPlace.QUERY)
    agent = ("User-Agent", "openline/1")
    assert request_headers(Backend(), "x:y", carriers, "openline/1") == (agent, *carriers)
    assert request_headers(Backend(), None, carriers, "openline/1") == (agent,)
    assert request_headers(in_query, "x:y", carriers, "openline/1") == (agent,)


# The head of a response.


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_head_is_read_once_it_is_complete(newline: str) -> None:
    lines = ["HTTP/1.1 503 Busy", "Retry-After:  7 ", "LOCATION: here:80", "", "<html>"]
    data = newline.join(lines).encode()
    whole = data.index(b"<html>")
    assert all(read_head(data[:size]) is None for size in range(whole))
    head = read_head(data)
    assert head == Head(503, {"retry-after": "7", "location": "here:80"})
    assert head is not None
    assert not head.is_upgrade


def test_head_of_an_upgrade_is_left_to_the_library() -> None:
    head = read_head(b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\n\r\n\x81\x00")
    assert head == Head(101, {})
    assert head is not None
    assert head.is_upgrade


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"S",
        b"HTTX",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"\x81\x02{}",
    ],
)
def test_invalid_http_is_refused(data: bytes) -> None:
    with pytest.raises(NoAnswerError, match=r"^the answer to the upgrade is not HTTP$"):
        read_head(data)


def test_body_of_any_length_may_follow_a_head() -> None:
    body = bytes(2 * MAX_HEAD)
    assert read_head(b"HTTP/1.1 503 Busy\r\n\r\n" + body) == Head(503, {})


def test_endless_head_is_refused() -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * (MAX_HEAD // 6)
    with pytest.raises(NoAnswerError, match=r"^an endless answer to the upgrade$"):
        read_head(endless)
    assert read_head(endless[:MAX_HEAD]) is None


PRELIMINARY = [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\nLink: </x>\n\n"]


@given(st.lists(st.sampled_from(PRELIMINARY), max_size=5), st.sampled_from([101, 200, 404, 503]))
def test_preliminary_answers_are_skipped(early: list[bytes], status: int) -> None:
    answer = f"HTTP/1.1 {status} So\r\n\r\n".encode()
    whole = b"".join(early) + answer
    assert read_answer(whole + b"rest") == (Head(status, {}), answer + b"rest")
    assert all(read_answer(whole[:size])[0] is None for size in range(len(whole)))


def test_a_preliminary_answer_is_read_once() -> None:
    half = PRELIMINARY[1][:20]
    assert read_answer(PRELIMINARY[0] + half) == (None, half)
    rest = PRELIMINARY[1] + b"HTTP/1.1 404 No\r\n\r\n"
    assert read_answer(rest, len(PRELIMINARY[0])) == (Head(404, {}), rest[len(PRELIMINARY[1]) :])
    left = MAX_HEAD - len(half)
    assert read_answer(half, left) == (None, half)
    with pytest.raises(NoAnswerError, match=r"^an endless answer to the upgrade$"):
        read_answer(half, left + 1)


def test_too_many_preliminary_answers_are_refused() -> None:
    many = PRELIMINARY[0] * (MAX_HEAD // len(PRELIMINARY[0]) - 1)
    many += b"HTTP/1.1 100 ".ljust(MAX_HEAD - len(many) - 4, b"x") + b"\r\n\r\n"
    assert len(many) == MAX_HEAD
    assert read_answer(many) == (None, b"")
    with pytest.raises(NoAnswerError, match=r"^an endless answer to the upgrade$"):
        read_answer(many + PRELIMINARY[0])


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reading_of_a_head(data: bytes) -> None:
    for text in (data, b"HTTP/1.1 200 OK\r\n" + data + b"\r\n\r\n"):
        with suppress(NoAnswerError):
            read_head(text)
        with suppress(NoAnswerError):
            read_answer(text)


# Refusals.


def lost(status: int, seconds: float | None = None) -> SocketLost:
    return SocketLost(dial=7, status=status, retry_after=seconds, detail=f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_needs_a_location(status: int) -> None:
    there = {"location": "wss://elsewhere.example/x"}
    assert refusal(Refused(7, status, there)) == Redirected(7, status, there["location"])
    assert refusal(Refused(7, status, {})) == lost(status)


@pytest.mark.parametrize("status", [100, 200, 300, 304, 305, 401, 404, 503])
def test_other_statuses_are_losses_with_any_headers(status: int) -> None:
    assert refusal(Refused(7, status, {"location": "/x", "set-cookie": "s"})) == lost(status)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("9" * 400, float("inf")),  # the core has a limit
        ("Mon, 06 May 2024 07:09:30 GMT", 90.0),
        ("Monday, 06-May-24 07:09:30 GMT", 90.0),
        ("Mon May  6 07:09:30 2024", 90.0),
        ("Mon, 06 May 2024 07:09:30 -0000", 90.0),
        ("Mon, 06 May 2024 09:09:30 +0200", 90.0),
        ("Mon, 06 May 2024 07:00:00 GMT", 0.0),
        ("-7", None),
        ("7.5", None),
        ("٧", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 May 2024 07:09:30 GMT", None),
        ("Mon, 06 May 2024 25:09:30 GMT", None),
        ("Mon, 06 May 99999 07:09:30 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be changed")
@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ("No such model/language/tier combination.", "No such model/language/tier combination."),
        ("bad\x1b[2J \t option", "bad�[2J option"),
        ("x" * 999, "x" * 199 + "…"),
    ],
)
def test_a_refusal_that_says_why_is_quoted(said: str, detail: str) -> None:
    """Deepgram's answer to a wrong option or key has its reason in this header."""
    lost = refusal(Refused(1, 400, {"dg-error": said, "set-cookie": "secret"}))
    assert isinstance(lost, SocketLost)
    assert lost.detail == f"{detail}; HTTP 400"


def test_a_refusal_without_a_reason_says_its_status() -> None:
    lost = refusal(Refused(1, 400, {"dg-error": " "}))
    assert isinstance(lost, SocketLost)
    assert lost.detail == "HTTP 400"


def test_date_without_a_zone_is_in_gmt_wherever_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for zone in ("Asia/Tokyo", "XYZ5"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        for date in ("Mon May  6 07:09:30 2024", "Mon, 06 May 2024 07:09:30 -0000"):
            assert retry_after(date, NOW) == 90.0
    monkeypatch.undo()
    time.tzset()


def test_the_date_of_an_upgrade_is_that_of_its_answer() -> None:
    headers = [(b"Date", b"Wed, 18 Nov 2026 20:00:00 GMT"), (b"x", b"\xff")]
    assert opened(3, "c", headers) == SocketOpened(3, "c", date=1_795_032_000.0)
    for others in ([], [(b"date", b"soon")], [(b"date", b"\xff")]):
        assert opened(3, "c", others) == SocketOpened(3, "c")


def test_date_counts_from_the_answers_own_date() -> None:
    """The server's clock is an hour ahead of ours: it asks for 90 s all the same."""
    headers = {
        "retry-after": "Mon, 06 May 2024 08:09:30 GMT",
        "date": "Mon, 06 May 2024 08:08:00 GMT",
    }
    assert refusal(Refused(7, 503, headers, received_at=NOW)) == lost(503, 90.0)
    assert refusal(Refused(7, 503, headers)) == lost(503, 90.0)


def test_date_without_a_date_counts_from_our_clock_if_there_is_one() -> None:
    headers = {"retry-after": "Mon, 06 May 2024 07:09:30 GMT"}
    assert refusal(Refused(7, 503, headers, received_at=NOW)) == lost(503, 90.0)
    assert refusal(Refused(7, 503, headers)) == lost(503)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 31)), st.integers(-43_200, 43_200))
def test_every_date_counts_to_the_second(sent: datetime, seconds: int) -> None:
    sent = sent.replace(microsecond=0, tzinfo=UTC)
    until = sent + timedelta(seconds=seconds)
    dates = [format_datetime(at, usegmt=True) for at in (until, sent)]
    headers: dict[str, str] = dict(zip(("retry-after", "date"), dates, strict=True))
    assert refusal(Refused(7, 503, headers)) == lost(503, float(max(0, seconds)))


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("01 Jan 2024 00:00:00", 0),
        ("01 Jan 2024 23:59:60", 86_400),  # a leap second
        ("31 Jan 2024 00:00:00", 30 * 86_400),
        ("31 Dec 2024 00:59:59", 365 * 86_400 + 3599),
        ("00 Jan 2024 00:00:00", None),
        ("32 Jan 2024 00:00:00", None),
        ("01 Jan 2024 24:00:00", None),
        ("01 Jan 2024 00:60:00", None),
        ("01 Jan 2024 00:00:61", None),
    ],
)
def test_first_and_last_of_each_field_of_a_date(date: str, seconds: float | None) -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    assert retry_after(f"Mon, {date} GMT", begin) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_anything(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


def test_headers_of_the_app_replace_others_of_the_same_name() -> None:
    carriers = (("Authorization", "Bearer t"), ("x-token", "t"))
    backend = Backend(headers=(("authorization", "Basic eA=="), ("Origin", "https://a.example")))
    assert request_headers(backend, "t", carriers, "openline") == (
        ("User-Agent", "openline"),
        ("x-token", "t"),
        ("authorization", "Basic eA=="),
        ("Origin", "https://a.example"),
    )
    assert request_headers(backend, None, carriers, "openline")[1:] == backend.headers
    named = Backend(headers=(("User-Agent", "mine"),))
    assert request_headers(named, None, carriers, "openline") == (("User-Agent", "mine"),)
