"""Callers for ``test_locust.py``: one call each, of the recording that the environment names."""

from __future__ import annotations

import os

from locust import constant

from openline_load.locust import OpenlineUser


class Caller(OpenlineUser):
    """Calls again and again."""

    wait_time = constant(0.2)
    audio = os.environ["RECORDING"]
