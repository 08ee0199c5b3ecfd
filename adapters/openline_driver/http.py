"""The HTTP around a WebSocket: the request that opens it, and the answer that refuses it.

Text in, text out. An answer goes through three steps: ``read_answer`` cuts its head from the
bytes that have arrived, ``Refused`` carries status and headers to the driver, and ``refusal`` makes
of it what the core knows: a redirect, or a loss with a status and perhaps a wait. ``opened`` reads
the Date of an answer that opens the WebSocket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Final

import msgspec

from openline.backend import Backend
from openline.events import Redirected, SocketLost, SocketOpened
from openline.text import one_line
from openline_driver.facts import Refused

#: RFC 9110 §15.4: the statuses that name another place to ask. Without a Location they do not.
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: Bytes of the head of an answer that are read before it counts as endless.
MAX_HEAD: Final = 65_536
#: The headers of a refusal that are looked at; others (Set-Cookie, say) may hold secrets.
ALLOWED: Final = ("location", "retry-after", "date", "dg-error")
#: The header in which a server says why it refuses (Deepgram, Errors).
_WHY: Final = "dg-error"
#: Characters of it that are shown.
_SHOWN: Final = 200

_SWITCHING_PROTOCOLS: Final = 101  # RFC 9110 §15.2.2
_HTTP: Final = b"HTTP/1."
_STATUS: Final = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?:[ \r\n]|$)")
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")


class Head(msgspec.Struct, frozen=True):
    """The head of an answer: its status, and its headers by their names in small letters."""

    status: int
    headers: Mapping[str, str]

    @property
    def is_upgrade(self) -> bool:
        """Whether the server agreed to speak WebSocket."""
        return self.status == _SWITCHING_PROTOCOLS

    @property
    def is_preliminary(self) -> bool:
        """Whether the answer itself is still to come."""
        return self.status // 100 == 1 and not self.is_upgrade


class NoAnswerError(ValueError):
    """What arrived is not the head of an HTTP answer; the text says why in one line."""


def read_head(data: bytes) -> Head | None:
    """The head at the beginning of ``data``; None while more of it is to come.

    Raises NoAnswerError as soon as it is clear that ``data`` cannot become one. The headers of
    an answer that upgrades are left to the WebSocket library.
    """
    end = _BLANK_LINE.search(data)
    status = _STATUS.match(data)
    if data[: len(_HTTP)] != _HTTP[: len(data)] or (end and not status):
        raise NoAnswerError("the answer to the upgrade is not HTTP")
    if len(data) > MAX_HEAD and end is None:
        raise NoAnswerError("an endless answer to the upgrade")
    if status is None or end is None:
        return None
    headers: dict[str, str] = {}
    if int(status[1]) != _SWITCHING_PROTOCOLS:
        for line in data[: end.start()].decode("latin-1").split("\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
    return Head(int(status[1]), headers)


def read_answer(data: bytes, skipped: int = 0) -> tuple[Head | None, bytes]:
    """The head of the answer in ``data``, and all bytes from it on; no head while more is to come.

    A server or proxy may send preliminary answers first (RFC 9110 §15.2: 100, 102, 103), which a
    WebSocket library takes for a refusal: they are skipped. ``skipped`` counts the bytes of those
    that earlier calls skipped: a caller passes on what they left, so that none is read twice.
    Raises NoAnswerError as ``read_head``, and where there are too many of them.
    """
    rest = data
    while (head := read_head(rest)) is not None:
        if not head.is_preliminary:
            return head, rest
        rest = _BLANK_LINE.split(rest, maxsplit=1)[1]
    if skipped + len(data) > MAX_HEAD:
        raise NoAnswerError("an endless answer to the upgrade")
    return None, rest


def split_head(answer: bytes) -> tuple[bytes, bytes]:
    """The head at the beginning of ``answer``, with the blank line behind it, and the rest."""
    end = _BLANK_LINE.search(answer)
    cut = len(answer) if end is None else end.end()
    return answer[:cut], answer[cut:]


def host_header(backend: Backend) -> str:
    """The Host of a request: the port only where it is not the scheme's own (RFC 9110 §7.2)."""
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    return host if backend.port == (443 if backend.is_secure else 80) else f"{host}:{backend.port}"


def request_headers(
    backend: Backend,
    credential: str | None,
    carriers: tuple[tuple[str, str], ...],
    user_agent: str,
) -> tuple[tuple[str, str], ...]:
    """The headers of a request beside those of the handshake. Secret.

    ``carriers`` are the headers in which the dialect has the credential travel. They are left
    out where there is no credential to send, and where it travels in the query. A header that the
    app gave the backend replaces one of the same name.
    """
    added = tuple(backend.headers)
    names = {name.lower() for name, _ in added}
    chosen = carriers if backend.credential_headers(credential) else ()
    others = (("User-Agent", user_agent), *chosen)
    return (*(each for each in others if each[0].lower() not in names), *added)


def opened(dial: int, connection_id: str, headers: Iterable[tuple[bytes, bytes]]) -> SocketOpened:
    """The event of an upgrade that was answered with ``headers``: only the Date is read."""
    dates = [value for name, value in headers if name.lower() == b"date"]
    text = dates[0].decode("ascii", "replace") if dates else ""
    return SocketOpened(dial, connection_id, date=http_date(text))


def refusal(refused: Refused) -> Redirected | SocketLost:
    """What an answer means that refused the upgrade."""
    status = refused.status
    headers = {name: refused.headers[name] for name in ALLOWED if name in refused.headers}
    if status in REDIRECTS and "location" in headers:
        return Redirected(refused.dial, status, headers["location"])
    sent_at = http_date(headers.get("date", ""))
    return SocketLost(
        dial=refused.dial,
        status=status,
        retry_after=retry_after(
            headers.get("retry-after"), refused.received_at if sent_at is None else sent_at
        ),
        detail="; ".join(each for each in (_said(headers), f"HTTP {status}") if each),
    )


def _said(headers: Mapping[str, str]) -> str:
    """Why a server refuses, in its own words, on one line."""
    said = one_line(headers.get(_WHY, ""))
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"


def retry_after(value: str | None, sent_at: float | None) -> float | None:
    """Seconds that a Retry-After asks to wait: a number of them, or a date (RFC 9110 §10.2.3).

    ``sent_at`` is when the answer was sent, in seconds since the epoch: best by the server's own
    clock, which may differ from ours by hours and is what it reckons with. None for what is not
    understood, or is a date where ``sent_at`` is not known: as good as no header.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until = http_date(text)
    return None if until is None or sent_at is None else max(0.0, until - sent_at)


def http_date(text: str) -> float | None:
    """An HTTP date in seconds since the epoch; None for anything else.

    ``parsedate_tz`` lets a day 99 pass, which would count on into later months. A date without a
    zone is GMT (RFC 9110 §5.6.7), and not in this machine's zone, as ``mktime_tz`` has it.
    """
    try:
        fields = parsedate_tz(text)
        if fields is None:
            return None
        _, month, day, hour, minute, second = fields[:6]
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        if hour > 23 or minute > 59 or second > 60:
            return None
        return float(mktime_tz((*fields[:9], fields[9] or 0)))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
