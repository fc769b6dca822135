"""bury: dead letters are kept, and their jobs told."""
