from typing import TypeAlias, TypeVar

T = TypeVar("T")

class NotGiven: ...

NotGivenOr: TypeAlias = T | NotGiven
NOT_GIVEN: NotGiven

class APIConnectOptions:
    def __init__(self, max_retry: int = ..., retry_interval: float = ...) -> None: ...

DEFAULT_API_CONNECT_OPTIONS: APIConnectOptions

class TimedString(str):
    def __new__(
        cls,
        text: str,
        start_time: NotGivenOr[float] = ...,
        end_time: NotGivenOr[float] = ...,
        confidence: NotGivenOr[float] = ...,
        start_time_offset: NotGivenOr[float] = ...,
        speaker_id: str | None = ...,
    ) -> TimedString: ...
