"""Logs, metrics and spans of a process. No line, label or attribute ever holds content of evidence: ids, stages, codes and times only."""

import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faultmaven_events import __version__
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings

_propagator = TraceContextTextMapPropagator()
_tracer: trace.Tracer | None = None


def configure_logs(settings: Settings) -> None:
    """Send structured logs to standard error: JSON lines, or for people when the format is `console`."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format='{"level":"%(levelname)s","logger":"%(name)s","event":"%(message)s"}'
    )


def configure_traces(settings: Settings, service: str) -> None:
    """Send a share of the spans to `FM_OTLP_ENDPOINT`; without it no span is made, and trace ids are only handed on."""
    global _tracer  # noqa: PLW0603 # one tracer a process, as OpenTelemetry has it
    if settings.otlp_endpoint is None:
        return
    resource = Resource.create({"service.name": f"faultmaven-{service}", "service.version": __version__})
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(settings.trace_ratio)))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    _tracer = provider.get_tracer("faultmaven_events", __version__)


_UNTRACED = nullcontext()
_SAMPLED = int(TraceFlags.SAMPLED)


def stage_span(stage: str, event: Event[Any]) -> AbstractContextManager[Span | None]:
    """Open a span around one stage's run, child of the event's `traceparent`.

    Gives None when nobody collects spans, or when this trace was sampled out where it began: then the hop costs nothing.
    """
    if _tracer is None or (event.traceparent is not None and not int(event.traceparent[-2:], 16) & _SAMPLED):
        return _UNTRACED
    return _span(_tracer, stage, event)


@contextmanager
def _span(tracer: trace.Tracer, stage: str, event: Event[Any]) -> Iterator[Span]:
    context = _propagator.extract({"traceparent": event.traceparent}) if event.traceparent else None
    attributes = {
        "messaging.system": "rabbitmq",
        "faultmaven.stage": stage,
        "faultmaven.job": str(event.subject),
        "faultmaven.type": event.type,
    }
    with tracer.start_as_current_span(f"{stage} {event.type}", context, SpanKind.CONSUMER, attributes, record_exception=False) as span:
        yield span


def traceparent(span: Span | None, inherited: str | None) -> str | None:
    """Return the `traceparent` that the stage's own events carry."""
    if span is None:
        return inherited
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent", inherited)


def fail(span: Span | None, code: str) -> None:
    """Mark a span as failed with an error's code."""
    if span is not None:
        span.set_status(StatusCode.ERROR, code)
