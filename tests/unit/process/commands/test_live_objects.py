# ruff: noqa: E501 - samples are written as kubectl prints them
import json

import pytest
from ruamel.yaml import YAML
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.consumers.process.commands.kubernetes.live import live
from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.schemas.insight import Insights

LIST = """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    creationTimestamp: "2024-05-02T09:00:00Z"
    managedFields:
    - apiVersion: v1
      fieldsV1: {}
    name: cart-7c9d8b6f5d-x2x4z
    namespace: shop
    ownerReferences:
    - apiVersion: apps/v1
      controller: true
      kind: ReplicaSet
      name: cart-7c9d8b6f5d
  spec:
    containers:
    - command: ["./cart"]
      image: registry.local/cart:1.4
      name: cart
      resources:
        limits:
          memory: 256Mi
  status:
    containerStatuses:
    - lastState:
        terminated:
          exitCode: 137
          finishedAt: "2024-05-02T10:02:03Z"
          reason: OOMKilled
      name: cart
      ready: false
      restartCount: 12
      state:
        waiting:
          message: 'back-off 5m0s restarting failed container=cart
            pod=cart-7c9d8b6f5d-x2x4z'
          reason: CrashLoopBackOff
    phase: Running
- apiVersion: v1
  kind: Pod
  metadata:
    name: big-0
    namespace: shop
  spec:
    nodeSelector:
      disk: nvme
  status:
    conditions:
    - lastTransitionTime: "2024-05-02T10:00:00Z"
      message: '0/3 nodes are available: 3 node(s) didn''t match.'
      reason: Unschedulable
      status: "False"
      type: PodScheduled
    phase: Pending
- apiVersion: v1
  kind: Pod
  metadata:
    name: web-0
    namespace: shop
  status:
    containerStatuses:
    - name: web
      ready: true
      restartCount: 0
      state:
        running:
          startedAt: "2024-05-01T10:00:00Z"
    phase: Running
- apiVersion: v1
  kind: Node
  metadata:
    name: node2
  spec:
    unschedulable: true
  status:
    conditions:
    - message: kubelet has disk pressure
      reason: KubeletHasDiskPressure
      status: "True"
      type: DiskPressure
    - message: Kubelet stopped posting node status.
      reason: NodeStatusUnknown
      status: Unknown
      type: Ready
- apiVersion: v1
  kind: Event
  count: 8
  firstTimestamp: "2024-05-02T10:00:00Z"
  involvedObject:
    kind: Pod
    name: cart-7c9d8b6f5d-x2x4z
    namespace: shop
  lastTimestamp: "2024-05-02T10:10:00Z"
  message: 'Readiness probe failed: HTTP probe failed with statuscode: 503'
  metadata:
    name: cart.1
  reason: Unhealthy
  type: Warning
kind: List
metadata:
  resourceVersion: ""
"""


def read(text: str, name: str = "pods.yaml") -> Insights:
    return analysed(analyse_config, text, name, "config", "kubernetes")


def as_json(text: str) -> str:
    return json.dumps(YAML(typ="safe", pure=True).load(text), indent=2, default=str)


@pytest.mark.parametrize("written", [str, as_json], ids=["yaml", "json"])
def test_a_list_of_objects_tells_what_their_status_says(written: type[str]) -> None:
    text = written(LIST)
    insights = read(text)
    found = {(fact.attributes["what"], fact.attributes["name"], fact.attributes["reason"]): fact for fact in of_kind(insights, "unhealthy")}
    assert found.keys() == {
        ("Container", "cart-7c9d8b6f5d-x2x4z", "CrashLoopBackOff"),
        ("Pod", "big-0", "Unschedulable"),
        ("Node", "node2", "DiskPressure"),
        ("Node", "node2", "NotReady"),
        ("Node", "node2", "Unschedulable"),
    }
    crash = found["Container", "cart-7c9d8b6f5d-x2x4z", "CrashLoopBackOff"]
    assert crash.component == "cart"
    assert (crash.attributes["restarts"], crash.attributes["exit_code"], crash.attributes["last"]) == (12, "137", "OOMKilled")
    assert "it runs `./cart`; image registry.local/cart:1.4" in crash.text
    assert "CrashLoopBackOff" in crash.citations[0].quote
    assert "disk=nvme" in found["Pod", "big-0", "Unschedulable"].text


@pytest.mark.parametrize("written", [str, as_json], ids=["yaml", "json"])
def test_a_container_killed_for_its_memory_is_a_limit_with_its_time(written: type[str]) -> None:
    (limit,) = of_kind(read(written(LIST)), "limit")
    assert (limit.component, limit.attributes["limit"], limit.level) == ("cart", "256Mi", "error")
    assert limit.at is not None
    assert f"{limit.at:%H:%M:%S}" == "10:02:03"
    assert "OOMKilled" in limit.citations[0].quote


@pytest.mark.parametrize("written", [str, as_json], ids=["yaml", "json"])
def test_events_are_counted_with_their_times(written: type[str]) -> None:
    (event,) = of_kind(read(written(LIST)), "event")
    assert (event.component, event.count, event.attributes["reason"]) == ("cart", 8, "Unhealthy")
    assert event.at is not None
    assert event.until is not None
    assert "Unhealthy" in event.citations[0].quote


def test_healthy_objects_say_nothing() -> None:
    pod = LIST[LIST.index("- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web-0") : LIST.index("- apiVersion: v1\n  kind: Node")]
    status = live("apiVersion: v1\nitems:\n" + pod + "kind: List\n")
    assert status.notes == ()


def test_bad_practice_of_a_live_object_ranks_behind_its_status() -> None:
    facts = read(LIST).facts
    kinds = [fact.kind for fact in facts]
    assert "config_finding" in kinds
    assert kinds.index("config_finding") > max(place for place, kind in enumerate(kinds) if kind in {"unhealthy", "limit"})


OTHERS = {
    "a deployment": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\nstatus:\n  conditions:\n  - type: Available\n    status: 'False'\n    reason: MinimumReplicasUnavailable\n  readyReplicas: 1\n",
        ["1/3 ready", "MinimumReplicasUnavailable"],
    ),
    "a claim": (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec:\n  storageClassName: fast\nstatus:\n  phase: Pending\n",
        ["Pending"],
    ),
    "a job": (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: import-28912340\nspec:\n  backoffLimit: 2\nstatus:\n  failed: 3\n  conditions:\n  - type: Failed\n    status: 'True'\n    reason: BackoffLimitExceeded\n",
        ["pods failed", "Failed"],
    ),
    "an autoscaler without figures": (
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: web\nspec:\n  maxReplicas: 5\nstatus:\n  currentReplicas: 2\n  conditions:\n  - type: ScalingActive\n    status: 'False'\n    reason: FailedGetResourceMetric\n",
        ["no metrics"],
    ),
    "a service without endpoints": (
        "apiVersion: v1\nkind: Endpoints\nmetadata:\n  name: web\nsubsets:\n- notReadyAddresses:\n  - ip: 10.0.0.1\n",
        ["no endpoints"],
    ),
    "an object of an operator": (
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  name: tls\nstatus:\n  conditions:\n  - type: Ready\n    status: 'False'\n    reason: DoesNotExist\n    message: Issuing certificate as Secret does not exist\n",
        ["NotReady"],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_status_of_other_objects_says(name: str) -> None:
    text, reasons = OTHERS[name]
    assert [fact.attributes["reason"] for fact in of_kind(read(text), "unhealthy")] == reasons


def test_an_autoscaler_at_its_maximum_is_saturated() -> None:
    text = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: web\nspec:\n  maxReplicas: 5\nstatus:\n  currentReplicas: 5\n"
    (fact,) = of_kind(read(text), "saturation")
    assert (fact.attributes["limit"], fact.citations[0].line_start) == (5.0, 8)


def test_pods_of_one_workload_in_the_same_state_are_told_once() -> None:
    pods = "".join(
        f"- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: cart-7c9d8b6f5d-x2x4{letter}\n  status:\n    containerStatuses:\n"
        "    - name: cart\n      restartCount: 0\n      state:\n        waiting:\n          reason: ImagePullBackOff\n    phase: Pending\n"
        for letter in "bcdfghj"
    )
    (fact,) = of_kind(read(f"apiVersion: v1\nitems:\n{pods}kind: List\n"), "unhealthy")
    assert fact.count == 7
    assert "and 3 more" in fact.text


def test_yaml_inside_a_transcript_is_read_with_the_lines_of_the_transcript() -> None:
    text = "$ date\nThu May  2 10:20:00 UTC 2024\n$ kubectl get pods -n shop -o yaml\n" + LIST
    insights = analysed(analyse_command, text, "out.txt", "command_output", "kubectl")
    crash = next(fact for fact in of_kind(insights, "unhealthy") if fact.attributes["reason"] == "CrashLoopBackOff")
    assert "CrashLoopBackOff" in crash.citations[0].quote


@pytest.mark.parametrize("cut", range(200, len(LIST), 177))
def test_a_list_that_breaks_off_is_read_until_there(cut: int) -> None:
    analysed(analyse_config, LIST[:cut], "pods.yaml", "config", "kubernetes")
    analysed(analyse_config, as_json(LIST)[:cut], "pods.json", "config", "kubernetes")


def test_a_broken_object_costs_only_itself() -> None:
    insights = read(LIST.replace("name: big-0", "name: 'big-0"))
    assert {"cart-7c9d8b6f5d-x2x4z", "node2"} <= {fact.attributes["name"] for fact in of_kind(insights, "unhealthy")}
    assert "objects: the status of 1 was not read (damaged, or too many)" in insights.truncated


def test_hostile_objects_are_bounded() -> None:
    deep = '{"apiVersion": "v1", "kind": "Pod", "status": ' + "[" * 100_000
    live(deep)
    live("apiVersion: v1\nkind: Pod\nstatus: &a [*a, *a]\n")
    live(
        "apiVersion: v1\nkind: Pod\nmetadata: 3\nstatus:\n  phase: [Failed]\n  reason: {a: b}\n  containerStatuses: {a: 1}\n  conditions: [1, {type: Ready, status: 'False', lastTransitionTime: 9}]\n"
    )
