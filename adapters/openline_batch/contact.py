"""Whether a backend has taken a session, as far as its updates tell."""

from __future__ import annotations

from dataclasses import dataclass

from openline.updates import State, StateChanged, Update


@dataclass(slots=True)
class Contact:
    """``is_acknowledged`` since the session was opened; ``reason``: why not, one line or empty."""

    is_acknowledged: bool = False
    reason: str = ""

    def see(self, update: Update) -> bool:
        """Take in an update; True: the backend has taken the session now, for the first time."""
        if not isinstance(update, StateChanged):
            return False
        if update.state is not State.STREAMING:
            self.reason = update.reason or self.reason
            return False
        is_first, self.is_acknowledged = not self.is_acknowledged, True
        return is_first
