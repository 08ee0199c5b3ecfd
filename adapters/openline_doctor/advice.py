"""What is wrong, where, and what to do: the one line for each way in which a probe can end. Pure.

The reasons are those of the verdict table, which the command and the library print as well. What a
person can do about an error stands in ``openline_lookup.places``; the rest of the advice is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from openline.reconnect.verdicts import Action, Ending, ErrorKind, Verdict, judge
from openline_doctor.facts import Facts, Failure, Step
from openline_doctor.words import seconds
from openline_lookup.places import ADVICE, FULL, LOG, PORTAL, STATUSES, row_of

#: RFC 6455 §7.4.1: a close code of a server that has failed, and is not full.
_FAILED: Final = 1011
#: RFC 6455 §7.4.1, and its registry: the server goes away, or restarts.
_AWAY: Final = frozenset({1001, 1012})
_OTHER_DIALECT: Final = "check --dialect, and look into the log of the backend"
_STEPS: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.NAME: "no answer of the name server",
        Step.ADDRESSES: "no answer at all",
        Step.PROXY: "the proxy opened no way",
        Step.TLS: "connected, but no answer to the TLS handshake",
        Step.UPGRADE: "connected, but no answer to the upgrade",
        Step.ACK: "the backend did not acknowledge the start",
        Step.LATENCY: "the backend did not answer a ping",
    }
)
_LATE: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.NAME: ADVICE[ErrorKind.DNS_AGAIN],
        Step.ADDRESSES: ADVICE[ErrorKind.TIMED_OUT],
        Step.PROXY: "the proxy, or the backend behind it, is frozen or shut off",
        Step.TLS: "it is frozen, or the port speaks plain text: check both",
        Step.UPGRADE: "it is frozen, or no WebSocket server: check both",
        Step.LATENCY: "it is frozen: look into its log",
    }
)
#: What to do about a start without an answer, by whether a ping behind it was answered.
_NO_ACK: Final[Mapping[bool | None, str]] = MappingProxyType(
    {
        True: "it answers a ping: it is busy, or speaks another dialect: check its log",
        False: "it answers no ping either: it is frozen: look into its log",
        None: "it is frozen or busy, or speaks another dialect: check its log",
    }
)
#: The scheme of a WebSocket for that of a page (RFC 6455 §3).
_SOCKETS: Final[Mapping[str, str]] = MappingProxyType({"http": "ws", "https": "wss"})


def verdict_of(facts: Facts, failure: Failure) -> Verdict:
    """The verdict of the table on the end of a probe, as of a session's dial."""
    close = facts.close
    status = None if facts.status == HTTPStatus.SWITCHING_PROTOCOLS else facts.status
    error = failure.error
    if facts.proxy is not None and failure.step in {Step.NAME, Step.ADDRESSES}:
        error = ErrorKind.PROXY_UNREACHABLE
    ending = Ending(
        code=None if close is None else close.code,
        sender=None if close is None else close.sender,
        reason="" if close is None else close.reason,
        status=status,
        error=error,
        has_provider=True,
        refusal=facts.rule,
    )
    return judge(ending, facts.rulings)


def is_about_token(facts: Facts, failure: Failure) -> bool:
    """Whether the backend ended it because of the token.

    Many a server answers a wrong path like a bad token (403): it is the path if another one opens.
    """
    if facts.opens_at:
        return False
    is_told = facts.rule is not None or facts.close is not None or facts.status not in {None, 101}
    return is_told and verdict_of(facts, failure).action is Action.REAUTH


def on_auth(facts: Facts, failure: Failure) -> str:
    """The token is missing, or refused."""
    verdict = verdict_of(facts, failure)
    variable = facts.key_variable or "OPENLINE_TOKEN"
    how = f"set {variable}, or give --token-file"
    if facts.has_credential:
        how = f"give another one: {how}"
    missing = "" if facts.has_credential else ", and none was given"
    told = _told(facts)
    return f"{verdict.why}{missing}{f' ({told})' if told else ''}: {how}"


def on_status(facts: Facts, failure: Failure) -> str:
    """HTTP refused the upgrade."""
    status = facts.status or 0
    if facts.location:
        return _on_redirect(facts)
    phrase = f" {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else ""
    server = f" from {facts.server}" if facts.server else ""
    what = STATUSES.get(status, "")
    if not what:
        why = verdict_of(facts, failure).why
        what = f"{why}: {row_of(why, facts.dialect).lies.advice}"
    text = f"HTTP {status}{phrase}{server} at {facts.path}: {what}"
    if facts.opens_at:
        return (
            f"HTTP {status}{phrase}{server}: the path {facts.path} is wrong: "
            f"give {facts.opens_at}, where a WebSocket opens"
        )
    path = facts.usual_path
    if status in {200, 404, 405, 426} and path and path != facts.path:
        text += f" (that of {facts.dialect} is {path})"
    if facts.retry_after is not None:
        text += f"; it asks to wait {seconds(facts.retry_after)}"
    return text


def _on_redirect(facts: Facts) -> str:
    why = f": {facts.why_not}" if facts.why_not else ""
    text = f"HTTP {facts.status}: redirected to {facts.location}, not followed{why}"
    scheme, mark, rest = facts.location.partition("://")
    if not mark:
        return f"{text}: mend its redirects"
    there = f"{_SOCKETS.get(scheme, scheme)}://{rest}"
    return (
        f"{text}: give {there}, if the backend is there; a network that wants a login answers so "
        f"too: {PORTAL.partition(':')[0]}"
    )


def on_late(facts: Facts, failure: Failure) -> str:
    """No answer came in time."""
    where = f" ({at})" if (at := _where(facts, failure)) else ""
    lead = "connected to the proxy, but no" if failure.step is Step.UPGRADE and facts.proxy else ""
    what = _STEPS.get(failure.step, "no answer")
    what = f"{lead}{what.removeprefix('connected, but no')}" if lead else what
    if failure.speaks_tls:
        return f"{what}{where}: the port speaks TLS: give wss://"
    advice = _LATE.get(failure.step, LOG)
    if failure.step is Step.ACK:
        advice = _NO_ACK[facts.alive]
        what = f'{what} (it says "{facts.state}")' if facts.state else what
    return f"{what} within {seconds(facts.timeout)}{where}: {advice}"


def on_failure(facts: Facts, failure: Failure) -> str:
    """An error, a close frame or a refusal ended it."""
    verdict, told = verdict_of(facts, failure), _told(facts)
    parts = [_where(facts, failure), told or failure.detail]
    inside = ", ".join(each for each in parts if each)
    text = f"{verdict.why} ({inside})" if inside else verdict.why
    if failure.speaks_tls:
        return f"{text}: the port speaks TLS: give wss://"
    return f"{text}: {_advice(facts, failure, verdict)}"


def _advice(facts: Facts, failure: Failure, verdict: Verdict) -> str:
    has_failed = facts.close is not None and facts.close.code == _FAILED
    if _told(facts) and verdict.action is Action.LATER and not has_failed:
        return FULL
    if facts.proxy is not None and failure.step in {Step.NAME, Step.ADDRESSES}:
        return ADVICE[ErrorKind.PROXY_UNREACHABLE]
    if failure.error is not None:
        return ADVICE.get(failure.error, LOG) + _on_cut(facts, failure)
    if facts.close is not None and facts.close.code in _AWAY:
        return "wait, and ask again"
    is_strange = failure.step is Step.ACK and not dict(facts.heard).get(facts.dialect)
    return _OTHER_DIALECT if is_strange and facts.rule is None else LOG


def _on_cut(facts: Facts, failure: Failure) -> str:
    """With TLS 1.3 a server may refuse behind the handshake, and no alert says so."""
    tls, was_cut = facts.tls, failure.error in {ErrorKind.CUT, ErrorKind.RESET}
    if failure.step is not Step.UPGRADE or tls is None or not was_cut or not facts.secure:
        return ""
    if tls.shown:
        return "; if it refuses the certificate of this client, give another one"
    return "; if it wants a certificate of this client, give --client-cert"


def _where(facts: Facts, failure: Failure) -> str:
    """The address at which a step of the network failed; empty where the detail has it."""
    proxy = facts.proxy
    if failure.step in {Step.NAME, Step.ADDRESSES} and proxy is not None:
        return f"proxy {proxy.address}, by {proxy.named_by}"
    if failure.step is Step.NAME:
        return facts.host
    if failure.step is Step.PROXY:
        return "" if proxy is None or failure.detail else proxy.address
    return f"{facts.host}:{facts.port}"


def _told(facts: Facts) -> str:
    """What the backend itself said."""
    close = facts.close
    if facts.refusal:
        return f'"{facts.refusal}"'
    if close is not None:
        reason = f', "{close.reason}"' if close.reason else ""
        said = f'"{facts.remark}", ' if facts.remark and facts.remark != close.reason else ""
        return f"{said}close code {close.code}{reason}"
    if facts.status not in {None, 101}:
        return f"HTTP {facts.status}"
    return ""
