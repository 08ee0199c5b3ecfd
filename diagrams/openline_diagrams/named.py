"""What a user names as ``module:NAME`` in a document: imported, or an error of one line.

It is looked for where Python looks (``sys.path``). ``openline_lookup.dialects`` finds
dialects; a drawing may also be given a ``Contract``, which documents one.
"""

from __future__ import annotations

from openline_diagrams.contract import CONTRACTS, Contract
from openline_lookup.dialects import as_dialect, check_built_in, imported, made


def find_contract(name: str) -> Contract:
    """A built-in dialect by its name, or one's own as ``module:NAME``.

    NAME is a ``Contract``, a dialect, or a class or function that makes one when it is called
    without arguments; the structs that a bare dialect reads are not known. Raises
    NamingError.
    """
    if ":" not in name:
        check_built_in(name)
        return CONTRACTS[name]
    found = imported(name)
    if not isinstance(found, Contract):
        found = made(name, found)
    if isinstance(found, Contract):
        return found
    return Contract(as_dialect(name, found), messages=(), states=())
