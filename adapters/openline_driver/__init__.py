"""What every event loop needs and the core must not hold; it runs on none of them."""
