"""The fault grammar: accepted phrases, their meaning, and the error texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_server.faultgrammar import FaultError, parse_faults
from openline_server.faults import Dials, Effect, Fault, Mark, Moment, fault_list

milliseconds = st.integers(1, 86_400_000).map(lambda ms: ms / 1000)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=123)
moments = (
    st.builds(Moment, st.sampled_from([Mark(m) for m in ("accept", "start", "ack", "stop")]))
    | st.builds(Moment, st.just(Mark.SECOND), milliseconds)
    | st.builds(Moment, st.sampled_from([Mark.FRAME, Mark.FINAL]), st.integers(1, 10**9 - 1))
)
dials = st.tuples(st.integers(1, 10**6), st.integers(0, 10**6) | st.none()).map(
    lambda pair: Dials(pair[0], None if pair[1] is None else pair[0] + pair[1])
)


FIVE = Moment(Mark.SECOND, 5.0)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """Any fault that a phrase can express."""
    effect = draw(st.sampled_from(Effect))
    phrase, text, number = effect.phrase, "", 0.0
    match phrase.takes:
        case "time" | "[time]":
            number = draw(milliseconds)
        case "[code]":
            number = draw(st.integers(1000, 4999).filter(lambda n: n not in {1005, 1006, 1015}))
            text = draw(st.just("") | texts)
        case "[error]":
            number = draw(st.just(0) | st.integers(1, 65535))
            text = draw(st.just("") | texts)
        case "[text]":
            text = draw(st.just("") | texts)
        case "status":
            number = draw(st.integers(200, 599))
        case "factor":
            number = draw(st.integers(1000, 1_000_000)) / 1000
        case "url":
            text = draw(texts)
        case "source":
            text = draw(st.sampled_from(["mic", "system"]))
        case "[source]":
            text = draw(st.sampled_from(["", "mic", "system"]))
        case _:
            pass
    return Fault(
        effect,
        number,
        text,
        draw(st.none() | st.just(0.0) | milliseconds) if phrase.retry else None,
        draw(st.none() | moments) if phrase.timed else None,
        draw(dials),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("close 1011 NET-0001", Fault(Effect.CLOSE, 1011, "NET-0001")),
        ("error 3007", Fault(Effect.ERROR, 3007)),
        ('error "so it is" after 5s', Fault(Effect.ERROR, 0, "so it is", None, FIVE)),
        ("session limit 1min", Fault(Effect.SESSION_LIMIT, 60)),
        ("5s then go away 2s", Fault(Effect.GO_AWAY, 2, "", None, FIVE)),
        ("no keepalive 10s", Fault(Effect.NO_KEEPALIVE, 10)),
    ],
)
def test_faults_that_a_contract_words(text: str, fault: Fault) -> None:
    assert parse_faults(text) == (fault,)


@given(st.lists(faults(), min_size=1, max_size=3), st.sampled_from(["; ", ",", " ;\n"]))
def test_str_of_a_fault_parses_to_the_same_fault(made: list[Fault], between: str) -> None:
    text = between.join(map(str, made))
    assert parse_faults(text) == tuple(made)
    assert parse_faults(text.replace("\n", " ")) == tuple(made)


@given(st.text() | st.text(st.sampled_from('cut after ack 15s-;," x.')))
def test_parsing_fails_only_with_one_line(text: str) -> None:
    told, found = "", tuple[Fault, ...]()
    try:
        found = parse_faults(text)
    except FaultError as error:
        told = str(error)
    if found:
        assert parse_faults("; ".join(map(str, found))) == found
    else:
        assert told.isprintable()
        assert ", column " in told


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("cut after ack", "cut after ack"),
        ("cut", "cut"),
        ("cut after open", "cut"),
        ("cut on dial 1", "cut"),
        ("CUT Mid Frame", "cut mid-frame"),
        ("cut while finishing", "cut after stop"),
        ("cut after 3 seconds", "cut after 3s"),
        ("cut after 0.5 min", "cut after 30s"),
        ("cut after 1 frame", "cut after first frame"),
        ("cut after 200 frames", "cut after 200 frames"),
        ("cut after 1 final", "cut after first final"),
        ("cut every dial", "cut on every dial"),
        ("cut from dial 1", "cut on every dial"),
        ("cut on every dial after ack", "cut after ack on every dial"),
        ("cut on dial 1-3", "cut on dials 1-3"),
        ("ack then close", "close 1000 after ack"),
        ("first final then crash", "crash 1s after first final"),
        ("3s then freeze 300ms", "freeze 0.3s after 3s"),
        ("close 1013 retry-after 30", "close 1013 retry-after 30s"),
        ('close 4000 "a \\"b\\" \\\\ c; d"', 'close 4000 "a \\"b\\" \\\\ c; d"'),
        ('close "bye"', 'close 1000 "bye"'),
        ("refuse 503 retry after 1 min", "refuse 503 retry-after 60s"),
        ("refuse 5s", "refuse 5s"),
        ("refuse 5s after open", "refuse 5s after open"),
        ("restart", "restart 1s"),
        ("half open", "half-open"),
        ("slow 3 times", "slow 3x"),
        ("redirect /again?x-y=1", 'redirect "/again?x-y=1"'),
        ("no ack,no pong;no summary", "no ack; no pong; no summary"),
        ("overshoot 10 seconds", "overshoot 10s"),
        ("overshoot start 5s after 3s on dial 2", "overshoot start 5s after 3s on dial 2"),
        ("ignore MIC", "ignore mic"),
        ("5s then deaf", "deaf after 5s"),
        ("deaf system from dial 2", "deaf system from dial 2"),
        ("words while closing on every dial", "words while closing on every dial"),
        ("lone-dots; late 3s", "lone dots; late 3s"),
    ],
)
def test_accepted_spellings(text: str, means: str) -> None:
    assert "; ".join(map(str, parse_faults(text))) == means


@pytest.mark.parametrize("effect", Effect)
def test_every_example_parses_and_every_phrase_is_listed(effect: Effect) -> None:
    (fault,) = parse_faults(effect.phrase.example)
    assert fault.effect is effect
    assert effect.phrase.explanation in fault_list()


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("", 1, "expected a fault, found nothing"),
        ("cut;", 5, "expected a fault, found nothing"),
        ("cut aftr ack", 5, 'did you mean "cut after ack"?'),
        ("cut after ack; freez 5s", 16, 'did you mean "freeze 5s"?'),
        ("no pnog on dial 2", 4, 'did you mean "no pong on dial 2"?'),
        ("cut on dail 2", 8, 'did you mean "cut on dial 2"?'),
        ("explode after 1s", 1, "found 'explode'; see: openline serve --fault help"),
        ("5 then cut", 1, "expected a fault, found '5'"),
        ("ack cut", 5, "expected then, found 'cut'"),
        ("cut after akc", 11, "200 frames, found 'akc'; did you mean \"cut after ack\"?"),
        ("half-closed", 1, "a fault, found 'half-closed'; did you mean \"half-open after 2s\"?"),
        ("xyzzy", 1, "see: openline serve --fault help"),
        ("cut after 2.5 frames", 11, "a time such as 3s or 200 frames, found '2.5'"),
        ("cut after 0 frames", 11, "or 200 frames, found '0'"),
        ("reset afer ack", 7, 'did you mean "reset after ack"?'),
        ("cut after ack on every", 23, "expected dial 2, dials 1-3 or every dial, found nothing"),
        ("cut while on dial 2", 11, "expected finishing, found 'on'"),
        ("duplicate", 1, "found 'duplicate'; see: openline serve --fault help"),
        ("duplicate 3s", 1, "found 'duplicate'; see: openline serve --fault help"),
        ("freez", 1, 'did you mean "freeze 5s after ack"?'),
        ("cut after first", 16, "expected final or frame, found nothing"),
        ("cut after ack after stop", 15, "expected on dial"),
        ("cut on dial 1 on dial 2", 15, "expected after or ';'"),
        ("cut on dials 3-1", 14, "a range such as 1-3"),
        ("cut on dial 0", 13, "the number of a dial"),
        ("cut from dial 1-2", 15, "the number of a dial"),
        ("cut on dial 1.5", 13, "the number of a dial"),
        ("close 1006", 7, "a close code that can be sent"),
        ("close 999", 7, "a close code that can be sent"),
        ('close "', 7, "found '\"'"),
        ('close ""', 7, "a reason of 1 to 123 ASCII characters"),
        ("refuse", 7, "a status such as 503, from 200 to 599, or a time such as 5s"),
        ("refuse 101", 8, "a status such as 503"),
        ("refuse 401 after ack", 12, "refuse has a moment of its own and takes no 'after'"),
        ("ack then refuse 401", 10, "refuse has a moment of its own and takes no 'after'"),
        ("refuse 401 on dial 2 then", 22, "expected ';'"),
        ("refuse 503 retry-after", 23, "expected seconds"),
        ("freeze 5", 8, "a time such as 5s"),
        ("freeze 99999min", 8, "to a day"),
        ("slow 0.5x", 6, "a factor such as 3x"),
        ("redirect", 9, "a URL"),
        ("ignore", 7, "expected a source: mic or system, found nothing"),
        ("ignore microphone", 8, "found 'microphone'"),
        ("slow flush 35s after ack", 16, "slow flush has a moment of its own and takes no 'after'"),
        ("overshot 10s", 1, 'did you mean "overshoot 10s"?'),
        ("99999999999999999999s then cut", 1, "expected a fault"),
        ("1011 NET-0001", 1, 'did you mean "close 1011 NET-0001"?'),
        ("cut; 429 on dial 2", 6, 'did you mean "refuse 429 on dial 2"?'),
        ("http 503", 1, 'did you mean "refuse 503"?'),
        ("limit 30s after 1s", 1, "see: openline serve --fault help"),
        ("limit 30s", 1, 'did you mean "session limit 30s"?'),
        ("keepalive 10s", 1, 'did you mean "no keepalive 10s"?'),
        ("5s", 3, "expected then, found nothing; see: openline serve --fault help"),
        ("\x00\n", 1, "found ' '"),
        ("x" * 300, 1, "x…"),
    ],
)
def test_error_points_at_the_mistake_and_names_the_fix(text: str, column: int, told: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_faults(text)
    said = str(caught.value)
    assert f", column {column}: " in said
    assert told in said
    assert said.isprintable()
    assert len(said) < 400


def test_what_is_no_text_is_a_mistake_of_one_line() -> None:
    with pytest.raises(FaultError, match=r"^a fault is a text such as 'cut after ack', not list$"):
        parse_faults(["cut"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
