"""Which dialects all laws apply to, and the theorem can play.

They predict a session from outside, for one kind of backend: it answers the start, keeps a short
queue, proves by finals, figures and horizons, and ends with a final message. Its messages say one
thing each, and its dialect needs no memory. ``check_scope`` refuses any other dialect. The
walk plays these too, by the laws of ``basic`` alone. Of every dialect ``dialect_laws`` checks a
recording, and ``promise`` plays the traits.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, cast

from openline.dialects.checking import check_dialect, decode_strict, encode_checked
from openline.dialects.protocol import (
    Dialect,
    Expires,
    FinalMessage,
    Ids,
    Lost,
    Message,
    Proof,
    Sent,
    Wire,
)
from openline.dialects.traits import AudioForm, End, Ends, Traits
from openline.policy import Policy

#: The traits that are played with one value alone.
_ONE: Final[tuple[tuple[str, Any], ...]] = (
    *(("form", AudioForm()), ("greets", False), ("replies", True), ("patience", None)),
    *(("longest", None), ("counts", None), ("proves_silence", True), ("pace", None)),
    ("disorder", 0),
    *(("keepalive", None), ("flush_every", None), ("flush_idle", None)),
    ("pong_patience", None),
    *(("end", End.MESSAGE), ("tail", 0)),
)
#: Sums of what may have been sent: a stop that the kit recognises does not depend on them.
_SENT: Final = (Sent(), Sent(seconds=1.0, audio=50, messages=51))


class ScopeError(ValueError):
    """A valid dialect that the kit cannot play; one line that names every trait."""


def check_scope(dialect: Dialect, policy: Policy | None = None, *, assumes: bool = False) -> None:
    """Raise ScopeError for a dialect that the kit cannot play, DialectError for an invalid one.

    It cannot play careful seams either, which hold exact finals, if a ``policy`` is given.
    ``assumes``: silence that is not proved can be played, as by the theorem.
    """
    check_dialect(dialect)
    if policy is not None and policy.careful_seams:
        raise _beyond(dialect, "Policy.careful_seams is True, not False")
    traits = dialect.traits
    beyond = [
        *(
            (name, _shown(value))
            for name, value in _ONE
            if getattr(traits, name) != value and not (assumes and name == "proves_silence")
        ),
        *(
            (name, want)
            for name, is_beyond, want in (
                ("sources", traits.sources == (), "names"),
                ("ends", traits.ends is Ends.NONE, "Ends.EXACT or Ends.CLAIMED"),
                ("queue", traits.queue is None, "seconds"),
                ("statuses", bool(traits.statuses), "no rules"),
            )
            if is_beyond
        ),
    ]
    wrong = [f"Traits.{name} is {_shown(getattr(traits, name))}, not {w}" for name, w in beyond]
    if dialect.begin() is not None:
        wrong.append("it has a memory")
    if wrong:
        raise _beyond(dialect, "; ".join(wrong))


def is_in_scope(dialect: Dialect, policy: Policy | None = None) -> bool:
    """Whether every law applies to a dialect. Raises DialectError for an invalid one."""
    try:
        check_scope(dialect, policy)
    except ScopeError:
        return False
    return True


def queue_of(traits: Traits, announced: float | None = None) -> float:
    """Seconds that the backend queues per source: as ``announced``, else as the traits say."""
    return cast("float", traits.queue) if announced is None else announced


def message_of(dialect: Dialect, method: str, *given: object) -> Wire:
    """The one message that a dialect without memory encodes.

    Raises DialectError if it cannot, and ScopeError for none, or several.
    """
    _, messages = encode_checked(dialect, method, None, *given)
    if len(messages) != 1:
        raise _beyond(dialect, f"its {method} is {len(messages)} messages, not one")
    return messages[0]


def start_of(dialect: Dialect, ids: Ids) -> Wire:
    """Its one start on the dial with ``ids``; raises as ``message_of``."""
    return message_of(dialect, "start", ids)


def stop_of(dialect: Dialect, ids: Ids) -> Wire:
    """Its one stop on the dial with ``ids``; raises as ``message_of``."""
    stop, other = (message_of(dialect, "stop", ids, sent) for sent in _SENT)
    if stop != other:
        raise _beyond(dialect, "its stop depends on what was sent")
    return stop


def audio_message(dialect: Dialect, source: str, pcm: bytes) -> Wire:
    """Its one message of audio; raises as ``message_of``."""
    return message_of(dialect, "audio", source, pcm, 0)


def item_of(dialect: Dialect, data: Wire) -> Message | None:
    """What a message says to a dialect without memory; None: nothing.

    Raises DialectError if the dialect fails, and ScopeError for what the laws do not know.
    """
    _, items = decode_strict(dialect, None, data)
    if len(items) > 1:
        raise _beyond(dialect, f"a message says {len(items)} things, not one")
    for item in items:
        is_part = isinstance(item, Lost) and (item.start is not None or item.end is not None)
        is_short = isinstance(item, FinalMessage) and not (item.until is None and item.proves)
        if isinstance(item, Proof | Expires) or is_part or is_short:
            how = " of an interval" if is_part else " of a part" if is_short else ""
            raise _beyond(dialect, f"it decodes a {type(item).__name__}{how}")
    return items[0] if items else None


def _beyond(dialect: Dialect, what: str) -> ScopeError:
    return ScopeError(
        f"the dialect {dialect.name!r} is beyond the kit's laws: {what}: "
        "explore, check_recording and promise take any dialect"
    )


def _shown(value: object) -> str:
    """The value of a trait, short."""
    if isinstance(value, AudioForm):
        return (
            "the default"
            if value == AudioForm()
            else f"{value.usual:g} s, {value.rate} Hz, {value.encoding}"
        )
    return str(value) if isinstance(value, Enum) else repr(value)
