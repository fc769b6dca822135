from typing import Any
from uuid import UUID

from tests.unit.process.readings import analysed, classified, of_kind
from tests.unit.process.traces.span_samples import otlp, otlp_span

from faultmaven_events.consumers.process.across.correlation import request_paths
from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.logs import analyse_log
from faultmaven_events.consumers.process.traces import analyse_spans
from faultmaven_events.consumers.process.traces.dialects import spans_of
from faultmaven_events.consumers.process.traces.path import critical_path
from faultmaven_events.consumers.process.traces.tree import forest
from faultmaven_events.consumers.process.walk import Walk
from faultmaven_events.schemas.insight import Fact, Insights

Spans = dict[str, list[dict[str, Any]]]
CLIENT = 3


def read(services: Spans) -> Insights:
    return analysed(analyse_spans, otlp(services), "spans.json", "trace", "otlp-json")


def pattern(insights: Insights, name: str) -> Fact:
    return next(fact for fact in of_kind(insights, "call_pattern") if fact.attributes["pattern"] == name)


def shop(count: int = 60, *, from_: int = 40, seconds: float = 0.1, slow: float = 2.0) -> Spans:
    """A shop whose calls to the stock fail and are slow from one trace on; the stock's clock is 5 s behind."""
    services: Spans = {"shop": [], "stock": []}
    for n in range(count):
        bad, trace = n >= from_, f"{n:04x}"
        took = slow if bad else seconds
        services["shop"] += [
            otlp_span(
                trace, "a", "", "POST /order", n * 10, took, failed=bad, attributes={"http.response.status_code": 500 if bad else 200}
            ),
            otlp_span(trace, "b", "a", "GET", n * 10 + 0.01, took - 0.02, kind=CLIENT, failed=bad),
        ]
        services["stock"] += [
            otlp_span(trace, "c", "b", "GET /stock", n * 10 + 0.02 - 5, took - 0.04, failed=bad),
            otlp_span(
                trace,
                "d",
                "c",
                "SELECT stock",
                n * 10 + 0.03 - 5,
                took - 0.06,
                kind=CLIENT,
                failed=bad,
                message="connection refused",
                attributes={"db.system": "postgresql", "server.address": "db01", "server.port": "5432"},
            ),
        ]
    return services


def test_errors_are_traced_to_the_call_in_which_they_begin() -> None:
    facts = {str(fact.attributes["operation"]): fact for fact in of_kind(read(shop()), "span_errors")}
    begun = facts["SELECT stock"]
    assert (begun.component, begun.attributes["origin"], begun.attributes["target"], begun.count) == ("stock", True, "db01", 20)
    assert "connection refused" in begun.text
    passed = facts["POST /order"].attributes
    assert (passed["origin"], passed["from_service"], passed["from_operation"], passed["status"]) == (False, "stock", "SELECT stock", "500")


def test_what_users_got_is_told_with_its_onset() -> None:
    (felt,) = of_kind(read(shop()), "http_errors")
    assert (felt.attributes["rate_before"], felt.attributes["rate_during"], felt.attributes["upstream"]) == (0.0, 1.0, "shop")
    assert felt.at is not None
    assert felt.at.isoformat() == "2026-01-01T10:06:40+00:00"


def test_slow_answers_waited_for_the_database() -> None:
    slow = next(fact for fact in of_kind(read(shop()), "critical_path") if fact.attributes["of"] == "slow")
    assert (slow.component, slow.attributes["operation"], slow.count) == ("stock", "SELECT stock", 20)
    assert float(slow.attributes["share"] or 0) > 0.9
    assert float(slow.attributes["seconds_others"] or 0) < 0.1


def test_an_operation_that_became_slower_is_told_with_before_and_after() -> None:
    facts = {str(fact.attributes["route"]): fact.attributes for fact in of_kind(read(shop()), "latency")}
    assert (facts["POST /order"]["p95_before"], facts["POST /order"]["p95_during"]) == (0.1, 2.0)


def test_a_clock_that_runs_behind_is_corrected_and_told() -> None:
    insights = read(shop())
    (skew,) = of_kind(insights, "clock_skew")
    assert (skew.component, skew.attributes["beside"]) == ("stock", "shop")
    assert abs(float(skew.attributes["seconds"] or 0) + 5) < 0.1
    assert next(fact for fact in of_kind(insights, "span_errors") if fact.component == "stock").at == next(
        fact.at for fact in insights.facts if fact.attributes.get("operation") == "SELECT stock"
    )


def test_who_calls_whom_is_told_with_failures_and_the_store_that_leaves_no_spans() -> None:
    facts = {(fact.attributes["source"], fact.attributes["target"]): fact.attributes for fact in of_kind(read(shop()), "dependency")}
    assert (facts["shop", "stock"]["calls"], facts["shop", "stock"]["errors"]) == (60, 20)
    assert (facts["stock", "postgresql"]["address"], facts["stock", "postgresql"]["port"]) == ("db01", 5432)


def test_the_seconds_of_a_critical_path_add_up_to_the_root() -> None:
    for text in (
        otlp(shop(3)),
        otlp({"a": [otlp_span("t", "r", "", "r", 0, 1), *(otlp_span("t", f"c{n}", "r", "c", n / 10, 0.3) for n in range(8))]}),
    ):
        trees = forest([span for record in Walk(text).records() for span in spans_of(record)])
        for trace in trees.traces:
            assert abs(sum(own for _, own in critical_path(trace.root)) - trace.root.duration) < 1e-6


def test_of_two_calls_at_once_the_answer_waits_for_the_longer() -> None:
    spans = [otlp_span("t", "r", "", "page", 0, 1), otlp_span("t", "s", "r", "short", 0.1, 0.2), otlp_span("t", "l", "r", "long", 0.1, 0.8)]
    (fact,) = of_kind(read({"a": spans}), "critical_path")
    assert (fact.attributes["operation"], fact.attributes["share"]) == ("long", 0.8)


def test_one_query_per_item_is_told_with_its_share() -> None:
    rows = [
        otlp_span("t", f"{n}", "r", f"SELECT item {n}0", n / 20, 0.04, kind=CLIENT, attributes={"db.system": "mysql"}) for n in range(20)
    ]
    found = pattern(read({"a": [otlp_span("t", "r", "", "GET /cart", 0, 1), *rows]}), "repeated")
    assert (found.attributes["calls"], found.attributes["called"], found.attributes["share"]) == (20, "SELECT item {id}", 0.8)


def test_a_call_tried_again_after_failures_is_told_with_its_end() -> None:
    tries = [otlp_span("t", f"{n}", "r", "charge", n, 0.5, kind=CLIENT, failed=n < 2) for n in range(3)]
    found = pattern(read({"a": [otlp_span("t", "r", "", "pay", 0, 4), *tries]}), "retried")
    assert (found.attributes["calls"], "succeeded in the end" in found.text) == (3, True)


def test_calls_at_once_are_a_fan_out_and_no_loop() -> None:
    crowd = [otlp_span("t", f"{n}", "r", "fetch", 0.01 * n, 2, kind=CLIENT) for n in range(30)]
    insights = read({"a": [otlp_span("t", "r", "", "page", 0, 3), *crowd]})
    assert pattern(insights, "fan_out").attributes["calls"] == 30
    assert not [fact for fact in of_kind(insights, "call_pattern") if fact.attributes["pattern"] == "repeated"]


def test_time_that_no_call_accounts_for_is_a_gap() -> None:
    found = pattern(read({"a": [otlp_span("t", "r", "", "report", 0, 10), otlp_span("t", "c", "r", "query", 9, 0.5, kind=CLIENT)]}), "gap")
    assert (found.attributes["called"], found.attributes["seconds"]) == ("before its first call", 9.0)


def test_calls_given_up_after_a_round_time_are_timeouts_also_when_the_other_side_goes_on() -> None:
    services: Spans = {"a": [], "b": []}
    for n in range(3):
        services["a"].append(otlp_span(f"{n}", "c", "", "call", n * 60, 30.004, kind=CLIENT, failed=True, attributes={"peer.service": "b"}))
        services["b"].append(otlp_span(f"{n}", "s", "c", "serve", n * 60 + 0.01, 45))
    (found,) = of_kind(read(services), "limit")
    assert (found.attributes["what"], found.attributes["limit"], found.attributes["target"], found.count) == ("timeout", 30, "b", 3)
    assert "went on afterwards" in found.text


def test_a_call_that_did_not_arrive_where_others_did_is_told() -> None:
    services: Spans = {"a": [], "b": []}
    for n in range(10):
        services["a"].append(otlp_span(f"{n}", "c", "", "call", n, 0.5, kind=CLIENT, failed=n == 9))
        services["b"] += [otlp_span(f"{n}", "s", "c", "serve", n + 0.1, 0.1)] if n < 9 else []
    assert pattern(read(services), "unanswered").attributes["failed"] == 1


def test_spans_whose_caller_is_missing_are_counted() -> None:
    assert pattern(read({"a": [otlp_span("t", f"{n}", "gone", "serve", n, 1) for n in range(4)]}), "missing_caller").count == 4


def test_exceptions_of_spans_are_grouped_by_type_with_their_first_frame() -> None:
    event = {
        "name": "exception",
        "attributes": [
            {"key": "exception.type", "value": {"stringValue": "PoolTimeout"}},
            {"key": "exception.message", "value": {"stringValue": "no connection after 30 s"}},
            {"key": "exception.stacktrace", "value": {"stringValue": "Traceback\n  File pool.py, line 7\n"}},
        ],
    }
    (fact,) = of_kind(read({"a": [otlp_span("t", f"{n}", "", "op", n, 1, failed=True, events=[event]) for n in range(3)]}), "exception")
    assert (fact.attributes["type"], fact.attributes["frames"], fact.count) == ("PoolTimeout", "File pool.py, line 7", 3)


def test_a_quiet_service_has_no_findings_of_errors() -> None:
    insights = read(shop(30, from_=99))
    assert not {"span_errors", "http_errors", "latency", "limit", "exception"} & {fact.kind for fact in insights.facts}


def test_a_trace_is_found_again_in_the_log_of_another_file() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    spans = read({"shop": [otlp_span(trace, "a", "", "POST /order", 5, 1, failed=True, message="stock refused")]})
    entry = '{"time": "2026-01-01T10:00:%02dZ", "level": "%s", "trace_id": "%s", "message": "%s"}\n'
    log = "".join(entry % (n, "info", f"{n:032x}", "served") for n in range(4, 40)) + entry % (50, "error", trace, "no stock")
    given = classified("log", "json-lines")
    logged = analyse_log(log.splitlines(), evidence_id=UUID(int=2), name="stock.log", classification=given)
    assert trace in {passage.key for passage in spans.passages}
    assert [fact.attributes["example"] for fact in request_paths([spans, logged])] == [trace]


def test_a_file_of_spans_goes_to_their_analyser_and_a_stack_trace_to_that_of_logs() -> None:
    given: dict[str, Any] = {"evidence_id": UUID(int=3), "name": "x"}
    spans = analyse(otlp({"a": [otlp_span("t", "1", "", "op", 0, 1, failed=True)]}).encode(), classified("trace", "otlp-json"), **given)
    stack = analyse(b"ValueError: boom\n    at a.b (x.js:1:2)\n", classified("trace", "stack-trace"), **given)
    assert of_kind(spans, "span_errors")
    assert not of_kind(stack, "span_errors")
    assert stack.lines == 2
