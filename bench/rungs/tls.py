"""One session over TLS: as ``session``, with a certificate that both sides check in full."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.clients import on_asyncio, on_trio
from bench.clients.load import Load
from bench.ladder import Measure, Rung
from bench.rungs.session import ASYNCIO, TRIO, UVLOOP
from bench.sink import sink


@contextmanager
def certificate() -> Generator[tuple[Path, Path, ssl.SSLContext]]:
    """The files of a certificate and its key, and a context that trusts it."""
    trustme: Any = import_module("trustme")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with tempfile.TemporaryDirectory(prefix="openline-bench-") as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        yield chain, key, context


@contextmanager
def contenders(*, seconds: float = 1.5, sessions: float = 8) -> Generator[Mapping[str, Measure]]:
    """``sessions`` at a time, with ``seconds`` of audio each."""
    with certificate() as (chain, key, context), sink(chain, key) as port:
        load = Load(port=port, sessions=int(sessions), seconds=seconds, tls=context)
        yield {
            ASYNCIO: partial(on_asyncio.cost, on_asyncio.openline, load),
            UVLOOP: partial(on_asyncio.cost, on_asyncio.openline, load, loop="uvloop"),
            TRIO: partial(on_trio.cost, on_trio.openline, load),
            "websockets": partial(on_asyncio.cost, on_asyncio.websockets, load),
            "aiohttp": partial(on_asyncio.cost, on_asyncio.aiohttp, load),
            "picows, uvloop": partial(on_asyncio.cost, on_asyncio.picows, load, loop="uvloop"),
            "trio-websocket": partial(on_trio.cost, on_trio.trio_websocket, load),
        }


RUNG = Rung(
    what="one session over TLS: CPU for each second of audio",
    unit="ms",
    rounds=5,
    pairs=(
        (ASYNCIO, "websockets"),
        (ASYNCIO, "aiohttp"),
        (UVLOOP, "picows, uvloop"),
        (TRIO, "trio-websocket"),
    ),
    needs={"aiohttp": "aiohttp", "picows, uvloop": "picows", UVLOOP: "uvloop"},
    contenders=contenders,
)
