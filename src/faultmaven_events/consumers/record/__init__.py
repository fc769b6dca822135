"""record: the only writer of job state."""
