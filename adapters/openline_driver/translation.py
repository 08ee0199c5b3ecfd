"""What each command of the machine becomes: an effect for the face, an update, or nothing yet.

A command is translated when its turn comes, and not when the machine gives it: so a final is
on disk before the app can read it, and a dial carries the newest credential.
"""

from __future__ import annotations

from collections.abc import Callable

from openline import commands as c
from openline import events as e
from openline.updates import Ended, SourceEnded, SourceEndReason
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.addresses import Addresses
from openline_driver.credentials import CredentialStore
from openline_driver.dials import Dials
from openline_driver.http import host_header, request_headers
from openline_driver.options import SessionOptions
from openline_driver.updates import Updates


class Translation:
    """The commands of one session on their way out."""

    def __init__(
        self, options: SessionOptions, credentials: CredentialStore, clock: Callable[[], float]
    ) -> None:
        self.updates = Updates()
        self.dials = Dials(options.addresses or Addresses())
        #: The result, from the moment that it lies in ``updates``.
        self.ended: Ended | None = None
        #: Wakes the sender of the newest dial.
        self.wake = fx.Wake(0)
        #: The credential that is being asked for; 0: none.
        self.request = 0
        self._is_refused = False  # it is asked for because the last one was refused
        self._options = options
        self._credentials = credentials
        self._clock = clock

    def translate(self, command: c.Command) -> fx.Effect | None:
        """The effect of ``command``, if there is something to carry out."""
        if isinstance(command, c.Report):  # as most of them are
            update = command.update
            if isinstance(update, Ended):
                self.ended = update
            self.updates.put(update)
            return self._note(update) if isinstance(update, SourceEnded) else None
        return self._carry(command)

    def _note(self, update: SourceEnded) -> fx.NoteRead | None:
        """A source has ended: of a recording it is noted, where there is a disk."""
        options, source = self._options, update.source
        is_recording = options.kinds.get(source) is e.SourceKind.STORE
        is_whole = is_recording and update.cause is SourceEndReason.EXHAUSTED
        return fx.NoteRead(source) if is_whole and options.store_bytes else None

    def _carry(self, command: c.Order) -> fx.Effect | None:
        """The effect of a command that is no report."""
        match command:
            case c.OpenSocket():
                return self._dial(command) if self.dials.open(command) else None
            case c.AbortSocket(dial):
                alive = self.dials.abort(command, self._clock())
                return fx.AbortDial(dial) if alive else None
            case c.CloseSocket(dial, code):
                return fx.CloseDial(dial, code)
            case c.RequestCredential(request, fresh):
                self.request, self._is_refused = request, fresh
                return fx.AskCredential(
                    request, fresh, self._credentials.current if fresh else None
                )
            case c.CancelCredential(request):
                self.request = 0
                return fx.StopAsking(request)
            case c.CloseSource(source):
                return fx.ReleaseSource(source)
            case _:  # storage
                return command

    def answered(self, event: f.CredentialGiven | f.ProviderFailed, now: float) -> e.Event:
        """What the answer of a provider means."""
        if event.request != self.request:
            # A provider in a thread cannot be cancelled: its answer is not kept, only counted.
            return e.CredentialFailed(event.request)
        self.request = 0
        if isinstance(event, f.ProviderFailed):
            return self._credentials.failed(event, now, refused=self._is_refused)
        return self._credentials.accept(event, now)

    def _dial(self, command: c.OpenSocket) -> fx.Dial:
        options, store, backend = self._options, self._credentials, command.backend
        credential = store.current if command.with_credential else None
        parameter = options.dialect.traits.key_parameter
        carriers = () if parameter else store.headers
        self.wake = fx.Wake(command.dial)
        return fx.Dial(
            dial=command.dial,
            backend=backend,
            host=host_header(backend),
            target=backend.target(credential, options.dialect.query(), parameter),
            headers=request_headers(backend, credential, carriers, options.user_agent),
            subprotocols=(*options.dialect.subprotocols(credential), *backend.subprotocols),
            connection_id=options.new_id(),
        )
