"""The laws of dials: one socket, one request, the gate, and the target of a credential.

Everything that opens a socket or requests a credential passes the gate, so it is counted
here, independently of the core. Only a request because a credential is due is not counted, for
the dial behind it is.
"""

from __future__ import annotations

import math

from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    OpenSocket,
    RequestCredential,
)
from openline.events import OpenRequested
from openline.updates import State
from openline_testing.laws import SLACK, broken
from openline_testing.observation import OVER, Observation

#: The states that may have been reported before a command, so that the app knows its cause.
STATES: dict[type, frozenset[State]] = {
    OpenSocket: frozenset({State.CONNECTING}),
    RequestCredential: frozenset({State.AUTHORIZING}),
    CancelCredential: OVER | {State.RECONNECTING},
    CloseSocket: frozenset({State.CLOSING}),
    AbortSocket: OVER | {State.RECONNECTING},
}
#: Seconds in which the gate lets no more than its number through.
MINUTE = 60.0


class Dialing:
    """Observes sockets and credentials."""

    __slots__ = ("_home", "needs_fresh", "passes", "seen")

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.passes: list[float] = []
        self._home: Backend | None = None
        self.needs_fresh = False  # the credential was refused, and no other has come

    @property
    def newest(self) -> float:
        """When the last pass of the gate was; -inf: there was none."""
        return self.passes[-1] if self.passes else -math.inf

    def commanded(
        self,
        command: OpenSocket | RequestCredential | CancelCredential | AbortSocket | CloseSocket,
        due: float,
    ) -> None:
        """Check a command against the laws; ``due`` seconds of audio are not confirmed."""
        seen = self.seen
        if seen.state not in STATES[type(command)]:
            broken("state fits", f"{command} while {seen.state}", seen.now)
        match command:
            case OpenSocket():
                self._opens(command, due)
            case RequestCredential():
                self._asks(command, due)
            case CancelCredential(request):
                if request != seen.request:
                    broken("credential first", f"cancelled request {request}, not out", seen.now)
                seen.request = None
            case AbortSocket(dial):
                if dial != seen.live:
                    broken("one socket", f"aborted dial {dial}, which is not out", seen.now)
                seen.live = None
            case CloseSocket(dial, code):
                if dial != seen.live or not seen.finished or code != 1000:
                    broken(
                        "the final message",
                        f"closed dial {dial} with {code}, the final message "
                        f"{'having' if seen.finished else 'not having'} come",
                        seen.now,
                    )

    def _opens(self, command: OpenSocket, due: float) -> None:
        seen, dial = self.seen, command.dial
        if seen.live is not None:
            broken("one socket", f"dialled {dial} while dial {seen.live} is out", seen.now)
        if dial != seen.dial + 1:
            broken("one socket", f"dial {dial} after dial {seen.dial}", seen.now)
        if seen.request is not None:
            broken("credential first", "dialled without the credential asked for", seen.now)
        if self.needs_fresh:
            broken("fresh credential", "dialled again with the refused credential", seen.now)
        if seen.has_provider and not seen.waited and seen.now >= seen.renew_at:
            broken("credential first", "dialled with a credential that was due", seen.now)
        self._aims(command)
        self._comes_back("dialled", due)
        seen.live = seen.dial = dial
        seen.dialled_at = seen.now
        seen.settled_at = seen.connection_id = seen.pulled_at = seen.pong_due = None
        seen.starts = seen.stops = 0
        seen.acked = False

    def _aims(self, command: OpenSocket) -> None:
        seen, there, before = self.seen, command.backend, self.seen.backend
        home = self._home if seen.redirected and self._home else there
        self._home = home
        if not seen.redirected:
            seen.hops, seen.cross_origin = 0, False
        elif before is not None:
            seen.hops += 1
            seen.cross_origin |= there.origin != before.origin
            self._may_follow(before, there, home)
        if command.with_credential == seen.cross_origin:
            how = "with" if command.with_credential else "without"
            broken("redirects", f"dialled {there.url} {how} the credential", seen.now)
        seen.backend = there
        seen.redirected = False

    def _may_follow(self, before: Backend, there: Backend, home: Backend) -> None:
        seen = self.seen
        if before.is_secure and not there.is_secure:
            broken("redirects", f"followed from {before.url} to {there.url}", seen.now)
        named = (Backend.from_url(each, allow_plain=True) for each in home.redirects_to)
        if there.origin not in {each.origin for each in (home, *named)}:
            broken("redirects", f"followed to {there.url}, which the app did not allow", seen.now)

    def _asks(self, command: RequestCredential, due: float) -> None:
        seen = self.seen
        if seen.live is not None or seen.request is not None:
            broken("credential first", "asked while a dial or a request is out", seen.now)
        if command.request != seen.requested + 1:
            broken("credential first", f"request {command.request} is out of turn", seen.now)
        if self.needs_fresh and not command.fresh:
            broken("fresh credential", "asked for the refused credential again", seen.now)
        if not self.needs_fresh and seen.now < seen.renew_at:
            broken("credential first", "asked though the last credential holds", seen.now)
        wanted = command.fresh or seen.renew_at == -math.inf
        self._comes_back("asked for a credential", due, counts=wanted)
        seen.renew_at = -math.inf  # if it fails, each later request counts
        seen.request = seen.requested = command.request
        seen.fresh = command.fresh
        seen.requested_at = seen.now

    def _comes_back(self, what: str, due: float, *, counts: bool = True) -> None:
        seen = self.seen
        if seen.refused:
            broken("fatal is final", f"{what} after {seen.refused} ruled it out", seen.now)
        if seen.finished:
            broken("the final message", f"{what} after the final message", seen.now)
        if seen.stop_wanted and not due and not isinstance(seen.event, OpenRequested):
            broken("stop wins", f"{what} though stopped, with nothing to deliver", seen.now)
        if seen.now < seen.dial_from - SLACK:
            broken("the delay", f"{what} {seen.dial_from - seen.now:.3f} s too early", seen.now)
        if not counts:
            return
        self.passes.append(seen.now)
        limit = min(seen.policy.dials_per_minute, 15)
        if len(self.passes) > limit:
            first = self.passes.pop(0)
            if seen.now - first <= MINUTE - SLACK:
                broken("the gate", f"{what}, {limit + 1} within {seen.now - first:.3f} s", seen.now)

    def gate_opens_in(self, span: float) -> float:
        """Seconds until the gate lets another dial through, over the last ``span`` seconds."""
        limit = min(self.seen.policy.dials_per_minute, 15)
        if len(self.passes) < limit:
            return 0.0
        return max(0.0, self.passes[-limit] + span - self.seen.now)
