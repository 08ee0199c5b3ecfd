"""Which proxy a dial goes through, and what a proxy's answer means."""

from __future__ import annotations

import ipaddress
from base64 import b64decode
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError
from openline_driver.proxies import SCHEMES, Proxies, Proxy, Tunnel, variable_of

FAR = Backend("speech.example", port=443, secure=True)
PLAIN_FAR = Backend("speech.example", port=80, secure=False, allow_plain=True)
HERE = Backend("127.0.0.1", port=8000)
PROXY = "http://proxy.example:3128"
LOCAL = "http://localhost:3128"


def chosen(backend: Backend, **environ: str) -> str | None:
    proxy = Proxies(True, environ).of(backend)
    return None if proxy is None else proxy.address


# The environment.


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": ""}, ""),
        ({"HTTPS_PROXY": PROXY, "https_proxy": LOCAL, "ALL_PROXY": LOCAL}, "https_proxy"),
        ({"ALL_PROXY": PROXY, "HTTP_PROXY": LOCAL}, "ALL_PROXY"),
    ],
)
def test_which_variable_names_it(environ: dict[str, str], name: str) -> None:
    assert variable_of(environ, "https_proxy") == name


def test_a_cgi_program_is_not_named_one_by_its_client() -> None:
    assert variable_of({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http_proxy") == ""


def test_nothing_is_set() -> None:
    assert chosen(FAR) is None
    assert chosen(FAR, HTTPS_PROXY="") is None


@pytest.mark.parametrize(
    ("environ", "secure", "plain"),
    [
        ({"HTTPS_PROXY": PROXY}, True, False),
        ({"https_proxy": PROXY}, True, False),
        ({"HTTP_PROXY": PROXY}, False, True),
        ({"http_proxy": PROXY}, False, True),
        ({"ALL_PROXY": PROXY}, True, True),
        ({"all_proxy": PROXY}, True, True),
        # A client of a CGI program can set this one by a header.
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, False, False),
        ({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, False, True),
    ],
)
def test_variables(environ: dict[str, str], secure: bool, plain: bool) -> None:
    for backend, expected in ((FAR, secure), (PLAIN_FAR, plain)):
        assert chosen(backend, **environ) == ("proxy.example:3128" if expected else None)


def test_small_letters_and_the_narrower_name_come_first() -> None:
    assert chosen(FAR, https_proxy="a:1", HTTPS_PROXY="b:2", all_proxy="c:3") == "a:1"
    assert chosen(FAR, HTTPS_PROXY="b:2", all_proxy="c:3", ALL_PROXY="d:4") == "b:2"
    assert chosen(FAR, all_proxy="c:3", ALL_PROXY="d:4") == "c:3"


def test_unencrypted_audio_leaves_this_machine_only_if_the_app_allows_it() -> None:
    assert chosen(HERE, ALL_PROXY=PROXY) is None
    assert chosen(HERE, ALL_PROXY=LOCAL) == "localhost:3128"
    assert chosen(PLAIN_FAR, ALL_PROXY=PROXY) == "proxy.example:3128"
    # An app that names the proxy means it.
    assert Proxies(PROXY, {}).of(HERE) == Proxy.read(PROXY)


def test_a_proxy_that_is_named_and_none() -> None:
    environ = {"ALL_PROXY": PROXY, "NO_PROXY": "*"}
    assert Proxies(False, environ).of(FAR) is None
    named = Proxies("socks5h://other.example", environ).of(FAR)
    assert named is not None
    assert named.address == "other.example:1080"


@pytest.mark.parametrize(
    ("entry", "host", "covered"),
    [
        ("*", "speech.example", True),
        ("speech.example", "speech.example", True),
        ("SPEECH.example", "Speech.Example", True),
        ("example", "speech.example", True),
        (".example", "speech.example", True),
        ("*.example", "speech.example", True),
        ("example.", "speech.example", True),
        ("speech.example.:443", "speech.example", True),
        ("speech.example", "speech.example.", True),
        ("ample", "speech.example", False),
        ("a.speech.example", "speech.example", False),
        ("speech.example:443", "speech.example", True),
        ("speech.example:8443", "speech.example", False),
        ("other.test, example", "speech.example", True),
        ("other.test example", "speech.example", True),
        ("", "speech.example", False),
        (",,", "speech.example", False),
        (".", "speech.example", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", False),
        ("1.2.3", "10.1.2.3", False),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]", "fd00::1", True),
        ("[fd00::1]:443", "fd00::1", True),
        ("[fd00::1]:80", "fd00::1", False),
        ("fd00::2", "fd00::1", False),
        ("10.0.0.0/99", "10.1.2.3", False),
    ],
)
def test_no_proxy(entry: str, host: str, covered: bool) -> None:
    backend = Backend(host, port=443, secure=True)
    for name in ("NO_PROXY", "no_proxy"):
        found = chosen(backend, HTTPS_PROXY=PROXY, **{name: entry})
        assert (found is None) == covered


@given(st.ip_addresses(), st.data())
def test_every_network_of_an_address_covers_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, address.max_prefixlen))
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    backend = Backend(str(address), port=443, secure=True)
    assert chosen(backend, HTTPS_PROXY=PROXY, NO_PROXY=str(network)) is None


# Reading.


def test_every_scheme_has_a_port() -> None:
    for scheme, port in SCHEMES.items():
        proxy = Proxy.read(f"{scheme}://p.example")
        assert (proxy.scheme, proxy.address) == (scheme, f"p.example:{port}")
        assert proxy.is_http == scheme.startswith("http")
    assert Proxy.read("socks://p.example").scheme == "socks5h"
    assert Proxy.read("p.example:1").scheme == "http"
    looked_up = [each for each in SCHEMES if Proxy.read(f"{each}://p").looks_up]
    assert looked_up == ["http", "https", "socks5h", "socks4a"]


def test_a_user_is_secret() -> None:
    proxy = Proxy.read("http://me%40home:se%3Acret@[::1]:3128")
    assert (proxy.username, proxy.password) == ("me@home", "se:cret")
    assert (proxy.address, proxy.is_loopback) == ("[::1]:3128", True)
    assert "cret" not in repr(proxy)
    assert "home" not in repr(proxy)
    alone = Proxy.read("http://me@p.example")
    assert (alone.username, alone.password) == ("me", "")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://secret:secret@p.example", "the scheme is 'ftp': give http://"),
        ("SECRET secret://p", "the scheme is unknown: give"),
        ("http://p.example:secret", "a bad host or port"),
        ("http://me:se/secret@p.example:3128", "write %2F for /, %3F for ?, %23 for #"),
        ("http://me:12/secret@p.example:3128", "write %2F for /"),
        ("me:secret?x@p.example:3128", "write %2F for /"),
        ("socks5h://me:secret#x@p.example", "write %2F for /"),
        ("http://p.example:65536", "a bad host or port"),
        ("http://[secret", "a bad host or port"),
        ("http://", "there is no host"),
        ("http://secret@", "there is no host"),
        ("socks5://sécret:x@p.example", "SOCKS carries no such user or password"),
        (f"socks5://x:{'secret' * 43}@p.example", "SOCKS carries no such user or password"),
        ("http://secret secret.example", "a bad host or port"),
    ],
)
def test_a_bad_url(url: str, error: str) -> None:
    for proxy, environ in ((url, {}), (True, {"HTTPS_PROXY": url})):
        with pytest.raises(ValueError, match=r"(?s).+") as caught:
            Proxies(proxy, environ)
        text = str(caught.value)
        assert error in text
        assert text.startswith(("proxy: ", "HTTPS_PROXY: "))
        assert "secret" not in text
        assert "\n" not in text


# HTTP CONNECT.


def answered(answer: bytes, url: str = PROXY) -> DialError | None:
    """How the dial fails at this answer, which comes whole or byte by byte alike."""
    failures: list[DialError | None] = []
    for pieces in ([answer], [answer[i : i + 1] for i in range(len(answer))]):
        tunnel = Tunnel(Proxy.read(url), FAR, "openline")
        try:
            assert [tunnel.receive(piece) for piece in pieces].index(True) == len(pieces) - 1
            failures.append(None)
        except DialError as error:
            failures.append(error)
    whole, by_byte = failures
    assert str(whole) == str(by_byte)
    return whole


def test_a_request() -> None:
    tunnel = Tunnel(Proxy.read(PROXY), FAR, "openline/1")
    assert tunnel.request == (
        b"CONNECT speech.example:443 HTTP/1.1\r\nHost: speech.example:443\r\n"
        b"User-Agent: openline/1\r\n\r\n"
    )
    there = Backend("fd00::1", port=8443, secure=True)
    asked = Tunnel(Proxy.read("http://me:pässword@p.example"), there, "o").request.decode()
    assert asked.startswith("CONNECT [fd00::1]:8443 HTTP/1.1\r\nHost: [fd00::1]:8443\r\n")
    pair = asked.partition("Proxy-Authorization: Basic ")[2].strip()
    assert b64decode(pair).decode() == "me:pässword"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nVia: 1.1 p\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_an_answer_that_opens(answer: bytes) -> None:
    assert answered(answer) is None


STATUSES: Mapping[int, tuple[ErrorKind, str]] = {
    407: (ErrorKind.PROXY_CREDENTIALS, "HTTP 407 Proxy Authentication Required"),
    403: (ErrorKind.PROXY_FORBIDS, "HTTP 403 Forbidden"),
    405: (ErrorKind.PROXY_FORBIDS, "HTTP 405 Method Not Allowed"),
    499: (ErrorKind.PROXY_FORBIDS, "HTTP 499"),
    429: (ErrorKind.PROXY_BUSY, "HTTP 429 Too Many Requests"),
    502: (ErrorKind.PROXY_BUSY, "HTTP 502 Bad Gateway"),
    503: (ErrorKind.PROXY_BUSY, "HTTP 503 Service Unavailable"),
    504: (ErrorKind.PROXY_BUSY, "HTTP 504 Gateway Timeout"),
    500: (ErrorKind.PROXY_FAILED, "HTTP 500 Internal Server Error"),
    302: (ErrorKind.PROXY_FAILED, "HTTP 302 Found"),
    101: (ErrorKind.PROXY_FAILED, "HTTP 101 Switching Protocols"),
}


@pytest.mark.parametrize("status", STATUSES)
def test_an_answer_that_refuses(status: int) -> None:
    kind, said = STATUSES[status]
    error = answered(f"HTTP/1.1 {status} it repeats the password\r\n\r\n".encode())
    assert error is not None
    assert (error.kind, error.detail) == (kind, f"proxy proxy.example:3128: {said}")


def test_an_answer_that_makes_no_sense() -> None:
    error = answered(b"SSH-2.0-x\r\n")
    assert error is not None
    assert error.kind is ErrorKind.PROXY_FAILED
    assert error.detail == "proxy proxy.example:3128: its answer is not HTTP"
    tunnel = Tunnel(Proxy.read(PROXY), FAR, "openline")
    with pytest.raises(DialError, match="closed without an answer"):
        tunnel.receive(b"")


# SOCKS.


def test_every_reply_of_socks_has_a_kind() -> None:
    proxy = Proxy.read("socks5://p.example")
    forbids = {code for code in range(256) if _kind(proxy, code) is ErrorKind.PROXY_FORBIDS}
    busy = {code for code in range(256) if _kind(proxy, code) is ErrorKind.PROXY_BUSY}
    assert (forbids, busy) == ({2}, {1, 3, 4, 5, 6, 91})
    assert proxy.socks_error(9).detail == "proxy p.example:1080: SOCKS reply 9"


def _kind(proxy: Proxy, code: int) -> ErrorKind:
    return proxy.socks_error(code).kind
