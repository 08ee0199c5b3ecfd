"""The verdict table: what each known ending of a dial means, as data.

Every row has an action, the reason for the user (lower case, no full stop, so that it fits
within a line), and the source of the rule. Exact numbers are looked up first, then ranges, the
first match first. ``verdicts.judge`` holds the rules for several pieces of evidence, strikes
and credentials.

What looks like a mistake of the caller at a first dial is *weather* once the session has
streamed: a router answers 404 during a deploy, a captive portal shows pages and certificates of
its own, and the same door was open a minute ago. Such a row has the reason for that case in
``Rule.weather``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from openline.reconnect.rules import Action, Ranges, Rule


class Sender(StrEnum):
    """Who sent the close frame that came first."""

    REMOTE = "remote"
    LOCAL = "local"


class ErrorKind(StrEnum):
    """How a dial ended without a close frame and without an HTTP status."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    TIMED_OUT = "timed_out"  #: the operating system's own timeout
    CUT = "cut"  #: end of stream without a close frame
    DNS_AGAIN = "dns_again"
    DNS_NOT_FOUND = "dns_not_found"
    DNS_OTHER = "dns_other"
    TLS_CERTIFICATE = "tls_certificate"
    TLS_DATES = "tls_dates"  #: the certificate has expired or is not valid yet
    TLS_HOSTNAME = "tls_hostname"
    TLS_CLIENT_CERTIFICATE = "tls_client_certificate"  #: the server wants one of this client
    TLS_CUT = "tls_cut"
    TLS_OTHER = "tls_other"
    BAD_UPGRADE = "bad_upgrade"  #: an answer to the upgrade that is not HTTP
    PROXY_UNREACHABLE = "proxy_unreachable"
    PROXY_CREDENTIALS = "proxy_credentials"  #: it wants some, or others
    PROXY_FORBIDS = "proxy_forbids"
    PROXY_BUSY = "proxy_busy"  #: 502, 503 and 504 of the proxy itself
    PROXY_FAILED = "proxy_failed"  #: any other answer of a proxy, or none
    OS_OTHER = "os_other"
    NO_SOCKET = "no_socket"  #: not open within CONNECT
    NO_ACK = "no_ack"
    NO_PONG = "no_pong"
    SEND_STUCK = "send_stuck"
    STALLED = "stalled"  #: the backend takes audio, drains none and sends nothing
    DEAF = "deaf"  #: the backend takes audio, and transcribes and drains none
    CREDENTIAL_FAILED = "credential_failed"
    CREDENTIAL_FATAL = "credential_fatal"  #: the provider reported that another request cannot help
    CREDENTIAL_UNUSABLE = "credential_unusable"  #: the provider returned no valid token
    CREDENTIAL_LATE = "credential_late"  #: no answer within AUTH
    REDIRECT_REFUSED = "redirect_refused"  #: wss to ws, or a location that is none
    REDIRECT_ELSEWHERE = "redirect_elsewhere"  #: to an origin that the app did not allow
    TOO_MANY_REDIRECTS = "too_many_redirects"


def _retry(why: str, source: str, *, scatter: bool = False) -> Rule:
    return Rule(action=Action.RETRY, why=why, source=source, scatter=scatter)


def _strike(why: str, source: str, weather: str = "") -> Rule:
    return Rule(action=Action.RETRY, why=why, source=source, strike=True, weather=weather)


def _later(why: str, source: str) -> Rule:
    return Rule(action=Action.LATER, why=why, source=source)


def _reauth(why: str, source: str) -> Rule:
    return Rule(action=Action.REAUTH, why=why, source=source)


def _fatal(why: str, source: str, weather: str = "") -> Rule:
    return Rule(action=Action.FATAL, why=why, source=source, weather=weather)


def _contact(why: str, source: str, weather: str) -> Rule:
    return Rule(action=Action.RETRY, why=why, source=source, weather=weather, first_contact=True)


_WS: Final = "RFC 6455 §7.4.1"
_IANA: Final = "IANA registry"
_HTTP: Final = "RFC 9110"
_OURS: Final = "openline"

#: No evidence, or none that is in a table.
UNKNOWN: Final = _strike("the connection ended and no reason was given", _OURS)

#: A connection that ends when it had to, or that is replaced before that.
EXPIRED: Final = _retry("the connection had to be replaced", _OURS)

#: Close codes from the peer, or from an unknown sender.
CLOSE_CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        1000: _retry("the server closed normally before the session was done", "discord.py"),
        1001: _retry("the server is going away", "OpenAI's and Ably's clients", scatter=True),
        1002: _fatal("the server reports that this client broke the WebSocket protocol", _WS),
        1003: _fatal("the server does not accept this kind of message", _WS),
        1005: _retry("the server closed and gave no reason", _WS),
        1006: _retry("the connection broke off without a close frame", _WS),
        1007: _fatal("the server reports malformed data from this client", _WS),
        1008: _reauth(
            "the server refused this client by its policy, as for a bad token", "AssemblyAI"
        ),
        1009: _fatal("the server reports too big a message from this client", _WS),
        1010: _fatal("the server lacks an extension that this client demands", "Ably"),
        1011: _later("the server failed", "Speechmatics"),
        1012: _retry("the server is restarting", "uvicorn", scatter=True),
        1013: _later("the server asks to come back later", _IANA),
        1014: _retry("a gateway got no proper answer from the server behind it", _IANA),
        3000: _reauth("the token was refused", _IANA),
        3003: _fatal("the server forbids this", _IANA),
        3008: _retry("the server waited too long for something", _IANA),
        4001: _reauth("the token was refused", "Speechmatics"),
        4003: _fatal("the server forbids this", "Speechmatics"),
        4004: _fatal("the server does not have what was requested", "Speechmatics, jetsocket"),
        4401: _reauth("the token was refused", "WhisperLiveKit, by HTTP 401"),
        4403: _fatal("the server forbids this", "jetsocket, by HTTP 403"),
        4408: _retry("the server waited too long for something", "by HTTP 408"),
        4429: _later("the server has had too many requests", "by HTTP 429"),
    }
)

#: Close codes that mean something else when our own library sent them.
OUR_CLOSE_CODES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        1002: _strike("the server broke the WebSocket protocol", _WS),
        1003: _strike("the server sent a kind of message that this client cannot take", _WS),
        1007: _strike("the server sent malformed data", _WS),
        1009: _strike("the server sent too big a message", _WS),
        1011: _retry("this client had to give the connection up", _WS),
    }
)

CLOSE_CODE_RANGES: Final[Ranges] = (
    (range(1015, 1016), _strike("TLS failed", _WS)),
    (range(1000, 3000), _strike("the server closed with an undefined code", _WS)),
    (range(3000, 4000), _strike("the server closed with a registered code not known here", _IANA)),
    (range(4000, 5000), _strike("the server closed with a code of its own", "RFC 6455 §7.4.2")),
)
#: Any other integer.
BAD_CLOSE_CODE: Final = _strike("the close code is outside 1000-4999", "RFC 6455 §7.4.2")

#: Codes that are never in a frame: a library reports them for "there was no close frame".
NEVER_SENT: Final = frozenset({1006, 1015})

#: What a server says of an account that is to be paid for, in a close or a message.
UNPAID_TEXTS: Final = (
    *("account balance", "insufficient balance", "insufficient funds"),
    *("payment required", "out of credit"),
)
#: The reasons of a 1008 that refine it, the first match first.
POLICY_REASONS: Final[tuple[tuple[tuple[str, ...], Rule], ...]] = (
    (("DATA-0000",), _fatal("the server cannot decode this client's audio", "Deepgram")),
    (UNPAID_TEXTS, _fatal("the account has no balance left", "AssemblyAI")),
    (
        (
            "capacity",
            "too many",
            "rate limit",
            "quota",
            "concurrent",
            "concurrency",
            "overload",
            "again later",
        ),
        _later("the server has no room for this client now", _OURS),
    ),
    (("timeout", "timed out"), _retry("the session timed out on the server", "Speechmatics")),
)

#: Reasons once the session has streamed, where the row has none of its own.
_ROUTER: Final = "a router or proxy rejects what the server accepted before, as during a deploy"
_NETWORK: Final = "something else answers than the server of before"

_REDIRECT: Final = _strike(
    "the server answered with a redirect that cannot be followed", _HTTP, _NETWORK
)

HTTP_STATUSES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        301: _REDIRECT,
        302: _REDIRECT,
        303: _REDIRECT,
        304: _strike("the server answered 'not modified' to an upgrade", _HTTP, _NETWORK),
        307: _REDIRECT,
        308: _REDIRECT,
        400: _fatal("the server could not read this client's request", _HTTP, _ROUTER),
        401: _reauth("the token was refused", "Ably RTN14b"),
        402: _fatal("the server requires payment first", _HTTP),
        403: Rule(
            action=Action.REAUTH,
            why="the server forbids this: a bad token or a wrong path",
            source="uvicorn, traefik #13546",
            advice="the path of the URL",
            weather="the server forbids this, which it allowed before",
        ),
        404: _fatal(
            "the server has nothing at this path: check the path of the URL",
            "RFC 9110, traefik #9289",
            "the server has nothing at this path, where it was before, as during a deploy",
        ),
        405: _fatal("the server takes no WebSocket at this path", _HTTP, _ROUTER),
        407: _fatal("the proxy wants credentials", _HTTP),
        408: _retry("the server waited too long for the request", _HTTP),
        409: _later("the server has a conflict that may pass", _HTTP),
        410: _fatal("this path was removed from the server permanently", _HTTP, _ROUTER),
        425: _later("the server does not want this request yet", "RFC 8470"),
        426: _fatal("the server wants another protocol version", _HTTP, _ROUTER),
        429: _later("the server has had too many requests", "RFC 6585, websockets #712"),
        500: _retry("the server failed", _HTTP),
        501: _fatal("the server cannot do this", _HTTP),
        502: _retry("a gateway got no proper answer from the server behind it", _HTTP),
        503: _later("the server is not available now", "RFC 9110, websockets #712"),
        504: _retry("a gateway got no answer in time from the server behind it", _HTTP),
        505: _fatal("the server does not support this version of HTTP", _HTTP),
        511: _strike("the network wants a login first", "RFC 6585", "the network wants a login"),
    }
)

_PORTAL: Final = "something answered with a page instead of a WebSocket, as a captive portal does"

HTTP_RANGES: Final[Ranges] = (
    (range(100, 200), _strike("the server never got beyond a preliminary answer", _HTTP, _NETWORK)),
    (range(200, 300), _contact(_PORTAL, _OURS, _PORTAL)),
    (
        range(300, 400),
        _strike("the server answered with something that is no redirect", _HTTP, _NETWORK),
    ),
    (
        range(400, 500),
        _fatal("the server rejected this client's request as wrong", _HTTP, _ROUTER),
    ),
    (range(520, 530), _retry("the server behind the proxy cannot be reached", "Cloudflare")),
    (range(500, 600), _retry("the server failed", _HTTP)),
)
#: Any other integer.
BAD_STATUS: Final = _strike("the HTTP status is outside 100-599", _HTTP)

#: Statuses that are no refusal in themselves: an error that came with one decides.
INDIRECT_STATUSES: Final = frozenset({101, 301, 302, 303, 307, 308})

_PORTALS: Final = "firezone #11599"
_OTHER: Final = "the server's certificate was good before and is not now, as a captive portal's"
_CLOCK: Final = (
    "the server's certificate has expired or is not valid yet: check this machine's clock"
)

ERRORS: Final[Mapping[ErrorKind, Rule]] = MappingProxyType(
    {
        ErrorKind.REFUSED: _retry("nothing listens at that address yet", _OURS),
        ErrorKind.UNREACHABLE: _retry("the network does not reach the server", _OURS),
        ErrorKind.RESET: _retry("the connection was reset", _OURS),
        ErrorKind.TIMED_OUT: _retry("the network timed out", _OURS),
        ErrorKind.CUT: _retry("the connection broke off without a close frame", _WS),
        ErrorKind.DNS_AGAIN: _retry("the name server has no answer now", "deepgram-js-sdk #493"),
        ErrorKind.DNS_NOT_FOUND: _contact(
            "there is no such host: check its name, and the network",
            "macOS, while it is offline",
            "the host's name was found before and is not now",
        ),
        ErrorKind.DNS_OTHER: _strike("the host's name could not be looked up", _OURS, _NETWORK),
        ErrorKind.TLS_CERTIFICATE: _fatal(
            "the server's certificate cannot be trusted", _PORTALS, _OTHER
        ),
        ErrorKind.TLS_DATES: _fatal(_CLOCK, "canonical/snapd #12403", _CLOCK),
        ErrorKind.TLS_HOSTNAME: _fatal(
            "the server's certificate is for another host name", _PORTALS, _OTHER
        ),
        ErrorKind.TLS_CLIENT_CERTIFICATE: _fatal(
            "the server wants a certificate of this client, and accepted none", "RFC 8446 §6.2"
        ),
        ErrorKind.TLS_CUT: _retry("the connection broke off within TLS", _OURS),
        ErrorKind.TLS_OTHER: _strike(
            "TLS failed: is this a port for plain ws://?", _OURS, _NETWORK
        ),
        ErrorKind.BAD_UPGRADE: _strike("the answer to the upgrade makes no sense", _OURS, _NETWORK),
        ErrorKind.PROXY_UNREACHABLE: _retry("the proxy cannot be reached", _OURS),
        ErrorKind.PROXY_CREDENTIALS: _fatal(
            "the proxy wants credentials, or others than it was given", "RFC 9110 §15.5.8"
        ),
        ErrorKind.PROXY_FORBIDS: _fatal(
            "the proxy forbids connections to the server",
            "RFC 9110 §9.3.6, RFC 1928 §6",
            "the proxy forbids what it allowed before",
        ),
        ErrorKind.PROXY_BUSY: _later("the proxy does not reach the server now", _HTTP),
        ErrorKind.PROXY_FAILED: _strike(
            "the proxy opened no connection to the server", _OURS, _NETWORK
        ),
        ErrorKind.OS_OTHER: _strike("the operating system reported an unusual error", _OURS),
        ErrorKind.NO_SOCKET: _retry("the connection was not open in time", _OURS),
        ErrorKind.NO_ACK: _retry("the backend did not acknowledge the start in time", _OURS),
        ErrorKind.NO_PONG: _retry("the backend did not answer a ping in time", _OURS),
        ErrorKind.SEND_STUCK: _retry("the connection took no more data", _OURS),
        ErrorKind.STALLED: _retry(
            "the backend took audio and then neither drained nor sent anything", _OURS
        ),
        ErrorKind.DEAF: _strike(
            "the backend took audio, and transcribed and drained none of it", _OURS
        ),
        ErrorKind.CREDENTIAL_FAILED: _retry("the credential provider failed", _OURS),
        ErrorKind.CREDENTIAL_FATAL: _fatal("the provider reports that it has no credential", _OURS),
        ErrorKind.CREDENTIAL_UNUSABLE: _fatal(
            "the credential provider gave something that cannot be a token", _OURS
        ),
        ErrorKind.CREDENTIAL_LATE: _retry("the credential provider did not answer in time", _OURS),
        ErrorKind.REDIRECT_REFUSED: _fatal(
            "the server redirects to where it is not safe to go", _OURS, _NETWORK
        ),
        ErrorKind.REDIRECT_ELSEWHERE: _contact(
            "the server redirects to another one, as a captive portal does: if that is right, give "
            "its URL, or allow it by name (redirects_to)",
            _PORTALS,
            _NETWORK,
        ),
        ErrorKind.TOO_MANY_REDIRECTS: _fatal(
            "the server redirects without end", "websockets", _NETWORK
        ),
    }
)
