"""What every event loop needs and the core must not hold. Pure: no I/O, no clock, no loop."""
