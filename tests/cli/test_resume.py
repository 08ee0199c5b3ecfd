from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline.updates import Ended, State, StateChanged, Transcript
from openline_cli import follow as follow_module
from openline_cli import resume as resume_module
from openline_cli.main import main
from openline_cli.problems import Problem
from openline_cli.resume import ResumeOptions, resume
from openline_store.records import VERSION, Began
from openline_store.spool import Spool
from openline_store.token_file import TokenFile

CLIP = str(Path(resume_module.__file__).parent / "data" / "meeting.flac")
URL = "ws://127.0.0.1:1/x"

Captured = pytest.CaptureFixture[str]
End = Callable[..., Ended]
Final = Callable[..., Transcript]
Opened = list[tuple[Path, Backend, "str | None"]]


class Quill(EchoPanel):
    """A dialect of the user's own."""

    name = "quill"


def _spool(directory: Path, session_id: str = "one", **changes: Any) -> Spool:
    fields: dict[str, Any] = {"url": URL, "allow_plain": False, "sources": ("mic",), **changes}
    return Spool.create(directory, Began(version=VERSION, session_id=session_id, **fields))


def _left(directory: Path, session_id: str = "one", **changes: Any) -> Path:
    """The folder of a session that a crash left."""
    spool = _spool(directory, session_id, **changes)
    spool.keep("mic", 0, bytes(640))
    spool.close()
    return spool.folder


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENLINE_TOKEN", raising=False)


@pytest.fixture
def policies() -> list[Policy | None]:
    """The policy of each session that is resumed."""
    return []


@pytest.fixture
def answer(
    monkeypatch: pytest.MonkeyPatch, played: Callable[..., Any], policies: list[Policy | None]
) -> Callable[..., Opened]:
    """Play these updates in each resumed session; returns the arguments of the openings."""

    def with_updates(updates: list[Any], *ends: Ended) -> Opened:
        opened: Opened = []
        to_come = iter(ends)

        def resume_session(
            folder: Path,
            *,
            backend: Backend,
            credentials: str | None,
            dialect: Dialect | None,
            policy: Policy | None,
            **_: object,
        ) -> Any:
            assert dialect is DEFAULT
            policies.append(policy)
            opened.append((folder, backend, credentials))
            return played(updates, next(to_come)).open()

        monkeypatch.setattr(resume_module, "resume_session", resume_session)
        return opened

    return with_updates


@pytest.fixture
def not_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that comes as far as a session."""

    def no_session(*_: Any, **__: Any) -> None:
        raise AssertionError("a session was run")

    monkeypatch.setattr("openline_trio.opening.Session.run", no_session)


def _one_line(capsys: Captured) -> str:
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("openline: ")
    assert err.count("\n") == 1
    return err


def test_session_that_fails_again_is_kept_and_reported(
    answer: Callable[..., Opened], ended: End, tmp_path: Path, capsys: Captured
) -> None:
    folder = _left(tmp_path)
    answer([], ended(state=State.FAILED, reason="refused"))
    assert main(["resume", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"openline: the captured audio is kept; to deliver it: openline resume {folder}"
    )


def test_failed_resume_does_not_block_the_others(
    answer: Callable[..., Opened], ended: End, tmp_path: Path, capsys: Captured
) -> None:
    first, strange, last = (
        _left(tmp_path, name, dialect=dialect)
        for name, dialect in (("a", "echopanel"), ("b", "quill"), ("c", "echopanel"))
    )
    opened = answer([], ended(), ended())
    assert main(["resume", str(tmp_path)]) == 2
    assert [folder for folder, _, _ in opened] == [first, last]
    told = [line for line in capsys.readouterr().err.splitlines() if "quill" in line]
    assert len(told) == 1
    assert told[0].startswith(f"openline: {strange}: this session used quill")


@pytest.mark.parametrize("kind", ["missing", "empty", "a file", "another folder"])
def test_directory_without_a_session_is_reported(
    kind: str, tmp_path: Path, capsys: Captured
) -> None:
    place = tmp_path / "spool"
    if kind == "a file":
        place.write_text("words")
    elif kind != "missing":
        (place / "music" if kind == "another folder" else place).mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert main(["resume", str(place)]) == 2
    says = {
        "missing": "there is no such directory: name the directory given to --spool",
        "a file": "is not a directory: name the directory given to --spool",
    }.get(kind, "no unfinished session is spooled there")
    assert _one_line(capsys) == f"openline: {place}: {says}\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_impossible_directory_name_is_one_line(capsys: Captured) -> None:
    assert main(["resume", "a" * 300]) == 2
    assert "File name too long: name a spool" in _one_line(capsys)


@pytest.mark.usefixtures("not_dialled")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--out", "t.txt"], "--out: 2 sessions are spooled there; name one's folder"),
        (["--token-file", "none"], "--token-file none: no such file"),
        (["--url", "http://x"], "--url: the URL's scheme is 'http'"),
        (["--url", "ws://example.org/x"], "allow it with --plain-ws"),
    ],
)
def test_a_mistake_is_one_line(
    options: list[str],
    says: str,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("one", "two"):
        _left(tmp_path / "spool", name)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["resume", "spool", *options]) == 2
    assert says in _one_line(capsys)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("not_dialled")
def test_headers_that_are_never_stored_are_asked_for(tmp_path: Path, capsys: Captured) -> None:
    folder = _left(tmp_path, headers=("X-Tenant", "X-Key"))
    assert main(["resume", str(tmp_path), "--header", "X-Tenant=a"]) == 2
    assert _one_line(capsys) == (
        f"openline: {folder}: its requests had headers that are never stored, X-Key: give them "
        "again with --header\n"
    )


def test_subprotocols_and_the_origin_of_a_session_are_kept(
    answer: Callable[..., Opened], ended: End, tmp_path: Path
) -> None:
    _left(tmp_path, headers=("X-Tenant",), subprotocols=("v1",), origin="https://app.example")
    opened = answer([], ended(), ended())
    for options, subprotocols in (((), ("v1",)), (("--subprotocol", "v2"), ("v2",))):
        main(["resume", str(tmp_path), "--header", "X-Tenant=a", *options])
        backend = opened.pop()[1]
        assert backend.headers == (("Origin", "https://app.example"), ("X-Tenant", "a"))
        assert backend.subprotocols == subprotocols


@pytest.mark.usefixtures("not_dialled")
def test_a_transcript_of_no_known_kind_is_refused(tmp_path: Path, capsys: Captured) -> None:
    _left(tmp_path)
    assert main(["resume", str(tmp_path), "--out", str(tmp_path / "t.doc")]) == 2
    assert "t.doc: the name must end in" in _one_line(capsys)


@pytest.mark.usefixtures("not_dialled")
@pytest.mark.parametrize(
    ("log", "says"), [(b"", "its log is empty"), (b"\x7fELF" * 99, "its log is empty")]
)
def test_a_damaged_log_is_one_line(log: bytes, says: str, tmp_path: Path, capsys: Captured) -> None:
    folder = _left(tmp_path)
    (folder / "log").write_bytes(log)
    assert main(["resume", str(folder)]) == 2
    assert f"openline: {folder}: {says}" in _one_line(capsys)
    assert (folder / "mic-000000000000000.pcm").stat().st_size == 640


@pytest.mark.usefixtures("not_dialled")
def test_a_session_of_another_version_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    spool = Spool.create(
        tmp_path, Began(version=99, session_id="x", url=URL, allow_plain=False, sources=("mic",))
    )
    spool.close()
    assert main(["resume", str(tmp_path)]) == 2
    assert "written by a later version: resume it with that one" in _one_line(capsys)


@pytest.mark.usefixtures("not_dialled")
def test_a_session_of_another_dialect_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    folder = _left(tmp_path, sources=("tape",))
    assert main(["resume", str(tmp_path)]) == 2
    assert f"{folder}: sources ['tape']: give some of" in _one_line(capsys)


@pytest.mark.usefixtures("not_dialled")
@pytest.mark.parametrize(
    ("spoke", "given", "says"),
    [
        ("quill", (), "quill, which is not built in: give that dialect (--dialect module:NAME)"),
        (
            "echopanel",
            ("--dialect", f"{__name__}:Quill"),
            "echopanel, not quill: give that dialect (--dialect echopanel)",
        ),
    ],
)
def test_session_is_resumed_in_its_dialect(
    spoke: str, given: tuple[str, ...], says: str, tmp_path: Path, capsys: Captured
) -> None:
    folder = _left(tmp_path, dialect=spoke)
    assert main(["resume", str(tmp_path), *given]) == 2
    assert _one_line(capsys) == f"openline: {folder}: this session used {says}\n"


@pytest.mark.usefixtures("not_dialled")
def test_spool_error_is_not_blamed_on_the_dialect(tmp_path: Path, capsys: Captured) -> None:
    spool = _spool(tmp_path)
    assert main(["resume", str(tmp_path), "--dialect", f"{__name__}:Quill"]) == 2
    assert _one_line(capsys) == (
        f"openline: {spool.folder}: another process is using this session: wait for it\n"
    )
    spool.close()


@pytest.mark.usefixtures("not_dialled")
def test_a_session_that_is_in_use_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    spool = _spool(tmp_path)
    assert main(["resume", str(tmp_path)]) == 2
    assert "another process is using this session: wait for it" in _one_line(capsys)
    spool.close()


def test_session_is_resumed_at_its_backend(
    answer: Any, final: Final, ended: End, tmp_path: Path, capsys: Captured
) -> None:
    folder = _left(tmp_path)
    opened = answer([final("so good")], ended(final("so good")))
    assert main(["resume", str(tmp_path)]) == 0
    assert opened == [(folder, Backend.from_url(URL), None)]
    out, err = capsys.readouterr()
    assert out == "  0:00.0  mic     so good\n"
    assert err == "openline: complete: every captured sample was confirmed\n"


def test_a_folder_a_backend_a_token_and_a_transcript_are_used(
    answer: Any,
    final: Final,
    ended: End,
    streaming: StateChanged,
    *,
    tmp_path: Path,
    capsys: Captured,
) -> None:
    folder = _left(tmp_path, "one")
    _left(tmp_path, "two")
    token, out = tmp_path / "token", tmp_path / "t.txt"
    token.write_text("s3cret\n")
    opened = answer([streaming], ended(final("go forward")))
    arguments = ["--url", "wss://example.org/y", "--token-file", str(token), "--out", str(out)]
    assert main(["resume", str(folder), "--json", *arguments]) == 0
    ((opened_folder, backend, provider),) = opened
    assert (opened_folder, backend) == (folder, Backend.from_url("wss://example.org/y"))
    assert isinstance(provider, TokenFile)
    assert provider.provide(None) == "s3cret"
    assert out.read_text() == "go forward\n"
    shown, err = capsys.readouterr()
    assert [json.loads(line)["update"] for line in shown.splitlines()] == ["state", "ended"]
    assert not err


def test_plain_ws_is_allowed_only_for_the_same_backend(
    answer: Any, ended: End, tmp_path: Path
) -> None:
    _left(tmp_path, url="ws://example.org:80/x", allow_plain=True)
    opened = answer([], ended(), ended())
    assert resume(ResumeOptions(directory=tmp_path, json=True)) == 0
    with pytest.raises(Problem, match="allow it with --plain-ws"):
        resume(ResumeOptions(directory=tmp_path, url="ws://example.com/x"))
    assert resume(ResumeOptions(directory=tmp_path, url="ws://example.com/x", plain_ws=True)) == 0
    assert [backend.host for _, backend, _ in opened] == ["example.org", "example.com"]


def test_each_session_is_finished_and_the_worst_counts(
    answer: Any, ended: End, gap: Callable[..., Any], tmp_path: Path
) -> None:
    folders = [_left(tmp_path, name) for name in ("a", "b", "c")]
    opened = answer([], ended(), ended(gaps=[gap()]), ended())
    assert main(["resume", str(tmp_path)]) == 1
    assert [folder for folder, _, _ in opened] == folders


def test_interrupt_stops_all_sessions(
    answer: Any, ended: End, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        _left(tmp_path, name)
    opened = answer([], ended())
    monkeypatch.setattr(follow_module.Outcome, "status", 130)
    assert main(["resume", str(tmp_path)]) == 130
    assert len(opened) == 1


# -- stream --spool


@pytest.mark.usefixtures("not_dialled")
@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("file", "--spool: file: file exists: give a folder to write to"),
        ("file/below", "--spool: file/below: not a directory: give a folder to write to"),
        ("a" * 300, "file name too long: give a folder to write to"),
    ],
)
def test_a_place_that_cannot_be_a_spool_is_one_line(
    place: str, says: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("words")
    assert main(["stream", CLIP, "--url", URL, "--json", "--spool", place]) == 2
    assert says in _one_line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "words"


@pytest.mark.usefixtures("not_dialled")
def test_a_spool_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Any, *_: Any, **__: Any) -> None:  # root may write anywhere
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "mkdir", denied)
        status = main(["stream", CLIP, "--url", URL, "--json", "--spool", str(tmp_path)])
    assert status == 2
    assert f"--spool: {tmp_path}: permission denied: give a folder" in _one_line(capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("not_dialled")
def test_a_full_disk_below_the_spool_is_one_line(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(spool: Spool, record: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "note", full)
    assert main(["stream", CLIP, "--url", URL, "--json", "--spool", str(tmp_path)]) == 2
    assert f"--spool: {tmp_path}: no space left on device: " in _one_line(capsys)
    assert not list(tmp_path.iterdir())
