"""No secret of a session reaches an update, a log, an error or a traceback."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest
from trio.testing import MockClock

from openline.backend import Backend, CredentialPlace
from openline.dialects.checking import DialectError
from openline.dialects.echopanel import EchoPanel
from openline.policy import Policy
from openline.updates import State, Transcript
from openline_trio import Credentials, SharedProvider, Token, open_session
from tests.support_lines import (
    BINARY,
    TEXT,
    Frames,
    Peer,
    close,
    frame,
)
from tests.support_sessions import (
    BACKEND,
    TOKEN,
    Play,
    Provider,
    echo,
    last,
    refuse_token,
)


def escaped(text: str) -> str:
    """JSON that is as good, and looks different."""
    return "".join(f"\\u{ord(c):04x}" for c in text)


async def gossip(peer: Peer, how: str, token: str) -> None:
    """A server that hands the token back in everything it says."""
    said = escaped(token) if how == "escaped" else json.dumps(token)[1:-1]

    async def tell(kind: str, fields: str) -> None:
        text = f'{{"type":"{kind}",{fields}}}'.replace("@", said)
        await peer.stream.send_all(frame(TEXT, text.encode()))

    await peer.open()
    while (await peer.receive())[0] != BINARY:
        pass
    await tell("status", '"state":"warning","message":"@"')
    await tell("status", '"state":"@"')
    await tell("asr_partial", '"text":"a @ b","t0":0,"t1":0.01,"speaker":"@"')
    await tell("asr_final", '"text":"@","t0":0,"t1":0.02,"language":"@","segment_id":"@"')
    await tell("entities_update", '"people":["@",{"@":"@"}]')
    await tell("cards_update", '"actions":["@"]')
    await tell("@", '"x":1')
    await tell("asr_final", '"text":"@"')
    await peer.stream.send_all(frame(BINARY, token.encode()) + frame(TEXT, b'"\\' + token.encode()))
    if how == "error":
        await tell("error", '"message":"@"')
    elif how == "close":
        await peer.stream.send_all(close(4003, token))
    elif how == "remark":
        await tell("status", '"state":"error","message":"@"')
    else:
        while b'"stop"' not in (await peer.receive())[1]:
            pass
        await tell("final_summary", '"markdown":"@","json":{"@":["@"]}')
        await peer.stream.send_all(close(1000, token))
    await peer.receive()


@pytest.mark.parametrize("how", ["plain", "escaped", "error", "close", "remark"])
@pytest.mark.parametrize("provided", [False, True])
@pytest.mark.parametrize("token", [TOKEN, 'quo"ted\\back'])
async def test_echoed_token_is_redacted(
    autojump_clock: MockClock, play: Play, how: str, provided: bool, token: str
) -> None:
    credentials: Credentials = Provider(token) if provided else token
    net = play.net(partial(gossip, how=how, token=token))
    async with open_session(
        BACKEND,
        {"mic": Frames(60)},
        connect=net,
        credentials=credentials,
        policy=Policy(max_attempts=0),
    ) as session:
        updates = [update async for update in session]
        seen = [updates, session, session.transcript, session.statistics, session.ended]
    text = repr(seen) + str(seen) + "".join(map(str, updates))
    assert token not in text
    assert repr(token)[1:-1] not in text
    assert "[token]" in text
    assert any(isinstance(u, Transcript) for u in updates)


async def test_old_token_is_redacted(autojump_clock: MockClock, play: Play) -> None:
    net = play.net(refuse_token, partial(gossip, how="plain", token="the-first-token"))
    updates = await play(
        net, Frames(60), credentials=Provider("the-first-token", "the-second-token")
    )
    assert len(net.dials) == 2
    assert "the-first-token" not in repr(updates)


@pytest.mark.repeats
async def test_no_token_ever_provided_shows_anywhere(
    autojump_clock: MockClock, play: Play, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Forty tokens for one dial each, and a backend that repeats all of them at every dial."""
    given: list[str] = []

    async def provide() -> Token:
        given.append(f"sentinel-{len(given):02}-of-a-secret")
        return Token(given[-1], reuse=False)

    async def repeat_all(peer: Peer) -> None:
        await peer.open()
        known = " ".join(given)
        await peer.send("status", state="streaming", message=known)
        await peer.send("asr_final", text=known, t0=0.0, t1=0.1, source="mic")
        await peer.send("status", state="error", message=known)
        await peer.stream.send_all(close(1012, given[0]))
        await peer.receive()

    caplog.set_level("DEBUG")
    net = play.net(*[repeat_all] * 40, echo)
    journal = tmp_path / "journal"
    async with open_session(
        BACKEND,
        {"mic": Frames(20_000)},
        connect=net,
        credentials=SharedProvider(provide),
        policy=Policy(give_up_after=None),
        journal=journal,
    ) as session:
        updates = [update async for update in session]
    assert len(given) == len(net.dials) == 41
    shown = [repr(updates), repr(session.transcript), caplog.text, journal.read_text()]
    shown += [repr(record.__dict__) for record in caplog.records]
    assert "sentinel" not in "".join(shown)
    assert "[token]" in repr(updates)


class Basic(EchoPanel):
    """A dialect that makes another secret of the token."""

    def headers(self, credential: str) -> list[tuple[str, str]]:
        if credential.count(":") != 1:
            raise ValueError(f"not a user and a password: {credential}")
        made = b64encode(credential.encode()).decode()
        return [("Authorization", f"Basic {made}"), ("x-client", "openline-client")]


PASSWORD = "somebody:a-password"
MADE = b64encode(PASSWORD.encode()).decode()


@pytest.mark.parametrize("provided", [False, True])
async def test_dialect_sets_the_headers_of_a_token(
    autojump_clock: MockClock, play: Play, provided: bool, tmp_path: Path
) -> None:
    """And what it makes of the token is as secret as the token."""
    net = play.net(partial(gossip, how="plain", token=MADE))
    async with open_session(
        BACKEND,
        {"mic": Frames(60)},
        connect=net,
        credentials=Provider(PASSWORD) if provided else PASSWORD,
        dialect=Basic(),
        journal=tmp_path / "journal",
    ) as session:
        updates = [update async for update in session]
        seen = [updates, session, session.transcript, session.ended]
    [peer] = net.dials
    assert peer.headers["authorization"] == f"Basic {MADE}"
    assert peer.headers["x-client"] == "openline-client"
    assert "x-echopanel-token" not in peer.headers
    assert peer.target == BACKEND.path
    text = repr(seen) + (tmp_path / "journal").read_text("utf-8")
    assert "[token]" in text
    assert MADE not in text
    assert PASSWORD not in text


async def test_a_credential_in_the_query_is_in_no_header_of_a_dialect(
    autojump_clock: MockClock, play: Play
) -> None:
    net = play.net(echo)
    backend = replace(BACKEND, credential_place=CredentialPlace.QUERY)
    async with open_session(
        backend, {"mic": Frames(3)}, connect=net, credentials=PASSWORD, dialect=Basic()
    ) as session:
        await session.wait()
    assert not {"authorization", "x-client"} & set(net.dials[0].headers)
    assert "token=" in net.dials[0].target


class InTheQuery(Basic):
    """A dialect whose backend takes the credential in the URL alone."""

    traits = msgspec.structs.replace(Basic.traits, key_parameter="jwt")


async def test_a_dialect_may_put_its_credential_into_the_query(
    autojump_clock: MockClock, play: Play, tmp_path: Path
) -> None:
    async def there(peer: Peer) -> None:
        await peer.read_request()
        await peer.refuse(307, f"Location: {peer.target.replace('listener', 'listener/')}")

    net = play.net(there, echo)
    async with open_session(
        Backend(),
        {"mic": Frames(3)},
        connect=net,
        credentials=PASSWORD,
        dialect=InTheQuery(),
        journal=tmp_path / "journal",
    ) as session:
        ended = await session.wait()
    assert ended.complete
    for dial in net.dials:
        assert not {"authorization", "x-client"} & set(dial.headers)
        assert dial.target.count("jwt=") == 1
        assert PASSWORD not in repr(dial.backend)
    assert net.dials[1].target.startswith("/ws/live-listener/?")
    assert PASSWORD not in (tmp_path / "journal").read_text("utf-8")


async def test_unsendable_token_is_reported_without_its_value(
    autojump_clock: MockClock, play: Play
) -> None:
    with pytest.raises(DialectError, match=r"^the dialect Basic: headers raised ValueError$"):
        open_session(BACKEND, {"mic": Frames(3)}, credentials=TOKEN, dialect=Basic())
    net = play.net(echo)
    async with open_session(
        BACKEND, {"mic": Frames(3)}, connect=net, credentials=Provider(TOKEN), dialect=Basic()
    ) as session:
        ended = await session.wait()
    assert ended.state is State.FAILED
    assert "headers raised ValueError" in ended.reason
    assert TOKEN not in ended.reason
    assert net.dials == []


async def test_a_message_without_the_token_is_left_as_it_is(
    autojump_clock: MockClock, play: Play
) -> None:
    """Escapes are looked through, not changed."""

    async def script(peer: Peer) -> None:
        await peer.open()
        while (await peer.receive())[0] != BINARY:
            pass
        await peer.final('say "yes" \\ 2 \u2028', 0.0, 0.02)
        text = b'{"type":"asr_final","text":"\\u0041\\u00e9","t0":0,"t1":1e400}'
        await peer.stream.send_all(frame(TEXT, text))
        await peer.serve()

    updates = await play(play.net(script), Frames(10), credentials=TOKEN)
    finals = {u.text for u in updates if isinstance(u, Transcript) and u.final}
    assert finals == {'say "yes" \\ 2 \u2028', "A\u00e9"}


async def test_a_redirect_that_hands_the_query_back_is_followed_with_one_token(
    autojump_clock: MockClock,
    play: Play,
) -> None:
    async def there(peer: Peer) -> None:
        await peer.read_request()
        await peer.refuse(307, f"Location: {peer.target.replace('listener', 'listener/')}")

    backend = Backend(query="lang=en", credential_place=CredentialPlace.QUERY)
    net = play.net(there, echo)
    ended = last(await play(net, Frames(3), credentials=TOKEN, backend=backend))
    assert ended.complete
    assert net.dials[1].target.startswith("/ws/live-listener/?lang=en&")
    assert net.dials[1].target.count("token=") == 1
    assert TOKEN.split("/", maxsplit=1)[0] not in repr(net.dials[1].backend)


async def test_token_in_a_refused_redirect_is_redacted(
    autojump_clock: MockClock, play: Play
) -> None:
    async def there(peer: Peer) -> None:
        await peer.refuse(302, f"Location: ws://127.0.0.1:0/{TOKEN} \x7f")

    updates = await play(play.net(there), credentials=TOKEN)
    assert last(updates).state is State.FAILED
    assert TOKEN not in repr(updates)
