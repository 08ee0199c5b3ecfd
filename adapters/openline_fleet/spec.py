"""What a session of a fleet is, as plain data: it travels between processes and machines.

A spec names everything that a shard needs to open the session, and holds nothing that lives: no
socket, no source, no provider. It has no credential either, for that is the shard's. So it can be
pickled, sent by msgspec, written to a queue and read on another machine:

    spec = SessionSpec(
        session_id="call-17",
        backend=Backend.from_url("wss://asr.example.org/ws"),
        sources=(SourceSpec(name="mic"),),
        spool="/shared/spool",
    )
    decode_spec(encode_spec(spec)) == spec

Headers and the query of a backend travel with the spec, and may hold a secret: keep what
``encode_spec`` returns where secrets are kept. The ``repr`` shows neither.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import msgspec

from openline.backend import Backend
from openline.dialects.registry import DEFAULT
from openline.events import SourceKind
from openline.policy import Policy
from openline_audio.pace import check_speed
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE
from openline_driver.argument_checks import check_kind
from openline_driver.options import STORE_LIMIT
from openline_fleet.checks import check_count, check_fields

#: Seconds of audio in a frame of a recording, unless the spec says otherwise.
FRAME_SECONDS: Final = FRAME_SAMPLES / SAMPLE_RATE
#: Seconds of audio per source that a session with a spool keeps in memory, unless its policy says
#: otherwise: 320 KB, so 1,000 sessions have 320 MB.
MEMORY_SECONDS: Final = 10.0
#: The longest frame of a recording, in seconds: a reader gives about a second at once.
_LONGEST_FRAME: Final = 1.0

#: Fields, their types, and the words for them.
_OF_A_SOURCE: Final = (
    ("name", str, "a str"),
    ("frame_seconds", (int, float), "a number of seconds"),
    ("may_pause", bool, ""),
)
_OF_A_SOURCE_OR_NONE: Final = (
    ("path", str, "the path of a recording as a str"),
    ("channel", int, "the number of a channel, from 0"),
)
_OF_A_SESSION: Final = (
    ("session_id", str, "a str"),
    ("backend", Backend, "a Backend, such as Backend.from_url(url)"),
    ("dialect", str, "the name of a dialect"),
    ("dialect_options", dict, "a dict of options as texts, by name"),
    ("sources", tuple, "a tuple of SourceSpecs"),
    ("policy", Policy, "a Policy"),
    ("speed", (int, float), "a number"),
    ("spool_limit", int, "bytes as an int"),
    ("resume", bool, ""),
)
_OF_A_SESSION_OR_NONE: Final = (
    ("spool", str, "the path of a folder as a str"),
    ("journal", str, "the path of a file as a str"),
)


class SourceSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source: a recording that the shard reads, or audio that the app pushes.

    ``name`` is one of the dialect's. ``path`` is the recording, as the shard's machine names it;
    None: the app pushes 16 kHz mono s16le audio (``FleetSession.push``). ``channel`` is the number
    of the recording's one channel to send, from 0; None: a mix. ``frame_seconds`` is how much audio
    of a recording is captured at once, 0.02 to 1: longer pieces cost less. How long the messages
    are is the dialect's. ``may_pause``: pushed audio may be missing for longer than
    ``Policy.source_timeout``. Raises TypeError and ValueError, one line.
    """

    name: str = "mic"
    path: str | None = None
    channel: int | None = None
    frame_seconds: float = FRAME_SECONDS
    may_pause: bool = True

    def __post_init__(self) -> None:
        check_fields(self, _OF_A_SOURCE, _OF_A_SOURCE_OR_NONE)
        if not self.name.strip():
            raise ValueError("a source has a blank name: give one of the dialect's")
        if self.channel is not None:
            check_count("channel", self.channel, low=0)
        if not FRAME_SECONDS <= self.frame_seconds <= _LONGEST_FRAME:
            raise ValueError(
                f"frame_seconds is {self.frame_seconds:g}: "
                f"give {FRAME_SECONDS:g} to {_LONGEST_FRAME:g}"
            )

    @property
    def kind(self) -> SourceKind:
        """A recording can wait for room; what is pushed is captured as time passes."""
        return SourceKind.DEVICE if self.path is None else SourceKind.STORE


class SessionSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One session: where it goes, what it sends, and how it behaves.

    ``session_id`` is a non-blank text of at most 256 characters, and unique in the fleet.
    ``dialect`` is the name of a built-in dialect, and ``dialect_options`` are its options as text,
    as the command takes them. ``speed`` is how many seconds of a recording pass in one. ``spool``
    is a folder in which audio and progress are kept, at most ``spool_limit`` bytes of audio; a
    session without one cannot be handed over. With one, memory keeps ``MEMORY_SECONDS`` of audio,
    unless the policy has ``memory_seconds``. ``resume``: an earlier process left the session in
    ``spool``, and this one finishes it; its sources are over then, whatever ``sources`` says.
    ``journal`` is a file for the session's journal.

    Raises TypeError and ValueError, one line, for what cannot work. That the sources fit the
    dialect, and the policy too, is checked when a shard starts the session.
    """

    session_id: str
    backend: Backend = Backend()
    dialect: str = DEFAULT.name
    dialect_options: dict[str, str] = {}  # msgspec copies it
    sources: tuple[SourceSpec, ...] = (SourceSpec(),)
    policy: Policy = Policy()
    speed: float = 1.0
    spool: str | None = None
    spool_limit: int = STORE_LIMIT
    resume: bool = False
    journal: str | None = None

    def __post_init__(self) -> None:
        check_fields(self, _OF_A_SESSION, _OF_A_SESSION_OR_NONE)
        _check_parts(self)
        if not self.session_id.strip():
            raise ValueError("the session id is blank: give each session one of its own")
        check_speed(self.speed)
        if not 0 < self.spool_limit < math.inf:
            raise ValueError(f"spool_limit is {self.spool_limit}: give bytes of audio, above 0")
        if self.resume and self.spool is None:
            raise ValueError("resume needs the spool in which the session was left: give it")
        if not self.sources:
            raise ValueError("a session has at least one source: give it")

    @property
    def own_policy(self) -> Policy:
        """The policy, with ``MEMORY_SECONDS`` where a spool has all audio."""
        if self.spool is None or self.policy.memory_seconds is not None:
            return self.policy
        return replace(self.policy, memory_seconds=MEMORY_SECONDS)

    @property
    def is_live(self) -> bool:
        """Whether the app pushes some of its audio."""
        return any(each.path is None for each in self.sources)


def encode_spec(spec: SessionSpec) -> bytes:
    """``spec`` as JSON in one line; it may hold the secrets of the backend's headers and query.

    Raises TypeError for anything else.
    """
    check_kind("spec", spec, SessionSpec, "a SessionSpec")
    return msgspec.json.encode(spec)


def decode_spec(data: bytes | str) -> SessionSpec:
    """The spec that ``encode_spec`` wrote.

    Raises ValueError, one line, for any other text, and TypeError for what is no text.
    """
    check_kind("data", data, (bytes, bytearray, memoryview, str), "what encode_spec returned")
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ValueError(f"this is no session spec: {error}") from None


def _check_parts(spec: SessionSpec) -> None:
    """Raise TypeError for a source that is none, and an option that is no text."""
    sources: tuple[object, ...] = spec.sources
    for source in sources:
        check_kind("sources", source, SourceSpec, "a tuple of SourceSpecs")
    options: tuple[object, ...] = (*spec.dialect_options, *spec.dialect_options.values())
    for each in options:
        check_kind("dialect_options", each, str, "options as texts, by name")


_DECODER: Final = msgspec.json.Decoder(SessionSpec)
