"""Configuration files, their differences, and the output of diagnostic commands: text in, insights out."""

from faultmaven_events.consumers.process.config.analyse import analyse_config
from faultmaven_events.consumers.process.config.command import analyse_command

__all__ = ["analyse_command", "analyse_config"]
