"""Series of numbers over time: text in, insights out."""

from faultmaven_events.consumers.process.metrics.analyse import analyse_metrics

__all__ = ["analyse_metrics"]
