"""The conservation ledger: counting what is there (`books`), and finding what is not (`cutoff`, `check`, `search`, `gaps`)."""
