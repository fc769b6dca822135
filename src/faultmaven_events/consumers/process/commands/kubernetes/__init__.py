"""What kubectl prints: tables, descriptions and events, as facts about workloads, nodes and volumes."""

from faultmaven_events.consumers.process.commands.kubernetes.described import described
from faultmaven_events.consumers.process.commands.kubernetes.tables import listed

__all__ = ["described", "listed"]
