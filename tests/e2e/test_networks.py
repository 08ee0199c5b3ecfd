"""Certificates, proxies and addresses on real sockets, the same on each face."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openline.backend import Backend
from openline.updates import Ended, State
from tests.e2e.support_networks import FACES, QUICK, Authority, HttpProxy, Place, Server

Play = Callable[..., Ended]
every_face = pytest.mark.parametrize("play", FACES.values(), ids=FACES)
both_versions = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@every_face
@both_versions
def test_a_wanted_client_certificate_is_named(
    play: Play, authority: Authority, newest: ssl.TLSVersion
) -> None:
    with Place(authority.server("127.0.0.1", wants=True, newest=newest)) as place:
        backend = Backend("127.0.0.1", port=place.port, secure=True)
        ended = play(backend, policy=QUICK, ssl_context=authority.client())
    assert (ended.state, place.dials) == (State.FAILED, 1)
    assert "wants a certificate of this client" in ended.reason


@every_face
@both_versions
def test_a_client_certificate_of_a_stranger_is_refused(
    play: Play, authority: Authority, newest: ssl.TLSVersion
) -> None:
    stranger = Authority().ca.issue_cert("client")
    with Place(authority.server("127.0.0.1", wants=True, newest=newest)) as place:
        backend = Backend("127.0.0.1", port=place.port, secure=True)
        ended = play(backend, policy=QUICK, ssl_context=authority.client(stranger))
    assert (ended.state, place.dials) == (State.FAILED, 1)
    assert "wants a certificate of this client" in ended.reason


@every_face
@both_versions
def test_a_client_certificate_is_shown(
    play: Play, authority: Authority, newest: ssl.TLSVersion
) -> None:
    shown = authority.ca.issue_cert("client")
    with Place(authority.server("127.0.0.1", wants=True, newest=newest)) as place:
        backend = Backend("127.0.0.1", port=place.port, secure=True)
        ended = play(backend, policy=QUICK, ssl_context=authority.client(shown))
    assert (ended.complete, place.dials) == (True, 1)


@every_face
def test_no_common_cipher_is_no_matter_of_a_certificate(play: Play, authority: Authority) -> None:
    """The same alert 40, before anything was agreed."""
    there = authority.server("127.0.0.1", newest=ssl.TLSVersion.TLSv1_2)
    there.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    here = authority.client()
    here.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    with Place(there) as place:
        backend = Backend("127.0.0.1", port=place.port, secure=True)
        ended = play(backend, policy=QUICK, ssl_context=here)
    assert ended.state is State.FAILED
    assert "TLS failed" in ended.reason


@every_face
def test_a_private_authority(
    play: Play, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By settings of the app, or by the variable of OpenSSL; else it is not trusted."""
    pem = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(str(pem))
    with Place(authority.server("localhost")) as place:
        backend = Backend("localhost", port=place.port, secure=True)
        assert "certificate" in play(backend, policy=QUICK).reason
        own = ssl.create_default_context(cafile=pem)
        assert play(backend, policy=QUICK, ssl_context=own).complete
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert play(backend, policy=QUICK).complete


@every_face
def test_a_key_log_that_cannot_be_opened_is_the_apps_mistake(
    play: Play, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = authority.client()
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    far = Backend("127.0.0.1", port=1, secure=True)
    with pytest.raises(ValueError, match=r"^SSLKEYLOGFILE: .*, or unset it$"):
        play(far)
    with pytest.raises(ValueError, match=r"^SSLKEYLOGFILE: .*, or unset it$"):
        play(far, proxy="https://proxy.invalid", ssl_context=own)
    with Place(authority.server("127.0.0.1")) as place:
        backend = Backend("127.0.0.1", port=place.port, secure=True)
        assert play(backend, policy=QUICK, ssl_context=own).complete


@every_face
@needs_ipv6
@pytest.mark.parametrize("secure", [False, True])
def test_an_ipv6_literal(play: Play, authority: Authority, secure: bool) -> None:
    with Place(authority.server("::1") if secure else None, host="::1") as place:
        scheme = "wss" if secure else "ws"
        backend = Backend.from_url(f"{scheme}://[::1]:{place.port}/ws")
        ended = play(backend, policy=QUICK, ssl_context=authority.client() if secure else None)
    assert ended.complete
    assert f"\r\nHost: [::1]:{place.port}\r\n".encode() in place.peers[0].request


@every_face
def test_a_proxy_with_credentials_to_a_backend_with_a_client_certificate(
    play: Play, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = authority.ca.issue_cert("client")
    with (
        Place(authority.server("speech.example", wants=True)) as place,
        HttpProxy(place.port, user="me:p@ss/word") as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss%2Fword@127.0.0.1:{proxy.port}")
        backend = Backend("speech.example", port=443, secure=True)
        ended = play(backend, policy=QUICK, ssl_context=authority.client(shown))
    assert ended.complete
    assert proxy.asked[0].startswith("CONNECT speech.example:443 HTTP/1.1\r\n")


@every_face
@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_that_speaks_tls(
    play: Play,
    authority: Authority,
    secure: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is trusted as the system trusts; the backend as the app says."""
    pem = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(str(pem))
    with (
        Place(authority.server("speech.example", wants=True) if secure else None) as place,
        HttpProxy(place.port, authority.server("localhost")) as proxy,
    ):
        backend = Backend("speech.example", port=443, secure=secure, allow_plain=True)
        context = authority.client(authority.ca.issue_cert("client")) if secure else None
        given = {"policy": QUICK, "proxy": f"https://localhost:{proxy.port}"}
        untrusted = play(backend, ssl_context=context, **given)
        assert "certificate" in untrusted.reason
        assert (place.dials, proxy.asked) == (0, [])
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert play(backend, ssl_context=context, **given).complete
    assert proxy.asked[0].startswith("CONNECT speech.example:443 HTTP/1.1\r\n")


class Mute(Server):
    """It takes each connection, and says nothing."""

    def serve(self, sock: socket.socket) -> None:
        while sock.recv(65_536):
            pass


@every_face
@pytest.mark.parametrize("secure", [False, True])
def test_an_address_that_says_nothing_is_left_at_the_next_dial(
    play: Play, authority: Authority, secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its TCP works, so that only the session knows."""
    look_up = socket.getaddrinfo

    def two_of_them(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        if host != "speech.example":
            return look_up(host, port, *given, **named)
        if named.get("flags") == socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "it is a name")
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two_of_them)
    context = authority.server("speech.example") if secure else None
    with Place(context) as place, Mute(host="127.0.0.2", port=place.port) as mute:
        backend = Backend("speech.example", port=place.port, secure=secure, allow_plain=True)
        policy = replace(QUICK, connect_timeout=0.3)
        trusted = authority.client() if secure else None
        ended = play(backend, policy=policy, ssl_context=trusted, network_hints=False, proxy=False)
    assert ended.complete
    assert (mute.dials, place.dials) == (1, 1)
