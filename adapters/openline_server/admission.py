"""Who is let in: the answer to a handshake that is refused, and why, for the log."""

from __future__ import annotations

import logging
from typing import Final

from trio_websocket import WebSocketRequest

from openline_server.config import ServerConfig
from openline_server.contracts import Contract
from openline_server.contracts.base import Ending, Rejection
from openline_server.contracts.values import path_of

log: Final = logging.getLogger(__name__)

DENIED: Final = "its token is missing or wrong"
_MAX_SHOWN: Final = 80


def judge(
    request: WebSocketRequest, contract: type[Contract], config: ServerConfig
) -> Ending | Rejection | None:
    """What a handshake without the right token gets; None for the right one."""
    if config.token is None:
        return None
    return contract.judge(request.headers, request.path, config.token)


def refuse(
    request: WebSocketRequest, contract: type[Contract], config: ServerConfig, connections: int
) -> tuple[Rejection, str] | None:
    """The HTTP answer to a handshake, and why it is refused; ``connections`` are open with it."""
    if (rejection := contract.refuse(request.path)) is not None:
        path = path_of(request.path)[:_MAX_SHOWN]
        return rejection, rejection.why or (
            f"its path is {path!r}, and {contract.name}'s is {contract.path}"
        )
    if isinstance(judged := judge(request, contract, config), Rejection):
        return judged, DENIED
    if connections > config.most_connections:
        return Rejection(503), f"{config.most_connections} connections are open already"
    return None


def tell(number: int, answer: str, why: str) -> None:
    """Log that connection ``number`` is refused."""
    log.warning("connection %d was refused with %s: %s", number, answer, why)
