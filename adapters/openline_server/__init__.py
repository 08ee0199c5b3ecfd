"""The reference backend: a server of eleven wire contracts with real recognition.

Independent of the client: nothing here imports ``openline``, so the two share only the
contract, not a module. Start with ``serve`` (in a nursery) or ``run_server`` (as a
process); both take a ``ServerConfig``, whose ``dialect`` names the contract. ``contracts`` has
one module for each, and ``contract`` the messages of ``echopanel``; ``session`` is one
conversation, ``listener`` one source of it, ``server`` the rest. ``scripted`` is a server
that a test scripts message by message. ``faults`` defines the faults as phrases, and
``FaultInjector`` is the hooks that inject them. ``hearing`` keeps what a recogniser heard;
``measured`` is a recogniser of scripted words with the errors of a real one (``claims``).
"""

from openline_server.config import BackendError, ServerConfig
from openline_server.faultgrammar import FaultError, parse_faults
from openline_server.faults import Fault, fault_list
from openline_server.hooks import Hooks, Peer, Rejection
from openline_server.injector import FaultInjector, Strike
from openline_server.server import Connection, Server, run_server, serve

__all__ = [
    "BackendError",
    "Connection",
    "Fault",
    "FaultError",
    "FaultInjector",
    "Hooks",
    "Peer",
    "Rejection",
    "Server",
    "ServerConfig",
    "Strike",
    "fault_list",
    "parse_faults",
    "run_server",
    "serve",
]
