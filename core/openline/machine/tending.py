"""Looks after the line of a backend that must be kept alive, flushed, or that counts messages.

- *Keepalive* (``Traits.keepalive``): when no message went for so long, the dialect's keepalive
  goes; if it has none, one message of silence of each source that may still capture.
- *Flush* (``Traits.flush_every``): when so much audio of a source was sent since the last flush;
  and when audio that was sent has waited for so long, as when a source is muted. A little longer,
  so that audio which is late does not cause a flush of its own. A backend that finds the pauses
  itself is flushed only when no audio went for a while (``Traits.flush_idle``), and none waits.
- *Counts* (``Traits.counts``): how much audio goes with each message (``openline.audio.counts``).
- The rest of a message that waits for more audio (``openline.audio.formed``).

Nothing of this runs for a dialect whose traits do not ask for it. The timers KEEPALIVE, FLUSH and
FILL only make the sender look again.
"""

from __future__ import annotations

from msgspec import structs

from openline.audio.formed import JITTER
from openline.audio.stream import Stream
from openline.dialects.checking import encode_checked
from openline.dialects.traits import Unit
from openline.machine.state import SessionState
from openline.machine.timers import OFF, Timer
from openline.updates import SAMPLE_RATE


def note_audio(session: SessionState, stream: Stream, pcm: bytes) -> None:
    """An audio message with ``pcm`` was made; its wire messages are out, or queued."""
    upkeep, traits = session.upkeep, session.dialect.traits
    upkeep.sent_at = session.now
    upkeep.sent_bytes += len(pcm)
    match traits.counts:
        case Unit.AUDIO:
            _note(session, session.sent_audio)
        case Unit.MESSAGES:
            _note(session, session.sent_messages + len(session.queued))
        case Unit.BYTES:
            _note(session, upkeep.sent_bytes)
        case _:
            pass
    if traits.flush_every is not None:
        if stream.box.dial_sent - stream.flushed >= traits.flush_every * SAMPLE_RATE:
            flush(session)
        elif upkeep.flush_at == OFF:
            upkeep.flush_at = session.now + traits.flush_every + JITTER
    elif traits.flush_idle is not None and stream.box.sent > stream.flushed_to:
        upkeep.flush_at = session.now + traits.flush_idle


def _note(session: SessionState, count: int) -> None:
    session.upkeep.counts.note(count, [each.box.dial_sent for each in session.streams.all])


def flush(session: SessionState, *, idle: bool = False) -> None:
    """Queue the dialect's flush, which asks for the words of all audio that was sent."""
    upkeep = session.upkeep
    upkeep.flush_at = session.deadlines[Timer.FLUSH] = OFF
    for stream in session.streams.all:
        stream.flushed = stream.box.dial_sent
        stream.flushed_to = stream.box.sent
    session.memory, messages = encode_checked(
        session.dialect, "flush", session.memory, structs.replace(session.sent, idle=idle)
    )
    session.queued.extend(messages)
    if messages:
        upkeep.flushes += 1
        if session.dialect.traits.counts is Unit.FLUSHES:
            _note(session, upkeep.flushes)


def fill(session: SessionState) -> bool:
    """Let go of the rest of a message that has waited; True: there is one to send now."""
    at = session.streams.fill(session.now)
    is_due = at <= session.now
    session.deadlines[Timer.FILL] = OFF if is_due else at
    return is_due


def tend(session: SessionState) -> bool:
    """Flush, or keep the line alive, if that is due; True: there is something to send now.

    Call it when there is nothing else to send. After the stop there is nothing to look after.
    """
    upkeep, keepalive = session.upkeep, session.dialect.traits.keepalive
    deadlines, now = session.deadlines, session.now
    if session.stop_is_sent:
        deadlines[Timer.FLUSH] = deadlines[Timer.KEEPALIVE] = OFF
        return False
    idle = session.dialect.traits.flush_idle
    if idle is not None and session.streams.shut:  # audio waits: the source does not pause
        upkeep.flush_at = now + idle
    elif upkeep.flush_at <= now:
        flush(session, idle=session.dialect.traits.flush_every is None)
    deadlines[Timer.FLUSH] = upkeep.flush_at
    if keepalive is not None:
        if upkeep.sent_at + keepalive <= now:
            upkeep.sent_at = now
            _keep_alive(session)
        deadlines[Timer.KEEPALIVE] = upkeep.sent_at + keepalive
    return bool(session.queued or (session.streams.quiet and not session.streams.shut))


def _keep_alive(session: SessionState) -> None:
    session.memory, messages = encode_checked(
        session.dialect, "keepalive", session.memory, session.sent
    )
    session.queued.extend(messages)
    streams = session.streams
    if not messages and not streams.shut:
        streams.put_silence(session.dialect.traits.form.usual, streams.capturing)
