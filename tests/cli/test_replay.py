from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import pytest

from openline import events as e
from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Ids, Memory, Sent
from openline.journal.reader import read
from openline.journal.recorder import Recorder
from openline.journal.replay import replay
from openline.session import LocalProtocolError, SessionMachine
from openline_cli.main import main
from openline_cli.replay import rows

KEPT = Path(__file__).parents[1] / "journals"
Captured = pytest.CaptureFixture[str]


def journal(
    path: Path, *events: e.Event, session_id: str = "s", backend: Backend | None = None
) -> Path:
    lines: list[bytes] = []
    core = SessionMachine(
        backend or Backend(),
        observers=[Recorder(lines.append)],
        session_id=session_id,
        attempt_id="a",
        random=lambda: 0.5,
        disk_seconds=60.0,
    )
    for event in events:
        with contextlib.suppress(LocalProtocolError):  # it is in the journal
            core.receive(event, 1.5)
    path.write_bytes(b"".join(lines))
    return path


def test_replay_prints_steps_and_no_difference(capsys: Captured) -> None:
    assert main(["replay", str(KEPT / "drop-and-replay.jsonl")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("session the session to ws://127.0.0.1:8000/")
    for told in (
        "      0.000  OpenRequested",
        "               → connecting",
        "(0.30 s of mic captured, 25 messages of audio sent)",
        "1 > ping 1",
        "1 < pong 1",
        "2 > start sample_rate=16000 ",
        "1 < asr_final text=this much is safe t0=0.0 t1=1.2 source=mic",
        "final of mic 0.00-1.20: this much is safe",
        "partial of mic 1.30-1.80: and",
        "→ reconnecting: the connection was reset, again in 0.",
        "OpenSocket 2 ws://127.0.0.1:8000/ws/live-listener\n",
        "CloseSocket dial=2 code=1000",
        "Ended: finished, complete",
    ):
        assert told in out
    assert lines[-1].startswith("the core still does the same: ")
    assert lines[-1].endswith(" steps to closed")


def test_changed_core_is_reported_with_the_difference(tmp_path: Path, capsys: Captured) -> None:
    text = (KEPT / "happy-path.jsonl").read_bytes()
    path = tmp_path / "journal"
    path.write_bytes(text.replace(b'"text":"hello world"', b'"text":"hello moon"'))
    assert main(["replay", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "the core no longer does what it did" in lines[-3]
    assert "hello moon" in lines[-2]
    assert "hello world" in lines[-1]


def test_quiet_prints_only_the_result(tmp_path: Path, capsys: Captured) -> None:
    path = KEPT / "happy-path.jsonl"
    assert main(["replay", str(path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert main(["replay", str(path), "--quiet"]) == 0
    assert capsys.readouterr() == (f"{last}\n", "")
    changed = tmp_path / "journal"
    changed.write_bytes(path.read_bytes().replace(b"hello world", b"hello moon", 1))
    assert main(["replay", str(changed), "-q"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "the core no longer does what it did" in lines[0]


def test_all_sessions_or_the_chosen_one_are_replayed(tmp_path: Path, capsys: Captured) -> None:
    changed = (KEPT / "happy-path.jsonl").read_bytes().replace(b"hello world", b"hello moon", 1)
    path = tmp_path / "journal"
    path.write_bytes(changed + (KEPT / "capacity.jsonl").read_bytes())
    assert main(["replay", str(path)]) == 1
    told = [line for line in capsys.readouterr().out.splitlines() if " of 2: session " in line]
    assert [line.partition(" to ws")[0] for line in told] == [
        "1 of 2: session the session",
        "2 of 2: session the session",
    ]
    assert main(["replay", str(path), "--quiet"]) == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("1 of 2: line ")
    assert last.startswith("2 of 2: the core still does the same: ")
    assert main(["replay", str(path), "--quiet", "--session", "2"]) == 0
    assert capsys.readouterr().out == f"{last.removeprefix('2 of 2: ')}\n"
    assert main(["replay", str(path), "--session", "3"]) == 2
    says = "holds 2 sessions: --session is 3: give 1 to 2"
    assert capsys.readouterr() == ("", f"openline: {path}: {says}\n")


def test_what_seldom_happens_is_told_too(tmp_path: Path, capsys: Captured) -> None:
    path = journal(
        tmp_path / "journal",
        e.AudioCaptured("mic", bytes(640)),
        e.AudioCaptured("drum", bytes(640)),
        e.AudioFetched("mic", 7, bytes(640)),
        e.OpenRequested(),
        e.MessageReceived(1, b"\0"),
        e.MessageReceived(1, "\x1b[2Jnoise" * 50),
        e.SourceFailed("mic", "unplugged"),
    )
    with path.open("ab") as file:
        file.write(b'{"now":')
    assert main(["replay", str(path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    for told in (
        "StoreConfirmed source=mic",
        "0.02 s of drum captured",
        "raised LocalProtocolError: ",
        "320 samples of mic fetched from 7 on",
        "1 < 1 bytes",
        "[2Jnoise",
        "SourceFailed source=mic reason=unplugged",
        "and does not end there, its last line was torn",
    ):
        assert told in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"# Notes\n\nNothing.\n", "not JSON: this is not a journal"),
        (b"", "an empty journal"),
        (None, "no such file or directory: name a journal"),
    ],
)
def test_invalid_journal_is_one_line(
    tmp_path: Path, capsys: Captured, text: bytes | None, told: str
) -> None:
    path = tmp_path / "journal"
    if text is not None:
        path.write_bytes(text)
    assert main(["replay", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


def test_unknown_dialect_is_reported(tmp_path: Path, capsys: Captured) -> None:
    path = journal(tmp_path / "journal", e.OpenRequested())
    path.write_bytes(path.read_bytes().replace(b'"echopanel"', b'"other"'))
    assert main(["replay", str(path)]) == 2
    assert capsys.readouterr() == (
        "",
        (f"openline: {path}: its dialect, other, is not built in: give --dialect module:NAME\n"),
    )


def test_unwritable_journal_is_reported_before_dialling(tmp_path: Path, capsys: Captured) -> None:
    clip = KEPT.parents[1] / "adapters" / "openline_cli" / "data" / "meeting.flac"
    assert main(["stream", str(clip), "--journal", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"openline: --journal: {tmp_path}: is a directory")


def test_a_journal_is_not_written_into_the_recording(tmp_path: Path, capsys: Captured) -> None:
    clip = KEPT.parents[1] / "adapters" / "openline_cli" / "data" / "meeting.flac"
    own = tmp_path / "meeting.flac"
    own.write_bytes(clip.read_bytes())
    assert main(["stream", str(own), "--journal", str(own), "--speed", "1000"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"openline: --journal: {own}: holds something else than journals: "
        "give a new file, or one of journals\n"
    )
    assert own.read_bytes() == clip.read_bytes()


def test_a_transcript_does_not_replace_the_journal(tmp_path: Path, capsys: Captured) -> None:
    clip = KEPT.parents[1] / "adapters" / "openline_cli" / "data" / "meeting.flac"
    out = tmp_path / "meeting.jsonl"
    journal = tmp_path / "." / "meeting.jsonl"
    assert main(["stream", str(clip), "--out", str(out), "--journal", str(journal)]) == 2
    err = capsys.readouterr().err
    assert err == f"openline: --out {out}: the journal goes there; give another name\n"
    assert not out.exists()


def test_token_is_mentioned_only_where_it_is_withheld(tmp_path: Path, capsys: Captured) -> None:
    path = journal(
        tmp_path / "journal",
        e.OpenRequested(),
        e.Redirected(1, 302, "ws://localhost:9/elsewhere"),
        backend=Backend(redirects_to=("ws://localhost:9",)),
    )
    assert main(["replay", str(path)]) == 0
    out = capsys.readouterr().out
    assert "OpenSocket 1 ws://127.0.0.1:8000/ws/live-listener\n" in out
    assert "OpenSocket 2 ws://localhost:9/elsewhere, without a token\n" in out


class Letter(EchoPanel):
    """A dialect whose messages are all text."""

    name = "letter"

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (f'{{"op": "audio", "pcm": "{base64.b64encode(pcm).decode()}"}}',)


class Packet(Letter):
    """A dialect whose messages are all bytes."""

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        return binary(super().start(memory, ids))

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return binary(super().audio(memory, source, pcm, number))

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        return binary(super().stop(memory, ids, sent))


def binary(made: Encoded) -> Encoded:
    """The same messages, as bytes."""
    memory, messages = made
    return memory, tuple(str(each).encode() for each in messages)


@pytest.mark.parametrize(
    ("kind", "start", "stop"), [(Letter, "1 > start ", "1 > stop"), (Packet, "1 > ", "1 > ")]
)
def test_audio_messages_are_folded_as_bytes_and_text(
    kind: type[Letter], start: str, stop: str
) -> None:
    lines: list[bytes] = []
    core = SessionMachine(
        Backend(), session_id="s", attempt_id="a", random=lambda: 0.5,
        observers=[Recorder(lines.append)],
        dialect=kind(),
    )  # fmt: skip
    ack = '{"type":"status","state":"streaming"}'
    core.receive(e.OpenRequested(), 1.0)
    core.receive(e.SocketOpened(1, "c"), 1.5)
    assert core.next_message(1.5) is not None
    core.receive(e.MessageReceived(1, ack), 1.5)
    for _ in range(25):
        core.receive(e.AudioCaptured("mic", b"\1" * 640), 1.5)
        while core.next_message(1.5) is not None:
            pass
    core.receive(e.StopRequested(), 1.5)
    assert core.next_message(1.5) is not None
    [journal] = read(lines)
    told = [row.what for row in rows(replay(journal, dialect=kind()))]
    assert "(0.50 s of mic captured, 25 messages of audio sent)" in told
    sent = [what for what in told if what.startswith("1 > ")]
    assert len([what for what in sent if "ping" not in what]) == 2, "the start and the stop"
    assert sent[0].startswith(start)
    assert sent[-1].startswith(stop)
    assert not any("AAAA" in what or "audio pcm" in what for what in told)
