"""Hints that a network is back: netlink's messages, a storm of them, and a sleep."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline import commands as c
from openline import events as e
from openline.observer import Observer
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.network_hints import APART, LOOK, NOTICED, SETTLE, NetworkHints
from tests.driver.model import Face

#: Messages of a kernel 6.18 in a namespace: little-endian, as on every machine that the tests know.
RECORDED = {
    "an address": "4c000000140000008e180d6bb84d0000021880000100000008000100c000020708000200c0000207"
    "070003006c6f0000080008008000000014000600ffffffffffffffffe41f0200e41f0200",
    "its local route": "3c00000018000006000000000000000002200000ff02fe020000000008000f00ff000000"
    "08000100c000020708000700c00002070800040001000000",
    "a default route": "2c000000180000068e180d6bb94d000002000000fe03fd010000000008000f00fe000000"
    "0800040001000000",
    "the route of a network": "740000001800000600000000000000000a400000fe020001000000000800"
    "0f00fe0000001400010020010db800000000000000000000000008000600000100000800040001000000"
    "24000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000",
    "an address that is probed": "480000001400000000000000000000000a40c000010000001400010020010db8"
    "00000000000000000000000714000600fffffffffffffffff91f0200f91f020008000800c0000000",
    "an address of IPv6": "480000001400000000000000000000000a408000010000001400010020010db8"
    "00000000000000000000000714000600fffffffffffffffff91f0200f91f02000800080080000000",
    "a default route of IPv6": "600000001800000690180d6bcc4d00000a000000fe03000100000000"
    "08000f00fe00000008000600000400000800040001000000"
    "24000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000",
}
HINTS = {"an address", "a default route", "an address of IPv6", "a default route of IPv6"}


def recorded(name: str, *, link: int = 2) -> bytes:
    """A recorded message, as of another link than the loopback, of which they are."""
    data = bytes.fromhex(RECORDED[name])
    data = data.replace(bytes.fromhex("0800040001000000"), struct.pack("=HHI", 8, 4, link))
    kind = struct.unpack_from("=H", data, 4)[0]
    if kind == 20:
        data = data[:20] + struct.pack("=I", link) + data[24:]
    return data.replace(b"lo\0\0", b"e0\0\0")


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def address(
    number: str = "c0000207", *, gone: bool = False, flags: int = 0, scope: int = 0, label: str = ""
) -> bytes:
    raw = bytes.fromhex(number)
    body = struct.pack("=BBBBI", 2 if len(raw) == 4 else 10, 24, flags, scope, 2)
    named = attribute(3, label.encode() + b"\0") if label else b""
    return message(21 if gone else 20, body + attribute(1, raw) + named)


def route(
    *,
    to: int = 0,
    gone: bool = False,
    table: int = 254,
    kind: int = 1,
    flags: int = 0,
    link: int = 2,
) -> bytes:
    body = struct.pack("=BBBBBBBBI", 2, to, 0, 0, min(table, 252), 3, 0, kind, flags)
    parts = attribute(15, struct.pack("=I", table)) + attribute(4, struct.pack("=I", link))
    return message(25 if gone else 24, body + parts + attribute(5, b"\xc0\0\2\1"))


def link(name: str, number: int, *, up: bool = True, gone: bool = False) -> bytes:
    body = struct.pack("=BxHiII", 0, 1, number, 0x1_0043 if up else 0x1003, 0)
    return message(17 if gone else 16, body + attribute(3, name.encode() + b"\0"))


class Watch:
    """A session's hints, and their times on a clock that jumps from deadline to deadline."""

    def __init__(self) -> None:
        self.hints = NetworkHints()
        self.now = 100.0
        self.hints.start(self.now)

    def says(self, *data: bytes) -> bool:
        """Whether there is a hint after these datagrams."""
        for each in data:
            self.hints.receive(each, self.now)
        due = self.hints.deadline
        if due is None:
            return False
        assert self.hints.is_due(due)
        self.now = due + APART
        return True


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_messages(name: str) -> None:
    watch = Watch()
    assert watch.says(recorded(name)) is (name in HINTS)
    assert not watch.says(recorded(name)), "it is known"
    assert not Watch().says(bytes.fromhex(RECORDED[name])), "it is of the loopback"


def test_all_messages_of_a_datagram_are_read() -> None:
    watch = Watch()
    assert watch.says(b"".join(recorded(name) for name in RECORDED))
    assert not watch.says(*(recorded(name) for name in RECORDED))


@pytest.mark.parametrize(
    "data",
    [
        address("7f000001"),
        address("a9fe0102"),
        address("fe80000000000000" + "0" * 15 + "1"),
        address("e0000001"),
        address(scope=253),
        address(scope=254),
        address(flags=0x40),
        address(flags=0x08),
        address(flags=0x20),
        address(label="docker0"),
        address(label="br-0123456789ab"),
        address(label="veth1a2b3c"),
        address(gone=True),
        address(""),
        route(to=24),
        route(table=255),
        route(kind=7),
        route(flags=0x200),
        route(link=1),
        route(gone=True),
        link("lo", 1),
        link("veth1a2b3c", 7),
        link("wlan0", 3, up=False),
        link("wlan0", 3, gone=True),
        message(3, b""),
        message(28, bytes(40)),
        *(message(kind, b"\2") for kind in (16, 20, 24)),
    ],
)
def test_what_is_no_hint(data: bytes) -> None:
    assert not Watch().says(data)


@pytest.mark.parametrize(
    "name",
    [
        *("docker0", "br-1a2b", "veth1a2b3c", "virbr0", "vnet0", "cni0", "flannel.1", "cali1a2b"),
        *("lxcbr0", "lxdbr0", "podman0", "vmnet8", "vboxnet0"),
    ],
)
def test_a_link_of_containers_and_virtual_machines_is_no_hint(name: str) -> None:
    assert not Watch().says(link(name, 7))
    assert not Watch().says(address(label=name))
    assert Watch().says(link(f"x{name}", 7))


def test_what_went_and_came_back_is_a_hint() -> None:
    watch = Watch()
    for here, gone in (
        (address(), address(gone=True)),
        (route(), route(gone=True)),
        (route(table=51820), route(table=51820, gone=True)),
        (link("eth0", 2), link("eth0", 2, up=False)),
        (link("wlan0", 3), link("wlan0", 3, gone=True)),
    ):
        assert [watch.says(each) for each in (here, here, gone, here)] == [True, False, False, True]


def test_what_is_on_the_link_of_a_container_is_no_hint() -> None:
    watch = Watch()
    assert not watch.says(link("br-0123456789ab", 2), address("20010db8" + "0" * 23 + "7"), route())
    assert not watch.says(link("br-0123456789ab", 2, gone=True))
    assert watch.says(address("20010db8" + "0" * 23 + "7")), "another link has the number now"


def test_a_storm_is_a_hint_each_two_seconds() -> None:
    hints = NetworkHints()
    times: list[float] = []
    for step in range(1000):  # ten seconds, a message each hundredth
        now = step / 100
        hints.receive(address(f"0a00{step:04x}"), now)
        if hints.deadline is not None and now >= hints.deadline and hints.is_due(now):
            times.append(now)
    assert times == pytest.approx([SETTLE + n * APART for n in range(5)], abs=0.02)


def test_messages_that_were_lost_are_a_hint_and_what_was_known_is_forgotten() -> None:
    watch = Watch()
    assert watch.says(address())
    assert watch.says(b"")
    assert watch.says(address())


def test_no_more_is_remembered_than_a_host_has() -> None:
    watch = Watch()
    watch.says(*(address(f"0a00{n:04x}") for n in range(600)))
    watch.says(*(link(f"e{n}", n) for n in range(2, 600)))
    assert watch.says(address("0a000000")), "it was forgotten"
    assert not watch.says(address("0a000000"))


def test_a_sleep_of_the_machine_is_a_hint() -> None:
    asleep = [500.0]
    hints = NetworkHints(lambda: asleep[0])
    hints.start(10.0)
    assert hints.deadline == 10.0 + LOOK
    assert not hints.is_due(10.0)
    assert not hints.is_due(12.0)
    asleep[0] += NOTICED
    assert not hints.is_due(14.0), "a clock that was set does not count"
    asleep[0] += 3600
    assert not hints.is_due(15.0), "it is not time to look"
    assert hints.is_due(16.0)
    assert not hints.is_due(18.0)
    hints.receive(address(), 18.0)
    assert hints.deadline == 18.0 + SETTLE
    assert hints.is_due(18.3)
    assert hints.deadline == 20.0


def messages() -> st.SearchStrategy[bytes]:
    body = st.binary(max_size=80)
    kinds = st.sampled_from([16, 17, 20, 21, 24, 25, 3])
    whole = st.builds(message, kinds, body)
    return st.lists(whole | body, max_size=6).map(b"".join)


@given(st.lists(messages(), max_size=8))
def test_whatever_the_bytes_nothing_raises(datagrams: list[bytes]) -> None:
    hints = NetworkHints()
    for each in datagrams:
        hints.receive(each, 0.0)
    for now in (0.0, SETTLE, 100.0):
        hints.is_due(now)
    assert hints.deadline is None


def cut(data: bytes) -> Iterator[bytes]:
    return (data[:size] for size in range(len(data)))


def test_a_message_that_is_cut_anywhere_is_passed_over() -> None:
    for name in RECORDED:
        for piece in cut(recorded(name)):
            assert piece == b"" or not Watch().says(piece)


# In a session.


def test_a_network_that_is_back_ends_the_wait_for_the_next_dial() -> None:
    face = Face(network_hints=True)
    dial = face.open()
    face.lose(e.SocketLost(dial=dial))
    face.release()
    before = face.clock.now
    face.feed(f.NetworkNews(address(gone=True)))
    waits = face.driver.deadline()
    assert waits is not None
    assert waits > before + 2 * SETTLE
    face.feed(f.NetworkNews(address()))
    assert face.driver.deadline() == before + SETTLE
    while len(face.dialled) < 2:
        face.wake_up()
    assert face.clock.now == before + SETTLE


def test_a_network_that_is_back_has_an_open_line_checked() -> None:
    face = Face(network_hints=True)
    face.open()
    while isinstance(face.driver.pull(), c.SendText | c.SendPing):
        pass
    face.feed(f.NetworkNews(address()))
    due = face.clock.now + SETTLE
    while face.clock.now < due:
        face.wake_up()
    assert face.of(fx.Wake)
    assert isinstance(face.driver.pull(), c.SendPing)


class Events(Observer):
    """Keeps the events that the machine got."""

    def __init__(self) -> None:
        self.events: list[e.Event] = []

    def on_event(self, event: e.Event, now: float) -> None:
        self.events.append(event)


def test_a_machine_that_slept_has_an_open_line_checked() -> None:
    asleep, seen = [0.0], Events()
    face = Face(seen, network_hints=True, slept=lambda: asleep[0])
    face.open()
    before = face.clock.now
    asleep[0] += 3600
    while face.clock.now < before + LOOK:
        face.wake_up()
    assert seen.events.count(e.NetworkRestored()) == 1


def test_a_look_that_shows_nothing_is_no_event() -> None:
    seen = Events()
    face = Face(seen, network_hints=True, slept=lambda: 7.0)
    face.feed(e.OpenRequested())
    count = len(seen.events)
    face.feed(f.Woke(LOOK))
    assert len(seen.events) == count
    face.feed(e.AbortRequested())
    face.release()
    face.wake_up()
    assert face.driver.deadline() is None, "it looks no more after the end"


def test_a_session_without_hints_looks_at_no_clock() -> None:
    def fails() -> float:
        raise AssertionError("it looked")

    face = Face(slept=fails)
    face.open()
