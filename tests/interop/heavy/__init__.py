"""Real servers as the backends of our client: ``make interop-heavy``."""
