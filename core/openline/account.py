"""What became of the audio of one source, in the result of a session."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every captured sample of one source.

    ``captured`` = ``confirmed`` + ``assumed`` + ``told`` + ``missing``, in samples. The backend
    confirmed that it processed ``confirmed``; ``assumed`` were quiet, and taken for processed;
    ``told`` are in a final whose audio was not confirmed otherwise; ``missing`` are in gaps.
    """

    captured: int
    confirmed: int
    told: int
    missing: int
    assumed: int = 0


NO_ACCOUNTS: Final[Mapping[str, Account]] = MappingProxyType({})
