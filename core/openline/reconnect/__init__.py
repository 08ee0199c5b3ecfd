"""The response to a lost line: the table of verdicts, the backoff, and the time to give up."""
