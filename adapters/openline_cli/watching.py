"""What the user has a session watched by: ``--inspect``.

A command makes a ``Watch`` of its options for each session that it runs: the observers go into the
session, and ``around`` runs what belongs to them while the session is followed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from openline.observer import Observer
from openline_cli.network import NetworkOptions
from openline_cli.problems import Problem

if TYPE_CHECKING:
    from openline_cli.live_page import LivePage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedOptions(NetworkOptions):
    """The options of a command that runs sessions, and can have them watched."""

    inspect: bool = False
    inspect_port: int | None = None
    no_open: bool = False

    def watch(self) -> Watch:
        """A new watch, for one session. Raises Problem."""
        if not self.inspect:
            given = {"--inspect-port": self.inspect_port is not None, "--no-open": self.no_open}
            for option in (name for name, is_given in given.items() if is_given):
                raise Problem(f"{option} is for the page of --inspect: give both")
            return Watch()
        from openline_cli.live_page import LivePage

        return Watch(LivePage(self.inspect_port or 0, opens=not self.no_open))


class Watch:
    """The observers of one session, and what belongs to them."""

    def __init__(self, page: LivePage | None = None) -> None:
        self._page = page

    @property
    def observers(self) -> tuple[Observer, ...]:
        """For the session."""
        return () if self._page is None else (self._page.observer,)

    async def around(self, follow: Callable[[], Awaitable[T]]) -> T:
        """Run ``follow()``, which runs the session; its result. Raises Problem, and as it does."""
        return await (follow() if self._page is None else self._page.around(follow))
