"""Configuration files and their differences: text in, insights out."""

from faultmaven_events.consumers.process.config.analyse import analyse_config

__all__ = ["analyse_config"]
