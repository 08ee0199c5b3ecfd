"""``openline resume``: finish the sessions that a crash left in a spool.

A directory may hold several sessions. They are finished one after the other, until Ctrl-C; the
exit status is the worst of theirs. A transcript can be written only for one session.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline.policy import Policy
from openline_cli import writers
from openline_cli.credentials import find_credentials
from openline_cli.dialects import blamed, configured_by, find_dialect
from openline_cli.follow import follow
from openline_cli.network import NetworkOptions
from openline_cli.problems import COMPLETE, INTERRUPTED, Problem
from openline_cli.recorded import shifted
from openline_cli.screen import find_screen, write_err
from openline_cli.settings import check_buffer
from openline_cli.stream import finish, make_backend, make_view, with_headers, with_subprotocols
from openline_cli.watching import WatchedOptions
from openline_cli.writers import Draft
from openline_driver.options import Credentials
from openline_store.records import Began
from openline_store.spool import SpoolError, load, spooled_sessions
from openline_trio.opening import resume_session
from openline_trio.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions(WatchedOptions):
    """The options of the command."""

    directory: Path
    url: str | None = None
    token_file: Path | None = None
    out: Path | None = None
    json: bool = False
    plain_ws: bool = False
    dialect: str | None = None
    option: Sequence[str] = ()
    policy: Policy | None = None


def resume(options: ResumeOptions) -> int:
    """Resume and return the exit status. Raises Problem."""
    try:
        folders = spooled_sessions(options.directory)
    except OSError as error:  # a name too long, a directory without read permission
        raise Problem(f"{options.directory}: {error.strerror}: name a spool") from None
    if not folders:
        raise Problem(f"{options.directory}: {_why_none(options.directory)}")
    if options.out is not None:
        if len(folders) > 1:
            raise Problem(f"--out: {len(folders)} sessions are spooled there; name one's folder")
        writers.check(options.out)
    dialect = find_dialect(options.dialect)
    if dialect is not None:
        with blamed(options.dialect):
            check_buffer(options.policy, dialect.traits)
    kept = None if options.token_file is None else find_credentials(options.token_file)
    url = options.url
    other = None if url is None else make_backend(url, plain_ws=options.plain_ws)
    proxy, context = options.find_proxy(), options.find_context()
    worst = COMPLETE
    for folder in folders:
        try:
            opening = partial(resume_session, folder, proxy=proxy, ssl_context=context)
            worst = max(worst, _resume(folder, options, other, dialect, kept=kept, opening=opening))
        except Problem as problem:  # the other sessions can still be finished
            if len(folders) == 1:
                raise
            write_err(f"openline: {problem}")
            worst = max(worst, problem.status)
        if worst == INTERRUPTED:
            break
    return worst


def _why_none(directory: Path) -> str:
    """The reason why ``directory`` holds no session."""
    if not directory.exists():
        return "there is no such directory: name the directory given to --spool"
    if not directory.is_dir():
        return "is not a directory: name the directory given to --spool"
    return "no unfinished session is spooled there"


def _backend(folder: Path, began: Began, network: NetworkOptions) -> Backend:
    """The session's own backend, with what of it has to be given again. Raises Problem."""
    headers = network.find_headers()
    try:
        backend = began.backend(headers)
    except ValueError as error:
        how = "--url" if began.had_query else "--header"
        raise Problem(f"{folder}: {error} with {how}") from None
    return with_subprotocols(backend, network)


def _dialect(folder: Path, began: Began, given: Dialect | None, options: Sequence[str]) -> Dialect:
    """The session's dialect with its options; ``options`` override them. Raises Problem."""
    try:
        dialect = began.named(given)
    except ValueError as error:
        name = began.dialect if began.dialect in BUILT_IN else "module:NAME"
        raise Problem(f"{folder}: {error} (--dialect {name})") from None
    kept = [f"{name}={text}" for name, text in began.dialect_options.items()]
    return configured_by(dialect, [*kept, *options])


def _resume(
    folder: Path,
    options: ResumeOptions,
    other: Backend | None,
    given: Dialect | None,
    *,
    kept: Credentials,
    opening: Callable[..., AbstractAsyncContextManager[Session]],
) -> int:
    try:
        past = load(folder)
    except SpoolError as error:
        raise Problem(str(error)) from None
    began = past.began
    dialect = _dialect(folder, began, given, options.option)
    credentials = kept or find_credentials(None, variable=dialect.traits.key_variable)
    with blamed(options.dialect):
        check_buffer(options.policy, dialect.traits)
    own = partial(_backend, folder, began, options)
    backend = own() if other is None else with_headers(other, options)
    screen = None if options.json and sys.stdout.isatty() else find_screen()
    view = make_view(backend, dict.fromkeys(began.sources), screen, json=options.json)
    watch = options.watch()
    open_one = partial(
        opening,
        observers=watch.observers,
        backend=backend,
        credentials=credentials,
        dialect=dialect,
        policy=options.policy,
    )
    draft = None
    if options.out is not None:
        said = [shifted(each, began.begins_at) for each in past.transcript]
        draft = Draft(options.out, several=len(began.sources) > 1, past=said)
    try:
        with blamed(options.dialect):
            follows = partial(follow, open_one, view, draft=draft, begins_at=began.begins_at)
            outcome = trio.run(watch.around, follows)
    except SpoolError as error:
        raise Problem(str(error)) from None
    return finish(outcome, screen, draft=draft, json=options.json, folder=folder)
