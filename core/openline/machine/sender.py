"""What goes over the wire next: the one ordered pull.

The order is the promise. The start is the first message of a dial and goes out once;
nothing but it before the ack. Then, most urgent first: a ping that is due, audio that a
window allows, and when the app has stopped and all audio is out, the stop. A pull says
that the last send has completed, so it disarms SEND; what it returns arms it again.

When a window is shut the sender has nothing to do until proof arrives: STALL bounds how
long that may take, a ping asks for the proof, and PACE says when time alone opens it.
"""

from __future__ import annotations

from openline.commands import Outgoing, SendBytes, SendPing, SendText
from openline.dialects.checking import choked, sendable, spoken
from openline.machine.state import Facts
from openline.machine.timers import OFF, Timer

# This runs for every frame, and looking up a member of an enum is not free.
_SEND, _STALL, _PACE = int(Timer.SEND), int(Timer.STALL), int(Timer.PACE)


def next_message(facts: Facts) -> Outgoing | None:
    """What to send at ``facts.now``, or None."""
    deadlines = facts.deadlines
    deadlines[_SEND] = deadlines[_PACE] = OFF
    if not facts.line_open:
        if not facts.start_due:
            return None
        facts.start_due = False
        facts.start_sent = True
        return _message(facts.dial, spoken(facts.dialect, "start", facts.ids))
    streams = facts.streams
    if facts.ping_wanted or streams.wants_ping():
        return _ping(facts)
    pulled = streams.pull(facts.now)
    # One source may stall while another flows.
    deadlines[_STALL] = streams.shut_since + facts.policy.stall_timeout
    if pulled is not None:
        stream, pcm = pulled
        deadlines[_SEND] = facts.now + facts.policy.send_timeout
        if stream.box.losses.has_news:
            facts.report_gaps(stream.box.losses.take())
        try:  # as ``spoken``, without its detour for each frame
            data = facts.dialect.audio(stream.box.source, pcm)
        except Exception as exc:
            raise choked(facts.dialect, "audio", exc) from exc
        if isinstance(data, bytes):
            return SendBytes(facts.dial, data)
        return _message(facts.dial, sendable(facts.dialect, "audio", data))
    if streams.shut:
        if streams.wants_ping():
            return _ping(facts)
        deadlines[_PACE] = streams.opens_at
    elif facts.stop_wanted and not facts.stop_is_sent and not streams.on_disk:
        facts.stop_is_sent = True
        facts.arm(Timer.SEND, facts.policy.send_timeout)
        return _message(facts.dial, spoken(facts.dialect, "stop", facts.ids))
    return None


def _message(dial: int, data: str | bytes) -> SendText | SendBytes:
    return SendBytes(dial, data) if isinstance(data, bytes) else SendText(dial, data)


def _ping(facts: Facts) -> SendPing:
    facts.ping_wanted = False
    facts.arm_pong()
    facts.arm(Timer.SEND, facts.policy.send_timeout)
    return SendPing(facts.dial, facts.streams.mark())
