# ruff: noqa: E501 - samples are written as the tools print them
import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.consumers.process.commands.kubernetes.naming import workload
from faultmaven_events.schemas.insight import Insights


def read(text: str) -> Insights:
    return analysed(analyse_command, text, "out.txt", "command_output", "kubectl")


PODS = """\
NAMESPACE   NAME                      READY   STATUS                  RESTARTS        AGE
shop        cart-7c9d8b6f5d-x2x4z     0/1     CrashLoopBackOff        12 (2m ago)     3h
shop        pay-5f6d7c8b9-bcdfg       0/1     ImagePullBackOff        0               10m
shop        web-5f6d7c8b9-bcdfg       1/1     Running                 0               10d
shop        mail-0                    1/2     Running                 0               10d
shop        old-worker-xyz42          0/1     Evicted                 0               1d
shop        fresh-5f6d7c8b9-bcdfg     0/1     ContainerCreating       0               5s
shop        import-28912340-x9x9x     0/1     Init:OOMKilled          3 (1m ago)      1h
shop        flaky-5f6d7c8b9-bcdfg     1/1     Running                 40 (4m ago)     2d
"""


def test_pods_in_a_bad_state_are_told_with_their_workload_and_restarts() -> None:
    found = {str(fact.component): fact for fact in of_kind(read(PODS), "unhealthy")}
    assert {name: fact.attributes["reason"] for name, fact in found.items()} == {
        "cart": "CrashLoopBackOff",
        "pay": "ImagePullBackOff",
        "mail-0": "NotReady",
        "old-worker-xyz42": "Evicted",
        "import": "Init:OOMKilled",
    }
    assert "restarted 12 times (last 2m ago)" in found["cart"].text
    assert found["cart"].citations[0].line_start == 2


def test_a_running_pod_that_was_restarted_lately_is_a_restart() -> None:
    (fact,) = of_kind(read(PODS), "restart")
    assert (fact.component, fact.attributes["restarts"]) == ("flaky", 40)


def test_pseudonyms_longer_than_their_column_move_no_cell() -> None:
    text = PODS.replace(
        "cart-7c9d8b6f5d-x2x4z     0/1     CrashLoopBackOff  ",
        "NAME_0a1b2c3d_4e5f6a7b_and_more_text_than_fits   0/1     CrashLoopBackOff  ",
    )
    assert any(fact.attributes["reason"] == "CrashLoopBackOff" for fact in of_kind(read(text), "unhealthy"))


TABLES = {
    "a node": (
        "NAME    STATUS                     ROLES    AGE   VERSION\nnode1   Ready                      worker   9d    v1.30.1\nnode2   NotReady                   worker   9d    v1.30.1\n",
        "unhealthy",
        "node2",
    ),
    "a deployment": (
        "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    3/3     3            3           9d\ncart   1/3     3            1           9d\n",
        "unhealthy",
        "cart",
    ),
    "a claim": (
        "NAME   STATUS    VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   AGE\ndata   Pending                                      fast-ssd       5m\n",
        "unhealthy",
        "data",
    ),
    "a job": ("NAME     STATUS   COMPLETIONS   DURATION   AGE\nreport   Failed   0/1           10m        10m\n", "unhealthy", "report"),
    "endpoints": ("NAME   ENDPOINTS         AGE\nweb    10.1.1.1:80       9d\ncart   <none>            9d\n", "unhealthy", "cart"),
    "a load balancer": (
        "NAME   TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)        AGE\nedge   LoadBalancer   10.0.0.1     <pending>     80:30001/TCP   9h\n",
        "unhealthy",
        "edge",
    ),
    "an autoscaler": (
        "NAME   REFERENCE         TARGETS    MINPODS   MAXPODS   REPLICAS   AGE\nweb    Deployment/shop   99%/60%    2         10        10         9d\n",
        "saturation",
        "shop",
    ),
    "a node's memory": (
        "NAME    CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nnode1   100m         5%     7000Mi          97%\n",
        "saturation",
        "node1",
    ),
    "a quota": (
        "NAME      AGE   REQUEST                                    LIMIT\ncompute   9d    requests.cpu: 4/4, requests.memory: 1Gi/8Gi\n",
        "limit",
        "compute",
    ),
    "a release": (
        "NAME  NAMESPACE  REVISION  UPDATED                              STATUS          CHART       APP VERSION\nshop  prod       7         2026-01-01 10:00:00.1 +0000 UTC      pending-upgrade shop-1.2.0  1.2.0\n",
        "change",
        "shop",
    ),
}


@pytest.mark.parametrize("what", TABLES)
def test_what_is_wrong_in_a_table_is_told_of_its_resource(what: str) -> None:
    text, kind, component = TABLES[what]
    fact = of_kind(read(text), kind)[0]
    assert fact.component == component


def test_a_table_below_other_lines_and_another_table_is_still_read() -> None:
    text = "Warning: v1 is deprecated\nstdout:\n" + TABLES["a deployment"][0] + TABLES["a node"][0]
    assert {fact.component for fact in of_kind(read(text), "unhealthy")} == {"cart", "node2"}


EVENTS = """\
LAST SEEN   TYPE      REASON             OBJECT                     MESSAGE
2m          Normal    Pulled             pod/web-5f6d7c8b9-bcdfg    Container image "web:1" already present on machine
30s         Warning   FailedScheduling   pod/cart-7c9d8b6f5d-x2x4z  0/3 nodes are available: 3 Insufficient memory.
40s         Warning   FailedScheduling   pod/cart-7c9d8b6f5d-z4z2x  0/3 nodes are available: 3 Insufficient memory.
1m          Warning   Unhealthy          pod/pay-5f6d7c8b9-bcdfg    Readiness probe failed: HTTP probe failed with statuscode: 503
5m          Normal    ScalingReplicaSet  deployment/cart            Scaled up replica set cart-7c9d8b6f5d to 5
"""


def test_warnings_are_told_once_per_reason_and_workload_and_changes_as_changes() -> None:
    insights = read(EVENTS)
    events = {fact.attributes["reason"]: fact for fact in of_kind(insights, "event")}
    assert set(events) == {"FailedScheduling", "Unhealthy"}
    assert (events["FailedScheduling"].count, events["FailedScheduling"].component) == (2, "cart")
    assert "Insufficient memory" in events["FailedScheduling"].text
    assert [fact.component for fact in of_kind(insights, "change")] == ["cart"]


POD = """\
Name:             cart-7c9d8b6f5d-x2x4z
Namespace:        shop
Node:             node1/10.0.0.4
Labels:           app=cart
Status:           Running
Controlled By:    ReplicaSet/cart-7c9d8b6f5d
Containers:
  cart:
    Image:         registry.test/cart:2.1.0
    Command:
      /bin/cart
      --workers=8
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Ready:          False
    Restart Count:  14
    Limits:
      memory:  128Mi
  sidecar:
    Image:         registry.test/proxy:1
    State:          Running
    Ready:          True
    Restart Count:  0
Conditions:
  Type              Status
  Ready             False
QoS Class:          Burstable
Events:
  Type     Reason   Age                   From     Message
  ----     ------   ----                  ----     -------
  Warning  BackOff  3m6s (x896 over 4h2m) kubelet  Back-off restarting failed container cart
  Warning  BackOff  3m6s (x896 over 4h2m)  kubelet  Back-off restarting failed container cart
"""


def test_a_container_killed_for_its_memory_is_told_with_limit_exit_code_and_command() -> None:
    insights = read(POD)
    (limit,) = of_kind(insights, "limit")
    assert (limit.component, limit.attributes["what"], limit.attributes["limit"]) == ("cart", "memory", "128Mi")
    (bad,) = of_kind(insights, "unhealthy")
    assert (bad.attributes["reason"], bad.attributes["exit_code"], bad.attributes["restarts"]) == ("CrashLoopBackOff", "137", 14)
    assert all(part in bad.text for part in ("before: OOMKilled", "SIGKILL", "registry.test/cart:2.1.0", "/bin/cart --workers=8"))
    assert insights.component == "cart"
    assert of_kind(insights, "event")[0].count == 896


NODE = """\
Name:               node1
Unschedulable:      true
Conditions:
  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason                  Message
  ----             ------  -----------------                 ------------------                ------                  -------
  MemoryPressure   True    Mon, 18 Nov 2024 11:27:57 +0100   Mon, 14 Oct 2024 08:10:44 +0200   KubeletLowMemory        kubelet has insufficient memory available
  Ready            Unknown Mon, 18 Nov 2024 11:27:57 +0100   Mon, 14 Oct 2024 08:10:57 +0200   NodeStatusUnknown       Kubelet stopped posting node status.
Capacity:
  pods:               17
Allocatable:
  pods:               17
Non-terminated Pods:          (17 in total)
  Namespace                   Name     CPU Requests
Allocated resources:
  Resource           Requests      Limits
  --------           --------      ------
  cpu                1900m (98%)   0 (0%)
"""


def test_a_nodes_pressure_and_fullness_are_told() -> None:
    insights = read(NODE)
    assert {fact.attributes["reason"] for fact in of_kind(insights, "unhealthy")} >= {"MemoryPressure", "Unschedulable"}
    assert {fact.attributes["series"] for fact in of_kind(insights, "saturation")} == {"node1 pods", "node1 cpu requests"}


def test_a_job_is_told_with_what_it_ran() -> None:
    text = "Name:           load\nNamespace:      shop\nBackoff Limit:  2\nPods Statuses:  0 Active (0 Ready) / 0 Succeeded / 3 Failed\nPod Template:\n  Service Account:  loader\n  Containers:\n   main:\n    Image:  curl:8\n    Command:\n      curl\n      http://stock.shop.test/all\nEvents:  <none>\n"
    (fact,) = of_kind(read(text), "unhealthy")
    assert all(part in fact.text for part in ("3 pods failed", "backoff limit 2", "loader", "curl http://stock.shop.test/all"))


def test_a_pending_claim_names_its_class_and_who_waits() -> None:
    text = "Name:          data\nNamespace:     shop\nStorageClass:  fast-ssd\nStatus:        Pending\nAccess Modes:\nUsed By:       db-0\nEvents:        <none>\n"
    (fact,) = of_kind(read(text), "unhealthy")
    assert all(part in fact.text for part in ("shop/data is Pending", "fast-ssd", "db-0"))


@pytest.mark.parametrize(
    ("pod", "name"),
    [("cart-7c9d8b6f5d-x2x4z", "cart"), ("mail-0", "mail-0"), ("agent-x9x9x", "agent"), ("import-28912340-x9x9x", "import"), ("web-https", "web-https"), ("api-server", "api-server"), ("", "")],
)  # fmt: skip
def test_the_workload_of_a_pods_name(pod: str, name: str) -> None:
    assert workload(pod) == name


@pytest.mark.parametrize(
    "text",
    [
        "Name:  x\n" * 2000,
        "Name:   x\n" + "".join(" " * n + "k:\n" for n in range(400)),
        PODS[:200],
        "NAME   READY   STATUS   RESTARTS   AGE\n" + "x\n" * 100,
        POD[:500],
        "\x1b[31m" * 500,
    ],
)
def test_damaged_output_gives_an_answer(text: str) -> None:
    read(text)


def test_colours_hide_nothing() -> None:
    coloured = PODS.replace("CrashLoopBackOff", "\x1b[31mCrashLoopBackOff\x1b[0m")
    assert any(fact.attributes["reason"] == "CrashLoopBackOff" for fact in of_kind(read(coloured), "unhealthy"))
