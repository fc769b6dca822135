"""An incident of our own making: a release shrinks a connection pool, payments wait for connections and fail."""

import json
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
BROKEN = timedelta(minutes=10)
"""After which the release is out."""
QUESTION = "Why do payments fail since about 09:10?"


def _stamp(after: timedelta) -> str:
    return (BEGIN + after).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log(minutes: int = 20) -> bytes:
    """The log of the payments API, JSON lines; customers are named, as in real logs."""
    lines: list[dict[str, str | int]] = [
        {"time": _stamp(timedelta()), "level": "info", "service": "payments-api", "msg": "payments-api started", "version": "7.3.0"}
    ]
    for second in range(1, minutes * 60, 2):
        after = timedelta(seconds=second)
        broken = after >= BROKEN
        lines.append(
            {
                "time": _stamp(after),
                "level": "info",
                "service": "payments-api",
                "msg": "request",
                "method": "POST",
                "path": "/payments",
                "status": 503 if broken and second % 3 else 200,
                "duration_ms": 3000 if broken else 20 + second % 7,
                "customer": f"customer{second % 40}@payments-customers.net",
                "client": f"203.0.113.{second % 250}",
            }
        )
        if after == BROKEN + timedelta(seconds=1):
            lines.append(
                {"time": _stamp(after), "level": "info", "service": "payments-api", "msg": "configuration reloaded, pool max_connections=2"}
            )
        if broken and second % 3:
            lines.append(
                {
                    "time": _stamp(after),
                    "level": "error",
                    "service": "payments-api",
                    "msg": f"connection pool exhausted: no connection within 3000 ms (max 2, in use 2, waiting {second % 60})",
                    "customer": f"customer{second % 40}@payments-customers.net",
                }
            )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


DIFF = f"""\
commit 4f1c2d9
Date:   {(BEGIN + BROKEN).isoformat()}

    payments-api: tune the connection pool

diff --git a/payments-api.yaml b/payments-api.yaml
--- a/payments-api.yaml
+++ b/payments-api.yaml
@@ -1,8 +1,8 @@
 service: payments-api
 database:
   host: payments-db
   port: 5432
-  max_connections: 40
+  max_connections: 2
   connection_timeout_ms: 3000
 http:
   port: 8080
""".encode()


def metrics(minutes: int = 20) -> bytes:
    """What the load balancer saw, a row every 10 seconds."""
    rows = ["time,requests_ok,requests_failed,p95_ms,pool_in_use"]
    for step in range(minutes * 6):
        after = timedelta(seconds=10 * step)
        ok, failed, p95, used = (2, 3, 3005 + step % 3, 2) if after >= BROKEN else (5, 0, 31 + step % 5, 6 + step % 4)
        rows.append(f"{_stamp(after)},{ok},{failed},{p95},{used}")
    return ("\n".join(rows) + "\n").encode()


RUNBOOK = b"""\
# Connection pool exhausted

## Symptoms
Requests time out while they wait for a database connection; the log says `connection pool exhausted`.

## What to do
1. Compare `max_connections` of the service with the value before the last release.
2. Raise it again, or roll the release back.
3. Watch `pool_in_use` for ten minutes.
"""

FILES = (("payments-api.log", log()), ("payments-api.diff", DIFF), ("gateway.csv", metrics()))
