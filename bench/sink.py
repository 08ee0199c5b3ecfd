"""A backend that costs next to nothing: it acknowledges a start, and throws audio away.

It runs in a process of its own, so that its work is not measured, on picows and uvloop, so that it
is never the slower end. In the default dialect: an ack for a start, figures once a second, a pong
for a ping, the final summary for a stop.

    python -m bench.sink [CERTIFICATE KEY]      # prints its port; runs until it is killed
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

ACK: Final = b'{"type":"status","state":"streaming"}'
METRICS: Final = b'{"type":"metrics","source":"mic","backlog_seconds":0.0}'
SUMMARY: Final = b'{"type":"final_summary","markdown":"","json":{}}'
_ROOT: Final = Path(__file__).parents[1]


async def serve(context: ssl.SSLContext | None) -> None:
    """Serve until the process ends."""
    picows: Any = import_module("picows")
    kinds = picows.WSMsgType
    lines: set[Any] = set()

    class Line(picows.WSListener):  # type: ignore[misc]  # picows is imported late
        """One connection."""

        def on_ws_connected(self, transport: Any) -> None:
            lines.add(transport)

        def on_ws_disconnected(self, transport: Any) -> None:
            lines.discard(transport)

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            if frame.msg_type == kinds.TEXT:
                text = frame.get_payload_as_bytes()
                if b'"type":"start"' in text:
                    transport.send(kinds.TEXT, ACK)
                elif b'"type":"stop"' in text:
                    lines.discard(transport)
                    transport.send(kinds.TEXT, SUMMARY)
            elif frame.msg_type == kinds.PING:
                transport.send_pong(frame.get_payload_as_bytes())
            elif frame.msg_type == kinds.CLOSE:
                transport.send_close(picows.WSCloseCode.OK)
                transport.disconnect()

    def listener(_request: object) -> object:
        return Line()

    server = await picows.ws_create_server(
        listener, "127.0.0.1", 0, ssl=context, backlog=4096,
        enable_auto_pong=False, websocket_handshake_timeout=60.0,
    )  # fmt: skip
    print(server.sockets[0].getsockname()[1], flush=True)
    while True:
        await asyncio.sleep(1.0)
        for line in lines:
            line.send(kinds.TEXT, METRICS)


@contextmanager
def sink(*certificate: Path) -> Generator[int]:
    """A sink in a process of its own: its port. With the files of a certificate and key: TLS."""
    command = [sys.executable, "-m", "bench.sink", *map(str, certificate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as there:
        try:
            assert there.stdout is not None  # noqa: S101  # requested as a pipe
            line = there.stdout.readline()
            if not line:
                raise RuntimeError("sink: it did not start")
            yield int(line)
        finally:
            there.terminate()


def main(files: list[str]) -> None:
    """Run a sink."""
    context = None
    if files:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    loop: Any = import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(serve(context))


if __name__ == "__main__":
    main(sys.argv[1:])
