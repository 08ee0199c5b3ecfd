"""``python -m openline_cli`` is ``openline``. The demo starts its backend this way."""

from openline_cli.start import run

if __name__ == "__main__":
    run()
