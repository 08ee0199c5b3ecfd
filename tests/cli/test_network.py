"""The options of the network: a proxy, certificates, and headers; each mistake is one line."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from openline.dialects.registry import DEFAULT
from openline_cli.main import main
from openline_cli.network import NetworkOptions
from openline_cli.problems import Problem
from openline_cli.stream import find_backend, with_headers

SECRET = "s3cret-and-long"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """PEM files of a certificate and a key, and others."""
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    leaf, other = authority.issue_cert("client"), authority.issue_cert("other")
    found = {
        name: folder / f"{name}.pem"
        for name in ("both", "cert", "key", "other_key", "ca", "text", "empty", "locked")
    }
    leaf.private_key_and_cert_chain_pem.write_to_path(str(found["both"]))
    leaf.cert_chain_pems[0].write_to_path(str(found["cert"]))
    leaf.private_key_pem.write_to_path(str(found["key"]))
    other.private_key_pem.write_to_path(str(found["other_key"]))
    authority.cert_pem.write_to_path(str(found["ca"]))
    found["text"].write_text("no certificate")
    found["empty"].write_text("")
    found["missing"] = folder / "missing.pem"
    return found


def wrong(read: Any, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(Problem) as caught:
        read(environment or {})
    text = str(caught.value)
    assert "\n" not in text
    assert SECRET not in text
    return text


# A proxy.


def test_proxies() -> None:
    assert NetworkOptions().find_proxy({}) is True
    assert NetworkOptions(proxy="none").find_proxy({}) is False
    url = "socks5h://me@proxy.example:1080"
    assert NetworkOptions(proxy=url).find_proxy({}) == url


def test_a_proxy_that_cannot_be_used() -> None:
    assert wrong(NetworkOptions(proxy="ftp://x").find_proxy).startswith("--proxy: the scheme is")
    seen = wrong(NetworkOptions(proxy=f"http://me:{SECRET}@p").find_proxy)
    assert "every user of this machine can see it: set HTTPS_PROXY" in seen
    environment = {"HTTPS_PROXY": f"ftp://me:{SECRET}@p"}
    assert wrong(NetworkOptions().find_proxy, environment).startswith("HTTPS_PROXY: the scheme")


# Certificates.


def test_without_an_option_tls_is_as_usual() -> None:
    assert NetworkOptions().find_context({}) is None


def test_a_client_certificate(files: dict[str, Path]) -> None:
    for options in (
        NetworkOptions(client_cert=files["both"]),
        NetworkOptions(client_cert=files["cert"], client_key=files["key"]),
        NetworkOptions(ca_file=files["ca"]),
    ):
        context = options.find_context({})
        assert context is not None
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"client_key": "key"}, "--client-key: give its certificate as well"),
        ({"client_cert": "cert"}, "--client-cert "),
        ({"client_cert": "text"}, "it cannot be used: give the certificate and its key as PEM"),
        ({"client_cert": "missing"}, "--client-cert "),
        ({"client_cert": "cert", "client_key": "missing"}, "--client-key "),
        (
            {"client_cert": "cert", "client_key": "other_key"},
            "it is not the key of the certificate",
        ),
        ({"ca_file": "missing"}, "No such file or directory: name a file of PEM"),
        ({"ca_file": "text"}, "it holds no certificate: give one as PEM"),
        ({"ca_file": "empty"}, "it holds no certificate: give one as PEM"),
    ],
)
def test_a_certificate_that_cannot_be_used(
    files: dict[str, Path], given: dict[str, str], error: str
) -> None:
    paths: dict[str, Any] = {name: files[file] for name, file in given.items()}
    options = NetworkOptions(**paths)
    assert error in wrong(options.find_context)


def test_a_key_log_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment = {"SSLKEYLOGFILE": str(tmp_path / "none" / "keys")}
    monkeypatch.setenv(*next(iter(environment.items())))
    seen = wrong(NetworkOptions().find_context, environment)
    assert seen.startswith("SSLKEYLOGFILE: ")
    assert seen.endswith("name a file that can be written, or unset it")
    environment = {"SSLKEYLOGFILE": str(tmp_path / "keys")}
    monkeypatch.setenv(*next(iter(environment.items())))
    assert NetworkOptions().find_context(environment) is None, "the usual ones write it as well"


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"ca_file": "ca"}, "--ca-file"),
        ({"client_cert": "both"}, "--client-cert"),
        ({"client_cert": "cert", "client_key": "key", "ca_file": "ca"}, "--client-cert"),
    ],
)
@pytest.mark.parametrize("command", ["stream", "doctor", "load"])
def test_a_certificate_without_tls_is_refused(
    files: dict[str, Path],
    given: dict[str, str],
    option: str,
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is dialled."""
    words = [
        word
        for name, file in given.items()
        for word in (f"--{name.replace('_', '-')}", files[file])
    ]
    url = [] if command == "stream" else ["ws://127.0.0.1:9/ws"]
    more = ["x.wav", "--url", "ws://127.0.0.1:9/ws"] if command == "stream" else []
    assert main([command, *url, *more, *map(str, words)]) == 2
    assert capsys.readouterr().err == (
        f"openline: {option}: the URL is ws://, which has no TLS: give wss://, or leave it out\n"
    )


# Headers.


def test_headers(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"\ufeff{SECRET}\n")
    (tmp_path / "user").write_text("Aladdin:open sesame")
    options = NetworkOptions(
        header=("X-Tenant=a=b", f"X-Key=@{tmp_path / 'key'}", "Cookie=env:JAR"),
        basic=tmp_path / "user",
        origin="https://app.example",
        subprotocol=("v1", "v2"),
    )
    monkey = {"JAR": f"id={SECRET}"}
    assert options.find_headers(monkey) == (
        ("X-Tenant", "a=b"),
        ("X-Key", SECRET),
        ("Cookie", f"id={SECRET}"),
        ("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("Origin", "https://app.example"),
    )
    plain = NetworkOptions(origin="https://app.example", subprotocol=("v1", "v2"))
    backend = with_headers(find_backend(None, DEFAULT, plain_ws=False), plain)
    assert backend.headers == (("Origin", "https://app.example"),)
    assert backend.subprotocols == ("v1", "v2")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("X-Tenant", "--header: give NAME=VALUE"),
        (f"={SECRET}", "--header: give NAME=VALUE"),
        (f"Authorization={SECRET}", "--header Authorization: it holds a secret"),
        (f"X-Api-Key={SECRET}", "give X-Api-Key=@FILE or X-Api-Key=env:VARIABLE"),
        ("X-Key=@/nowhere", "--header X-Key /nowhere: No such file or directory"),
        ("X-Key=env:NOWHERE", "--header X-Key: the variable NOWHERE is not set: set it"),
        ("Host=a.example", "--header Host: Host belongs to the handshake: leave it out"),
        ("Bad Name=x", "--header Bad Name: it cannot be sent: give a name and a value, both"),
        ("X-A=ä", "--header X-A: it cannot be sent: give a name and a value, both"),
    ],
)
def test_a_header_that_cannot_be_sent(given: str, error: str) -> None:
    assert error in wrong(NetworkOptions(header=(given,)).find_headers)


def test_an_origin_that_cannot_be_sent() -> None:
    options = NetworkOptions(header=("X-Tenant=a",), origin="https://bücher.example")
    assert wrong(options.find_headers).startswith("--origin: it cannot be sent: give a name and")


def test_a_secret_that_cannot_be_sent_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}ä")
    seen = wrong(NetworkOptions(header=(f"X-Key=@{tmp_path / 'key'}",)).find_headers)
    assert seen.startswith("--header X-Key: it cannot be sent")
    seen = wrong(NetworkOptions(header=("X-Key=env:KEY",)).find_headers, {"KEY": f"{SECRET}ä"})
    assert seen.startswith("--header X-Key: it cannot be sent")


@pytest.mark.parametrize("content", [b"", b"\xff", f"{SECRET}\n{SECRET}".encode(), b"x" * 65537])
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    seen = wrong(NetworkOptions(header=(f"X-Key=@{path}",)).find_headers)
    assert seen.startswith(f"--header X-Key {path}: ")


def test_a_user_without_a_password(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(SECRET)
    options = NetworkOptions(basic=path)
    assert wrong(options.find_headers) == f"--basic {path}: it has to hold USER:PASSWORD"


def test_a_subprotocol_that_cannot_be_offered() -> None:
    with pytest.raises(Problem, match=r"^--subprotocol: backend subprotocols: a name has"):
        with_headers(
            find_backend(None, DEFAULT, plain_ws=False), NetworkOptions(subprotocol=("a b",))
        )
