# ruff: noqa: E501 - samples are written as kubectl prints them
"""Questions about a cluster: the report names the resource, the reason and what exactly is missing, in few words."""

import json
from datetime import UTC, datetime

import pytest
from tests.unit.reason.scene import Scene, examine

from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.schemas.report import Hypothesis

PODS = """NAME                       READY   STATUS             RESTARTS        AGE
cart-6d5f7b9c8d-x2k4p      1/1     Running            0               4d
ledger-7f9c6d5b84-qm8zt    0/1     CrashLoopBackOff   6 (2m ago)      12m
search-5c8d7f6b94-l7vwh    0/1     ImagePullBackOff   0               3d
"""
EVENTS = "LAST SEEN   TYPE      REASON    OBJECT                        MESSAGE\n"


def asked(question: str, **texts: str) -> tuple[Hypothesis, ...]:
    scene = Scene(question=question)
    for name, text in texts.items():
        scene.text(f"{name}.txt", text)
    return scene.report().hypotheses


def event(reason: str, message: str, of: str = "pod/ledger-7f9c6d5b84-qm8zt") -> str:
    return f"3m          Warning   {reason}   {of}   {message}\n"


@pytest.mark.parametrize(
    ("reason", "message", "named"),
    [
        ("FailedScheduling", "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.", "{dedicated: gpu}"),
        ("FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "ledger-tls" not found', '"ledger-tls" not found'),
        ("Failed", 'Error: configmap "ledger-settings-v3" not found', '"ledger-settings-v3"'),
        ("Failed", 'Failed to pull image "registry.lab/ledger:4.2.l": not found', "registry.lab/ledger:4.2.l"),
        ("Unhealthy", "Readiness probe failed: dial tcp 10.0.3.41:9090: connect: connection refused", "10.0.3.41:9090"),
    ],
)
def test_the_first_hypothesis_quotes_what_is_missing(reason: str, message: str, named: str) -> None:
    first = asked(
        "Why is ledger down?",
        events=EVENTS + event(reason, message) + event("BackOff", "Back-off pulling image", "pod/search-5c8d7f6b94-l7vwh"),
    )[0]
    assert first.component == "ledger"
    assert named in first.statement
    assert "search" not in first.statement


def test_another_broken_pod_is_not_named_where_the_one_asked_about_is_broken() -> None:
    for hypothesis in asked("What is wrong with ledger?", pods=PODS):
        assert "ledger-7f9c6d5b84-qm8zt" in hypothesis.statement
        assert "search" not in hypothesis.statement


def test_another_broken_pod_is_named_where_nothing_is_told_of_the_one_asked_about() -> None:
    assert "search-5c8d7f6b94-l7vwh" in " ".join(h.statement for h in asked("What is wrong with cart?", pods=PODS))


def test_a_crash_loop_says_what_the_pods_own_log_says() -> None:
    call = json.dumps({"tool": "pod_logs", "arguments": {"pod": "ledger-7f9c6d5b84-qm8zt"}, "exit_code": 0})
    log = "2026-03-04T10:00:00Z INFO starting\n2026-03-04T10:00:03Z ERROR could not connect to postgres at ledger-db.shop.svc:5433: connection refused\n"
    first = asked("pods of ledger crash", pods=PODS, log=f"{call}\n{log}")[0]
    assert "CrashLoopBackOff" in first.statement
    assert "ledger-db.shop.svc:5433" in first.statement
    assert "poison" not in first.statement


def test_without_a_name_in_the_question_the_alert_says_whom_it_is_about() -> None:
    labels = {"alertname": "CPUThrottlingHigh", "pod": "search-5c8d7f6b94-l7vwh", "namespace": "shop"}
    alert = json.dumps(
        {"alerts": [{"status": "firing", "labels": labels, "annotations": {"description": "62% throttling of CPU in shop."}}]}, indent=1
    )
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: search-5c8d7f6b94-l7vwh\nspec:\n  containers:\n  - name: search\n    image: registry.lab/search:1\n    resources:\n      limits:\n        cpu: 50m\n"
    first = asked("?", alert=alert, pod=pod, pods=PODS.replace("ImagePullBackOff", "Running         "))[0]
    assert first.component.startswith("search")
    assert "throttled at its CPU limit of 50m" in first.statement
    assert "ledger" not in first.statement


def test_a_consumer_group_without_members_is_named_with_its_lag() -> None:
    lag = (
        "$ kafka-consumer-groups.sh --describe --group billing-writer\n"
        "GROUP           TOPIC     PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG     CONSUMER-ID   HOST        CLIENT-ID\n"
        "billing-writer  invoices  0          1200            98211           97011   -             -           -\n"
        "billing-writer  invoices  1          1190            97002           95812   -             -           -\n"
    )
    first = asked("Why are invoices late?", lag=lag)[0]
    assert first.component == "billing-writer"
    assert "192,823 messages behind" in first.statement


def test_three_hypotheses_fit_on_a_screen_and_repeat_nothing() -> None:
    events = EVENTS + "".join(event(f"Failed{n}", f"thing {n} of the ledger failed: {'x' * 200}") for n in range(9))
    found = asked("What is wrong with ledger?", pods=PODS, events=events)
    assert sum(len(h.statement) for h in found[:3]) <= 1500
    seen = [part for h in found for part in h.statement.split("Seen: ")[1:]]
    assert len(seen) == len(set(seen))


def test_the_wrapping_of_a_tools_answer_is_never_quoted() -> None:
    call = '{"tool": "kube", "params": {"error_filter": "failed timeout exception"}, "exit_code": 0}'
    found = asked("What is wrong with ledger?", pods=f"{call}\n{PODS}")
    assert found
    assert all("error_filter" not in h.statement for h in found)
    assert all(citation.line_start > 1 for h in found for citation in h.citations)


def test_a_time_inside_of_a_message_is_not_when_the_line_was_written() -> None:
    text = "2026-03-04T10:00:00Z INFO up\n2026-03-04T10:00:30Z ERROR check failed\n  Certificate expired on 2024-08-03 17:00:08\n"
    page = Page(examine("api.log", text), text)
    assert page.at(3) == datetime(2026, 3, 4, 10, 0, 30, tzinfo=UTC)


def test_the_answer_of_a_failed_call_tells_of_the_one_who_asked() -> None:
    call = json.dumps({"command": "kubectl top pods", "exit_code": 1, "error": "Metrics API not available"})
    found = asked("What is wrong with ledger?", pods=PODS, top=f"{call}\nerror: Metrics API not available\n")
    assert all("Metrics API" not in h.statement.split("Seen: ")[0] for h in found)


def test_the_same_question_is_answered_with_the_same_bytes() -> None:
    scene = Scene(question="What is wrong with ledger?").text("pods.txt", PODS).text("events.txt", EVENTS + event("Failed", "no image"))
    assert scene.report().model_dump_json() == scene.report().model_dump_json()
