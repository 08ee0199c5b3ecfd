"""The TLS settings of a session that was given none."""

from __future__ import annotations

from ssl import PROTOCOL_TLS_CLIENT, SSLContext

import pytest

from openline_driver.proxies import Proxies
from openline_driver.tls import early_context

MADE = SSLContext(PROTOCOL_TLS_CLIENT)
LOGGING = {"SSLKEYLOGFILE": "keys"}


def fails() -> SSLContext:
    raise PermissionError(13, "Permission denied", "keys")


@pytest.mark.parametrize("proxy", [None, "http://p", "socks5h://p"])
def test_settings_that_log_no_keys_are_made_at_each_dial(proxy: str | None) -> None:
    proxies = None if proxy is None else Proxies(proxy, {})
    for environ in ({}, {"SSLKEYLOGFILE": ""}):
        assert early_context(None, proxies, environ, fails) is None
    assert early_context(MADE, proxies, LOGGING, fails) is None, "the app has made its own"
    assert early_context(None, proxies, LOGGING, lambda: MADE) is MADE


def test_a_proxy_that_speaks_tls_needs_the_usual_settings() -> None:
    for proxies in (Proxies("https://p", {}), Proxies(True, {"ALL_PROXY": "https://p"})):
        assert early_context(MADE, proxies, LOGGING, lambda: MADE) is MADE


def test_a_file_that_cannot_be_opened_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"^SSLKEYLOGFILE: keys: Permission denied: name .* unset"):
        early_context(None, None, LOGGING, fails)
