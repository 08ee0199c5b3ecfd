"""What the facts of a probe mean: each step has one line, and one is to blame."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.dialects.echopanel import EchoPanel
from openline.dialects.registry import BUILT_IN
from openline.reconnect.verdicts import Action, Ending, ErrorKind, Rule, Sender, judge
from openline_doctor.advice import verdict_of
from openline_doctor.certificates import described
from openline_doctor.facts import (
    Certificate,
    Close,
    Facts,
    Failure,
    ProxySeen,
    Step,
    TlsSeen,
    Try,
)
from openline_doctor.findings import Finding, State, failed_step, findings, is_well
from openline_doctor.speaking import by_address, heard
from openline_doctor.words import day, listed, seconds, size_of
from openline_lookup.places import ADVICE

NOW = 1_750_000_000.0
DAY = 86_400.0
#: Of a probe that went to its end.
GOOD = Facts(
    host="speech.example",
    port=443,
    path="/ws/live-listener",
    secure=True,
    timeout=10.0,
    dialect="echopanel",
    looked_up=("192.0.2.1",),
    name_took=0.01,
    tries=(Try(address="192.0.2.1", took=0.02),),
    tls=TlsSeen(
        version="TLSv1.3",
        certificate=Certificate(
            subject="speech.example",
            issuer="An Authority",
            names=("speech.example",),
            not_before=NOW - 1e6,
            not_after=NOW + 1e7,
        ),
    ),
    tls_took=0.03,
    status=101,
    upgrade_took=0.02,
    acked=0.1,
    latency=0.05,
    date=NOW,
    date_at=NOW + 0.5,
    messages=2,
    heard=(("echopanel", 2),),
)


def with_(**changes: Any) -> Facts:
    return msgspec.structs.replace(GOOD, **changes)


def at(step: Step, facts: Facts) -> tuple[State, str]:
    found = {each.step: each for each in findings(facts, now=NOW)}
    return found[step].state, found[step].text


def states(facts: Facts) -> dict[Step, State]:
    return {each.step: each.state for each in findings(facts, now=NOW)}


texts = st.text(max_size=30)
took = st.none() | st.floats(0, 1e6)
certificates = st.builds(
    Certificate,
    subject=texts,
    issuer=texts,
    names=st.lists(texts, max_size=8).map(tuple),
    not_before=st.floats(-1e15, 1e15),
    not_after=st.floats(-1e15, 1e15),
)
rules = st.sampled_from([*EchoPanel().traits.refusals.values()])
failures = st.builds(
    Failure,
    step=st.sampled_from([step for step in Step if step not in {Step.CLOCK, Step.DIALECT}]),
    took=st.floats(0, 100),
    error=st.none() | st.sampled_from(ErrorKind),
    detail=texts,
    speaks_tls=st.booleans(),
)
facts_of_any_kind = st.builds(
    Facts,
    host=st.sampled_from(["speech.example", "api.deepgram.com", "::1"]),
    port=st.integers(1, 65535),
    path=st.sampled_from(["/", "/asr", "/x"]),
    secure=st.booleans(),
    timeout=st.floats(0.1, 100),
    dialect=st.sampled_from([*BUILT_IN, "own"]),
    has_credential=st.booleans(),
    key_variable=st.sampled_from(["", "KEY"]),
    looked_up=st.lists(texts, max_size=7).map(tuple),
    name_took=took,
    is_number=st.booleans(),
    tries=st.lists(
        st.builds(
            Try,
            address=texts,
            took=st.floats(0, 10),
            error=st.none() | st.sampled_from(ErrorKind),
            detail=texts,
        ),
        max_size=4,
    ).map(tuple),
    proxy=st.none()
    | st.builds(
        ProxySeen,
        address=texts,
        scheme=st.just("http"),
        named_by=texts,
        looks_up=st.booleans(),
        has_user=st.booleans(),
    ),
    proxy_took=took,
    tls=st.none() | st.builds(TlsSeen, version=texts, certificate=st.none() | certificates),
    tls_took=took,
    upgrade_took=took,
    status=st.none() | st.integers(100, 599),
    server=texts,
    opens_at=st.sampled_from(["", "/y"]),
    retry_after=took,
    redirects=st.lists(texts, max_size=2).map(tuple),
    location=texts,
    why_not=texts,
    offered=st.integers(0, 3),
    subprotocol=texts,
    greeted=took,
    acked=took,
    state=texts,
    refusal=texts,
    rule=st.none() | rules,
    close=st.none()
    | st.builds(
        Close,
        step=st.sampled_from(Step),
        code=st.integers(1000, 4999),
        reason=texts,
        sender=st.none() | st.sampled_from(Sender),
    ),
    latency=took,
    date=st.none() | st.floats(-1e12, 1e12),
    date_at=st.none() | st.floats(-1e12, 1e12),
    messages=st.integers(0, 8),
    heard=st.lists(st.tuples(st.sampled_from([*BUILT_IN]), st.integers(0, 8)), max_size=4).map(
        tuple
    ),
    failure=st.none() | failures,
)


@given(facts_of_any_kind)
def test_each_step_has_a_line_and_a_failure_has_a_step(facts: Facts) -> None:
    found = findings(facts, now=NOW)
    assert [each.step for each in found] == list(Step)
    assert all(each.text for each in found)
    blamed = failed_step(facts)
    assert (blamed is None) is (facts.failure is None)
    if (
        blamed is not None
        and not (blamed is Step.PROXY and facts.proxy is None)
        and not (blamed is Step.TLS and not facts.secure)
    ):
        assert not is_well(found)
        assert found[list(Step).index(blamed)].state is State.WRONG
    of_the_way = [each for each in found if each.step not in {Step.CLOCK, Step.DIALECT}]
    assert sum(each.state is State.WRONG for each in of_the_way) <= 1


@given(facts_of_any_kind)
def test_no_step_behind_the_failed_one_is_right(facts: Facts) -> None:
    blamed = failed_step(facts)
    if blamed is None:
        return
    order: list[Step] = [step for step in Step if step not in {Step.CLOCK, Step.DIALECT}]
    found = states(facts)
    behind = order[order.index(blamed) + 1 :]
    # What was seen of the upgrade and the token before a later step failed stays as it is.
    assert all(found[step] is State.SKIPPED for step in behind if step is not Step.UPGRADE
               and step is not Step.AUTH)  # fmt: skip


def test_a_probe_to_its_end_is_well() -> None:
    assert is_well(findings(GOOD, now=NOW))
    assert {state for step, state in states(GOOD).items() if step is not Step.PROXY} == {
        State.RIGHT
    }


@pytest.mark.parametrize("kind", ErrorKind)
def test_each_error_of_a_dial_is_told_as_the_table_has_it(kind: ErrorKind) -> None:
    failure = Failure(step=Step.ADDRESSES, took=0.1, error=kind, detail="the detail")
    facts = with_(failure=failure)
    state, text = at(Step.ADDRESSES if kind is not ErrorKind.TLS_CLIENT_CERTIFICATE else Step.TLS,
                     facts)  # fmt: skip
    assert state is State.WRONG
    assert text.startswith(verdict_of(facts, failure).why)
    assert "the detail" in text


def test_each_error_of_the_network_has_advice() -> None:
    named = ("DNS", "TLS", "PROXY", "REFUSED", "UNREACHABLE", "RESET", "TIMED_OUT", "CUT", "BAD_")
    assert {kind for kind in ErrorKind if kind.name.startswith(named)} == set(ADVICE)


@pytest.mark.parametrize(
    ("close", "step"),
    [
        (Close(step=Step.ACK, code=1008, reason="unauthorized", sender=Sender.REMOTE), Step.AUTH),
        (Close(step=Step.ACK, code=1013, sender=Sender.REMOTE), Step.ACK),
    ],
)
def test_a_close_code_tells_the_token_from_the_rest(close: Close, step: Step) -> None:
    failure = Failure(step=Step.ACK, took=0.1)
    facts = with_(acked=None, close=close, failure=failure)
    assert failed_step(facts) is step
    assert f"close code {close.code}" in at(step, facts)[1]
    assert states(facts)[Step.UPGRADE] is State.RIGHT


def test_a_full_backend_asks_to_wait() -> None:
    rule = Rule(action=Action.LATER, why="the backend is full", source="contract")
    failure = Failure(step=Step.ACK, took=0.1)
    facts = with_(acked=None, rule=rule, refusal="at capacity", failure=failure)
    assert at(Step.ACK, facts) == (
        State.WRONG,
        (
            'the backend is full (speech.example:443, "at capacity"): wait, or raise the limit '
            "of the backend"
        ),
    )


def test_a_backend_that_says_that_it_waits() -> None:
    facts = with_(acked=None, state="queued", failure=Failure(step=Step.ACK, took=10.0))
    assert '(it says "queued") within 10.0 s' in at(Step.ACK, facts)[1]


@pytest.mark.parametrize(
    ("offset", "state"),
    [(0, State.RIGHT), (5, State.RIGHT), (-6, State.NOTE), (30, State.NOTE), (31, State.WRONG)],
)
def test_the_clock(offset: float, state: State) -> None:
    assert at(Step.CLOCK, with_(date=NOW, date_at=NOW + offset))[0] is state


def test_no_date_is_no_clock() -> None:
    assert at(Step.CLOCK, with_(date=None)) == (
        State.UNKNOWN, "cannot tell: the backend sends no Date",
    )  # fmt: skip
    assert at(Step.CLOCK, with_(date=None, status=None))[0] is State.SKIPPED


def certified(**changes: Any) -> TlsSeen:
    """A good certificate, but for ``changes``."""
    certificate = GOOD.tls.certificate if GOOD.tls else None
    assert certificate is not None
    changed = msgspec.structs.replace(certificate, **changes)
    return TlsSeen(version="TLSv1.3", certificate=changed, shown=True)


@pytest.mark.parametrize(
    ("step", "name", "right", "worth_a_look"),
    [
        (
            Step.TLS,
            "tls",
            certified(not_after=NOW + 14.1 * DAY),
            certified(not_after=NOW + 13.9 * DAY),
        ),
        (Step.LATENCY, "latency", 0.49, 0.51),
        (Step.CLOCK, "date_at", NOW + 4.9, NOW + 5.1),
        (Step.CLOCK, "date_at", NOW - 4.9, NOW - 5.1),
    ],
)
def test_what_is_worth_a_look_begins_at_these_numbers(
    step: Step, name: str, right: object, worth_a_look: object
) -> None:
    assert at(step, with_(**{name: right}))[0] is State.RIGHT
    assert at(step, with_(**{name: worth_a_look}))[0] is State.NOTE


def test_a_certificate_that_ends_soon() -> None:
    soon = certified(not_after=NOW + 13 * DAY)
    state, text = at(Step.TLS, with_(tls=soon))
    assert state is State.NOTE
    assert text.endswith("and this machine has one to show: renew it")
    young = certified(not_before=NOW + 1e6)
    failure = Failure(step=Step.TLS, took=0.1, error=ErrorKind.TLS_DATES, detail="not yet valid")
    text = at(Step.TLS, with_(tls=young, failure=failure))[1]
    assert "valid from 2025-06-27, and here it is 2025-06-15" in text
    assert at(Step.TLS, with_(tls=TlsSeen()))[1] == "a trusted certificate, in 30 ms"


def test_the_name_and_the_proxy() -> None:
    proxy = ProxySeen(address="p:1", scheme="http", named_by="HTTPS_PROXY", looks_up=True,
                      has_user=True)  # fmt: skip
    facts = with_(proxy=proxy, proxy_took=0.2)
    assert at(Step.NAME, facts)[1] == (
        "the proxy is at 192.0.2.1, found in 10 ms, which looks up the backend"
    )
    assert at(Step.PROXY, facts)[1] == (
        "http://p:1 with its user, by HTTPS_PROXY, leads to speech.example:443 in 200 ms"
    )
    late = Failure(step=Step.UPGRADE, took=1.0)
    text = at(Step.UPGRADE, with_(proxy=proxy, status=None, upgrade_took=None, failure=late))[1]
    assert text.startswith("connected to the proxy, but no answer to the upgrade within 10.0 s")


def test_the_token() -> None:
    assert at(Step.AUTH, with_(has_credential=True))[1] == "the token was taken"
    assert at(Step.AUTH, with_(has_credential=True, acked=None))[0] is State.UNKNOWN
    assert at(Step.ACK, with_(acked=None))[0] is State.UNKNOWN
    assert (
        "greeted in 100 ms (hello)"
        in at(Step.ACK, with_(acked=None, greeted=0.1, state="hello"))[1]
    )


def test_subprotocols_and_latency() -> None:
    assert at(Step.UPGRADE, with_(offered=1, subprotocol="a"))[1].endswith("subprotocol a")
    assert at(Step.UPGRADE, with_(offered=1))[1].endswith("none of the offered subprotocols")
    assert at(Step.LATENCY, with_(latency=0.8))[0] is State.NOTE


def test_a_dialect_has_rules_of_its_own() -> None:
    failure = Failure(step=Step.ACK, took=1.0)
    close = Close(step=Step.ACK, code=1013, sender=Sender.REMOTE)
    facts = with_(dialect="own", close=close, failure=failure)  # no rules of the dialect
    wanted = judge(Ending(code=1013, sender=Sender.REMOTE, has_provider=True))
    assert verdict_of(facts, failure) == wanted
    own = Rule(action=Action.REAUTH, why="its own rule", source="own")
    ruled = msgspec.structs.replace(facts, rulings={1013: own})
    assert at(Step.AUTH, ruled)[1].startswith("its own rule, and none was given")


def test_the_dialect() -> None:
    both = (("openai", 1), ("vllm", 1), ("echopanel", 0))
    mute = with_(acked=None, failure=Failure(step=Step.ACK, took=1.0))
    assert at(Step.DIALECT, msgspec.structs.replace(mute, heard=both)) == (
        State.WRONG,
        "it seems to speak openai or vllm, and not echopanel: give --dialect openai",
    )
    as_asked = msgspec.structs.replace(mute, heard=both, dialect="vllm")
    assert at(Step.DIALECT, as_asked) == (
        State.RIGHT, "vllm, as asked; openai would begin alike",
    )  # fmt: skip
    strange = msgspec.structs.replace(mute, heard=(), messages=3, host="h", path="/asr")
    assert at(Step.DIALECT, strange) == (
        State.UNKNOWN,
        "cannot tell: no dialect knows its 3 messages; by its address it may be whisperlivekit",
    )
    assert at(Step.DIALECT, with_(status=None, acked=None, heard=()))[0] is State.SKIPPED


def test_hints_of_an_address() -> None:
    assert by_address("eu2.rt.speechmatics.com", 443, "/x") == ["speechmatics"]
    assert by_address("h.example", 2700, "/") == ["vosk"]
    assert by_address("h.example", 443, "/") == []


def test_what_a_dialect_hears() -> None:
    greeting = '{"type":"session.created","session":{}}'
    counts = dict(heard([greeting, "garbage", '{"error":"x"}'], BUILT_IN.values()))
    assert {name for name, count in counts.items() if count} == {"openai", "vllm"}


def test_words() -> None:
    assert [seconds(each) for each in (None, 0.0124, 1.44)] == ["no time", "12 ms", "1.4 s"]
    assert [size_of(each) for each in (40, 300, 10_800, 1e6)] == ["40 s", "5 min", "3 h", "12 days"]
    assert [listed("abcdefg"[:n]) for n in (0, 1, 2, 7)] == [
        "", "a", "a and b", "a, b, c, d, e and 2 more",
    ]  # fmt: skip
    assert day(1e300) == "a day that no calendar has"


@pytest.mark.parametrize("zone", ["EAST-14", "WEST12"])
def test_a_day_is_that_of_the_certificate_wherever_one_is(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as here:
        here.setenv("TZ", zone)
        time.tzset()
        found = [day(at) for at in (0.0, 86_399.0)]
    time.tzset()
    assert found == ["1970-01-01"] * 2


def test_a_certificate_without_names() -> None:
    found = described({"subject": ((("organizationName", "Org"),),)})
    assert (found.subject, found.issuer, found.names, found.not_after) == ("Org", "", (), 0.0)


def test_a_finding_is_plain_data() -> None:
    finding = Finding(step=Step.TLS, state=State.RIGHT, text="x")
    assert msgspec.json.encode(finding) == b'{"step":"tls","state":"right","text":"x"}'


def test_a_refusal_does_not_show_the_dialect() -> None:
    """An error of OpenAI's reads like one of echopanel, and the greeting before it does not."""
    rule = Rule(action=Action.FATAL, why="rejected", source="contract")
    facts = with_(acked=None, rule=rule, refusal="bad", failure=Failure(step=Step.ACK, took=1.0))
    mixed = msgspec.structs.replace(facts, heard=(("openai", 1), ("echopanel", 0)))
    assert at(Step.DIALECT, mixed)[0] is State.WRONG
    alone = msgspec.structs.replace(facts, heard=(("echopanel", 0),))
    assert at(Step.DIALECT, alone) == (State.RIGHT, "echopanel, as asked")


def test_a_close_before_anything_known_may_be_another_dialect() -> None:
    close = Close(step=Step.ACK, code=1011, sender=Sender.REMOTE)
    failure = Failure(step=Step.ACK, took=1.0)
    facts = with_(acked=None, close=close, failure=failure, heard=(), messages=0)
    assert at(Step.ACK, facts)[1].endswith(
        ": check --dialect, and look into the log of the backend"
    )
    known = msgspec.structs.replace(facts, heard=(("echopanel", 1),))
    assert "--dialect" not in at(Step.ACK, known)[1]


def refused(status: int, **changes: Any) -> Facts:
    failure = Failure(step=Step.UPGRADE, took=0.1)
    return with_(status=status, upgrade_took=None, failure=failure, **changes)


@pytest.mark.parametrize(
    ("status", "why", "advice"),
    [
        (511, "the network wants a login first", "open a web page in a browser"),
        (407, "the proxy wants credentials", "put USER:PASSWORD@ into HTTPS_PROXY"),
        (402, "the server requires payment first", "look into the log of the backend"),
    ],
)
def test_a_status_that_is_rare_is_told_as_the_table_has_it(
    status: int, why: str, advice: str
) -> None:
    assert f"at /ws/live-listener: {why}: {advice}" in at(Step.UPGRADE, refused(status))[1]


@pytest.mark.parametrize(
    ("location", "wanted"),
    [
        ("https://speech.test/ws", "give wss://speech.test/ws, if the backend is there"),
        ("http://speech.test/ws", "give ws://speech.test/ws, if the backend is there"),
        ("wss://speech.test/ws", "give wss://speech.test/ws, if the backend is there"),
    ],
)
def test_a_redirect_to_elsewhere_gives_the_url_of_a_websocket(location: str, wanted: str) -> None:
    facts = refused(302, location=location, why_not="it is another host, port or scheme")
    text = at(Step.UPGRADE, facts)[1]
    assert wanted in text
    assert "a network that wants a login answers so too: open a web page in a browser" in text


def test_a_circle_of_redirects_is_the_servers() -> None:
    facts = refused(307, location="/again", redirects=("ws://h/again",) * 10, why_not="too many")
    assert at(Step.UPGRADE, facts)[1].endswith("not followed: too many: mend its redirects")


def test_a_single_message_that_no_dialect_knows() -> None:
    mute = with_(acked=None, failure=Failure(step=Step.ACK, took=1.0), heard=(), messages=1)
    assert at(Step.DIALECT, mute)[1].startswith("cannot tell: no dialect knows its one message;")


def test_of_two_dialects_the_usual_address_chooses() -> None:
    both = (("whisperlive", 1), ("whisperlivekit", 1), ("echopanel", 0))
    mute = with_(acked=None, failure=Failure(step=Step.ACK, took=1.0), heard=both, path="/asr")
    assert at(Step.DIALECT, mute)[1].endswith("not echopanel: give --dialect whisperlivekit")


@pytest.mark.parametrize("code", [1001, 1012])
def test_a_backend_that_restarts_is_waited_for(code: int) -> None:
    close = Close(step=Step.ACK, code=code, sender=Sender.REMOTE)
    failure = Failure(step=Step.ACK, took=1.0)
    facts = with_(acked=None, close=close, failure=failure, heard=(), messages=0)
    assert at(Step.ACK, facts)[1].endswith(": wait, and ask again")


@pytest.mark.parametrize(
    ("alive", "advice"),
    [
        (True, "it answers a ping: it is busy, or speaks another dialect: check its log"),
        (False, "it answers no ping either: it is frozen: look into its log"),
        (None, "it is frozen or busy, or speaks another dialect: check its log"),
    ],
)
def test_a_ping_tells_a_frozen_backend_from_a_busy_one(alive: bool | None, advice: str) -> None:
    facts = with_(acked=None, alive=alive, failure=Failure(step=Step.ACK, took=10.0))
    assert at(Step.ACK, facts)[1].endswith(f"(speech.example:443): {advice}")


@pytest.mark.parametrize(
    ("error", "shown", "advice"),
    [
        (ErrorKind.CUT, False, "if it wants a certificate of this client, give --client-cert"),
        (ErrorKind.RESET, True, "if it refuses the certificate of this client, give another one"),
    ],
)
def test_a_cut_behind_tls_may_be_for_a_certificate(
    error: ErrorKind, shown: bool, advice: str
) -> None:
    tls = msgspec.structs.replace(GOOD.tls or TlsSeen(), shown=shown)
    failure = Failure(step=Step.UPGRADE, took=0.1, error=error)
    facts = with_(status=None, upgrade_took=None, tls=tls, failure=failure)
    assert at(Step.UPGRADE, facts)[1].endswith(advice)
