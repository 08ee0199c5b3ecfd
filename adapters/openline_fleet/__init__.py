"""Many sessions on one loop, many loops on many machines."""
