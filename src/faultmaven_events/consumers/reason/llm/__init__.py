"""What language models add to a report: they may re-rank, word, and add hypotheses of their own; never a fact."""
