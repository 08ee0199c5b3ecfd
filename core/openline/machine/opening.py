"""How a line is opened: what the backend says first, when the start goes out, what opens.

The traits of a dialect decide. Each row is one kind of backend:

    greets  replies   the start goes out           the line is open
    no      yes       when the socket is open      at the reply (``Status.ack``) to the start
    yes     yes       at the greeting              at the reply, the second ``ack``
    yes     no        first on the open line       at the greeting, the first ``ack``
    no      no        first on the open line       when the socket is open

The start goes out no earlier than the start delay after dialling, and no line opens before that.
``patience`` bounds the wait for the greeting, and that for the reply.
"""

from __future__ import annotations

from openline.dialects.protocol import Status
from openline.machine.timers import OFF, Timer
from openline.machine.words import Words


class Opening(Words):
    """The guards and actions that the chart names from the open socket to the open line."""

    __slots__ = ()

    # Guards.

    def opens_now(self) -> bool:
        """Whether the line opens without a reply to the start, at this instant."""
        traits = self.dialect.traits
        is_greeted = self.greeted or not traits.greets
        return is_greeted and not traits.replies and self._settled_at <= self.now

    def opens_stopped(self) -> bool:
        """The same, of a session that is to stop."""
        return self.stop_wanted and self.opens_now()

    def greeting_goes_first(self) -> bool:
        """Whether an ack is the greeting, and the line does not open with it."""
        traits = self.dialect.traits
        is_due = traits.greets and not self.greeted
        return is_due and (traits.replies or self._settled_at > self.now)

    def start_unsent(self) -> bool:
        """Whether an ack comes too early: the start that it would answer has not gone out."""
        is_answer = self.dialect.traits.replies or self._settled_at > self.now
        return is_answer and not self.start_sent

    @property
    def _settled_at(self) -> float:
        """When the start delay is over."""
        return self.dialled_at + self.policy.start_delay_of(self.dialect.traits)

    # Actions.

    def note_opened(self) -> None:
        """The socket is open."""
        self.connection_id = self.opened_id

    def await_ack(self) -> None:
        """Wait for the greeting, or request the start."""
        if self.dialect.traits.greets:
            self._await_reply()
        else:
            self._settle()

    def take_greeting(self) -> None:
        """The backend greets: the start follows."""
        self.greeted = True
        self.deadlines[Timer.ACK] = OFF
        self._note_ends()
        self.report_status()
        self._settle()

    def _settle(self) -> None:
        """Request the start, but no earlier than the start delay after the dial."""
        if self._settled_at > self.now:
            self.deadlines[Timer.SETTLE] = self._settled_at
        else:
            self.request_start()

    def request_start(self) -> None:
        """The start is due; the timeout of its ack begins."""
        self.start_due = True
        self._await_reply()

    def _await_reply(self) -> None:
        patience = self.dialect.traits.patience
        self.arm(Timer.ACK, self.policy.ack_timeout if patience is None else patience)

    def open_line(self) -> None:
        """Audio may flow, and the dial's timers run; a start that is not out yet goes first."""
        self.line_open = True
        self.start_due = not self.start_sent
        self.ping_wanted = False
        self.dropped, self.doubtful, self._finals = 0, False, 0
        self.flushing_since = OFF
        self.deadlines[Timer.GIVE_UP] = OFF  # judged at the next loss
        self.arm(Timer.PING, self.policy.ping_interval)
        is_acked = isinstance(self.message, Status)  # else the socket alone opens it
        if is_acked:
            self._note_ends()
        self.streams.begin_dial(self.now, self.ends)
        if is_acked:
            self.report_status()

    def _note_ends(self) -> None:
        status: Status = self.message
        self.ends = status.ends or self.ends
