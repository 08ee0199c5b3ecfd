"""Where a trouble lies: at the server, on the network, on this machine; and what to do. Pure.

A verdict has a reason, which is a row of the verdict table: the row is the evidence. A connection
that was reset may be the work of a firewall or of the backend, so it is ``UNKNOWN``, and its advice
names both. ``openline doctor`` gives the same advice.

    lies_of("the backend did not answer a ping in time", "echopanel")
        →  unknown: the server is frozen, or the network is dead: try openline doctor
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.reconnect.rules import plain
from openline.reconnect.verdicts import Action, ErrorKind
from openline.updates import GapCause
from openline_lookup.endings import Explanation, all_rows


class Place(StrEnum):
    """Where to look."""

    SERVER = "server"
    NETWORK = "network"
    HERE = "this machine"
    UNKNOWN = "unknown"  #: the evidence does not say


class Lies(NamedTuple):
    """Where it lies, and one line of what to do."""

    where: Place
    advice: str


#: What to do about each error that a dial can end by.
ADVICE: Final[Mapping[ErrorKind, str]] = MappingProxyType(
    {
        ErrorKind.REFUSED: "check the port, and that the backend runs",
        ErrorKind.UNREACHABLE: "check the network, the VPN and the address",
        ErrorKind.RESET: "a firewall or the backend cut it: check both",
        ErrorKind.TIMED_OUT: "a firewall may drop the packets: check the port and its rules",
        ErrorKind.CUT: "look into the log of the backend",
        ErrorKind.DNS_AGAIN: "check the network and its name server",
        ErrorKind.DNS_NOT_FOUND: "correct the name in the URL, or join the network that has it",
        ErrorKind.DNS_OTHER: "check the network and its name server",
        ErrorKind.TLS_CERTIFICATE: "give its authority with --ca-file, if it is yours",
        ErrorKind.TLS_DATES: "renew the certificate, or set the clock of this machine",
        ErrorKind.TLS_HOSTNAME: "give the name of the certificate in the URL",
        ErrorKind.TLS_CLIENT_CERTIFICATE: "give the right one with --client-cert",
        ErrorKind.TLS_CUT: "check that the port speaks TLS; else give ws://",
        ErrorKind.TLS_OTHER: "give ws:// if the port speaks plain text, or check the port",
        ErrorKind.BAD_UPGRADE: "check the port: another program than a WebSocket server answers",
        ErrorKind.PROXY_UNREACHABLE: "check the address of the proxy",
        ErrorKind.PROXY_CREDENTIALS: "put USER:PASSWORD@ into HTTPS_PROXY (HTTP_PROXY for ws://)",
        ErrorKind.PROXY_FORBIDS: "have it allow the backend, or go without by --proxy none",
        ErrorKind.PROXY_BUSY: "check the backend's address, as the proxy sees it",
        ErrorKind.PROXY_FAILED: "check the scheme and the port of the proxy",
    }
)
LOG: Final = "look into the log of the backend"
FULL: Final = "wait, or raise the limit of the backend"
#: RFC 9110 §15: what statuses tell more than that the request was refused, and what to do.
STATUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        200: "a web server answers, and no WebSocket is there: check the path",
        400: "it takes the request for a bad one: check the scheme, the path and the headers",
        403: "it forbids it: check the token, the Origin and the headers",
        404: "nothing is at this path: check the path",
        405: "no WebSocket is at this path: check the path",
        426: "it wants another protocol: check the path",
        429: "it is full, or asked too often: wait, or raise its limit",
        500: "it has failed: look into the log of the backend",
        502: "a gateway does not reach the backend: check that it runs",
        503: "it is full or not ready: wait, or raise its limit",
        504: "a gateway gets no answer of the backend: check that it runs",
    }
)
_SILENT: Final = "the server is frozen, or the network is dead: ask openline doctor"
_PROVIDER: Final = "look into the app's credential provider"
_CREDENTIAL: Final = "check the token, or give another one"
PORTAL: Final = "open a web page in a browser: the network may want a login"
_SENT: Final = "check the dialect and its options, and look into the log of the backend"
_UNKNOWN: Final = Lies(Place.UNKNOWN, LOG)
#: Where each error lies. What is not here may lie anywhere.
_PLACES: Final[Mapping[ErrorKind, Place]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *(ErrorKind.REFUSED, ErrorKind.TLS_CERTIFICATE, ErrorKind.TLS_CUT),
                *(ErrorKind.TLS_OTHER, ErrorKind.BAD_UPGRADE, ErrorKind.NO_ACK),
                *(ErrorKind.STALLED, ErrorKind.DEAF, ErrorKind.REDIRECT_REFUSED),
                *(ErrorKind.TOO_MANY_REDIRECTS,),
            ),
            Place.SERVER,
        ),
        **dict.fromkeys(
            (
                *(ErrorKind.UNREACHABLE, ErrorKind.TIMED_OUT, ErrorKind.DNS_AGAIN),
                *(ErrorKind.DNS_OTHER, ErrorKind.PROXY_UNREACHABLE, ErrorKind.PROXY_CREDENTIALS),
                *(ErrorKind.PROXY_FORBIDS, ErrorKind.PROXY_BUSY, ErrorKind.PROXY_FAILED),
            ),
            Place.NETWORK,
        ),
        **dict.fromkeys(
            (
                *(ErrorKind.DNS_NOT_FOUND, ErrorKind.TLS_HOSTNAME, ErrorKind.OS_OTHER),
                *(ErrorKind.TLS_CLIENT_CERTIFICATE, ErrorKind.CREDENTIAL_FAILED),
                *(ErrorKind.CREDENTIAL_FATAL, ErrorKind.CREDENTIAL_UNUSABLE),
                *(ErrorKind.CREDENTIAL_LATE,),
            ),
            Place.HERE,
        ),
    }
)
#: What to do about errors that no probe of ``openline doctor`` ends by.
_MORE: Final[Mapping[ErrorKind, str]] = MappingProxyType(
    {
        **dict.fromkeys((ErrorKind.NO_PONG, ErrorKind.NO_SOCKET, ErrorKind.SEND_STUCK), _SILENT),
        **dict.fromkeys(
            (
                *(ErrorKind.CREDENTIAL_FAILED, ErrorKind.CREDENTIAL_FATAL),
                *(ErrorKind.CREDENTIAL_UNUSABLE, ErrorKind.CREDENTIAL_LATE),
            ),
            _PROVIDER,
        ),
        ErrorKind.OS_OTHER: "look at the error's text, and into the log of this machine",
    }
)
#: Close codes of a server that refuses what this client sent (RFC 6455 §7.4.1).
_OURS: Final = frozenset({1002, 1003, 1007, 1009, 1010})
#: HTTP statuses of a server that refuses the URL or the request.
_WRONG: Final = frozenset({400, 404, 405, 410, 426})
_ERRORS: Final = {f"error {plain(kind)}": kind for kind in ErrorKind}

#: Where each kind of a ``Trouble`` lies.
TROUBLES: Final[Mapping[str, Lies]] = MappingProxyType(
    {
        **dict.fromkeys(("malformed", "untold", "unknown", "foreign"), Lies(Place.SERVER, _SENT)),
        "late_audio": Lies(Place.HERE, "the app sends audio behind the stop: look into it"),
        "spool": Lies(Place.HERE, "look at the disk: is it full, or not writable?"),
        "muted": Lies(Place.HERE, "check the microphone, its switch and its level"),
        "revised": Lies(Place.SERVER, LOG),
        "unfinal": Lies(Place.SERVER, LOG),
        "deaf": Lies(Place.SERVER, LOG),
        "behind": Lies(Place.SERVER, "the backend is too slow, or the network: skip to live audio"),
        "credential": Lies(Place.HERE, _PROVIDER),
        "observer": Lies(Place.HERE, "an observer of the app failed: look into it"),
        "refused": Lies(Place.HERE, "the app asked for what cannot be: look into it"),
    }
)
#: Where the cause of a gap lies; one that is missing here lies where the line was lost.
GAPS: Final[Mapping[GapCause, Lies]] = MappingProxyType(
    {
        GapCause.SPOOL: Lies(Place.HERE, "look at the disk: is it full, or not writable?"),
        GapCause.SKIPPED: Lies(Place.HERE, "the app asked for it"),
        GapCause.CAPTURE: Lies(Place.HERE, "check the device, and how busy this machine is"),
        GapCause.BACKEND: Lies(Place.SERVER, FULL),
        GapCause.UNHEARD: Lies(Place.SERVER, LOG),
        GapCause.IGNORED: Lies(Place.SERVER, "stream one source, or to another backend"),
    }
)
DEVICE: Final = Lies(Place.HERE, "check the device or the file")
PROVIDER: Final = Lies(Place.HERE, _PROVIDER)
SUSPENDED: Final = Lies(Place.HERE, "it slept, was frozen, or its loop was blocked")


class Row(NamedTuple):
    """A row of the verdict table: its reason, the source of its rule, and where it lies."""

    why: str
    source: str
    lies: Lies


@cache
def rows(dialect: str) -> tuple[Row, ...]:
    """The reasons of the table, and of a dialect, the longest first."""
    known = BUILT_IN.get(dialect, DEFAULT).traits
    own = [*known.refusals.values(), *known.rulings.values()]
    sources = {rule.why: rule.source for rule in own}
    weather = {rule.weather for rule in own}
    found: dict[str, Row] = {}
    for each in all_rows(dialect_codes=known.rulings, refusals=known.refusals):
        lies = _lies(each)
        if each.why in weather and lies.advice == FULL:  # it was accepted before: no limit
            lies = lies._replace(advice=LOG)
        found.setdefault(each.why, Row(each.why, sources.get(each.why, each.source), lies))
    return tuple(sorted(found.values(), key=lambda each: -len(each.why)))


def row_of(reason: str, dialect: str) -> Row:
    """The row that this reason of a verdict comes from; one that says nothing if none does."""
    known = rows(dialect)
    return next((each for each in known if each.why and each.why in reason), Row("", "", _UNKNOWN))


def _lies(row: Explanation) -> Lies:
    """Where it lies, by the evidence of a row."""
    if any(each in row.why for each in ("captive portal", "something else", "wants a login")):
        return Lies(Place.NETWORK, PORTAL)
    if row.group == "error":
        kind = _ERRORS[row.title]
        advice = ADVICE.get(kind) or _MORE.get(kind, LOG)
        return Lies(_PLACES.get(kind, Place.UNKNOWN), advice)
    if row.group == "nothing known":
        return _UNKNOWN
    number = _number(row.title)
    if row.action is Action.REAUTH or "token" in row.why:
        return Lies(Place.HERE, _CREDENTIAL)
    if number == 1006:
        return _UNKNOWN
    if number in _OURS and row.when != "sent by this client":
        return Lies(Place.HERE, _SENT)
    if number == 407:
        return Lies(Place.NETWORK, ADVICE[ErrorKind.PROXY_CREDENTIALS])
    if number in STATUSES and row.group == "HTTP status":
        was_right = number in _WRONG and row.action is Action.LATER  # as during a deploy
        where = Place.HERE if number in _WRONG and not was_right else Place.SERVER
        return Lies(where, LOG if was_right else STATUSES[number].rpartition(": ")[2])
    full = row.action is Action.LATER and number != 1011
    return Lies(Place.SERVER, FULL if full else LOG)


def _number(title: str) -> int:
    """The code or the status in a title; 0 for a range."""
    last = title.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0
