"""How the ideal backend speaks: the one thing about it that depends on a dialect.

The backend decides what it says and when; a ``Speech`` puts it on the wire and reads the
audio that came. It is stateless, and one of them serves all connections. ``EchoSpeech``
speaks the default dialect. Write one for a dialect of your own, and the theorem is about it.

What the dialect must be able to say, for the theorem to hold at all: where words lie, in
seconds that survive to the sample (1/16000 s), counted from the connection's first sample.
A dialect that has no figures of dropped audio is served by a backend that drops none.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec.structs import replace

from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Dialect, Ids
from openline_testing.theorem.schedule import NAMES

#: A message, as the dialect's ``decode`` takes it.
Said: TypeAlias = str | bytes


class Words(NamedTuple):
    """What the backend heard in ``source`` from ``start`` to ``end``, in its own seconds."""

    text: str
    source: str
    start: float
    end: float
    final: bool


class Speech(Protocol):
    """A backend's side of one dialect. ``ids`` are those of the connection."""

    @property
    def dialect(self) -> Dialect:
        """What the session speaks. With a horizon of a few seconds more is proved in a play."""
        ...

    def audio(self, data: Said) -> tuple[str, bytes]:
        """The source and the samples of a message that the dialect's ``audio`` made."""
        ...

    def ack(self, ids: Ids) -> Said:
        """The start was understood: audio may come."""
        ...

    def words(self, ids: Ids, words: Words) -> Said:
        """A final, or a partial, which the next words of its source replace."""
        ...

    def figures(self, ids: Ids, source: str, backlog: float, dropped: int) -> Said | None:
        """``backlog`` seconds of ``source`` are queued, ``dropped`` frames of all sources went.

        None: the dialect has no way to say so.
        """
        ...

    def full(self, ids: Ids) -> Said | None:
        """The start is refused: try later. None: the backend can only close."""
        ...

    def summary(self, ids: Ids) -> Said:
        """The final message."""
        ...


class FastEcho(EchoPanel):
    """The default dialect with a backend that transcribes or discards within a second."""

    traits = replace(TRAITS, horizon=1.0)


_BRISK: Final = FastEcho()


class EchoSpeech:
    """The default dialect."""

    @property
    def dialect(self) -> Dialect:
        """With a horizon of one second."""
        return _BRISK

    def audio(self, data: Said) -> tuple[str, bytes]:
        """The fourth byte names the source."""
        if isinstance(data, str):
            raise TypeError(f"audio came as text: {data[:60]}")
        return NAMES[data[3]], data[4:]

    def _says(self, ids: Ids, kind: str, fields: str = "") -> str:
        return (
            f'{{"type":"{kind}","connection_id":"{ids.connection_id}",'
            f'"attempt_id":"{ids.attempt_id}"{fields}}}'
        )

    def ack(self, ids: Ids) -> Said:
        """A status."""
        return self._says(ids, "status", ',"state":"streaming"')

    def words(self, ids: Ids, words: Words) -> Said:
        """Times are written so that they read back as they were."""
        text, source, start, end, final = words
        where = f',"text":"{text}","source":"{source}","t0":{start!r},"t1":{end!r}'
        return self._says(ids, "asr_final" if final else "asr_partial", where)

    def figures(self, ids: Ids, source: str, backlog: float, dropped: int) -> Said | None:
        """The drops are counted over both sources."""
        queue = f'"backlog_seconds":{backlog!r},"dropped_total":{dropped}'
        return self._says(ids, "metrics", f',"source":"{source}",{queue}')

    def full(self, ids: Ids) -> Said | None:
        """An error, in the contract's words."""
        text = "Server at capacity, please try again later"
        return self._says(ids, "status", f',"state":"error","message":"{text}"')

    def summary(self, ids: Ids) -> Said:
        """Without a summary: the transcript is the session's own."""
        return self._says(ids, "final_summary")
