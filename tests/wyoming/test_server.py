"""The sockets of the server, in memory: what waits, what is bounded, and what ends."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from wyoming.event import Event, async_read_event, async_write_event

from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect
from openline.updates import State, StateChanged, Update
from openline_asyncio.session import Session
from openline_audio.source import Source
from openline_cli.logs import logged
from openline_wyoming.offer import Offer
from openline_wyoming.server import Client, Service, serve
from tests.support_asyncio import run
from tests.wyoming.test_talk import FORM, ended, final

Updates = Callable[[Source], AsyncIterator[Update]]
PEER = ("192.0.2.7", 40_000)


class Plug:
    """The options of a socket."""

    def __init__(self) -> None:
        self.options: dict[tuple[int, int], int] = {}

    def setsockopt(self, level: int, name: int, value: int) -> None:
        self.options[level, name] = value


class Pipe(asyncio.Transport):
    """One direction of a connection in memory."""

    def __init__(self, to: asyncio.StreamReader, plug: Plug) -> None:
        super().__init__({"peername": PEER, "socket": plug})
        self._to = to
        self.plug = plug
        self.is_aborted = self.is_closed = False

    def write(self, data: Any) -> None:
        self._to.feed_data(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True
        self._to.feed_eof()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._to.feed_eof()

    def abort(self) -> None:
        self.is_aborted = self.is_closed = True


class Joint(asyncio.streams.FlowControlMixin):
    """The protocol of a ``Pipe``. ``closes``: whether the other side lets it close."""

    def __init__(self, *, closes: bool) -> None:
        super().__init__()
        self._closed = asyncio.get_running_loop().create_future()
        if closes:
            self._closed.set_result(None)

    def _get_close_waiter(self, stream: asyncio.StreamWriter) -> asyncio.Future[None]:
        return self._closed


def joined(
    to: asyncio.StreamReader, *, closes: bool = True
) -> tuple[asyncio.StreamWriter, Joint, Pipe]:
    pipe, joint = Pipe(to, Plug()), Joint(closes=closes)
    writer = asyncio.StreamWriter(pipe, joint, None, asyncio.get_running_loop())
    return writer, joint, pipe


class Wire:
    """A client's end of a connection, and the server's ``Client``."""

    def __init__(
        self,
        updates: Updates,
        *,
        patience: float = 5.0,
        silence: float | None = None,
        closes: bool = True,
        stop: asyncio.Event | None = None,
    ) -> None:
        self.notes: list[str] = []
        self.received = asyncio.StreamReader()
        sent = self.reader = asyncio.StreamReader()
        self.sent, _, _ = joined(sent)
        writer, self.joint, self.pipe = joined(self.received, closes=closes)
        service = Service(
            offer=Offer(dialect=EchoPanel()), open_one=opening(updates), patience=patience,
            silence=silence, note=self.notes.append,
        )  # fmt: skip
        self.client = Client(sent, writer, service, stop or asyncio.Event())

    async def say(self, kind: str, payload: bytes | None = None) -> None:
        await async_write_event(Event(kind, dict(FORM), payload), self.sent)

    async def answers(self) -> list[Event]:
        found: list[Event] = []
        async with asyncio.timeout(1_000):  # a fault would have the clock stand still
            while (event := await async_read_event(self.received)) is not None:
                found.append(event)
        self.sent.close()
        return found


def opening(updates: Updates) -> Callable[[Dialect, Source], AbstractAsyncContextManager[Session]]:
    """Sessions of which each has these updates."""

    @asynccontextmanager
    async def open_one(_dialect: Dialect, source: Source) -> AsyncGenerator[Session]:
        yield cast("Session", updates(source))

    return open_one


class Full:
    """A sink that has room for ``count`` frames."""

    def __init__(self, count: int) -> None:
        self.left = asyncio.Semaphore(count)
        self.taken: list[bytes] = []

    def started(self, at: float) -> None:
        """At any time."""

    def audio(self, pcm: bytes) -> None:
        self.taken.append(pcm)

    def hole(self, samples: int) -> None:
        raise AssertionError(samples)

    async def room(self) -> None:
        await self.left.acquire()


def taking(sink: Full) -> Updates:
    """A session that takes all audio, as there is room, and is complete."""

    async def updates(source: Source) -> AsyncIterator[Update]:
        await source.run(sink)
        yield ended()

    return updates


def state(name: State, reason: str = "") -> StateChanged:
    return StateChanged(state=name, dial=1, reason=reason)


async def silent(_source: Source) -> AsyncIterator[Update]:
    await asyncio.Event().wait()
    yield ended()


def kinds(events: list[Event]) -> list[str]:
    return [each.type for each in events]


def test_audio_waits_while_the_session_has_no_room() -> None:
    async def main() -> None:
        sink = Full(3)
        wire = Wire(taking(sink))
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            for _ in range(200):
                await wire.say("audio-chunk", bytes(640))
            await asyncio.sleep(1)
            assert len(sink.taken) == 4
            for _ in range(200):
                sink.left.release()
            await wire.say("audio-stop")
            await asyncio.sleep(1)
            assert len(sink.taken) == 200
            wire.sent.close()
            assert kinds(await wire.answers()) == [
                "transcript-start",
                "transcript",
                "transcript-stop",
            ]

    run(main)


def test_a_transcript_that_does_not_come_is_an_error_in_time() -> None:
    async def main() -> tuple[float, list[Event], list[str]]:
        wire = Wire(silent, patience=5.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await wire.say("audio-chunk", bytes(640))
            await asyncio.sleep(60)  # a long utterance
            await wire.say("audio-stop")
            stopped = asyncio.get_running_loop().time()
            found = await wire.answers()
            return asyncio.get_running_loop().time() - stopped, found, wire.notes

    took, events, notes = run(main)
    assert took == 5.0
    [error] = events
    assert error.data["code"] == "timeout"
    assert notes == [f"192.0.2.7:40000: {error.data['text']}"]


@pytest.mark.parametrize(
    ("states", "why"),
    [
        (
            [state(State.RECONNECTING, "nothing listens"), state(State.CONNECTING)],
            "nothing listens",
        ),
        ([state(State.RECONNECTING, "nothing listens"), state(State.STREAMING)], ""),
    ],
)
def test_a_transcript_that_does_not_come_names_what_is_wrong_with_the_line(
    states: list[StateChanged], why: str
) -> None:
    async def updates(_source: Source) -> AsyncIterator[Update]:
        for each in states:
            yield each
        await asyncio.Event().wait()

    async def main() -> list[Event]:
        wire = Wire(updates)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await wire.say("audio-chunk", bytes(640))
            await wire.say("audio-stop")
            return await wire.answers()

    [error] = run(main)
    expected = "no transcript within 5 s of the end of the audio"
    assert error.data["text"] == (f"{expected}: {why}" if why else expected)


def begun(opening: Callable[[Source], AsyncIterator[Update]]) -> tuple[list[Event], list[str]]:
    """The answers to a client that begins an utterance, and what the server notes."""

    async def main() -> tuple[list[Event], list[str]]:
        wire = Wire(opening)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await wire.say("audio-start")
            return await wire.answers(), wire.notes

    return run(main)


def test_a_dialect_that_raises_is_an_error_for_its_client() -> None:
    async def broken(_source: Source) -> AsyncIterator[Update]:
        yield final("go")
        raise ZeroDivisionError("by my dialect")

    events, _ = begun(broken)
    assert kinds(events) == ["transcript-start", "transcript-chunk", "error"]
    assert re.fullmatch(r"ZeroDivisionError \(.*, line \d+\)", events[-1].data["text"])


async def failed(_source: Source) -> AsyncIterator[Update]:
    yield ended(reason="no")


def test_a_client_that_does_not_read_its_error_is_left() -> None:
    async def main() -> float:
        wire = Wire(failed, closes=False)
        wire.joint.pause_writing()
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await wire.say("audio-start")
        wire.sent.close()
        assert wire.pipe.is_aborted
        return asyncio.get_running_loop().time()

    assert run(main) == 32.0


def test_a_client_that_speaks_on_is_heard_out() -> None:
    async def main() -> float:
        wire = Wire(failed)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await wire.say("audio-start")
            for _ in range(10):
                await asyncio.sleep(1)
                await wire.say("audio-chunk", bytes(640))
            assert not wire.pipe.is_closed
            assert kinds(await wire.answers()) == ["error"]
        return asyncio.get_running_loop().time()

    assert run(main) == 10.0


def test_the_patience_counts_while_the_session_takes_no_audio() -> None:
    async def main() -> tuple[float, list[Event]]:
        wire = Wire(taking(Full(3)), patience=5.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            for _ in range(200):  # 4 s
                await wire.say("audio-chunk", bytes(640))
            await wire.say("audio-stop")
            found = await wire.answers()
            return asyncio.get_running_loop().time(), found

    took, [error] = run(main)
    assert took == 5.0
    assert error.data["text"] == "no transcript within 5 s of the end of the audio"


def test_the_patience_begins_anew_with_each_frame_that_the_session_takes() -> None:
    async def main() -> list[Event]:
        sink = Full(0)
        wire = Wire(taking(sink), patience=5.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            for _ in range(10):
                await wire.say("audio-chunk", bytes(640))
            await wire.say("audio-stop")
            for _ in range(10):
                await asyncio.sleep(3)
                sink.left.release()
            await asyncio.sleep(0.1)
            wire.sent.close()
            return await wire.answers()

    assert kinds(run(main))[-1] == "transcript-stop"  # after 30 s


def test_a_client_that_goes_away_while_its_audio_waits_is_seen_at_once() -> None:
    async def main() -> float:
        wire = Wire(taking(Full(3)), patience=300.0)
        serving = asyncio.create_task(wire.client.attend())
        for _ in range(200):
            await wire.say("audio-chunk", bytes(640))
        wire.sent.close()
        await asyncio.wait([serving], timeout=100)
        wire.received.feed_eof()
        return asyncio.get_running_loop().time()

    assert run(main) == 0.0


#: Audio of two minutes.
LONG = bytes(640 * 50 * 120)


async def speaks_long(wire: Wire) -> None:
    for _ in range(3):  # more than is held
        await wire.say("audio-chunk", LONG)
    await wire.say("ping")


def test_audio_that_is_held_is_bounded() -> None:
    async def main() -> None:
        sink = Full(0)
        wire = Wire(taking(sink), patience=5.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await speaks_long(wire)
            await asyncio.sleep(4)
            for _ in range(2_999):  # one frame is out already
                sink.left.release()
            await asyncio.sleep(1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wire.received.readexactly(1), 3)
            sink.left.release()
            pong = await async_read_event(wire.received)
            assert pong is not None
            assert pong.type == "pong"
            await asyncio.sleep(60)  # the limit counts no more
            assert wire.notes == []
            wire.sent.close()

    run(main)


def test_a_client_that_is_held_back_for_long_is_told_an_error() -> None:
    async def main() -> tuple[float, list[Event]]:
        wire = Wire(taking(Full(0)), patience=5.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await speaks_long(wire)
            found = await wire.answers()
            return asyncio.get_running_loop().time(), found

    took, [error] = run(main)
    assert took == 5.0
    assert error.data["text"] == "300 s of audio wait, and the session took none for 5 s"
    assert error.data["code"] == "timeout"


def falls_silent(silence: float | None, *said: str) -> tuple[float, list[Event], list[str]]:
    """A client says this, and nothing for 60 s; how long it was served, its answers, the log."""

    async def main() -> tuple[float, list[Event], list[str]]:
        wire = Wire(silent, patience=30.0, silence=silence)
        loop = asyncio.get_running_loop()
        serving = asyncio.create_task(wire.client.attend())
        for each in said:
            await wire.say(each, bytes(640) if each == "audio-chunk" else None)
        await asyncio.wait([serving], timeout=60)
        took = loop.time()
        wire.sent.close()
        await serving
        return took, await wire.answers(), wire.notes

    return run(main)


def test_a_client_that_falls_silent_within_an_utterance_is_an_error() -> None:
    async def main() -> tuple[float, list[Event], list[str]]:
        wire = Wire(silent, patience=30.0, silence=10.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            for kind in ("audio-start", "audio-chunk", "ping", "audio-chunk"):
                await wire.say(kind, bytes(640) if kind == "audio-chunk" else None)
                await asyncio.sleep(9)
            found = await wire.answers()
            return asyncio.get_running_loop().time(), found, wire.notes

    took, events, notes = run(main)
    assert took == 37.0
    pong, error = events
    assert pong.type == "pong"
    assert error.data["code"] == "silent"
    assert error.data["text"] == "the client sent nothing for 10 s in the middle of its utterance"
    assert notes == [f"192.0.2.7:40000: {error.data['text']}"]


@pytest.mark.parametrize(
    ("silence", "said"),
    [
        (10.0, ["describe"]),
        (None, ["audio-start", "audio-chunk"]),
    ],
)
def test_a_client_may_be_silent_outside_of_utterances_and_without_a_limit(
    silence: float | None, said: list[str]
) -> None:
    took, events, _ = falls_silent(silence, *said)
    assert took == 60.0
    assert kinds(events) in (["info"], [])


def test_a_client_that_waits_for_its_transcript_is_not_silent() -> None:
    took, [error], _ = falls_silent(10.0, "audio-start", "audio-chunk", "audio-stop")
    assert took == 60.0  # it has 30 s to read the error
    assert error.data["code"] == "timeout"


def test_a_dead_connection_is_found_by_probes() -> None:
    async def main() -> dict[tuple[int, int], int]:
        wire = Wire(silent)
        serving = asyncio.create_task(wire.client.attend())
        wire.sent.close()
        await serving
        return wire.pipe.plug.options

    options = run(main)
    assert options.pop((socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == 1
    assert len(options) in {0, 3}  # when, how often, how many: not on every system


def test_a_socket_that_is_closed_before_it_is_served_harms_nobody() -> None:
    class Closed(Plug):
        def setsockopt(self, level: int, name: int, value: int) -> None:
            raise OSError(9, "Bad file descriptor")

    async def main() -> list[str]:
        wire = Wire(silent)
        wire.pipe.plug.__class__ = Closed
        wire.sent.close()
        await wire.client.attend()
        return wire.notes

    assert run(main) == []


def answered(said: bytes, *kinds: str) -> tuple[list[Event], list[str]]:
    """What a client that says this, and behind it these events, is answered, and the log."""

    async def main() -> tuple[list[Event], list[str]]:
        wire = Wire(silent)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            wire.sent.write(said)
            for kind in kinds:
                await wire.say(kind)
            return await wire.answers(), wire.notes

    return run(main)


NONE = "no event of the protocol Wyoming came"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", NONE),
        (b"[1]\n", NONE),
        (b'{"type": "x", "data_length": "y"}\n', NONE),
        (b'{"data": {}}\n', NONE),
        (b"[" * 30_000 + b"\n", NONE),
        (b"{" * 140_000, "an event came whose first line is too long"),
        (
            b'{"type": "audio-chunk", "payload_length": 4194305}\n',
            "an event came with 4194305 bytes: at most 4194304 are taken",
        ),
    ],
)
def test_what_is_no_event_is_an_error_and_in_the_log(said: bytes, why: str) -> None:
    [error], notes = answered(said)
    assert error.data == {"text": why, "code": "bad-request"}
    assert notes == [f"192.0.2.7:40000: {why}"]


def test_a_refused_utterance_is_in_the_log() -> None:
    [error], notes = answered(b"", "audio-start", "audio-start")
    assert error.data["text"] == "audio-start: an utterance is going on in this connection"
    assert notes == [f"192.0.2.7:40000: {error.data['text']}"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (["audio-start", "audio-stop"], "the client went away before its transcript"),
        (["audio-start"], "the client went away before its transcript"),
        (["describe"], None),
        ([], None),
    ],
)
@pytest.mark.parametrize("rest", [b"", b'{"ty'])
def test_a_client_that_goes_away_within_an_utterance_is_in_the_log(
    said: list[str], line: str | None, rest: bytes
) -> None:
    async def main() -> list[str]:
        wire = Wire(silent)
        serving = asyncio.create_task(wire.client.attend())
        for kind in said:
            await wire.say(kind)
        wire.sent.write(rest)
        wire.sent.close()
        await serving
        return wire.notes

    assert run(main) == ([f"192.0.2.7:40000: {line}"] if line else [])


def test_an_utterance_that_is_cancelled_is_in_the_log() -> None:
    async def main() -> list[str]:
        wire = Wire(silent)
        serving = asyncio.create_task(wire.client.attend())
        await wire.say("audio-start")
        await asyncio.sleep(1)
        serving.cancel()
        await asyncio.wait([serving])
        wire.sent.close()
        return wire.notes

    assert run(main) == ["192.0.2.7:40000: the server ended before the transcript"]


def stopped(updates: Updates, *said: str, then: str = "") -> tuple[float, list[Event], list[str]]:
    """A client says this; a second later the server stops. How long it is served, and what with.

    ``then``: what the client says three seconds later.
    """

    async def main() -> tuple[float, list[Event], list[str]]:
        stop = asyncio.Event()
        wire = Wire(updates, patience=5.0, stop=stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            for kind in said:
                await wire.say(kind)
            await asyncio.sleep(1)
            stop.set()
            if then:
                await asyncio.sleep(3)
                await wire.say(then)
            found = await wire.answers()
            return asyncio.get_running_loop().time() - 1, found, wire.notes

    return run(main)


def test_a_stop_ends_a_client_without_an_utterance_at_once() -> None:
    assert stopped(silent) == (0.0, [], [])
    took, [event], notes = stopped(taking(Full(0)), "audio-stop")
    assert (took, event.type, notes) == (0.0, "transcript", [])


def test_a_stop_lets_an_utterance_end() -> None:
    took, events, notes = stopped(taking(Full(0)), "audio-start", then="audio-stop")
    assert (took, notes) == (3.0, [])
    assert kinds(events) == ["transcript-start", "transcript", "transcript-stop"]


def test_a_stop_is_an_error_for_an_utterance_that_does_not_end() -> None:
    took, [error], notes = stopped(silent, "audio-start")
    assert took == 5.0
    assert error.data == {"text": "the server stops", "code": "stopped"}
    assert notes == ["192.0.2.7:40000: the server stops"]


def test_a_client_that_was_told_an_error_keeps_no_utterance_open() -> None:
    async def main() -> None:
        wire = Wire(failed)
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.client.attend())
            await wire.say("audio-start")
            assert kinds(await wire.answers()) == ["error"]
            assert wire.client.rests

    run(main)


class Vanishing(asyncio.StreamReader):
    """The connection of a client that lost its network: TCP's probes have ended it."""

    async def readline(self) -> bytes:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")


@pytest.mark.parametrize("said", [[], ["audio-start"]])
@pytest.mark.parametrize("silence", [None, 10.0])
def test_a_client_that_the_probes_find_dead_is_gone(said: list[str], silence: float | None) -> None:
    async def main() -> tuple[float, list[str]]:
        wire = Wire(silent, silence=silence)
        serving = asyncio.create_task(wire.client.attend())
        for kind in said:
            await wire.say(kind)
        await asyncio.sleep(1)
        cast("Any", wire.reader).__class__ = Vanishing
        await wire.say("ping")
        await serving
        wire.sent.close()
        return asyncio.get_running_loop().time(), wire.notes

    gone = ["192.0.2.7:40000: the client went away before its transcript"]
    assert run(main) == (1.0, gone if said else [])


def test_a_disk_that_is_full_is_told_and_no_client_that_went_away() -> None:
    async def full(_source: Source) -> AsyncIterator[Update]:
        yield state(State.CONNECTING)
        raise OSError(errno.ENOSPC, "No space left on device")

    [error], notes = begun(full)
    assert error.data["code"] == "failed"
    assert error.data["text"] == "OSError: No space left on device"
    assert notes == [f"192.0.2.7:40000: {error.data['text']}"]


def test_a_time_limit_within_a_session_is_not_the_patience() -> None:
    async def late(_source: Source) -> AsyncIterator[Update]:
        yield state(State.CONNECTING)
        raise TimeoutError("of my dialect")

    [error], _ = begun(late)
    assert error.data["code"] == "failed"
    assert re.fullmatch(r"TimeoutError \(.*, line \d+\)", error.data["text"])


def test_a_text_that_is_no_unicode_is_refused() -> None:
    said = b'{"type": "%s", "data": {"text": "\\ud800", "language": "\\ud800"}}\n'
    for kind in ("ping", "transcribe"):
        [error], notes = answered(said % kind.encode())
        assert error.data == {
            "text": f"{kind}: a text has half a surrogate pair, which is no character",
            "code": "bad-request",
        }
        assert len(notes) == 1


def test_an_error_of_ours_ends_its_client_alone_and_is_in_the_log(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def broken(_dialect: Dialect, _source: Source) -> AbstractAsyncContextManager[Session]:
        raise ZeroDivisionError("a bug")

    async def main() -> tuple[list[Event], list[str]]:
        stop, notes, ready = asyncio.Event(), list[str](), asyncio.Queue[tuple[str, int]]()
        service = Service(
            offer=Offer(dialect=EchoPanel()), open_one=broken, patience=5.0, silence=None,
            note=notes.append,
        )  # fmt: skip
        found: list[Event] = []

        def listens(host: str, port: int) -> None:
            ready.put_nowait((host, port))

        async with asyncio.TaskGroup() as group:
            group.create_task(serve("127.0.0.1", 0, service, ready=listens, stop=stop))
            host, port = await ready.get()
            one, other = [await asyncio.open_connection(host, port) for _ in range(2)]
            await async_write_event(Event("audio-start", dict(FORM)), one[1])
            while (event := await async_read_event(one[0])) is not None:
                found.append(event)
            await async_write_event(Event("ping"), other[1])
            pong = await async_read_event(other[0])
            assert pong is not None
            found.append(pong)
            for _, writer in (one, other):
                writer.close()
            stop.set()
        return found, notes

    log = tmp_path / "log"
    with logged("error", log, as_json=False):
        found, [note] = asyncio.run(main())
    assert kinds(found) == ["error", "pong"]
    assert found[0].data["code"] == "failed"
    assert re.fullmatch(r"ZeroDivisionError \(.*, line \d+\)", found[0].data["text"])
    assert note.endswith(f": {found[0].data['text']}")
    [record] = caplog.records
    assert record.name == "openline.wyoming"
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert ", in broken\nZeroDivisionError\n" in log.read_text("utf-8")


def test_an_error_that_cannot_be_told_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> tuple[list[str], bool]:
        wire = Wire(silent)

        def refuse(*_: object) -> None:
            raise ZeroDivisionError("a bug")

        cast("Any", wire.pipe).writelines = refuse
        serving = asyncio.create_task(wire.client.attend())
        await wire.say("describe")
        await asyncio.wait([serving])
        wire.sent.close()
        return wire.notes, wire.pipe.is_aborted

    [note], is_aborted = run(main)
    assert re.fullmatch(r"192\.0\.2\.7:40000: ZeroDivisionError \(.*, line \d+\)", note)
    assert is_aborted
    assert [each.exc_info is not None for each in caplog.records] == [True, True]
