"""One provider of credentials for many sessions: one call at a time, its result for all.

After a common loss a hundred sessions need a fresh token at the same moment. With a
``SharedProvider`` the first of them makes the call, and the others wait for its result: a token
or an error. A token is kept and given to the next session that asks, until it is refused or is
about to expire.

**The call belongs to no session.** A session that gives up waiting (stopped, aborted, too late)
leaves the others undisturbed. Only when the last one has left, the call is cancelled. A call in a
thread cannot be cancelled; it goes on, and who asks next waits for it: a provider that hangs
costs one thread, however often it is asked.

**A refused token is not given again.** A session names the token that the backend refused. If
another session has replaced it meanwhile, the new one is given at once. If a call that was under
way already brings the refused token, it began too early, and there is one more call. If that one
brings it too, the provider has no other, and the backend decides.

Nothing here waits. A face takes a ``Place`` with ``join``, makes the call if it ``leads``, hands
the result to ``land``, and waits until its own place is called. Sessions in several threads may
share a provider, so the state is behind a lock, and ``wake`` may be called in any thread.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Final, TypeAlias, cast

from openline_driver.tokens import LEAD, Token

#: What a provider may return. (A call may return anything: the session checks it.)
Given: TypeAlias = str | Token
Provide: TypeAlias = Callable[[], Given] | Callable[[], Awaitable[Given]]


class Landed:
    """The outcome of a call: ``given``, or ``error`` if it raised. Its repr shows neither."""

    __slots__ = ("error", "given")

    def __init__(self, given: object = None, error: BaseException | None = None) -> None:
        self.given = given
        self.error = error


#: The outcome for a place that has to join again: its call came to nothing, through no fault.
AGAIN: Final = Landed()


class Call:
    """One call of the provider. ``cancel`` ends it early; None: it cannot be ended.

    ``began_at``: when it was asked for, in seconds since the epoch.
    """

    __slots__ = ("began_at", "cancel", "places")

    def __init__(self, began_at: float) -> None:
        self.began_at = began_at
        self.cancel: Callable[[], object] | None = None
        self.places: list[Place] = []


class Place:
    """A session's place at a call; ``outcome`` is set before its ``wake`` is called.

    ``leads``: this session has to make the call, and ``land`` its outcome.
    """

    __slots__ = ("call", "leads", "outcome", "refused", "wake")

    def __init__(
        self, call: Call, refused: str | None, wake: Callable[[], object], *, leads: bool
    ) -> None:
        self.call = call
        self.refused = refused
        self.wake = wake
        self.leads = leads
        self.outcome: Landed | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the call has an outcome for this session; else it joins again."""
        return self.outcome is not None and self.outcome is not AGAIN

    def given(self) -> object:
        """What the provider gave. Raises what it raised."""
        assert self.outcome is not None  # noqa: S101  # it is settled
        if self.outcome.error is not None:
            raise self.outcome.error
        return self.outcome.given


class SharedProvider:
    """Wraps a provider, so that the sessions that get it as ``credentials`` share its calls.

    ``provide`` is an async function, or a plain one, which is called in a thread and may block.
    It returns a token as a str, or a ``Token``, and raises ``CredentialError`` if it has none.
    ``lead`` is how many seconds before its ``expires_at`` a token is not used for a dial any
    more. Raises TypeError for what is no function, and ValueError for a lead that is not a number
    of at least 0.
    """

    #: Whether a session asks before each dial. What the provider returns is then not kept here.
    asked_each_dial = False

    def __init__(self, provide: Provide, *, lead: float = LEAD) -> None:
        given = cast("object", provide)  # a caller without a type checker may give anything
        if isinstance(given, type) or not callable(given):
            what = given.__name__ if isinstance(given, type) else type(given).__name__
            raise TypeError(f"SharedProvider: give a function that returns a token, not {what}")
        if not 0 <= lead < math.inf:
            raise ValueError(f"lead is {lead}: give seconds, 0 or more")
        self.lead = lead
        #: Whether a call has to be made in a thread, as it may block.
        self.blocks = not _is_async(provide)
        self._provide = provide
        self._lock = Lock()
        self._kept: Given | None = None
        self._due_at: float | None = None  # when it is asked for again; None: once refused
        self._call: Call | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def provide(self, refused: str | None) -> object:
        """Call the provider; ``refused`` is the token that the backend refused, if it did."""
        del refused
        return self._provide()

    def join(self, refused: str | None, at: float, wake: Callable[[], object]) -> Given | Place:
        """The token to use, if there is one at ``at`` (seconds since the epoch); else a place."""
        with self._lock:
            kept = self._kept
            lasts = self._due_at is None or at < self._due_at
            if kept is not None and value_of(kept) != refused and lasts:
                return kept
            call, leads = self._call, self._call is None
            if call is None:
                call = self._call = Call(at)
            place = Place(call, refused, wake, leads=leads)
            call.places.append(place)
            return place

    def leave(self, place: Place) -> None:
        """Wait no longer. The last one to leave a call cancels it, if it can be cancelled."""
        call = place.call
        with self._lock:
            if place in call.places:
                call.places.remove(place)
            if call is not self._call or call.places or call.cancel is None:
                return
            self._call = None
        call.cancel()

    def began(self, call: Call, cancel: Callable[[], object]) -> bool:
        """Note how to cancel ``call``, which is about to be made; False: everyone has left."""
        with self._lock:
            call.cancel = cancel
            if call.places:
                return True
            if call is self._call:
                self._call = None
            return False

    def land(self, call: Call, outcome: Landed) -> None:
        """The call has ended: its outcome goes to everyone who waits for it."""
        with self._lock:
            if call is self._call:
                self._call = None
                if outcome is not AGAIN and not self.asked_each_dial:
                    self._keep(outcome, call.began_at)
            places, call.places = call.places, []
            for place in places:
                place.outcome = self._fitting(outcome, place)
                if place.outcome is outcome and _is_single(outcome.given):
                    outcome = AGAIN  # good for one dial: the others need one of their own
        for place in places:
            place.wake()

    def _keep(self, outcome: Landed, came: float) -> None:
        given = outcome.given
        usable = isinstance(given, str) or (isinstance(given, Token) and not given.unusable(came))
        if usable:  # one for a single dial does not last
            self._kept = given  # type: ignore[assignment]  # narrowed above
            self._due_at = given.due_at(self.lead, came) if isinstance(given, Token) else None
        elif outcome.error is None:
            self._kept = None

    @staticmethod
    def _fitting(outcome: Landed, place: Place) -> Landed:
        began_too_early = not place.leads and place.refused is not None
        if began_too_early and value_of(outcome.given) == place.refused:
            return AGAIN
        return outcome


def value_of(given: object) -> object:
    """The token itself in what a provider returned."""
    return given.value if isinstance(given, Token) else given


def _is_single(given: object) -> bool:
    return isinstance(given, Token) and not given.reuse


def _is_async(provide: object) -> bool:
    call = getattr(type(provide), "__call__", None)  # noqa: B004  # an object with async __call__
    return inspect.iscoroutinefunction(provide) or inspect.iscoroutinefunction(call)
