"""Which dialect a backend seems to speak: by its first messages, else by its address. Pure.

Each dialect of openline decodes the first messages; one that knows them all may be the one. Many a
backend says nothing until it gets audio, and two dialects may begin alike: so the answer may be
several names, or none.

    {"type": "session.created"}   openai and vllm know it
    nothing                       the path /asr is that of whisperlivekit: a hint, and no proof
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openline.dialects.checking import decode_or_malformed
from openline.dialects.protocol import Dialect, Malformed, Refusal, Remark, Status, Unknown, Wire
from openline.dialects.registry import BUILT_IN

#: Messages that are looked at: a greeting, an answer to the start, and what comes with them.
MOST = 8
#: Characters of such a message: a greeting is short.
LONGEST = 65_536


def heard(messages: Sequence[Wire], dialects: Iterable[Dialect]) -> tuple[tuple[str, int], ...]:
    """For each dialect, how many of the first messages it knows."""
    return tuple((each.name, _known(messages[:MOST], each)) for each in dialects)


def _known(messages: Sequence[Wire], dialect: Dialect) -> int:
    memory, count = dialect.begin(), 0
    for message in messages:
        memory, items = decode_or_malformed(dialect, memory, message)
        is_strange = any(isinstance(each, Malformed | Unknown) for each in items)
        count += bool(items) and not is_strange and any(map(_tells, items))
    return count


def _tells(item: object) -> bool:
    """Whether an item shows the dialect: any JSON with an error is a remark to most of them."""
    if isinstance(item, Status):
        return item.ack or item.state != ""
    return not isinstance(item, Remark | Refusal)


def by_address(host: str, port: int, path: str) -> list[str]:
    """The dialects whose usual address has this host; else this path; else this port."""
    usual = [
        (name, each.traits.address)
        for name, each in BUILT_IN.items()
        if each.traits.address is not None
    ]
    hosts = [name for name, at in usual if at.secure and _same_service(at.host, host)]
    paths = [name for name, at in usual if at.path == path and path != "/"]
    ports = [name for name, at in usual if at.port == port and port not in {80, 443, 8000}]
    return hosts or paths or ports


def _same_service(one: str, other: str) -> bool:
    """Whether two hosts are of one service, as eu.rt.speechmatics.com and us.rt.… are."""
    return one.split(".")[-2:] == other.lower().split(".")[-2:]
