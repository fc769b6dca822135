"""What diagnostic commands printed: text in, insights out."""

from faultmaven_events.consumers.process.commands.analyse import analyse_command

__all__ = ["analyse_command"]
