"""A label has few values, whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest

from openline.events import SocketLost
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.updates import Ended, State, Statistics
from openline_telemetry.labels import (
    OTHER,
    close_label,
    dialect_label,
    end_label,
    error_label,
    status_label,
    trouble_label,
)


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"complete": True}, "complete"),
        ({}, "incomplete"),
        ({"state": State.FAILED}, "failed"),
        ({"moved": True}, "moved"),
    ],
)
def test_a_session_that_moved_is_counted_apart(changes: dict[str, Any], label: str) -> None:
    usual: dict[str, Any] = {"state": State.CLOSED, "complete": False, "reason": "why"}
    counts = Statistics(dials=1, sources={})
    assert (
        end_label(Ended(missing=(), transcript=(), statistics=counts, **usual | changes)) == label
    )


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (1000, "close_1000"),
        (1015, "close_1015"),
        (1016, "close_other"),
        (2999, "close_other"),
        (3000, "close_3xxx"),
        (4999, "close_4xxx"),
        (5000, "close_other"),
        (-1, "close_other"),
    ],
)
def test_close_codes_of_apps_share_a_label(code: int, label: str) -> None:
    assert close_label(code) == label


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (101, "101"),
        (503, "503"),
        (599, "5xx"),
        (299, "2xx"),
        (99, "status_other"),
        (600, "status_other"),
    ],
)
def test_statuses_that_http_does_not_define_share_a_label(status: int, label: str) -> None:
    assert status_label(status) == label


@pytest.mark.parametrize(
    ("lost", "label"),
    [
        ({"code": 1001, "sender": Sender.REMOTE, "error": ErrorKind.RESET}, "close_1001"),
        ({"code": 1006, "error": ErrorKind.RESET}, "reset"),
        ({"code": 1006}, "close_1006"),
        ({"status": 503, "error": ErrorKind.CUT}, "503"),
        ({"error": ErrorKind.DNS_AGAIN}, "dns_again"),
        ({}, OTHER),
    ],
)
def test_the_evidence_that_says_most_is_the_label(lost: dict[str, object], label: str) -> None:
    assert error_label(SocketLost(dial=1, **lost)) == label  # type: ignore[arg-type]


def test_what_is_not_known_is_other() -> None:
    assert dialect_label("deepgram") == "deepgram"
    assert dialect_label("My Own\nDialect") == dialect_label("x" * 40) == OTHER
    assert trouble_label("deaf") == "deaf"
    assert trouble_label("anything") == OTHER


def test_all_numbers_together_give_few_labels() -> None:
    numbers = range(-1, 6001)
    assert len({close_label(number) for number in numbers}) == 16 + 2 + 1
    assert len({status_label(number) for number in numbers}) < 75
