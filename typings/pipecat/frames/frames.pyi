from typing import Any

from pipecat.services.settings import STTSettings
from pipecat.transcriptions.language import Language

class Frame: ...
class StartFrame(Frame): ...
class EndFrame(Frame): ...
class CancelFrame(Frame): ...

class InputAudioRawFrame(Frame):
    audio: bytes
    sample_rate: int
    num_channels: int

class InterimTranscriptionFrame(Frame):
    text: str
    def __init__(
        self,
        text: str,
        user_id: str,
        timestamp: str,
        language: Language | None = ...,
        result: Any = ...,
    ) -> None: ...

class TranscriptionFrame(Frame):
    text: str
    def __init__(
        self,
        text: str,
        user_id: str,
        timestamp: str,
        language: Language | None = ...,
        result: Any = ...,
    ) -> None: ...

class STTUpdateSettingsFrame(Frame):
    delta: STTSettings | None
