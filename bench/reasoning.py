"""Reasoning alone, once insights exist: a cascade in 20 files with 200,000 lines, and inputs made to hurt."""

import json
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from bench.inprocess import prepare
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.report import IncidentReport

GOAL_S: Final = 5.0
_BEGIN: Final = datetime(2026, 3, 4, 10, tzinfo=UTC)
_ROUNDS: Final = 3
_HURT: Final = 0.6
"""Share of the time after which the fault shows."""
_FAILING: Final = 0.3
"""Share of the lines of a failing service that tell of it."""
_CALLED: Final = 8
"""Files that are touched by the fault."""
Files = Mapping[str, str]


def cascade(files: int = 20, lines: int = 200_000, seed: int = 11) -> Files:
    """Services in four formats, of which one loses its database's connections after a release; whoever calls it fails too, later."""
    random = Random(seed)  # reproducible, not secret
    each = lines // files
    found = {"deploy.log": f"{_at(_HURT * 3600)} deploybot: orders-api 2.3.4 -> 2.4.0 rollout finished\n"}
    writers: tuple[Callable[[Random, str, float, float], str], ...] = (_json, _logfmt, _plain, _access)
    for number in range(files - 2):
        name = ("orders-api", "checkout-api", "edge")[number] if number < 3 else f"service-{number:02d}"
        write = _access if name == "edge" else writers[number % len(writers)]
        found[f"{name}.log"] = "\n".join(
            write(random, name, s * 3600 / each, _FAILING if s > each * (_HURT + 0.01 * number) and number < _CALLED else 0.0)
            for s in range(each)
        )
    found["clients_http.csv"] = "\n".join(_view(random, each))
    return found


def _at(second: float) -> str:
    return (_BEGIN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _failing(random: Random) -> str:
    host = f"10.0.{random.randint(0, 3)}.{random.randint(1, 250)}"
    return random.choice(
        (
            'FATAL: remaining connection slots are reserved, connection to server at "db01" (10.0.0.5), port 5432 failed',
            f"upstream timed out after {random.randint(900, 5000)} ms while reading from {host}:8080",
            f"psycopg2.OperationalError: connection pool exhausted ({random.randint(20, 40)} of 40 in use)",
        )
    )


def _json(random: Random, name: str, second: float, failing: float) -> str:
    failed = random.random() < failing
    text = _failing(random) if failed else f"handled GET /api/items/{random.randint(1, 9999)}"
    level = "error" if failed else "info"
    return json.dumps(
        {
            "ts": _at(second),
            "level": level,
            "svc": name,
            "msg": text,
            "ms": random.randint(1, 900),
            "trace": f"{random.getrandbits(64):016x}",
        }
    )


def _logfmt(random: Random, name: str, second: float, failing: float) -> str:
    failed = random.random() < failing
    text = _failing(random).replace('"', "'") if failed else f"job {random.randint(1, 99999)} done"
    return f'ts={_at(second)} level={"error" if failed else "info"} svc={name} msg="{text}" took={random.randint(1, 900)}ms'


def _plain(random: Random, name: str, second: float, failing: float) -> str:
    failed = random.random() < failing
    return (
        f"{_at(second)} {'ERROR' if failed else 'INFO'} [{name}] {_failing(random) if failed else 'tick ' + str(random.randint(1, 99999))}"
    )


def _access(random: Random, _: str, second: float, failing: float) -> str:
    stamp = (_BEGIN + timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    code = 500 if random.random() < failing else 200
    asked, took = f"GET /api/orders/{random.randint(1, 9999)} HTTP/1.1", f"rt=0.{random.randint(1, 900):03d}"
    return f'203.0.113.{random.randint(1, 200)} - - [{stamp}] "{asked}" {code} 53 "-" "Shop/1.9" {took}'


def _view(random: Random, rows: int) -> Iterator[str]:
    yield "time,requests,http_2xx,http_4xx,http_5xx,no_response,p50_ms"
    for row in range(rows):
        bad = random.randint(20, 40) if row > rows * _HURT else 0
        yield f"{_at(row * 3600 / rows)},{100},{100 - bad},0,{bad},0,{random.randint(4, 9)}"


def ready(files: Files) -> tuple[MergedInsights, Context]:
    """Insights of every file, merged: what the stages before have done."""
    prepared = [prepare(name, text.encode(), datetime(2026, 3, 5, tzinfo=UTC)) for name, text in files.items()]
    texts = {insights.evidence_id: text for insights, text, _ in prepared}
    context = Context(uuid.UUID(int=1), "bench", "bench", _BEGIN, texts=texts)
    return merge("Orders fail. What happened?", [insights for insights, _, _ in prepared]), context


def timed(merged: MergedInsights, context: Context, rounds: int = _ROUNDS) -> tuple[float, IncidentReport]:
    """CPU seconds of the quickest round, and the report."""
    best, report = float("inf"), None
    for _ in range(rounds):
        began = time.process_time()
        report = reason(merged, SearchResult(model="none"), context)
        best = min(best, time.process_time() - began)
    assert report is not None  # there is a round
    return best, report


def grown(merged: MergedInsights, context: Context) -> float:
    """Bytes at the peak beyond the insights and texts, by byte of text."""
    tracemalloc.start()
    reason(merged, SearchResult(model="none"), context)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / max(sum(len(text) for text in context.texts.values()), 1)


def hostile() -> Iterator[tuple[str, Files]]:
    """Inputs that nobody should hand in, and somebody will."""
    error = "2026-03-04T10:00:00Z ERROR [api] connection refused to 10.0.0.5:5432\n"
    yield "one line of 5 MB", {"app.log": "2026-03-04T10:00:00Z ERROR " + "connect failed timeout=30s key=value " * 140_000}
    yield "200,000 equal errors", {"app.log": error * 200_000}
    yield "200,000 errors that all differ", {"app.log": "".join(f"2026-03-04T10:00:00Z ERROR {_word(n)} failed\n" for n in range(200_000))}
    yield "200 files", {f"service-{n}.log": error * 50 + f"2026-03-04T10:01:00Z INFO done {n}\n" for n in range(200)}
    yield "opening brackets", {"app.log": "2026-03-04T10:00:00Z ERROR failed " + "([{<" * 200_000}
    yield "digits and dots", {"app.log": "2026-03-04T10:00:00Z ERROR refused " + "1.1.1.1:" * 100_000}


def _word(number: int) -> str:
    return "".join(chr(97 + (number >> shift) % 26) for shift in (0, 3, 6, 9, 12))


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, figure and note of each measurement."""
    merged, context = ready(cascade())
    took, report = timed(merged, context)
    yield (
        "reason, 20 files, 200,000 lines",
        f"{took:.2f} s",
        f"CPU; goal < {GOAL_S:.0f} s; {report.verdict}: {report.hypotheses[0].component}",
    )
    yield "reason, memory beyond the texts", f"{grown(merged, context):.1f} x", "bytes at the peak by byte of text"
    for name, files in hostile():
        took, report = timed(*ready(files), rounds=1)
        yield f"reason, {name}", f"{took:.2f} s", f"CPU; goal < {GOAL_S:.0f} s; {report.verdict}"
