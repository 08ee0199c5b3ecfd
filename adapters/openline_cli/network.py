"""The options of the network: a proxy, certificates, and headers of the user's own.

A secret never stands on the command line, where every user of the machine can see it with
``ps``: a header takes it from a file or a variable, and a proxy's password stands in the
variables of the environment.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openline.backend import Backend
from openline.dialects.headers import basic, checked_headers
from openline_cli.problems import Problem
from openline_driver.network_errors import unusable_key_log
from openline_driver.proxies import Proxies, Proxy

#: Words in names of headers whose values are secret.
_SECRET: Final = ("authorization", "cookie", "key", "token", "secret", "password")
#: The most that is read of a file with a secret.
_MOST_BYTES: Final = 65536
_SEEN: Final = "every user of this machine can see it"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """The options of a command that dials, as they were given."""

    proxy: str | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    ca_file: Path | None = None
    header: Sequence[str] = ()
    basic: Path | None = None
    origin: str | None = None
    subprotocol: Sequence[str] = ()

    def find_proxy(self, environment: Mapping[str, str] = os.environ) -> str | bool:
        """What ``open_session`` takes as ``proxy``. Raises Problem."""
        if self.proxy == "none":
            return False
        try:
            if self.proxy is None:
                Proxies(proxy=True, environ=environment)
                return True
            password = Proxy.read(self.proxy).password
        except ValueError as error:
            origin = "" if self.proxy is None else "--proxy: "
            raise Problem(f"{origin}{error}") from None
        if password:
            raise Problem(
                f"--proxy: it holds a password, and {_SEEN}: set HTTPS_PROXY in its place "
                "(HTTP_PROXY for ws://)"
            )
        return self.proxy

    def find_context(self, environment: Mapping[str, str] = os.environ) -> ssl.SSLContext | None:
        """The TLS settings; None: the usual ones, which can be made. Raises Problem."""
        if self.client_key is not None and self.client_cert is None:
            raise Problem("--client-key: give its certificate as well, with --client-cert")
        asked = (self.client_cert, self.ca_file, environment.get("SSLKEYLOGFILE"))
        if not any(asked):
            return None
        try:
            context = ssl.create_default_context()
        except OSError as error:  # SSLKEYLOGFILE
            raise Problem(str(unusable_key_log(error))) from None
        if self.ca_file is not None:
            _load_authorities(context, self.ca_file)
        if self.client_cert is not None:
            _load_certificate(context, self.client_cert, self.client_key)
        return context if self.client_cert or self.ca_file else None

    def check_tls(self, backend: Backend) -> None:
        """Raise Problem for certificates that a backend without TLS would never see."""
        given = {"--client-cert": self.client_cert, "--ca-file": self.ca_file}
        for option, path in given.items():
            if path is not None and not backend.is_secure:
                raise Problem(
                    f"{option}: the URL is ws://, which has no TLS: give wss://, or leave it out"
                )

    def find_headers(
        self, environment: Mapping[str, str] = os.environ
    ) -> tuple[tuple[str, str], ...]:
        """The headers of each request. Raises Problem."""
        found = [_header(each, environment) for each in self.header]
        if self.basic is not None:
            user, colon, password = _secret("--basic", self.basic).partition(":")
            if not colon:
                raise Problem(f"--basic {self.basic}: it has to hold USER:PASSWORD")
            found.append(basic(user, password))
        if self.origin is not None:
            found.append(_checked("--origin", ("Origin", self.origin)))
        return tuple(found)


def _checked(option: str, header: tuple[str, str]) -> tuple[str, str]:
    """The header, if it can be sent. Raises Problem, which shows no value."""
    try:
        checked_headers([header])
    except ValueError as error:
        what = str(error).removeprefix("headers: ").replace("number 1", "it")
        raise Problem(f"{option}: {what}") from None
    return header


def _header(given: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    option = f"--header {name}"
    if not equals or not name:
        raise Problem("--header: give NAME=VALUE, NAME=@FILE or NAME=env:VARIABLE")
    if value.startswith("@"):
        return _checked(option, (name, _secret(option, Path(value[1:]))))
    if value.startswith("env:"):
        variable = value.removeprefix("env:")
        if not (held := environment.get(variable)):
            raise Problem(f"{option}: the variable {variable} is not set: set it")
        return _checked(option, (name, held))
    if any(word in name.lower() for word in _SECRET):
        raise Problem(
            f"{option}: it holds a secret, and {_SEEN}: give {name}=@FILE or {name}=env:VARIABLE"
        )
    return _checked(option, (name, value))


def _secret(option: str, path: Path) -> str:
    """The only line of a file. Raises Problem, which shows none of it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig").strip()
    except OSError as error:
        raise Problem(f"{option} {path}: {error.strerror}: name a file with the secret") from None
    except ValueError:
        raise Problem(f"{option} {path}: it is not text: name a file with the secret") from None
    if not text or len(data) > _MOST_BYTES or len(text.splitlines()) > 1:
        raise Problem(f"{option} {path}: it has to hold one line, the secret")
    return text


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise Problem(f"--ca-file {path}: it holds no certificate: give one as PEM") from None
    except OSError as error:
        raise Problem(f"--ca-file {path}: {error.strerror}: name a file of PEM") from None


def _load_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise Problem(
                f"--client-key {key or certificate}: it is not the key of the certificate"
            ) from None
        what = (
            "give the certificate and its key as PEM, the key not encrypted: in one file, or the "
            "key as --client-key"
        )
        raise Problem(f"--client-cert {certificate}: it cannot be used: {what}") from None
    except OSError as error:
        wrong = certificate if key is None or not certificate.exists() else key
        option = "--client-cert" if wrong is certificate else "--client-key"
        raise Problem(f"{option} {wrong}: {error.strerror}: name a file of PEM") from None
