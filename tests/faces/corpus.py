"""The scripts that every face has to play alike: each way in which a line or a session can end."""

from __future__ import annotations

import msgspec

from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline_driver.credentials import CredentialError
from openline_driver.network_errors import DialError
from tests.faces.script import LATER, Peer, Reset, Scenario, Script, Send, Sleep, Steps
from tests.support_lines import CLOSE, PING, TEXT, close, frame

QUICK = Policy(give_up_after=30.0, max_attempts=3)


def echo(peer: Peer) -> Steps:
    """A backend that works."""
    yield from peer.open()
    yield from peer.echo()


def cut(peer: Peer) -> Steps:
    """The stream ends after 40 frames, without a close frame."""
    yield from peer.open()
    yield from peer.echo(frames=40)


def reset(peer: Peer) -> Steps:
    """The stream breaks after 40 frames."""
    yield from cut(peer)
    yield Reset()


def closing(code: int | None, reason: str = "") -> Script:
    """A close frame after 40 frames."""

    def script(peer: Peer) -> Steps:
        yield from cut(peer)
        yield from peer.send(close(code, reason))
        yield from peer.hang()

    return script


def closing_at_once(code: int) -> Script:
    """A close frame behind the upgrade."""

    def script(peer: Peer) -> Steps:
        yield from peer.upgrade(close(code, "no"))
        yield from peer.hang()

    return script


def refusing(status: int, *headers: str) -> Script:
    """No upgrade."""

    def script(peer: Peer) -> Steps:
        yield from peer.refuse(status, *headers, body=b"later")
        yield from peer.hang()

    return script


def answering(data: bytes) -> Script:
    """Bytes in place of an answer to the upgrade."""

    def script(peer: Peer) -> Steps:
        yield from peer.read_request()
        yield from peer.send(data)
        yield from peer.hang()

    return script


def cut_early(peer: Peer) -> Steps:
    """The stream ends before the answer."""
    yield from peer.read_request()


def cut_behind_upgrade(peer: Peer) -> Steps:
    """The stream ends behind the upgrade."""
    yield from peer.upgrade()


def bad_accept(peer: Peer) -> Steps:
    """An upgrade for somebody else."""
    yield from peer.upgrade(Sec_WebSocket_Accept="wrong")
    yield from peer.hang()


def preliminary(peer: Peer) -> Steps:
    """An answer in pieces, behind one that is none yet."""
    yield from peer.read_request()
    yield from peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n")
    yield from peer.send(b"\r\n")
    yield from echo(peer)


def saying(data: bytes) -> Script:
    """These bytes after 40 frames."""

    def script(peer: Peer) -> Steps:
        yield from cut(peer)
        yield from peer.send(data)
        yield from peer.hang()

    return script


def fragments(peer: Peer) -> Steps:
    """A message in pieces, a ping between them, each piece byte by byte."""
    yield from peer.open()
    text = '{"type": "status", "state": "buffering", "message": "a ü"}'.encode()
    pieces = [
        frame(TEXT, text[:9], first=0),
        frame(PING, b"between"),
        frame(0, text[9:56], first=0),
        frame(0, text[56:]),
    ]
    for each in b"".join(pieces):
        yield Sleep(0.0003)
        yield Send(bytes([each]))
    yield from peer.echo()


def frozen(peer: Peer) -> Steps:
    """It reads, and says nothing more after 40 frames."""
    yield from cut(peer)
    yield from peer.hang()


def deaf(peer: Peer) -> Steps:
    """It answers the upgrade, and nothing else."""
    yield from peer.upgrade()
    yield from peer.hang()


def mute(peer: Peer) -> Steps:
    """It does not answer at all."""
    yield from peer.hang()


def full(peer: Peer) -> Steps:
    """It has no place."""
    yield from peer.upgrade()
    yield from peer.send(close(1013, "full"))
    yield from peer.hang()


def hangs_at_the_end(peer: Peer) -> Steps:
    """No closing handshake."""
    yield from peer.open()
    while True:
        opcode, payload = yield from peer.receive()
        if opcode == TEXT and b'"stop"' in payload:
            yield from peer.say("final_summary", markdown="", json={})
        elif opcode == CLOSE and payload == b"EOF":
            return


def curt(peer: Peer) -> Steps:
    """It ends the stream at a close frame, and answers nothing."""
    yield from echo(peer)
    yield Sleep(LATER)


def answering_otherwise(peer: Peer) -> Steps:
    """It answers a close frame with a code of its own."""
    yield from echo(peer)
    yield from peer.send(close(1001, "away"))
    yield from peer.hang()


def polite(peer: Peer) -> Steps:
    """It answers a close frame."""
    yield from echo(peer)
    yield from peer.send(close(1000))
    yield from peer.hang()


def lingering(peer: Peer) -> Steps:
    """No answer to a close frame."""
    yield from echo(peer)
    yield from peer.hang()


class ShortLived(EchoPanel):
    """A backend whose connections end after a minute: each is replaced before that."""

    traits = msgspec.structs.replace(EchoPanel.traits, longest=60.0)


def redirecting(target: str) -> Script:
    """Elsewhere."""
    return refusing(307, f"Location: {target}")


CORPUS: dict[str, Scenario] = {
    "plain": Scenario((echo,)),
    "unread": Scenario((echo,), reads=False),
    "cut": Scenario((cut, echo)),
    "reset": Scenario((reset, echo)),
    "cut before the answer": Scenario((cut_early, echo)),
    "cut behind the upgrade": Scenario((cut_behind_upgrade, echo)),
    **{
        f"close {code}": Scenario((closing(code, "said why"), echo), policy=QUICK)
        for code in (1000, 1001, 1002, 1008, 1009, 1011, 1012, 1013, 3000, 4001)
    },
    "close without a code": Scenario((closing(None), echo)),
    "close at once": Scenario((closing_at_once(1011), echo)),
    "full": Scenario((full, full, echo), frames=8),
    **{
        f"refused {status}": Scenario((refusing(status, "Retry-After: 2"), echo), policy=QUICK)
        for status in (400, 401, 403, 404, 429, 500, 503)
    },
    "redirect": Scenario(
        (redirecting("ws://127.0.0.1:8000/elsewhere"), echo),
    ),
    "redirect to another origin": Scenario((redirecting("wss://elsewhere.example/"), echo)),
    "redirects without an end": Scenario(
        (redirecting("/again"),), frames=3, policy=Policy(max_redirects=3, max_attempts=1)
    ),
    "no HTTP": Scenario((answering(b"SSH-2.0-OpenSSH_9.2\r\n"), echo), policy=QUICK),
    "a wrong key": Scenario((bad_accept, echo), policy=QUICK),
    "preliminary answers": Scenario((preliminary,)),
    "a masked frame": Scenario((saying(b"\x81\x82abcdxy"), echo)),
    "an unknown opcode": Scenario((saying(frame(3, b"{}")), echo)),
    "bad UTF-8": Scenario((saying(frame(TEXT, b"\xff\xfe")), echo)),
    "a close code that none may send": Scenario((saying(close(1005)), echo)),
    "garbage in a message": Scenario((saying(frame(TEXT, b"{nope")), echo)),
    "fragments": Scenario((fragments,)),
    "a frozen backend": Scenario(
        # Its end is no multiple of a frame behind the ping.
        (frozen, echo),
        frames=400,
        policy=Policy(give_up_after=30.0, pong_timeout=4.9913),
    ),
    "no ack": Scenario((deaf, echo), frames=600),
    "no answer": Scenario((mute, echo), frames=700),
    "no closing handshake": Scenario((hangs_at_the_end,), frames=10),
    "given up": Scenario((cut_early,), policy=QUICK),
    "a token": Scenario((echo,), tokens=("good",)),
    "a slow provider": Scenario((echo,), tokens=(0.31, "good"), frames=100),
    "a refused token": Scenario((closing_at_once(1008), echo), tokens=("old", 0.11, "fresh")),
    "a token that is refused twice": Scenario((closing_at_once(1008),), tokens=("old", "fresh")),
    "a provider that fails once": Scenario((echo,), tokens=(OSError("no net"), "good")),
    "a provider that has none": Scenario(
        (echo,), tokens=(0.011, CredentialError("none for you", fatal=True))
    ),
    "a token after HTTP 401": Scenario((refusing(401), echo), tokens=("old", "fresh")),
    "stop at once": Scenario((echo,), acts=((0.0002, "request_stop"),)),
    "abort at once": Scenario((echo,), acts=((0.0002, "abort"),)),
    "stop": Scenario((echo,), frames=400, acts=((1.0111, "request_stop"),)),
    "stop before the ack": Scenario((deaf,), acts=((0.1511, "request_stop"),)),
    "stop while connecting": Scenario((mute,), acts=((0.0111, "request_stop"),)),
    "stop while reconnecting": Scenario(
        (cut, cut_early, echo), frames=60, acts=((1.2111, "request_stop"),)
    ),
    "stop while the provider is asked": Scenario(
        (echo,), tokens=(1.0, "good"), acts=((0.5111, "request_stop"),)
    ),
    "stop twice, then abort": Scenario(
        (hangs_at_the_end,),
        acts=((0.5111, "request_stop"), (0.5122, "request_stop"), (0.6111, "abort")),
    ),
    "abort": Scenario((echo,), frames=400, acts=((1.0111, "abort"),)),
    "abort while connecting": Scenario((mute,), acts=((0.0111, "abort"),)),
    "abort while reconnecting": Scenario((cut, cut_early), acts=((1.2111, "abort"),)),
    "the network is back": Scenario(
        (cut, *[cut_early] * 3, echo), acts=((3.0111, "network_restored"),), frames=150
    ),
    "a source that hangs": Scenario((echo,), frames=20, ends=False),
    "no audio": Scenario((echo,), frames=0),
    **{
        f"no way: {kind.value}": Scenario((DialError(kind, "it said why"), echo), policy=QUICK)
        for kind in (
            *(ErrorKind.DNS_AGAIN, ErrorKind.DNS_NOT_FOUND, ErrorKind.REFUSED),
            *(ErrorKind.PROXY_UNREACHABLE, ErrorKind.PROXY_FAILED, ErrorKind.PROXY_BUSY),
            *(ErrorKind.PROXY_FORBIDS, ErrorKind.PROXY_CREDENTIALS, ErrorKind.TLS_CERTIFICATE),
        )
    },
    "a way that comes and goes": Scenario(
        (cut, DialError(ErrorKind.UNREACHABLE, "no route"), echo), frames=100
    ),
    "two sources": Scenario((echo,), system=70),
    "two sources, and a cut": Scenario((cut, echo), system=50),
    "a slow reader": Scenario((cut, echo), frames=150, pause=0.7013),
    "a very slow reader": Scenario((echo,), frames=100, pause=5.0013),
    **{
        f"{act} while draining": Scenario(
            (lingering, echo), frames=2450, dialect=ShortLived(), acts=((48.5111, act),)
        )
        for act in ("request_stop", "cancel")
    },
    **{
        f"a dial that is replaced, {script.__name__}": Scenario(
            (script, echo), frames=2450, dialect=ShortLived()
        )
        for script in (polite, curt, answering_otherwise)
    },
    "stop while finishing": Scenario(
        (hangs_at_the_end,), frames=20, acts=((0.6111, "request_stop"),)
    ),
    "abort while finishing": Scenario((hangs_at_the_end,), frames=20, acts=((0.6111, "abort"),)),
    "skip to live": Scenario((cut, cut_early, echo), acts=((1.2111, "skip_to_live"),)),
    **{
        f"Ctrl-C {when}": Scenario(scripts, frames=frames, acts=((at, "cancel"),), tokens=tokens)
        for when, at, frames, scripts, tokens in (
            ("while the provider is asked", 0.5111, 60, (echo,), (1.0, "good")),
            ("while connecting", 0.0111, 60, (mute,), None),
            ("before the ack", 0.1511, 60, (deaf,), None),
            ("while streaming", 1.0111, 400, (echo,), None),
            ("while reconnecting", 1.2111, 60, (cut, cut_early), None),
            ("while finishing", 0.6111, 20, (hangs_at_the_end,), None),
        )
    },
    "another backend": Scenario((echo,), backend=Backend(host="127.0.0.2", path="/x", query="y=1")),
    "a long session": Scenario((echo,), frames=1500),
}

#: Sessions with a spool, of which a copy is made at some moment: all that a kill would leave.
KILLED: dict[str, Scenario] = {
    "while streaming": Scenario((echo,), acts=((1.0111, "kill"), (1.0112, "cancel")), frames=400),
    "while reconnecting": Scenario(
        (cut, cut_early), acts=((1.2111, "kill"), (1.2112, "cancel")), frames=60
    ),
    "before the ack": Scenario((deaf,), acts=((0.4111, "kill"), (0.4112, "cancel")), frames=60),
    "with two sources": Scenario(
        (cut, echo), acts=((2.0111, "kill"), (2.0112, "cancel")), frames=200, system=200
    ),
}

#: Sessions that are cancelled at each of their events.
CANCELLED: dict[str, Scenario] = {
    "a cut": Scenario((cut, echo), frames=45),
    "a refused token": Scenario(
        (closing_at_once(1008), echo), tokens=("old", 0.11, "fresh"), frames=20
    ),
    "a redirect, and no route": Scenario(
        (redirecting("ws://127.0.0.1:8000/elsewhere"), DialError(ErrorKind.UNREACHABLE, "x"), echo),
        frames=12,
    ),
}
