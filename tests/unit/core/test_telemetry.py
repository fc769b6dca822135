from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from faultmaven_events.infra import telemetry
from samples import event

TRACE, PARENT = "a" * 32, "b" * 16


@pytest.fixture(params=[0.0, 1.0], ids=["none-sampled", "all-sampled"])
def spans(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is exported, with a sampler that begins no trace, or every one."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(request.param)))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_a_sampled_trace_goes_on_in_every_stage(spans: InMemorySpanExporter) -> None:
    given = event("ingest.submitted.v1", traceparent=f"00-{TRACE}-{PARENT}-01")
    with telemetry.stage_span("classify", given) as span:
        handed_on = telemetry.traceparent(span, given.traceparent)
    [finished] = spans.get_finished_spans()
    assert handed_on is not None
    assert finished.context is not None
    assert handed_on == f"00-{TRACE}-{finished.context.span_id:016x}-01"
    assert finished.parent is not None
    assert f"{finished.parent.span_id:016x}" == PARENT


def test_a_trace_that_was_sampled_out_is_handed_on_and_makes_no_span(spans: InMemorySpanExporter) -> None:
    given = event("ingest.submitted.v1", traceparent=f"00-{TRACE}-{PARENT}-00")
    with telemetry.stage_span("classify", given) as span:
        assert span is None
        assert telemetry.traceparent(span, given.traceparent) == given.traceparent
    assert spans.get_finished_spans() == ()


def test_the_first_stage_decides_for_the_whole_trace(spans: InMemorySpanExporter) -> None:
    with telemetry.stage_span("classify", event("ingest.submitted.v1")) as span:
        first = telemetry.traceparent(span, None)
    with telemetry.stage_span("sanitize", event("ingest.classified.v1", traceparent=first)) as span:
        second = telemetry.traceparent(span, first)
    assert first is not None
    assert second is not None
    assert len(spans.get_finished_spans()) == (2 if int(first[-2:], 16) & 1 else 0)
    assert first[:35] == second[:35]


def test_without_a_collector_the_trace_is_only_handed_on() -> None:
    given = event("ingest.submitted.v1", traceparent=f"00-{TRACE}-{PARENT}-01")
    with telemetry.stage_span("classify", given) as span:
        assert telemetry.traceparent(span, given.traceparent) == given.traceparent
