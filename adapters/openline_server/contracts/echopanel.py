"""The contract ``echopanel``: the happenings of the server are its messages.

The texts and the decoding are in ``openline_server.contract``. Only what ends a connection
is worded here, with the ids that every message has after the ack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import parse_qs

from openline_server import contract
from openline_server.audioqueue import QUEUE_SECONDS
from openline_server.contracts.base import (
    Action,
    Answer,
    Contract,
    Ending,
    Headers,
    JsonObject,
    Opening,
    Rejection,
    Start,
    number,
)
from openline_server.contracts.values import query_of


class Echopanel(Contract):
    """One connection."""

    name: ClassVar[str] = "echopanel"
    path: ClassVar[str] = contract.PATH
    no_path: ClassVar[Rejection] = Rejection(403)
    unauthorized: ClassVar[Rejection | None] = None
    capacity_wait: ClassVar[float | None] = None
    stop_wait: ClassVar[float | None] = None
    queue_seconds: ClassVar[float] = QUEUE_SECONDS
    shows_progress: ClassVar[bool] = False
    acks: ClassVar[bool] = True
    shows_ids: ClassVar[bool] = True
    tells_failures: ClassVar[bool] = True
    final_mark: ClassVar[bytes] = b'"type":"asr_final"'

    def __init__(self, opening: Opening) -> None:
        """No ``start`` came yet."""
        super().__init__(opening)
        self._ids: JsonObject = {}

    @classmethod
    def judge(cls, headers: Headers, target: str, token: str) -> Rejection | Ending | None:
        """A token that is no ASCII crashes the observed server; a wrong one is closed."""
        given = credential(headers, target)
        if given is not None and not given.isascii():
            return Ending(1006)
        return super().judge(headers, target, token)

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """The first that is there."""
        given = credential(headers, target)
        return [] if given is None else [given]

    def opened(self) -> Sequence[Action]:
        """Nothing: ``start`` has to come."""
        return ()

    def read(self, message: str | bytes) -> Sequence[Action]:
        """One action a message. Raises MalformedMessageError, Refusal."""
        if isinstance(message, bytes):
            return (contract.read_frame(message),)
        action = contract.read_text(message)
        if isinstance(action, Start) and not self._ids:
            self._ids = action.ids.fields()
        return (action,)

    def write(self, happening: JsonObject) -> Sequence[Answer]:
        """The happening itself, unless it ends the connection."""
        match happening["type"]:
            case "limit":
                seconds, phase = number(happening["seconds"]), happening.get("phase", "streaming")
                text = f"Time limit reached: {seconds:g} s {phase}"
                warning = contract.status("warning", text)
                acked = phase == "streaming"
                return (warning | self._ids if acked else warning, *super().write(happening))
            case "capacity":
                return contract.status("error", contract.CAPACITY_TEXT), Ending(1000)
            case "error":
                code = happening.get("code")
                closing = super().write(happening) if code else (Ending(1000),)
                return contract.error(str(happening["message"])), *closing
            case "idle" | "gone":
                return super().write(happening)
            case "go_away" | "progress" | "flushed" | "reply":
                return ()
            case _:
                return (happening,)


def credential(headers: Headers, target: str) -> bytes | None:
    """The token of a handshake: Bearer, ``x-echopanel-token``, ``?token=``, in that order."""
    named = {name.lower(): value.strip() for name, value in headers}
    scheme, _, token = named.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and token.strip():
        return token.strip()
    if named.get(b"x-echopanel-token"):
        return named[b"x-echopanel-token"]
    asked = parse_qs(query_of(target)).get("token")
    return asked[0].encode() if asked else None
