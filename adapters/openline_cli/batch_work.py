"""The workers' side of ``openline batch``: from the options of the command to sessions.

Workers may run on other machines. So the options travel as they were given, and each worker reads
files and variables of the environment itself: no secret is in ``Setup``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import msgspec

from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline.updates import Ended
from openline_asyncio.network import connector
from openline_batch.files import decode, encode
from openline_batch.ledger import Ledger
from openline_batch.work import Refused, Setting, working
from openline_cli.credentials import find_credentials
from openline_cli.dialects import blamed, find_dialect
from openline_cli.network import NetworkOptions
from openline_cli.outfile import OutFile, sweep
from openline_cli.problems import Problem
from openline_cli.settings import check_buffer
from openline_cli.stream import find_backend, with_headers
from openline_driver.proxies import Proxies
from openline_fleet.descriptors import allowed
from openline_fleet.engines.contract import Perform, Share
from openline_fleet.engines.gate import patient
from openline_speech.formats import FORMATS
from openline_speech.naming import source_name

#: The function of the duty.
FUNCTION: Final = "openline_cli.batch_work:open_work"
_PATHS: Final = ("client_cert", "client_key", "ca_file", "basic")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command that a worker needs; paths are absolute."""

    spool: str
    urls: tuple[str, ...] = ()
    dialect: str | None = None
    option: tuple[str, ...] = ()
    token_file: str | None = None
    plain_ws: bool = False
    network: dict[str, Any] = {}  # msgspec copies it
    policy: Policy | None = None
    sessions: int = 1
    speed: float | None = None
    form: str = "txt"

    def packed(self) -> bytes:
        """What ``open_work`` reads."""
        return encode(self)


def network_of(options: NetworkOptions) -> dict[str, Any]:
    """The options of the network as plain data, paths absolute."""
    given = {name: getattr(options, name) for name in NetworkOptions.__dataclass_fields__}
    paths = {name: str(Path(given[name]).absolute()) for name in _PATHS if given[name] is not None}
    return given | paths | {"header": [_found_anywhere(each) for each in options.header]}


def _found_anywhere(header: str) -> str:
    """A header whose value is in a file, with the whole path of the file."""
    name, at, file = header.partition("=@")
    return f"{name}{at}{Path(file).absolute()}" if at else header


def open_work(setup: bytes, share: Share) -> AbstractAsyncContextManager[Perform]:
    """The work of one worker. Raises Problem for options that do not work here."""
    given = decode(setup, Setup)
    allowed()  # raise the limit of files; a process of this machine has it from its parent
    return working(Ledger(Path(given.spool)), make_setting(given, share), share)


def make_setting(setup: Setup, share: Share) -> Setting:
    """How sessions are made. Raises Problem."""
    spoken = find_dialect(setup.dialect, setup.option) or DEFAULT
    paths = {name: Path(text) for name, text in setup.network.items() if name in _PATHS and text}
    given: dict[str, Any] = setup.network | paths
    network = NetworkOptions(**given)
    url = setup.urls[share.seat % len(setup.urls)] if setup.urls else None
    backend = with_headers(find_backend(url, spoken, plain_ws=setup.plain_ws, label="URL"), network)
    token_file = None if setup.token_file is None else Path(setup.token_file)
    policy = patient(setup.policy or Policy(), share, setup.sessions)
    with blamed(setup.dialect):
        check_buffer(policy, spoken.traits)
    arguments = {
        "backend": backend,
        "policy": policy,
        "credentials": find_credentials(token_file, variable=spoken.traits.key_variable),
    }
    return Setting(
        arguments=arguments,
        connect=connector(network.find_context(), Proxies(network.find_proxy(), os.environ)),
        speak=_speaker(setup),
        source=source_name,
        write=writer(setup.form),
        speed=setup.speed,
    )


def _speaker(setup: Setup) -> Callable[[Mapping[str, str]], Dialect]:
    """Makes the dialect with the options of a recording, which override those of the command."""

    def speak(options: Mapping[str, str]) -> Dialect:
        own = [f"{name}={text}" for name, text in options.items()]
        try:
            return find_dialect(setup.dialect, [*setup.option, *own]) or DEFAULT
        except Problem as problem:
            raise Refused(str(problem).removeprefix("--")) from None

    return speak


def writer(form: str) -> Callable[[Path, Ended], None]:
    """Writes a transcript of a form, such as ``txt``, whole or not at all.

    What killed workers left is removed from each folder, once.
    """
    make = FORMATS[f".{form}"]
    swept: set[Path] = set()

    def write(path: Path, ended: Ended) -> None:
        if path.parent not in swept:
            swept.add(path.parent)
            sweep(path.parent)
        file = OutFile(path)
        try:
            file.put(make(several=False).whole(ended).encode())
        finally:
            file.close()

    return write
