# ruff: noqa: E501 - samples are written as the tools print them
"""Tools' answers behind a line of JSON are read as if they stood alone; alerts in JSON say what they are about."""

import json

import pytest
from tests.unit.process.readings import EVIDENCE, assert_true_citations, classified, of_kind

from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.commands.alerts import alerts
from faultmaven_events.consumers.process.commands.envelope import envelope, unwrapped
from faultmaven_events.schemas.insight import Insights

CALL = '{"tool": "kube", "arguments": {"pod": "ledger-7f9c6d5b84-qm8zt", "namespace": "shop"}}'
ANSWER = '{"status": "success", "error": null, "exit_code": 0, "command": "kubectl logs -n shop --tail 50 ledger-7f9c6d5b84-qm8zt"}'
LOG = "2026-03-04T10:00:00Z INFO starting\n2026-03-04T10:00:01Z ERROR cannot reach ledger-db:5433\n" * 3
PODS = "NAME                      READY   STATUS             RESTARTS   AGE\nledger-7f9c6d5b84-qm8zt   0/1     CrashLoopBackOff   7          12m\n"


def read(text: str, type: str = "config") -> Insights:
    insights = analyse(text.encode(), classified(type, "json"), evidence_id=EVIDENCE, name="answer.txt")  # type: ignore[arg-type]  # a test's type
    assert_true_citations(insights, text)
    return insights


def test_a_wrapped_log_is_a_log_of_the_pod_that_the_call_names() -> None:
    insights = read(f"{CALL}\n{ANSWER}\nstdout:\n{LOG}")
    assert insights.classification.type == "log"
    assert insights.component == "ledger"
    assert insights.wrapped == 3
    (error,) = of_kind(insights, "error")
    assert (error.component, error.citations[0].line_start) == ("ledger", 5)


def test_the_command_names_the_pod_where_no_parameter_does() -> None:
    insights = read(f"{ANSWER}\n{LOG}")
    assert insights.component == "ledger"


def test_a_wrapped_table_is_read_as_what_a_command_printed() -> None:
    insights = read(f"{CALL}\n{json.dumps({'command': 'kubectl get pods', 'return_code': 0})}\n{PODS}")
    assert insights.classification.type == "command_output"
    (fact,) = of_kind(insights, "unhealthy")
    assert fact.attributes["reason"] == "CrashLoopBackOff"
    assert all("return_code" not in one.text for one in insights.facts)


def test_a_call_that_failed_says_so() -> None:
    failed = {"command": "kubectl top pods", "exit_code": 1, "error": "Metrics API not available"}
    insights = read(f"{CALL}\n{json.dumps(failed)}\n")
    assert [fact.attributes for fact in insights.facts if fact.attributes.get("failed")] == [
        {"command": "kubectl top pods", "failed": True}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps({"ts": n, "level": "error", "command": "sync", "exit_code": 1}) for n in range(3)),
        "\n".join(json.dumps({"command": "sync", "args": "-a", "exit_code": n}) for n in range(9)),
        '{"command": "sync", "exit_code": 1}',
        '{"name": "shop", "version": "1.2.0"}\n{"name": "cart"}\n',
        "{" * 100_000,
        '{"command": ' + "1" * 9_000 + ', "exit_code": 0}\nx',
        "",
        "\x00{}",
    ],
)
def test_lines_of_json_that_are_evidence_themselves_are_no_wrapping(text: str) -> None:
    assert envelope(text) is None


def test_a_command_of_many_options_is_read_at_once() -> None:
    found = envelope(json.dumps({"command": "kubectl logs " + "-n " * 120, "exit_code": 0}) + "\nx\n")
    assert found is not None
    assert found.about is None


def test_pieces_are_unwrapped_as_the_whole_is() -> None:
    text = f"{CALL}\n{ANSWER}\n{LOG}".encode()
    whole, found, _ = unwrapped(text)
    pieces, same, _ = unwrapped(text[at : at + 7] for at in range(0, len(text), 7))
    assert b"".join(pieces) == whole == b"\n\n" + LOG.encode()  # type: ignore[arg-type]  # pieces of bytes
    assert found == same


def test_an_alertmanagers_message_is_about_the_workload_of_its_labels() -> None:
    labels = {"alertname": "KubePodCrashLooping", "pod": "ledger-7f9c6d5b84-qm8zt", "namespace": "shop", "severity": "warning"}
    message = {"receiver": "ops", "alerts": [{"status": "firing", "labels": labels, "annotations": {"description": "It restarts."}}]}
    (note,) = alerts(json.dumps(message, indent=1))
    assert note.text == "Alert KubePodCrashLooping for pod shop/ledger-7f9c6d5b84-qm8zt: It restarts."
    assert note.component == "ledger"
    assert note.attributes["subject"] == "ledger-7f9c6d5b84-qm8zt"


@pytest.mark.parametrize(
    "value",
    [
        {"openapi": "3.1.0", "info": {"title": "Shop", "description": "An API"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ledger"}, "status": {"message": "x"}},
        {"name": "web", "description": "the shop", "version": "1.0.0"},
        [[[[[[[[{"alertname": "deep", "status": "firing"}]]]]]]]],
        {"title": None, "labels": [1], "subject": {"name": 3}},
    ],
)
def test_other_json_is_no_alert(value: object) -> None:
    assert list(alerts(json.dumps(value))) == []
