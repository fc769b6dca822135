"""Small incidents as the usual servers write them: a quiet minute, then a fault. Times are UTC; the same seed writes the same lines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.report import IncidentReport

BEGIN = datetime(2026, 3, 4, 10, 0, 0, tzinfo=UTC)
QUIET, HURT = 60, 100
SPACE = UUID("8f3c2a52-1f0e-5c4d-9b3a-3c2b1a0f9e8d")


def iso(second: float, begin: datetime = BEGIN) -> str:
    return (begin + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Scene:
    """Files under way. `fault` is the second at which it begins."""

    question: str = "Customers complain. What is wrong?"
    fault: float = QUIET
    files: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(7))  # lines for a test

    def add(self, name: str, second: float, line: str) -> "Scene":
        self.files.setdefault(name, []).append((second, line))
        return self

    def text(self, name: str, text: str) -> "Scene":
        self.texts[name] = text if text.endswith("\n") else text + "\n"
        return self

    def change(self, name: str, second: float, text: str) -> "Scene":
        return self.add(name, second, f"{iso(second)[:19]}Z {text}")

    def every(self, seconds: Iterable[float], write: Callable[[float], tuple[str, str]]) -> "Scene":
        for second in seconds:
            name, line = write(second)
            self.add(name, second, line)
        return self

    def app(self, name: str, level: str, message: str, seconds: Iterable[float], **fields: object) -> "Scene":
        more = "".join(f' {k}="{v}"' if " " in str(v) else f" {k}={v}" for k, v in fields.items())
        return self.every(seconds, lambda s: (f"{name}.log", f'ts={iso(s)} level={level} svc={name} msg="{message}"{more}'))

    def serving(self, name: str = "shop-api", *, seconds: Iterable[float] | None = None) -> "Scene":
        """Ordinary work over the whole time."""
        for s in seconds or range(QUIET + HURT):
            self.app(name, "info", "handled", [s + 0.2], path=f"/api/items/{self.random.randint(1, 99)}", ms=self.random.randint(3, 12))
        return self

    def http(  # one view of clients and one access log, told by shares after the fault
        self,
        *,
        failing: float = 0.0,
        status: int = 500,
        slow_ms: int = 0,
        rate: float = 6,
        surge: float = 1.0,
        route: str = "/api/orders",
        since: float | None = None,
    ) -> "Scene":
        since = self.fault if since is None else since
        rows = ["time,requests,http_2xx,http_3xx,http_4xx,http_5xx,no_response,p50_ms,p95_ms"]
        for s in range(QUIET + HURT):
            after = s >= since
            count = max(1, round(rate * (surge if after else 1) + self.random.randint(-1, 1)))
            bad = sum(self.random.random() < failing for _ in range(count)) if after else 0
            slow = slow_ms if after else 0
            b4, b5 = (bad, 0) if 400 <= status < 500 else (0, bad)
            p50, p95 = 5 + slow + self.random.randint(0, 3), 20 + 2 * slow + self.random.randint(0, 9)
            rows.append(f"{iso(s)[:19]}Z,{count},{count - bad},0,{b4},{b5},0,{p50},{p95}")
            for i in range(count):
                code = status if i < bad else 200
                took = (0.01 + slow / 1000) * (1 + self.random.random() / 4)
                path = route if i % 2 == 0 or i < bad else f"/api/items/{self.random.randint(1, 50)}"
                stamp = (BEGIN + timedelta(seconds=s)).strftime("%d/%b/%Y:%H:%M:%S +0000")
                client = f"203.0.113.{self.random.randint(2, 40)}"
                times = f'rt={took:.3f} uct="0.000" urt="{took:.3f}" ua="10.40.1.11:8080"'
                self.add("nginx-access.log", s + i / 100, f'{client} - - [{stamp}] "GET {path} HTTP/1.1" {code} 53 "-" "Shop/1.9" {times}')
        return self.text("clients_http.csv", "\n".join(rows))

    def metric(self, name: str, columns: dict[str, Callable[[float], float]]) -> "Scene":
        rows = [",".join(["time", *columns])]
        rows += [",".join([f"{iso(s)[:19]}Z", *(f"{value(s):g}" for value in columns.values())]) for s in range(QUIET + HURT)]
        return self.text(name, "\n".join(rows))

    def evidence(self) -> dict[str, str]:
        logs = {name: "\n".join(line for _, line in sorted(lines, key=lambda pair: pair[0])) + "\n" for name, lines in self.files.items()}
        return {**logs, **self.texts}

    def insights(self) -> list[tuple[Insights, str]]:
        return [(examine(name, text), text) for name, text in sorted(self.evidence().items())]

    def report(self) -> IncidentReport:
        return judged(self.question, self.insights())


def examine(name: str, text: str) -> Insights:
    data = text.encode()
    return analyse(data, classify(data[:262_144], name), evidence_id=uuid5(SPACE, name), name=name, now=BEGIN + timedelta(days=1))


def context(prepared: list[tuple[Insights, str]], **more: object) -> Context:
    texts = {insights.evidence_id: text for insights, text in prepared}
    base = {"job_id": uuid5(SPACE, "job"), "tenant": "test", "correlation_id": "c1", "created_at": BEGIN, "texts": texts}
    return Context(**{**base, **more})  # type: ignore[arg-type]  # a table of fields


def judged(question: str, prepared: list[tuple[Insights, str]]) -> IncidentReport:
    return reason(merge(question, [insights for insights, _ in prepared]), SearchResult(model="none"), context(prepared))


def after(fault: float, step: float = 1.0, delay: float = 0.5) -> list[float]:
    """Seconds after a fault, `step` apart."""
    count = int((QUIET + HURT - fault - delay) / step)
    return [fault + delay + i * step for i in range(max(count, 1))]


def jump(at: float, low: float, high: float) -> Callable[[float], float]:
    return lambda s: high if s >= at else low


def ramp(at: float, low: float, per_second: float, limit: float = 1e18) -> Callable[[float], float]:
    return lambda s: low if s < at else min(limit, low + (s - at) * per_second) if per_second > 0 else max(0.0, low + (s - at) * per_second)
