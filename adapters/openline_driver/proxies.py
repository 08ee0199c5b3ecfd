"""Which proxy a dial goes through, and what its answer means: text in, text out.

The environment is handed in as a mapping, so this module reads none itself. Its variables are
those of curl and urllib, in small letters first:

    HTTPS_PROXY for wss://, HTTP_PROXY for ws://; else ALL_PROXY; not for the hosts in NO_PROXY

    HTTPS_PROXY=http://me:secret@proxy.example:3128   NO_PROXY=.example,10.0.0.0/8,host:8443
    wss://speech.example   no proxy, for ``.example`` covers it
    wss://10.1.2.3         no proxy, for it lies in 10.0.0.0/8
    wss://speech.test      the proxy, with CONNECT speech.test:443

Unencrypted ``ws://`` is for this machine alone, unless the app allows it: so it goes through a
proxy of the environment only if the proxy is on this machine too. A proxy that the app names
itself serves every dial.

``Tunnel`` speaks HTTP CONNECT (RFC 9110 §9.3.6) without a socket. SOCKS is a library's business
(python-socks); its reply codes get their kinds here.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.http import Head, NoAnswerError, read_answer
from openline_driver.network_errors import DialError

#: The schemes of a proxy, and the port of each where its URL names none. A name with ``h`` or
#: ``a`` has the proxy look up the server's address, as curl has it.
SCHEMES: Final[Mapping[str, int]] = MappingProxyType(
    {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080, "socks4": 1080, "socks4a": 1080}
)
_WANTED: Final = "give http://, https://, socks5:// or socks5h://, HOST:PORT"
#: An unquoted ``/`` ends the host: of ``me:pass/word@proxy`` the user would be taken for it.
_QUOTE: Final = (
    "its user or password holds a sign that ends the host: write %2F for /, %3F for ?, %23 for #"
)
_CGI: Final = "REQUEST_METHOD"
_OK: Final = range(200, 300)
_STATUSES: Final[Mapping[int, ErrorKind]] = MappingProxyType(
    {
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: ErrorKind.PROXY_CREDENTIALS,
        HTTPStatus.BAD_GATEWAY: ErrorKind.PROXY_BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE: ErrorKind.PROXY_BUSY,
        HTTPStatus.GATEWAY_TIMEOUT: ErrorKind.PROXY_BUSY,
        HTTPStatus.TOO_MANY_REQUESTS: ErrorKind.PROXY_BUSY,
    }
)
#: RFC 1928 §6; and 91 to 93 of SOCKS 4, whose 91 stands for every failure.
_SOCKS: Final[Mapping[int, tuple[ErrorKind, str]]] = MappingProxyType(
    {
        1: (ErrorKind.PROXY_BUSY, "it failed"),
        2: (ErrorKind.PROXY_FORBIDS, "not allowed by its rules"),
        3: (ErrorKind.PROXY_BUSY, "the network is unreachable from it"),
        4: (ErrorKind.PROXY_BUSY, "the server is unreachable from it"),
        5: (ErrorKind.PROXY_BUSY, "the server refused its connection"),
        6: (ErrorKind.PROXY_BUSY, "the way to the server is too long"),
        91: (ErrorKind.PROXY_BUSY, "it failed, or refuses the connection"),
        92: (ErrorKind.PROXY_CREDENTIALS, "it wants an identd on this machine"),
        93: (ErrorKind.PROXY_CREDENTIALS, "it wants another user"),
    }
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy. The user and the password are secret, and not in the repr."""

    scheme: str
    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, url: str) -> Proxy:
        """Read ``http://USER:PASSWORD@HOST:PORT``. A URL without a scheme is http.

        Raises ValueError, one line, that shows nothing of the URL but its scheme.
        """
        full = url.strip() if "://" in url else f"http://{url.strip()}"
        if re.search(r"[/?#].*@", full.partition("://")[2]):
            raise ValueError(_QUOTE)
        try:
            parts = urlsplit(full)
            port = parts.port
            if parts.hostname:
                Backend(parts.hostname)
        except ValueError:
            raise ValueError(f"a bad host or port: {_WANTED}") from None
        scheme = "socks5h" if parts.scheme == "socks" else parts.scheme
        if scheme not in SCHEMES:
            shown = repr(scheme) if re.fullmatch(r"[a-z0-9+.-]{1,16}", scheme) else "unknown"
            raise ValueError(f"the scheme is {shown}: {_WANTED}")
        if not parts.hostname:
            raise ValueError(f"there is no host: {_WANTED}")
        username = password = None
        if parts.username is not None:
            username, password = unquote(parts.username), unquote(parts.password or "")
            if scheme.startswith("socks") and not (_fits(username) and _fits(password)):
                raise ValueError("SOCKS carries no such user or password: 255 characters of ASCII")
        port = SCHEMES[scheme] if port is None else port
        return cls(scheme, parts.hostname, port, username, password)

    @property
    def address(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def is_http(self) -> bool:
        """Whether it speaks HTTP CONNECT; else it speaks SOCKS."""
        return self.scheme in {"http", "https"}

    @property
    def looks_up(self) -> bool:
        """Whether it looks up the server's address; else this machine does."""
        return self.is_http or self.scheme in {"socks5h", "socks4a"}

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return Backend(self.host).is_loopback

    def error(self, kind: ErrorKind, detail: str) -> DialError:
        """A dial's failure that is this proxy's; the detail names it."""
        return DialError(kind, f"proxy {self.address}: {detail}")

    def socks_error(self, code: int) -> DialError:
        """The failure for a SOCKS reply ``code``."""
        kind, said = _SOCKS.get(code, (ErrorKind.PROXY_FAILED, f"SOCKS reply {code}"))
        return self.error(kind, said)


class Proxies:
    """The proxies of one session: ``of`` tells the one for a dial.

    ``proxy`` True: those of ``environ``, whose variables are read now; a URL: this one; False:
    none. Raises ValueError, one line that names the variable or the argument.
    """

    def __init__(self, proxy: str | bool, environ: Mapping[str, str]) -> None:  # noqa: FBT001  # open_session's own
        self._named = None if isinstance(proxy, bool) else _read("proxy", proxy)
        self._by_scheme: dict[bool, Proxy | None] = {True: None, False: None}
        self._exempt: tuple[str, ...] = ()
        if proxy is True:
            for is_secure, name in ((True, "https_proxy"), (False, "http_proxy")):
                self._by_scheme[is_secure] = _from(environ, name)
            exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
            self._exempt = tuple(re.split(r"[,\s]+", exempt.strip().lower()))

    @property
    def use_tls(self) -> bool:
        """Whether a dial may go through a proxy that speaks TLS itself."""
        known = (self._named, *self._by_scheme.values())
        return any(each is not None and each.scheme == "https" for each in known)

    def of(self, backend: Backend) -> Proxy | None:
        """The proxy for a dial to ``backend``; None: it is dialled directly."""
        if self._named is not None:
            return self._named
        proxy = self._by_scheme[backend.is_secure]
        if proxy is None or any(_covers(each, backend) for each in self._exempt):
            return None
        may_be_read = backend.is_secure or backend.allow_plain or proxy.is_loopback
        return proxy if may_be_read else None


class Tunnel:
    """HTTP CONNECT without a socket: send ``request``, then feed ``receive`` until it is open."""

    def __init__(self, proxy: Proxy, backend: Backend, user_agent: str) -> None:
        self._proxy = proxy
        self._data = b""
        self._skipped = 0  # bytes of preliminary answers
        there = f"{_bracketed(backend.host)}:{backend.port}"
        lines = [f"CONNECT {there} HTTP/1.1", f"Host: {there}", f"User-Agent: {user_agent}"]
        if proxy.username is not None:
            pair = b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {pair}")
        #: Secret where the proxy has a user.
        self.request = "\r\n".join([*lines, "", ""]).encode()

    def receive(self, data: bytes | bytearray) -> bool:
        """Whether the tunnel is open now. ``data`` is what came; empty: the proxy closed.

        Raises DialError for an answer that refuses, and for one that makes no sense.
        """
        if not data:
            raise self._proxy.error(ErrorKind.PROXY_FAILED, "it closed without an answer")
        try:
            head, rest = read_answer(self._data + data, self._skipped)
        except NoAnswerError:
            what = "its answer is not HTTP"
            raise self._proxy.error(ErrorKind.PROXY_FAILED, what) from None
        self._skipped += len(self._data) + len(data) - len(rest)
        self._data = rest
        if head is None:
            return False
        if head.status not in _OK:
            raise self._refused(head)
        return True

    def _refused(self, head: Head) -> DialError:
        status = head.status
        other = ErrorKind.PROXY_FORBIDS if status // 100 == 4 else ErrorKind.PROXY_FAILED
        named = f" {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else ""
        return self._proxy.error(_STATUSES.get(status, other), f"HTTP {status}{named}")


def _read(origin: str, url: str) -> Proxy:
    try:
        return Proxy.read(url)
    except ValueError as exc:
        raise ValueError(f"{origin}: {exc}") from None


def _from(environ: Mapping[str, str], name: str) -> Proxy | None:
    """The proxy in the variable ``name``, else in ALL_PROXY."""
    variable = variable_of(environ, name)
    return _read(variable, environ[variable]) if variable else None


def variable_of(environ: Mapping[str, str], name: str) -> str:
    """The variable that names the proxy: of ``https_proxy`` or ``http_proxy``; empty if none does.

    In a CGI program a client sets HTTP_PROXY by its header "Proxy" (httpoxy, CVE-2016-5385).
    """
    for each in _spellings(name):
        if environ.get(each) and not (each == "HTTP_PROXY" and _CGI in environ):
            return each
    return ""


def _spellings(name: str) -> Iterator[str]:
    for each in (name, "all_proxy"):
        yield from (each, each.upper())


def _covers(entry: str, backend: Backend) -> bool:
    """Whether an entry of NO_PROXY covers the backend: a name, an address, a network, or ``*``."""
    if entry == "*":
        return True
    host, port = entry, ""
    if bracketed := re.fullmatch(r"\[(.+)\](?::(\d+))?", entry):
        host, port = bracketed[1], bracketed[2] or ""
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    if port and port != str(backend.port):
        return False
    try:
        address = ipaddress.ip_address(backend.host)
    except ValueError:
        name = host.lstrip("*").strip(".")
        there = backend.host.lower().rstrip(".")
        return bool(name) and (there == name or there.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False


def _fits(text: str) -> bool:
    """Whether SOCKS 5 can carry it as a user or a password (RFC 1929 §2)."""
    return text.isascii() and len(text) <= 255


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
