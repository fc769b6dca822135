"""Objects of a cluster as it keeps them (`kubectl get -o yaml`, `-o json`, Lists of both): what their status says, with exact lines."""

from faultmaven_events.consumers.process.commands.kubernetes.live.read import Live, live

__all__ = ["Live", "live"]
