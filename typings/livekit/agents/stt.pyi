import asyncio
from collections.abc import AsyncIterator
from enum import Enum
from typing import Generic, Literal, TypeVar

from livekit import rtc
from livekit.agents import APIConnectOptions, LanguageCode, NotGivenOr
from livekit.agents.types import TimedString
from livekit.agents.utils import AudioBuffer

T = TypeVar("T")

class SpeechEventType(str, Enum):
    START_OF_SPEECH = "start_of_speech"
    INTERIM_TRANSCRIPT = "interim_transcript"
    FINAL_TRANSCRIPT = "final_transcript"
    RECOGNITION_USAGE = "recognition_usage"
    END_OF_SPEECH = "end_of_speech"

class SpeechData:
    def __init__(
        self,
        language: LanguageCode,
        text: str,
        start_time: float = ...,
        end_time: float = ...,
        confidence: float = ...,
        speaker_id: str | None = ...,
        *,
        words: list[TimedString] | None = ...,
    ) -> None: ...

class RecognitionUsage:
    def __init__(self, audio_duration: float) -> None: ...

class SpeechEvent:
    def __init__(
        self,
        type: SpeechEventType,
        request_id: str = ...,
        alternatives: list[SpeechData] = ...,
        recognition_usage: RecognitionUsage | None = ...,
    ) -> None: ...

class STTCapabilities:
    def __init__(
        self,
        streaming: bool,
        interim_results: bool,
        *,
        diarization: bool = ...,
        aligned_transcript: Literal["word", "chunk", False] = ...,
    ) -> None: ...

class STT(Generic[T]):
    def __init__(self, *, capabilities: STTCapabilities) -> None: ...
    @property
    def model(self) -> str: ...
    @property
    def provider(self) -> str: ...
    async def _recognize_impl(
        self, buffer: AudioBuffer, *, language: NotGivenOr[str], conn_options: APIConnectOptions
    ) -> SpeechEvent: ...
    def stream(
        self, *, language: NotGivenOr[str] = ..., conn_options: APIConnectOptions = ...
    ) -> RecognizeStream: ...
    async def aclose(self) -> None: ...

class _Input:
    def __aiter__(self) -> AsyncIterator[object]: ...

class _Events:
    def send_nowait(self, value: SpeechEvent) -> None: ...

class RecognizeStream:
    _task: asyncio.Task[None]
    _input_ch: _Input
    _event_ch: _Events
    def __init__(self, *, stt: STT[object], conn_options: APIConnectOptions) -> None: ...
    @property
    def start_time_offset(self) -> float: ...
    async def _run(self) -> None: ...
    async def aclose(self) -> None: ...
    def push_frame(self, frame: rtc.AudioFrame) -> None: ...
