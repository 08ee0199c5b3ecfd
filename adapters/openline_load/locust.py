"""A user of Locust whose task is a session: its figures are Locust's requests.

    from openline_load.locust import OpenlineUser

    class Caller(OpenlineUser):
        host = "wss://speech.example/ws"
        audio = "meeting.wav"

The sessions are those of ``openline_blocking``, which hold up their own greenlet alone. Each fires,
as requests of the type ``openline``, with response times in ms:

============  =======================================================================
connect       from the dial to the open WebSocket
ack           from the start to the acknowledged line
first_words   from the first sample to the first words
final         each final, from when the frame with the audio at its end was due
line          each line that was lost, as a failure; connect and ack fail with each dial
finish        from the last sample to the end; it fails if the session is not complete
own_lateness  the most that a frame was late: the generator's own, not the backend's
============  =======================================================================

Install the extra ``locust``. Locust patches Python for gevent when it is imported, so import it, or
this module, first.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, ClassVar, Final

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.events import Event, SourceKind
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import SAMPLE_RATE, Ended, State, StateChanged, Update
from openline_audio.files import read_pcm
from openline_audio.source import FRAME_SAMPLES, Sink
from openline_load.figures import Call, Interval, Outcome
from openline_load.own import Own
from openline_load.watch import Watch

try:
    from locust import User, task
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'users of Locust need more packages: pip install "openline[locust]"', name=error.name
    ) from None

from openline_blocking.opening import open_session
from openline_blocking.tasks import here, sleep_until

_TYPE: Final = "openline"
_LOST: Final = frozenset({State.RECONNECTING, State.FAILED})


class LineError(Exception):
    """A dial failed, or a line was lost, and the session dials again or ends; the reason."""


class IncompleteError(Exception):
    """A session ended, and something is missing; the text is the session's reason."""


#: A recording is decoded once for all users.
_recording: Final = lru_cache(maxsize=64)(read_pcm)


class _Voice:
    """The audio of one call, each frame when it is due."""

    kind = SourceKind.DEVICE
    may_be_silent = True
    duration = None

    def __init__(self, call: Call, own: Own, pcm: bytes, frame: float) -> None:
        self._call, self._own, self._pcm = call, own, pcm
        self._size = 2 * max(1, round(frame * SAMPLE_RATE))
        self.last_at: float | None = None

    async def run(self, sink: Sink) -> None:
        now = here().poller.now
        start = now()
        self._call.talked(start, frame=self._size // 2, length=len(self._pcm) // 2)
        sink.started(start)
        for at in range(0, len(self._pcm), self._size):
            frame = self._pcm[at : at + self._size]
            due = start + (at + len(frame)) / 2 / SAMPLE_RATE
            await sleep_until(due)
            self._own.frame(due, now())
            sink.audio(frame)
            self.last_at = now()


class _Fire(Observer):
    """Fires each figure as soon as it is there."""

    def __init__(self, user: OpenlineUser, call: Call) -> None:
        self._user, self._call = user, call
        self._fired: set[str] = set()
        self._finals = self._refusals = 0

    def on_event(self, event: Event, now: float) -> None:  # noqa: ARG002  # the call knows
        """A socket may have opened."""
        self._look()

    def on_update(self, update: Update, now: float) -> None:
        """A change, words, the end."""
        self._look()
        call = self._call
        while self._finals < call.final_count:
            self._user.fire("final", call.final_lag(self._finals))
            self._finals += 1
        if isinstance(update, StateChanged) and update.state in _LOST:
            refused, self._refusals = call.refusals > self._refusals, call.refusals
            begun = (call.dialled_at if refused else call.acked_at) or now
            name = "line" if not refused else "ack" if call.opened_at else "connect"
            self._user.fire(name, Interval(begun, now), LineError(update.reason))

    def _look(self) -> None:
        for name in ("connect", "ack", "first_words"):
            if name not in self._fired and (found := getattr(self._call, name)) is not None:
                self._fired.add(name)
                self._user.fire(name, found)


class OpenlineUser(User):
    """A user whose task is a session that says ``audio``. Subclass it.

    ``host`` is the backend's URL, as of ``--host``, or give a ``backend``; ``dialect`` and
    ``policy``, ``credentials`` and the name of the ``source`` are those of ``open_session``.
    ``frame`` is how much audio is captured at once, in seconds.
    """

    abstract = True
    backend: ClassVar[Backend | None] = None
    dialect: ClassVar[Dialect | None] = None
    policy: ClassVar[Policy | None] = None
    credentials: ClassVar[Any] = None  # a function of a class has no type that fits
    source: ClassVar[str] = "mic"
    audio: ClassVar[str | os.PathLike[str]]
    frame: ClassVar[float] = FRAME_SAMPLES / SAMPLE_RATE

    def fire(self, name: str, took: Interval, error: Exception | None = None) -> None:
        """Tell Locust of a figure."""
        self.environment.events.request.fire(
            request_type=_TYPE,
            name=name,
            response_time=1000 * took.seconds,
            response_length=0,
            exception=error,
            context=self.context(),
        )

    @task
    def call(self) -> None:
        """One session, from its dial to its end."""
        pcm = _recording(os.fspath(self.audio))
        call, own = Call(0, 0.0), Own()
        voice = _Voice(call, own, pcm, self.frame)
        backend = self.backend or Backend.from_url(self.host or "")
        session = open_session(
            backend,
            {self.source: voice},
            dialect=self.dialect,
            policy=self.policy,
            credentials=type(self).credentials,  # a function is no method here
            network_hints=False,
            observers=(Watch(call), _Fire(self, call)),
        )
        for update in session:
            if isinstance(update, Ended):
                self._finish(call, own, voice.last_at)

    def _finish(self, call: Call, own: Own, last_at: float | None) -> None:
        ended_at = call.ended_at or 0.0
        took = Interval(ended_at if last_at is None else last_at, ended_at)
        error = None if call.outcome is Outcome.COMPLETE else IncompleteError(call.reason)
        self.fire("finish", took, error)
        self.fire("own_lateness", Interval(0.0, own.frames.most))
