"""The dialects that come with openline, by name: the only list of them.

A journal names its dialect, a user names one on the command line, a drawing documents one:
all of them look here. A session without a dialect of its own speaks ``DEFAULT``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from openline.dialects.echopanel import ADDRESS, EchoPanel
from openline.dialects.protocol import Dialect

#: What a session speaks unless it is given another dialect.
DEFAULT: Final[Dialect] = EchoPanel()
#: Where it dials unless it is given an address.
DEFAULT_ADDRESS: Final = ADDRESS
#: One object per dialect serves every session, for a dialect has no state.
BUILT_IN: Final[Mapping[str, Dialect]] = MappingProxyType({each.name: each for each in (DEFAULT,)})
