"""``OpenlineUser`` on a clock that moves only in the wait. Locust itself runs in tests/interop.

Here stands in its place what a user takes of it: a base class, a mark for tasks, and an event.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline_audio.files import read_pcm
from openline_audio.source import SourceError
from openline_blocking import open_session
from tests.faces.blocking_harness import World, lock_step
from tests.faces.script import Peer, Steps

GOFORWARD = Path(__file__).parents[1] / "data" / "goforward.wav"
NAME = "openline_load.locust"
T = TypeVar("T")


class User:
    """Locust's, as far as ours needs it."""

    host: str | None = None

    def __init__(self, environment: Any) -> None:
        self.environment = environment

    def context(self) -> dict[str, Any]:
        return {"user": 1}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def task(function: T) -> T:
        return function

    locust = ModuleType("locust")
    vars(locust).update(User=User, task=task)
    monkeypatch.setitem(sys.modules, "locust", locust)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    yield import_module(NAME)
    sys.modules.pop(NAME, None)


def called(
    module: Any, monkeypatch: pytest.MonkeyPatch, world: World, **changes: Any
) -> list[dict[str, Any]]:
    """One call of a user; the requests that it fired."""
    opened = partial(open_session, connect=world.connect, random=lambda: 0.5)
    monkeypatch.setattr(module, "open_session", opened)
    fired: list[dict[str, Any]] = []

    def fire(**given: Any) -> None:
        fired.append(given)

    request = SimpleNamespace(fire=fire)
    user = type("Caller", (module.OpenlineUser,), {"audio": GOFORWARD, **changes})(
        SimpleNamespace(events=SimpleNamespace(request=request))
    )
    user.call()
    return fired


def script(number: int, backend: Backend) -> Steps:
    peer = Peer(number, backend)
    yield from peer.open()
    yield from peer.echo()


def test_a_call_fires_its_figures(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with lock_step(script) as world:
        fired = called(module, monkeypatch, world, host="ws://127.0.0.1:8000/ws")
    names = [each["name"] for each in fired]
    seconds = len(read_pcm(GOFORWARD)) / 32_000
    finals = int(seconds / 0.5) + 1
    assert names[:4] == ["connect", "ack", "first_words", "final"]
    assert names[-2:] == ["finish", "own_lateness"]
    assert names.count("final") == finals
    for each in fired:
        assert each["request_type"] == "openline"
        assert each["exception"] is None
        assert each["response_length"] == 0
        assert each["context"] == {"user": 1}
    times = {each["name"]: each["response_time"] for each in fired}
    assert times["first_words"] == pytest.approx(500, abs=20)
    assert 0 < times["final"] < 100
    assert times["own_lateness"] == pytest.approx(0, abs=1)
    assert 0 < times["finish"] < 100


def hangs(number: int, backend: Backend) -> Steps:
    peer = Peer(number, backend)
    yield from peer.upgrade()
    yield from peer.hang()


def refuses(number: int, backend: Backend) -> Steps:
    yield from Peer(number, backend).refuse(404)


@pytest.mark.parametrize(
    ("answer", "names"),
    [(hangs, ["connect", "ack", "finish"]), (refuses, ["connect", "finish"])],
)
def test_a_call_that_gets_no_line_is_a_failure(
    answer: Any, names: list[str], module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock_step(answer) as world:
        fired = called(module, monkeypatch, world, backend=Backend(), policy=Policy(max_attempts=0))
    assert [each["name"] for each in fired] == [*names, "own_lateness"]
    wrong = [each for each in fired if each["exception"] is not None]
    assert [each["name"] for each in wrong] == names[-2:]
    assert isinstance(wrong[0]["exception"], module.LineError)
    assert isinstance(wrong[1]["exception"], module.IncompleteError)
    assert all(str(each["exception"]) for each in wrong)
    assert all(each["response_time"] >= 0 for each in fired)


def breaks(number: int, backend: Backend) -> Steps:
    peer = Peer(number, backend)
    yield from peer.open()
    yield from peer.echo(frames=30 if number == 1 else None)


def test_a_line_that_is_lost_is_a_failure_at_once(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock_step(breaks) as world:
        fired = called(module, monkeypatch, world, backend=Backend())
    [wrong] = [each for each in fired if each["exception"] is not None]
    assert wrong["name"] == "line"
    assert isinstance(wrong["exception"], module.LineError)
    assert [each["name"] for each in fired].index("line") < len(fired) - 2
    assert fired[-2]["exception"] is None


def test_a_function_may_give_the_token(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def provide() -> str:
        asked.append("asked")
        return "token"

    with lock_step(script) as world:
        fired = called(module, monkeypatch, world, backend=Backend(), credentials=provide)
    assert asked == ["asked"]
    assert fired[-2]["exception"] is None


def test_a_recording_that_cannot_be_used_is_one_line(
    module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with lock_step(script) as world, pytest.raises(SourceError, match="does not exist"):
        called(module, monkeypatch, world, backend=Backend(), audio=tmp_path / "none.wav")


def test_without_locust_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "locust", None)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    with pytest.raises(ModuleNotFoundError) as caught:
        import_module(NAME)
    assert str(caught.value) == 'users of Locust need more packages: pip install "openline[locust]"'
