from livekit.agents import stt as stt
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS as DEFAULT_API_CONNECT_OPTIONS,
)
from livekit.agents.types import (
    NOT_GIVEN as NOT_GIVEN,
)
from livekit.agents.types import (
    APIConnectOptions as APIConnectOptions,
)
from livekit.agents.types import (
    NotGivenOr as NotGivenOr,
)

class LanguageCode(str): ...

class APIError(Exception):
    message: str
    retryable: bool
    def __init__(self, message: str, *, retryable: bool = ...) -> None: ...

class APIConnectionError(APIError): ...

class APIStatusError(APIError):
    def __init__(
        self, message: str, *, status_code: int = ..., retryable: bool | None = ...
    ) -> None: ...
