"""Addresses, credentials in URLs and headers, and redirects."""

from __future__ import annotations

import string
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.backend import Backend, CredentialPlace, RedirectRefusedError
from openline.dialects.echopanel import EchoPanel
from openline.dialects.traits import Address, Traits

QUERY = CredentialPlace.QUERY
SECRET = "S3cr3t"


def backend(**fields: Any) -> Backend:
    return Backend(**fields)


class TestAddress:
    def test_the_default_is_the_contracts(self) -> None:
        assert Backend().url == "ws://127.0.0.1:8000/ws/live-listener"

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "LocalHost", "::1", "127.0.0.2", "127.255.255.254"]
    )
    def test_the_local_host_uses_plain_text(self, host: str) -> None:
        there = Backend(host=host)
        assert there.is_loopback
        assert not there.is_secure
        assert there.url.startswith("ws://")

    @pytest.mark.parametrize(
        "host",
        ["example.org", "10.0.0.1", "128.0.0.1", "8.8.8.8", "fe80::1", "::2", "localhost.example"],
    )
    def test_every_other_host_is_dialled_with_tls(self, host: str) -> None:
        there = Backend(host=host)
        assert not there.is_loopback
        assert there.is_secure
        assert there.url.startswith("wss://")
        with pytest.raises(
            ValueError, match=r"^plain ws:// to .* ask for plain text with allow_plain=True$"
        ):
            Backend(host=host, secure=False)
        assert Backend(host=host, secure=False, allow_plain=True).url.startswith("ws://")

    def test_the_local_host_may_use_tls(self) -> None:
        assert Backend(secure=True).url.startswith("wss://127.0.0.1")

    def test_an_ipv6_address_stands_in_brackets(self) -> None:
        there = Backend(host="::1", port=9, path="/x")
        assert (there.address, there.url) == ("[::1]:9", "ws://[::1]:9/x")

    def test_a_query_follows_the_path(self) -> None:
        assert Backend(path="/x", query="a=1&b").url == "ws://127.0.0.1:8000/x?a=1&b"

    @pytest.mark.parametrize(
        "fields",
        [
            {"host": ""},
            {"host": "a b"},
            {"host": "a/b"},
            {"host": "user@a"},
            {"host": "a:80"},
            {"host": "[::1]"},
            {"host": "fe80::1%eth0"},
            {"host": "bücher.example"},
            {"host": "a\nb"},
            {"host": "a\x00"},
            {"host": "a%20b"},
            {"port": 0},
            {"port": 65536},
            {"port": -1},
            {"path": "x"},
            {"path": ""},
            {"path": "/a b"},
            {"path": "/ü"},
            {"path": "/a#b"},
            {"path": "/a?b"},
            {"path": "/a\x7f"},
            {"query": "a b"},
            {"query": "a#b"},
            {"query": "ä"},
            {"query": "a\r\nX: y"},
        ],
        ids=repr,
    )
    def test_an_invalid_address_is_refused_in_one_line(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"^backend (host|port|path|query)") as refused:
            backend(**fields)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("value", [None, 5, b"x"])
    @pytest.mark.parametrize("name", ["host", "path", "query"])
    def test_a_value_that_is_not_text_is_refused_in_one_line(
        self, name: str, value: object
    ) -> None:
        kind = type(value).__name__
        with pytest.raises(TypeError, match=f"^backend {name}: give text, not {kind}$"):
            backend(**{name: value})

    @pytest.mark.parametrize("port", [None, "8000", 80.0, True])
    def test_a_port_is_a_whole_number(self, port: object) -> None:
        kind = type(port).__name__
        with pytest.raises(TypeError, match=f"^backend port: give a whole number, not {kind}$"):
            backend(port=port)

    def test_a_url_as_host_is_refused_with_a_hint(self) -> None:
        assert Backend("example.org").url == "wss://example.org:8000/ws/live-listener"
        with pytest.raises(ValueError) as refused:
            Backend(f"wss://{SECRET}@example.org")
        assert str(refused.value) == (
            "backend host: this is a URL: read it with Backend.from_url(url)"
        )


class TestFromUrl:
    @pytest.mark.parametrize("url", [None, 5, b"ws://localhost/"])
    def test_a_value_that_is_not_text_is_refused_in_one_line(self, url: Any) -> None:
        kind = type(url).__name__
        with pytest.raises(TypeError, match=f"^the URL: give text, .*, not {kind}$"):
            Backend.from_url(url)

    @pytest.mark.parametrize(
        ("url", "same"),
        [
            ("ws://localhost:9/x?a=1", "ws://localhost:9/x?a=1"),
            ("ws://127.0.0.1", "ws://127.0.0.1:80/"),
            ("wss://example.org", "wss://example.org:443/"),
            ("WSS://Example.ORG/Path", "wss://example.org:443/Path"),
            ("ws://[::1]:9/", "ws://[::1]:9/"),
        ],
    )
    def test_it_reads_host_port_path_and_query(self, url: str, same: str) -> None:
        assert Backend.from_url(url).url == same

    @pytest.mark.parametrize("query", ["lang=en", "monkey=1", "keyboard=x", "X-Amz-Signature=f"])
    def test_a_query_without_secret_names_is_accepted(self, query: str) -> None:
        backend = Backend.from_url(f"wss://example.org/x?{query}")
        assert backend.query == query
        assert query not in repr(backend)

    def test_a_server_may_put_a_key_into_its_own_redirect(self) -> None:
        there = Backend(host="example.org", secure=True).redirected("/y?key=of-a-shard")
        assert there.url.endswith("/y?key=of-a-shard")
        assert there.credential_place is Backend().credential_place

    def test_letters_of_a_path_and_a_query_stay_unchanged(self) -> None:
        letters = string.ascii_letters + string.digits
        assert Backend(path=f"/{letters}", query=letters).url.endswith(f"/{letters}?{letters}")

    @pytest.mark.parametrize("port", [1, 65535])
    def test_every_valid_port_is_accepted(self, port: int) -> None:
        assert Backend.from_url(f"ws://localhost:{port}/").port == port

    def test_a_credential_goes_into_headers_unless_asked_for(self) -> None:
        assert Backend.from_url("wss://example.org/").credential_place is CredentialPlace.HEADERS

    def test_plain_text_to_another_host_must_be_asked_for_by_name(self) -> None:
        with pytest.raises(ValueError, match="plain"):
            Backend.from_url("ws://example.org/")
        asked = Backend.from_url("ws://example.org/", allow_plain=True, credential_place=QUERY)
        assert asked.url == "ws://example.org:80/"
        assert asked.credential_place is QUERY

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            (f"wss://user:{SECRET}@example.org/", r"user or password, .*; Basic .*--basic FILE"),
            (f"wss://{SECRET}@example.org/", "user or password"),
            (f"wss://:{SECRET}@example.org/", "user or password"),
            (f"wss://example.org/?token={SECRET}", "token"),
            (f"wss://example.org/?a=1&token={SECRET}", "token"),
            (f"wss://example.org/?TOKEN={SECRET}", "token"),
            (f"wss://example.org/?%74oken={SECRET}", "token"),
            ("wss://example.org/?token", "token"),
            *[
                (
                    f"wss://example.org/?a=1&{name}={SECRET}",
                    f"query holds a secret, {name.lower()}: give it as credentials=",
                )
                for name in (
                    *("token", "access_token", "Auth-Token", "auth", "authorization", "bearer"),
                    *("api_key", "apiKey", "X-API-Key", "key", "access_key", "secretKey", "secret"),
                    *("client-secret", "password", "passwd", "pwd", "jwt"),
                    *("credential", "credentials"),
                )
            ],
            ("wss://u:p@example.org/", "credentials=, or to the command by --token-file or OPEN"),
            ("wss://example.org/?key=p", "credentials=, or to the command by --token-file or OPEN"),
            (f"wss://example.org/?a={SECRET} x", "percent-encode"),
            (f"wss://example.org/{SECRET} x", "percent-encode"),
            (f"wss://example.org:{SECRET}/", "port"),
            (f"wss://user:{SECRET}/x@example.org/", "port"),
            (f"wss://[{SECRET}/", "host"),
            (f"wss://example.org/#{SECRET}", "fragment"),
            (f"{SECRET}:x@example.org", "scheme is missing"),
            (SECRET, "scheme is missing"),
            (f"http://example.org/?token={SECRET}", "scheme is 'http'"),
            (f"ws:{SECRET}", "host"),
            (f"ws:///{SECRET}", "host"),
            ("ws://localhost:0/", "port 0"),
            ("ws://localhost:65536/", "port"),
            ("", "scheme is missing"),
        ],
    )
    def test_a_bad_url_is_refused_without_repeating_a_secret(self, url: str, says: str) -> None:
        with pytest.raises(ValueError, match=says) as refused:
            Backend.from_url(url)
        assert SECRET.lower() not in str(refused.value).lower()
        assert "\n" not in str(refused.value)
        assert refused.value.__suppress_context__ or refused.value.__context__ is None

    @pytest.mark.repeats
    @settings(deadline=None, derandomize=True)
    @given(st.one_of(st.text(), st.text().map("ws://".__add__), st.text().map("wss://h/".__add__)))
    def test_any_text_is_an_address_or_a_value_error(self, url: str) -> None:
        try:
            there = Backend.from_url(url)
        except ValueError:
            return
        again = Backend.from_url(there.url, allow_plain=True)
        assert again.url == there.url


class TestCredential:
    def test_it_goes_into_the_usual_header(self) -> None:
        assert Backend().credential_headers("t") == [("Authorization", "Bearer t")]
        assert Backend().target("t") == "/ws/live-listener"

    def test_it_goes_into_the_query_only_on_request(self) -> None:
        there = Backend(path="/x", query="a=1", credential_place=QUERY)
        assert there.credential_headers("t") == []
        assert there.target("t") == "/x?a=1&token=t"
        assert Backend(path="/x", credential_place=QUERY).target("t") == "/x?token=t"
        assert "token" not in there.url

    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
    def test_a_query_carries_any_token_whole(self, token: str) -> None:
        target = Backend(path="/x", query="a=1", credential_place=QUERY).target(token)
        _, _, query = target.partition("?")
        assert parse_qsl(query) == [("a", "1"), ("token", token)]
        assert set(query.rpartition("=")[2]) <= set(UNRESERVED)

    @pytest.mark.parametrize("place", CredentialPlace)
    def test_it_goes_into_the_parameter_of_a_dialect(self, place: CredentialPlace) -> None:
        there = Backend(path="/x", query="a=1", credential_place=place)
        assert there.target("t&", [("b", "2")], "jwt") == "/x?a=1&b=2&jwt=t%26"

    @pytest.mark.parametrize("place", CredentialPlace)
    def test_without_a_credential_nothing_is_sent(self, place: CredentialPlace) -> None:
        there = Backend(path="/x", query="a=1", credential_place=place)
        assert there.target(None, (), "jwt") == "/x?a=1"
        assert there.credential_headers(None) == []
        assert there.target(None) == "/x?a=1"


#: Unreserved characters of a URL (RFC 3986 §2.3), and the escape.
UNRESERVED = string.ascii_letters + string.digits + "-._~%"
SECURE = Backend(host="a.example", port=443, path="/ws/x", query="q=1", credential_place=QUERY)
HERE = Backend(path="/ws/x")


class TestRedirect:
    @pytest.mark.parametrize(
        ("location", "leads_to"),
        [
            ("/y", "wss://a.example:443/y"),
            ("y?z=2", "wss://a.example:443/ws/y?z=2"),
            ("../y", "wss://a.example:443/y"),
            ("?z=2", "wss://a.example:443/ws/x?z=2"),
            ("//b.example/y", "wss://b.example:443/y"),
            ("https://b.example/y", "wss://b.example:443/y"),
            ("HTTPS://b.example:8443/y", "wss://b.example:8443/y"),
            ("wss://b.example/y", "wss://b.example:443/y"),
            (" https://b.example/y#part ", "wss://b.example:443/y"),
            ("https://b.example/y?to=ws://c.example/", "wss://b.example:443/y?to=ws://c.example/"),
        ],
    )
    def test_it_is_followed_relative_or_absolute(self, location: str, leads_to: str) -> None:
        there = SECURE.redirected(location)
        assert there.url == leads_to
        assert there.credential_place is QUERY

    @pytest.mark.parametrize("location", ["http://127.0.0.1:9/y", "ws://127.0.0.1:9/y", "//[::1]/"])
    def test_plain_text_redirects_stay_on_the_local_host(self, location: str) -> None:
        assert not HERE.redirected(location).is_secure

    def test_a_plain_text_backend_may_redirect_to_plain_text(self) -> None:
        here = Backend(host="a.example", secure=False, allow_plain=True)
        assert here.redirected("http://b.example/y").url == "ws://b.example:80/y"

    def test_from_plain_text_it_may_lead_to_tls(self) -> None:
        assert HERE.redirected("https://b.example/y").url == "wss://b.example:443/y"

    @pytest.mark.parametrize(
        "location", ["http://a.example/y", "ws://a.example/y", "WS://b.example/", "http://[::1]/"]
    )
    def test_it_never_leads_from_tls_to_plain_text(self, location: str) -> None:
        with pytest.raises(RedirectRefusedError, match="from wss to plain ws"):
            SECURE.redirected(location)

    def test_plain_text_does_not_leave_this_machine_by_a_redirect(self) -> None:
        with pytest.raises(RedirectRefusedError, match=r"plain ws:// to b\.example"):
            HERE.redirected("http://b.example/y")

    @pytest.mark.parametrize(
        "location",
        [
            "",
            "  ",
            "http://[bad",
            "https://b.example:x/",
            "https://b.example:0/",
            "mailto:x@b.example",
            "ftp://b.example/",
            f"https://u:{SECRET}@b.example/",
            f"/y?token={SECRET}",
            f"/{SECRET} y",
        ],
    )
    def test_an_invalid_location_is_refused_in_one_line(self, location: str) -> None:
        with pytest.raises(RedirectRefusedError, match=r"^the redirect") as refused:
            SECURE.redirected(location)
        assert SECRET not in str(refused.value)
        assert "\n" not in str(refused.value)

    @settings(deadline=None, derandomize=True)
    @given(st.text(), st.sampled_from(["", "//", "http://", "https://", "/", "ws:", "wss://["]))
    def test_any_location_is_followed_or_refused(self, text: str, start: str) -> None:
        for backend in (SECURE, HERE):
            try:
                there = backend.redirected(start + text)
            except RedirectRefusedError:
                continue
            assert there.is_secure or (there.is_loopback and not backend.is_secure)

    @pytest.mark.parametrize(
        ("location", "same"),
        [
            ("/y", True),
            ("wss://A.EXAMPLE/y", True),
            ("https://a.example:443/y", True),
            ("https://a.example:444/y", False),
            ("https://b.example/y", False),
        ],
    )
    def test_the_origin_is_scheme_host_and_port(self, location: str, *, same: bool) -> None:
        assert (SECURE.redirected(location).origin == SECURE.origin) is same

    def test_tls_and_plain_text_are_different_origins(self) -> None:
        assert Backend(secure=True).origin != Backend().origin


class TestElsewhere:
    """Whether a redirect leads to an origin that the app did not allow."""

    @pytest.mark.parametrize(
        ("location", "elsewhere"),
        [
            ("/y", False),
            ("wss://A.EXAMPLE/y", False),
            ("https://a.example:443/y", False),
            ("https://a.example:444/y", True),
            ("https://b.example/y", True),
            (f"https://b.example/login?token={SECRET}", True),
            (f"https://u:{SECRET}@b.example/", True),
            ("http://b.example/y", True),
            ("http://a.example/y", False),
            ("http://[bad", False),
            ("https://b.example:x/", False),
            ("mailto:x@b.example", False),
            ("", False),
            ("wss:///y", False),
        ],
    )
    def test_another_origin_is_elsewhere(self, location: str, *, elsewhere: bool) -> None:
        assert SECURE.leads_elsewhere(location) is elsewhere

    def test_an_origin_is_allowed_by_name_and_leads_back(self) -> None:
        home = Backend(host="a.example", redirects_to=("wss://b.example", "wss://c.example:8443/"))
        assert not home.leads_elsewhere("https://b.example/y")
        assert not home.leads_elsewhere("wss://C.example:8443/y")
        assert home.leads_elsewhere("wss://c.example/y")
        there = home.redirected("https://b.example/y")
        assert not there.leads_elsewhere(home.url)
        assert there.leads_elsewhere("wss://a.example/z"), "another port"
        assert not there.leads_elsewhere("wss://c.example:8443/")
        assert home.redirected("/y").redirects_to == home.redirects_to

    def test_from_a_url_it_is_taken_too(self) -> None:
        backend = Backend.from_url("wss://a.example/", redirects_to=("wss://b.example",))
        assert backend == Backend(host="a.example", path="/", port=443, secure=True,
                                  redirects_to=("wss://b.example",))  # fmt: skip

    @pytest.mark.parametrize("origin", ["b.example", "https://b.example", "wss://b.example:x"])
    def test_what_is_no_origin_is_refused(self, origin: str) -> None:
        with pytest.raises(ValueError, match=r"^backend redirects_to: the URL"):
            Backend(redirects_to=(origin,))

    @pytest.mark.parametrize("origin", ["wss://b.example/ws", "wss://b.example?x=1"])
    def test_an_origin_has_no_path(self, origin: str) -> None:
        with pytest.raises(ValueError, match=r"give an origin, wss://HOST:PORT, without a path"):
            Backend(redirects_to=(origin,))

    @settings(deadline=None, derandomize=True)
    @given(st.text(), st.sampled_from(["", "//", "http://", "https://", "/", "ws:", "wss://["]))
    def test_whatever_is_followed_is_of_an_allowed_origin(self, text: str, start: str) -> None:
        for backend in (SECURE, HERE):
            if backend.leads_elsewhere(start + text):
                continue
            try:
                there = backend.redirected(start + text)
            except RedirectRefusedError:
                continue
            assert there.origin == backend.origin


def test_a_dialect_has_a_usual_address() -> None:
    assert Backend.of(EchoPanel()) == Backend()
    far = Traits(sources=(), horizon=1.0, address=Address("api.example", 443, "/v1", secure=True))

    class Far(EchoPanel):
        name = "far"
        traits = far

    there = Backend.of(Far())
    assert there.url == "wss://api.example:443/v1"

    class Nowhere(EchoPanel):
        name = "nowhere"
        traits = Traits(sources=(), horizon=1.0)

    with pytest.raises(ValueError, match="the dialect nowhere has no usual address: give a URL"):
        Backend.of(Nowhere())


def test_the_parameters_of_a_dialect_yield_to_those_of_the_backend() -> None:
    asked = [("model", "a b"), ("rate", "16000"), ("hint", "x"), ("hint", "y&z")]
    plain = Backend("127.0.0.1", path="/v1")
    assert plain.target(None, asked) == "/v1?model=a%20b&rate=16000&hint=x&hint=y%26z"
    own = Backend("127.0.0.1", path="/v1", query="model=mine&rate=")
    assert own.target(None, asked) == "/v1?model=mine&rate=&hint=x&hint=y%26z"
    place = CredentialPlace.QUERY
    secret = Backend("127.0.0.1", path="/v1", credential_place=place)
    assert secret.target("s3cret", [("a", "b")]) == "/v1?a=b&token=s3cret"
    assert secret.target("s3cret") == "/v1?token=s3cret"
    assert plain.target(None) == "/v1"


def test_headers_stay_with_their_origin() -> None:
    backend = Backend.from_url(
        "wss://a.example/x", headers={"X-Key": "k"}, subprotocols=("v1",),
        redirects_to=("wss://b.example",),
    )  # fmt: skip
    near, far = backend.redirected("/y"), backend.redirected("wss://b.example/x")
    assert (near.headers, near.subprotocols) == ((("X-Key", "k"),), ("v1",))
    assert (far.headers, far.subprotocols) == ((), ("v1",))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("v1", TypeError),
        (7, TypeError),
        (("a b",), ValueError),
        ((7,), ValueError),
        (("v1", "v2", "v1"), ValueError),
    ],
)
def test_subprotocols_that_cannot_be_offered(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^backend subprotocols: "):
        Backend(subprotocols=given)
