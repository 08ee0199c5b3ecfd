"""What a lost line means: the table of verdicts, the backoff, and when to give up."""
