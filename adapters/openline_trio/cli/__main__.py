"""``python -m openline_trio.cli`` is ``openline``. The demo starts its backend this way."""

from openline_trio.cli.main import run

if __name__ == "__main__":
    run()
