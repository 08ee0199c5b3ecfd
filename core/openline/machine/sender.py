"""The next message for the wire: the one ordered pull.

The start is the first message of a dial and goes out once; no other message goes out before
the line is open. Then, most urgent first: a ping that is due, audio that a window allows, and, when the
app has stopped and all audio is out, the stop. A pull means that the last send has completed,
so it disarms SEND; a message that it returns arms SEND again.

When a window is shut, the sender waits for a confirmation: STALL bounds how long that may take,
a ping requests the confirmation, and PACE is due when time alone opens the window.
"""

from __future__ import annotations

from openline.commands import Outgoing, SendBytes, SendPing, SendText
from openline.dialects.checking import check_encoded, dialect_error, encode_checked
from openline.dialects.protocol import Memory, Wire
from openline.dialects.traits import End
from openline.machine.reporting import Reporting
from openline.machine.timers import OFF, Timer
from openline.updates import SAMPLE_RATE

# This runs for every frame, and looking up a member of an enum is not free.
_SEND, _STALL, _PACE = int(Timer.SEND), int(Timer.STALL), int(Timer.PACE)
_QUIET = int(Timer.QUIET)


def next_message(session: Reporting) -> Outgoing | None:
    """The message to send at ``session.now``, or None."""
    deadlines = session.deadlines
    deadlines[_SEND] = deadlines[_PACE] = OFF
    if session.queued:
        return _queued(session)
    if session.start_due:
        session.start_due = False
        session.start_sent = True
        if (start := _encoded(session, "start", session.ids)) is not None:
            return start
    if not session.line_open:
        return None
    streams = session.streams
    if session.ping_wanted or streams.wants_ping():
        return _ping(session)
    pulled = streams.pull(session.now)
    # One source may stall while another flows.
    deadlines[_STALL] = streams.shut_since + session.policy.stall_timeout
    if pulled is not None:
        stream, pcm = pulled
        if streams.newly_due:
            streams.newly_due = False
            session.arm_proof()
        deadlines[_SEND] = session.now + session.policy.send_timeout
        box = stream.box
        if box.hearing.told or box.losses.has_news:
            session.report_told(box)
            session.report_gaps(box.losses.take())
        try:  # as ``encode_checked``, without its detour for each frame
            memory, messages = session.dialect.audio(
                session.memory, box.source, pcm, session.sent_audio
            )
        except Exception as exc:
            raise dialect_error(session.dialect, "audio", exc) from exc
        session.sent_audio += 1
        if len(messages) == 1 and isinstance(data := messages[0], bytes):
            session.memory = memory
            session.sent_messages += 1
            return SendBytes(session.dial, data)
        return _queue(session, *check_encoded(session.dialect, "audio", (memory, messages)))
    if streams.shut:
        if streams.wants_ping():
            return _ping(session)
        deadlines[_PACE] = streams.opens_at
    elif session.stop_wanted and not session.stop_is_sent and not streams.on_disk:
        traits = session.dialect.traits
        if traits.tail and not session.tail_is_sent:
            session.tail_is_sent = True
            return _tail(session, traits.tail)
        session.stop_is_sent = True
        if traits.end is End.NEVER:
            deadlines[_QUIET] = session.now + (traits.settle if streams.undelivered else 0.0)
        else:
            session.flushing_since = session.now
            session.arm_proof()
        session.arm(Timer.SEND, session.policy.send_timeout)
        return _encoded(session, "stop", session.ids, session.sent)
    return None


def _tail(session: Reporting, seconds: float) -> Outgoing | None:
    """Silence behind all audio of each source, in one message; queued, the first is returned."""
    pcm = bytes(2 * round(seconds * SAMPLE_RATE))
    messages: list[Wire] = []
    for stream in session.streams.all:
        given = (stream.box.source, pcm, session.sent_audio)
        session.memory, made = encode_checked(session.dialect, "audio", session.memory, *given)
        session.sent_audio += 1
        messages += made
    return _queue(session, session.memory, tuple(messages))


def _encoded(session: Reporting, method: str, *given: object) -> Outgoing | None:
    return _queue(session, *encode_checked(session.dialect, method, session.memory, *given))


def _queue(session: Reporting, memory: Memory, messages: tuple[Wire, ...]) -> Outgoing | None:
    """Queue ``messages``, and return the first."""
    session.memory = memory
    session.queued.extend(messages)
    return _queued(session) if messages else None


def _queued(session: Reporting) -> Outgoing:
    session.arm(Timer.SEND, session.policy.send_timeout)
    session.sent_messages += 1
    return _message(session.dial, session.queued.popleft())


def _message(dial: int, data: str | bytes) -> SendText | SendBytes:
    return SendBytes(dial, data) if isinstance(data, bytes) else SendText(dial, data)


def _ping(session: Reporting) -> SendPing:
    session.ping_wanted = False
    session.arm_pong()
    session.arm(Timer.SEND, session.policy.send_timeout)
    return SendPing(session.dial, session.streams.mark())
