"""A report as people read it, rendered from its fields and nothing else. Pure."""
