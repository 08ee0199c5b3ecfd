"""LiveKit's audio frames in, a session's words out as speech events.

Theory of operation. A stream is a session: it opens with the stream, its source ends with the
input, and its words become events: the beginning of speech, interim and final transcripts, the end
of speech, and how much audio was used. A lost line is the session's business: it is dialled again,
and no word is lost. So an error is told only when the session has given up, and none of them is
retryable: LiveKit's own retries would begin again without the audio that was not transcribed.

A final is sent for each one of the session, and its times are those of the stream, moved by
LiveKit's ``start_time_offset``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeAlias

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    LanguageCode,
    NotGivenOr,
    stt,
)
from livekit.agents.types import TimedString
from livekit.agents.utils import AudioBuffer

from openline.backend import Backend
from openline.dialects.options import language_of, speaking, tells_speakers
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.events import SourceKind
from openline.policy import Policy
from openline.reconnect.rules import Action
from openline.updates import SAMPLE_RATE, Ended, Transcript, TranscriptWord
from openline_asyncio.opening import open_session
from openline_asyncio.session import Session
from openline_asyncio.sources.pushed import PushSource
from openline_audio.handover import SourceClosedError
from openline_audio.source import Sink, Source
from openline_audio.stated import StatedPcm
from openline_driver.exception_groups import raise_alone
from openline_driver.options import Credentials
from openline_speech.naming import source_name
from openline_speech.utterances import Begun, Final, Over, SoFar, Step, Utterances

_Kind: TypeAlias = stt.SpeechEventType


class STT(stt.STT[Any]):
    """Speech to text by a backend that openline speaks to.

    ``backend`` to ``ssl_context`` are those of ``openline_asyncio.open_session``. ``language``
    sets the language of a dialect with such an option; ``stream`` and ``recognize`` may name
    another. Audio of any rate and channel count is taken.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        dialect: Dialect = DEFAULT,
        credentials: Credentials = None,
        policy: Policy | None = None,
        language: str | None = None,
        proxy: str | bool = True,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=True,
                diarization=tells_speakers(dialect),
                aligned_transcript="chunk",
            )
        )
        self._dialect = dialect if language is None else speaking(dialect, language)
        self._language = language or language_of(self._dialect)
        self.source_name = source_name(dialect)  #: of the one source of a session
        self._arguments: dict[str, Any] = {
            "backend": backend,
            "credentials": credentials,
            "policy": policy,
            "proxy": proxy,
            "ssl_context": ssl_context,
        }
        self._streams: set[SpeechStream] = set()

    @property
    def model(self) -> str:
        """The name of the dialect."""
        return self._dialect.name

    @property
    def provider(self) -> str:
        """Always ``openline``."""
        return "openline"

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> SpeechStream:
        """Open a stream, and its session."""
        stream = SpeechStream(self, language=language, conn_options=conn_options)
        self._streams.add(stream)
        return stream

    def opening(
        self, source: Source, language: NotGivenOr[str]
    ) -> AbstractAsyncContextManager[Session]:
        """The session of a stream."""
        dialect = speaking(self._dialect, language) if isinstance(language, str) else self._dialect
        return open_session(sources={self.source_name: source}, dialect=dialect, **self._arguments)

    def asked(self, language: NotGivenOr[str]) -> str:
        """The language of words of which the backend tells none; empty: unknown."""
        return language if isinstance(language, str) else self._language

    def forget(self, stream: SpeechStream) -> None:
        """A stream has ended."""
        self._streams.discard(stream)

    async def aclose(self) -> None:
        """Close all streams."""
        for stream in list(self._streams):
            await stream.aclose()

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        del conn_options  # the policy of the session counts
        frames = buffer if isinstance(buffer, list) else [buffer]
        source = _Recorded(frames)
        async with self.opening(source, language) as session:
            ended = await session.wait()
        _check(ended)
        text = " ".join(each.text for each in ended.transcript)
        data = speech_data(ended.transcript, text, 0.0, self.asked(language))
        return stt.SpeechEvent(_Kind.FINAL_TRANSCRIPT, session.session_id, alternatives=[data])


class _Recorded:
    """Audio that is there already, as a source that can wait."""

    kind = SourceKind.STORE

    def __init__(self, frames: Iterable[rtc.AudioFrame]) -> None:
        pcm = StatedPcm()
        self._frames = [each for frame in frames for each in _converted(pcm, frame)]
        self._frames += pcm.finish()

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(map(len, self._frames)) / 2 / SAMPLE_RATE

    async def run(self, sink: Sink) -> None:
        """Deliver, as fast as the session takes it."""
        sink.started(asyncio.get_running_loop().time())
        for frame in self._frames:
            await sink.room()
            sink.audio(frame)


class SpeechStream(stt.RecognizeStream):
    """One stream of audio, and its session. Made by ``STT.stream``."""

    def __init__(
        self, maker: STT, *, language: NotGivenOr[str], conn_options: APIConnectOptions
    ) -> None:
        super().__init__(stt=maker, conn_options=conn_options)
        self._maker = maker
        self._language = language
        self._used = 0.0  # seconds of audio that are not reported yet
        self._task.add_done_callback(lambda _: maker.forget(self))

    async def _run(self) -> None:
        try:
            await self._listen()
        except ExceptionGroup as group:  # of the task that feeds: LiveKit reports the error itself
            raise_alone(group, Exception)
            raise

    async def _listen(self) -> None:
        source, heard = PushSource(), Utterances()
        opening = self._maker.opening(source, self._language)
        async with opening as session, asyncio.TaskGroup() as group:
            feeding = group.create_task(self._feed(source, session))
            async for update in session:
                for step in heard.read(update):
                    self._tell(step, session.session_id)
            feeding.cancel()
        self._report(session.session_id)
        _check(await session.wait())

    async def _feed(self, source: PushSource, session: Session) -> None:
        """Push the input, and take no more of it while the session has no room."""
        pcm = StatedPcm()
        with suppress(SourceClosedError):  # the session has ended
            async for each in self._input_ch:
                if isinstance(each, rtc.AudioFrame):
                    self._used += each.duration
                    for frame in _converted(pcm, each):
                        source.send(frame)
                    await asyncio.sleep(0)  # the session takes it
                    await session.room(self._maker.source_name)
            for frame in pcm.finish():
                source.send(frame)
        source.close()

    def _tell(self, step: Step, request_id: str) -> None:
        """Send an event."""
        match step:
            case Begun():
                self._send(_Kind.START_OF_SPEECH, request_id)
            case SoFar(text, newest):
                self._send(_Kind.INTERIM_TRANSCRIPT, request_id, self._data([newest], text))
            case Final(words):
                self._send(_Kind.FINAL_TRANSCRIPT, request_id, self._data([words], words.text))
            case Over():
                self._send(_Kind.END_OF_SPEECH, request_id)
                self._report(request_id)

    def _send(self, kind: stt.SpeechEventType, request_id: str, *data: stt.SpeechData) -> None:
        self._event_ch.send_nowait(stt.SpeechEvent(kind, request_id, alternatives=list(data)))

    def _data(self, words: Sequence[Transcript], text: str) -> stt.SpeechData:
        return speech_data(words, text, self.start_time_offset, self._maker.asked(self._language))

    def _report(self, request_id: str) -> None:
        """How much audio was used since the last report."""
        used, self._used = self._used, 0.0
        if used:
            usage = stt.RecognitionUsage(audio_duration=used)
            event = stt.SpeechEvent(_Kind.RECOGNITION_USAGE, request_id, recognition_usage=usage)
            self._event_ch.send_nowait(event)


def _converted(pcm: StatedPcm, frame: rtc.AudioFrame) -> list[bytes]:
    return pcm.feed(bytes(frame.data), frame.sample_rate, channels=frame.num_channels)


def speech_data(
    words: Sequence[Transcript], text: str, offset: float, asked: str
) -> stt.SpeechData:
    """What LiveKit knows of ``words``, whose text is ``text``; ``offset`` moves their times.

    ``asked``: their language if the backend tells none.
    """
    if not words:
        return stt.SpeechData(LanguageCode(asked), text)
    first, last = words[0], words[-1]
    sure = [each.confidence for each in words if each.confidence is not None]
    timed = [_timed(each, offset) for part in words for each in part.words]
    return stt.SpeechData(
        LanguageCode(last.language or asked),
        text,
        start_time=first.start + offset,
        end_time=last.end + offset,
        confidence=min(sure, default=0.0),
        speaker_id=last.speaker,
        words=timed or None,
    )


def _timed(word: TranscriptWord, offset: float) -> TimedString:
    times: dict[str, Any] = {
        name: value + offset
        for name, value in (("start_time", word.start), ("end_time", word.end))
        if value is not None
    }
    if word.confidence is not None:
        times["confidence"] = word.confidence
    return TimedString(word.text, speaker_id=word.speaker, **times)


def _check(ended: Ended) -> None:
    """Raise the error for a session that is not complete, if it is not."""
    if ended.complete:
        return
    match ended.action:
        case Action.REAUTH:
            raise APIStatusError(ended.reason, status_code=401, retryable=False)
        case Action.RETRY | Action.LATER:
            raise APIConnectionError(ended.reason, retryable=False)
        case _:
            raise APIError(ended.reason, retryable=False)
