"""Sessions that share a provider: one call, whoever leaves, in one run or in several."""

from __future__ import annotations

import gc
import threading
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from openline.updates import State
from openline_trio import CredentialError, SharedProvider, Token, TokenFile, open_session
from openline_trio.shared_calls import ask
from tests.support_lines import Frames, Peer
from tests.support_sessions import BACKEND, Play, drop, echo, last, refuse_token
from tests.trio.test_session_credentials import token_of


class Calls:
    """An async provider whose calls the test ends."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.end = trio.Event()
        self.outcome: str | Token | BaseException = "token"

    async def __call__(self) -> str | Token:
        self.begun += 1
        try:
            await self.end.wait()
        except trio.Cancelled:
            self.cancelled += 1
            raise
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


async def keep(into: list[object], provider: SharedProvider, refused: str | None = None) -> None:
    try:
        into.append(await ask(provider, refused))
    except Exception as error:  # noqa: BLE001  # the test looks at it
        into.append(error)


@pytest.mark.parametrize("outcome", ["token", CredentialError("shut"), KeyError("x")])
async def test_one_call_serves_all_who_wait(outcome: str | Exception) -> None:
    calls, got = Calls(), list[object]()
    calls.outcome = outcome
    shared = SharedProvider(calls)
    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(keep, got, shared)
        await trio.testing.wait_all_tasks_blocked()
        calls.end.set()
    assert got == [outcome] * 100
    assert calls.begun == 1


async def test_cancelled_session_leaves_the_call_to_the_others() -> None:
    calls, got = Calls(), list[object]()
    shared = SharedProvider(calls)
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as first:
            first.start_soon(keep, got, shared)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(keep, got, shared)
            await trio.testing.wait_all_tasks_blocked()
            first.cancel_scope.cancel()
        calls.end.set()
    assert (got, calls.begun, calls.cancelled) == (["token"], 1, 0)


async def test_call_without_a_session_is_cancelled() -> None:
    calls, got = Calls(), list[object]()
    shared = SharedProvider(calls)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, got, shared)
        nursery.start_soon(keep, got, shared)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert (got, calls.begun, calls.cancelled) == ([], 1, 1)
    calls.end.set()
    assert await ask(shared, None) == "token"
    assert calls.begun == 2


async def test_call_that_all_have_left_before_it_begins_is_not_made() -> None:
    calls = Calls()
    shared = SharedProvider(calls)
    with trio.CancelScope() as scope:
        scope.cancel()
        await ask(shared, None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, list[object](), shared)
        nursery.cancel_scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert calls.begun == 0


async def test_tokens_for_one_dial_are_called_for_one_by_one() -> None:
    numbers = iter(range(10))

    async def provide() -> Token:
        return Token(f"once-{next(numbers)}", reuse=False)

    got: list[object] = []
    shared = SharedProvider(provide)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(keep, got, shared)
    assert {each.value for each in got if isinstance(each, Token)} == {
        f"once-{number}" for number in range(5)
    }


async def test_exit_of_the_app_in_a_provider_is_no_failed_credential() -> None:
    async def provide() -> str:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await ask(SharedProvider(provide), None)


async def test_sessions_lost_together_renew_their_token_with_one_call(
    autojump_clock: MockClock, play: Play
) -> None:
    """Ten sessions are refused at once; the provider is asked once for all of them."""
    asked: list[float] = []

    async def provide() -> str:
        asked.append(trio.current_time())
        await trio.sleep(3)
        return "first" if len(asked) == 1 else "second"

    shared, complete = SharedProvider(provide), list[bool]()

    async def one() -> None:
        net = play.net(refuse_token, echo)
        async with open_session(
            BACKEND, {"mic": Frames(20)}, connect=net, credentials=shared
        ) as session:
            complete.append((await session.wait()).complete)
        assert [token_of(peer) for peer in net.dials] == ["first", "second"]

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(one)
    assert complete == [True] * 10
    assert len(asked) == 2


async def test_token_is_renewed_before_it_expires(
    autojump_clock: MockClock, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dial within the lead of the expiry brings a new token, and no dial is refused."""
    monkeypatch.setattr("time.time", lambda: 1e9 + trio.current_time())
    numbers = iter(["first", "second"])

    async def provide() -> Token:
        return Token(next(numbers), expires_at=1e9 + trio.current_time() + 60)

    net = play.net(partial(drop, seconds=10), partial(drop, seconds=40), echo)
    updates = await play(net, Frames(4000), credentials=SharedProvider(provide, lead=30))
    assert last(updates).complete
    assert [token_of(peer) for peer in net.dials] == ["first", "first", "second"]


class AtOnce(TokenFile):
    """Read in the loop: the clock of these tests would jump while a thread is at work."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, pause=lambda _: None)
        self.blocks = False

    async def provide(self, refused: str | None) -> str:  # type: ignore[override]
        return super().provide(refused)


async def test_token_file_is_read_before_each_dial(
    autojump_clock: MockClock, play: Play, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first-token\n")

    async def renewing(peer: Peer) -> None:
        await drop(peer)
        file.write_text("second-token\n")

    net = play.net(renewing, echo)
    ended = last(await play(net, Frames(100), credentials=AtOnce(file)))
    assert ended.complete
    assert [token_of(peer) for peer in net.dials] == ["first-token", "second-token"]


@pytest.mark.parametrize("content", [None, "", "two words\n"])
async def test_token_file_that_never_held_a_token_ends_the_session_at_once(
    autojump_clock: MockClock, play: Play, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    net = play.net(echo)
    began = trio.current_time()
    ended = last(await play(net, Frames(100), credentials=AtOnce(file)))
    assert trio.current_time() - began < 0.1
    assert (ended.state, net.dials) == (State.FAILED, [])
    assert f"{file}: " in ended.reason


async def test_token_file_that_holds_the_refused_token_ends_the_session(
    autojump_clock: MockClock, play: Play, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first-token\n")
    net = play.net(refuse_token)
    ended = last(await play(net, Frames(5), credentials=AtOnce(file)))
    assert ended.state is State.FAILED
    assert len(net.dials) == 2
    assert "the provider gave the refused token again" in ended.reason


@pytest.mark.repeats
def test_thousand_calls_leave_no_thread_task_or_token() -> None:
    shared = SharedProvider(lambda: Token("once", reuse=False))

    async def main() -> tuple[int, int]:
        counts: list[int] = []
        for number in range(1001):
            await ask(shared, None)
            if number in {100, 1000}:
                await trio.testing.wait_all_tasks_blocked()
                gc.collect()
                counts.append(trio.lowlevel.current_statistics().tasks_living)
        return counts[0], counts[1]

    first, then = trio.run(main)
    assert first == then
    assert threading.active_count() < 20
