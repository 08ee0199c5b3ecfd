"""The announcement on the local network, seen by zeroconf's own browser: on loopback alone."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext

import pytest

zeroconf = pytest.importorskip("zeroconf")
from zeroconf import IPVersion, ServiceStateChange, Zeroconf  # noqa: E402
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf  # noqa: E402

from openline.dialects.echopanel import EchoPanel  # noqa: E402
from openline_wyoming import announcing  # noqa: E402
from openline_wyoming.announcing import TYPE, AnnounceError, announced, check_name  # noqa: E402
from openline_wyoming.offer import Offer  # noqa: E402
from openline_wyoming.server import Service, serve  # noqa: E402

HERE = "127.0.0.1"


def multicast_works() -> bool:
    """Whether a datagram to the group of mDNS comes back on loopback."""
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as says,
        ):
            hears.bind(("", 0))
            group = socket.inet_aton("224.0.0.251") + socket.inet_aton(HERE)
            hears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            says.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
            hears.settimeout(2)
            says.sendto(b"x", ("224.0.0.251", hears.getsockname()[1]))
            return hears.recv(1) == b"x"
    except OSError:
        return False


needs_multicast = pytest.mark.skipif(
    not multicast_works(), reason="multicast does not work on loopback here"
)


class Seen:
    """What a browser tells, in order."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[tuple[str, ServiceStateChange]] = asyncio.Queue()

    def __call__(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        self.changes.put_nowait((name, state_change))

    async def until(self, name: str, change: ServiceStateChange) -> None:
        async with asyncio.timeout(20):
            while await self.changes.get() != (f"{name}.{TYPE}", change):
                pass


#: Other runs of these tests, on another Python, are on the same network.
ONE, TWICE = f"openline of {os.getpid()}", f"openline twice {os.getpid()}"


def browse(look: Callable[[AsyncZeroconf, Seen], object]) -> None:
    async def main() -> None:
        network = AsyncZeroconf(interfaces=[HERE], ip_version=IPVersion.V4Only)
        seen = Seen()
        browser = AsyncServiceBrowser(network.zeroconf, TYPE, handlers=[seen])
        try:
            await look(network, seen)  # type: ignore[misc]
        finally:
            await browser.async_cancel()
            await network.async_close()

    asyncio.run(main())


@needs_multicast
def test_a_browser_finds_the_server_until_it_ends() -> None:
    async def look(network: AsyncZeroconf, seen: Seen) -> None:
        async with announced(HERE, 10_300, ONE) as name:
            assert name == ONE
            await seen.until(name, ServiceStateChange.Added)
            info = AsyncServiceInfo(TYPE, f"{name}.{TYPE}")
            assert await info.async_request(network.zeroconf, 5_000)
            assert (info.parsed_addresses(), info.port) == ([HERE], 10_300)
        await seen.until(name, ServiceStateChange.Removed)

    browse(look)


@needs_multicast
def test_a_name_that_another_server_has_is_changed() -> None:
    async def look(network: AsyncZeroconf, seen: Seen) -> None:
        async with announced(HERE, 1, TWICE) as first:
            await seen.until(first, ServiceStateChange.Added)
            names = {first}
            for _ in range(20):  # who has just announced a name does not repeat it at once
                async with announced(HERE, 2, TWICE) as second:
                    names.add(second)
                if len(names) > 1:
                    break
        assert names == {TWICE, f"{TWICE}-2"}

    browse(look)


def fails(host: str) -> str:
    async def main() -> str:
        with pytest.raises(AnnounceError) as caught:
            async with announced(host, 1, "x"):
                pass
        return str(caught.value)

    return asyncio.run(main())


def test_an_address_that_is_not_announced_is_named() -> None:
    assert fails("::1") == "::1 is no address of IPv4, which is what is announced"


def test_a_network_without_multicast_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise OSError(19, "No such device")

    monkeypatch.setattr(announcing, "AsyncZeroconf", broken)
    assert fails(HERE) == "multicast DNS does not work on 127.0.0.1: No such device"


def test_a_machine_without_a_network_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(socket.socket):
        def connect(self, *_: object) -> None:
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", Cut)
    with pytest.raises(AnnounceError, match="this machine has no network: Network is unreachable"):
        announcing.announceable("0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("name", ["", "ü" * 32, "_x", "a.b", "a\n"])
def test_a_name_that_no_service_can_have(name: str) -> None:
    with pytest.raises(ValueError, match="the name has"):
        check_name(name)
    check_name("a speech server")


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_server_is_announced_while_it_serves(is_cancelled: bool) -> None:
    told: list[object] = []

    @asynccontextmanager
    async def around(host: str, port: int) -> AsyncGenerator[None]:
        told.append(("begins", host, port))
        try:
            yield
        finally:
            told.append("ends")

    async def main() -> int:
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        service = Service(
            offer=Offer(dialect=EchoPanel()),
            open_one=lambda *_: nullcontext(),  # type: ignore[arg-type]  # no client
            patience=1.0,
            silence=None,
            note=told.append,
        )
        stop = asyncio.Event()
        serving = asyncio.create_task(
            serve(
                HERE, 0, service,
                ready=lambda _, port: ready.set_result(port), around=around, stop=stop,
            )
        )  # fmt: skip
        port = await ready
        told.append("serves")
        if is_cancelled:
            serving.cancel()
        else:
            stop.set()
        await asyncio.wait([serving])
        assert serving.cancelled() == is_cancelled
        return port

    port = asyncio.run(main())
    assert told == [("begins", HERE, port), "serves", "ends"]
