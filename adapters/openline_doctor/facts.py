"""What a probe saw on its way to a backend: data without a judgement, and without a secret.

A probe goes from step to step, each of which needs the one before it:

    name -> addresses -> proxy -> tls -> upgrade -> auth -> ack -> latency

It stops at the first that fails (``Failure``), and what it saw until then stays. The clock and the
dialect need no step of their own: the answers say what can be known of them. ``findings`` makes
lines for a person of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from openline.reconnect.verdicts import ErrorKind, Rule, Sender


class Step(StrEnum):
    """A question of the doctor, in the order in which they are asked."""

    NAME = "name"  #: which addresses has the host?
    ADDRESSES = "addresses"  #: which of them answers?
    PROXY = "proxy"  #: does the proxy lead to the backend?
    TLS = "tls"  #: who is it, and may it be believed?
    UPGRADE = "upgrade"  #: does it speak WebSocket at this path?
    AUTH = "auth"  #: does it take the token?
    ACK = "ack"  #: does it begin a session?
    LATENCY = "latency"  #: how long does an answer take?
    CLOCK = "clock"  #: has it the same time as this machine?
    DIALECT = "dialect"  #: which dialect does it seem to speak?


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One address that was dialled: it answered after ``took`` seconds, or ``error`` says why not.

    ``error`` TIMED_OUT with an empty ``detail``: nothing came back, neither yes nor no.
    """

    address: str
    took: float
    error: ErrorKind | None = None
    detail: str = ""


class ProxySeen(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy of the dial. ``named_by``: the variable or the option that names it."""

    address: str
    scheme: str
    named_by: str
    looks_up: bool
    has_user: bool = False


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The backend's certificate: times are seconds since the epoch. Nothing of it is trusted."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float


class TlsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The TLS of the connection. ``version`` empty: the handshake failed.

    ``shown``: this machine had a certificate of its own to show.
    """

    version: str = ""
    cipher: str = ""
    certificate: Certificate | None = None
    shown: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended the probe: by an error, or with ``error`` None because no answer came.

    ``took``: after so many seconds. ``speaks_tls``: asked for TLS, the port of a ws:// URL answers.
    """

    step: Step
    took: float
    error: ErrorKind | None = None
    detail: str = ""
    speaks_tls: bool = False


class Close(msgspec.Struct, frozen=True, kw_only=True):
    """A close frame that came: while ``step`` was asked."""

    step: Step
    code: int
    reason: str = ""
    sender: Sender | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a probe saw. Durations are seconds; None: it did not come so far.

    ``rulings`` and ``usual_path`` are the dialect's. ``redirects``: the places to which it was led,
    each within the backend's own origin. ``location``: where an answer leads that was not followed,
    ``why_not`` says why. ``date``: the time of the backend by its own clock, ``date_at`` that of
    this machine at the same moment. ``heard``: for each dialect, how many of the first messages it
    knows; ``messages``: how many came. ``malformed``: how many the dialect cannot read, and
    ``why_malformed`` is about the first of these. ``remark``: an error that the backend told last.
    ``rule``: the dialect's rule of the message by which the backend refused, which is ``refusal``.
    ``offered``: how many subprotocols were, ``subprotocol`` is the chosen one. ``opens_at``: the
    upgrade was refused at ``path``, and works here, the dialect's usual path. ``alive``: whether a
    ping was answered when the start was not.
    """

    host: str
    port: int
    path: str
    secure: bool
    timeout: float
    dialect: str
    rulings: Mapping[int, Rule] = msgspec.field(default_factory=dict[int, Rule])
    usual_path: str = ""
    has_credential: bool = False
    key_variable: str = ""
    looked_up: tuple[str, ...] = ()
    name_took: float | None = None
    is_number: bool = False
    tries: tuple[Try, ...] = ()
    proxy: ProxySeen | None = None
    proxy_took: float | None = None
    tls: TlsSeen | None = None
    tls_took: float | None = None
    upgrade_took: float | None = None
    status: int | None = None
    server: str = ""
    opens_at: str = ""
    retry_after: float | None = None
    redirects: tuple[str, ...] = ()
    location: str = ""
    why_not: str = ""
    offered: int = 0
    subprotocol: str = ""
    greeted: float | None = None
    acked: float | None = None
    state: str = ""
    alive: bool | None = None
    refusal: str = ""
    rule: Rule | None = None
    close: Close | None = None
    latency: float | None = None
    date: float | None = None
    date_at: float | None = None
    messages: int = 0
    malformed: int = 0
    why_malformed: str = ""
    remark: str = ""
    heard: tuple[tuple[str, int], ...] = ()
    failure: Failure | None = None
