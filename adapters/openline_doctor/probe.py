"""From a backend's address to an open session, one step at a time, and what each step showed.

It goes the way of a session's dial, by the same parts (``openline_network``), but step by step: so
each is timed, bounded by ``Probe.timeout``, and every address is tried, not only the first that
answers. Nothing raises: a step that fails ends the probe, and the facts have it. The conversation
behind the upgrade is ``talk``.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline_asyncio.network import WAITS
from openline_doctor.certificates import blind, described, trusting
from openline_doctor.facts import Facts, Failure, ProxySeen, Step, TlsSeen, Try
from openline_doctor.talk import Call, Talk
from openline_driver.addresses import Addresses, in_turns
from openline_driver.credentials import CredentialStore
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxies, Proxy, variable_of
from openline_network.proxied import through
from openline_network.tcp import open_first
from openline_network.tls import start_tls
from openline_network.waits import Address, Connected

#: Redirects that are followed; a session follows as many (``Policy.max_redirects``).
_MOST_REDIRECTS: Final = Policy().max_redirects
#: Seconds for a second look behind a step that failed: what is there answers at once.
_SECOND_LOOK: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What to probe, and with what. ``timeout``: the longest that a step may take, in seconds.

    ``context`` None: the usual settings of TLS. ``proxy`` is that of ``open_session``. ``shows``:
    ``context`` has a certificate of this machine.
    """

    backend: Backend
    dialect: Dialect
    store: CredentialStore = field(repr=False)
    proxy: str | bool
    environ: Mapping[str, str] = field(repr=False)
    timeout: float
    context: ssl.SSLContext | None = None
    shows: bool = False

    async def run(self) -> Facts:
        """Go as far as it goes. Raises ValueError, one line, for a proxy that cannot be read."""
        backend, led = self.backend, list[str]()
        while True:
            way = _Way(self, backend)
            there = await way.run()
            facts = msgspec.structs.replace(way.facts(), redirects=tuple(led))
            if there is None:
                return facts
            if len(led) == _MOST_REDIRECTS:
                endless = Failure(step=Step.UPGRADE, took=0.0)
                why = f"{len(led)} redirects before it led nowhere"
                return msgspec.structs.replace(facts, failure=endless, why_not=why)
            backend = there
            led.append(there.url.partition("?")[0])


class _EndedError(Exception):
    """A step has failed, which is noted: the probe is over."""


class _Way:
    """One way from here to one address."""

    def __init__(self, probe: Probe, backend: Backend) -> None:
        self._probe = probe
        self._backend = backend
        self._proxy = Proxies(probe.proxy, probe.environ).of(backend)
        self._seen: dict[str, Any] = {}
        self._found: list[Address] = []  # of the host that is dialled

    def facts(self) -> Facts:
        """What was seen."""
        probe, backend = self._probe, self._backend
        return Facts(
            host=backend.host,
            port=backend.port,
            path=backend.path,
            secure=backend.is_secure,
            timeout=probe.timeout,
            dialect=probe.dialect.name,
            rulings=probe.dialect.traits.rulings,
            usual_path=_usual_path(probe.dialect),
            has_credential=probe.store.current is not None,
            key_variable=probe.dialect.traits.key_variable,
            **self._seen,
        )

    async def run(self) -> Backend | None:
        """Go; where a redirect leads that may be followed."""
        try:
            proxy = self._proxy
            if proxy is not None:
                self._note_proxy(proxy)
            host, port = self._hop
            self._found = await self._look_up(host, port)
            sock: Connected = await self._connect()
            try:
                if proxy is not None:
                    sock = await self._tunnel(proxy, sock)
                if self._backend.is_secure:
                    sock = await self._encrypt(sock)
                return await self._talk(sock)
            finally:
                sock.close()
        except _EndedError:
            return None

    @property
    def _hop(self) -> tuple[str, int]:
        """The host that this machine dials: the backend, or the proxy before it."""
        proxy = self._proxy
        return self._backend.origin[1:] if proxy is None else (proxy.host, proxy.port)

    def _note_proxy(self, proxy: Proxy) -> None:
        name = "https_proxy" if self._backend.is_secure else "http_proxy"
        is_option = isinstance(self._probe.proxy, str)
        self._seen["proxy"] = ProxySeen(
            address=proxy.address,
            scheme=proxy.scheme,
            named_by="--proxy" if is_option else variable_of(self._probe.environ, name),
            looks_up=proxy.looks_up,
            has_user=proxy.username is not None,
        )

    @asynccontextmanager
    async def _step(self, step: Step, took: str = "") -> AsyncGenerator[None]:
        """A step of at most ``timeout``; its failure is noted, and ends the probe."""
        began, error, detail = time.monotonic(), None, ""
        try:
            async with asyncio.timeout(self._probe.timeout):
                yield
        except TimeoutError as exc:
            if exc.errno is not None:  # of the operating system, and not ours
                error, detail = name_os_error(exc)
        except DialError as exc:
            error, detail = exc.kind, exc.detail
        except (OSError, ExceptionGroup) as exc:
            error, detail = name_os_error(exc)
        except UnicodeError:  # the IDNA codec: an empty label, or one that is too long
            error, detail = ErrorKind.DNS_NOT_FOUND, "no host can have this name"
        else:
            if took:
                self._seen[took] = time.monotonic() - began
            return
        self._fail(step, time.monotonic() - began, error, detail)

    def _fail(
        self, step: Step, took: float, error: ErrorKind | None, detail: str, **more: Any
    ) -> None:
        self._seen["failure"] = Failure(step=step, took=took, error=error, detail=detail, **more)
        raise _EndedError

    async def _look_up(self, host: str, port: int) -> list[Address]:
        found: list[Address] = []
        try:
            socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
            self._seen["is_number"] = True
        except (socket.gaierror, UnicodeError):
            pass
        async with self._step(Step.NAME, "name_took"):
            found = in_turns(await WAITS.look_up(host, port))
        self._seen["looked_up"] = tuple(str(each[1][0]) for each in found)
        return found

    async def _connect(self) -> socket.socket:
        """A socket to the first address that answers, once all were tried."""
        results = await asyncio.gather(*map(self._try, self._found))
        self._seen["tries"] = tuple(tried for tried, _ in results)
        opened = [(each, tried) for tried, each in results if each is not None]
        if not opened:
            errors = [tried for tried, _ in results]
            # A refusal explains most: there is a host that answered.
            first = min(errors, key=lambda each: each.error is not ErrorKind.REFUSED)
            silent = first.error is ErrorKind.TIMED_OUT and not first.detail
            error = None if silent else first.error
            self._fail(Step.ADDRESSES, first.took, error, first.detail)
        for late, _ in opened[1:]:
            late.close()
        return opened[0][0]

    async def _try(self, address: Address) -> tuple[Try, socket.socket | None]:
        began = time.monotonic()
        opened, error, detail = None, None, ""
        try:
            async with asyncio.timeout(self._probe.timeout):
                opened = await open_first(WAITS, [address], Addresses())
        except TimeoutError as exc:
            error = ErrorKind.TIMED_OUT
            detail = "" if exc.errno is None else name_os_error(exc)[1]
        except OSError as exc:
            error, detail = name_os_error(exc)
        took = time.monotonic() - began
        return Try(address=str(address[1][0]), took=took, error=error, detail=detail), opened

    async def _tunnel(self, proxy: Proxy, sock: Connected) -> Connected:
        """``sock`` once the proxy has joined it to the backend."""

        async def ready(*_: object) -> Any:
            return sock

        async with self._step(Step.PROXY, "proxy_took"):
            return await through(WAITS, proxy, self._backend, ready, self._usual)
        raise AssertionError  # pragma: no cover  # a step that fails raises

    def _usual(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _settings(self) -> ssl.SSLContext:
        return self._probe.context or self._usual()

    async def _encrypt(self, sock: Connected) -> Connected:
        try:
            async with self._step(Step.TLS, "tls_took"):
                sock = await start_tls(WAITS, sock, self._settings, self._backend.host)
        except _EndedError:
            failure: Failure = self._seen["failure"]
            untrusted = {ErrorKind.TLS_CERTIFICATE, ErrorKind.TLS_DATES, ErrorKind.TLS_HOSTNAME}
            certificate = await self._read_refused() if failure.error in untrusted else None
            self._seen["tls"] = TlsSeen(certificate=certificate, shown=self._probe.shows)
            raise
        tls: Any = sock
        found = tls.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
        self._seen["tls"] = TlsSeen(
            version=str(tls.version() or "") if hasattr(tls, "version") else "",
            cipher=str((tls.cipher() or ("",))[0]),
            certificate=described(found) if found else None,
            shown=self._probe.shows,
        )
        return sock

    async def _read_refused(self) -> Any:
        """The certificate that was refused; None where it cannot be had."""
        der = await self._peek(blind, lambda tls: tls.getpeercert(binary_form=True))
        if not der:
            return None
        found = await self._peek(lambda: trusting(der), lambda tls: tls.getpeercert())
        return described(found) if found else None

    async def _peek(
        self, settings: Callable[[], ssl.SSLContext], look: Callable[[Any], Any]
    ) -> Any:
        """What ``look`` sees of another TLS connection, over which nothing is sent."""
        try:
            async with asyncio.timeout(min(_SECOND_LOOK, self._probe.timeout)):
                sock = await self._plain()
                tls = await start_tls(WAITS, sock, settings, self._backend.host)
                try:
                    return look(tls) if isinstance(tls, ssl.SSLSocket) else None
                finally:
                    tls.close()
        except (OSError, DialError, ExceptionGroup):
            return None

    async def _talk(self, sock: Connected) -> Backend | None:
        talk = Talk(self._call(self._backend), sock)
        there = await talk.run()
        self._seen |= talk.seen
        failure = talk.failure
        if failure is None:
            return there
        mute = failure.step is Step.UPGRADE and "status" not in self._seen
        if mute and not self._backend.is_secure:
            answers = await self._peek(blind, lambda tls: tls.version())
            failure = msgspec.structs.replace(failure, speaks_tls=bool(answers))
        if failure.step is Step.UPGRADE and "status" in self._seen:
            self._seen["opens_at"] = await self._other_path()
        self._seen["failure"] = failure
        return there

    async def _other_path(self) -> str:
        """The usual path of the dialect, if the upgrade works there; else empty."""
        path = _usual_path(self._probe.dialect)
        if not path or path == self._backend.path:
            return ""
        there = replace(self._backend, path=path)
        sock: Connected | None = None
        try:
            async with asyncio.timeout(min(_SECOND_LOOK, self._probe.timeout)):
                sock = await self._plain()
                if there.is_secure:
                    sock = await start_tls(WAITS, sock, self._settings, there.host)
            talk = Talk(self._call(there), sock)
            return path if await talk.opens() else ""
        except (OSError, DialError, ExceptionGroup):
            return ""
        finally:
            if sock is not None:
                sock.close()

    async def _plain(self) -> Connected:
        """Another connection, as yet without the backend's TLS."""
        sock = await open_first(WAITS, self._found, Addresses())
        if self._proxy is None:
            return sock

        async def ready(*_: object) -> Any:
            return sock

        return await through(WAITS, self._proxy, self._backend, ready, self._usual)

    def _call(self, there: Backend) -> Call:
        probe = self._probe
        return Call(
            backend=there,
            dialect=probe.dialect,
            store=probe.store,
            timeout=probe.timeout,
            with_credential=there.origin == probe.backend.origin,
        )


def _usual_path(dialect: Dialect) -> str:
    """The path at which backends of a dialect usually listen; empty: there is no usual one."""
    address = dialect.traits.address
    return "" if address is None else address.path
