"""The handler of a message: its items become events of the chart, one by one.

The dialect decodes a message to a tuple of items. Each is stored, and its event fired, when those
of the items before have been fired, for an item may end the dial; then the rest are late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias, cast

from openline import events as e
from openline.dialects.checking import decode_or_malformed
from openline.dialects.protocol import (
    Expires,
    FinalMessage,
    Heard,
    Lost,
    Malformed,
    Message,
    Metrics,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.machine.reporting import Reporting
from openline.machine.state import Plan
from openline.machine.timers import OFF, Timer
from openline.reconnect.verdicts import Ending
from openline.text import one_line

#: The chart's events that are fired, in order, each with the plan that it leads to. Each item of a
#: message is stored, and its plan made, when the events of the items before have been fired.
Fired: TypeAlias = Iterable[tuple[str, Plan | None]]
#: What an item fires that is no status and no refusal.
_FIRES: Final[dict[type, Fired]] = {
    Heard: (("transcript", None),),
    Metrics: (("metrics", None),),
    Proof: (("proved", None),),
    Expires: (("expiring", None),),
    Lost: (("ignored", None),),
    Noticed: (("insight", None),),
    Remark: (("backend_error", None),),
    FinalMessage: (("final_message", None),),
}


def ended(session: Reporting, *, detail: str = "", **known: Any) -> Plan:
    """The plan for the ending ``known``, completed from the session's state."""
    ending = Ending(
        ever_connected=session.streamed,
        met=session.now >= session.retry.met_at,
        has_provider=session.has_provider,
        reauth_used=session.retry.reauth_used,
        strikes=session.retry.strikes,
        **known,
    )
    # An error message just before the close gives the reason; the close may only repeat it.
    said, detail = session.backend_error, one_line(detail)
    texts = [said] if said and detail in said else [said, detail]
    return Plan(ending, "; ".join(filter(None, texts)))


def is_live(session: Reporting, dial: int) -> bool:
    """Whether ``dial`` is out; an event of another one is late, and counted."""
    if dial == session.dial and session.dial_live:
        return True
    session.counts["late"] += 1
    return False


def on_message(session: Reporting, event: e.MessageReceived) -> Fired:
    """The events that a message of the live dial fires."""
    if not is_live(session, event.dial):
        return ()
    session.deadlines[Timer.PONG] = OFF  # any frame shows that the backend is alive
    session.memory, items = decode_or_malformed(session.dialect, session.memory, event.data)
    if len(items) == 1:  # as nearly always
        return _item(session, items[0])
    return _items(session, event.dial, items)


def _items(session: Reporting, dial: int, items: tuple[Message, ...]) -> Iterator[tuple[str, Any]]:
    """The events of the items of one message; those that follow the end of the dial are late."""
    for item in items:
        if is_live(session, dial):
            yield from _item(session, item)


def _item(session: Reporting, message: Message) -> Fired:
    if isinstance(message, Malformed):
        session.count_trouble("malformed", f"an unreadable message: {message.why}")
        session.counts["untold"] += message.words
        return ()
    if not session.is_ours(message.connection_id, message.attempt_id):
        session.count_trouble("foreign", "a message that carries another connection's ids")
        return ()
    if isinstance(message, Unknown):
        name = one_line(message.type) or "(blank)"
        session.trouble("unknown", f"a message of an unknown type: {name}")
        return ()
    session.message = message
    if (fired := _FIRES.get(type(message))) is not None:
        return fired
    if isinstance(message, Status):
        return (("acked" if message.ack else "status", None),)
    refusal = cast("Refusal", message)
    return (("refused", ended(session, refusal=refusal.row, detail=refusal.text)),)
