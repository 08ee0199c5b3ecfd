"""The tables beside the pictures hold every verdict, every field, every timer, every message."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec.structs import replace

from openline.dialects.echopanel import ACKS, CODES, REFUSALS, TRAITS, EchoPanel
from openline.dialects.echopanel_schema import WireFinal, WireMetrics
from openline.dialects.protocol import Encoded, Ids, Memory, Sent
from openline.dialects.registry import BUILT_IN
from openline.machine.timers import RUNS, Timer
from openline.policy import MEANINGS, Policy
from openline.reconnect.verdicts import NO_CODES
from openline_diagrams import CONTRACTS, contract, policy_table, timer_table, verdict_table
from openline_diagrams.contract import Contract
from openline_diagrams.markdown import grid
from openline_lookup.endings import NO_REFUSALS, all_rows


def cells(text: str) -> list[list[str]]:
    """Every line of every table."""
    return [
        [cell.strip() for cell in line[1:-1].split(" | ")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


def test_every_ruling_stands_in_the_table_with_its_reason_and_source() -> None:
    lines = cells(verdict_table())
    shown = [line for line in lines if len(line) == 4 and line[1] not in {"verdict", "---"}]
    assert len(shown) == len(all_rows())
    for line, row in zip(shown, all_rows(), strict=True):
        assert line[0].startswith(row.title.removeprefix(f"{row.group} "))
        assert line[0].endswith(row.when)
        assert line[1].startswith(row.action.upper())
        assert line[2:] == [row.why, row.source]


def test_letter_stands_for_an_action() -> None:
    lines = cells(verdict_table())
    done = {line[0]: line[1] for line in lines if len(line) == 2}
    shown = [line for line in lines if len(line) == 4 and line[1] not in {"verdict", "---"}]
    for line, row in zip(shown, all_rows(), strict=True):
        assert done[line[1]] == row.does


def test_numbers_come_from_the_policy() -> None:
    assert "doubles to 77 s" in verdict_table(policy=Policy(backoff_cap=77))
    assert ["`scatter`", "0", *MEANINGS["scatter"]] in cells(policy_table(Policy(scatter=0)))


def test_own_policy_is_not_called_the_default() -> None:
    assert cells(policy_table())[0][1] == "default"
    assert cells(policy_table(Policy(scatter=0)))[0][1] == "value"


def test_every_field_of_the_policy_has_a_meaning() -> None:
    names = [field.name for field in fields(Policy)]
    assert list(MEANINGS) == names
    shown = [line for line in cells(policy_table()) if line[0].startswith("`")]
    assert [line[0].strip("`") for line in shown] == names
    assert [line[2:] for line in shown] == [[*MEANINGS[name]] for name in names]
    values = {line[0].strip("`"): line[1] for line in shown}
    assert values["max_attempts"] == "none"
    assert values["start_delay"] == "none"
    assert values["careful_seams"] == "false"
    assert float(values["connect_timeout"]) == Policy().connect_timeout


def test_every_timer_says_whose_it_is_what_it_fires_and_where() -> None:
    shown = cells(timer_table())[2:]
    assert [line[0] for line in shown] == [timer.name for timer in Timer]
    for line, timer in zip(shown, Timer, strict=True):
        event = timer.fires
        assert line[2] == (f"`{event}`" if event else "nothing: the sender pulls again")
        states = [state for state, timers in RUNS.items() if timer in timers]
        assert line[3] == ", ".join(f"`{state}`" for state in states)
    whose = {line[0]: line[1] for line in shown}
    assert whose["FINISH"] == "the session"
    assert whose["ACK"] == "the state"
    assert whose["PING"] == "the dial"
    assert whose["PACE"] == "the sender"


# A dialect's contract.

ECHOPANEL = contract(CONTRACTS["echopanel"])


def test_each_built_in_dialect_is_documented() -> None:
    assert {name: spec.dialect for name, spec in CONTRACTS.items()} == BUILT_IN


def test_what_is_sent_is_what_the_dialect_sends() -> None:
    sent = {line[0]: line[2] for line in cells(ECHOPANEL) if len(line) == 3}
    dialect, ids = EchoPanel(), Ids(session_id="S", attempt_id="A", connection_id="C")
    assert json.loads(sent["start"].strip("`")) == json.loads(dialect.start(None, ids)[1][0])
    assert json.loads(sent["stop"].strip("`")) == json.loads(dialect.stop(None, ids, Sent())[1][0])
    assert "`45 50 01 01`" in sent["audio of mic"]


def test_headers_of_a_token_come_from_the_dialect() -> None:
    shown = [line for line in cells(ECHOPANEL) if len(line) == 2 and "TOKEN" in line[1]]
    assert shown == [["`Authorization`", "`Bearer TOKEN`"], ["`x-echopanel-token`", "`TOKEN`"]]

    class Keyed(EchoPanel):
        def headers(self, credential: str) -> list[tuple[str, str]]:
            return [("x-api-key", credential)]

    text = contract(Contract(Keyed(), (), ()))
    in_url = type("InUrl", (Keyed,), {"traits": replace(Keyed.traits, key_parameter="jwt")})
    assert "as `jwt=TOKEN`, in no header" in contract(Contract(in_url(), (), ()))
    assert [line for line in cells(text) if len(line) == 2 and "TOKEN" in line[1]] == [
        ["`x-api-key`", "`TOKEN`"]
    ]


def test_binary_start_is_shown_in_hexadecimal() -> None:
    def start(*_given: object) -> tuple[None, tuple[bytes]]:
        return None, (b"\x01\xff",)

    binary: Any = type("Binary", (EchoPanel,), {"start": start})()
    shown = contract(Contract(dialect=binary, messages=(), states=()))
    [line] = [line for line in cells(shown) if line[0] == "start"]
    assert line[2] == "`01 ff`"


def test_an_empty_message_is_named() -> None:
    def stop(*_given: object) -> tuple[None, tuple[str, bytes]]:
        return None, ("", b"")

    silent: Any = type("Silent", (EchoPanel,), {"stop": stop})()
    shown = contract(Contract(dialect=silent, messages=(), states=()))
    lines = [line[2] for line in cells(shown) if line[0] == "stop"]
    assert lines == ["an empty text message", "an empty binary message"]


def test_accepted_messages_come_from_the_structs() -> None:
    shown = {line[0].strip("`"): line[1] for line in cells(ECHOPANEL) if len(line) == 2}
    assert {"status", "asr_final", "asr_partial", "metrics", "error"} < set(shown)
    assert "`t0?` anything" in shown["asr_final"]
    assert "`confidence?` anything" in shown["asr_final"]
    assert "`people?` list" in shown["entities_update"]
    assert "`json?` anything" in shown["final_summary"]


def test_flags_of_a_status_come_from_the_dialect() -> None:
    shown = {line[0].strip("`"): line[1:] for line in cells(ECHOPANEL) if len(line) == 5}
    assert set(shown) == {*ACKS, "connected", "state", "---"}
    assert shown["connected"] == ["", "", "", ""]
    assert shown["backpressure"] == ["yes", "yes", "yes", ""]
    assert shown["warning"] == ["yes", "", "", "yes"]


def test_only_its_own_verdicts_are_listed() -> None:
    lines = [line for line in cells(ECHOPANEL) if len(line) == 4]
    shown = [line[0] for line in lines if line[1] not in {"verdict", "---"}]
    assert shown == [*(f'"{text}"' for text in [*REFUSALS, "error"]), "1011, sent by the server"]
    assert set(CODES) == {1011}


class Plain(EchoPanel):
    """A dialect without verdicts of its own that sends audio as text."""

    traits = replace(TRAITS, codes=NO_CODES, refusals=NO_REFUSALS)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, ('{"audio":"' + "A" * 100 + '"}',)


def test_contract_of_a_text_dialect_without_verdicts() -> None:
    text = contract(Contract(Plain(), (WireFinal, WireMetrics), ("error",)))
    assert "None do." in text
    size = "with s16le PCM (640 bytes are 20 ms, here 112 characters)"
    assert f'text: `{{"audio": "AAAA…"}}`, {size}' in text


#: Compressed audio does not repeat itself.
NOISE = "".join(map(str, range(100, 200)))


FRAMES: list[tuple[Callable[[bytes], str], str]] = [
    (lambda pcm: f"desk {pcm.hex()}", "desk 0000…"),
    (lambda pcm: json.dumps({"pcm": [*pcm], "n": 1}), '{"pcm": [0, …0], "n": 1}'),
    (
        lambda pcm: json.dumps({"pcm": base64.b64encode(pcm).decode(), "n": 1}),
        '{"pcm": "AAAA…", "n": 1}',
    ),
    (lambda _pcm: NOISE, f"{NOISE[:200]}…`, with"),
]


@pytest.mark.parametrize(("frame", "shown"), FRAMES)
def test_a_message_of_audio_is_shown_whole_but_for_the_samples(
    frame: Callable[[bytes], str], shown: str
) -> None:
    def audio(_self: object, memory: Memory, _source: str, pcm: bytes, _number: int) -> Encoded:
        return memory, (frame(pcm),)

    own: Any = type("Own", (Plain,), {"audio": audio})()
    text = contract(Contract(own, (), ()))
    assert f"text: `{shown}" in text


class Bare(Plain):
    """A dialect whose start is one word and whose audio is the bare samples."""

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        return memory, (f"hello {ids.session_id}",)

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        return memory, (pcm,)


class Odd(msgspec.Struct, tag="odd"):
    choice: Literal["a", 1]
    few: Annotated[int, msgspec.Meta(ge=0)]
    pair: tuple[int, int]
    inner: WireMetrics
    when: datetime | None = None


def test_contract_without_structs_has_no_such_sections() -> None:
    text = contract(Contract(Bare(), (), ()))
    assert "What the client accepts" not in text
    assert "status" not in text
    sent = {line[0]: line[2] for line in cells(text) if len(line) == 3}
    assert sent["start"] == "`hello S`"
    assert sent["audio of mic"] == "binary: s16le PCM (640 bytes are 20 ms)"


def test_every_field_type_is_shown() -> None:
    shown = dict(line for line in cells(contract(Contract(Bare(), (Odd,), ()))) if len(line) == 2)
    assert shown["`odd`"] == (
        '`choice` "a" or 1, `few` number, `pair` list, `inner` object, `when?` anything'
    )


@pytest.mark.parametrize("cell", ["a|b", "a | b"])
def test_a_bar_in_a_cell_does_not_end_it(cell: str) -> None:
    assert grid(("x",), [(cell,)]).splitlines()[2] == "| " + cell.replace("|", "\\|") + " |"
