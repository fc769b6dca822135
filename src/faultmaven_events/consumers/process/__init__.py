"""The process stage: what sanitized evidence says, as typed facts that point at their lines."""
