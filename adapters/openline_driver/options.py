"""All that a session is made with, in one value.

A face makes one ``SessionOptions`` of its public arguments and hands it to ``Driver``. A new
option is added here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from openline import events as e
from openline.audio.past import PastSource
from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE, Transcript, to_samples
from openline_driver.addresses import Addresses
from openline_driver.shared_provider import SharedProvider
from openline_driver.tokens import Token

#: Asked for a credential; the face calls it. In a face with threads it is a plain function.
Provider: TypeAlias = Callable[[], Awaitable[str | Token]] | SharedProvider
Credentials: TypeAlias = str | Provider | None

#: Bytes of audio that are stored at most, unless the caller gives another limit: nine hours of
#: one source.
STORE_LIMIT: Final = 1 << 30
_BYTES_PER_SECOND: Final = 2 * SAMPLE_RATE  # 16-bit samples


class SessionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One session: where it goes, what it sends, and how it behaves.

    ``random`` gives floats in [0, 1), ``new_id`` a new unique id at each call. ``sources`` are
    the names of the sources; ``may_pause`` those of them whose silence does not mean that they
    hang, and ``kinds`` tells which are stores and which devices. ``store_bytes`` is how much
    audio the face can store for all of them together (0: it stores nothing). ``past_sources``
    and ``past_transcript`` are what an earlier process left of this session, as it was stored;
    None: this session is new. ``continued`` are the sources of a resumed session that capture on,
    behind what is stored of them: the rest of a recording. ``unread`` are the recordings that the
    earlier process did not read to their ends. ``begins_at`` are the seconds of a recording before
    the audio of its source, where only a part is sent. ``user_agent`` is for the request's header
    of that name.
    ``addresses`` is what it remembers of those that it dials; None: nothing.
    ``network_hints``: the session looks for a network that is back; ``slept`` tells for how long
    the machine has slept in all (``openline_driver.network_hints``). ``credentials`` may hold a
    secret and is not in the repr.
    """

    backend: Backend
    sources: tuple[str, ...]
    session_id: str
    random: Callable[[], float]
    new_id: Callable[[], str]
    policy: Policy = Policy()
    dialect: Dialect = EchoPanel()
    credentials: Credentials = None
    may_pause: frozenset[str] = frozenset()
    kinds: Mapping[str, e.SourceKind] = MappingProxyType({})
    store_bytes: int = 0
    past_sources: tuple[PastSource, ...] | None = None
    past_transcript: tuple[Transcript, ...] = ()
    continued: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    begins_at: Mapping[str, float] = MappingProxyType({})
    user_agent: str = "openline"
    network_hints: bool = False
    slept: Callable[[], float] | None = None
    addresses: Addresses | None = None

    def __repr__(self) -> str:
        return f"SessionOptions(session_id={self.session_id!r}, backend={self.backend!r})"

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier process began this session: it captures no more than ``continued``."""
        return self.past_sources is not None

    def past_end(self, source: str) -> e.SourceFinished | e.SourceFailed:
        """How ``source`` has ended in a resumed session that captures no more of it."""
        if source not in self.unread:
            return e.SourceFinished(source)
        seconds = begins_at = self.begins_at.get(source, 0.0)
        for past in self.past_sources or ():
            if past.source == source:
                ends = [end for _, end in past.on_disk] + [gap.end for gap in past.gaps]
                seconds = begins_at + (max([past.confirmed, *ends]) - past.origin) / SAMPLE_RATE
        return e.SourceFailed(source, f"it was read to {seconds:.2f} s, and not to its end")

    @property
    def disk_seconds(self) -> float:
        """Seconds of audio that each source may have in store.

        The sources of a new session share ``store_bytes`` equally. A resumed one adds nothing
        to what it found, or the rest of stores, which wait for room: nothing has to be shared.
        """
        shares = 1 if self.is_resumed else max(1, len(self.sources))
        return self.store_bytes / _BYTES_PER_SECOND / shares

    @property
    def past_confirmed(self) -> tuple[PastSource, ...]:
        """``past_sources``, each confirmed at least up to the end of its last final.

        A final is stored before its confirmation. A process that was killed between the two
        left a final without it: the final's audio must not be sent again.
        """
        confirmed: dict[str, int] = {}
        for final in self.past_transcript:
            end = max(to_samples(final.end), confirmed.get(final.source, 0))
            confirmed[final.source] = end
        return tuple(
            msgspec.structs.replace(
                past, confirmed=max(past.confirmed, confirmed.get(past.source, 0))
            )
            for past in self.past_sources or ()
        )

    def machine(self, observers: Sequence[Observer], *, has_provider: bool) -> SessionMachine:
        """The machine of this session. Raises ValueError and DialectError, as it does."""
        return SessionMachine(
            self.backend,
            session_id=self.session_id,
            attempt_id=self.new_id(),
            random=self.random,
            sources=self.sources,
            policy=self.policy,
            dialect=self.dialect,
            has_provider=has_provider,
            may_pause=self.may_pause,
            kinds=self.kinds,
            disk_seconds=self.disk_seconds,
            past=self.past_confirmed,
            past_transcript=self.past_transcript,
            observers=observers,
        )
