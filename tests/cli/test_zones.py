"""Times that openline tells, or reads, in UTC are the same wherever the machine is."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator

import pytest

from openline_cli.logs import JsonFormatter, LineFormatter
from openline_doctor.words import day
from openline_driver.http import http_date

pytestmark = pytest.mark.skipif(
    not hasattr(time, "tzset"), reason="the zone of a process cannot be changed here"
)
#: 2025-06-15, 23:59:58.250 UTC.
AT = 1_750_031_998.25


def record(at: float) -> logging.LogRecord:
    made = logging.LogRecord("openline.dial", logging.INFO, "", 0, "dialled", None, None)
    made.created = at
    return made


@pytest.fixture(params=["UTC0", "EAST-14", "WEST12"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's zone, of which half a day and more change the date."""
    with monkeypatch.context() as here:
        here.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_what_is_told_in_utc() -> None:
    told = json.loads(JsonFormatter().format(record(AT)))
    assert told["time"] == "2025-06-15T23:59:58.250+00:00"
    assert day(AT) == "2025-06-15"


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "text",
    [
        "Sun, 15 Jun 2025 23:59:58 GMT",
        "Sunday, 15-Jun-25 23:59:58 GMT",
        "Sun Jun 15 23:59:58 2025",  # without a zone: RFC 9110 §5.6.7
    ],
)
def test_what_is_read_as_gmt(text: str) -> None:
    assert http_date(text) == int(AT)


def test_a_log_for_a_person_has_the_time_of_the_wall(zone: str) -> None:
    wanted = {"UTC0": "23:59:58.250", "EAST-14": "13:59:58.250", "WEST12": "11:59:58.250"}
    assert LineFormatter().format(record(AT)).split()[0] == wanted[zone]
