"""``openline wyoming``: speech recognition for Home Assistant, from any backend.

Once it listens, it prints its address on stdout. A line on stderr tells of each utterance that
ended without a transcript. Ctrl-C and SIGTERM end it: this is its only way to end, so the status
is 0. The first lets utterances end for ``--patience``; a second ends it at once.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline.text import os_reason
from openline_asyncio.opening import open_session
from openline_asyncio.session import Session
from openline_audio.source import Source
from openline_cli.credentials import find_credentials, warn_without_key
from openline_cli.dialects import find_dialect
from openline_cli.network import NetworkOptions
from openline_cli.problems import COMPLETE, Problem, printable
from openline_cli.screen import write_err
from openline_cli.serve import announce
from openline_cli.settings import check_buffer
from openline_cli.signals import Requests, stop_signals
from openline_cli.stream import find_backend, with_headers
from openline_speech.naming import source_name
from openline_wyoming.offer import Offer
from openline_wyoming.server import Service, serve

_URI = "give tcp://HOST:PORT, as in tcp://0.0.0.0:10300"


@dataclass(frozen=True, slots=True, kw_only=True)
class WyomingOptions(NetworkOptions):
    """The options of the command."""

    url: str | None = None
    uri: str
    language: Sequence[str] = ()
    patience: float
    zeroconf: str | None = None
    token_file: Path | None = None
    plain_ws: bool = False
    dialect: str | None = None
    option: Sequence[str] = ()
    policy: Policy | None = None


def wyoming(options: WyomingOptions) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP. Raises Problem."""
    spoken = find_dialect(options.dialect, options.option) or DEFAULT
    found = find_backend(options.url, spoken, plain_ws=options.plain_ws, label="URL")
    backend = with_headers(found, options)
    proxy, context = options.find_proxy(), options.find_context()
    host, port = _address(options.uri)
    traits = spoken.traits
    credentials = find_credentials(options.token_file, variable=traits.key_variable)
    warn_without_key(backend, credentials, variable=traits.key_variable)
    check_buffer(options.policy, traits)
    name = source_name(spoken)
    around = _announcement(options)

    def open_one(dialect: Dialect, source: Source) -> AbstractAsyncContextManager[Session]:
        return open_session(
            backend,
            {name: source},
            dialect=dialect,
            credentials=credentials,
            policy=options.policy,
            proxy=proxy,
            ssl_context=context,
        )

    def note(line: str) -> None:
        write_err(f"openline: {printable(line)}")

    def ready(host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        announce(f"listening on tcp://{shown}:{port}, for {backend.address}{backend.path}")

    offer = Offer(dialect=spoken, languages=tuple(options.language))
    service = Service(
        offer=offer,
        open_one=open_one,
        patience=options.patience,
        silence=(options.policy or Policy()).source_timeout,
        note=note,
    )

    async def main() -> None:
        this = asyncio.current_task()
        assert this is not None  # noqa: S101  # asyncio.run made it
        loop, stop, requests = asyncio.get_running_loop(), asyncio.Event(), Requests()

        def interrupt(number: int) -> None:
            if not requests.is_new(number, loop.time()):
                return
            if stop.is_set():
                this.cancel()
            stop.set()

        for number in stop_signals():
            loop.add_signal_handler(number, interrupt, number)
        with suppress(asyncio.CancelledError):
            await serve(host, port, service, ready=ready, around=around, stop=stop)

    try:
        asyncio.run(main())
    except OSError as error:
        reason = os_reason(error)
        if not isinstance(error, socket.gaierror):  # asyncio's text has the address in it
            # Python 3.13 gives no number where no address is one of this machine.
            reason = os.strerror(error.errno or errno.EADDRNOTAVAIL).lower()
        advice = "give another port" if error.errno == errno.EADDRINUSE else _URI
        raise Problem(f"--uri {options.uri}: cannot listen there: {reason}; {advice}") from None
    return COMPLETE


def _announcement(
    options: WyomingOptions,
) -> Callable[[str, int], AbstractAsyncContextManager[object]]:
    """The block in which the server is announced, if that is wanted. Raises Problem."""
    name = options.zeroconf
    if name is None:
        return lambda _host, _port: nullcontext()
    if Backend(_address(options.uri)[0]).is_loopback:
        raise Problem(
            f"--zeroconf: only this machine reaches {options.uri}: give --uri tcp://0.0.0.0:10300"
        )
    try:
        from openline_wyoming.announcing import (  # needs a package more
            AnnounceError,
            announced,
            check_name,
        )
    except ModuleNotFoundError as error:
        raise Problem(
            f'--zeroconf needs the package {error.name}: pip install "openline[wyoming]"'
        ) from None
    try:
        check_name(name)
    except ValueError as error:
        raise Problem(f"--zeroconf {name}: {error}") from None

    @asynccontextmanager
    async def around(host: str, port: int) -> AsyncGenerator[None]:
        try:
            async with announced(host, port, name):
                yield
        except AnnounceError as error:
            raise Problem(f"--zeroconf: {error}") from None

    return around


def _address(uri: str) -> tuple[str, int]:
    """Host and port. Raises Problem."""
    try:
        parts = urlsplit(uri)
        if parts.username is not None or parts.password is not None:
            raise Problem("--uri: Wyoming has no passwords: give tcp://HOST:PORT")
        if parts.scheme == "tcp" and parts.hostname and parts.port is not None:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise Problem(f"--uri {uri}: {_URI}")
