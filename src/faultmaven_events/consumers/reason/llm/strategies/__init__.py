"""Ways to ask: once, a team of roles whose answers are merged, or several independent answers that are counted."""
