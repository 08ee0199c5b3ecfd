"""What every dialect owes, checked on the messages of a recorded connection.

    items = check_recording(Deepgram(), messages)

- Each message decodes to valid items: words first, then proofs, then at most one ending.
- ``decode`` is pure: the same memory and message give the same items, and change no memory.
- A memory has at most 64 KiB, encoded.
- A proof in seconds never falls, and never reaches beyond the beginning of words that come later:
  a loss behind that proof would lose them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Final, NamedTuple, NoReturn

import msgspec

from openline.dialects.checking import DialectError, decode_strict, encode_checked
from openline.dialects.protocol import (
    Dialect,
    FinalMessage,
    Heard,
    Ids,
    Memory,
    Message,
    Proof,
    Refusal,
    Wire,
)
from openline.dialects.traits import Ends, Unit
from openline.text import has_words
from openline_testing.laws import broken

#: Bytes of a memory, encoded, at most (``openline.dialects.protocol``).
MOST: Final = 64 * 1024
_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
_PROOFS: Final = ("received", "drained", "confirmed")


class _Proved(NamedTuple):
    """A proof of a source, by the message ``number``."""

    seconds: float
    number: int


def check_recording(
    dialect: Dialect, messages: Iterable[Wire], *, ids: Ids = _IDS
) -> tuple[Message, ...]:
    """The items of all ``messages``, which arrive after the start of a connection.

    Raises LawBroken, which names the law and the number of the message, from 1.
    """
    try:
        memory, _ = encode_checked(dialect, "start", dialect.begin(), ids)
    except DialectError as exc:
        _breaks(0, str(exc))
    found: list[Message] = []
    proofs = _Proofs(dialect)
    for number, data in enumerate(messages, 1):
        memory, items = _decoded(dialect, memory, data, number)
        check_order(items, number)
        for item in items:
            proofs.take(item, number)
        found += items
    return tuple(found)


def check_order(items: Iterable[Message], number: int = 1) -> None:
    """Raise LawBroken unless words come first, then proofs, then at most one ending."""
    last: Message | None = None
    for item in items:
        if isinstance(last, FinalMessage | Refusal):
            _breaks(number, f"a {_name(item)} follows a {_name(last)}, which ends the dial")
        if isinstance(last, Proof) and isinstance(item, Heard):
            _breaks(number, "words follow a proof, so a loss between them would lose the words")
        if last is None or not isinstance(last, Proof) or isinstance(item, FinalMessage | Refusal):
            last = item


def memory_bytes(memory: Memory) -> bytes:
    """A memory as bytes, by which it is compared and measured."""
    try:
        return msgspec.msgpack.encode(memory)
    except TypeError:
        return pickle.dumps(memory)


def _decoded(
    dialect: Dialect, memory: Memory, data: Wire, number: int
) -> tuple[Memory, tuple[Message, ...]]:
    before = memory_bytes(memory)
    try:
        after, items = decode_strict(dialect, memory, data)
        again, same = decode_strict(dialect, memory, data)
    except DialectError as exc:
        _breaks(number, f"{exc}: {exc.__cause__}" if exc.__cause__ else str(exc))
    if memory_bytes(memory) != before:
        _breaks(number, "decode changed the memory that it was given: return a new one")
    if items != same or memory_bytes(after) != memory_bytes(again):
        _breaks(number, "decode gave other items, or another memory, for the same message")
    if (size := len(memory_bytes(after))) > MOST:
        _breaks(number, f"a memory of {size} bytes, not {MOST} at most")
    return after, items


class _Proofs:
    """The proofs so far, by source."""

    def __init__(self, dialect: Dialect) -> None:
        traits = dialect.traits
        self._error = 0.0 if traits.ends is Ends.EXACT else traits.time_error
        self._known: dict[tuple[str | None, str], _Proved] = {}

    def take(self, item: Message, number: int) -> None:
        """Hold an item against them."""
        if isinstance(item, Proof) and item.unit is Unit.SECONDS:
            for name in _PROOFS:
                self._proves(item, name, number)
        elif isinstance(item, Heard) and item.final and has_words(item.text):
            proved = self._known.get((item.source, "confirmed"))
            start = item.start
            if proved and start is not None and start < proved.seconds - self._error:
                _breaks(
                    number,
                    f"words from {start:g} s on, where message {proved.number} proved that all "
                    f"words up to {proved.seconds:g} s had come",
                )

    def _proves(self, proof: Proof, name: str, number: int) -> None:
        seconds: float | None = getattr(proof, name)
        if seconds is None:
            return
        key = proof.source, name
        before = self._known.get(key, _Proved(0.0, number))
        if seconds < before.seconds:
            _breaks(number, f"{name} falls from {before.seconds:g} to {seconds:g} s")
        self._known[key] = _Proved(seconds, number)


def _name(item: Message) -> str:
    return type(item).__name__


def _breaks(number: int, what: str) -> NoReturn:
    broken("the dialect", f"message {number}: {what}" if number else what, float(number))
