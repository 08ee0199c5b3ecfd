"""Store the credential, and redact it from all text of the backend.

It is stored here, in the effects ``Dial`` and ``AskCredential``, and in a provider that sessions
share. The core never receives it. A server may echo a token in a reason or an error, so every
event with text of the backend is searched for every credential that it was sent, for the headers
made of them, and for the headers that an app adds, before the core receives it. (Of the last
``REMEMBERED`` credentials: the memory of a session has an end.) ``CredentialStore.redact`` lists
these events; audio never passes here.
"""

from __future__ import annotations

import math
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote

import msgspec

from openline import events as e
from openline.backend import QUERY_PARAMETER, Backend
from openline.dialects.checking import DialectError
from openline.dialects.headers import credential_headers
from openline.dialects.protocol import Dialect
from openline.tokens import check_credential
from openline_driver.argument_checks import kind_of
from openline_driver.error_origin import only_one, raised
from openline_driver.facts import CredentialGiven, ProviderFailed
from openline_driver.options import Credentials
from openline_driver.shared_provider import SharedProvider, value_of
from openline_driver.tokens import LEAD, Token

#: How many credentials are redacted: the current one, and older ones. With a new one each hour
#: this is 41 days.
REMEMBERED: Final = 1000
REDACTED: Final = "[token]"
#: A shorter token is not secret, and redacting it would damage words ("mic", "status", "test").
SHORTEST: Final = 8
#: Headers of an app that are no secret, in small letters.
_PUBLIC: Final = frozenset({"origin", "user-agent", "accept-language", "referer"})
#: Words of headers that a dialect makes of every credential are not secret; tried with this one.
_OTHER: Final = "x"


class CredentialError(Exception):
    """Raised by a provider without a credential; the text is one line without secrets.

    Set ``fatal`` if another request cannot help: the session then fails instead of retrying.
    """

    def __init__(self, text: str, *, fatal: bool = False) -> None:
        super().__init__(text)
        self.fatal = fatal


def not_async(request: int, returned: object) -> e.CredentialFailed:
    """The event for a provider that ``returned`` something that cannot be awaited."""
    what = f"it is no async function: it returned {kind_of(returned)}: write it with async def"
    return e.CredentialFailed(request, detail=what, unusable=True)


class CredentialStore:
    """One session's credential, and the headers that carry it in its dialect.

    Raises ValueError for a token that cannot be sent, and DialectError if the dialect cannot
    make headers of it.
    """

    def __init__(
        self,
        credentials: Credentials,
        dialect: Dialect,
        added: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """``added``: the headers that the app adds to each request; they may hold secrets."""
        self.current: str | None = None
        self._there: Backend | None = None  # where the newest Token is good, if one said so
        self.headers: tuple[tuple[str, str], ...] = ()
        shared = credentials if isinstance(credentials, SharedProvider) else None
        self.has_provider = shared is not None or callable(credentials)
        self._lead = LEAD if shared is None else shared.lead
        self._good_until = -math.inf  # the current one, if it states that; session time
        self._is_asked_each_dial = shared is not None and shared.asked_each_dial
        self._dialect = dialect
        self._parameter = dialect.traits.key_parameter or QUERY_PARAMETER
        self._known: dict[frozenset[str], None] = {}  # the newest last
        # Of all credentials, the longest first: one of them may be a part of another.
        self._added = _secrets_of(added)
        self._secrets = sorted(self._added, key=len, reverse=True)
        if isinstance(credentials, str):
            try:
                self._keep(credentials)
            except ValueError as error:
                raise ValueError(f"credentials: {error}") from None

    def accept(self, fact: CredentialGiven, now: float) -> e.CredentialReady | e.CredentialFailed:
        """Store the provider's result if it can be sent; every failure becomes an event.

        ``now`` is session time: from it on the time is counted after which the result is due.
        """
        given, before = value_of(fact.given), (self.current, self._there)
        if isinstance(fact.given, Token) and (wrong := fact.given.unusable(fact.at)):
            return e.CredentialFailed(fact.request, detail=wrong, unusable=True)
        if not isinstance(given, str):
            what = f"it returned {kind_of(given)}; a token is a str"
            if isinstance(given, Coroutine):
                given.close()  # it will never run; without this Python warns about it
            return e.CredentialFailed(fact.request, detail=what, unusable=True)
        there = fact.given.backend if isinstance(fact.given, Token) else None
        home = there or self._there
        try:
            self._keep(given, () if home is None else home.headers)
        except ValueError as error:  # its text does not show the token
            what = f"it returned a token that cannot be sent: {error}"
            return e.CredentialFailed(fact.request, detail=what, unusable=True)
        except DialectError as exc:  # its text is one line without the token
            return e.CredentialFailed(fact.request, detail=str(exc), unusable=True)
        due_at, self._good_until = self._times(fact, now)
        self._there = home
        is_same = (given, home) == before
        return e.CredentialReady(fact.request, due_at, unchanged=is_same, backend=there)

    def _times(self, fact: CredentialGiven, now: float) -> tuple[float | None, float]:
        """From when on the provider is asked again before a dial, though nothing was refused.

        Beside it until when the token is good nevertheless.
        """
        given, at = fact.given, fact.at
        good, due_at = -math.inf, now if self._is_asked_each_dial else None
        if not isinstance(given, Token):
            return due_at, good
        due = given.due_at(self._lead, now if at is None else at)
        if due is not None and due_at is None:
            due_at = now if at is None else max(now, now + due - at)
        if given.reuse and given.expires_at is not None and at is not None:
            good = now + given.expires_at - at
        return due_at, good

    def failed(
        self, fact: ProviderFailed, now: float, *, refused: bool
    ) -> e.CredentialReady | e.CredentialFailed:
        """The event for a provider that raised.

        A token that is good for a while longer serves, unless the backend ``refused`` it: the
        provider is asked again before the next dial.
        """
        cause = only_one(fact.error)
        fatal = isinstance(cause, CredentialError) and cause.fatal
        # The error's text may hold a secret; its type and its place in the code cannot.
        why = str(cause) if isinstance(cause, CredentialError) else f"it raised {raised(cause)}"
        if not fatal and not refused and now < self._good_until:
            return e.CredentialReady(fact.request, now, unchanged=True, failure=why)
        return e.CredentialFailed(fact.request, fatal=fatal, detail=why)

    def _keep(self, credential: str, added: Iterable[tuple[str, str]] = ()) -> None:
        """``added``: the headers of the backend at which the credential is good."""
        headers = credential_headers(self._dialect, check_credential(credential))
        offered = self._dialect.subprotocols
        made = {*_words(headers), *offered(credential)}
        with suppress(DialectError):  # the dialect accepts only credentials of a certain form
            made -= {*_words(credential_headers(self._dialect, _OTHER)), *offered(_OTHER)}
        # A header may hold the credential encoded: Basic encodes "user:password" in base64. In a
        # query it is quoted.
        spelt = {credential, _quoted(credential), *made}
        secrets = _secrets_of(added).union(each for each in spelt if len(each) >= SHORTEST)
        self.headers = tuple(headers)
        self.current = credential
        self._known.pop(secrets, None)
        self._known[secrets] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        every = {*self._added, *(secret for secrets in self._known for secret in secrets)}
        self._secrets = sorted(every, key=len, reverse=True)

    def redact(self, event: e.Event) -> e.Event:
        """``event``, with every known credential redacted from the backend's text.

        A MessageReceived, the reason and detail of a SocketLost, and the location of a Redirected
        hold such text; any other event is returned unchanged.
        """
        if not self._secrets:
            return event
        match event:
            case e.MessageReceived(dial, str(data)):
                redacted = self._from_message(data)
                return event if redacted is data else e.MessageReceived(dial, redacted)
            case e.SocketLost(reason=reason, detail=detail) if reason or detail:
                return msgspec.structs.replace(
                    event, reason=self._from_text(reason), detail=self._from_text(detail)
                )
            case e.Redirected(dial, status, location):
                return e.Redirected(dial, status, self._from_location(location))
            case _:
                return event

    def _from_message(self, data: str) -> str:
        if "\\" not in data:
            return self._from_text(data)
        # JSON can write a character in more than one way: "\u0061" is "a". So both the secret and
        # the message are encoded by msgspec before the search.
        respelt = cut = _respelt(data)
        for secret in self._secrets:
            cut = cut.replace(msgspec.json.encode(secret).decode()[1:-1], REDACTED)
        return data if cut == respelt else cut

    def _from_location(self, location: str) -> str:
        # A server may return our own parameter in its redirect; each dial adds it again.
        for secret in self._secrets:
            location = location.replace(f"{self._parameter}={_quoted(secret)}", "")
        return self._from_text(location)

    def _from_text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


def _quoted(secret: str) -> str:
    return quote(secret, safe="")


def _words(headers: Iterable[tuple[str, str]]) -> set[str]:
    return {word for _, value in headers for word in value.split()}


def _secrets_of(added: Iterable[tuple[str, str]]) -> frozenset[str]:
    """What has to be redacted of the headers that an app gave a backend."""
    values = [value for name, value in added if name.lower() not in _PUBLIC]
    spelt = (each for value in values for each in (value, *value.split(), _quoted(value)))
    return frozenset(each for each in spelt if len(each) >= SHORTEST)


def _respelt(data: str) -> str:
    """The same JSON with the fewest escapes; other text unchanged."""
    try:
        return msgspec.json.encode(msgspec.json.decode(data)).decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return data
