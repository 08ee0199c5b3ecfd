"""Announces the server on the local network, so that Home Assistant finds it by itself.

Home Assistant browses for services of the type ``_wyoming._tcp`` by multicast DNS (RFC 6762), with
DNS-SD (RFC 6763). A service has a name, under which the user sees it, an address and a port. The
name is made unique: where another server on the network has it, it becomes ``NAME-2``.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address
from typing import Any, Final, cast

from zeroconf import Error, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

#: As Home Assistant's integration of Wyoming declares it.
TYPE: Final = "_wyoming._tcp.local."
#: Where mDNS sends to (RFC 6762 §3). A socket that is connected there knows its own address.
_GROUP: Final = ("224.0.0.251", 5353)
#: A label of DNS has so many bytes at most (RFC 1035 §2.3.4).
MOST: Final = 63


class AnnounceError(Exception):
    """The server cannot be announced. One line for the user: why, and what to do."""


@asynccontextmanager
async def announced(host: str, port: int, name: str) -> AsyncGenerator[str]:
    """Announce ``name`` at ``host``, on which the server listens, and ``port`` during the block.

    ``host`` is an address in figures. If it is the wildcard, the address of this machine in the
    network of the multicast is announced. Gives the name that it got. Raises AnnounceError.
    """
    address = announceable(host)
    try:
        responder = AsyncZeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
    except OSError as error:
        raise AnnounceError(
            f"multicast DNS does not work on {address}: {error.strerror}"
        ) from error
    try:
        info = AsyncServiceInfo(
            TYPE,
            f"{name}.{TYPE}",
            addresses=[socket.inet_aton(address)],
            port=port,
            server=f"{socket.gethostname().partition('.')[0]}.local.",
        )
        try:
            register = cast("Any", responder).async_register_service  # partly typed
            await (await register(info, allow_name_change=True))
        except (Error, OSError) as error:
            raise AnnounceError(f"{name} cannot be announced on {address}: {error}") from error
        yield info.name.removesuffix(f".{TYPE}")
    finally:
        await responder.async_unregister_all_services()  # others forget it at once
        await responder.async_close()


def check_name(name: str) -> None:
    """Raise ValueError, one line, for a name that no service can have."""
    size = len(name.encode())
    if not 0 < size <= MOST:
        raise ValueError(f"the name has {size} bytes: give 1 to {MOST}")
    if name.startswith("_") or "." in name or not name.isprintable():
        raise ValueError("the name has a sign that none may have: give letters, digits and spaces")


def announceable(host: str) -> str:
    """The address to announce for a server that listens on ``host``. Raises AnnounceError."""
    try:
        if not ip_address(host).is_unspecified:
            return str(IPv4Address(host))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(_GROUP)
            found: str = probe.getsockname()[0]
            return found
    except OSError as error:
        raise AnnounceError(f"this machine has no network: {error.strerror}") from error
    except ValueError as error:
        raise AnnounceError(f"{host} is no address of IPv4, which is what is announced") from error
