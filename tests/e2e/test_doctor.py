"""`openline doctor` on real sockets: of one thing that is wrong it names that one."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import pytest

from openline.dialects.registry import BUILT_IN
from openline_cli.main import main
from openline_testing.background import BackgroundBackend
from tests.e2e.support_networks import Authority, HttpProxy, Place, Server
from tests.e2e.test_networks import needs_ipv6
from tests.faces.corpus import echo, refusing
from tests.faces.script import Peer, Receive, Send, Sleep, Steps
from tests.support_clock import run_waited
from tests.support_lines import CLOSE, PING, PONG, TEXT, close, frame

PATH = "/ws/live-listener"
in_real_time: Final = asyncio.run
#: (state, text) of each step.
Steps_: TypeAlias = dict[str, tuple[str, str]]
Doctor: TypeAlias = Callable[..., tuple[int, Steps_]]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("OPENLINE_TOKEN", raising=False)

    # No stop of this process ends a step too early.
    monkeypatch.setattr(asyncio, "run", run_waited)

    def run(url: str, *options: str, timeout: str = "20") -> tuple[int, Steps_]:
        status = main(["doctor", url, "--timeout", timeout, "--json", *options])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return status, {each["step"]: (each["state"], each["text"]) for each in lines}

    return run


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def wrong(steps: Steps_) -> list[str]:
    """The steps that are wrong."""
    return [step for step, (state, _) in steps.items() if state == "wrong"]


def url(place: Server, path: str = PATH, scheme: str = "ws", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{host}:{place.port}{path}"


def saying(answer: bytes) -> Callable[[Peer], Steps]:
    """A server that answers the request with this."""

    def script(peer: Peer) -> Steps:
        yield from peer.read_request()
        yield from peer.send(answer)
        yield from peer.hang()

    return script


class Mute(Server):
    """It takes each connection, and says nothing."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.met = threading.Event()

    def serve(self, sock: socket.socket) -> None:
        while sock.recv(65_536):
            self.met.set()


def trusting(authority: Authority, tmp_path: Path) -> list[str]:
    pem = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(str(pem))
    return ["--ca-file", str(pem)]


def test_a_backend_that_works_has_nothing_wrong(doctor: Doctor) -> None:
    with BackgroundBackend() as backend:
        status, steps = doctor(backend.backend.url)
    assert (status, wrong(steps)) == (0, [])
    assert [steps[step][0] for step in ("addresses", "upgrade", "ack", "latency", "dialect")] == [
        "right"
    ] * 5
    assert "acknowledged" in steps["ack"][1]


def test_a_backend_with_tls_and_all_it_says(
    doctor: Doctor, authority: Authority, tmp_path: Path
) -> None:
    with Place(authority.server("localhost")) as place:
        status, steps = doctor(url(place, scheme="wss", host="localhost"),
                               *trusting(authority, tmp_path))  # fmt: skip
    assert (status, wrong(steps)) == (0, [])
    state, text = steps["tls"]
    assert state == "right"
    assert text.startswith("TLSv1.3, the certificate is for localhost, by ")
    assert "valid until" in text


@needs_ipv6
def test_ipv6(doctor: Doctor) -> None:
    with Place(host="::1") as place:
        status, steps = doctor(f"ws://[::1]:{place.port}{PATH}")
    assert status == 0
    assert steps["addresses"][1].startswith("::1 (in ")


def test_a_wrong_path(doctor: Doctor) -> None:
    with BackgroundBackend() as backend:
        status, steps = doctor(f"ws://{backend.backend.address}/nix")
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert f"the path /nix is wrong: give {PATH}, where a WebSocket opens" in steps["upgrade"][1]


def test_a_path_of_another_server_altogether(doctor: Doctor) -> None:
    with Place(script=refusing(404)) as place:
        status, steps = doctor(url(place, "/nix"))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert (
        "HTTP 404 Not Found at /nix: nothing is at this path: check the path"
        in (steps["upgrade"][1])
    )


@pytest.mark.parametrize("given", [False, True])
def test_a_token_that_is_missing_or_wrong(
    doctor: Doctor, given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given:
        monkeypatch.setenv("OPENLINE_TOKEN", "a-wrong-secret")
    with BackgroundBackend(token="the-right-secret") as backend:
        status, steps = doctor(backend.backend.url)
    assert (status, wrong(steps)) == (1, ["auth"])
    assert ("none was given" in steps["auth"][1]) is not given
    assert "set OPENLINE_TOKEN, or give --token-file" in steps["auth"][1]
    assert "secret" not in str(steps)


def test_the_right_token(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("the-right-secret")
    with BackgroundBackend(token="the-right-secret") as backend:
        status, steps = doctor(backend.backend.url, "--token-file", str(file))
    assert (status, steps["auth"]) == (0, ("right", "the token was taken"))


def test_a_token_that_is_repeated_is_not_printed(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a-secret-of-some-length"
    monkeypatch.setenv("OPENLINE_TOKEN", secret)
    answer = (
        f"HTTP/1.1 307 No {secret}\r\nServer: {secret}\r\n"
        f"Location: http://far.example/{secret}?token={secret}\r\n\r\n"
    )
    with Place(script=saying(answer.encode())) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "redirected to http://far.example/[token], not followed" in steps["upgrade"][1]
    assert secret not in str(steps)


def test_a_wrong_port(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    status, steps = doctor(f"ws://127.0.0.1:{port}{PATH}")
    assert (status, wrong(steps)) == (1, ["addresses"])
    assert f"127.0.0.1:{port}, connection refused): check the port" in steps["addresses"][1]


def test_tls_to_a_port_of_plain_text(doctor: Doctor) -> None:
    with BackgroundBackend() as backend:
        status, steps = doctor(f"wss://{backend.backend.address}{PATH}")
    assert (status, wrong(steps)) == (1, ["tls"])
    assert "give ws://" in steps["tls"][1]


def test_plain_text_to_a_port_of_tls(doctor: Doctor, authority: Authority) -> None:
    with Place(authority.server("127.0.0.1")) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "the port speaks TLS: give wss://" in steps["upgrade"][1]


def test_a_port_that_speaks_something_else(doctor: Doctor) -> None:
    with Place(script=saying(b"SSH-2.0-OpenSSH_9\r\n")) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "another program than a WebSocket server answers" in steps["upgrade"][1]


def test_a_web_server_without_a_websocket(doctor: Doctor) -> None:
    with Place(script=saying(b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n")) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "HTTP 200 OK from nginx" in steps["upgrade"][1]
    assert "no WebSocket is there" in steps["upgrade"][1]


def test_another_dialect(doctor: Doctor) -> None:
    with BackgroundBackend() as backend:
        status, steps = doctor(backend.backend.url, "--dialect", "whisperlivekit", timeout="1")
    assert status == 1
    assert "ack" in wrong(steps)
    with BackgroundBackend(dialect="openai") as backend:
        status, steps = doctor(backend.backend.url, timeout="1")
        assert wrong(steps) == ["ack", "dialect"]
        status, steps = doctor(backend.backend.url, "--dialect", "assemblyai", timeout="1")
    assert wrong(steps) == ["ack", "dialect"]
    assert "openai or vllm" in steps["dialect"][1]


def test_a_certificate_of_a_stranger(doctor: Doctor, authority: Authority) -> None:
    with Place(authority.server("localhost")) as place:
        status, steps = doctor(url(place, scheme="wss", host="localhost"))
    assert (status, wrong(steps)) == (1, ["tls"])
    text = steps["tls"][1]
    assert "cannot be trusted" in text
    assert "--ca-file" in text
    assert "the certificate is for localhost, by " in text


def test_a_certificate_of_another_name(
    doctor: Doctor, authority: Authority, tmp_path: Path
) -> None:
    with Place(authority.server("speech.example")) as place:
        status, steps = doctor(url(place, scheme="wss", host="localhost"),
                               *trusting(authority, tmp_path))  # fmt: skip
    assert (status, wrong(steps)) == (1, ["tls"])
    assert "another host name" in steps["tls"][1]
    assert "the certificate is for speech.example" in steps["tls"][1]


def test_a_certificate_that_is_over(doctor: Doctor, authority: Authority, tmp_path: Path) -> None:
    """Or not yet valid by this clock; the two are told apart by the dates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    shown = authority.ca.issue_cert("localhost", not_after=past)
    shown.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    with Place(context) as place:
        status, steps = doctor(url(place, scheme="wss", host="localhost"),
                               *trusting(authority, tmp_path))  # fmt: skip
    assert (status, wrong(steps)) == (1, ["tls"])
    assert "ended 2020-01-0" in steps["tls"][1]
    assert "set the clock" in steps["tls"][1]


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_a_client_certificate_that_is_wanted(
    doctor: Doctor, authority: Authority, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    """With TLS 1.3 a server says so only behind the handshake."""
    with Place(authority.server("localhost", wants=True, newest=newest)) as place:
        status, steps = doctor(url(place, scheme="wss", host="localhost"),
                               *trusting(authority, tmp_path))  # fmt: skip
    assert (status, wrong(steps)) == (1, ["tls"])
    assert "--client-cert" in steps["tls"][1]


@pytest.mark.parametrize(
    ("behind", "state"), [(0, "right"), (12, "note"), (10_900, "wrong"), (-10_900, "wrong")]
)
def test_a_clock(doctor: Doctor, behind: int, state: str) -> None:
    date = formatdate(time.time() - behind, usegmt=True)
    with Place(script=saying(f"HTTP/1.1 401 No\r\nDate: {date}\r\n\r\n".encode())) as place:
        _, steps = doctor(url(place))
    assert steps["clock"][0] == state
    if abs(behind) == 10_900:
        way = "ahead of" if behind > 0 else "behind"
        assert steps["clock"][1].startswith(f"this machine is 3 h {way} the backend")


def test_a_proxy_by_a_variable(
    doctor: Doctor, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Place(authority.server("speech.example")) as place, HttpProxy(place.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        status, steps = doctor(f"wss://speech.example{PATH}", *trusting(authority, tmp_path))
    assert (status, wrong(steps)) == (0, [])
    assert (
        f"http://127.0.0.1:{proxy.port}, by HTTPS_PROXY, leads to speech.example:443"
        in (steps["proxy"][1])
    )


def test_a_proxy_that_wants_a_user(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpProxy(1, user="me:secretword") as proxy:
        monkeypatch.setenv("https_proxy", f"http://you:otherword@127.0.0.1:{proxy.port}")
        status, steps = doctor(f"wss://speech.example{PATH}")
    assert (status, wrong(steps)) == (1, ["proxy"])
    assert "HTTP 407" in steps["proxy"][1]
    assert "put USER:PASSWORD@ into HTTPS_PROXY" in steps["proxy"][1]
    assert "otherword" not in str(steps)


def test_a_proxy_that_is_not_there(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    status, steps = doctor(f"wss://speech.example{PATH}", "--proxy", f"http://127.0.0.1:{port}")
    assert (status, wrong(steps)) == (1, ["addresses"])
    assert (
        f"the proxy cannot be reached (proxy 127.0.0.1:{port}, by --proxy"
        in (steps["addresses"][1])
    )


def test_a_proxy_that_speaks_no_socks(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield Receive()
        yield from peer.send(b"HTTP/1.1 400 No\r\n\r\n")
        yield from peer.hang()

    with Place(script=script) as place:
        status, steps = doctor(
            f"wss://speech.example{PATH}", "--proxy", f"socks5h://127.0.0.1:{place.port}"
        )
    assert (status, wrong(steps)) == (1, ["proxy"])
    assert "check the scheme and the port of the proxy" in steps["proxy"][1]


def test_a_proxy_that_says_nothing(doctor: Doctor) -> None:
    with Mute() as mute:
        status, steps = doctor(
            f"wss://speech.example{PATH}", "--proxy", f"http://127.0.0.1:{mute.port}",
            timeout="0.3",
        )  # fmt: skip
    assert (status, wrong(steps)) == (1, ["proxy"])
    assert "the proxy opened no way within 300 ms" in steps["proxy"][1]


def test_a_name_that_nobody_has(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def nobody(host: Any, *given: Any, **named: Any) -> Any:
        if host == "no-such-host.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    status, steps = doctor(f"wss://no-such-host.example{PATH}")
    assert (status, wrong(steps)) == (1, ["name"])
    assert "there is no such host" in steps["name"][1]
    assert steps["upgrade"] == ("skipped", "not reached")


@contextmanager
def blackhole() -> Generator[int]:
    """A port whose kernel drops each new packet: its queue is full, and nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for each in waiting:
                each.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels refuse at a full queue")
def test_a_firewall_that_drops_packets(doctor: Doctor) -> None:
    with blackhole() as port:
        status, steps = doctor(f"ws://127.0.0.1:{port}{PATH}", timeout="0.3")
    assert (status, wrong(steps)) == (1, ["addresses"])
    assert "no answer at all within 300 ms" in steps["addresses"][1]
    assert "a firewall may drop the packets" in steps["addresses"][1]


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels refuse at a full queue")
def test_one_of_two_addresses_is_dead(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def two_of_them(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        if host != "speech.example":
            return look_up(host, port, *given, **named)
        if named.get("flags") == socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "it is a name")
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two_of_them)
    with Place() as place:
        status, steps = doctor(url(place, host="speech.example"), "--plain-ws")
    assert status == 0
    state, text = steps["addresses"]
    assert state == "note"
    assert "127.0.0.1 (in " in text
    assert "but not 127.0.0.2 (connection refused)" in text


def test_two_addresses_answer_and_one_stays_open(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that nobody closes is a ResourceWarning, and so an error."""
    look_up = socket.getaddrinfo

    def both(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        found = look_up("127.0.0.1", port, *given, **named)
        return (
            found
            if host != "speech.example"
            else [
                (*kind, ("127.0.0.1", place.port))
                for *kind, _ in found
                for place in (first, second)
            ]
        )

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with Place() as first, Place() as second:
        status, steps = doctor(url(first, host="speech.example"), "--plain-ws")
    assert status == 0
    state, text = steps["addresses"]
    assert (state, text.count("127.0.0.1 (in ")) == ("right", 2)


def test_a_full_backend(doctor: Doctor) -> None:
    """It says so after 5 s: it waits for a session to end."""
    with BackgroundBackend("capacity") as backend:
        status, steps = doctor(backend.backend.url, timeout="9")
    assert (status, wrong(steps)) == (1, ["ack"])
    assert "the backend is full" in steps["ack"][1]
    assert "wait, or raise the limit" in steps["ack"][1]
    assert steps["dialect"][0] == "right"


def test_a_backend_that_is_full_by_http(doctor: Doctor) -> None:
    with Place(script=refusing(503, "Retry-After: 30")) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "it is full or not ready" in steps["upgrade"][1]
    assert "it asks to wait 30.0 s" in steps["upgrade"][1]


@pytest.mark.parametrize("secure", [False, True])
def test_a_frozen_server(
    doctor: Doctor, authority: Authority, tmp_path: Path, secure: bool
) -> None:
    """Its kernel takes the connection, and nothing answers."""
    scheme = "wss" if secure else "ws"
    with Mute() as mute:
        status, steps = doctor(url(mute, scheme=scheme), timeout="0.3")
    step = "tls" if secure else "upgrade"
    assert (status, wrong(steps)) == (1, [step])
    assert "connected, but no answer" in steps[step][1]
    assert "it is frozen" in steps[step][1]


def test_a_backend_that_freezes_behind_the_upgrade(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield from peer.upgrade()
        yield from peer.hang()

    with Place(script=script) as place:
        status, steps = doctor(url(place), timeout="0.5")
    assert (status, wrong(steps)) == (1, ["ack"])
    assert "did not acknowledge the start within 500 ms" in steps["ack"][1]
    assert "it answers no ping either: it is frozen" in steps["ack"][1]


def test_a_backend_that_is_alive_and_knows_no_start(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield from peer.upgrade()
        opcode = 0
        while opcode != CLOSE:
            opcode, payload = yield from peer.receive()
            if opcode == PING:
                yield from peer.send(frame(PONG, payload))

    with Place(script=script) as place:
        status, steps = doctor(url(place), timeout="0.5")
    assert (status, wrong(steps)) == (1, ["ack"])
    assert "it answers a ping: it is busy, or speaks another dialect" in steps["ack"][1]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no process")
def test_a_stopped_process(doctor: Doctor) -> None:
    command = [sys.executable, "-m", "openline_cli", "serve", "--port", "0",
               "--recognizer", "echo"]  # fmt: skip
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            there = process.stdout.readline().removeprefix("listening on ").strip()
            os.kill(process.pid, signal.SIGSTOP)
            status, steps = doctor(there, timeout="0.5")
        finally:
            process.kill()
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "connected, but no answer to the upgrade within 500 ms" in steps["upgrade"][1]


def test_a_redirect_within_the_origin_is_followed(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield from peer.read_request()
        if b"GET /old" in peer.request:
            yield from peer.send(b"HTTP/1.1 308 Moved\r\nLocation: /ws/live-listener\r\n\r\n")
            yield from peer.hang()
        yield from echo(peer)

    with Place(script=script) as place:
        status, steps = doctor(url(place, "/old"))
    assert (status, wrong(steps)) == (0, [])
    assert "redirected to ws://127.0.0.1:" in steps["upgrade"][1]


def test_a_circle_of_redirects_ends(doctor: Doctor) -> None:
    loop = saying(b"HTTP/1.1 307 Round\r\nLocation: /again\r\n\r\n")
    with Place(script=loop) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert place.dials == 11
    assert "10 redirects before it led nowhere" in steps["upgrade"][1]


def test_text_for_a_person_is_plain_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with BackgroundBackend() as backend:
        status = main(["doctor", f"ws://{backend.backend.address}/nix", "--timeout", "2s"])
    out = capsys.readouterr().out
    assert status == 1
    assert "\x1b" not in out
    assert out.splitlines()[0] == f"ws://{backend.backend.address}/nix"
    assert "WRONG  upgrade" in out
    assert out.endswith("1 of 10 steps wrong\n")


def test_a_backend_that_greets(doctor: Doctor) -> None:
    with BackgroundBackend(dialect="vllm") as backend:
        status, steps = doctor(backend.url, "--dialect", "vllm")
    assert (status, wrong(steps)) == (0, [])
    assert "the backend greeted in" in steps["ack"][1]
    assert steps["dialect"][1] == "vllm, as asked; openai would begin alike"


def test_a_backend_that_says_nothing_before_audio(doctor: Doctor) -> None:
    with BackgroundBackend(dialect="vosk") as backend:
        status, steps = doctor(backend.url, "--dialect", "vosk")
    assert (status, wrong(steps)) == (0, [])
    assert [steps[step][0] for step in ("ack", "dialect")] == ["unknown", "unknown"]


def test_a_close_code_behind_the_pong_is_waited_for(doctor: Doctor) -> None:
    """Where nothing is acknowledged a refusal may come late."""

    def script(peer: Peer) -> Steps:
        yield from peer.upgrade()
        yield Receive()
        yield from peer.send(frame(PONG, b"doctor"))
        yield Sleep(0.1)
        yield from peer.send(close(4001, "no such key"))
        yield from peer.hang()

    with Place(script=script) as place:
        status, steps = doctor(url(place), "--dialect", "vosk")
    assert (status, wrong(steps)) == (1, ["auth"])
    assert 'close code 4001, "no such key"' in steps["auth"][1]


def test_a_connection_that_is_cut(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield from peer.upgrade()
        yield Receive()

    with Place(script=script) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["ack"])
    assert "broke off without a close frame" in steps["ack"][1]


def test_a_flood_of_messages_ends_in_time(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "run", in_real_time)  # a loop in a flood never waits

    def script(peer: Peer) -> Steps:
        yield from peer.upgrade()
        while True:
            yield Send(frame(TEXT, b"{}") * 1000)

    with Place(script=script) as place:
        status, steps = doctor(url(place), timeout="0.5")
    assert (status, wrong(steps)) == (1, ["ack"])
    assert "did not acknowledge the start within 500 ms" in steps["ack"][1]


def test_a_name_server_that_says_nothing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up, over = socket.getaddrinfo, threading.Event()

    def silent(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        if host != "speech.example" or named.get("flags"):
            return look_up(host, port, *given, **named)
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    status, steps = doctor(f"wss://speech.example{PATH}", timeout="0.2")
    over.set()
    assert (status, wrong(steps)) == (1, ["name"])
    assert "no answer of the name server within 200 ms (speech.example)" in steps["name"][1]


def test_a_proxy_to_a_wrong_path_with_a_certificate_of_a_stranger(
    doctor: Doctor, authority: Authority, tmp_path: Path
) -> None:
    """What is asked again goes through the proxy as well."""
    with Place(authority.server("speech.example")) as place, HttpProxy(place.port) as proxy:
        by = ["--proxy", f"http://127.0.0.1:{proxy.port}"]
        _, untrusted = doctor("wss://speech.example/nix", *by)
        assert "the certificate is for speech.example" in untrusted["tls"][1]
    place_ = Place(authority.server("speech.example"), script=only(PATH))
    with place_ as place, HttpProxy(place.port) as proxy:
        by = ["--proxy", f"http://127.0.0.1:{proxy.port}", *trusting(authority, tmp_path)]
        _, steps = doctor("wss://speech.example/nix", *by)
    assert f"the path /nix is wrong: give {PATH}" in steps["upgrade"][1]


def only(path: str) -> Callable[[Peer], Steps]:
    """A backend at this path alone."""

    def script(peer: Peer) -> Steps:
        request = yield from peer.read_request()
        if request.startswith(f"GET {path} ".encode()):
            yield from peer.upgrade()
            yield from peer.hang()
        yield from peer.send(b"HTTP/1.1 404 No\r\n\r\n")

    return script


def test_a_token_that_no_header_can_carry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINE_TOKEN", "b\u00e4d")
    assert main(["doctor", "ws://127.0.0.1:1/"]) == 2
    assert capsys.readouterr().err.startswith("openline: OPENLINE_TOKEN: the token has a character")


def test_ctrl_c_ends_it() -> None:
    with Mute() as mute:
        command = [sys.executable, "-m", "openline_cli", "doctor", url(mute), "--timeout", "60"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                mute.met.wait(60)
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=60)
            finally:
                process.kill()
    assert (process.returncode, err) == (130, "")


def test_a_subprotocol_that_is_chosen(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield from peer.upgrade(Sec_WebSocket_Protocol="speech.v1")
        yield from peer.hang()

    with Place(script=script) as place:
        _, steps = doctor(
            url(place), "--dialect", "vosk", "--subprotocol", "speech.v1", timeout="0.3"
        )
    assert steps["upgrade"][0] == "right"
    assert steps["upgrade"][1].endswith(", subprotocol speech.v1")
    assert wrong(steps) == ["latency"]
    assert "the backend did not answer a ping within 300 ms" in steps["latency"][1]


def test_a_subprotocol_that_was_not_offered(doctor: Doctor) -> None:
    def script(peer: Peer) -> Steps:
        yield from peer.upgrade(Sec_WebSocket_Protocol="other")
        yield from peer.hang()

    with Place(script=script) as place:
        status, steps = doctor(url(place))
    assert (status, wrong(steps)) == (1, ["upgrade"])
    assert "the answer to the upgrade makes no sense" in steps["upgrade"][1]


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_backend_that_sends_garbage(doctor: Doctor, name: str) -> None:
    """Whether or not it is understood otherwise, what cannot be read is counted and told."""
    with BackgroundBackend("garbage on every dial", dialect=cast("Any", name)) as backend:
        status, steps = doctor(backend.backend.url, "--dialect", name)
    assert (status, wrong(steps)) == (1, ["dialect"])
    assert re.search(
        r"(one message|\d+ messages) cannot be read \(not JSON\): ", steps["dialect"][1]
    )
    assert "nobody_knows" not in steps["ack"][1]


def test_what_a_backend_said_before_its_close_is_told(doctor: Doctor) -> None:
    with BackgroundBackend('error "so it is" on every dial', dialect="openai") as backend:
        status, steps = doctor(backend.backend.url, "--dialect", "openai")
    assert (status, wrong(steps)) == (1, ["ack"])
    assert '"so it is", close code 1011' in steps["ack"][1]
