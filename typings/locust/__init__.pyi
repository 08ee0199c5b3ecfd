from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T", bound=Callable[..., Any])

class _Event:
    def fire(self, **kwargs: Any) -> None: ...

class _Events:
    request: _Event

class Environment:
    events: _Events

class User:
    abstract: bool
    host: str | None
    wait_time: Callable[..., float]
    environment: Environment
    def __init__(self, environment: Environment) -> None: ...
    def context(self) -> dict[str, Any]: ...

def task(function: _T) -> _T: ...
def constant(wait_time: float) -> Callable[..., float]: ...
