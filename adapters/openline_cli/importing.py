"""What Ctrl-C does while a command imports what it needs: it ends the process at once.

Imports take most of the first second of a command, in which a user may notice a mistake in what was
typed. KeyboardInterrupt is of no use in them: C code turns it into other errors, Python drops it in
callbacks of its own, and a module of C that was left half made may crash the process at its end.
"""


class Importing:
    """A block that does nothing but import. What else takes Ctrl-C, keeps it."""

    def __enter__(self) -> None:
        import signal

        self._is_set = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, _leave)
            except ValueError:  # in another thread, which gets no signal
                return
            self._is_set = True

    def __exit__(self, *_: object) -> None:
        import signal

        if self._is_set:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(*_: object) -> None:
    import os

    os._exit(130)  # problems.INTERRUPTED; nothing is open yet
