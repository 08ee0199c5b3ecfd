"""What a certificate says that was refused: read, and never trusted.

Python's ssl module describes a certificate only once it is verified. So where the verification has
failed, the certificate is fetched by a handshake that verifies nothing and sends nothing, and then
a second one trusts exactly this certificate, at any time and for any name: its description is what
Python then gives. No request, no header and no token goes over either connection.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from openline_doctor.facts import Certificate

#: OpenSSL's X509_V_FLAG_NO_CHECK_TIME (X509_VERIFY_PARAM_set_flags(3)).
_NO_CHECK_TIME: Final = 0x200000


def blind() -> ssl.SSLContext:
    """Settings that verify nothing: for a connection that carries nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusting(der: bytes) -> ssl.SSLContext:
    """Settings that trust this one certificate, whenever and for whomever it was made."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=der)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags |= _NO_CHECK_TIME
    return context


def described(found: Mapping[str, Any]) -> Certificate:
    """What ``getpeercert`` of a verified connection gives, as facts."""
    return Certificate(
        subject=_name(found.get("subject", ())),
        issuer=_name(found.get("issuer", ())),
        names=tuple(str(value) for _, value in found.get("subjectAltName", ())),
        not_before=_seconds(found.get("notBefore")),
        not_after=_seconds(found.get("notAfter")),
    )


def _name(parts: Any) -> str:
    """The common name of a distinguished name, else its organisation."""
    fields = {key: str(value) for part in parts for key, value in part}
    wanted = ("commonName", "organizationName", "organizationalUnitName")
    return next((fields[each] for each in wanted if each in fields), "")


def _seconds(text: Any) -> float:
    return float(ssl.cert_time_to_seconds(text)) if isinstance(text, str) else 0.0
