"""The TLS settings of a session that was given none.

They are made at each dial, so that a trust store that changes counts. But Python opens the file of
the variable SSLKEYLOGFILE as it makes them, and that may fail: then they are made once, before the
session begins, and a file that cannot be opened is the app's mistake and no failed dial.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ssl import SSLContext

from openline_driver.network_errors import unusable_key_log
from openline_driver.proxies import Proxies


def early_context(
    given: SSLContext | None,
    proxies: Proxies | None,
    environ: Mapping[str, str],
    make: Callable[[], SSLContext],
) -> SSLContext | None:
    """The settings that ``make`` makes, if they have to be made now; else None.

    ``given`` are those of the app, for the backend; those of a proxy by https:// are the usual ones
    all the same. Raises ValueError, one line, for a file that cannot be opened.
    """
    is_needed = given is None or (proxies is not None and proxies.use_tls)
    if not (is_needed and environ.get("SSLKEYLOGFILE")):
        return None
    try:
        return make()
    except OSError as exc:
        raise unusable_key_log(exc) from exc
