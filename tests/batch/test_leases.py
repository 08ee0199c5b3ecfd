"""Claims of coordinators on one machine and on several, some of which die."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from openline_batch import files, leases
from openline_batch.leases import LEASE, Claim, Leases, this_machine


class Place:
    """A shared directory, and a clock for each machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "owners").mkdir()
        (root / "claims").mkdir()
        self.now = 0.0

    def owner(
        self, name: str, machine: str = "here", clock: Callable[[], float] | None = None
    ) -> Leases:
        return Leases(
            self.root / "owners",
            self.root / "claims",
            name=name,
            clock=clock or (lambda: self.now),
            machine=machine,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def claimed(owner: Leases) -> Claim:
    claim = owner.claim("k")
    assert claim is not None
    return claim


def die(owner: Leases) -> None:
    """As SIGKILL does: the lock is gone, the files stay."""
    os.close(owner._fd)  # pyright: ignore[reportPrivateUsage]


def test_one_of_two_gets_a_claim_and_gives_it_back(place: Place) -> None:
    a, b = place.owner("a"), place.owner("b")
    claim = claimed(a)
    assert claim == Claim("k", 1)
    assert b.claim("k") is None
    assert a.claim("k") is None
    assert a.holds(claim)
    assert b.holder("k") == f"process {os.getpid()} on {socket.gethostname()[:64]}"
    a.release(claim)
    assert b.holder("k") == ""
    assert b.claim("k") == Claim("k", 1)
    assert a.claim("other") is not None


def test_a_claim_of_a_dead_process_of_this_machine_is_free_at_once(place: Place) -> None:
    a, b = place.owner("a"), place.owner("b")
    assert a.claim("k") is not None
    die(a)
    claim = claimed(b)
    assert claim == Claim("k", 2)
    b.release(claim)
    assert list((place.root / "claims").iterdir()) == []


def test_a_claim_of_an_owner_that_ended_in_order_is_free(place: Place) -> None:
    a, b = place.owner("a", machine="far"), place.owner("b")
    assert a.claim("k") is not None
    a.close()
    assert b.claim("k") == Claim("k", 2)


def test_an_owner_on_another_machine_lives_while_it_counts(place: Place) -> None:
    a, b = place.owner("a", machine="far"), place.owner("b")
    assert a.claim("k") is not None
    for _ in range(10):
        place.now += LEASE - 1
        assert a.count()
        assert b.claim("k") is None
    place.now += LEASE - 1
    assert b.claim("k") is None
    place.now += 1.0
    assert b.claim("k") == Claim("k", 2)


def test_no_two_clocks_are_compared(place: Place) -> None:
    a = place.owner("a", machine="far", clock=lambda: 1e9)
    b = place.owner("b")
    assert a.claim("k") is not None
    assert b.claim("k") is None
    place.now += LEASE
    assert b.claim("k") is not None


def test_a_machine_that_slept_for_a_lease_learns_what_it_lost(place: Place) -> None:
    asleep = 0.0
    a = place.owner("a", machine="far", clock=lambda: place.now + asleep)
    b = place.owner("b")
    kept, lost = a.claim("kept"), a.claim("lost")
    assert kept is not None
    assert lost is not None
    assert b.claim("lost") is None
    place.now += LEASE
    assert b.claim("lost") is not None
    assert not a.count()
    assert a.count()
    assert a.holds(kept)
    assert not a.holds(lost)
    a.release(lost)
    assert b.claim("lost") is None


def test_of_many_that_take_over_at_once_one_gets_it(place: Place) -> None:
    dead = place.owner("dead")
    assert dead.claim("k") is not None
    die(dead)
    owners = [place.owner(f"o{number}") for number in range(8)]
    barrier = threading.Barrier(len(owners))
    got: list[Claim | None] = []

    def take(owner: Leases) -> None:
        barrier.wait()
        got.append(owner.claim("k"))

    threads = [threading.Thread(target=take, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [claim for claim in got if claim is not None]
    assert len(winners) <= 1  # none, if each saw another one that was looking
    again = [claim for owner in owners if (claim := owner.claim("k")) is not None]
    assert len(winners + again) == 1


def test_two_that_see_different_pasts_do_not_both_get_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """b looks while a has it; a gives it back and ends; c claims anew; then b goes on."""
    a, b, c = place.owner("a"), place.owner("b"), place.owner("c")
    claim = a.claim("k")
    assert claim is not None
    real, taken = files.write_new, list[Claim | None]()

    def late(path: Path, data: bytes) -> bool:
        if data == b"b":
            monkeypatch.setattr(leases, "write_new", real)
            taken.append(c.claim("k"))
        return real(path, data)

    monkeypatch.setattr(leases, "write_new", late)
    alive = b._is_alive  # pyright: ignore[reportPrivateUsage]

    def gone_meanwhile(owner: str) -> bool:
        if owner == "a":
            a.release(claim)
            a.close()
            return False
        return alive(owner)

    monkeypatch.setattr(b, "_is_alive", gone_meanwhile)
    assert b.claim("k") is None
    assert taken == [Claim("k", 1)]
    assert c.holds(Claim("k", 1))


def test_a_card_that_is_being_written_is_of_one_that_lives(place: Place) -> None:
    a, b = place.owner("a", machine="far"), place.owner("b")
    assert a.claim("k") is not None
    (place.root / "owners" / "a").write_bytes(b'{"machine": "fa')
    assert b.claim("k") is None


def test_a_sweep_removes_what_the_dead_left(place: Place) -> None:
    dead, far, mine = place.owner("dead"), place.owner("far", machine="far"), place.owner("mine")
    for owner, name in ((dead, "dead"), (far, "far")):
        assert owner.claim(f"{name}-done") is not None
        assert owner.claim(f"{name}-open") is not None
    die(dead)
    mine.sweep(lambda key: key.endswith("-done"))
    assert sorted(path.name for path in (place.root / "claims").iterdir()) == [
        "dead-open.1",
        "far-open.1",
    ]
    assert sorted(path.name for path in (place.root / "owners").iterdir()) == ["far", "mine"]
    assert mine.claim("dead-open") is not None


def test_a_system_without_locks_is_an_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, what: str) -> None:
        raise OSError(errno.ENOTSUP, f"{what} needs file locks")

    monkeypatch.setattr(leases, "lock", refuse)
    with pytest.raises(OSError, match="a batch needs file locks"):
        place.owner("a")
    assert list((place.root / "owners").iterdir()) == []


def test_a_machine_has_one_name() -> None:
    assert this_machine() == this_machine()
    assert this_machine()


def test_a_machine_without_a_boot_id_has_its_host_s_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Path, encoding: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    assert this_machine() == "desk"
