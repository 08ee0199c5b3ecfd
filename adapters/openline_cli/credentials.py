"""Where the token comes from: a file or the environment, never the command line.

Every user of the machine can see arguments with ``ps``. No error repeats the content read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from openline.backend import check_credential
from openline_cli.problems import Problem

VARIABLE: Final = "OPENLINE_TOKEN"
#: More than any header may hold; a wrong file (or an endless device) is not read further.
_MOST_BYTES: Final = 8192


def read_token(file: Path | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The token of ``file``, else of the environment, else None. Raises Problem."""
    if file is not None:
        return _checked(_content(file), f"--token-file {file}")
    token = environment.get(VARIABLE)
    return _checked(token, VARIABLE) if token else None


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Problem(f"--token-file {file}: {why}; name a file that holds the token") from None
    if len(data) > _MOST_BYTES:
        raise Problem(f"--token-file {file}: too long for a token; name a file that holds one")
    text = data.decode("ascii", errors="replace")
    return text.removesuffix("\n").removesuffix("\r")


def _checked(token: str, origin: str) -> str:
    try:
        return check_credential(token)
    except ValueError as error:
        raise Problem(f"{origin}: {error}") from None
