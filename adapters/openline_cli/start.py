"""Where the process begins. It imports nothing, so that Ctrl-C at once is caught here already.

The rest is in ``main``. Its imports take most of the first half second of a command, in which a
user may notice a mistake in what was typed.
"""


def run() -> None:
    """The entry point of ``openline`` and of ``python -m openline_cli``."""
    try:
        from openline_cli.main import run as begin

        begin()
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # problems.INTERRUPTED
