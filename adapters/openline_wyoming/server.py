"""The sockets of the server: each connection has a task that reads, and one for its utterance.

The client is read while its audio waits for the session (``speech``), which bounds that audio. So
nothing is lost in an outage, and the client's end is seen in it.

The core does not limit the silence of a source that can wait, so the reading is limited
here: a client that sends nothing for ``Service.silence`` in the middle of an utterance is told an
error. TCP's probes find one that has lost its network between two utterances.

An error of the user's dialect, of the system or a bug ends its client alone, in ``Client.attend``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

from wyoming.event import Event, async_write_event

from openline.dialects.protocol import Dialect
from openline.updates import State, StateChanged
from openline_asyncio.session import Session
from openline_audio.source import Source
from openline_driver.error_origin import raised
from openline_driver.exception_groups import leaves
from openline_wyoming.connection import MOST, NoEventError, address, probe, read_event
from openline_wyoming.offer import Offer
from openline_wyoming.speech import HELD, Speech
from openline_wyoming.talk import Act, Begin, Feed, Finish, HangUp, Note, Say, Talk

#: Opens a session for one utterance.
Open: TypeAlias = Callable[[Dialect, Source], AbstractAsyncContextManager[Session]]
#: Seconds in which a connection that is over has to close.
_CLOSING: Final = 2.0
#: Seconds in which a client reads an event, and ends what it says once it was told an error.
_READING: Final = 30.0
_LOG: Final = logging.getLogger("openline.wyoming")


@dataclass(frozen=True, kw_only=True)
class Service:
    """What each client is served with.

    ``open_one`` opens the session of an utterance, which has one source. ``patience``: seconds in
    which the words have to come once the audio has ended and the session took the last of it, and
    in which it has to take some while too much waits. ``silence``: seconds in which a client
    may send nothing between ``audio-start`` and ``audio-stop``; None: no limit. ``note`` takes a
    line for the log.
    """

    offer: Offer
    open_one: Open
    patience: float
    silence: float | None
    note: Callable[[str], object]


class _GoneError(Exception):
    """The connection is over."""


class Client:
    """One connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        service: Service,
        stop: asyncio.Event,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._address = address(writer)
        self._service = service
        self._talk = Talk(service.offer)
        self._speech = Speech(service.patience)
        self._stop = stop
        self._rests = asyncio.Event()  # no utterance is going on
        self._rests.set()
        self._lingers = False

    @property
    def rests(self) -> bool:
        """Whether no utterance is going on that may still have a transcript."""
        return not self._talk.is_open

    async def attend(self) -> None:
        """Serve the client until it goes away, is told an error, or is to stop, with its session.

        ``stop`` lets an utterance end, for ``patience`` seconds. An error that nothing else
        handles is told, noted, and logged with its traceback; the other clients are served on.
        """
        try:
            await self._serve()
        except Exception as error:  # noqa: BLE001  # a bug: it is logged
            self._log(error)

    async def _serve(self) -> None:
        probe(self._writer)
        why = "the client went away before its transcript"
        try:
            await self._attend()
        except asyncio.CancelledError:
            why = "the server ended before the transcript"
            raise
        except Exception as error:  # noqa: BLE001  # of a dialect, or a bug; the others go on
            await self._break_off(error)
        finally:
            if self._talk.is_open:
                self._note(why)
            await self._close()

    async def _attend(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._leave(group))
                while (acts := await self._receive()) is not None:
                    await self._carry_out(acts, group)
                _hang_up()
        except* _GoneError:
            pass

    async def _break_off(self, error: Exception) -> None:
        first, *_ = leaves(error)
        self._log(error)
        why = raised(first)  # the text of an error may quote a token
        if isinstance(first, OSError) and first.strerror:
            why = f"{type(first).__name__}: {first.strerror}"
        try:
            async with asyncio.TaskGroup() as group:
                await self._carry_out(self._talk.fail(why, "failed"), group)
        except* _GoneError:
            pass

    def _log(self, error: Exception) -> None:
        _LOG.error("%s: an error ended the connection", self._address, exc_info=error)

    async def _leave(self, group: asyncio.TaskGroup) -> None:
        await self._stop.wait()
        try:
            async with asyncio.timeout(self._service.patience):
                await self._rests.wait()
        except TimeoutError:
            await self._carry_out(self._talk.fail("the server stops", "stopped"), group)
        _hang_up()

    async def _receive(self) -> list[Act] | None:
        """What is to be done about the next event, none, or silence; None: the client is gone."""
        silence = self._service.silence if self._talk.is_listening else None
        try:
            async with asyncio.timeout(silence):
                event = await read_event(self._reader)
        except NoEventError as error:
            return self._talk.fail(str(error), "bad-request")
        except TimeoutError:
            why = f"the client sent nothing for {silence:g} s in the middle of its utterance"
            return self._talk.fail(why, "silent")
        return None if event is None else self._talk.receive(event)

    async def _carry_out(self, acts: list[Act], group: asyncio.TaskGroup) -> None:
        for act in acts:
            match act:
                case Note(line):
                    self._note(line)
                case Say(event):
                    await self._say(event)
                case Begin(dialect):
                    self._rests.clear()
                    self._speech = Speech(self._service.patience)
                    group.create_task(self._utter(dialect, self._speech, group))
                    await asyncio.sleep(0)  # it begins: the limit can be set
                case Feed(frames):
                    self._speech.add(frames)
                    await self._speech.room()
                case Finish(frames):
                    self._speech.finish(frames)
                case HangUp():
                    self._lingers = True
                    _hang_up()

    def _note(self, line: str) -> None:
        self._service.note(f"{self._address}: {line}")

    async def _say(self, event: Event) -> None:
        """Write an event; a client that does not read, or is gone, is left."""
        try:
            async with asyncio.timeout(_READING):
                await async_write_event(event, self._writer)
        except OSError:  # a TimeoutError, too
            _hang_up()

    async def _utter(self, dialect: Dialect, speech: Speech, group: asyncio.TaskGroup) -> None:
        """One session, from its opening to its transcript."""
        trouble = ""
        try:
            async with speech.limit, self._service.open_one(dialect, speech) as session:
                async for update in session:
                    if isinstance(update, StateChanged):
                        trouble = f": {update.reason}" if update.reason else trouble
                        trouble = "" if update.state == State.STREAMING else trouble
                    await self._carry_out(self._talk.hear(update), group)
        except TimeoutError:
            if not speech.limit.expired():
                raise
            patience = self._service.patience
            why = f"{HELD} s of audio wait, and the session took none for {patience:g} s{trouble}"
            if speech.is_finished:
                why = f"no transcript within {patience:g} s of the end of the audio{trouble}"
        else:
            if speech is self._speech:  # the next one has not begun
                self._rests.set()
            return
        finally:
            speech.drop()
        await self._carry_out(self._talk.fail(why, "timeout"), group)

    async def _close(self) -> None:
        """End the connection; a client that was told an error has time to read it.

        It may still be speaking. To close on what it has sent would reset the connection, and the
        error with it: so its words are read until it has seen the end.
        """
        try:
            async with asyncio.timeout(_READING if self._lingers else _CLOSING):
                if self._lingers:
                    self._writer.write_eof()
                    while await self._reader.read(MOST):
                        pass
                self._writer.close()
                await self._writer.wait_closed()
        except OSError:  # reset; or a TimeoutError: it does not read
            pass
        finally:
            self._writer.transport.abort()  # changes nothing once it is closed


def _nothing(_host: str, _port: int) -> AbstractAsyncContextManager[object]:
    return nullcontext()


def _hang_up() -> NoReturn:
    raise _GoneError


async def serve(
    host: str,
    port: int,
    service: Service,
    *,
    ready: Callable[[str, int], object],
    around: Callable[[str, int], AbstractAsyncContextManager[object]] = _nothing,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve clients on TCP until it is cancelled, or ``stop`` is set and the last utterance ended.

    ``ready`` is told the address. ``around`` is entered with the address while new clients are
    served. With ``stop``, clients have ``patience`` seconds to end their utterances; cancelled, it
    ends them at once. Raises OSError if it cannot listen there, and what ``around`` raises.
    """
    group, clients = asyncio.TaskGroup(), set[Client]()
    stop = stop or asyncio.Event()

    def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if stop.is_set():  # it was accepted just before
            writer.transport.abort()
            return
        client = Client(reader, writer, service, stop)
        clients.add(client)
        task = group.create_task(client.attend())
        task.add_done_callback(lambda _: clients.discard(client))

    server = await asyncio.start_server(attend, host, port, start_serving=False)
    try:
        await server.start_serving()
        address = server.sockets[0].getsockname()[:2]
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(around(*address))
            async with group:
                ready(*address)
                await stop.wait()
                server.close()
                if not all(each.rests for each in clients):
                    patience = f"{service.patience:g} s"
                    service.note(
                        f"stopping; utterances have {patience} to end, a second signal ends now"
                    )
                await stack.aclose()
    finally:
        server.close()
