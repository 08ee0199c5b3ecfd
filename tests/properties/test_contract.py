"""A session handles every backend that keeps the wire contract, in any variant of the details.

The World takes dialect and policy as given. These properties do not: they state refusals and
the time limits of a backend themselves, and check the defaults against them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import hypothesis.strategies as st
from hypothesis import given

from openline import events as e
from openline.reconnect.verdicts import Action
from tests.core.driver import Drive

#: Seconds until a full backend refuses, and until a stuck recogniser is given up (contract).
FULL, STUCK = 5.0, 8.0
#: Additional seconds: for the network, and for making the summary.
LATENCY = st.floats(0.0, 1.0)
POST_PROCESSING = st.floats(0.0, 7.0)
#: All refusals of a bad credential.
REFUSALS: Final[Mapping[str, Callable[[Drive], object]]] = {
    "1008": lambda drive: drive.lose(1008),
    "3000": lambda drive: drive.lose(3000),
    "4001": lambda drive: drive.lose(4001),
    "4401": lambda drive: drive.lose(4401),
    "401": lambda drive: drive.lose(status=401),
    "unauthorized": lambda drive: drive.refuse("Unauthorized websocket connection"),
}


@given(first=LATENCY, stuck=st.floats(0.0, STUCK), making=POST_PROCESSING)
def test_summary_is_awaited_for_the_contracts_time(
    first: float, stuck: float, making: float
) -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.serve()
    drive.wait(first)
    drive.stop()
    drive.serve()
    summary_at = drive.now + stuck + making
    while drive.now < summary_at:
        drive.wait(min(1.0, summary_at - drive.now))
        drive.figures()
    assert drive.state == "finishing"
    drive.summary()
    drive.lose(1000)
    assert drive.ended.state == "closed"
    assert drive.ended.complete


@given(there=LATENCY, back=LATENCY)
def test_refusal_of_a_full_backend_arrives_before_ack_timeout(there: float, back: float) -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.wait(there + FULL + back)
    assert drive.state == "awaiting_ack"
    drive.refuse()
    assert drive.last_change.action is Action.LATER
    assert "capacity" in drive.last_change.reason


def before_the_ack(drive: Drive) -> None:
    drive.open()
    drive.opened()
    drive.drain()


def streaming(drive: Drive) -> None:
    drive.stream()


def finishing(drive: Drive) -> None:
    drive.stream()
    drive.audio(10)
    drive.stop()


@given(
    text=st.text(max_size=60),
    reach=st.sampled_from([before_the_ack, streaming, finishing]),
    code=st.sampled_from([1000, 1006, 1011]),
)
def test_error_message_of_any_text_ends_the_session(
    text: str, reach: Callable[[Drive], None], code: int
) -> None:
    drive = Drive()
    reach(drive)
    dials = len(drive.dials)
    drive.say("error", message=text)
    drive.feed(e.SocketLost(dial=drive.core.dial, code=code), after=0.01)
    assert drive.ended.state == "failed"
    drive.feed(e.Tick(), after=3600)
    assert len(drive.dials) == dials


@given(data=st.data(), has_provider=st.booleans())
def test_bad_credential_is_never_sent_again(data: Any, *, has_provider: bool) -> None:
    drive = Drive(has_provider=has_provider)
    drive.open()
    while not drive.core.ended:
        assert len(drive.dials) <= 1 + has_provider, "refused, and dialled again with the same"
        if drive.state == "authorizing":
            drive.feed(e.CredentialReady(len(drive.requests)))
        elif drive.state == "connecting":
            how = data.draw(st.sampled_from([*REFUSALS]))
            if how != "401":  # which is an answer to the upgrade
                drive.opened()
                drive.drain()
            REFUSALS[how](drive)
        else:
            drive.tick()
    assert len(drive.dials) == 1 + has_provider
    assert len(drive.requests) == 2 * has_provider
    assert drive.ended.action is Action.FATAL
