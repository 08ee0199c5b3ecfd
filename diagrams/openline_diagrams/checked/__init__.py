"""The machine as a model for checkers: Promela for spin, and TLA+."""
