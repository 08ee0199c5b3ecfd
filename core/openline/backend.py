"""Where and how to dial: a backend's address becomes a URL and headers.

``ws`` is for this machine alone; every other host is dialled with ``wss`` unless the app sets
``allow_plain``. A credential travels in headers; ``CredentialPlace.QUERY`` puts it into the
query, for old servers. A ``Backend`` never holds a credential, so it may be printed and logged;
its ``repr`` leaves out the query and the headers, which may hold a secret. The default address is
that of the default dialect.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from openline.dialects.headers import bearer, checked_headers
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT_ADDRESS

#: RFC 6455 §4.1: a subprotocol's name is a token.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
#: Names of secrets in a query, in small letters without ``-`` and ``_``. The names of a
#: signature are missing: it is made for one use and can only travel in the query.
_SECRETS = frozenset(
    {
        *("token", "accesstoken", "authtoken", "auth", "authorization", "jwt", "bearer"),
        *("apikey", "xapikey", "key", "accesskey", "secretkey", "secret", "clientsecret"),
        *("password", "passwd", "pwd", "credential", "credentials"),
    }
)
#: The port of each scheme where a URL names none.
_PORTS = {"ws": 80, "wss": 443}
#: The parameter of ``CredentialPlace.QUERY``.
QUERY_PARAMETER = "token"
_BASIC = "Basic authentication is headers=[basic(user, password)], or --basic FILE"
_INSTEAD = "give it as credentials=, or to the command by --token-file or OPENLINE_TOKEN"


class CredentialPlace(StrEnum):
    """Where the credential travels."""

    HEADERS = "headers"
    QUERY = "query"  #: old servers only: URLs end up in logs


class RedirectRefusedError(ValueError):
    """A redirect that must not be followed; the text is the reason in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """One backend to dial; by default the default dialect's on this machine.

    ``secure`` None means wss except for this machine. ``allow_plain`` permits ws to another
    host. A redirect is followed within the same origin (TLS, host and port) and to the origins
    in ``redirects_to``, such as ``"wss://eu.example.org"``; the audio goes there, the credential
    does not. ``headers``, pairs of names and values, are added to each request to this origin, such
    as an ``Origin`` or what a gateway in front of the backend wants. They may hold secrets, so
    no journal has them, and a spool the ``Origin`` alone. ``subprotocols`` are offered beside the
    dialect's own. Raises ValueError, one line, for an address that cannot be dialled, and TypeError
    for a field of the wrong type.
    """

    host: str = field(default=DEFAULT_ADDRESS.host, kw_only=False)
    port: int = DEFAULT_ADDRESS.port
    path: str = DEFAULT_ADDRESS.path
    query: str = field(default="", repr=False)
    secure: bool | None = None
    allow_plain: bool = False
    credential_place: CredentialPlace = CredentialPlace.HEADERS
    redirects_to: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    subprotocols: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", checked_headers(self.headers))
        object.__setattr__(self, "subprotocols", _checked_subprotocols(self.subprotocols))
        _check_kinds(self.host, self.port, self.path, self.query)
        for each in self.redirects_to:
            _origin(each)
        if "://" in self.host:  # not shown: a URL may hold a secret
            raise ValueError("backend host: this is a URL: read it with Backend.from_url(url)")
        if not (_NAME.fullmatch(self.host) or _is_ipv6(self.host)):
            raise ValueError(f"backend host {self.host!r}: give a host name or an IP address")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"backend port {self.port}: give a number from 1 to 65535")
        for name in ("path", "query"):
            value = getattr(self, name)
            if not value.isascii() or any(c <= " " or c in "#\x7f" for c in value):
                # Not shown: the value may hold a secret.
                raise ValueError(f"backend {name}: percent-encode it (ASCII, no blanks, no #)")
        if not self.path.startswith("/"):
            raise ValueError("backend path: it must begin with /")
        if "?" in self.path:
            raise ValueError("backend path: it holds a ?, give what follows as the query")
        if self.secure is False and not (self.is_loopback or self.allow_plain):
            raise ValueError(
                f"plain ws:// to {self.host} would send speech and token in the clear: "
                "use wss://, or ask for plain text with allow_plain=True"
            )

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        allow_plain: bool = False,
        credential_place: CredentialPlace = CredentialPlace.HEADERS,
        redirects_to: tuple[str, ...] = (),
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        subprotocols: tuple[str, ...] = (),
    ) -> Backend:
        """Read ``ws://`` or ``wss://`` host, port, path and query from ``url``.

        Raises ValueError, one line, that never repeats a credential found in it, and TypeError
        for what is no text.
        """
        if not isinstance(cast("object", url), str):
            raise TypeError(f"the URL: give text, ws://HOST:PORT/PATH, not {type(url).__name__}")
        backend = cls._read(url, allow_plain, credential_place, _SECRETS)
        return replace(
            backend,
            redirects_to=redirects_to,
            headers=checked_headers(headers),
            subprotocols=subprotocols,
        )

    @classmethod
    def _read(
        cls,
        url: str,
        allow_plain: bool,  # noqa: FBT001  # from_url's own
        credential_place: CredentialPlace,
        secrets: AbstractSet[str],
    ) -> Backend:
        """``from_url``, with the names that a query may not have."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("the URL has a bad host or port: give ws://HOST:PORT/PATH") from None
        if parts.scheme not in {"ws", "wss"}:
            # Shown only if it is a scheme: in "USER:PASSWORD@HOST" it would be the user.
            shown = repr(parts.scheme) if "://" in url else "missing"
            raise ValueError(f"the URL's scheme is {shown}: give ws:// or wss://")
        if parts.username is not None:  # it is "" where there is only a password
            raise ValueError(f"the URL holds a user or password, not a token: {_INSTEAD}; {_BASIC}")
        for name, _ in parse_qsl(parts.query, keep_blank_values=True):
            if name.lower().replace("-", "").replace("_", "") in secrets:
                raise ValueError(f"the URL's query holds a secret, {name.lower()}: {_INSTEAD}")
        if parts.fragment:
            raise ValueError("the URL has a #fragment: WebSocket URLs have none (RFC 6455 §3)")
        secure = parts.scheme == "wss"
        return cls(
            host=parts.hostname or "",
            port=port if port is not None else _PORTS[parts.scheme],
            path=parts.path or "/",
            query=parts.query,
            secure=secure,
            allow_plain=allow_plain,
            credential_place=credential_place,
        )

    @classmethod
    def of(cls, dialect: Dialect) -> Backend:
        """Where backends of ``dialect`` usually listen. Raises ValueError if there is no such."""
        address = dialect.traits.address
        if address is None:
            raise ValueError(f"the dialect {dialect.name} has no usual address: give a URL")
        secure = True if address.secure else None
        return cls(host=address.host, port=address.port, path=address.path, secure=secure)

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_secure(self) -> bool:
        """Whether the dial uses TLS."""
        return self.secure if self.secure is not None else not self.is_loopback

    @property
    def origin(self) -> tuple[bool, str, int]:
        """TLS, host and port: a credential follows a redirect only if these stay the same."""
        return (self.is_secure, self.host.lower(), self.port)

    @property
    def address(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, without any credential."""
        scheme = "wss" if self.is_secure else "ws"
        query = f"?{self.query}" if self.query else ""
        return f"{scheme}://{self.address}{self.path}{query}"

    def target(
        self, credential: str | None, query: Sequence[tuple[str, str]] = (), parameter: str = ""
    ) -> str:
        """The request target (path and query) to ask for. Secret if the credential is in it.

        ``query``: the dialect's parameters; those that the backend's own query has stay out.
        ``parameter``: the one in which the dialect's credential travels, ``token`` if the place
        is QUERY and the dialect names none.
        """
        asked = self._with(query)
        is_in_query = self.credential_place is CredentialPlace.QUERY
        name = parameter or QUERY_PARAMETER * is_in_query
        if credential is not None and name:
            token = f"{name}=" + quote(credential, safe="")
            asked = f"{asked}&{token}" if asked else token
        return f"{self.path}?{asked}" if asked else self.path

    def _with(self, more: Sequence[tuple[str, str]]) -> str:
        """The query, with the parameters of ``more`` whose names it does not have."""
        known = {name for name, _ in parse_qsl(self.query, keep_blank_values=True)}
        added = urlencode([each for each in more if each[0] not in known], quote_via=quote)
        return "&".join(part for part in (self.query, added) if part)

    def credential_headers(self, credential: str | None) -> list[tuple[str, str]]:
        """The usual header for a credential, where it travels in headers. Secret.

        A dialect may choose others: ``openline.dialects.headers.credential_headers``.
        """
        if credential is None or self.credential_place is not CredentialPlace.HEADERS:
            return []
        return bearer(credential)

    def leads_elsewhere(self, location: str) -> bool:
        """Whether a redirect leads to an origin that the app did not allow, as a portal's does.

        On the same host from wss to ws it does not: ``redirected`` refuses that.
        """
        try:
            scheme, rest = self._joined(location)
            parts = urlsplit(f"{scheme}://{rest}")
            port = parts.port if parts.port is not None else _PORTS[scheme]
        except (ValueError, KeyError):
            return False
        origin, host = (scheme == "wss", parts.hostname or "", port), self.host.lower()
        is_downgrade = self.is_secure and scheme == "ws" and parts.hostname == host
        return not is_downgrade and origin not in {self.origin, *map(_origin, self.redirects_to)}

    def redirected(self, location: str) -> Backend:
        """Where a redirect leads. Raises RedirectRefusedError if it must not be followed.

        It looks at no origin but for wss: ask ``leads_elsewhere`` first.
        """
        if not location.strip():
            raise RedirectRefusedError("the redirect names no location")
        try:
            scheme, rest = self._joined(location)
        except ValueError:
            raise RedirectRefusedError("the redirect's location is not a URL") from None
        if self.is_secure and scheme == "ws":
            raise RedirectRefusedError("the redirect leads from wss to plain ws")
        try:
            # A server may put any name into its own query except ``token``.
            there = Backend._read(
                f"{scheme}://{rest.partition('#')[0]}",
                self.allow_plain,
                self.credential_place,
                {"token"},
            )
        except ValueError as exc:
            raise RedirectRefusedError(f"the redirect cannot be followed: {exc}") from None
        # From another origin it may lead back here.
        here = f"{'ws' + 's' * self.is_secure}://{self.address}"
        back = () if there.origin == self.origin else (here,)
        return replace(
            there,
            redirects_to=(*self.redirects_to, *back),
            headers=() if back else self.headers,
            subprotocols=self.subprotocols,
        )

    def _joined(self, location: str) -> tuple[str, str]:
        """The scheme of where a redirect leads, and what follows it. Raises ValueError."""
        scheme, _, rest = urljoin(self.url, location.strip()).partition("://")
        return {"http": "ws", "https": "wss"}.get(scheme.lower(), scheme.lower()), rest


def _check_kinds(host: object, port: object, path: object, query: object) -> None:
    for name, value in (("host", host), ("path", path), ("query", query)):
        if not isinstance(value, str):
            raise TypeError(f"backend {name}: give text, not {type(value).__name__}")
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"backend port: give a whole number, not {type(port).__name__}")


def _checked_subprotocols(given: object) -> tuple[str, ...]:
    """Raises TypeError and ValueError, one line, for what the handshake cannot offer."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError("backend subprotocols: give a tuple of names")
    names: tuple[Any, ...] = tuple(cast("Any", given))
    if not all(isinstance(each, str) and _TOKEN.fullmatch(each) for each in names):
        raise ValueError("backend subprotocols: a name has letters, digits and !#$%&'*+-.^_`|~")
    if len({*names}) < len(names):  # RFC 6455 §4.1: a server may refuse them
        raise ValueError("backend subprotocols: give each name once")
    return names


def _origin(text: str) -> tuple[bool, str, int]:
    """The origin that an app allows by name. Raises ValueError, one line, if it is none."""
    try:
        there = Backend.from_url(text, allow_plain=True)
    except ValueError as exc:
        raise ValueError(f"backend redirects_to: {exc}") from None
    if there.path != "/" or there.query:
        raise ValueError("backend redirects_to: give an origin, wss://HOST:PORT, without a path")
    return there.origin


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return "%" not in host
