"""The conversation of a probe over one connected socket: upgrade, opening, a ping, and goodbye.

``openline_driver.websocket`` speaks WebSocket, and the dialect says what is sent: its start, where
it has one, in the order that its traits give (``openline.machine.opening``). No audio is sent. All
text of the backend passes the store of credentials, which redacts them.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from openline.backend import Backend, RedirectRefusedError
from openline.commands import SendBytes, SendPing, SendText
from openline.dialects.checking import decode_or_malformed, encode_checked
from openline.dialects.protocol import Dialect, Ids, Malformed, Refusal, Remark, Status, Wire
from openline.dialects.registry import BUILT_IN
from openline.events import (
    Event,
    MessageReceived,
    PongReceived,
    Redirected,
    SocketLost,
    SocketOpened,
)
from openline.policy import Policy
from openline.text import one_line
from openline_asyncio.network import WAITS
from openline_doctor.facts import Close, Failure, Step
from openline_doctor.speaking import LONGEST, MOST, heard
from openline_driver import effects as fx
from openline_driver.credentials import CredentialStore
from openline_driver.facts import Refused
from openline_driver.http import host_header, http_date, refusal, request_headers
from openline_driver.version import user_agent
from openline_driver.websocket import WebSocket
from openline_network.waits import Connected, receive, send_all

_DIAL: Final = 1
_CHUNK: Final = 65_536
_MARK: Final = b"doctor"
#: RFC 6455 §7.4.1: a normal closure.
_NORMAL: Final = 1000
#: Seconds for the closing handshake, whose outcome nobody needs.
_GOODBYE: Final = 1.0
#: Seconds in which a backend that has not answered the start answers a ping, if it is alive.
_ANSWERS_WITHIN: Final = 2.0
#: Seconds in which a backend that acknowledges nothing may still refuse a token or a setting.
_REFUSES_WITHIN: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked of a backend. ``timeout``: seconds of a step at most."""

    backend: Backend
    dialect: Dialect
    store: CredentialStore = field(repr=False)
    timeout: float
    with_credential: bool


class Talk:
    """Over ``sock``. ``seen`` are fields of ``Facts``; ``failure``: the step that ended it."""

    def __init__(self, call: Call, sock: Connected) -> None:
        self._call = call
        self._sock = sock
        self._ids = [uuid.uuid4().hex for _ in range(3)]
        self._effect = _effect(call, self._ids[2])
        self._websocket = WebSocket(self._effect, os.urandom)
        self._out = bytearray()
        self._memory = call.dialect.begin()
        self._messages: list[Wire] = []
        self._acks = 0
        self._ponged = False
        self._step = Step.UPGRADE
        self._began = time.monotonic()
        self._is_over = False
        self.seen: dict[str, Any] = {"offered": len(self._effect.subprotocols)}
        self.failure: Failure | None = None

    async def run(self) -> Backend | None:
        """Talk; where a redirect leads that may be followed."""
        dialled = time.monotonic()
        there: Backend | None = None
        try:
            there = await self._upgrade()
            if self.failure is None and there is None:
                await self._open(dialled)
            if self.failure is None and there is None:
                await self._ping()
        finally:
            if self._messages:
                every = {**BUILT_IN, self._call.dialect.name: self._call.dialect}
                self.seen["messages"] = len(self._messages)
                self.seen["heard"] = heard(self._messages, every.values())
            await self._leave()
        return there

    async def opens(self) -> bool:
        """Whether the upgrade works, and nothing else."""
        try:
            await self._upgrade()
        finally:
            await self._leave()
        return self._websocket.opened

    # The steps.

    async def _upgrade(self) -> Backend | None:
        self._websocket.begin(self._out.extend)
        asked = time.time()
        await self._until(lambda: self._websocket.opened)
        answered = time.time()
        self.seen["date_at"] = (asked + answered) / 2
        if self.failure is None:
            self.seen["status"] = 101
            self.seen["upgrade_took"] = time.monotonic() - self._began
            self.seen["subprotocol"] = one_line(self._redacted(self._websocket.subprotocol))
            return None
        report = self._websocket.report(answered)
        return self._refused(report) if isinstance(report, Refused) else None

    def _refused(self, report: Refused) -> Backend | None:
        self.seen["status"] = report.status
        self.seen["server"] = one_line(self._redacted(report.headers.get("server", "")))
        self.seen["date"] = http_date(report.headers.get("date", ""))
        event = self._call.store.redact(refusal(report))
        if isinstance(event, SocketLost):
            self.seen["retry_after"] = event.retry_after
        if not isinstance(event, Redirected):
            return None
        here = self._call.backend
        self.seen["location"] = one_line(event.location.partition("?")[0])
        try:
            if here.leads_elsewhere(event.location):
                self.seen["why_not"] = "it is another host, port or scheme"
                return None
            there = here.redirected(event.location)
        except RedirectRefusedError as error:
            self.seen["why_not"] = str(error)
            return None
        self.failure = None
        return there

    async def _open(self, dialled: float) -> None:
        """The greeting, the start, and its reply, as far as the dialect has them."""
        traits, call = self._call.dialect.traits, self._call
        self._begin(Step.ACK)
        if traits.greets:
            await self._until(lambda: self._acks > 0)
            if self.failure is not None:
                return
            self.seen["greeted"] = time.monotonic() - self._began
        delay = dialled + Policy().start_delay_of(traits) - time.monotonic()
        if delay > 0:
            await asyncio.sleep(min(delay, call.timeout))
        self._begin(Step.ACK)
        wanted = self._acks + 1
        session, attempt, connection = self._ids
        ids = Ids(session_id=session, attempt_id=attempt, connection_id=connection)
        self._memory, start = encode_checked(call.dialect, "start", self._memory, ids)
        for message in start:
            self._send(message)
        if traits.replies:
            await self._until(lambda: self._acks >= wanted)
            if self.failure is None:
                self.seen["acked"] = time.monotonic() - self._began
            elif not self._is_over:
                await self._look_alive()

    async def _look_alive(self) -> None:
        """No answer came to the start: does one come to a ping?"""
        failure = self.failure
        self._websocket.send(SendPing(_DIAL, _MARK))
        await self._until(lambda: self._ponged, min(_ANSWERS_WITHIN, self._call.timeout))
        self.seen["alive"] = self._ponged
        self.failure = failure

    async def _ping(self) -> None:
        self._begin(Step.LATENCY)
        self._websocket.send(SendPing(_DIAL, _MARK))
        await self._until(lambda: self._ponged)
        if self.failure is not None:
            return
        self.seen["latency"] = time.monotonic() - self._began
        if self._acks == 0:
            # Nothing was acknowledged: a refusal may follow, and the pong overtake it.
            await self._until(lambda: False, min(_REFUSES_WITHIN, self._call.timeout))
            if not self._is_over:
                self.failure = None

    async def _leave(self) -> None:
        if self._is_over or not self._websocket.opened:
            return
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(min(_GOODBYE, self._call.timeout)):
                self._websocket.close(_NORMAL)
                await self._flush()
                while not self._websocket.over:
                    data = await receive(WAITS, self._sock, _CHUNK)
                    if not data:
                        return
                    for _ in self._websocket.receive(data):
                        pass
                    await asyncio.sleep(0)

    # What they share.

    def _begin(self, step: Step) -> None:
        self._step, self._began = step, time.monotonic()

    async def _until(self, is_done: Callable[[], bool], seconds: float | None = None) -> None:
        """Send and receive until it is done; else ``failure`` says why it never will be."""
        try:
            async with asyncio.timeout(seconds or self._call.timeout):
                await self._flush()
                while not is_done() and not self._is_over:
                    data = await receive(WAITS, self._sock, _CHUNK)
                    if not data:
                        self._end(None)
                        break
                    self._take(data)
                    await self._flush()
                    await asyncio.sleep(0)  # a flood never waits, and the time is up all the same
        except TimeoutError as exc:
            if exc.errno is None:
                self._fail(None, "")
                return
            self._end(exc)
        except OSError as exc:
            self._end(exc)
        if not is_done():
            self._note_end()

    def _take(self, data: bytes) -> None:
        for event in self._websocket.receive(data):
            self._hear(event)
        self._is_over = self._is_over or self._websocket.over

    def _end(self, error: BaseException | None) -> None:
        self._websocket.end(error)
        self._is_over = True

    def _hear(self, event: Event) -> None:
        match self._call.store.redact(event):
            case SocketOpened(date=date):
                self.seen["date"] = date
            case PongReceived():
                self._ponged = True
            case MessageReceived(data=data):
                if len(self._messages) < MOST and len(data) <= LONGEST:
                    self._messages.append(data)
                self._decode(data)
            case _:
                pass

    def _decode(self, data: Wire) -> None:
        self._memory, items = decode_or_malformed(self._call.dialect, self._memory, data)
        for item in items:
            if isinstance(item, Status):
                if item.ack or not self._acks:  # what follows the ack says nothing of it
                    self.seen["state"] = one_line(item.state)
                self._acks += item.ack
            elif isinstance(item, Malformed):
                self.seen["malformed"] = self.seen.get("malformed", 0) + 1
                self.seen.setdefault("why_malformed", one_line(item.why))
            elif isinstance(item, Remark):
                self.seen["remark"] = one_line(item.text)
            elif isinstance(item, Refusal) and "rule" not in self.seen:
                self.seen["rule"], self.seen["refusal"] = item.row, one_line(item.text)
                self._is_over = True

    def _note_end(self) -> None:
        """The line is over: by a close frame, a refusal, or an error."""
        report = self._websocket.report(time.time())
        if isinstance(report, Refused):
            self._fail(None, f"HTTP {report.status}")
            return
        report_, step = self._call.store.redact(report), self._step
        assert isinstance(report_, SocketLost)  # noqa: S101  # redaction keeps the type
        if report_.code is not None:
            reason = one_line(report_.reason)
            self.seen["close"] = Close(
                step=step, code=report_.code, reason=reason, sender=report_.sender
            )
        self._fail(report_.error, self.seen.get("remark") or one_line(report_.detail))

    def _fail(self, error: Any, detail: str) -> None:
        took = time.monotonic() - self._began
        self.failure = Failure(step=self._step, took=took, error=error, detail=detail)

    def _send(self, message: Wire) -> None:
        if isinstance(message, bytes):
            self._websocket.send(SendBytes(_DIAL, message))
        else:
            self._websocket.send(SendText(_DIAL, message))

    async def _flush(self) -> None:
        data, self._out[:] = bytes(self._out), b""
        await send_all(WAITS, self._sock, data)

    def _redacted(self, text: str) -> str:
        event = self._call.store.redact(MessageReceived(_DIAL, text))
        return str(event.data) if isinstance(event, MessageReceived) else ""


def _effect(call: Call, connection_id: str) -> fx.Dial:
    """The request, as the driver makes it for a session."""
    dialect, backend, store = call.dialect, call.backend, call.store
    credential = store.current if call.with_credential else None
    parameter = dialect.traits.key_parameter
    return fx.Dial(
        dial=_DIAL,
        backend=backend,
        host=host_header(backend),
        target=backend.target(credential, dialect.query(), parameter),
        headers=request_headers(
            backend, credential, () if parameter else store.headers, user_agent()
        ),
        subprotocols=(*dialect.subprotocols(credential), *backend.subprotocols),
        connection_id=connection_id,
    )
