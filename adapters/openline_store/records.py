"""The records of a spool's log, and their format on disk.

A record is eight bytes (its length and a checksum) and a tagged struct in msgpack. The log is
append-only, so a record torn by a crash is the last one: reading stops before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from openline.backend import Backend, CredentialPlace
from openline.dialects.options import configured, recorded
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.updates import Gap, Transcript

#: The version of the format. Version 1 has no ``Told``, ``Assumed``, ``Replaced`` and
#: ``Withdrawn``, and version 2 no ``Finished``; they are read as this one. A folder of a later
#: version is refused.
VERSION: Final = 3
_ORIGIN: Final = "origin"
#: The longest record, in bytes (a final of many words is far shorter).
_LONGEST: Final = 1 << 24


class Began(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The data that is needed to resume the session. It never holds a credential.

    It does not hold the query of the URL either, which may contain one: ``had_query`` is stored
    instead. Nor does it hold the values of headers: ``origin`` is the only one that is no secret,
    and of the others ``headers`` has the names. ``dialect`` is the dialect's name; None in a log of
    an early version. ``dialect_options`` are its options, as text, where they differ from the
    defaults. ``recordings`` are the sources whose audio is stored elsewhere too, and ``begins_at``
    the seconds of a recording before what was sent of it, if any.
    """

    version: int
    session_id: str
    url: str
    allow_plain: bool
    sources: tuple[str, ...]
    credential_place: CredentialPlace = CredentialPlace.HEADERS
    had_query: bool = False
    dialect: str | None = None
    redirects_to: tuple[str, ...] = ()
    dialect_options: dict[str, str] = {}  # msgspec copies it
    subprotocols: tuple[str, ...] = ()
    origin: str | None = None
    headers: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    begins_at: dict[str, float] = {}

    @classmethod
    def of(
        cls,
        backend: Backend,
        session_id: str,
        sources: Iterable[str],
        *,
        dialect: Dialect,
        recordings: Iterable[str] = (),
        begins_at: Mapping[str, float] = MappingProxyType({}),
    ) -> Began:
        """The record for a new session."""
        origins = [value for name, value in backend.headers if name.lower() == _ORIGIN]
        return cls(
            version=VERSION,
            session_id=session_id,
            url=replace(backend, query="").url,
            allow_plain=backend.allow_plain,
            sources=tuple(sources),
            credential_place=backend.credential_place,
            had_query=bool(backend.query),
            dialect=dialect.name,
            redirects_to=backend.redirects_to,
            dialect_options=recorded(dialect),
            subprotocols=backend.subprotocols,
            origin=origins[-1] if origins else None,
            headers=tuple(name for name, _ in backend.headers if name.lower() != _ORIGIN),
            recordings=tuple(recordings),
            begins_at=dict(begins_at),
        )

    def spoken(self, given: Dialect | None = None) -> Dialect:
        """The dialect to resume in: ``given`` as it is, or the session's own with its options.

        Raises ValueError, one line: ``named`` does, or the dialect has an option no more.
        """
        dialect = self.named(given)
        return configured(dialect, self.dialect_options) if given is None else dialect

    def named(self, given: Dialect | None = None) -> Dialect:
        """``given``, or the built-in dialect that the session used, without its options.

        A log without a name fits each dialect; otherwise it could never be resumed. Raises
        ValueError, one line, if ``given`` has another name, and if it is None and no built-in
        dialect has the session's.
        """
        if given is not None:
            if self.dialect not in {None, given.name}:
                raise ValueError(
                    f"this session used {self.dialect}, not {given.name}: give that dialect"
                )
            return given
        if self.dialect is None:
            return DEFAULT
        if self.dialect not in BUILT_IN:
            raise ValueError(
                f"this session used {self.dialect}, which is not built in: give that dialect"
            )
        return BUILT_IN[self.dialect]

    def backend(self, headers: Iterable[tuple[str, str]] = ()) -> Backend:
        """The session's backend, with ``headers`` beside what is stored of its own.

        Raises ValueError, one line, if its URL had a query, or its requests a header, that is not
        given again.
        """
        given = tuple(headers)
        if self.had_query:
            raise ValueError("its URL had a query, which is never stored: give the URL again")
        names = {name.lower() for name, _ in given}
        if missing := [name for name in self.headers if name.lower() not in names]:
            raise ValueError(
                f"its requests had headers that are never stored, {' and '.join(missing)}: "
                "give them again"
            )
        own = () if self.origin is None or _ORIGIN in names else (("Origin", self.origin),)
        return Backend.from_url(
            self.url,
            allow_plain=self.allow_plain,
            credential_place=self.credential_place,
            redirects_to=self.redirects_to,
            headers=(*own, *given),
            subprotocols=self.subprotocols,
        )


class Confirmed(msgspec.Struct, frozen=True, tag=True):
    """A source is confirmed up to this session sample; the first record is the source's start."""

    source: str
    position: int


class Said(msgspec.Struct, frozen=True, tag=True):
    """A final that the app received, or one that is ``held``: it is not final yet.

    ``proves``: its source is confirmed up to this session sample, by this record alone.
    """

    transcript: Transcript
    held: bool = False
    proves: int | None = None


class Told(msgspec.Struct, frozen=True, tag=True):
    """Session samples [start, end) are in a final, and were not confirmed: never sent again."""

    source: str
    start: int
    end: int


class Assumed(msgspec.Struct, frozen=True, tag=True):
    """Session samples [start, end) were quiet, and are taken for processed.

    ``unmeasured``: no peaks show that. A run counts as far as the source is confirmed beyond it.
    """

    source: str
    start: int
    end: int
    unmeasured: bool = False


class Finished(msgspec.Struct, frozen=True, tag=True):
    """The recording ``source`` was read to its end, or the session was stopped before that."""

    source: str


class Replaced(msgspec.Struct, frozen=True, tag=True):
    """The held final ``id`` will not be final: a later hearing replaces it."""

    id: str


class Lost(msgspec.Struct, frozen=True, tag=True):
    """A gap that was reported."""

    gap: Gap


class Withdrawn(msgspec.Struct, frozen=True, tag=True):
    """A reported gap was withdrawn: its audio was confirmed, or is told."""

    gap: Gap


Record: TypeAlias = (
    Began | Confirmed | Said | Told | Assumed | Finished | Replaced | Lost | Withdrawn
)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


def pack(record: Record) -> bytes:
    """The bytes of a record in a log."""
    body = _encode(record)
    return len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body


def unpack(data: bytes) -> Iterator[tuple[Record, int]]:
    """The whole records of a log, each with the offset of its end."""
    at = 0
    while (body := _body(data, at)) is not None:
        try:
            record = _decode(body)
        except msgspec.DecodeError:
            return
        at += 8 + len(body)
        yield record, at


def _body(data: bytes, at: int) -> bytes | None:
    head = data[at : at + 8]
    if len(head) < 8:
        return None
    length = int.from_bytes(head[:4], "little")
    body = data[at + 8 : at + 8 + length]
    whole = length <= _LONGEST and len(body) == length
    return body if whole and zlib.crc32(body) == int.from_bytes(head[4:], "little") else None
