"""The next message for the wire: the one ordered pull.

The start is the first message of a dial and goes out once; no other message goes out before
the line is open. Then, most urgent first: a ping that is due, audio that a window allows, silence
that is to be put in, and, when the app has stopped and all audio is out, the stop; then what
keeps the line (``tending``). On a dial that is being replaced no audio goes out, and the flush or
the stop takes its place. A pull means that the last send has completed, so it disarms SEND; a
message that it returns arms SEND again.

When a window is shut, the sender waits for a confirmation: STALL bounds how long that may take,
a ping requests the confirmation, and PACE is due when time alone opens the window, or the pace
allows more. It is due at once where audio is to be fetched from the disk, for a pull gives no
commands. With the default form the dialect gets each frame as it was captured.
"""

from __future__ import annotations

from openline.audio.outbox import Outbox
from openline.audio.stream import Stream
from openline.commands import Outgoing, SendBytes, SendPing, SendText
from openline.dialects.checking import check_encoded, dialect_error, encode_checked
from openline.dialects.protocol import Memory, Wire
from openline.dialects.traits import End
from openline.machine.behind import look_behind
from openline.machine.life import Leaving
from openline.machine.reporting import Reporting
from openline.machine.tending import fill, flush, note_audio, tend
from openline.machine.timers import OFF, Timer

# This runs for every frame, and looking up a member of an enum is not free.
_SEND, _STALL, _PACE = int(Timer.SEND), int(Timer.STALL), int(Timer.PACE)
_QUIET = int(Timer.QUIET)
_STAYS = Leaving.NOT


def next_message(session: Reporting) -> Outgoing | None:
    """The message to send at ``session.now``, or None."""
    deadlines, streams = session.deadlines, session.streams
    deadlines[_SEND] = deadlines[_PACE] = OFF
    if (
        session.queued
        or not session.line_open
        or session.start_due
        or session.ping_wanted
        or session.life.leaving is not _STAYS
        or streams.wants_ping()
    ):
        return _urgent(session)
    while True:
        pulled = streams.pull(session.now)
        if streams.shut or deadlines[_STALL] != OFF:  # one source may stall while another flows
            session.arm_stall()
        if pulled is None:
            if not (
                streams.shut
                or streams.quiet
                or streams.has_disk
                or session.stop_wanted
                or session.upkeep.is_needed
            ):
                return None  # as between any two live frames
            pulled = _more(session)
            if pulled is None:
                return _idle(session)
        stream, pcm = pulled
        box = stream.box
        if streams.newly_due or box.hearing.told or box.losses.has_news:
            _note_pull(session, box)
        try:  # as ``encode_checked``, without its detour for each frame
            made = session.dialect.audio(session.memory, box.source, pcm, session.sent_audio)
        except Exception as exc:
            raise dialect_error(session.dialect, "audio", exc) from exc
        session.sent_audio += 1
        outgoing: Outgoing | None
        if (  # a memory and one binary message, as for nearly every frame
            type(made) is tuple
            and len(made) == 2
            and type(messages := made[1]) is tuple
            and len(messages) == 1
            and type(data := messages[0]) is bytes
        ):
            session.memory = made[0]
            session.sent_messages += 1
            outgoing = SendBytes(session.dial, data)
        else:
            outgoing = _queue(session, *check_encoded(session.dialect, "audio", made))
        if session.upkeep.notes_audio or streams.has_disk:
            _note_sent(session, stream, pcm)
        if outgoing is not None:  # else the dialect keeps the frame for a later message
            deadlines[_SEND] = session.now + session.policy.send_timeout
            return outgoing


def _note_sent(session: Reporting, stream: Stream, pcm: bytes) -> None:
    """Audio was pulled: what else there is to do, for few sessions."""
    if session.upkeep.notes_audio:
        note_audio(session, stream, pcm)
    if session.streams.has_disk:
        _read_ahead(session)


def _read_ahead(session: Reporting) -> None:
    """Have the disk read on, by a Tick at once, before all that memory has to send is sent."""
    if session.streams.wants:
        session.deadlines[_PACE] = session.now


def _urgent(session: Reporting) -> Outgoing | None:
    """What goes before audio; and nothing, where no audio may go."""
    if session.queued:
        return _queued(session)
    if session.start_due:
        session.start_due = False
        session.start_sent = True
        if (start := _encoded(session, "start", session.ids)) is not None:
            return start
        return next_message(session)
    if not session.line_open:
        return None
    if session.ping_wanted or session.streams.wants_ping():
        return ping(session)
    return _drain(session)


def _note_pull(session: Reporting, box: Outbox) -> None:
    """Audio that was pulled is due, or older audio left memory."""
    if session.streams.newly_due:
        session.streams.newly_due = False
        session.arm_proof()
    session.report_told(box)
    session.report_gaps(box.losses.take())


def _idle(session: Reporting) -> Outgoing | None:
    """What goes out when there is no audio to send: a ping, the stop, or what keeps the line."""
    deadlines, streams = session.deadlines, session.streams
    session.arm_stall()
    if streams.shut:
        if streams.wants_ping():
            return ping(session)
        deadlines[_PACE] = min(streams.opens_at, deadlines[_PACE])
        look_behind(session)
    elif session.stop_wanted and not session.stop_is_sent and not streams.on_disk:
        traits = session.dialect.traits
        if traits.tail and not session.tail_is_sent:
            session.tail_is_sent = True
            streams.put_silence(traits.tail, [each.box.source for each in streams.all])
            return next_message(session)
        session.stop_is_sent = True
        if traits.end is End.NEVER:
            deadlines[_QUIET] = session.now + (traits.settle if streams.undelivered else 0.0)
        else:
            session.flushing_since = session.now
            session.arm_proof()
        session.arm(Timer.SEND, session.policy.send_timeout)
        return _encoded(session, "stop", session.ids, session.sent)
    if session.upkeep.is_needed and tend(session):
        return next_message(session)
    return None


def _more(session: Reporting) -> tuple[Stream, bytes] | None:
    """What goes out when no whole message of audio does: silence, or the rest of a message."""
    streams, now = session.streams, session.now
    if streams.has_disk:
        _read_ahead(session)
    if session.upkeep.is_needed and fill(session) and (pulled := streams.pull(now)) is not None:
        return pulled
    return streams.pull_silence(now) if streams.quiet and not streams.shut else None


def _drain(session: Reporting) -> Outgoing | None:
    """The message that asks for the words of a dial that is being replaced, once."""
    life = session.life
    if not life.asks:
        return None
    flushes, life.leaving = life.leaving is Leaving.FLUSH, Leaving.DRAINING
    if flushes:
        flush(session)
        asked = _queued(session) if session.queued else None
    else:
        session.stop_is_sent = True
        asked = _encoded(session, "stop", session.ids, session.sent)
    if asked is None:
        session.arm(Timer.DRAIN, 0.0)
    return asked


def _encoded(session: Reporting, method: str, *given: object) -> Outgoing | None:
    return _queue(session, *encode_checked(session.dialect, method, session.memory, *given))


def _queue(session: Reporting, memory: Memory, messages: tuple[Wire, ...]) -> Outgoing | None:
    """Queue ``messages``, and return the first."""
    session.memory = memory
    session.queued.extend(messages)
    return _queued(session) if messages else None


def _queued(session: Reporting) -> Outgoing:
    if session.line_open:  # before that the wait for the reply is bounded
        session.arm(Timer.SEND, session.policy.send_timeout)
    session.sent_messages += 1
    session.upkeep.sent_at = session.now
    return _message(session.dial, session.queued.pop(0))


def _message(dial: int, data: str | bytes) -> SendText | SendBytes:
    return SendBytes(dial, data) if isinstance(data, bytes) else SendText(dial, data)


def ping(session: Reporting) -> SendPing:
    """A ping behind all that was sent so far."""
    session.ping_wanted = False
    session.arm_pong()
    session.arm(Timer.SEND, session.policy.send_timeout)
    return SendPing(session.dial, session.streams.mark())
