"""gather: a question waits for its evidence."""
