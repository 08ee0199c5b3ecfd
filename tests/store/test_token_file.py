"""A file that an agent renews: whatever state it is in, a session gets a token or one line."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from openline_driver.credentials import CredentialError
from openline_store.token_file import SETTLED, TokenFile, TokenFileError, read


class Agent:
    """Something that happens to the file in each pause of the reader."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.paused: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.paused.append(seconds)
        if self.steps:
            self.steps.pop(0)()


def old(path: Path) -> None:
    """Let the file look as if it was written long ago."""
    os.utime(path, (1e9, 1e9))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first-token\n")
    old(path)
    return path


def renewed(path: Path, how: str, text: str = "second-token\n") -> None:
    """Renew the file as agents do."""
    if how == "in place":
        path.write_text(text)
    elif how == "by a rename":
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)
    else:  # as a kubelet: path -> ..data/token, ..data -> a folder of this version
        folder = path.parent / f"..{abs(hash(text))}"
        folder.mkdir()
        (folder / path.name).write_text(text)
        link = path.parent / "..data"
        fresh = path.parent / "..data_tmp"
        fresh.symlink_to(folder)
        fresh.replace(link)
        if not path.is_symlink():
            path.unlink()
            path.symlink_to(link / path.name)


@pytest.mark.parametrize("how", ["in place", "by a rename", "by a symlink"])
@pytest.mark.parametrize("refused", [None, "first-token"])
def test_renewed_token_is_read(file: Path, how: str, refused: str | None) -> None:
    provider = TokenFile(file)
    assert provider.first() == "first-token"
    for number in range(3):
        renewed(file, how, f"token-{number}\n")
        old(file)
        assert provider.provide(refused) == f"token-{number}"


def test_renewed_token_of_the_same_size_and_time_is_read(file: Path) -> None:
    provider = TokenFile(file)
    provider.first()
    file.write_text("FIRST-TOKEN\n")
    old(file)
    assert provider.provide(None) == "FIRST-TOKEN"


def test_half_a_token_is_not_given(file: Path) -> None:
    agent = Agent(
        lambda: file.write_text("second-to"),
        lambda: file.write_text("second-token\n"),
    )
    provider = TokenFile(file, pause=agent)
    provider.first()
    file.write_text("sec")
    assert provider.provide("first-token") == "second-token"
    assert agent.paused == [SETTLED] * 3


@pytest.mark.parametrize("age", [1.0, 3600.0, 1e9, -1.0, -3600.0, -1e9])
@pytest.mark.parametrize("refused", [None, "first-token"])
def test_file_that_was_not_just_written_is_read_once(
    file: Path, age: float, refused: str | None
) -> None:
    """Its clock may be wrong, and its time lie ahead: a share's, or one before NTP ran."""
    agent = Agent()
    provider = TokenFile(file, pause=agent)
    provider.first()
    file.write_text("second-token\n")
    written = time.time() - age
    os.utime(file, (written, written))
    assert provider.provide(refused) == "second-token"
    assert agent.paused == []


@pytest.mark.parametrize("refused", [None, "first-token"])
def test_file_that_is_written_anew_as_it_was_is_read_once(file: Path, refused: str | None) -> None:
    agent = Agent()
    provider = TokenFile(file, pause=agent)
    provider.first()
    file.write_text("first-token\n")
    assert provider.provide(refused) == "first-token"
    assert agent.paused == []


def test_file_that_is_always_being_written_gives_what_it_holds(file: Path) -> None:
    number = 0

    def rewrite() -> None:
        nonlocal number
        number += 1
        file.write_text(f"token-{number}\n")

    provider = TokenFile(file, pause=Agent(*[rewrite] * 100))
    provider.first()
    rewrite()
    assert provider.provide(None) == f"token-{number - 1}"
    assert number < 10


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    old(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


BROKEN: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: write(path, b""),
    "blank": lambda path: write(path, b"\n \n"),
    "two words": lambda path: write(path, b"second token"),
    "not ASCII": lambda path: write(path, b"second-\xff"),
    "too long": lambda path: write(path, b"x" * 9000),
    "a folder": folder,
    "a loop of links": loop,
}


@pytest.mark.parametrize("how", BROKEN)
def test_last_token_serves_while_the_file_holds_none(file: Path, how: str) -> None:
    agent = Agent()
    provider = TokenFile(file, pause=agent)
    provider.first()
    BROKEN[how](file)
    assert provider.provide(None) == "first-token"
    assert agent.paused == [], "a dial waits though it has a token"
    assert provider.provide("an-older-token") == "first-token"
    assert sum(agent.paused) < 1.1


@pytest.mark.parametrize("how", BROKEN)
def test_refused_token_is_not_served_and_the_reason_names_the_file(file: Path, how: str) -> None:
    provider = TokenFile(file, pause=Agent())
    provider.first()
    BROKEN[how](file)
    with pytest.raises(CredentialError) as caught:
        provider.provide("first-token")
    line = str(caught.value)
    assert line.startswith(f"{file}: ")
    assert "\n" not in line
    assert "token" in line.removeprefix(str(file))
    assert "second" not in line
    assert "first-token" not in line
    assert not caught.value.fatal, "an agent may still mend it"


def test_gap_of_a_rename_is_waited_for(file: Path) -> None:
    provider = TokenFile(file, pause=Agent(lambda: None, lambda: renewed(file, "in place")))
    provider.first()
    file.unlink()
    assert provider.provide("first-token") == "second-token"


@pytest.mark.parametrize("how", BROKEN)
def test_file_that_never_held_a_token_ends_the_session(file: Path, how: str) -> None:
    """A mistyped name, or a wrong file: to ask again for minutes would only hide it."""
    BROKEN[how](file)
    agent = Agent()
    with pytest.raises(CredentialError) as caught:
        TokenFile(file, pause=agent).provide(None)
    assert caught.value.fatal
    assert str(caught.value).startswith(f"{file}: ")
    assert sum(agent.paused) < 1.1


@pytest.mark.parametrize("how", ["missing", "empty", "two words"])
def test_first_token_that_is_being_written_is_waited_for(file: Path, how: str) -> None:
    BROKEN[how](file)
    provider = TokenFile(file, pause=Agent(lambda: None, lambda: renewed(file, "by a rename")))
    assert provider.provide(None) == "second-token"


def test_what_the_machine_lacks_is_no_mistake_of_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    agent = Agent()
    provider = TokenFile(file, pause=agent)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(CredentialError, match="too many open files") as caught:
            provider.provide(None)
    assert not caught.value.fatal
    assert agent.paused == []
    assert provider.provide(None) == "first-token"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file_is_named(file: Path) -> None:
    file.chmod(0)
    with pytest.raises(TokenFileError, match="permission denied; name a file that holds the token"):
        TokenFile(file).first()


@pytest.mark.parametrize("name", ["none", "no/such", "a\0b", ""])
def test_impossible_name_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(TokenFileError, match=r"name a file that holds"):
        TokenFile(tmp_path / name).first()


# What can be read once.


def test_pipe_is_read_to_its_end_and_its_token_stays() -> None:
    receiving, sending = os.pipe()
    os.write(sending, b"piped-")

    def more() -> None:
        os.write(sending, b"token\n")
        os.close(sending)

    provider = TokenFile(f"/dev/fd/{receiving}", pause=Agent(more))
    try:
        assert provider.first() == "piped-token"
        assert provider.provide("piped-token") == "piped-token"
    finally:
        os.close(receiving)


def test_named_pipe_without_a_writer_is_one_line(tmp_path: Path) -> None:
    path, agent = tmp_path / "pipe", Agent()
    os.mkfifo(path)
    with pytest.raises(TokenFileError, match="nothing writes to this pipe"):
        read(path, agent)
    assert 4 < sum(agent.paused) < 6


def test_named_pipe_is_read_when_its_writer_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("piped-token",))
    found = read(path, Agent(writer.start, lambda: writer.join(5)))
    writer.join()
    assert found.token == "piped-token"
    assert "piped-token" not in repr(found)


def test_pipe_whose_writer_does_not_finish_is_one_line() -> None:
    receiving, sending = os.pipe()
    agent = Agent()
    with pytest.raises(TokenFileError, match="its writer does not finish"):
        read(Path(f"/dev/fd/{receiving}"), agent)
    assert 55 < sum(agent.paused) < 65
    os.close(sending)
    os.close(receiving)


@pytest.mark.parametrize(
    ("name", "wrong"), [("/dev/null", "nothing writes"), ("/dev/zero", "long")]
)
def test_device_is_one_line(name: str, wrong: str) -> None:
    with pytest.raises(TokenFileError, match=wrong):
        read(Path(name), Agent())


@pytest.mark.repeats
def test_thousand_reads_leave_no_descriptor_open(file: Path) -> None:
    provider = TokenFile(file, pause=Agent())
    provider.first()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(1000):
        write(file, b"" if number % 2 else b"x-token")
        provider.provide(None)
    assert len(os.listdir("/proc/self/fd")) == before


def test_no_repr_shows_the_token(file: Path) -> None:
    provider = TokenFile(file)
    provider.first()
    assert "first-token" not in repr(provider)
    assert repr(provider) == f"TokenFile({str(file)!r})"
