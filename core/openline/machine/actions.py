"""WHAT: the guards and actions that the chart names, over the state of one session.

``SessionMachine`` stores the input that arrived (``message``, ``pong``, the plan in ``retry``)
and fires one event; the rows that run call the methods below by name. Guards are pure and read
only stored data. Actions change the data, arm timers and append commands; they never raise,
never fire events and never read ``state``.

A dial is *live* from the moment it goes out until it is lost, aborted or over. An input with
another number, or of a dial that is no longer live, is dropped before it reaches the chart.
"""

from __future__ import annotations

from openline.audio.stream import Stream
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    OpenSocket,
    RequestCredential,
)
from openline.dialects.checking import begin_checked
from openline.events import Move
from openline.machine.life import Leaving
from openline.machine.opening import Opening
from openline.machine.rotation import CLOSE_NORMAL, Rotating
from openline.machine.timers import (
    ALL_TIMERS,
    DIAL_TIMERS,
    OFF,
    SESSION_TIMERS,
    STATE_TIMERS,
    Timer,
)


class Actions(Opening, Rotating):
    """The work of one session; the chart calls it by name.

    ``opening`` has the steps up to an open line, ``words`` and ``proofs`` the backend's messages,
    ``rotation`` how a dial is replaced by the next one.
    """

    __slots__ = ()

    # Guards: pure questions.

    def needs_credential(self) -> bool:
        """Whether the provider must be asked before the next dial."""
        return self.credential_wanted or self.now >= self.credential_due_at

    def gate_open(self) -> bool:
        """Whether a dial may go out this instant."""
        return self.retry.gate.opens_at(self.now) <= self.now

    def no_retry(self) -> bool:
        """Whether the plan is never to dial again."""
        return self.retry.until == OFF

    def network_hint_applies(self) -> bool:
        """Whether a restored network may end the delay."""
        return self.retry.network_hint_applies

    def all_delivered(self) -> bool:
        """Whether all captured audio is confirmed or given up."""
        return not self.streams.undelivered

    def retry_too_late(self) -> bool:
        """Whether no dial can come before the limit of a session that is stopped now."""
        return self.retry.comes_too_late(self.now, self.finish_at)

    def stopping(self) -> bool:
        """Whether the app has requested the stop."""
        return self.stop_wanted

    def stop_sent(self) -> bool:
        """Whether this dial's stop has gone out, so that a final message is not late."""
        return self.stop_is_sent

    # Opening.

    def disarm_state_timers(self) -> None:
        """The state is left, so its timers end."""
        self.disarm(STATE_TIMERS)

    def start_clocks(self) -> None:
        """Start to watch the sources for silence, and the time for a first contact."""
        self.retry.met_at = self.now + self.policy.first_contact
        self.deadlines[Timer.SOURCE] = self.watch.begin(self.now)

    def request_credential(self) -> None:
        """Request a credential. The gate counts it, unless it is only due and a dial follows."""
        if self.credential_wanted:
            self.retry.gate.note(self.now)
        # If this one fails no dial follows, and the next request counts.
        self.credential_wanted = True
        self.request += 1
        self.arm(Timer.AUTH, self.policy.auth_timeout)
        self.out.append(RequestCredential(self.request, self.credential_refused))

    def note_credential(self) -> None:
        """The provider answered; only an answer to a refusal uses up the one REAUTH."""
        due_at = self.credential.due_at
        self.credential_due_at = OFF if due_at is None else due_at
        if self.credential.backend is not None:
            self.move_home(self.credential.backend)
        if self.credential_refused:
            self.retry.reauth_used, self.retry.unchanged = True, self.credential.unchanged
        self.credential_wanted = self.credential_refused = False

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
        self.start_due = self.start_sent = self.greeted = False
        self.stop_is_sent = self.tail_is_sent = False
        self.ends = self.dialect.traits.ends
        self.memory = begin_checked(self.dialect)
        self.life.begin(self.now, self.dialect.traits.longest)
        self.queued.clear()
        self.sent_audio = self.sent_messages = 0
        self.upkeep.begin_dial(self.now)
        self.out.append(OpenSocket(self.dial, self.target, self.with_credential))

    def leave_dial(self) -> None:
        """The redirect has ended this dial; the one that it leads to waits for the gate."""
        self.dial_live = False

    # Keeping.

    def count_late(self) -> None:
        """Count an event that came too early or too late to be valid."""
        self.counts["late"] += 1

    def await_stable(self) -> None:
        """The backoff and the strikes are reset once the line has held for ``stable_after``."""
        self.arm(Timer.STABLE, self.policy.stable_after)

    def note_stable(self) -> None:
        """The line held for ``stable_after``; a socket that was only open is no line yet."""
        self.retry.held = True
        if not self.streamed:
            self.await_stable()
            return
        self.retry.note_stable()
        if not any(
            each.due_since != OFF and not self.is_excused(each) for each in self.streams.all
        ):
            self.retry.note_heard()

    def request_ping(self) -> None:
        """A ping is due; ``pong_timeout`` runs from now, even if the ping is not sent yet."""
        self.ping_wanted = True
        self.arm_pong()

    # Losing.

    def abort_socket(self) -> None:
        """Drop the socket without a closing handshake, which would fail or take too long."""
        self.out.append(AbortSocket(self.dial))

    def end_dial(self) -> None:
        """End the dial's timers, retract its partials, and keep unconfirmed audio for the next."""
        self.dial_live = self.line_open = self.start_due = False
        self.life.leaving = Leaving.NOT
        self.disarm(DIAL_TIMERS)
        self.report_losses(self.streams.end_dial())
        for retraction in self.timeline.retract():
            self.report(retraction)

    def count_loss(self) -> None:
        """Count the loss before the next dial, which needs a fresh credential after a REAUTH."""
        self.retry.count_loss(self.now)
        self.deadlines[Timer.GIVE_UP] = self.retry.give_up_due
        self.report_outage()
        if self.retry.wants_fresh:
            self.credential_wanted = self.credential_refused = True
        self.aim_home()

    def await_retry(self) -> None:
        """Arm RETRY for the time of the plan."""
        self.deadlines[Timer.RETRY] = self.retry.until

    def retry_early(self) -> None:
        """The network is back: dial now, or as soon as the gate opens."""
        self.deadlines[Timer.RETRY] = self.retry.until = self.retry.gate.opens_at(self.now)

    # Ending.

    def note_abort(self) -> None:
        """The app aborts the session, which another process may go on with."""
        if self.move is None:
            self.end_reason = "aborted"
        elif self.move is Move.RESUMED:
            self.end_reason = "moved: another process delivers what is left"
        else:
            self.end_reason = "moved: another process begins it anew"

    def note_stop(self) -> None:
        """The app requests the stop: refuse further audio, and set a limit that never moves."""
        if self.stop_wanted:
            return
        self.stop_wanted = True
        self.streams.close()
        self.deadlines[Timer.SOURCE] = OFF
        self.deadlines[Timer.FINISH] = self.finish_at

    def bring_retry_forward(self) -> None:
        """The next dial comes before the limit of the session, which is stopped now."""
        self.retry.bring_forward(self.now, self.deadlines[Timer.FINISH])
        self.await_retry()

    def give_up_finishing(self) -> None:
        """Give up: no dial is possible within the limit."""
        self.retry.give_up_finishing()

    def close_socket(self) -> None:
        """Begin the closing handshake; a loss from here on is the normal end."""
        self.line_open = False
        self.disarm(DIAL_TIMERS)
        self.disarm(SESSION_TIMERS)
        self.arm(Timer.CLOSE, self.policy.close_timeout)
        self.out.append(CloseSocket(self.dial, CLOSE_NORMAL))

    def _confirm_promised(self, stream: Stream, *, is_left: bool) -> None:
        """The session is over: nothing more comes for what the final message confirms.

        If words are left partial, their audio stays unconfirmed on disk: resuming sends it again.
        """
        stream.is_left = is_left and stream.box.hearing.is_exact
        stream.box.hearing.decide()
        self.confirm(stream.box, stream.promised, on_disk=not stream.is_left)

    def report_end(self) -> None:
        """End every timer and source, and report the last gaps; the result follows."""
        self.dial_live = self.line_open = self.start_due = False
        self.disarm(ALL_TIMERS)
        self.streams.close()
        left = self.timeline.live
        if not self.end_reason:
            self.note_unfinal(left)
        for retraction in self.timeline.retract():
            self.report(retraction)
        for stream in self.streams.all:
            if stream.promised:
                is_left = any(each.source == stream.box.source for each in left)
                self._confirm_promised(stream, is_left=is_left)
            self.note_unproved(stream.box)
        self.report_losses(self.streams.end())
        self.spooled = False  # what follows is of this result: another process may still fill gaps
        self.report_losses(self.streams.settle())
