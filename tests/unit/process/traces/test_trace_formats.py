import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.process.readings import analysed, of_kind
from tests.unit.process.traces.span_samples import FORMATS, T0, otlp, otlp_span

from faultmaven_events.consumers.process.traces import SPAN_FORMATS, analyse_spans
from faultmaven_events.consumers.process.traces.fields import hexadecimal
from faultmaven_events.consumers.process.walk import Walk
from faultmaven_events.schemas.insight import Insights


def read(text: str, format: str = "otlp-json") -> Insights:
    return analysed(analyse_spans, text, "spans.json", "trace", format)


@pytest.mark.parametrize("form", FORMATS)
def test_a_failed_call_is_told_of_every_format(form: str) -> None:
    insights = read(FORMATS[form])
    (fact,) = of_kind(insights, "span_errors")
    assert (fact.component, fact.attributes["origin"], fact.at and fact.at.timestamp()) == ("front", True, T0)
    assert insights.component == "front"


def test_every_fact_points_at_the_lines_of_its_span() -> None:
    text = otlp({"a": [otlp_span("t", f"{n}", "", f"op{'abc'[n]}", n, 1, failed=True) for n in range(3)]}, indent=2)
    lines = text.split("\n")
    for fact in of_kind(read(text), "span_errors"):
        cited = "\n".join(lines[fact.citations[0].line_start - 1 : fact.citations[0].line_end])
        assert json.loads(cited.strip().rstrip(","))["name"] == fact.attributes["operation"]


def test_documents_one_per_line_are_read_with_their_lines() -> None:
    text = "".join(otlp({"a": [otlp_span("t", f"{n}", "", f"op {'abc'[n]}", n, 1, failed=True)]}) + "\n" for n in range(3))
    facts = of_kind(read(text), "span_errors")
    assert {(fact.attributes["operation"], fact.citations[0].line_start) for fact in facts} == {("op a", 1), ("op b", 2), ("op c", 3)}


def test_a_file_that_breaks_off_is_read_up_to_there_and_says_so() -> None:
    text = otlp({"a": [otlp_span("t", f"{n}", "", "op", n, 1, failed=True) for n in range(10)]}, indent=1)
    insights = read(text[: len(text) // 2])
    assert of_kind(insights, "span_errors")[0].count in range(2, 9)
    assert any("broken off" in left for left in insights.truncated)


def test_a_damaged_line_between_whole_ones_is_left_out() -> None:
    good = [otlp({"a": [otlp_span("t", f"{n}", "", "op", n, 1, failed=True)]}) for n in range(2)]
    insights = read(f"{good[0]}\n{{not json\x00\n{good[1]}\n")
    assert of_kind(insights, "span_errors")[0].count == 2
    assert "No JSON in line 2" in insights.truncated[0]


def test_ids_in_base64_are_those_in_hex() -> None:
    assert hexadecimal("W47/95gDgQPSaYPgzT8v2Q==") == "5b8efff798038103d26983e0cd3f2fd9"
    assert hexadecimal("7uGbfsPBsXQ=") == "eee19b7ec3c1b174"
    assert hexadecimal("0AF7651916CD43DD8448EB211C80319C") == "0af7651916cd43dd8448eb211c80319c"


def test_browser_events_nest_by_time() -> None:
    events = [
        {"ph": "X", "pid": 1, "tid": 7, "ts": 0, "dur": 900_000, "name": "load"},
        {"ph": "X", "pid": 1, "tid": 7, "ts": 100_000, "dur": 700_000, "name": "parse"},
        {"ph": "B", "pid": 1, "tid": 7, "ts": 950_000, "name": "paint"},
        {"ph": "E", "pid": 1, "tid": 7, "ts": 990_000},
        {"ph": "M", "pid": 1, "tid": 7, "name": "process_name", "args": {"name": "Renderer"}},
    ]
    facts = of_kind(read(json.dumps({"traceEvents": events}), "chrome-trace"), "slow_spans")
    assert {str(fact.attributes["operation"]): fact.attributes["self_s"] for fact in facts} == {"parse": 0.7, "load": 0.2, "paint": 0.04}
    assert facts[0].component == "Renderer"


def test_stack_traces_stay_with_the_analyser_of_logs() -> None:
    assert "stack-trace" not in SPAN_FORMATS


HOSTILE: dict[str, str] = {
    "nothing": "",
    "no json": "hello\nworld\n",
    "deep": "[" * 100_000,
    "deep inside a span": '{"spans": [' + '{"traceId": ' + "[" * 5_000,
    "many broken lines": '{"a":\n' * 5_000,
    "no times": '[{"traceId": "a", "id": "b", "timestamp": "x", "duration": {}}]',
    "huge numbers": f'[{{"traceId": "a", "id": "b", "timestamp": {"9" * 4000}, "duration": 1}}]',
    "not a number": '{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 1, "spanId": [], "startTimeUnixNano": NaN}]}]}]}',
    "wrong types": '{"data": [{"spans": [{"traceID": {}, "spanID": 3, "startTime": 1, "references": [7], "tags": 5, "process": []}]}]}',
    "nul": '[{"traceId": "a\\u0000", "id": "b\x00"}]',
    "lone surrogate": '[{"traceId": "\\ud800", "id": "b", "timestamp": 1, "duration": 1, "name": "\\udfff", "tags": {"error": "x"}}]',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_give_an_answer(what: str) -> None:
    read(HOSTILE[what], "zipkin")


def test_a_span_that_is_its_own_ancestor_ends_no_reading() -> None:
    ring = [otlp_span("t", f"{n + 1}", f"{(n + 1) % 50 + 1}", "op", n, 1, failed=True) for n in range(50)]
    insights = read(otlp({"a": ring}))
    assert of_kind(insights, "span_errors")[0].count == 50
    assert any("call themselves" in left for left in insights.truncated)


def test_spans_that_stand_in_the_file_twice_count_once() -> None:
    span = otlp_span("t", "1", "", "op", 0, 1, failed=True)
    insights = read(otlp({"a": [span, span]}))
    assert of_kind(insights, "span_errors")[0].count == 1
    assert any("more than once" in left for left in insights.truncated)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6))
KEYS = st.sampled_from(
    ["traceId", "spanId", "id", "spans", "data", "resourceSpans", "startTimeUnixNano", "timestamp", "tags", "resource", "x"]
)
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


@settings(max_examples=80, deadline=None)
@given(value=ANY)
def test_any_json_is_walked_to_its_end(value: Any) -> None:
    walk = Walk(json.dumps(value))
    list(walk.records())
    assert not walk.breaks
    read(json.dumps(value, indent=1))
