"""What the user has a session watched by: ``--inspect``, ``--otel``.

A command makes a ``Watch`` of its options for each session that it runs: the observers go into the
session, and ``around`` runs what belongs to them while the session is followed.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import trio

from openline.observer import Observer
from openline_cli.network import NetworkOptions
from openline_cli.problems import Problem
from openline_cli.screen import write_err

if TYPE_CHECKING:
    from openline_cli.live_page import LivePage
    from openline_telemetry.exporting import Exporting

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedOptions(NetworkOptions):
    """The options of a command that runs sessions, and can have them watched."""

    inspect: bool = False
    inspect_port: int | None = None
    no_open: bool = False
    otel: bool = False

    def watch(self) -> Watch:
        """A new watch, for one session. Raises Problem."""
        return Watch(self._page(), self._exporting())

    def _page(self) -> LivePage | None:
        if not self.inspect:
            given = {"--inspect-port": self.inspect_port is not None, "--no-open": self.no_open}
            for option in (name for name, is_given in given.items() if is_given):
                raise Problem(f"{option} is for the page of --inspect: give both")
            return None
        from openline_cli.live_page import LivePage

        return LivePage(self.inspect_port or 0, opens=not self.no_open)

    def _exporting(self) -> Exporting | None:
        if not self.otel:
            return None
        from openline_telemetry.exporting import ExportError, Exporting

        try:
            return Exporting(os.environ)
        except ExportError as error:
            raise Problem(f"--otel: {error}") from None


class Watch:
    """The observers of one session, and what belongs to them."""

    def __init__(self, page: LivePage | None = None, exporting: Exporting | None = None) -> None:
        self._page = page
        self._exporting = exporting

    @property
    def observers(self) -> tuple[Observer, ...]:
        """For the session."""
        page = () if self._page is None else (self._page.observer,)
        return page if self._exporting is None else (*page, self._exporting.observer())

    async def around(self, follow: Callable[[], Awaitable[T]]) -> T:
        """Run ``follow()``, which runs the session; its result. Raises Problem, and as it does."""
        try:
            return await (follow() if self._page is None else self._page.around(follow))
        finally:
            if self._exporting is not None:
                wrong = await trio.to_thread.run_sync(self._exporting.close, abandon_on_cancel=True)
                if wrong:
                    write_err(f"openline: --otel: {wrong}")
