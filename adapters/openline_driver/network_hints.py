"""Hints that a network is back: what the kernel tells, and what a clock shows after a sleep.

A session that waits for its next dial, or whose line is dead without knowing it, loses nothing by
looking early. Linux tells every change of addresses, routes and links by *netlink* (rtnetlink(7)).
The face owns the socket and hands on what it reads; here it is decided what of that is a hint:

    an address appeared       that reaches further than this machine and its link, and is usable
    a default route appeared  in any table, as a VPN has its own
    a link is up              and was not known to be: a cable changes no address

What was known before is none, as an address whose lifetime is prolonged every few seconds. Nor
is what bridges and containers do, by the names of their links. A network comes back in several
steps, so a hint is given ``SETTLE`` seconds after the first of them, and the next at least
``APART`` seconds later: a storm costs 30 looks a minute, and the gate of dials is behind that.

``slept`` gives the seconds for which the machine has slept in all, or None. Its clock stood still
then, so no timer is late and the core notices no suspension; a look each ``LOOK`` seconds does.

Nothing here raises, whatever the bytes: what is not understood is passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Final

#: Groups of messages to subscribe to (linux/rtnetlink.h, RTMGRP_*): links, and the addresses and
#: routes of IPv4 and of IPv6.
GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
SETTLE: Final = 0.25
APART: Final = 2.0
LOOK: Final = 2.0
#: Seconds of sleep that count.
NOTICED: Final = 1.0

_HEAD: Final = struct.Struct("=IHHII")  # nlmsghdr
_ATTRIBUTE: Final = struct.Struct("=HH")  # rtattr
_ADDRESS: Final = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix, flags, scope, link
_ROUTE: Final = struct.Struct("=BBBBBBBBI")  # rtmsg: family, to, from, tos, table, …, type, flags
_LINK: Final = struct.Struct("=BxHiII")  # ifinfomsg: family, type, link, flags, change
_U32: Final = struct.Struct("=I")
_NEW_LINK, _GONE_LINK, _NEW_ADDRESS, _GONE_ADDRESS, _NEW_ROUTE, _GONE_ROUTE = 16, 17, 20, 21, 24, 25
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_FLAGS = 1, 2, 3, 8
_RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 4, 5, 15
_IFLA_NAME: Final = 3
#: RT_SCOPE_UNIVERSE; 253 is a link's, 254 this machine's.
_ANYWHERE: Final = 0
_UNICAST: Final = 1
_LOCAL_TABLE: Final = 255
_LOOPBACK: Final = 1  # the link
#: IFA_F_*: still being probed, found to be taken, or to be left.
_UNUSABLE: Final = 0x40 | 0x08 | 0x20
_IS_UP: Final = 0x1_0000  # IFF_LOWER_UP
#: RTM_F_CLONED: an entry of a cache.
_CLONED: Final = 0x200
#: How the links of bridges, containers and virtual machines begin.
_INNER: Final = (
    *("docker", "br-", "veth", "virbr", "vnet", "cni", "flannel", "cali", "lxc", "lxdbr"),
    *("podman", "vmnet", "vboxnet"),
)
#: Entries that are remembered at most.
_MOST: Final = 512


class NetworkHints:
    """The hints of one session. All times are on the clock of ``now``."""

    def __init__(self, slept: Callable[[], float] | None = None) -> None:
        #: When to call ``is_due``; None: never.
        self.deadline: float | None = None
        self._slept = slept
        self._slept_before = 0.0
        self._known: set[tuple[object, ...]] = set()
        self._links: dict[int, bool] = {}  # those that are up, and those that are not
        self._inner: set[int] = set()
        self._due: float | None = None
        self._earliest = -APART
        self._look: float | None = None

    def start(self, now: float) -> None:
        """The session begins."""
        if self._slept is not None:
            self._slept_before, self._look = self._slept(), now + LOOK
        self._set_deadline()

    def receive(self, data: bytes, now: float) -> None:
        """What was read of the socket; empty: messages were lost, for there were too many."""
        if not data:
            self._known.clear()
        if (not data or self._is_hint(data)) and self._due is None:
            self._due = max(now + SETTLE, self._earliest)
            self._set_deadline()

    def is_due(self, now: float) -> bool:
        """Whether the network may be back now: once for each hint."""
        is_hint = self._due is not None and self._due <= now
        if self._slept is not None and self._look is not None and now >= self._look:
            self._look = now + LOOK
            slept, before = self._slept(), self._slept_before
            self._slept_before = slept
            is_hint = is_hint or slept - before > NOTICED
        if is_hint:
            self._due = None
            self._earliest = now + APART
        self._set_deadline()
        return is_hint

    def _set_deadline(self) -> None:
        self.deadline = min((t for t in (self._due, self._look) if t is not None), default=None)

    def _is_hint(self, data: bytes) -> bool:
        found = False
        for kind, body in _messages(data):
            found |= self._takes(kind, body)  # all of them: each tells what is known from now on
        return found

    def _takes(self, kind: int, body: bytes) -> bool:
        """Take in one message: whether it is a hint."""
        if kind in {_NEW_LINK, _GONE_LINK} and len(body) >= _LINK.size:
            return self._take_link(kind, body)
        if kind in {_NEW_ADDRESS, _GONE_ADDRESS} and len(body) >= _ADDRESS.size:
            return self._note(kind == _NEW_ADDRESS, self._address(body))
        if kind in {_NEW_ROUTE, _GONE_ROUTE} and len(body) >= _ROUTE.size:
            return self._note(kind == _NEW_ROUTE, self._default_route(body))
        return False

    def _note(self, is_there: bool, entry: tuple[object, ...] | None) -> bool:  # noqa: FBT001  # by position
        """Whether ``entry`` is there, and was not known; None is of no interest."""
        if entry is None:
            return False
        if not is_there:
            self._known.discard(entry)
            return False
        if entry in self._known:
            return False
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known.add(entry)
        return True

    def _take_link(self, kind: int, body: bytes) -> bool:
        _, _, link, flags, _ = _LINK.unpack_from(body)
        name = _text(dict(_attributes(body[_LINK.size :])).get(_IFLA_NAME, b""))
        if kind == _GONE_LINK:
            self._links.pop(link, None)
            self._inner.discard(link)
            return False
        if len(self._links) >= _MOST:
            self._links.clear()
            self._inner.clear()
        if name.startswith(_INNER):
            self._inner.add(link)
        was_up, is_up = self._links.get(link, False), bool(flags & _IS_UP)
        self._links[link] = is_up
        return is_up and not was_up and self._matters(link)

    def _matters(self, link: int, name: str = "") -> bool:
        return link != _LOOPBACK and link not in self._inner and not name.startswith(_INNER)

    def _address(self, body: bytes) -> tuple[object, ...] | None:
        _, _, flags, scope, link = _ADDRESS.unpack_from(body)
        found = dict(_attributes(body[_ADDRESS.size :]))
        flags |= _number(found.get(_IFA_FLAGS, b""))
        number = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS, b""))
        label = _text(found.get(_IFA_LABEL, b""))
        if scope != _ANYWHERE or flags & _UNUSABLE or not self._matters(link, label):
            return None
        try:
            address = ip_address(number)
        except ValueError:
            return None
        if address.is_link_local or address.is_loopback or address.is_multicast:
            return None
        return ("address", link, number)

    def _default_route(self, body: bytes) -> tuple[object, ...] | None:
        family, to, _, _, table, _, _, kind, flags = _ROUTE.unpack_from(body)
        found = dict(_attributes(body[_ROUTE.size :]))
        table = _number(found.get(_RTA_TABLE, b"")) or table
        link = _number(found.get(_RTA_OIF, b""))
        if to or kind != _UNICAST or flags & _CLONED or table == _LOCAL_TABLE:
            return None
        if not self._matters(link):
            return None
        return ("route", family, table, link, found.get(_RTA_GATEWAY, b""))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind and the body of each message."""
    at = 0
    while at + _HEAD.size <= len(data):
        size, kind, _, _, _ = _HEAD.unpack_from(data, at)
        if size < _HEAD.size or at + size > len(data):
            return
        yield kind, data[at + _HEAD.size : at + size]
        at += _aligned(size)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if size < _ATTRIBUTE.size or at + size > len(data):
            return
        yield kind, data[at + _ATTRIBUTE.size : at + size]
        at += _aligned(size)


def _aligned(size: int) -> int:
    return (size + 3) & ~3


def _number(data: bytes) -> int:
    return int(_U32.unpack_from(data)[0]) if len(data) >= _U32.size else 0


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("ascii", "replace")
