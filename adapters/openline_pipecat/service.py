"""Pipecat's frames in, a session's words out.

Theory of operation. The session runs in a task of the service, from the start of the pipeline on.
Audio is converted and pushed; it never waits. An ``EndFrame`` ends the source, and is passed on
when the last words have come; on a line that is down, after ``Policy.finish_timeout``. Pipecat
holds back even a ``CancelFrame`` until then. A ``CancelFrame`` aborts. A ``StopFrame`` changes
nothing: another pipeline may go on with the service, and its ``StartFrame`` finds the session open.

A lost line is the session's business: the pipeline gets no error while it is dialled again, and no
word is lost. An error frame comes when the session has failed or cannot be opened, which leaves the
service unusable, or when words are missing at its end.

A new language, where the dialect has an option for it, opens another session, while the one before
is still waited for. So does audio after a session has ended, if Pipecat takes the service for
usable: its settings were updated. Behind an ``EndFrame`` nothing opens a session.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import Any

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.time import time_now_iso8601

from openline.backend import Backend
from openline.dialects.options import speaking
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline.reconnect.rules import Action
from openline.updates import Ended, State, StateChanged, Transcript, Update
from openline_asyncio.opening import open_session
from openline_asyncio.sources.pushed import PushSource
from openline_audio.handover import SourceClosedError
from openline_audio.stated import StatedPcm
from openline_driver.exception_groups import leaves
from openline_driver.options import Credentials
from openline_speech.naming import source_name
from openline_speech.utterances import Final, SoFar, Utterances


class _Line:
    """One session: its source, its audio and its task."""

    def __init__(self) -> None:
        self.source = PushSource()
        self.task: asyncio.Task[None] | None = None
        self.is_connected = False
        self._pcm = StatedPcm()

    @property
    def is_over(self) -> bool:
        """Whether it takes no more audio."""
        return self.task is None or self.task.done()

    def push(self, audio: bytes, rate: int, channels: int) -> None:
        """Send 16-bit PCM. Nothing of it is kept once the session has ended."""
        try:
            for frame in self._pcm.feed(audio, rate, channels=channels):
                self.source.send(frame)
        except SourceClosedError:
            pass

    def close(self) -> None:
        """No more audio: the session finishes."""
        try:
            for frame in self._pcm.finish():
                self.source.send(frame)
        except SourceClosedError:
            pass
        self.source.close()


class OpenlineSTTService(STTService):
    """Speech to text by a backend that openline speaks to.

    ``backend`` to ``ssl_context`` are those of ``openline_asyncio.open_session``.
    ``settings.language`` sets the language of a dialect with such an option; the rest of
    ``settings`` is not used. Other arguments are those of Pipecat's ``STTService``.

    Audio of any rate and channel count is taken. ``TranscriptionFrame.result`` is the
    ``Transcript`` with its times, speaker and words. ``on_connected``, ``on_disconnected`` and
    ``on_connection_error`` follow the state of the line.
    """

    Settings = STTSettings

    def __init__(
        self,
        backend: Backend,
        *,
        dialect: Dialect = DEFAULT,
        credentials: Credentials = None,
        policy: Policy | None = None,
        proxy: str | bool = True,
        ssl_context: ssl.SSLContext | None = None,
        settings: STTSettings | None = None,
        **given: Any,
    ) -> None:
        own = STTSettings(model=dialect.name, language=None)
        if settings is not None:
            own.apply_update(settings)
        super().__init__(settings=own, **given)
        self._dialect = dialect
        self._arguments: dict[str, Any] = {
            "backend": backend,
            "credentials": credentials,
            "policy": policy,
            "proxy": proxy,
            "ssl_context": ssl_context,
        }
        self._form: tuple[int, int] | None = None
        self._line: _Line | None = None
        self._is_stopped = False
        self._tasks: set[asyncio.Task[None]] = set()

    def can_generate_metrics(self) -> bool:
        """It can: Pipecat measures from the end of speech to the transcript."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Open the session, unless it is open."""
        await super().start(frame)
        self._is_stopped = False
        self._ensure_line()

    async def stop(self, frame: EndFrame) -> None:
        """Finish the session, and wait for its last words."""
        self._is_stopped = True
        if self._line is not None:
            self._line.close()
        while self._tasks:
            await asyncio.wait(self._tasks)
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Abort the session."""
        self._is_stopped = True
        await super().cancel(frame)
        await self._abort()

    async def cleanup(self) -> None:
        """Leave nothing behind."""
        await super().cleanup()
        await self._abort()

    async def process_audio_frame(
        self, frame: InputAudioRawFrame, direction: FrameDirection
    ) -> None:
        """Take a frame, unless the service is muted."""
        self._form = (frame.sample_rate, frame.num_channels)
        await super().process_audio_frame(frame, direction)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Push audio; the words come from the session's task."""
        if not self._is_stopped:
            rate, channels = self._form or (self.sample_rate, 1)
            self._ensure_line().push(audio, rate, channels)
        yield None

    async def _update_settings(self, delta: STTSettings) -> dict[str, Any]:
        before = self._spoken()
        changed = await super()._update_settings(delta)
        if self._line is not None and not self._is_stopped and self._spoken() != before:
            self._line.close()
            self._open()
        return changed

    def _record_stt_audio_usage(self, audio: bytes | bytearray) -> None:
        """Count seconds by the form of the frame: Pipecat takes all audio for the pipeline's.

        Audio behind the end is dropped (``run_stt``), and not counted.
        """
        if self._is_stopped:
            return
        rate, channels = self._form or (self.sample_rate, 1)
        self._stt_usage_pending_seconds += len(audio) / (2 * max(1, rate * channels))

    def _spoken(self) -> Dialect:
        language = self._settings.language
        return speaking(self._dialect, str(language)) if language else self._dialect

    def _ensure_line(self) -> _Line:
        return self._open() if self._line is None or self._line.is_over else self._line

    def _open(self) -> _Line:
        line = self._line = _Line()
        line.task = self.create_task(self._carry(line, self._spoken()), "openline")
        self._tasks.add(line.task)
        line.task.add_done_callback(self._tasks.discard)
        return line

    async def _abort(self) -> None:
        for task in list(self._tasks):
            await self.cancel_task(task)

    async def _carry(self, line: _Line, dialect: Dialect) -> None:
        """One session, from its opening to its end. An error of it is told."""
        try:
            await self._listen(line, dialect)
        except Exception as error:  # noqa: BLE001  # of an argument or a dialect, or a bug: told
            if line.is_connected:
                await self._call_event_handler("on_disconnected")
            first, *_ = leaves(error)
            await self._tell(
                f"{type(first).__name__}: {first}",
                exception=first if isinstance(first, Exception) else error,
                force_treat_as_permanent=True,
            )

    async def _listen(self, line: _Line, dialect: Dialect) -> None:
        heard = Utterances()
        sources = {source_name(dialect): line.source}
        session = open_session(sources=sources, dialect=dialect, **self._arguments)
        async with session as updates:
            async for update in updates:
                await self._follow(update, line)
                for step in heard.read(update):
                    match step:
                        case SoFar(text, newest) if text:
                            await self.push_frame(self._frame(newest, text, final=False))
                        case Final(words) if words.text:
                            await self.emit_stt_usage_metrics()
                            await self.push_frame(self._frame(words, words.text, final=True))
                        case _:
                            pass

    async def _follow(self, update: Update, line: _Line) -> None:
        """Tell how the line stands."""
        match update:
            case StateChanged(state=State.STREAMING) if not line.is_connected:
                line.is_connected = True
                await self._call_event_handler("on_connected")
            case StateChanged(state=State.RECONNECTING | State.CLOSED | State.FAILED):
                if line.is_connected:
                    line.is_connected = False
                    await self._call_event_handler("on_disconnected")
            case Ended(complete=False, reason=reason):
                has_failed = update.state is State.FAILED
                category = _category(update) if has_failed else None
                await self._tell(reason, category=category, force_treat_as_permanent=has_failed)
            case _:
                pass

    async def _tell(self, reason: str, **given: Any) -> None:
        await self._call_event_handler("on_connection_error", reason)
        await self.push_error(reason, **given)

    def _frame(
        self, words: Transcript, text: str, *, final: bool
    ) -> TranscriptionFrame | InterimTranscriptionFrame:
        kind = TranscriptionFrame if final else InterimTranscriptionFrame
        return kind(
            text, self._user_id, time_now_iso8601(), _language(words.language), result=words
        )


def _category(ended: Ended) -> ErrorCategory:
    match ended.action:
        case Action.REAUTH:
            return ErrorCategory.AUTHENTICATION
        case Action.RETRY | Action.LATER:
            return ErrorCategory.CONNECTIVITY
        case _:
            return ErrorCategory.UNKNOWN


def _language(tag: str | None) -> Language | None:
    try:
        return None if tag is None else Language(tag)
    except ValueError:  # Pipecat does not know it
        return None
