"""Every step that a session may take next: the alphabet of an exhaustive walk.

It has every event; events of the current dial and request, of earlier ones and of those to
come; an ending for every action of a verdict, for strikes, and for each code that the
dialect defines; every sample message; time that runs to just before the next deadline, to
it, past it, to a later one or through a night; a sender that gets one turn, or as many as
it can use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from openline import events as e
from openline.dialects.protocol import Dialect, Ids
from openline.reconnect.verdicts import ErrorKind, Sender
from openline_testing.samples import Sample, fill
from openline_testing.scope import is_in_scope
from openline_testing.steps import ALL, Run, Step, tick

#: One ending for each verdict of the default table.
ENDINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "reset": {"error": ErrorKind.RESET},
    "closed for a restart (1012)": {"code": 1012, "sender": Sender.REMOTE},
    "refused for later (503)": {"status": 503, "retry_after": 7.0},
    "refused for much later (429)": {"status": 429, "retry_after": 1e9},
    "refused the credential (401)": {"status": 401},
    "refused for good (404)": {"status": 404},
    "forbidden (403)": {"status": 403},
    "no such host": {"error": ErrorKind.DNS_NOT_FOUND},
    "closed for good (1002)": {"code": 1002, "sender": Sender.REMOTE},
    "closed with an unknown code (4999)": {"code": 4999, "sender": Sender.REMOTE},
    "answered by a captive portal (200)": {"status": 200},
}
#: Seconds by which a deadline is missed, and in a night.
LATE, NIGHT = 1.0, 30_000.0
#: Enough audio to shut a window: 1.7 s.
MUCH = bytes(2 * 27_200)
FRAME = bytes(640)


class Alphabet:
    """The steps of a session of ``dialect`` with ``sources``."""

    def __init__(
        self, dialect: Dialect, sources: tuple[str, ...], samples: Mapping[str, Sample]
    ) -> None:
        self._sources = sources
        self._samples = samples
        self._renews = not is_in_scope(dialect)  # a credential that is due decides how
        self._endings: dict[str, Mapping[str, Any]] = dict(ENDINGS)
        for code in dialect.traits.codes:
            self._endings[f"closed with {code}"] = {"code": code, "sender": Sender.REMOTE}
        self._app = list(self._of_the_app())
        self._known: dict[tuple[int, int], list[tuple[str, e.Event]]] = {}

    def steps(self, run: Run) -> Iterator[Step]:
        """Every step from here, the most informative first."""
        now = run.now
        seen = run.world.seen
        for name, event in self._app:
            yield Step(name, now, event)
        for name, event in self._of_dial_and_request(seen.dial, seen.requested):
            yield Step(name, now, event)
        yield Step("the sender sends", now, pulls=1)
        yield Step("the sender sends all there is", now, pulls=ALL)
        for i, (timer, at) in enumerate(run.deadlines.items()):
            yield tick(f"time runs to {timer.name}", at)
            if i == 0:  # each timer is the next one at some point of the walk
                before = math.nextafter(at, 0.0)
                if before > now:
                    yield tick(f"time runs to just before {timer.name}", before)
                yield tick(f"time runs past {timer.name}", at + LATE)
        yield tick("a night passes", now + NIGHT)

    def _of_the_app(self) -> Iterator[tuple[str, e.Event]]:
        yield "the app opens", e.OpenRequested()
        yield "the app stops", e.StopRequested()
        yield "the app aborts", e.AbortRequested()
        yield "the network is back", e.NetworkRestored()
        yield "the app skips to live audio", e.SkipRequested()
        first = self._sources[0]
        yield f"{first} captures much", e.AudioCaptured(first, MUCH)
        for source in self._sources:
            yield f"{source} captures something", e.AudioCaptured(source, FRAME)
            yield f"{source} ends", e.SourceFinished(source)
        yield f"{first} starts", e.SourceStarted(first, 0.0)
        yield f"{first} is lost", e.SourceFailed(first, "unplugged")
        yield f"{first} waits for its device", e.DeviceLost(first, "usb", "unplugged")
        yield f"{first} has a device again", e.DeviceFound(first, "usb", "it is back")
        yield f"{first} is muted", e.SilenceHeard(first, 10.0)
        yield f"{first} could not capture", e.CaptureHole(first, 320)
        yield "audio of no source", e.AudioCaptured("no source", FRAME)
        yield "half a sample", e.AudioCaptured(first, b"\0")
        yield "audio from a disk that there is not", e.AudioFetched(first, 0, b"")
        yield "the disk fails", e.SpoolFailed("full")

    def _of_dial_and_request(self, dial: int, request: int) -> list[tuple[str, e.Event]]:
        key = dial, request
        if key not in self._known:
            self._known[key] = [
                *self._answers("", request),
                *self._answers(" that is over", request - 1),
                *self._of_dial("", dial),
                *self._of_dial(" of an earlier dial", dial - 1),
                *self._of_dial(" of a dial to come", dial + 1),
            ]
        return self._known[key]

    def _answers(self, of: str, request: int) -> Iterator[tuple[str, e.Event]]:
        yield f"a credential{of}", e.CredentialReady(request)
        if self._renews:
            yield f"a credential for now{of}", e.CredentialReady(request, due_at=0.0)
        yield f"no credential{of}", e.CredentialFailed(request)
        yield f"never a credential{of}", e.CredentialFailed(request, fatal=True)
        yield f"something else than a credential{of}", e.CredentialFailed(request, unusable=True)

    def _of_dial(self, of: str, dial: int) -> Iterator[tuple[str, e.Event]]:
        ids = Ids(session_id="session", attempt_id="attempt", connection_id=f"connection {dial}")
        yield f"the socket opens{of}", e.SocketOpened(dial, ids.connection_id)
        yield f"a redirect{of}", e.Redirected(dial, 302, "/there")
        yield f"a pong{of}", e.PongReceived(dial, b"1")
        for name, fields in self._endings.items():
            yield f"{name}{of}", e.SocketLost(dial=dial, **fields)
            if of:
                break  # all late losses take the same path
        if not of:
            yield "a redirect to elsewhere", e.Redirected(dial, 302, "wss://example.org/x")
            yield "a redirect to where it is not safe", e.Redirected(dial, 302, "http://x.org")
            yield "the end, without a cause", e.SocketLost(dial=dial)
        for name, sample in self._samples.items():
            yield f"message {name!r}{of}", e.MessageReceived(dial, fill(sample, ids))
            if of:
                break
