"""openline in fleets: thousands of sessions on one loop, and what to do with more.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline_driver.exports import Exports

if TYPE_CHECKING:
    from openline_audio.handover import SourceClosedError
    from openline_driver.shared_provider import SharedProvider
    from openline_driver.tokens import Token
    from openline_fleet.collector import spare_imports
    from openline_fleet.running import run
    from openline_fleet.session import FleetSession
    from openline_fleet.shard import Shard, ShardFullError
    from openline_fleet.spec import SessionSpec, SourceSpec, decode_spec, encode_spec

__all__ = [
    "FleetSession",
    "SessionSpec",
    "Shard",
    "ShardFullError",
    "SharedProvider",
    "SourceClosedError",
    "SourceSpec",
    "Token",
    "decode_spec",
    "encode_spec",
    "run",
    "spare_imports",
]

_EXPORTS = Exports(
    __name__,
    {
        "openline_audio.handover": ("SourceClosedError",),
        "openline_driver.shared_provider": ("SharedProvider",),
        "openline_driver.tokens": ("Token",),
        "openline_fleet.collector": ("spare_imports",),
        "openline_fleet.running": ("run",),
        "openline_fleet.session": ("FleetSession",),
        "openline_fleet.shard": ("Shard", "ShardFullError"),
        "openline_fleet.spec": ("SessionSpec", "SourceSpec", "decode_spec", "encode_spec"),
    },
    extra=("picows", "websockets", "python_socks", "numpy", "soundfile", "soxr"),
    needs='fleets need more packages: pip install "openline[fleet,audio]"',
)
__getattr__ = _EXPORTS.get
__dir__ = _EXPORTS.names(globals(), __all__)
