"""A journal as a sequence diagram: each message with its sender, receiver and time.

    [journal] = openline.journal.reader.read(file)
    seq = sequence(journal, title="A dropped connection")
    sequence_mermaid(seq), sequence_svg(seq, DARK)

The journal is replayed on this core (``steps``), so a drawing shows the current behaviour
of the machine; a journal that diverges is refused. Each *item* of the diagram stands at its
time, in seconds since the first step:

- a *message* from one participant to another. Everything goes through openline;
- a *turn*: openline enters a state, with its timers, and the reason;
- an *alarm*: one of these timers fires, and has an effect;
- a *note*: where audio is sent again from.

Repetitions are drawn once (see ``collapse``). A session that is still too long to read has
its transcripts folded too.
"""

from __future__ import annotations

from typing import Final

from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal
from openline.journal.replay import dialect_of
from openline_diagrams.sequences.collapse import Book
from openline_diagrams.sequences.model import Item, Message, Sequence, Who
from openline_diagrams.sequences.steps import steps
from openline_diagrams.sequences.words import short

#: Items that a reader still follows; a longer diagram is folded more.
LONG: Final = 80


def sequence(
    journal: Journal, *, title: str = "", about: str = "", dialect: Dialect | None = None
) -> Sequence:
    """The diagram of one session; ``dialect`` None: the one that the journal names.

    ``title`` is a line (the session's id, if there is none), ``about`` a caption of a few
    sentences. Raises as ``replay`` does: DivergedError, JournalError.
    """
    spoken = dialect_of(journal, dialect)
    seen = [*steps(journal, spoken)]
    items: list[Item] = []
    for fold in (False, True):
        book = Book(journal, spoken, fold=fold)
        for each in seen:
            book.take(each)
        items = book.items()
        if len(items) <= LONG:
            break
    ends = {who for item in items if isinstance(item, Message) for who in (item.tail, item.head)}
    who = tuple(each for each in Who if each in ends | {Who.APP, Who.LINE, Who.BACKEND})
    title = title or f"Session {short(journal.opening.session_id)}"
    return Sequence(title, about, who, tuple(items))
