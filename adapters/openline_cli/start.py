"""Where the process begins. It imports nothing, so that Ctrl-C at once is caught here already."""


def run() -> None:
    """The entry point of ``openline`` and of ``python -m openline_cli``."""
    try:
        from openline_cli.importing import Importing

        with Importing():
            from openline_cli.main import run as begin
        begin()
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # problems.INTERRUPTED
