"""Span traces: trees of calls in, where errors begin, where time goes and who calls whom out."""

from faultmaven_events.consumers.process.traces.analyse import SPAN_FORMATS, analyse_spans

__all__ = ["SPAN_FORMATS", "analyse_spans"]
