"""Credentials are stored, and redacted from a backend's messages."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable
from typing import Any, cast

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline_driver import credentials
from openline_driver.credentials import (
    CredentialError,
    CredentialStore,
    not_async,
)
from openline_driver.effects import AskCredential
from openline_driver.facts import CredentialGiven, ProviderFailed
from openline_driver.options import Credentials
from openline_driver.shared_provider import SharedProvider
from openline_driver.tokens import LEAD, Token

TOKEN = "Zm9v/YmFy+cXV4=="
UNSENDABLE = "it returned a token that cannot be sent"
USE = "and no header can carry that: use ASCII, no blanks"
PASSWORD = "somebody:a-password"


async def provide() -> str:
    raise AssertionError("the store never calls it")


class Basic(EchoPanel):
    """A dialect that encodes the credential into another secret."""

    def headers(self, credential: str) -> list[tuple[str, str]]:
        if credential.count(":") != 1:
            raise ValueError(f"not a user and a password: {credential}")
        made = b64encode(credential.encode()).decode()
        return [("Authorization", f"Basic {made}"), ("x-client", "openline-client")]


def store(*given: str) -> CredentialStore:
    """A store that received these credentials, one after the other."""
    kept = CredentialStore(provide, EchoPanel())
    for number, credential in enumerate(given, 1):
        answer = kept.accept(CredentialGiven(number, credential), 0.0)
        assert answer == e.CredentialReady(number, unchanged=credential in given[: number - 1])
    return kept


def test_a_token_may_say_where_it_is_good() -> None:
    kept, there = CredentialStore(provide, EchoPanel()), Backend("eu.example", query="key=x")
    first = kept.accept(CredentialGiven(1, Token(TOKEN)), 0.0)
    assert first == e.CredentialReady(1)
    moved = kept.accept(CredentialGiven(2, Token(TOKEN, backend=there)), 0.0)
    assert moved == e.CredentialReady(2, backend=there)  # the same token, good at another place
    again = kept.accept(CredentialGiven(3, Token(TOKEN, backend=there)), 0.0)
    assert again == e.CredentialReady(3, unchanged=True, backend=there)
    assert kept.accept(CredentialGiven(4, TOKEN), 0.0) == e.CredentialReady(4, unchanged=True)
    assert "eu.example" not in repr(Token(TOKEN, backend=there))
    bare = Token(TOKEN, backend=cast("Backend", "wss://eu.example/"))
    wrong = kept.accept(CredentialGiven(5, bare), 0.0)
    assert wrong == e.CredentialFailed(
        5, detail="its Token has a backend of type str; give a Backend", unusable=True
    )


def message(text: str) -> e.MessageReceived:
    return e.MessageReceived(1, text)


def redacted(kept: CredentialStore, event: e.Event) -> str:
    return repr(kept.redact(event))


def test_token_needs_no_provider() -> None:
    kept = CredentialStore(TOKEN, EchoPanel())
    assert (kept.current, kept.has_provider) == (TOKEN, False)
    assert kept.headers == (("Authorization", f"Bearer {TOKEN}"), ("x-echopanel-token", TOKEN))
    assert CredentialStore(None, EchoPanel()).headers == ()
    assert CredentialStore(provide, EchoPanel()).has_provider


@pytest.mark.parametrize("token", ["", "nö", "two words", "line\nbreak"])
def test_token_that_cannot_be_sent_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"^credentials: the token ") as caught:
        CredentialStore(token, EchoPanel())
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ("", f"{UNSENDABLE}: the token is empty"),
        (
            "nö",
            f"{UNSENDABLE}: the token has a character that is not ASCII at its end, {USE}",
        ),
        (b"bytes", "it returned bytes; a token is a str"),
        (None, "it returned NoneType; a token is a str"),
    ],
)
def test_an_invalid_token_is_a_failed_credential(given: object, detail: str) -> None:
    kept = CredentialStore(provide, EchoPanel())
    answer = kept.accept(CredentialGiven(3, given), 0.0)
    assert answer == e.CredentialFailed(3, detail=detail, unusable=True)
    assert kept.current is None


def test_coroutine_in_place_of_a_token_leaves_no_warning() -> None:
    answer = CredentialStore(provide, EchoPanel()).accept(CredentialGiven(1, provide()), 0.0)
    assert answer == e.CredentialFailed(
        1, detail="it returned coroutine; a token is a str", unusable=True
    )


def test_token_that_the_dialect_refuses_is_not_quoted() -> None:
    with pytest.raises(DialectError, match=r"^the dialect Basic: headers raised ValueError$"):
        CredentialStore(TOKEN, Basic())
    answer = CredentialStore(provide, Basic()).accept(CredentialGiven(1, TOKEN), 0.0)
    assert answer == e.CredentialFailed(
        1, detail="the dialect Basic: headers raised ValueError", unusable=True
    )


def failed(
    store: CredentialStore, error: Exception, now: float = 50.0, *, refused: bool = False
) -> e.CredentialReady | e.CredentialFailed:
    return store.failed(ProviderFailed(1, error), now, refused=refused)


def test_provider_may_give_a_reason_and_fail_for_good() -> None:
    kept = CredentialStore(provide, EchoPanel())
    shut = CredentialError("the vault is shut")
    assert failed(kept, shut) == e.CredentialFailed(1, detail=str(shut))
    group = ExceptionGroup("x", [CredentialError("log in again", fatal=True)])
    assert failed(kept, group) == e.CredentialFailed(1, fatal=True, detail="log in again")


def test_other_errors_of_a_provider_show_their_kind_alone() -> None:
    answer = failed(CredentialStore(provide, EchoPanel()), KeyError(TOKEN))
    assert answer == e.CredentialFailed(1, detail="it raised KeyError")


def holding(given: str | Token, provider: Credentials = provide) -> CredentialStore:
    """A store with a token that came at 50 of session time, at 1,000 since the epoch."""
    store = CredentialStore(provider, EchoPanel())
    store.accept(CredentialGiven(1, given, 1000.0), 50.0)
    return store


@pytest.mark.parametrize("provider", [provide, SharedProvider(provide, lead=60)])
def test_a_token_that_is_still_good_serves_where_the_provider_fails(provider: Credentials) -> None:
    store = holding(Token(TOKEN, expires_at=1100), provider)
    why = "the vault is shut"
    for now in (50.0, 140.0, 149.9):
        answer = failed(store, CredentialError(why), now)
        assert answer == e.CredentialReady(1, now, unchanged=True, failure=why)
        assert store.current == TOKEN
    assert failed(store, KeyError(TOKEN)) == e.CredentialReady(
        1, 50.0, unchanged=True, failure="it raised KeyError"
    )
    assert failed(store, CredentialError(why), 150.0) == e.CredentialFailed(1, detail=why)


@pytest.mark.parametrize("given", [TOKEN, Token(TOKEN), Token(TOKEN, expires_at=1100, reuse=False)])
def test_a_token_without_an_end_is_asked_for_when_it_was_refused_alone(given: str | Token) -> None:
    why = "the vault is shut"
    assert failed(holding(given), CredentialError(why)) == e.CredentialFailed(1, detail=why)


def test_a_refused_token_and_a_final_no_are_not_passed_over() -> None:
    store = holding(Token(TOKEN, expires_at=1100))
    shut, over = CredentialError("shut"), CredentialError("over", fatal=True)
    assert failed(store, shut, refused=True) == e.CredentialFailed(1, detail="shut")
    assert failed(store, over) == e.CredentialFailed(1, detail="over", fatal=True)


def test_a_newer_token_without_an_end_takes_the_place_of_one_with_an_end() -> None:
    store = holding(Token(TOKEN, expires_at=1100))
    store.accept(CredentialGiven(2, "another-secret", 1000.0), 50.0)
    assert failed(store, CredentialError("shut")) == e.CredentialFailed(1, detail="shut")


@pytest.mark.parametrize(
    ("expires_at", "wrong"),
    [
        (3600.0, "expired in 1970 (expires_at=3600)"),
        (1_790_000_000_000, "expires after the year 5000 (expires_at=1.79e+12)"),
        (1_790_000_000, ""),
        (math.inf, ""),
    ],
)
def test_a_time_that_is_no_time_since_the_epoch_is_found(expires_at: float, wrong: str) -> None:
    store = CredentialStore(provide, EchoPanel())
    answer = store.accept(CredentialGiven(1, Token(TOKEN, expires_at), 1.78e9), 0.0)
    if wrong:
        ask = "give seconds since the epoch, time.time() + the seconds that it lasts"
        assert answer == e.CredentialFailed(1, detail=f"its Token {wrong}: {ask}", unusable=True)
    else:
        assert isinstance(answer, e.CredentialReady)


@pytest.mark.parametrize(("now", "is_found"), [(1e9 - 1, False), (1e9, True)])
def test_a_time_is_compared_where_the_clock_is_right(now: float, is_found: bool) -> None:
    store = CredentialStore(provide, EchoPanel())
    answer = store.accept(CredentialGiven(1, Token(TOKEN, 3600.0), now), 0.0)
    assert isinstance(answer, e.CredentialFailed) is is_found


def test_provider_that_is_not_async_is_a_failed_credential() -> None:
    assert not_async(1, TOKEN) == e.CredentialFailed(
        1,
        detail="it is no async function: it returned str: write it with async def",
        unusable=True,
    )


@pytest.mark.parametrize(
    ("token", "at", "due_at"),
    [
        (TOKEN, 1000.0, None),
        (Token(TOKEN), 1000.0, None),
        (Token(TOKEN, expires_at=1100), 1000.0, 50.0 + 100 - LEAD),
        (Token(TOKEN, expires_at=1010), 1000.0, 50.0 + 10 / 2),
        (Token(TOKEN, expires_at=1000), 1000.0, 50.0),
        (Token(TOKEN, expires_at=900), 1000.0, 50.0),
        (Token(TOKEN, expires_at=math.inf), 1000.0, math.inf),
        (Token(TOKEN, expires_at=1100), None, 50.0),
        (Token(TOKEN, reuse=False), 1000.0, 50.0),
        (Token(TOKEN, expires_at=1100, reuse=False), 1000.0, 50.0),
    ],
)
def test_token_is_due_its_lead_before_it_expires(
    token: str | Token, at: float | None, due_at: float | None
) -> None:
    kept = CredentialStore(provide, EchoPanel())
    answer = kept.accept(CredentialGiven(1, token, at), 50.0)
    assert answer == e.CredentialReady(1, due_at)
    assert kept.current == TOKEN


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (Token(cast("str", b"x")), "its Token holds bytes; a token is a str"),
        (
            Token("x", expires_at=cast("float", "soon")),
            "its Token has an expires_at of str; give seconds since the epoch",
        ),
        (
            Token("x", expires_at=math.nan),
            "its Token has an expires_at of nan; give seconds since the epoch",
        ),
        (
            Token("x", expires_at=True),
            "its Token has an expires_at of bool; give seconds since the epoch",
        ),
        (
            Token("x", reuse=cast("bool", "never")),
            "its Token has a reuse of type str; give True or False",
        ),
        (
            Token("two words"),
            f"{UNSENDABLE}: the token has a blank in it, {USE}",
        ),
    ],
)
def test_unusable_token_is_a_failed_credential(token: Token, detail: str) -> None:
    kept = CredentialStore(provide, EchoPanel())
    answer = kept.accept(CredentialGiven(1, token), 0.0)
    assert answer == e.CredentialFailed(1, detail=detail, unusable=True)
    assert kept.current is None


def test_lead_is_that_of_the_shared_provider() -> None:
    kept = CredentialStore(SharedProvider(provide, lead=5), EchoPanel())
    assert kept.has_provider
    answer = kept.accept(CredentialGiven(1, Token(TOKEN, 100), 0.0), 0.0)
    assert answer == e.CredentialReady(1, 95.0)


def test_provider_that_is_asked_each_dial_gives_what_is_due_at_once() -> None:
    class Each(SharedProvider):
        asked_each_dial = True

    kept = CredentialStore(Each(provide), EchoPanel())
    assert kept.accept(CredentialGiven(1, TOKEN), 7.0) == e.CredentialReady(1, 7.0)


# Redaction.


def plain(text: str) -> str:
    return json.dumps(text)[1:-1]


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" for c in text)


@pytest.mark.parametrize("spell", [plain, escaped])
@pytest.mark.parametrize("token", [TOKEN, 'quo"ted\\back'])
def test_token_in_a_message_is_redacted(spell: Callable[[str], str], token: str) -> None:
    kept = store(token)
    event = kept.redact(message(f'{{"type":"status","message":"a {spell(token)} b"}}'))
    assert isinstance(event, e.MessageReceived)
    assert json.loads(event.data)["message"] == "a [token] b"


def test_message_without_the_token_is_unchanged() -> None:
    kept = store(TOKEN)
    for text in ('{"a":"\\u0041"}', '{ "a" : "b" }', '"\\ not JSON', '"\\ud800"'):
        event = message(text)
        assert kept.redact(event) is event
    binary = e.MessageReceived(1, TOKEN.encode())
    assert kept.redact(binary) is binary


def test_nothing_of_a_message_changes_but_the_token() -> None:
    event = store(TOKEN).redact(message(f'{{ "a" : "{TOKEN}" , "b":1 }}'))
    assert event == message('{ "a" : "[token]" , "b":1 }')


def test_token_in_broken_json_is_redacted() -> None:
    assert TOKEN not in redacted(store(TOKEN), message(f'"\\{TOKEN}'))


def test_token_in_a_close_or_a_loss_is_redacted() -> None:
    lost = e.SocketLost(dial=1, code=4003, reason=f"no {TOKEN}", detail=TOKEN)
    assert store(TOKEN).redact(lost) == e.SocketLost(
        dial=1, code=4003, reason="no [token]", detail="[token]"
    )
    detail = e.SocketLost(dial=1, detail=TOKEN)
    assert store(TOKEN).redact(detail) == e.SocketLost(dial=1, detail="[token]")
    reason = e.SocketLost(dial=1, reason=TOKEN)
    assert store(TOKEN).redact(reason) == e.SocketLost(dial=1, reason="[token]")
    plain_loss = e.SocketLost(dial=1, code=1000)
    assert store(TOKEN).redact(plain_loss) is plain_loss


def test_our_own_parameter_in_a_location_is_dropped() -> None:
    there = e.Redirected(1, 307, "/ws/?lang=en&token=Zm9v%2FYmFy%2BcXV4%3D%3D")
    assert store(TOKEN).redact(there) == e.Redirected(1, 307, "/ws/?lang=en&")
    elsewhere = e.Redirected(1, 307, f"/{TOKEN}")
    assert store(TOKEN).redact(elsewhere) == e.Redirected(1, 307, "/[token]")


class InAKey(EchoPanel):
    """A dialect that names the parameter in which a URL has the key."""

    traits = replace(EchoPanel.traits, key_parameter="key")


def test_the_parameter_of_a_dialect_is_dropped_from_a_location() -> None:
    there = e.Redirected(1, 307, "/ws/?lang=en&key=Zm9v%2FYmFy%2BcXV4%3D%3D")
    assert CredentialStore(TOKEN, InAKey()).redact(there) == e.Redirected(1, 307, "/ws/?lang=en&")


@pytest.mark.parametrize("order", [1, -1])
def test_no_part_stays_of_a_token_that_holds_another(order: int) -> None:
    tokens = ["a-token-1", "a-token-1-and-more", "so-a-token-1", "My-a-token-1"]
    text = redacted(store(*tokens[::order]), message(", ".join(tokens)))
    assert "data='[token], [token], [token], [token]'" in text


def test_token_as_it_stands_in_a_query_is_redacted() -> None:
    """A server may quote the request that it refuses."""
    echoed = "bad target /ws?lang=en&token=Zm9v%2FYmFy%2BcXV4%3D%3D"
    for event in (message(echoed), e.SocketLost(dial=1, code=4000, reason=echoed)):
        assert "bad target /ws?lang=en&token=[token]" in redacted(store(TOKEN), event)


def test_only_text_of_a_backend_is_redacted() -> None:
    event = e.SourceFailed("mic", TOKEN)
    assert store(TOKEN).redact(event) is event


def test_header_values_of_a_token_are_redacted_too() -> None:
    kept = CredentialStore(PASSWORD, Basic())
    made = b64encode(PASSWORD.encode()).decode()
    text = redacted(kept, message(f"{made} {PASSWORD} openline-client"))
    assert made not in text
    assert PASSWORD not in text
    assert "[token]" in text


class Keyed(EchoPanel):
    """A dialect whose headers hold words that are the same for each credential."""

    def headers(self, credential: str) -> list[tuple[str, str]]:
        return [("Authorization", f"OpenlineKey {b64encode(credential.encode()).decode()}")]


def test_words_of_every_header_are_no_secret() -> None:
    kept = CredentialStore(PASSWORD, Keyed())
    made = b64encode(PASSWORD.encode()).decode()
    text = redacted(kept, message(f"OpenlineKey {made}"))
    assert "OpenlineKey [token]" in text


def test_token_that_is_given_again_is_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "REMEMBERED", 2)
    kept = CredentialStore(provide, EchoPanel())
    for number, token in enumerate(("a-token-a", "a-token-b", "a-token-a", "a-token-c")):
        kept.accept(CredentialGiven(number, token), 0.0)
    text = redacted(kept, message("a-token-a a-token-b a-token-c"))
    assert "[token] a-token-b [token]" in text


def test_a_limited_number_of_older_tokens_is_redacted() -> None:
    tokens = [f"token-number-{number}-end" for number in range(1001)]
    kept = store(*tokens, tokens[-1])
    text = redacted(kept, message(" ".join(tokens)))
    assert tokens[0] in text
    assert not any(token in text for token in tokens[1:])


def test_short_token_is_no_secret() -> None:
    for short in ("mic", "a-token"):
        event = message(f'{{"source":"{short}"}}')
        assert store(short).redact(event) is event
    assert "a-token8" not in redacted(store("a-token8"), message("a-token8"))


def test_no_repr_contains_a_token() -> None:
    shown: list[Any] = [
        CredentialGiven(1, TOKEN),
        Token(TOKEN),
        AskCredential(1, fresh=True, refused=TOKEN),
        SharedProvider(provide),
    ]
    assert repr(shown) == (
        "[CredentialGiven(request=1), Token(expires_at=None, reuse=True), "
        "AskCredential(request=1, fresh=True), SharedProvider()]"
    )


def test_headers_that_the_app_adds_are_redacted() -> None:
    added = (("X-Key", "k3y-of-the-gateway"), ("Origin", "https://app.example"), ("X-Short", "abc"))
    for kept in (
        CredentialStore(None, EchoPanel(), added),
        CredentialStore(TOKEN, EchoPanel(), added),
    ):
        seen = redacted(kept, message(f"abc k3y-of-the-gateway https://app.example {TOKEN}"))
        assert "k3y" not in seen
        assert "abc" in seen
        assert "https://app.example" in seen
        assert (TOKEN in seen) == (kept.current is None)


def test_no_part_stays_of_a_header_that_holds_a_shorter_secret() -> None:
    kept = CredentialStore(None, EchoPanel(), (("X-Key", "Key k3y-of-the-gateway"),))
    assert "data='<[token]>'" in redacted(kept, message("<Key k3y-of-the-gateway>"))


@pytest.mark.parametrize("name", ["Origin", "user-agent", "Accept-Language", "REFERER"])
def test_headers_that_any_browser_sends_are_no_secret(name: str) -> None:
    kept = CredentialStore(TOKEN, EchoPanel(), ((name, "a-long-value"),))
    assert "a-long-value" in redacted(kept, message("a-long-value"))


def test_headers_of_the_backend_that_a_token_names_are_redacted() -> None:
    kept = CredentialStore(provide, EchoPanel())
    there = Backend(
        "eu.example", headers=(("X-Key", "k3y-of-eu"), ("Origin", "https://app.example"))
    )
    kept.accept(CredentialGiven(1, Token(TOKEN, backend=there)), now=0.0)
    kept.accept(CredentialGiven(2, "another-token"), now=1.0)  # it is good at the same place
    seen = redacted(kept, message("k3y-of-eu https://app.example"))
    assert "k3y" not in seen
    assert "https://app.example" in seen
