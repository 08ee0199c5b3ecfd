"""The state machine of one session: its chart, the table made of it, and the work it does."""
