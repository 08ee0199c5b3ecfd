"""WHAT: the guards and actions that the chart names, over one session's facts.

``SessionMachine`` stores the fact that arrived (``message``, ``pong``, the plan in
``retry``) and fires one event; the rows that run call the methods below by name.
Guards are pure and look only at what is stored. Actions change the data, arm timers
and append commands; they never raise, never fire events and never read ``state``.

A dial is *live* from the moment it goes out until it is lost, aborted or over; a fact
with another number, or of a dial that is no longer live, never gets this far.
"""

from __future__ import annotations

from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    OpenSocket,
    RequestCredential,
)
from openline.dialects.protocol import Heard, Metrics, Noticed, Remark, Status
from openline.machine.state import SessionState
from openline.machine.timers import (
    ALL_TIMERS,
    DIAL_TIMERS,
    OFF,
    SESSION_TIMERS,
    STATE_TIMERS,
    Timer,
)
from openline.reconnect.verdicts import Action
from openline.text import one_line
from openline.updates import SAMPLE_RATE, BackendMetrics, Insight, Transcript, to_samples

#: RFC 6455 §7.4.1: the purpose of the connection has been fulfilled.
CLOSE_NORMAL = 1000


class Actions(SessionState):
    """The work of one session; the chart calls it by name."""

    __slots__ = ()

    # Guards: pure questions.

    def needs_credential(self) -> bool:
        """Whether the provider must be asked before the next dial."""
        return self.credential_wanted

    def gate_open(self) -> bool:
        """Whether a dial may go out this instant."""
        return self.retry.gate.opens_at(self.now) <= self.now

    def no_retry(self) -> bool:
        """Whether the plan is never to dial again."""
        return self.retry.until == OFF

    def network_hint_applies(self) -> bool:
        """Whether news of a restored network may end the wait."""
        return self.retry.network_hint_applies

    def all_delivered(self) -> bool:
        """Whether a stop was asked for and nothing captured is undelivered."""
        return not self.streams.undelivered

    def start_unsent(self) -> bool:
        """Whether this dial's start has not gone out: an ack of it cannot be true."""
        return not self.start_sent

    def retry_too_late(self) -> bool:
        """Whether the next dial lies beyond what a stop, now, would leave to finish in."""
        return self.deadlines[Timer.RETRY] > self.finish_at

    def stopping(self) -> bool:
        """Whether the app has asked for the end."""
        return self.stop_wanted

    def stop_sent(self) -> bool:
        """Whether this dial's stop has gone out: a final message can be true."""
        return self.stop_is_sent

    # Opening.

    def disarm_state_timers(self) -> None:
        """A state's timers end with it."""
        self.disarm(STATE_TIMERS)

    def watch_sources(self) -> None:
        """From here on a source that falls silent is noticed."""
        self.deadlines[Timer.SOURCE] = self.watch.begin(self.now)

    def request_credential(self) -> None:
        """Ask the provider; that counts at the gate, as a dial does."""
        self.retry.gate.note(self.now)
        self.request += 1
        self.arm(Timer.AUTH, self.policy.auth_timeout)
        # Once the line has been refused, the old credential is no answer.
        self.out.append(RequestCredential(self.request, self.dials > 0))

    def note_credential(self) -> None:
        """The provider answered; a fresh credential spends the right to ask for one."""
        self.credential_wanted = False
        self.retry.reauth_used = self.dials > 0

    def cancel_credential(self) -> None:
        """Stop waiting for the provider."""
        self.out.append(CancelCredential(self.request))

    def open_socket(self) -> None:
        """Dial."""
        self.arm(Timer.CONNECT, self.policy.connect_timeout)
        self._dial()

    def note_redirect(self) -> None:
        """The next dial goes where the redirect leads."""
        self.aim(self.redirect)

    def follow_redirect(self) -> None:
        """Dial where the redirect leads, within the same CONNECT."""
        self._dial()

    def _dial(self) -> None:
        self.retry.gate.note(self.now)
        self.dial += 1
        self.dials += 1
        self.dial_live = True
        self.dialled_at = self.now
        self.connection_id = ""
        self.backend_error = ""
        self.start_due = self.start_sent = self.stop_is_sent = False
        self.out.append(OpenSocket(self.dial, self.target, self.with_credential))

    def leave_dial(self) -> None:
        """The redirect has ended this dial; the one that it leads to waits for the gate."""
        self.dial_live = False

    def note_opened(self) -> None:
        """The socket is open."""
        self.connection_id = self.opened_id
        self.ever_opened = True

    def await_ack(self) -> None:
        """Start no earlier than the start delay after the dial; kept from NET-001."""
        settled = self.dialled_at + self.policy.start_delay_of(self.dialect.traits)
        if settled > self.now:
            self.deadlines[Timer.SETTLE] = settled
        else:
            self.request_start()

    def request_start(self) -> None:
        """The start is due; the ack is waited for from here."""
        self.start_due = True
        self.arm(Timer.ACK, self.policy.ack_timeout)

    def open_line(self) -> None:
        """The start was acked: audio may flow and the dial's timers run."""
        self.line_open = True
        self.ping_wanted = False
        self.dropped, self.doubtful = 0, False
        self.deadlines[Timer.GIVE_UP] = OFF  # judged at the next loss
        self.arm(Timer.PING, self.policy.ping_interval)
        self.streams.begin_dial(self.now)
        self.report_status()

    # Keeping.

    def count_late(self) -> None:
        """A fact came when it could not be true."""
        self.counts["late"] += 1

    def await_stable(self) -> None:
        """The line has to hold before anything is forgiven."""
        self.arm(Timer.STABLE, self.policy.stable_after)

    def note_stable(self) -> None:
        """The line held."""
        self.retry.note_stable()

    def request_ping(self) -> None:
        """A ping is due; the answer has ``pong_timeout`` from now, sent or not."""
        self.ping_wanted = True
        self.arm_pong()

    def note_pong(self) -> None:
        """The backend received all that was sent before this pong's ping."""
        self.streams.note_pong(self.pong)

    def report_status(self) -> None:
        """Tell the app how the backend is, and heed it."""
        status: Status = self.message
        self.backend_error = ""
        self.doubtful |= status.doubtful or (status.warning and self.stop_wanted)
        if status.filling:
            stream = self.streams.get(status.source)
            for each in self.streams.all if status.source is None or stream is None else [stream]:
                each.window.filling = True
        self.report_status_of(status.state, status.text, status.source)

    def note_backend_error(self) -> None:
        """An error that means nothing else: it may explain the ending that follows."""
        error: Remark = self.message
        self.backend_error = one_line(error.text)
        self.report_status_of("error", self.backend_error)

    def take_metrics(self) -> None:
        """The backend's figures open the window and show what it dropped."""
        metrics: Metrics = self.message
        stream = self.streams.get(metrics.source)
        if stream is None:
            return
        self.backend_error = ""
        # First what was dropped: it lay behind what was drained when the last figures came.
        if metrics.dropped > self.dropped:
            self.streams.note_dropped(stream, metrics.dropped - self.dropped)
            self.dropped = metrics.dropped
            self.report_gaps(self.streams.take_gaps())
        if metrics.backlog is not None and stream.window.note_backlog(metrics.backlog, self.now):
            self.note_drained(stream)
        self.report(
            BackendMetrics(
                source=stream.box.source,
                backlog=metrics.backlog,
                dropped=metrics.dropped,
                realtime_factor=metrics.realtime_factor,
            )
        )

    def take_transcript(self) -> None:
        """Words: mapped to session time, clamped to what is news, kept and confirmed."""
        heard: Heard = self.message
        stream = self.streams.get(heard.source)
        if stream is None:
            self.count_trouble("foreign", "words of a source that this session does not have")
            return
        self.backend_error = ""
        self.note_alive(stream)
        box = stream.box
        start_at, end_at = to_samples(heard.start), to_samples(heard.end)
        start, end = box.interval(start_at, end_at)
        if end > box.confirmed:
            transcript = Transcript(
                source=box.source,
                text=heard.text,
                final=heard.final,
                start=max(start, box.confirmed) / SAMPLE_RATE,
                end=end / SAMPLE_RATE,
                confidence=heard.confidence,
                language=heard.language,
                speaker=heard.speaker,
                segment_id=heard.segment_id,
            )
            # Reported before it is confirmed: if the process is killed in between, the final is
            # repeated on resume, and not lost.
            self.report_transcript(transcript)
            if heard.final:
                self.confirm(box, end)
                self.retry.note_progress()
        else:
            self.counts["duplicates"] += heard.final
        # What is out of the queue is proved last: without a horizon that is these very words.
        if stream.window.note_drained(box.sent_by(end_at)):
            self.note_drained(stream)

    def take_insight(self) -> None:
        """What the backend noticed goes to the app as it is."""
        self.backend_error = ""
        noticed: Noticed = self.message
        self.report(Insight(kind=noticed.kind, payload=noticed.payload))

    # Losing.

    def abort_socket(self) -> None:
        """Drop the socket without a closing handshake: it is dead, or there is no time."""
        self.out.append(AbortSocket(self.dial))

    def end_dial(self) -> None:
        """The dial is over: its timers, its partials, its claim on unproven audio."""
        self.dial_live = self.line_open = self.start_due = False
        self.disarm(DIAL_TIMERS)
        self.report_gaps(self.streams.end_dial())
        for retraction in self.timeline.retract():
            self.report(retraction)

    def count_loss(self) -> None:
        """Count the loss before the next dial, which needs a fresh credential after a REAUTH."""
        self.retry.count_loss(self.now)
        self.deadlines[Timer.GIVE_UP] = self.retry.give_up_at
        verdict = self.retry.verdict
        if verdict is not None and verdict.action is Action.REAUTH:
            self.credential_wanted = True
        self.aim_home()

    def await_retry(self) -> None:
        """Wait until the time of the plan."""
        self.deadlines[Timer.RETRY] = self.retry.until

    def retry_early(self) -> None:
        """The network is back: now, or as soon as the gate lets it."""
        self.deadlines[Timer.RETRY] = self.retry.gate.opens_at(self.now)

    # Ending.

    def note_abort(self) -> None:
        """The app wants no proper end."""
        self.end_reason = "aborted"

    def note_stop(self) -> None:
        """The app wants the end: no more audio, and a limit that is never extended."""
        if self.stop_wanted:
            return
        self.stop_wanted = True
        self.streams.close()
        self.deadlines[Timer.SOURCE] = OFF
        self.deadlines[Timer.FINISH] = self.finish_at

    def give_up_finishing(self) -> None:
        """There will be no dial in time."""
        self.retry.give_up_finishing()

    def take_summary(self) -> None:
        """The final message: all that was sent is dealt with, unless there is a doubt."""
        self.summary = self.message
        proves = not (self.doubtful or self.dropped)
        for stream in self.streams.all:
            box = stream.box
            self.summary_covers[box.source] = box.span(0, box.dial_sent)
            if proves:
                self.confirm(box, box.sent)

    def close_socket(self) -> None:
        """Begin the closing handshake; from here every loss is the end."""
        self.line_open = False
        self.disarm(DIAL_TIMERS)
        self.disarm(SESSION_TIMERS)
        self.arm(Timer.CLOSE, self.policy.close_timeout)
        self.out.append(CloseSocket(self.dial, CLOSE_NORMAL))

    def report_end(self) -> None:
        """The one result."""
        self.dial_live = self.line_open = self.start_due = False
        self.disarm(ALL_TIMERS)
        self.streams.close()
        for retraction in self.timeline.retract():
            self.report(retraction)
        self.report_gaps(self.streams.end())
