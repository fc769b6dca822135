"""Incidents by mechanism: what the servers would write, and what a good answer names."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.reason.scene import BEGIN, HURT, QUIET, Scene, after, iso, jump, ramp

T = QUIET
PG = "postgresql.log"


@dataclass(frozen=True)
class Expected:
    """Names of the component, categories, and words of which the statement must hold one per group."""

    components: tuple[str, ...]
    categories: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]


FAULTS: dict[str, tuple[Callable[[], Scene], Expected]] = {}


def fault(name: str, components: str, categories: str, *words: str) -> Callable[[Callable[[], Scene]], Callable[[], Scene]]:
    def keep(build: Callable[[], Scene]) -> Callable[[], Scene]:
        FAULTS[name] = (
            build,
            Expected(tuple(components.split("|")), tuple(categories.split("|")), tuple(tuple(w.split("|")) for w in words)),
        )
        return build

    return keep


def pg(second: float, who: str, text: str, pid: int = 200) -> str:
    stamp = iso(second)[:-1].replace("T", " ")
    return f"{stamp} UTC [{pid}] {who} {text}"


def shop(question: str = "Customers complain. What is wrong?") -> Scene:
    scene = Scene(question=question)
    scene.add(
        "shop-api.log",
        0,
        f"ts={iso(0)} level=info svc=shop-api msg=start version=3.1.0 db=postgresql://shop_app@db01:5432/shop cache=redis://cache01:6379/0 stock=http://stock01:7100",
    )
    scene.add(PG, 0, pg(0, "", "LOG:  starting PostgreSQL 15.6 on x86_64-pc-linux-gnu", 60))
    return scene.serving()


@fault(
    "a long transaction of an ad-hoc session locks a table",
    "postgresql|db01|report|monthly",
    "data|config|human|dependency|capacity",
    "lock",
    "transaction|report|holds",
)
def _lock() -> Scene:
    s = shop("Orders hang for a while now, browsing is fine.").http(failing=0.5, status=504, slow_ms=900)
    s.add("cron.log", T, "Mar  4 10:01:00 db01 CRON[311]: (report) CMD (psql -X -f /srv/report/monthly.sql)")
    s.add(PG, T, pg(T, "report@shop/psql", "LOG:  statement: lock table orders in access exclusive mode", 301))
    for n in after(T, 2):
        s.add(
            PG,
            n + 1,
            pg(
                n + 1,
                "shop_app@shop/shop-api",
                f"LOG:  process {400 + int(n)} still waiting for RowExclusiveLock on relation 16412 of database 16384 after 1000.{int(n)} ms",  # noqa: E501 # as the server writes it
                400 + int(n),
            ),
        )
        s.add(
            PG,
            n + 1.01,
            pg(n + 1.01, "shop_app@shop/shop-api", "DETAIL:  Process holding the lock: 301. Wait queue: 402, 403.", 400 + int(n)),
        )
    s.app(
        "shop-api", "error", "order failed", after(T, 1.5, 5), err="psycopg2.errors.QueryCanceled: canceling statement due to lock timeout"
    )
    return s.metric(
        "pg_stat.csv",
        {"backends": jump(T, 6, 22), "active": jump(T, 1, 18), "waiting_on_lock": ramp(T, 0, 0.3, 17), "xact_commit": ramp(0, 100, 5)},
    )


@fault(
    "the disk is full after verbose logging was switched on",
    "media|media-api",
    "resource_exhaustion|config|human",
    "no space|disk",
    "full|space",
)
def _disk() -> Scene:
    s = shop("Uploads of pictures fail.").http(failing=0.6, status=500, route="/media/upload", since=T + 30)
    s.change("deploy.log", T, "deploybot: media-api config: trace log of bodies on (LOG_BODIES=1), reload")
    s.app("media-api", "info", "stored", range(QUIET + 25), kb=120)
    s.app("media-api", "error", "store failed", after(T + 30), err="OSError: [Errno 28] No space left on device: '/srv/media/tmp/up-1'")
    s.metric("disk.csv", {"media_disk_free_mb": ramp(T, 900, -30), "media_disk_used_pct": ramp(T, 55, 1.5, 100)})
    return s.text(
        "df.txt", "$ df -h /srv/media\nFilesystem      Size  Used Avail Use% Mounted on\n/dev/vdb1       1.0G  1.0G     0 100% /srv/media\n"
    )


@fault("the load balancer checks a path that does not exist", "haproxy", "config|human", "health|check|httpchk", "404|path|wrong status")
def _health() -> Scene:
    s = Scene(question="All pages answer 503 but the servers say they are fine.")
    s.serving("web-1").serving("web-2").http(failing=1.0, status=503)
    s.change("changes.log", T, "ops: haproxy.cfg reload (uniform health path /status, longer queue)")
    s.text(
        "haproxy.cfg.diff",
        "--- haproxy.cfg.old\n+++ haproxy.cfg\n@@ -10,7 +10,7 @@\n backend web\n     balance roundrobin\n-    option httpchk GET /healthz\n+    option httpchk GET /status\n-    timeout queue 5s\n+    timeout queue 8s\n     server web-1 10.40.1.11:8080 check\n     server web-2 10.40.1.12:8080 check\n",  # noqa: E501 # as the server writes it
    )
    for n in (1, 2):
        s.add(
            "syslog.log",
            T + n,
            f'Mar  4 10:01:0{n} edge01 haproxy[49]: Server web/web-{n} is DOWN, reason: Layer7 wrong status, code: 404, info: "Not Found", check duration: 2ms. {2 - n} active and 0 backup servers left.',  # noqa: E501 # as the server writes it
        )
    s.add("syslog.log", T + 3, "Mar  4 10:01:03 edge01 haproxy[49]: backend web has no server available!")
    for n in range(0, QUIET, 2):
        s.add(
            "syslog.log",
            n,
            f'Mar  4 10:00:{n:02d} edge01 haproxy[49]: 203.0.113.9:510{n:02d} [04/Mar/2026:10:00:{n:02d}.100] www web/web-1 0/0/0/3/3 200 142 - - ---- 1/1/0/0/0 0/0 "GET /api/items/1 HTTP/1.1"',  # noqa: E501 # as the server writes it
        )
    return s


@fault(
    "a DNS record was removed in a cleanup",
    "dnsmasq|dns|stock01",
    "network|config|human|dependency|infrastructure",
    "dns|resolve|name",
    "record|nxdomain|removed|not known|resolve",
)
def _dns() -> Scene:
    s = shop("Stock numbers are missing everywhere.").http(failing=0.5, status=502)
    s.change("changes.log", T, "netops: dnsmasq: removed stale records (old-ftp, stock01), reload")
    s.app(
        "shop-api",
        "error",
        "stock lookup failed",
        after(T),
        err="HTTPConnectionPool(host='stock01', port=7100): Max retries exceeded (Caused by NameResolutionError: Failed to resolve 'stock01' ([Errno -2] Name or service not known))",  # noqa: E501 # as the server writes it
    )
    s.every(
        after(T),
        lambda n: ("dnsmasq.log", f"{'Mar  4 10:01:00' if n < 120 else 'Mar  4 10:02:00'} dnsmasq[31]: config stock01 is NXDOMAIN"),
    )
    return s.every(range(QUIET), lambda n: ("dnsmasq.log", f"Mar  4 10:00:{n:02d} dnsmasq[31]: config stock01 is 10.40.1.51"))


@fault(
    "a renewed certificate is served without its intermediate",
    "pay01|nginx|certificate|tls",
    "security|config",
    "certificate",
    "chain|intermediate|issuer|trust",
)
def _chain() -> Scene:
    s = shop("Payments fail since the morning.").http(failing=0.7, status=502, route="/api/pay")
    s.change("ansible.log", T, "TASK [nginx : install renewed certificate pay01.pem] changed: [pay01]")
    s.app(
        "shop-api",
        "error",
        "payment failed",
        after(T),
        err="HTTPSConnectionPool(host='pay01', port=8443): SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:992)'))",  # noqa: E501 # as the server writes it
    )
    return s.text(
        "pay01-cert.txt",
        "$ openssl s_client -connect pay01:8443 -showcerts\n 0 s:CN = pay01\n   i:CN = Shop Issuing CA 2\nVerify return code: 21 (unable to verify the first certificate)\n",  # noqa: E501 # as the server writes it
    )


@fault("the number of workers was cut", "shop-api", "config|capacity|human|resource_exhaustion", "worker", "queue|slow|time out|few|low")
def _workers() -> Scene:
    s = shop("Everything became slow.").http(failing=0.2, status=504, slow_ms=1500)
    s.change("ansible.log", T, "TASK [gunicorn : shop-api settings] changed: [app01] (memory tuning), restart")
    s.text(
        "gunicorn.env.diff",
        "--- /etc/shop-api/gunicorn.env.old\n+++ /etc/shop-api/gunicorn.env\n@@ -1,4 +1,4 @@\n BIND=10.40.1.11:8080\n-WORKERS=8\n+WORKERS=1\n-MAX_REQUESTS=1000\n+MAX_REQUESTS=2000\n LOG=info\n",  # noqa: E501 # as the server writes it
    )
    return s.metric(
        "processes.csv", {"shop_api_threads": jump(T, 17, 3), "shop_api_cpu_pct": jump(T, 20, 35), "shop_api_rss_mb": jump(T, 300, 60)}
    )


@fault(
    "a release leaks memory until the process is killed", "exports|export", "code|resource_exhaustion", "memory", "leak|killed|oom|restart"
)
def _leak() -> Scene:
    s = shop("Exports break off again and again.").http(failing=0.3, status=502, route="/exports", since=T + 30)
    s.change("deploy.log", T, "deploybot: exports 1.4.2 -> 1.5.0 rollout finished (row cache)")
    s.app("exports", "info", "exported", range(0, QUIET + HURT, 2), rows=900)
    for n in (30, 60, 90):
        s.add(
            "supervisord.log",
            T + n,
            f"2026-03-04 10:0{(T + n) // 60}:{(T + n) % 60:02d},100 WARN exited: exports (terminated by SIGKILL; not expected)",
        )
        s.add(
            "supervisord.log",
            T + n + 1,
            f"2026-03-04 10:0{(T + n) // 60}:{(T + n) % 60:02d},900 INFO spawned: 'exports' with pid {300 + n}",
        )
        s.add(
            "kern.log",
            T + n,
            f"Mar  4 10:0{(T + n) // 60}:{(T + n) % 60:02d} app01 kernel: Out of memory: Killed process {200 + n} (exports) total-vm:912000kB, anon-rss:498000kB",  # noqa: E501 # as the server writes it
        )
    return s.metric(
        "processes.csv", {"exports_rss_mb": lambda n: 60 if n < T else 60 + ((n - T) % 30) * 14, "shop_api_rss_mb": lambda _: 80.0}
    )


@fault(
    "redis runs into maxclients", "redis|cache01|shop-api", "resource_exhaustion|config|code", "maxclients|number of clients", "connection"
)
def _clients() -> Scene:
    s = shop("Logins fail now and then.").http(failing=0.4, status=503, since=T + 40)
    s.change("deploy.log", T, "deploybot: shop-api 3.1.0 -> 3.2.0 rollout finished (cache helper)")
    s.app("shop-api", "error", "cache failed", after(T + 40), err="redis.exceptions.ConnectionError: max number of clients reached")
    return s.metric(
        "redis_info.csv",
        {
            "connected_clients": ramp(T, 8, 1.5, 64),
            "rejected_connections": ramp(T + 40, 0, 3),
            "used_memory": lambda _: 2_000_000.0,
            "db0_keys": lambda _: 300.0,
        },
    )


@fault("file descriptors are leaked", "media-api|media", "code|resource_exhaustion", "descriptor|open files", "leak|limit|never closed")
def _descriptors() -> Scene:
    s = shop("Pictures do not load any more.").http(failing=0.7, status=500, route="/media/1", since=T + 50)
    s.change("deploy.log", T, "deploybot: media-api 2.0.1 -> 2.1.0 rollout finished (thumbnails)")
    s.app("media-api", "info", "served", range(QUIET + 45), id=1)
    s.app("media-api", "error", "unhandled error", after(T + 50), err="OSError: [Errno 24] Too many open files: '/srv/media/1.jpg'")
    return s.metric("processes.csv", {"media_api_fds": ramp(T, 20, 4, 256), "media_api_rss_mb": lambda _: 60.0})


@fault(
    "the cache was flushed and the database is overloaded",
    "redis|cache01|cache",
    "human|capacity|config|dependency|data",
    "flush|emptied|empty",
    "database|miss|stampede",
)
def _flush() -> Scene:
    s = shop("The shop became very slow.").http(failing=0.1, status=504, slow_ms=1200)
    s.change("changes.log", T, "ops: redis-cli -h cache01 flushall (stale prices reported by support)")
    s.every(
        after(T),
        lambda n: (
            PG,
            pg(
                n,
                "shop_app@shop/shop-api",
                "LOG:  duration: 1211.393 ms  statement: select * from products p join prices using (sku) where sku='SKU-1'",
            ),
        ),
    )
    s.metric(
        "pg_stat.csv",
        {
            "backends": jump(T, 6, 28),
            "active": jump(T, 1, 24),
            "xact_commit": lambda n: 5 * n if n < T else 300 + 60 * (n - T),
            "tup_returned": ramp(T, 5000, 900_000),
        },
    )
    return s.metric(
        "redis_info.csv",
        {
            "connected_clients": lambda _: 8.0,
            "keyspace_hits": lambda n: 50 * n if n < T else 3000 + 5 * (n - T),
            "keyspace_misses": lambda n: n if n < T else 60 + 50 * (n - T),
            "db0_keys": jump(T, 4000, 30),
        },
    )


@fault("the retry count was raised and multiplies the load", "shop-api|checkout-api", "config|code|human", "retr", "load|storm|often")
def _retries() -> Scene:
    s = shop("Checkout is slow and fails.").http(failing=0.4, status=503, slow_ms=400)
    s.change("changes.log", T, "shop-team: shop-api client.yaml: more patience with stock service, reload")
    s.text(
        "client.yaml.diff",
        "--- client.yaml.orig\n+++ client.yaml\n@@ -1,6 +1,6 @@\n stock:\n   url: http://stock01:7100\n-  retries: 1\n+  retries: 20\n-  backoff_ms: 200\n+  backoff_ms: 0\n   pool: 10\n",  # noqa: E501 # as the server writes it
    )
    s.app("shop-api", "warning", "retrying call", after(T, 0.3), attempt=7, target="stock01:7100", err="503 Service Unavailable")
    s.app("stock", "info", "request", [*range(QUIET), *after(T, 0.1)], path="/stock")
    return s.metric("stock.csv", {"stock_requests": jump(T, 6, 90), "stock_cpu_pct": jump(T, 10, 98)})


@fault("the worker timeout was lowered", "shop-api|gunicorn|reports", "config|human", "worker|timeout", "timeout|kill|abort")
def _worker_timeout() -> Scene:
    s = shop("Reports end with an error page.").http(failing=0.4, status=502, route="/reports")
    s.change("changes.log", T, "ops: shop-api gunicorn.conf.py: faster detection of stuck workers, restart")
    s.text(
        "gunicorn.conf.py.diff",
        "--- gunicorn.conf.py.orig\n+++ gunicorn.conf.py\n@@ -1,4 +1,4 @@\n bind = '10.40.1.11:8080'\n-timeout = 60\n+timeout = 2\n workers = 4\n",  # noqa: E501 # as the server writes it
    )
    s.every(
        after(T, 3), lambda n: ("shop-api.log", f"[{iso(n)[:19].replace('T', ' ')} +0000] [70] [CRITICAL] WORKER TIMEOUT (pid:{int(n)})")
    )
    return s.every(
        after(T, 3),
        lambda n: (
            "nginx-error.log",
            f'2026/03/04 10:0{int(n) // 60}:{int(n) % 60:02d} [error] 81#81: *7{int(n)} upstream prematurely closed connection while reading response header from upstream, client: 203.0.113.5, request: "GET /reports HTTP/1.1", upstream: "http://10.40.1.11:8080/reports"',  # noqa: E501 # as the server writes it
        ),
    )


@fault(
    "the keepalive time of the server is shorter than the proxy's",
    "shop-api|nginx|node",
    "config|code|human",
    "keep-?alive|keepalive",
    "502|closed|reset",
)
def _keepalive() -> Scene:
    s = shop("Now and then a page shows 502.").http(failing=0.15, status=502)
    s.change("changes.log", T, "shop-team: shop-api server.json: release idle sockets earlier, restart")
    s.text(
        "server.json.diff",
        '--- server.json.orig\n+++ server.json\n@@ -1,5 +1,5 @@\n {\n   "port": 8080,\n-  "keep_alive_timeout_ms": 75000,\n+  "keep_alive_timeout_ms": 800,\n   "workers": 4\n }\n',  # noqa: E501 # as the server writes it
    )
    return s.every(
        after(T, 2),
        lambda n: (
            "nginx-error.log",
            f'2026/03/04 10:0{int(n) // 60}:{int(n) % 60:02d} [error] 81#81: *7{int(n)} upstream prematurely closed connection while reading response header from upstream, client: 203.0.113.5, request: "GET /api/orders HTTP/1.1", upstream: "http://10.40.1.11:8080/api/orders"',  # noqa: E501 # as the server writes it
        ),
    )


@fault(
    "the clock of one host is off",
    "shop-api|app02|partner|signer",
    "infrastructure|config|human|external",
    "clock|skew",
    "token|signature|reject",
)
def _clock() -> Scene:
    s = shop("Partner calls are refused although the keys are right.").http(failing=0.5, status=401, route="/partner")
    s.change("changes.log", T, "ops: app02: chrony stopped for kernel update")
    s.app("signer", "info", "signed", range(QUIET + HURT), host="app02")
    s.app("shop-api", "warning", "request refused", after(T), reason="signature timestamp outside window", skew_s=312, host="app02")
    return s.text("date.txt", "$ ssh app01 date -u\nWed Mar  4 10:02:30 UTC 2026\n$ ssh app02 date -u\nWed Mar  4 10:07:42 UTC 2026\n")


@fault(
    "a password was rotated and one service has the old one",
    "stock-worker|stock|vault",
    "security|config|human",
    "password|credential",
    "rotat|old",
)
def _rotation() -> Scene:
    s = shop("Stock is not updated any more.").http()
    s.change("vault-rotate.log", T, "vault: rotated database role stock_app (version 7), consumers notified: shop-api")
    s.app("stock-worker", "info", "synced", range(QUIET), items=12)
    s.app(
        "stock-worker",
        "error",
        "sync failed",
        after(T),
        err='psycopg2.OperationalError: connection to server at "db01" (10.40.1.21), port 5432 failed: FATAL:  password authentication failed for user "stock_app"',  # noqa: E501 # as the server writes it
    )
    return s.every(
        after(T), lambda n: (PG, pg(n, "stock_app@shop/[unknown]", 'FATAL:  password authentication failed for user "stock_app"'))
    )


@fault("uploads are refused for their size", "nginx", "config|human", "size|body|413", "client_max_body_size|limit|too large")
def _body() -> Scene:
    s = shop("Customers cannot upload pictures.").http(failing=0.5, status=413, route="/media/upload")
    s.change("deploy.log", T, "deploybot: edge-config: pushed nginx.conf rev 42 (hardening)")
    s.text(
        "nginx.conf.diff",
        "--- nginx.conf rev41\n+++ nginx.conf rev42\n@@ -4,6 +4,6 @@\n http {\n     server {\n         listen 10.40.1.5:80;\n-        client_max_body_size 20m;\n+        client_max_body_size 1m;\n+        add_header X-Frame-Options DENY;\n         location / { proxy_pass http://10.40.1.11:8080; }\n",  # noqa: E501 # as the server writes it
    )
    return s.every(
        after(T),
        lambda n: (
            "nginx-error.log",
            f'2026/03/04 10:0{int(n) // 60}:{int(n) % 60:02d} [error] 81#81: *7{int(n)} client intended to send too large body: 3145728 bytes, client: 203.0.113.5, request: "POST /media/upload HTTP/1.1"',  # noqa: E501 # as the server writes it
        ),
    )


@fault(
    "a campaign brings more traffic than the workers can carry",
    "shop-api|campaign",
    "capacity|external|resource_exhaustion",
    "traffic|requests",
    "capacity|campaign|workers",
)
def _surge() -> Scene:
    s = shop("The shop is slow and shows errors.").http(failing=0.3, status=503, slow_ms=1500, surge=6, rate=5)
    s.change("campaign.log", T, "marketing: newsletter 'spring sale' sent to 240000 recipients")
    s.app("shop-api", "warning", "Task queue depth is 48", after(T))
    return s.metric("processes.csv", {"shop_api_cpu_pct": jump(T, 15, 97), "shop_api_threads": lambda _: 8.0})


@fault("a release takes locks in another order", "orders-api", "code", "deadlock", "order|release|rows")
def _deadlock() -> Scene:
    s = shop("Some orders fail.").http(failing=0.2, status=500)
    s.change("deploy.log", T, "deploybot: orders-api 4.0.0 -> 4.1.0 rollout finished (bulk reservation)")
    s.app("orders-api", "info", "order", range(QUIET + HURT), id=5)
    s.app("orders-api", "error", "order failed", after(T, 2), err="psycopg2.errors.DeadlockDetected: deadlock detected")
    s.every(after(T, 2), lambda n: (PG, pg(n, "shop_app@shop/orders-api", "ERROR:  deadlock detected")))
    return s.metric(
        "pg_stat.csv",
        {"backends": lambda _: 6.0, "deadlocks": ramp(T, 0, 0.5), "waiting_on_lock": lambda n: 1.0 if n > T and n % 3 == 0 else 0.0},
    )


@fault(
    "a migration dropped a column that the code still reads",
    "postgresql|db01|migrat|products|shop-api",
    "code|config|data|human",
    "column|schema",
    "drop|migration|does not exist",
)
def _column() -> Scene:
    s = shop("Product pages are broken.").http(failing=0.6, status=500, route="/api/products")
    s.add(
        "migrate.log", T, "2026-03-04 10:01:00 [alembic.runtime.migration] INFO  Running upgrade 77ab -> 78cd, drop products.legacy_price"
    )
    s.add(PG, T, pg(T, "owner@shop/migrate", "LOG:  statement: alter table products drop column legacy_price"))
    s.app("shop-api", "error", "unhandled error", after(T), err='psycopg2.errors.UndefinedColumn: column "legacy_price" does not exist')
    return s.every(
        after(T), lambda n: (PG, pg(n, "shop_app@shop/shop-api", 'ERROR:  column "legacy_price" does not exist at character 12'))
    )


@fault(
    "redis evicts sessions after its memory was cut",
    "redis|cache01",
    "config|capacity|resource_exhaustion|human",
    "evict",
    "memory|session|maxmemory",
)
def _evict() -> Scene:
    s = shop("Customers are logged out all the time.").http(failing=0.3, status=401, route="/account")
    s.change("changes.log", T, "ops: redis.conf: maxmemory aligned with host budget, config rewrite")
    s.text(
        "redis.conf.diff",
        '--- redis.conf.orig\n+++ redis.conf\n@@ -3,4 +3,4 @@\n port 6379\n-maxmemory 256mb\n+maxmemory 8mb\n-maxmemory-policy noeviction\n+maxmemory-policy allkeys-lru\n save ""\n',  # noqa: E501 # as the server writes it
    )
    s.app("shop-api", "warning", "session not found", after(T), path="/account")
    return s.metric(
        "redis_info.csv",
        {
            "connected_clients": lambda _: 8.0,
            "used_memory": lambda _: 8_300_000.0,
            "evicted_keys": ramp(T, 0, 25),
            "keyspace_misses": lambda n: n if n < T else 60 + 20 * (n - T),
            "db0_keys": jump(T, 9000, 2500),
        },
    )


@fault("rights were revoked", "postgresql|db01", "security|config|human", "right|permission", "revoke|denied")
def _revoke() -> Scene:
    s = shop("Invoices cannot be written.").http(failing=0.3, status=500, route="/invoices")
    s.add(PG, T, pg(T, "postgres@shop/psql", "LOG:  statement: revoke insert on invoices from shop_app"))
    s.app(
        "shop-api", "error", "invoice failed", after(T), err="psycopg2.errors.InsufficientPrivilege: permission denied for table invoices"
    )
    return s.every(after(T), lambda n: (PG, pg(n, "shop_app@shop/shop-api", "ERROR:  permission denied for table invoices")))


@fault("a feature flag runs into a bug", "pricing", "code|config", "flag|error|enabled", "TypeError|discount|undefined")
def _flag() -> Scene:
    s = shop("Prices are missing for some customers.").http(failing=0.5, status=500, route="/price")
    s.change("flags.log", T, "flagd: pricing: feature flag tiered_discounts enabled for 100%")
    s.every(range(QUIET + HURT), lambda n: ("pricing.log", f"{iso(n)} INFO pricing[32] price SKU-{int(n)} 5ms"))
    return s.every(
        after(T),
        lambda n: (
            "pricing.log",
            f"{iso(n)} ERROR pricing[32] unhandled TypeError: Cannot read properties of undefined (reading 'discount')",
        ),
    )


@fault("a release runs a slow query", "catalog|catalog-api", "code", "slow|query", "release|2.3.0|sequential|rows")
def _slow_query() -> Scene:
    s = shop("Category pages are slow since noon.").http(slow_ms=900, route="/category")
    s.change("deploy.log", T, "deploybot: catalog-api 2.2.4 -> 2.3.0 rollout finished (facets)")
    s.app("catalog-api", "info", "category", range(QUIET), version="2.2.4", ms=5)
    s.app("catalog-api", "info", "category", after(T), version="2.3.0", ms=912)
    s.every(
        after(T),
        lambda n: (
            PG,
            pg(
                n,
                "shop_app@shop/catalog-api",
                f"LOG:  duration: {880 + n:.3f} ms  statement: select count(*) from products where lower(name) like '%a%'",
            ),
        ),
    )
    return s.metric(
        "pg_stat.csv",
        {"backends": lambda _: 6.0, "active": jump(T, 0, 5), "tup_returned": ramp(T, 5000, 800_000), "xact_commit": ramp(0, 10, 4)},
    )


@fault(
    "a nightly dump slows the database down",
    "backup|postgresql|db01|pg_dump|db",
    "capacity|config|human|resource_exhaustion|code|data",
    "backup|dump|job",
    "slow|shares|lock|block",
)
def _backup() -> Scene:
    s = shop("The shop is slow at times.").http(slow_ms=700, failing=0.05, status=504)
    s.add("cron.log", T, "Mar  4 10:01:00 db01 CRON[911]: (backup) CMD (/usr/local/bin/backup-db --all)")
    s.every(
        after(T),
        lambda n: (PG, pg(n, "shop_app@shop/shop-api", f"LOG:  duration: {700 + n:.3f} ms  statement: select * from orders where id=7")),
    )
    return s.metric("pg_stat.csv", {"backends": jump(T, 6, 9), "active": jump(T, 1, 7), "tup_returned": ramp(T, 5000, 2_000_000)})


@fault(
    "the broker's memory is used up by messages that grew",
    "rabbitmq|mq01|orders-api",
    "resource_exhaustion|code|config|capacity",
    "memory|watermark",
    "block|publish",
)
def _watermark() -> Scene:
    s = shop("Orders hang.").http(failing=0.6, status=504, slow_ms=2000, since=T + 40)
    s.change("deploy.log", T, "deploybot: orders-api 5.0.0 -> 5.1.0 rollout finished (attach pictures to order messages)")
    s.app("orders-api", "info", "order accepted", range(QUIET + 40), id=9)
    s.app("orders-api", "error", "order not accepted", after(T + 42), err="ConnectionBlockedTimeout: Blocked connection timeout expired.")
    s.add("rabbitmq.log", 0, "2026-03-04 10:00:00.100000+00:00 [info] <0.223.0> Server startup complete; 3 plugins started.")
    s.add(
        "rabbitmq.log",
        T + 40,
        "2026-03-04 10:01:40.100000+00:00 [info] <0.400.0> vm_memory_high_watermark set. Memory used:190000000 allowed:160000000",
    )
    s.add(
        "rabbitmq.log",
        T + 40.1,
        "2026-03-04 10:01:40.200000+00:00 [warning] <0.398.0> memory resource limit alarm set on node rabbit@mq01.",
    )
    return s.metric(
        "rabbitmq_queues.csv",
        {
            "orders_ready": ramp(T, 0, 4),
            "orders_consumers": lambda _: 1.0,
            "node_memory_bytes": ramp(T, 9e7, 1.5e6),
            "memory_alarm": jump(T + 40, 0, 1),
        },
    )


@fault(
    "consumers were scaled down and the backlog grows",
    "mail-worker|mail",
    "config|capacity|human",
    "worker|consumer|concurren",
    "backlog|grow|slower|pile",
)
def _scaled() -> Scene:
    s = shop("Mails arrive hours late.").http()
    s.change("changes.log", T, "ops: mail-worker worker.yaml: concurrency reduced to save memory, restart")
    s.text(
        "worker.yaml.diff",
        "--- worker.yaml.orig\n+++ worker.yaml\n@@ -1,4 +1,4 @@\n queue: mails\n-concurrency: 12\n+concurrency: 1\n prefetch: 10\n",
    )
    s.app("mail-worker", "info", "mail sent", [*[n / 4 for n in range(4 * QUIET)], *after(T, 3)], ms=200)
    return s.metric(
        "rabbitmq_queues.csv", {"mails_ready": ramp(T, 0, 3), "mails_unacked": lambda _: 10.0, "mails_consumers": lambda _: 1.0}
    )


@fault(
    "the connection limit of the database was lowered",
    "postgresql|db01",
    "config|human|resource_exhaustion|capacity",
    "limit|max_connections|connection",
    "low|lowered|changed|max_connections",
)
def _max_connections() -> Scene:
    s = shop("Half of all requests fail.").http(failing=0.5, status=500)
    s.change("changes.log", T, "dba: postgresql.conf: memory budget, restart of db01")
    s.text(
        "postgresql.conf.diff",
        "--- postgresql.conf.orig\n+++ postgresql.conf\n@@ -4,4 +4,4 @@\n port = 5432\n-max_connections = 100\n+max_connections = 12\n-shared_buffers = 64MB\n+shared_buffers = 128MB\n log_timezone = 'UTC'\n",  # noqa: E501 # as the server writes it
    )
    s.app(
        "shop-api",
        "error",
        "unhandled error",
        after(T),
        err='psycopg2.OperationalError: connection to server at "db01" (10.40.1.21), port 5432 failed: FATAL:  sorry, too many clients already',  # noqa: E501 # as the server writes it
    )
    s.every(after(T), lambda n: (PG, pg(n, "shop_app@shop/[unknown]", "FATAL:  sorry, too many clients already")))
    return s.metric("pg_stat.csv", {"backends": jump(T, 20, 12), "active": lambda _: 2.0, "idle_in_transaction": lambda _: 0.0})


@fault("the proxy's time limit is shorter than ordinary answers", "nginx|edge", "config|human", "timeout|time limit", "lowered|early|short")
def _proxy_timeout() -> Scene:
    s = shop("Searching ends with an error since today.").http(failing=0.6, status=504, route="/search")
    s.change("deploy.log", T, "deploybot: edge-config: pushed nginx.conf rev 12 (fail fast)")
    s.text(
        "nginx.conf.diff",
        "--- nginx.conf rev11\n+++ nginx.conf rev12\n@@ -5,5 +5,5 @@\n     server {\n         listen 10.40.1.5:80;\n-        location /search { proxy_pass http://10.40.1.12:3001; proxy_read_timeout 10s; }\n+        location /search { proxy_pass http://10.40.1.12:3001; proxy_read_timeout 100ms; }\n     }\n",  # noqa: E501 # as the server writes it
    )
    return s.every(
        after(T),
        lambda n: (
            "nginx-error.log",
            f'2026/03/04 10:0{int(n) // 60}:{int(n) % 60:02d} [error] 81#81: *7{int(n)} upstream timed out (110: Connection timed out) while reading response header from upstream, client: 203.0.113.5, request: "GET /search HTTP/1.1", upstream: "http://10.40.1.12:3001/search"',  # noqa: E501 # as the server writes it
        ),
    )


assert BEGIN  # scenes share one clock
