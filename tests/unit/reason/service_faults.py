"""Incidents whose cause sits in a service, its process or its host, and what a good answer names."""

from tests.unit.reason.faults import T, fault, shop
from tests.unit.reason.scene import Scene, after, iso, jump


def node(n: float, level: int, text: str, **more: object) -> str:
    fields = "".join(f',"{k}":{v if isinstance(v, int) else chr(34) + str(v) + chr(34)}' for k, v in more.items())
    at = int(1772618400000 + n * 1000)
    return f'{{"level":{level},"time":{at},"pid":41,"hostname":"app01","name":"catalog","msg":"{text}"{fields}}}'


@fault("a release of a Node service throws on some requests", "catalog", "code", "4.3.0", "TypeError|undefined")
def _node() -> Scene:
    s = shop("Some product pages show an error.").http(failing=0.3, status=500, route="/product/7")
    s.change("deploy.log", T, "deploybot: catalog 4.2.9 -> 4.3.0 rollout finished (size tables)")
    s.every(range(160), lambda n: ("catalog.log", node(n, 30, "served", path="/product/1", ms=5)))
    return s.every(
        after(T, 1.5),
        lambda n: (
            "catalog.log",
            node(
                n,
                50,
                "unhandled",
                path="/product/7",
                err="TypeError: Cannot read properties of undefined (reading 'sizes')",
                stack="TypeError: Cannot read properties of undefined (reading 'sizes')\\n    at render (/srv/catalog/page.js:31:22)",
            ),
        ),
    )


@fault("a Node service grows until it dies", "catalog", "code|resource_exhaustion", "memory|heap", "leak|restart|4.3.0")
def _heap() -> Scene:
    s = shop("Product pages fail for some seconds again and again.").http(failing=0.25, status=502, since=T + 30, route="/product/7")
    s.change("deploy.log", T, "deploybot: catalog 4.2.9 -> 4.3.0 rollout finished (faster search)")
    s.every(range(160), lambda n: ("catalog.log", node(n, 30, "served", path="/product/1", ms=5)))
    for n in (T + 30, T + 60, T + 90):
        s.add("catalog-stderr.log", n, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory")
        s.add(
            "supervisord.log",
            n + 0.2,
            f"2026-03-04 10:0{n // 60}:{n % 60:02d},400 WARN exited: catalog (terminated by SIGABRT (core dumped); not expected)",
        )
    return s.metric(
        "processes.csv", {"catalog_rss_mb": lambda n: 70 if n < T else 70 + ((n - T) % 30) * 9, "shop_api_rss_mb": lambda _: 80.0}
    )


@fault("synchronous work blocks the event loop after a release", "catalog", "code", "catalog", "block|slow", "4.3.0|release")
def _loop() -> Scene:
    s = shop("Product pages became very slow.").http(slow_ms=1400, failing=0.1, status=504)
    s.change("deploy.log", T, "deploybot: catalog 4.2.9 -> 4.3.0 rollout finished (fuzzy search)")
    s.every(range(160), lambda n: ("catalog.log", node(n, 30, "served", path="/product/1", ms=5)))
    s.every(after(T, 3), lambda n: ("catalog.log", node(n, 40, "event loop blocked for 1810 ms", ms=1810)))
    return s.metric("processes.csv", {"catalog_cpu_pct": jump(T, 9, 100), "shop_api_cpu_pct": lambda _: 10.0})


@fault("a wrong value in the environment", "checkout", "config|human", "PRICE_SOURCE|PRICE_URL", "pricing-v2|changed")
def _environment() -> Scene:
    s = shop("Checkout fails.").http(failing=0.6, status=502, route="/checkout")
    s.change("deploy.log", T, "deploybot: checkout config: checkout.env pushed, restart")
    s.text(
        "checkout.env.diff",
        "--- checkout.env.1\n+++ checkout.env\n@@ -1,2 +1,2 @@\n PORT=7300\n-PRICE_URL=http://pricing:7400\n+PRICE_URL=http://pricing-v2:7400\n",
    )
    return s.app("checkout", "error", "price lookup failed", after(T), err="getaddrinfo ENOTFOUND pricing-v2", code="ENOTFOUND")


@fault(
    "the descriptor limit of a service was lowered",
    "uploads",
    "config|resource_exhaustion|human",
    "open files|descriptor|nofile",
    "limit|EMFILE|minfds|ulimit",
)
def _nofile() -> Scene:
    s = shop("Uploads fail at busy moments.").http(failing=0.4, status=500, route="/upload")
    s.change("ansible.log", T, "TASK [supervisor : uploads unit] changed: [app02] (uploads.conf), restart uploads")
    s.text(
        "uploads.conf.diff",
        "--- uploads.conf.1\n+++ uploads.conf\n@@ -1,3 +1,3 @@\n [program:uploads]\n-command=prlimit --nofile=4096 /srv/uploads/run\n+command=prlimit --nofile=32 /srv/uploads/run\n autorestart=true\n",  # noqa: E501 # as the server writes it
    )
    return s.app("uploads", "error", "store failed", after(T), err="EMFILE: too many open files, open '/srv/uploads/a.part'")


@fault("retries without a pause after a config push", "shipping", "config|code|human", "retr", "load|storm|often")
def _retries() -> Scene:
    s = shop("Shipping offers are missing, the rates service is overloaded.").http(failing=0.4, status=503, route="/shipping")
    s.change("deploy.log", T, "deploybot: shipping config: shipping.yaml pushed, restart")
    s.text(
        "shipping.yaml.diff",
        "--- shipping.yaml.1\n+++ shipping.yaml\n@@ -1,4 +1,4 @@\n rates_url: http://rates:7500\n-max_retries: 2\n+max_retries: 25\n timeout_ms: 800\n",  # noqa: E501 # as the server writes it
    )
    s.app("shipping", "warning", "rates failed, retry", after(T, 0.3), attempt=9, err="503 Service Unavailable")
    s.app("rates", "warning", "busy, request refused", after(T, 0.3), inflight=32)
    return s.metric("rates.csv", {"rates_requests": jump(T, 6, 110), "rates_cpu_pct": jump(T, 12, 97)})


@fault(
    "two jobs at the same minute",
    "backup|db01|postgresql|nightly",
    "capacity|human|config|resource_exhaustion|code|infrastructure",
    "backup|pg_dump|job",
    "slow|disk|cpu|shared|resource",
)
def _jobs() -> Scene:
    s = shop("Everything is slow since ten o'clock.").http(slow_ms=1300, failing=0.05, status=504)
    s.add("cron.log", T, "Mar  4 10:01:00 db01 CRON[311]: (root) CMD (/usr/local/bin/nightly-backup.sh pg_dump shop)")
    return s.metric("host_db01.csv", {"cpu_pct": jump(T, 12, 99), "io_wait_pct": jump(T, 1, 60), "load1": jump(T, 0.4, 7)})


@fault("a feature flag sends requests to a slow path", "pricing", "config|code|human", "flag|enabled", "pricing")
def _flag() -> Scene:
    s = shop("Offers take seconds.").http(slow_ms=1700)
    s.change("flags.log", T, "flagbot: pricing flag personal_discounts enabled for 100% of customers")
    s.app("pricing", "info", "priced", range(T), ms=9, path="rules")
    return s.app("pricing", "warning", "slow pricing", after(T), ms=1890, path="personal_discounts")


@fault("a release reads times in the wrong zone", "delivery", "code|data", "delivery", "2.8.0", "time|offset|zone|slot")
def _zone() -> Scene:
    s = shop("Delivery slots of this evening cannot be booked.").http(failing=0.4, status=422, route="/slots")
    s.change("deploy.log", T, "deploybot: delivery 2.7.4 -> 2.8.0 rollout finished (datetime cleanup)")
    s.every(range(160), lambda n: ("delivery.log", f'ts={iso(n)} level=info svc=delivery msg="slots listed" ms=6'))
    return s.app(
        "delivery",
        "error",
        "slot refused",
        after(T),
        err="ValueError: slot 2026-03-04T18:00:00 lies in the past (can't compare offset-naive and offset-aware datetimes)",
    )
