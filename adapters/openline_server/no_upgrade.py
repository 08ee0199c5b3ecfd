"""The answer to a request that is no upgrade to WebSocket, and what the log says of it. Pure.

trio-websocket answers such a request with a bare status and no body, and gives the server no
notice. The transport sees that answer go out, and sends this one instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from openline_server.contracts.values import path_of

#: What is kept of a request: its first line, unless somebody makes it longer than any path.
MOST_BYTES: Final = 1024
#: The content type of a handshake record (RFC 8446 §5.1).
_TLS: Final = b"\x16\x03"
_VERSION: Final = "Sec-WebSocket-Version: 13"
_MOST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class NoUpgrade:
    """``answer``: the bytes to send; ``told`` and ``why``: for the log, as of any refusal."""

    answer: bytes
    told: str
    why: str


def judge(head: bytes, bare: bytes, place: str) -> NoUpgrade:
    """For the beginning of a request, and the bare answer to it; ``place``: what to dial."""
    if head.startswith(_TLS):
        return NoUpgrade(b"", "no answer", "it speaks TLS, and this port is for ws://")
    status = HTTPStatus.BAD_REQUEST
    if bare.startswith(b"HTTP/1.1 426"):
        status = HTTPStatus.UPGRADE_REQUIRED
    lines = head.decode("latin-1").splitlines()
    words = lines[0].split() if lines else []
    method = words[0] if words else ""
    shown = " ".join([method, path_of(words[1])] if len(words) > 1 else words)[:_MOST_SHOWN]
    body = f"this port speaks WebSocket alone: dial ws:// and {place}\n"
    fields = [
        f"HTTP/1.1 {status.value} {status.phrase}", "Content-Type: text/plain",
        f"Content-Length: {len(body)}", "Connection: close",
        *([_VERSION] if status is HTTPStatus.UPGRADE_REQUIRED else []),
    ]  # fmt: skip
    text = "\r\n".join([*fields, "", "" if method == "HEAD" else body])
    version = " to version 13" if status is HTTPStatus.UPGRADE_REQUIRED else ""
    why = f"{shown!r} is no upgrade{version}" + (" of WebSocket" if version else " to WebSocket")
    return NoUpgrade(text.encode(), f"HTTP {status.value}", why)
