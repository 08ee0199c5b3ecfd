"""For pytest: a backend with fault injection, and a clock that does not wait.

pytest loads this whenever openline is installed beside it, in every run, before anything
else. So it imports nothing but pytest; a fixture imports its needs on use.
``-p no:openline`` leaves it out. The fixtures are plain ones, for tests with or without a loop of
their own, be it asyncio's, trio's or anyio's::

    def test_my_client_comes_back(openline_backend):
        backend = openline_backend("cut after 2s; refuse 503 retry-after 1 on dial 2")
        run_my_client(backend.url)
        assert [str(strike) for strike in backend.faults_struck] == [...]
        assert backend.dials == 3

A mistake in a call (a phrase that names no fault, a package that is missing) fails the
test with one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from trio.testing import MockClock

    from openline_server.config import DialectName, RecognizerName
    from openline_testing.background import BackgroundBackend


class StartBackend(Protocol):
    """The type of the fixture ``openline_backend``."""

    def __call__(
        self,
        *faults: str,
        dialect: DialectName = "echopanel",
        recognizer: RecognizerName = "echo",
        token: str | None = None,
        max_sessions: int = 8,
    ) -> BackgroundBackend:
        """Start one."""
        ...


@pytest.fixture
def openline_backend(request: pytest.FixtureRequest) -> Iterator[StartBackend]:
    """Start reference backends that stop with the test.

    ``openline_backend("cut after ack", …)`` takes phrases as in ``openline serve --fault``
    and the options of ``BackgroundBackend`` (``dialect``, ``recognizer``, ``token``,
    ``max_sessions``). It returns a backend with ``url``, ``backend`` and ``dialect`` (for
    ``open_session``), ``dials``, ``received(source)``, ``faults_struck`` and ``stop()``. It runs
    in real time.
    """
    if "openline_clock" in request.fixturenames:
        pytest.fail(
            "openline_backend lives in real time, and on openline_clock any wait for it has "
            "waited for ever: use one of them, or a backend in memory (connect=)",
            pytrace=False,
        )
    background = _module("background", "openline_backend", "backend")
    running: list[BackgroundBackend] = []

    def start(
        *faults: str,
        dialect: DialectName = "echopanel",
        recognizer: RecognizerName = "echo",
        token: str | None = None,
        max_sessions: int = 8,
    ) -> BackgroundBackend:
        try:
            backend: BackgroundBackend = background.BackgroundBackend(
                *faults,
                dialect=dialect,
                recognizer=recognizer,
                token=token,
                max_sessions=max_sessions,
            )
        except (background.BackendError, background.FaultError) as error:
            wrong = str(error)
        else:
            running.append(backend)
            return backend
        # Outside of the block above, whose error pytest would report as well.
        pytest.fail(f"openline_backend: {wrong}", pytrace=False)

    try:
        yield start
    finally:
        for backend in running:
            backend.stop()


@pytest.fixture
def openline_clock() -> MockClock:
    """A clock for ``trio.run(…, clock=openline_clock)`` on which waiting costs nothing.

    It is trio's own ``MockClock``: when all tasks wait, it jumps to the next deadline;
    ``current_time()`` returns its time, in a test without a loop too, and ``jump(s)``
    moves it (``connection.receive(event, openline_clock.current_time())``). pytest-trio runs a
    test that asks for it on this clock. While a thread of ``trio.to_thread`` works (a
    ``FileSource`` decodes in one) it stands still. A backend of ``openline_backend`` runs in
    real time: a test that asks for both fails at once.
    """
    testing = _module("patient_clock", "openline_clock", "trio")
    clock: MockClock = testing.patient_clock()
    return clock


def _module(name: str, fixture: str, extra: str) -> Any:
    """A module that a fixture needs, imported now; without it the test fails in one line."""
    from importlib import import_module  # noqa: PLC0415  # no import that not every run needs

    here = __name__.rpartition(".")[0]
    try:
        return import_module(name if "." in name else f"{here}.{name}")
    except ModuleNotFoundError as error:
        missing = error.name
    pytest.fail(f"{fixture} needs {missing}: pip install 'openline[{extra}]'", pytrace=False)
