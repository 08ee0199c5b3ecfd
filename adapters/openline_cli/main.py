"""The entry point. It ends with an exit status and at most one line on stderr.

0: done, and complete. 1: failed or incomplete. 2: wrong usage. 130: interrupted. Every mistake
of a user arrives here as a ``Problem`` and is printed as one line; a traceback is a bug.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from typing import Final

from openline_cli.importing import Importing
from openline_cli.problems import FAILED, INTERRUPTED, Problem, printable

#: Packages that an extra brings, and the extra.
_EXTRAS: Final = {
    "h11": "cli",
    "rich": "cli",
    "wcwidth": "cli",
    "trio": "cli",
    "trio_websocket": "cli",
    "trio_parallel": "cli",
    "python_socks": "cli",
    "numpy": "cli",
    "soundfile": "cli",
    "soxr": "cli",
    "opentelemetry": "otlp",
    "wyoming": "wyoming",
    "websockets": "asyncio",
}


#: The process, or the whole machine, has no descriptor left.
_NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})
_TOO_MANY: Final = "too many open files: raise the limit (ulimit -n 64 is enough)"


def run() -> None:
    """The entry point."""
    if getattr(sys, "frozen", False):  # a worker process is this program, started again
        import multiprocessing

        multiprocessing.freeze_support()
    _occupy_standard_streams()
    # A stream that was closed before we started is None; its output is dropped.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # it stays
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # it stays
    for stream in (sys.stdout, sys.stderr):
        # A locale that lacks some letters of the transcript is no reason to stop.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    status = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _tell(f"stdout cannot be written: {error.strerror}", FAILED)
        # Keep the interpreter from trying again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = status or FAILED
    sys.exit(status)


def main(arguments: Sequence[str]) -> int:
    """Run a command and give its exit status."""
    try:
        with Importing():
            from openline_cli.app import dispatch
        return dispatch(arguments)
    except Problem as problem:
        return _tell(str(problem), problem.status)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except OSError as error:
        if error.errno in _NO_DESCRIPTOR:
            return _tell(_TOO_MANY, FAILED)
        if error.filename is not None or error.errno != errno.ENOSPC:
            raise
        return _tell(f"stdout cannot be written: {error.strerror}", FAILED)
    except ModuleNotFoundError as error:
        from openline_driver.version import advice

        package = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(package)
        line = advice(
            error, _EXTRAS, f"{package} is not installed: pip install 'openline[{extra}]'"
        )
        if not line:
            raise
        return _tell(line, FAILED)
    except BaseExceptionGroup as group:
        if group.split(_lacks_descriptor)[1] is None:
            return _tell(_TOO_MANY, FAILED)
        if group.split(KeyboardInterrupt)[1] is not None:
            raise
        return INTERRUPTED


def _lacks_descriptor(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _NO_DESCRIPTOR


def _occupy_standard_streams() -> None:
    """Give the descriptors 0, 1 and 2 to the null device where they are closed.

    Else the next file that is opened, such as a journal, gets one of them, and a library that
    prints to standard error writes into it.
    """
    with contextlib.suppress(OSError):  # without the device, or a descriptor: as it was
        while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
            os.set_inheritable(fd, True)  # noqa: FBT003  # as standard streams are
        os.close(fd)


def _tell(line: str, status: int) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"openline: {printable(line)}\n")
    return status
