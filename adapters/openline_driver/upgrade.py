"""The handshake that opens a WebSocket, without its socket: the same for each library of frames.

websockets' sans-I/O protocol writes the request and checks the answer:

    upgrade.begin(write)                    # once the socket is there: the request goes out
    event, rest = upgrade.receive(data)     # whatever arrived, until it is ``opened`` or ``failed``

``rest`` is what came behind the answer: frames, for whoever reads them. How the dial ends is noted
in ``ending``, a refusal as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from openline.events import SocketOpened
from openline_driver import effects as fx
from openline_driver.effects import MAX_MESSAGE
from openline_driver.ending import Ending, UpgradeError
from openline_driver.http import opened, split_head

#: The library's own log: what a backend sends as it came, so a token that it repeats as well.
#: openline logs the same events, redacted (``openline_driver.log_observer``).
_MUTE: Final = logging.Logger("openline.websocket", logging.CRITICAL + 1)  # noqa: LOG001  # in no tree


class Upgrade:
    """Of the dial of ``effect``. ``opened``: the server has agreed. ``failed``: it has not."""

    def __init__(self, effect: fx.Dial) -> None:
        self.opened = self.failed = False
        self.ending = Ending()
        self.protocol = _client(effect)
        self._effect = effect

    def begin(self, write: Callable[[bytes], object]) -> None:
        """Send the request, by ``write``."""
        effect, request = self._effect, self.protocol.connect()
        del request.headers["Host"]
        request.headers["Host"] = effect.host
        for name, value in effect.headers:
            request.headers[name] = value
        self.protocol.send_request(request)
        for data in self.protocol.data_to_send():
            write(data)

    def receive(self, data: bytes) -> tuple[SocketOpened | None, bytes]:
        """Take bytes of the answer: the event of its end, and what came behind it."""
        try:
            answer = self.ending.read_answer(data)
        except UpgradeError:
            self.failed = True
            return None, b""
        if not answer:  # more of the answer's head is to come
            return None, b""
        head, rest = split_head(bytes(answer))
        protocol = self.protocol
        protocol.receive_data(head)
        for event in protocol.events_received():
            if protocol.handshake_exc is None and isinstance(event, Response):
                self.opened = self.ending.opened = True
                items = event.headers.raw_items()
                headers = [(k.encode(), v.encode(errors="replace")) for k, v in items]
                return opened(self._effect.dial, self._effect.connection_id, headers), rest
        self.ending.fail_upgrade()
        self.failed = True
        return None, b""


def _client(effect: fx.Dial) -> ClientProtocol:
    """The library's side of the socket. What it would make of the address is not used."""
    uri = WebSocketURI(secure=False, host="", port=0, path=effect.target, query="")
    return ClientProtocol(
        uri,
        subprotocols=[Subprotocol(each) for each in effect.subprotocols] or None,
        max_size=MAX_MESSAGE,
        logger=_MUTE,
    )
