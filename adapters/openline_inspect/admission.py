"""Which request gets a live page, which its events, and which is refused. Pure.

A session is private, and its page is served on this machine, where every program and every site in
a browser can reach it. Three things keep others out:

- **A token in the path**, of 256 bits. Who does not have it gets 404, whatever was asked.
- **The name of the host**. A site can have its name point to 127.0.0.1 (DNS rebinding), and its
  scripts would be of the same origin as the page. Then ``Host`` names that site.
- **The origin**. A request that a script of another site made carries its ``Origin``, or says so
  in ``Sec-Fetch-Site`` (Fetch Metadata, W3C). No header lets another origin read an answer (CORS).

The port in ``Host`` may be any: behind a tunnel (``ssh -L``) it is that of the other end.

The page itself says what it may run and where it may connect to (see ``page``). No site may show it
in a frame, and no address of it goes to another site.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from openline_inspect.eventstream import MEDIA_TYPE

#: What follows the token in the path of the events.
EVENTS: Final = "events"
#: The names of this machine to itself.
_HOST: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
#: Where a request may come from: the page itself, or the user.
_SITES: Final = frozenset({"same-origin", "none"})
_TEXT: Final = "text/plain; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"

#: Of every answer.
_ALWAYS: Final = (
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class Body(Enum):
    """What an answer holds."""

    TEXT = _TEXT  #: its own text
    PAGE = _HTML  #: the page
    EVENTS = MEDIA_TYPE  #: the events, from the browser's cursor on


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an answer, and what follows. ``last_event_id``: what a browser has, of events."""

    status: int
    body: Body
    text: str = ""
    last_event_id: str | None = None
    more: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its headers but for the length."""
        return [("Content-Type", self.body.value), *_ALWAYS, *self.more]


def _refusal(status: int, text: str, *more: tuple[str, str]) -> Answer:
    return Answer(status=status, body=Body.TEXT, text=f"{text}\n", more=more)


_NO_HOST: Final = _refusal(403, "this page is for this machine: open the address that was printed")
_FOREIGN: Final = _refusal(403, "this page is not for other sites")
_NOTHING: Final = _refusal(404, "there is nothing here")
_READ: Final = _refusal(405, "this page can only be read", ("Allow", "GET, HEAD"))
#: To bytes that are no request.
UNREADABLE: Final = _refusal(400, "this is no request")
#: With so many connections that there can be no more.
BUSY: Final = _refusal(503, "too many pages are open", ("Retry-After", "1"))
#: To a browser that has rows of another session: 204 has it ask no more (HTML standard, 9.2.3).
FORGOTTEN: Final = Answer(status=204, body=Body.TEXT)


def admit(method: str, target: str, headers: Mapping[str, str], *, token: str) -> Answer:
    """The answer to a request. ``headers`` have their names in small letters; each name once."""
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        return _NO_HOST
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return _FOREIGN
    path = target.partition("?")[0]
    given, slash, rest = path.removeprefix("/").partition("/")
    is_right = hmac.compare_digest(given.encode(), token.encode())
    if not (is_right and slash and rest in {"", EVENTS}):
        return _NOTHING
    if method not in {"GET", "HEAD"}:
        return _READ
    if not rest:
        return Answer(status=200, body=Body.PAGE)
    if headers.get("sec-fetch-site", "none") not in _SITES:
        return _FOREIGN
    return Answer(status=200, body=Body.EVENTS, last_event_id=headers.get("last-event-id"))
