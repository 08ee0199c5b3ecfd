"""One session for a document: drawn from its journal, as a sequence diagram.

The journal is read and replayed at each request, so the drawing shows the current
behaviour of the machine. A journal that diverges from it is not shown at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

from openline.dialects.registry import BUILT_IN
from openline.journal.reader import JournalError, choose, read
from openline.journal.replay import DivergedError
from openline_diagrams import Sequence, sequence, sequence_mermaid, sequence_svg, sequence_table
from openline_diagrams.embedded import EmbedError, Picture, find_contract
from openline_lookup.dialects import error_line

#: The forms of a session besides a picture.
SESSION_TEXTS: Final[Mapping[str, Callable[[Sequence], str]]] = MappingProxyType(
    {"mermaid": sequence_mermaid, "md": sequence_table}
)


def session(
    folder: Path,
    file: str,
    *,
    title: str = "",
    dialect: str | None = None,
    number: int | None = None,
) -> Sequence:
    """The session whose journal is ``file``, seen from ``folder``.

    ``number`` is which of several in the file, from 1 on. ``title`` "": its id.
    ``dialect`` None: the one that the journal names; else its name, as
    for ``find_contract``. Raises EmbedError.
    """
    try:
        return _played((folder / file).read_bytes(), title, dialect, number)
    except EmbedError:  # of the dialect's name
        raise
    except OSError as error:
        why = f"{(error.strerror or 'not read').lower()}: name a journal"
    except JournalError as error:
        why = error_line(error)
    except DivergedError as error:
        why = f"{str(error).splitlines()[0]}; see openline replay"
    except Exception as error:  # noqa: BLE001  # a user's dialect may raise whatever it likes
        why = f"it cannot be drawn: {type(error).__name__}: {error_line(error)}"
    raise EmbedError(f"{file}: {why}")


def session_picture(
    folder: Path,
    file: str,
    *,
    title: str = "",
    dialect: str | None = None,
    number: int | None = None,
) -> Picture:
    """The same as a picture. There is no PNG of it. Raises EmbedError."""
    seq = session(folder, file, title=title, dialect=dialect, number=number)
    return Picture(
        name="session",
        title=seq.title,
        source=lambda palette: sequence_svg(seq, palette),
        svg=lambda palette: sequence_svg(seq, palette),
        png=None,
        words=lambda: sequence_table(seq),
    )


@lru_cache(maxsize=4)  # called when a page is read, compared and written
def _played(data: bytes, title: str, dialect: str | None, number: int | None) -> Sequence:
    spoken = None if dialect is None else find_contract(dialect).dialect
    journal = choose(read(BytesIO(data)), number, by=":session:")
    named = journal.opening.dialect
    if spoken is None and named not in BUILT_IN:
        raise JournalError(f"its dialect, {named}, is not built in: give module:NAME")
    return sequence(journal, title=title, dialect=spoken)
