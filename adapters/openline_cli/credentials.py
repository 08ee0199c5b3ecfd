"""Where the token comes from: a file or the environment, never the command line.

Every user of the machine can see arguments with ``ps``. No error repeats the content read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from openline.backend import Backend
from openline.tokens import check_credential
from openline_cli.problems import Problem
from openline_cli.screen import write_err
from openline_store.token_file import TokenFile, TokenFileError

VARIABLE: Final = "OPENLINE_TOKEN"


def find_credentials(
    file: Path | None,
    environment: Mapping[str, str] = os.environ,
    *,
    variable: str = "",
) -> str | TokenFile | None:
    """What a session dials with: ``file``, which may be renewed, else the environment's token.

    ``variable`` is the dialect's own, which comes before OPENLINE_TOKEN. None where none is
    given. Raises Problem if there is no token now.
    """
    if file is None:
        return read_token(None, environment, variable=variable)
    provider = TokenFile(file)
    _first(provider)
    return provider


def warn_without_key(backend: Backend, credentials: object, *, variable: str) -> None:
    """Write a line to a person who dials a service without its key, kept in ``variable``.

    A server on this machine may want none, and a gateway may get it in a header: then no line.
    """
    may_have_one = any(name.lower() != "origin" for name, _ in backend.headers)
    if variable and credentials is None and not (backend.is_loopback or may_have_one):
        write_err(
            f"openline: no key is given, and {backend.host} may want one: set {variable}, or give "
            "--token-file"
        )


def read_token(
    file: Path | None,
    environment: Mapping[str, str] = os.environ,
    *,
    variable: str = "",
) -> str | None:
    """The token of ``file`` now, else of the environment, else None. Raises Problem."""
    if file is not None:
        return _first(TokenFile(file))
    for name in (variable, VARIABLE):
        if token := environment.get(name):
            try:
                return check_credential(token)
            except ValueError as error:
                raise Problem(f"{name}: {error}") from None
    return None


def _first(provider: TokenFile) -> str:
    try:
        return provider.first()
    except TokenFileError as error:
        raise Problem(f"--token-file {error}") from None
