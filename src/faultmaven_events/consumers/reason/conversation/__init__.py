"""Questions that follow others: what was said before, whether a question is about a report that exists, and the answer out of it."""
