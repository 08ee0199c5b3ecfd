"""``openline stream``: stream recordings or raw PCM to a backend, and write the transcript.

All arguments are checked before anything is dialled: the files, the URL, the token, the path
of the transcript.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.journal.reader import JournalError
from openline.policy import Policy
from openline_audio.source import Source
from openline_cli import writers
from openline_cli.credentials import find_credentials, warn_without_key
from openline_cli.dialects import blamed, find_dialect
from openline_cli.follow import Outcome, follow, give_up, is_gone, opening
from openline_cli.inputs import (
    Reading,
    device_of,
    name_sources,
    open_sources,
    recordings,
    remarks,
)
from openline_cli.network import NetworkOptions
from openline_cli.plain import PlainView, describe_end
from openline_cli.problems import Problem, printable
from openline_cli.screen import (
    drop_out,
    find_screen,
    live_view,
    nowhere,
    write_err,
    write_out,
)
from openline_cli.settings import check_buffer
from openline_cli.view import Both, JsonView, View
from openline_cli.watching import WatchedOptions
from openline_cli.writers import Draft
from openline_store.spool import SpoolError, folder_name, spooled_sessions

if TYPE_CHECKING:
    from rich.console import Console


#: The name of the source where the dialect takes any name.
ANY_SOURCE: Final = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions(WatchedOptions):
    """The options of the command."""

    files: Sequence[str]
    url: str | None = None
    source: str | None = None
    speed: float = 1.0
    rate: int | None = None
    channels: int | None = None
    stream: int | None = None
    begin: float = 0.0
    until: float | None = None
    split: bool = False
    allow_empty: bool = False
    device_policy: str = "hold"
    token_file: Path | None = None
    out: Path | None = None
    json: bool = False
    plain_ws: bool = False
    spool: Path | None = None
    journal: Path | None = None
    dialect: str | None = None
    option: Sequence[str] = ()
    policy: Policy | None = None


def stream(options: StreamOptions) -> int:
    """Stream and return the exit status. Raises Problem."""
    dialect = find_dialect(options.dialect, options.option)
    spoken = dialect or DEFAULT
    backend = with_headers(find_backend(options.url, spoken, plain_ws=options.plain_ws), options)
    proxy, context = options.find_proxy(), options.find_context()
    watch = options.watch()
    if options.out is not None:
        token_files = [] if options.token_file is None else [options.token_file]
        writers.check(options.out, reads=[*recordings(options.files), *token_files])
        if options.journal is not None and options.out.resolve() == options.journal.resolve():
            raise Problem(f"--out {options.out}: the journal goes there; give another name")
    traits = spoken.traits
    credentials = find_credentials(options.token_file, variable=traits.key_variable)
    warn_without_key(backend, credentials, variable=traits.key_variable)
    with blamed(options.dialect):
        check_buffer(options.policy, traits)
    sources = make_sources(options, traits.sources)
    screen = None if options.json and sys.stdout.isatty() else find_screen()
    durations = {name: source.duration for name, source in sources.items()}
    view = make_view(backend, durations, screen, json=options.json)
    several = len(sources) > 1
    draft = None if options.out is None else Draft(options.out, several=several)
    open_one = opening(
        backend,
        sources,
        credentials=credentials,
        spool=options.spool,
        journal=options.journal,
        dialect=dialect,
        policy=options.policy,
        proxy=proxy,
        ssl_context=context,
        observers=watch.observers,
    )
    try:
        with blamed(options.dialect):
            begins_at = dict.fromkeys(sources, options.begin) if options.begin else {}
            follows = partial(follow, open_one, view, draft=draft, begins_at=begins_at)
            outcome = trio.run(watch.around, follows)
    except SpoolError as error:
        raise Problem(f"--spool: {error}") from None
    except JournalError as error:
        raise Problem(f"--journal: {error}") from None
    outcome.endless = all(device_of(file) is not None for file in options.files)
    for remark in remarks(sources):
        write_err(f"openline: {printable(remark)}")
    folder = options.spool and options.spool / folder_name(outcome.session_id)
    return finish(outcome, screen, draft=draft, json=options.json, folder=folder)


def find_backend(
    url: str | None, dialect: Dialect, *, plain_ws: bool, label: str = "--url"
) -> Backend:
    """The backend at ``url``; None: where those of the dialect usually listen. Raises Problem."""
    if url is not None:
        return make_backend(url, plain_ws=plain_ws, label=label)
    try:
        return Backend.of(dialect)
    except ValueError as error:
        raise Problem(f"{label} is missing: {error}") from None


def with_headers(backend: Backend, network: NetworkOptions) -> Backend:
    """The backend with the headers and subprotocols of the options. Raises Problem."""
    network.check_tls(backend)
    return with_subprotocols(replace(backend, headers=network.find_headers()), network)


def with_subprotocols(backend: Backend, network: NetworkOptions) -> Backend:
    """The backend with the subprotocols of the options, if they have any. Raises Problem."""
    given = tuple(network.subprotocol)
    try:
        return replace(backend, subprotocols=given) if given else backend
    except ValueError as error:
        raise Problem(f"--subprotocol: {error}") from None


def make_backend(url: str, *, plain_ws: bool, label: str = "--url") -> Backend:
    """The backend to dial. Raises Problem."""
    try:
        return Backend.from_url(url, allow_plain=plain_ws)
    except ValueError as error:
        wrong = str(error)
    if not plain_ws:
        try:
            far = Backend.from_url(url, allow_plain=True)
        except ValueError:
            pass
        else:
            wrong = (
                f"plain ws:// to {far.host} would send speech and token in the clear; "
                "use wss://, or allow it with --plain-ws"
            )
    raise Problem(f"{label}: {wrong}")


def make_sources(
    options: StreamOptions, known: Sequence[str] = DEFAULT.traits.sources
) -> dict[str, Source]:
    """The sources, opened and checked, by their names in ``known``. Raises Problem."""
    files, first = options.files, options.source
    if not known:  # one source of any name
        device = device_of(files[0]) if files else None
        name = first or (ANY_SOURCE if device is None else device[0])
        return open_sources(files, [name], _reading(options))
    if first is not None and first not in known:
        raise Problem(f"--source {first}: give {' or '.join(known)}")
    return open_sources(files, name_sources(files, known, first), _reading(options))


def _reading(options: StreamOptions) -> Reading:
    return Reading(
        speed=options.speed,
        rate=options.rate,
        channels=options.channels,
        stream=options.stream,
        begin=options.begin,
        until=options.until,
        split=options.split,
        allow_empty=options.allow_empty,
        device_policy=options.device_policy,
    )


def make_view(
    backend: Backend,
    durations: Mapping[str, float | None],
    screen: Console | None,
    *,
    json: bool,
) -> View:
    """The requested output on stdout, and the live view if there is a terminal."""
    live = None if screen is None else live_view(screen, backend, durations)
    if json:
        lines = JsonView(sys.stdout.buffer, write_err if live is None else nowhere)
        return lines if live is None else Both(lines, live)
    if live is None:
        return PlainView(write_out, write_err)
    return live if sys.stdout.isatty() else Both(PlainView(write_out, nowhere), live)


def finish(
    outcome: Outcome,
    screen: Console | None,
    *,
    draft: Draft | None,
    json: bool,
    folder: Path | None = None,
) -> int:
    """Report the end and the file, return the exit status. Raises Problem.

    ``folder`` is the session's spool; if it still exists, the session can be resumed.
    """
    try:
        return _finish(outcome, screen, draft, json=json)
    finally:
        if folder is not None and not outcome.complete and spooled_sessions(folder):
            where = quote(str(folder))
            write_err(
                f"openline: the captured audio is kept; to deliver it: openline resume {where}"
            )


def _finish(outcome: Outcome, screen: Console | None, draft: Draft | None, *, json: bool) -> int:
    ended, gone = outcome.ended, outcome.unread
    if ended is None or (gone is not None and draft is None):
        if draft is not None:
            draft.leave()
        return give_up(outcome)
    if screen is not None and gone is None:
        from openline_cli.summary import print_tables, summarise

        print_tables(summarise(outcome, ended), screen)
    elif not outcome.complete or not json:
        interrupted = outcome.is_interrupted
        end = describe_end(ended, interrupted=interrupted)
        write_err(f"openline: {end}")
    if draft is not None:
        if outcome.unsaved is not None:
            raise outcome.unsaved
        if not ended.transcript and not outcome.complete:
            write_err(f"openline: --out {draft.path}: not written, nothing was transcribed")
        elif not outcome.complete:
            write_err(f"openline: {draft.path} holds an incomplete transcript")
    if gone is not None:
        if not is_gone(gone):
            give_up(outcome)
        drop_out()  # the file has every word, which is what counts
    return outcome.status
