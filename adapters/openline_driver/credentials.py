"""The credential: where it comes from, and how it is kept out of sight.

It lives here and nowhere else in a session. The core never sees it; a dial is handed it
for its headers. Whatever a backend sends is searched for it before anything looks at it,
since a server may echo a token in a reason or an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Final, TypeAlias, cast
from urllib.parse import quote

import msgspec
import trio

from openline import events as e
from openline.backend import check_credential
from openline.dialects.checking import DialectError
from openline.dialects.headers import credential_headers
from openline.dialects.protocol import Dialect
from openline_driver.argument_checks import kind_of
from openline_driver.error_origin import only_one, raised

Provider: TypeAlias = Callable[[], Awaitable[str]]
Credentials: TypeAlias = str | Provider | None

#: The credentials, newest last, that are cut out of what a backend says.
REMEMBERED: Final = 8
REDACTED: Final = "[token]"
#: Characters below which a token is no secret, and cutting it out of what is said would
#: mangle words ("mic", "status", "test").
SHORTEST: Final = 8
#: Some credential: what a dialect's headers say of any is no secret.
_OTHER: Final = "x"


class CredentialError(Exception):
    """A provider's way to say that it has no credential, in one line without secrets.

    ``fatal`` when asking again cannot help: the session fails instead of retrying.
    """

    def __init__(self, text: str, *, fatal: bool = False) -> None:
        super().__init__(text)
        self.fatal = fatal


class CredentialStore:
    """One session's credential, and the headers that carry it in its dialect.

    Raises ValueError for a token that cannot be sent.
    """

    def __init__(self, credentials: Credentials, dialect: Dialect) -> None:
        self.current: str | None = None
        self.headers: list[tuple[str, str]] = []
        self._dialect = dialect
        self._provider: Provider | None = None
        self._known: deque[tuple[str, ...]] = deque(maxlen=REMEMBERED)
        if isinstance(credentials, str):
            self._keep(credentials)
        else:
            self._provider = credentials

    @property
    def has_provider(self) -> bool:
        """Whether a fresh credential can be asked for."""
        return self._provider is not None

    async def ask(self, request: int) -> e.CredentialReady | e.CredentialFailed:
        """Ask the provider, and keep what it gives. Any failure is an answer."""
        assert self._provider is not None  # noqa: S101  # nobody asks without one
        provide = cast("Callable[[], object]", self._provider)  # whatever it is said to be
        try:
            promised = provide()
            if not isinstance(promised, Awaitable):
                kind = kind_of(promised)
                what = f"it is no async function: it returned {kind}: write it with async def"
                return e.CredentialFailed(request, detail=what, unusable=True)
            provided = cast("object", await promised)
            # A thread cannot be cancelled: what it says then comes too late.
            await trio.lowlevel.checkpoint_if_cancelled()
        except Exception as exc:  # noqa: BLE001  # whatever an app's provider raises
            cause = only_one(exc)
            if isinstance(cause, CredentialError):
                return e.CredentialFailed(request, fatal=cause.fatal, detail=str(cause))
            # Its text may hold a secret; its type cannot, nor the place in the code.
            return e.CredentialFailed(request, detail=f"it raised {raised(cause)}")
        if not isinstance(provided, str):
            what = f"it returned {kind_of(provided)}, where a token is a str"
            if isinstance(provided, Coroutine):
                provided.close()  # it will never run, and there is no use in a warning
            return e.CredentialFailed(request, detail=what, unusable=True)
        try:
            check_credential(provided)
        except ValueError:
            what = "a token nobody can send"
            return e.CredentialFailed(request, detail=what, unusable=True)
        try:
            self._keep(provided)
        except DialectError as exc:  # in one line, and without the token
            return e.CredentialFailed(request, detail=str(exc), unusable=True)
        return e.CredentialReady(request)

    def _keep(self, credential: str) -> None:
        self.headers = credential_headers(self._dialect, check_credential(credential))
        self.current = credential
        made = _words(self.headers)
        with suppress(DialectError):  # it wants a credential of some form
            made -= _words(credential_headers(self._dialect, _OTHER))
        # A dialect may have made another secret of it, as Basic does.
        secrets = (credential, *sorted(word for word in made if credential not in word))
        if secrets not in self._known:
            self._known.append(secrets)

    def without(self, event: e.Event) -> e.Event:
        """``event`` with every credential known cut out of every text a backend sent."""
        for secrets in self._known:
            for secret in secrets:
                if len(secret) >= SHORTEST:
                    event = _without(secret, event)
        return event


def _words(headers: Iterable[tuple[str, str]]) -> set[str]:
    return {word for _, value in headers for word in value.split()}


def _without(secret: str, event: e.Event) -> e.Event:
    """``event`` with the credential cut out of every text that a backend sent."""
    if isinstance(event, e.MessageReceived) and isinstance(event.data, str):
        data, written = event.data, secret
        if "\\" in data:  # JSON can write any character in more than one way
            data, written = _respelt(data), msgspec.json.encode(secret).decode()[1:-1]
        if written in data:
            return e.MessageReceived(event.dial, data.replace(written, REDACTED))
    elif isinstance(event, e.SocketLost):
        return msgspec.structs.replace(
            event,
            reason=event.reason.replace(secret, REDACTED),
            detail=event.detail.replace(secret, REDACTED),
        )
    elif isinstance(event, e.Redirected):
        # A server that keeps the query hands our own parameter back; each dial adds it anew.
        location = event.location.replace(f"token={quote(secret, safe='')}", "")
        location = location.replace(secret, REDACTED)
        return e.Redirected(event.dial, event.status, location)
    return event


def _respelt(data: str) -> str:
    """The same JSON with no more escapes than it needs; anything else as it is."""
    try:
        return msgspec.json.encode(msgspec.json.decode(data)).decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return data
