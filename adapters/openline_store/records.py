"""The log of a spool: what is noted of a session, and how it lies on disk.

A record is a tagged struct in msgpack behind eight bytes, its length and a checksum. The log
is only appended to, so a record torn by a crash is the last one: reading ends before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

import msgspec

from openline.backend import Backend, CredentialPlace
from openline.updates import Gap, Transcript

#: The format of the log; a folder of another one is refused.
VERSION: Final = 1
#: A record may not claim to be longer than this (a final of many words is far shorter).
_LONGEST: Final = 1 << 24


class Began(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The session: what is needed to take it up again. Never a credential.

    Nor the query of its URL, where somebody may have put one: only that there was one.
    ``dialect`` is the name of what was spoken; None in a log of a time that did not note it.
    """

    version: int
    session_id: str
    url: str
    allow_plain: bool
    sources: tuple[str, ...]
    credential_place: CredentialPlace = CredentialPlace.HEADERS
    had_query: bool = False
    dialect: str | None = None

    @classmethod
    def of(
        cls, backend: Backend, session_id: str, sources: Iterable[str], *, dialect: str
    ) -> Began:
        """What to keep of a session that begins."""
        return cls(
            version=VERSION,
            session_id=session_id,
            url=replace(backend, query="").url,
            allow_plain=backend.allow_plain,
            sources=tuple(sources),
            credential_place=backend.credential_place,
            had_query=bool(backend.query),
            dialect=dialect,
        )

    def check_spoken(self, dialect: str) -> None:
        """Raise ValueError, one line, if the session spoke another dialect than this.

        A log that does not say which is taken as it is, or it could never be resumed.
        """
        if self.dialect not in {None, dialect}:
            raise ValueError(f"this session spoke {self.dialect}, not {dialect}: give that dialect")

    @property
    def backend(self) -> Backend:
        """Where it was going to. Raises ValueError, one line, if that is not known."""
        if self.had_query:
            raise ValueError("its URL had a query, which is never kept: give the URL again")
        return Backend.from_url(
            self.url, allow_plain=self.allow_plain, credential_place=self.credential_place
        )


class Confirmed(msgspec.Struct, frozen=True, tag=True):
    """A source is confirmed up to this session sample; the first says where it began."""

    source: str
    position: int


class Said(msgspec.Struct, frozen=True, tag=True):
    """A final."""

    transcript: Transcript


class Lost(msgspec.Struct, frozen=True, tag=True):
    """A gap."""

    gap: Gap


Record: TypeAlias = Began | Confirmed | Said | Lost
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


def pack(record: Record) -> bytes:
    """A record as it is appended to a log."""
    body = _encode(record)
    return len(body).to_bytes(4, "little") + zlib.crc32(body).to_bytes(4, "little") + body


def unpack(data: bytes) -> Iterator[tuple[Record, int]]:
    """The records of a log that are whole, each with where it ends."""
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
