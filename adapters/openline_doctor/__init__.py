"""What is wrong between this machine and a backend: what was seen, and what it means."""
