from typing import Any

class STTSettings:
    model: str | None
    language: str | None
    def __init__(self, *, model: str | None = ..., language: str | None = ...) -> None: ...
    def apply_update(self, delta: STTSettings) -> dict[str, Any]: ...
