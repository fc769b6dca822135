"""Event-driven troubleshooting pipeline: evidence and a question in, an evidenced incident report out."""

__version__ = "0.1.0"
