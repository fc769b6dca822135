"""Benchmarks: speed of the whole system, and adapters by which each stage is scored."""
