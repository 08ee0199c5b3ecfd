"""The encoding of the ideal backend's messages: the one part that depends on a dialect.

The backend decides what to send and when; a ``Speech`` encodes it and decodes the audio that
came. It is stateless, and one of them serves all connections. ``EchoSpeech`` is for the
default dialect. Write one for your own dialect, and the theorem checks that.

The theorem needs a dialect that can encode where a transcript lies, in seconds that survive
to the sample (1/16000 s), counted from the connection's first sample. For a dialect
without figures of dropped audio the backend drops none.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec.structs import replace

from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Dialect, Ids
from openline_testing.theorem.schedule import NAMES

#: An encoded message, as the dialect's ``decode`` takes it.
Encoded: TypeAlias = str | bytes


class Words(NamedTuple):
    """A transcript of ``source`` from ``start`` to ``end``, in the backend's own seconds."""

    text: str
    source: str
    start: float
    end: float
    final: bool


class Speech(Protocol):
    """A backend's side of one dialect. ``ids`` are those of the connection."""

    @property
    def dialect(self) -> Dialect:
        """The session's dialect. A horizon of a few seconds lets a play check more."""
        ...

    def audio(self, data: Encoded) -> tuple[str, bytes]:
        """The source and the samples of a message that the dialect's ``audio`` made."""
        ...

    def ack(self, ids: Ids) -> Encoded:
        """The start is accepted: audio may come."""
        ...

    def words(self, ids: Ids, words: Words) -> Encoded:
        """A final, or a partial, which the next words of its source replace."""
        ...

    def figures(self, ids: Ids, source: str, backlog: float, dropped: int) -> Encoded | None:
        """``backlog`` seconds of ``source`` are queued, ``dropped`` frames of all sources went.

        None: the dialect cannot encode figures.
        """
        ...

    def full(self, ids: Ids) -> Encoded | None:
        """The start is refused: try later. None: the backend can only close."""
        ...

    def summary(self, ids: Ids) -> Encoded:
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

    def audio(self, data: Encoded) -> tuple[str, bytes]:
        """The fourth byte names the source."""
        if isinstance(data, str):
            raise TypeError(f"audio came as text: {data[:60]}")
        return NAMES[data[3]], data[4:]

    def _message(self, ids: Ids, kind: str, fields: str = "") -> str:
        return (
            f'{{"type":"{kind}","connection_id":"{ids.connection_id}",'
            f'"attempt_id":"{ids.attempt_id}"{fields}}}'
        )

    def ack(self, ids: Ids) -> Encoded:
        """A status."""
        return self._message(ids, "status", ',"state":"streaming"')

    def words(self, ids: Ids, words: Words) -> Encoded:
        """Times are written so that they read back as they were."""
        text, source, start, end, final = words
        where = f',"text":"{text}","source":"{source}","t0":{start!r},"t1":{end!r}'
        return self._message(ids, "asr_final" if final else "asr_partial", where)

    def figures(self, ids: Ids, source: str, backlog: float, dropped: int) -> Encoded | None:
        """The drops are counted over both sources."""
        queue = f'"backlog_seconds":{backlog!r},"dropped_total":{dropped}'
        return self._message(ids, "metrics", f',"source":"{source}",{queue}')

    def full(self, ids: Ids) -> Encoded | None:
        """An error, with the contract's text."""
        text = "Server at capacity, please try again later"
        return self._message(ids, "status", f',"state":"error","message":"{text}"')

    def summary(self, ids: Ids) -> Encoded:
        """Without a summary: the transcript is the session's own."""
        return self._message(ids, "final_summary")
