"""One socket at a time: a dial goes out only when the socket of the one before is gone.

A dial *ends* when the face reports its loss, or when it is aborted. Its socket is *released* a
moment later, when the face has closed it (``Released``). The machine knows only of the end and may
dial again at once, so the new dial is held here until the old socket is released. Example:

    machine                 face
    AbortSocket(1)          AbortDial(1)
    OpenSocket(2)           (held)
                            Released(1) is fed
                            Dial(2)

A face that has not released a socket ``RELEASE`` seconds after the end of its dial has lost it: the
dial is counted as abandoned, and the held one goes out.
"""

from __future__ import annotations

from typing import Final

import msgspec

from openline.commands import AbortSocket, OpenSocket
from openline.events import Redirected, SocketLost
from openline.reconnect.verdicts import ErrorKind
from openline_driver.addresses import Addresses

#: Seconds after the end of a dial in which its socket has to be released.
RELEASE: Final = 1.0
#: Codes that no close frame carries (RFC 6455 §7.4.1): a library uses them for "none came".
#: (1005 stands for a frame without a code, and is reported as it is.)
NO_FRAME: Final = frozenset({1006, 1015})


class Dials:
    """The dial whose socket may be open, one to be released, and one that waits for it.

    ``addresses`` are told how each dial went.
    """

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        #: Dials whose socket was not released in time.
        self.abandoned = 0
        #: When the socket that is to be released is overdue; None if there is none.
        self.deadline: float | None = None
        self._alive = 0  # went out and has not ended; 0: none
        self._ending = 0  # ended, and its socket is to be released by the deadline; 0: none
        self._held: OpenSocket | None = None

    def is_alive(self, dial: int) -> bool:
        """Whether the dial went out and has not ended."""
        return 0 < dial == self._alive

    def open(self, command: OpenSocket) -> bool:
        """Whether the dial may go out now; otherwise it is held."""
        if self._alive or self._ending:
            self._held = command
            return False
        self._alive = command.dial
        return True

    def abort(self, command: AbortSocket, now: float) -> bool:
        """Whether there is something to abort; a dial that is held is dropped."""
        if self._held is not None and self._held.dial == command.dial:
            self._held = None
        if self.is_alive(command.dial):
            self.addresses.dropped()
        return self.end(command.dial, now)

    def end(self, dial: int, now: float) -> bool:
        """The dial ends: its socket is to be released in time. False if it is not alive."""
        if not self.is_alive(dial):
            return False
        self.addresses.ended()
        self._alive, self._ending = 0, dial
        self.deadline = now + RELEASE
        return True

    def release(self, dial: int) -> OpenSocket | None:
        """The socket of ``dial`` is gone. The dial that was held and may go out now."""
        if self.is_alive(dial):
            self._alive = 0
        elif dial == self._ending:
            self._ending, self.deadline = 0, None
        if self._alive or self._ending:
            return None
        held, self._held = self._held, None
        return held

    def abandon(self, now: float) -> OpenSocket | None:
        """Give up a socket that is overdue. The dial that was held and may go out now."""
        if self.deadline is None or now < self.deadline:
            return None
        self.abandoned += 1
        return self.release(self._ending)


def one_cause(event: SocketLost | Redirected) -> SocketLost | Redirected:
    """``event`` with the one cause that counts.

    A close frame is the last word of a peer, and explains what broke behind it. Without a frame,
    and without an HTTP status, there is an error: a cut, if the face knows no other.
    """
    if isinstance(event, Redirected) or event.status is not None:
        return event
    if event.code is not None and event.code not in NO_FRAME:
        return msgspec.structs.replace(event, error=None, detail="")
    error = event.error or ErrorKind.CUT
    return msgspec.structs.replace(event, code=None, sender=None, reason="", error=error)
