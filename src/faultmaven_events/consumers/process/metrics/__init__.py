"""Series of numbers over time: text in, insights and points out."""

from faultmaven_events.consumers.process.metrics.analyse import analyse_metrics, measure

__all__ = ["analyse_metrics", "measure"]
