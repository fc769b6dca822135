"""Incidents that a change brought in a way that only its details tell: a key renamed, a unit mixed up, a record gone, a lock queued."""

from tests.unit.reason.faults import PG, T, fault, pg, shop
from tests.unit.reason.scene import Scene, after, iso, jump


@fault("a setting was renamed and the program still reads the old name", "rates", "config|human", "RATES_DB", "renamed|no longer finds")
def _renamed() -> Scene:
    s = shop("Rates are not shown.").http(failing=0.5, status=502)
    s.change("ansible.log", T - 1, "ansible-playbook rates.yml -l rt03 (names of settings)")
    s.change("ansible.log", T, "TASK [rates : environment] changed: [rt03]")
    old, new = "-RATES_DB=postgresql://rates@db01:5432/shop\n", "+RATES_DATABASE_URL=postgresql://rates@db01:5432/shop\n"
    s.text("rates.env.diff", f"--- /etc/rates/rates.env.bak\n+++ /etc/rates/rates.env\n@@ -1,2 +1,2 @@\n RATES_PORT=7200\n{old}{new}")
    for n in (T, T + 2, T + 4, T + 7):
        s.add(
            "rates.log",
            n,
            f"ts={iso(n)} level=error svc=rates msg=start err=\"TypeError: Cannot read properties of undefined (reading 'split')\"",
        )
        s.add("supervisord.log", n + 0.3, f"2026-03-04 10:01:{n - 60:02d},300 WARN exited: rates (exit status 1; not expected)")
    return s.add(
        "supervisord.log", T + 9, "2026-03-04 10:01:09,100 INFO gave up: rates entered FATAL state, too many start retries too quickly"
    )


@fault("the first name server in the list is dead", "shop-api|app09|resolv|dns", "config|network", "dns|name server", "10.40.1.99")
def _resolver() -> Scene:
    s = shop("Every page that shows stock takes seconds.").http(slow_ms=2010)
    s.change("ansible.log", T, "TASK [base : resolvers] changed: [app09] /etc/resolv.conf (nameserver 10.40.1.99 added first)")
    s.app("shop-api", "warning", "stock lookup slow", after(T), total_ms=2012, dns_ms=2003)
    answer = ";; communications error to 10.40.1.99#53: timed out\n;; no servers could be reached"
    return s.text("dig.txt", f"$ dig +tries=1 @10.40.1.99 stock01\n{answer}\n")


@fault("cached pages live milliseconds instead of seconds since a release", "catalog", "code|config", "expire|ttl", "2.8.0")
def _milliseconds() -> Scene:
    s = shop("Category pages are slow although nobody else is here.").http(slow_ms=320)
    s.change("deploy.log", T, "deploybot: catalog 2.7.4 -> 2.8.0 rollout finished (typed cache client)")
    s.app("catalog", "info", "page", range(160), cache="redis://cache01:6379/1")
    columns = {
        "expired_keys": lambda n: n * 0.02 if n < T else (n - T) * 9.0,
        "keyspace_misses": lambda n: n * 0.1 if n < T else 6 + (n - T) * 9.0,
        "keyspace_hits": lambda n: n * 9.0 if n < T else 540.0 + (n - T) * 0.2,
        "evicted_keys": lambda _: 0.0,
    }
    return s.metric("redis_info.csv", columns)


@fault("an import stored values that the reader cannot convert", "price-import|catalog", "data|code", "2,50|could not convert", "import")
def _imported() -> Scene:
    s = shop("Some articles always show an error.").http(failing=0.2, status=500, route="/article/7")
    s.add("cron.log", T, "Mar  4 10:01:00 erp01 CRON[771]: (erp) CMD (/srv/price-import/run --supplier sundmark --file in/sundmark.csv)")
    s.add("price-import.log", T, f"{iso(T)} price-import INFO import start supplier=sundmark rows=80")
    s.add("price-import.log", T + 1, f"{iso(T + 1)} price-import INFO import done updated=80")
    s.app("catalog", "info", "article", range(160), id=3)
    return s.app("catalog", "error", "cannot render article", after(T, 2), err="ValueError: could not convert string to float: '2,50 EUR'")


@fault("a limit of a one-line block was lost", "nginx|edge01", "config|human", "client_max_body_size|body size", "24m|removed")
def _one_line() -> Scene:
    s = shop("Large photos cannot be uploaded.").http(failing=0.3, status=413, route="/upload")
    s.change("ansible.log", T, "TASK [edge : headers] changed: [edge01] photos.conf rev 7 -> 8")
    block = "location /upload { client_max_body_size 24m; proxy_pass http://10.40.1.11:8080; }"
    hunk = f"@@ -1,2 +1,2 @@\n server_tokens off;\n-{block}\n+{block.replace(' client_max_body_size 24m;', '')}\n"
    s.text("photos.conf.diff", f"--- photos.conf (rev 7)\n+++ photos.conf (rev 8)\n{hunk}")
    refused = (
        'client intended to send too large body: 2400002 bytes, client: 203.0.113.9, server: shop.example, request: "POST /upload HTTP/1.1"'
    )
    return s.every(after(T), lambda n: ("nginx-error.log", f"2026/03/04 10:{int(n) // 60:02d}:{int(n) % 60:02d} [error] 7#7: *9 {refused}"))


@fault(
    "a migration waits behind a long transaction and everybody behind the migration", "exports", "code|data|human", "alter table", "exports"
)
def _queued() -> Scene:
    s = shop("No order can be opened, the rest works.").http(failing=0.5, status=500, route="/orders")
    s.add("cron.log", T - 25, "Mar  4 10:00:35 bi01 CRON[81]: (exports) CMD (/srv/exports/run --table orders)")
    s.change("migrate.log", T, "flyway: Migrating schema public to version 12 - gift note")
    s.add(PG, 3, pg(3, "postgres@shop/psql", "LOG:  statement: grant select on orders to exports", 61))
    waits = "LOG:  process {} still waiting for {} on relation 16402 of database 5 after 1000.1 ms\n"
    waits += "{} DETAIL:  Process holding the lock: 301. Wait queue: 302, 303."
    who = pg(T + 1, "shop_app@shop/flyway", "", 302).strip()
    s.add(PG, T + 1, pg(T + 1, "shop_app@shop/flyway", waits.format(302, "AccessExclusiveLock", who), 302))
    listing = (
        "$ date -u\n2026-03-04T10:01:40Z\n pid | usename | application_name | state | blocked_by | xact | query\n"
        "-----+---------+------------------+-------+------------+------+------\n"
        " 301 | exports | exports | idle in transaction | {} | 00:01:05 | select * from orders\n"
        " 302 | shop_app | flyway | active | {301} | 00:00:40 | ALTER TABLE orders ADD COLUMN gift text\n"
        " 303 | shop_app | shop-api | active | {302} | 00:00:39 | select total from orders where id=7\n"
    )
    s.app("shop-api", "error", "order not read", after(T + 2), err="canceling statement due to statement timeout")
    return s.text("sessions.txt", listing)


@fault(
    "a time limit of the worker master is shorter than ordinary work", "gunicorn|documents|doc01", "config|human", "timeout", "rev 9|worker"
)
def _killed() -> Scene:
    s = shop("PDFs often fail.").http(failing=0.3, status=502, route="/pdf")
    s.change("changes.log", T, "CHG-93 doc01: gunicorn.conf.py rev 9 distributed (fail fast baseline: timeout 30 -> 2), HUP sent")
    for n in after(T, 3):
        stamp = f"[2026-03-04 10:{int(n) // 60:02d}:{int(n) % 60:02d} +0000] [16]"
        s.add("gunicorn.log", n, f"{stamp} [CRITICAL] WORKER TIMEOUT (pid:{int(n)})")
        s.add("gunicorn.log", n + 1, f"{stamp} [ERROR] Worker (pid:{int(n)}) was sent SIGKILL! Perhaps out of memory?")
    return s


@fault(
    "a campaign brings more visitors than fit, while a release touched texts only",
    "shop|nginx|gunicorn",
    "capacity",
    "traffic",
    "campaign|mailing",
)
def _campaign() -> Scene:
    s = shop("Half of the pages time out. Was it the release?").http(failing=0.5, status=504, slow_ms=4000, surge=6)
    s.change("deploy.log", T - 12, "deploybot: shop-api 3.1.0 -> 3.1.1 finished (templates only, not restarted)")
    s.change("campaign.log", T, "mailer: mailing of campaign Spring sent to 52,000 recipients")
    return s.metric("accept.csv", {"accept_queue": jump(T + 3, 0, 300)})


@fault("a clock was set back in the middle of a log", "payouts", "infrastructure|config", "clock", "behind|slow|150")
def _back() -> Scene:
    s = shop("The partner refuses our payouts.").http(failing=0.5, status=502, route="/payout")
    s.change("changes.log", T, "CHG-64 pay02: VM moved to hypervisor hv07 (live migration), agent restarted")
    for n in range(160):
        at = iso(n - (150 if n >= T else 0))
        s.add("payouts.log", n, f"ts={at} level=info svc=payouts msg=status")
        if n >= T:
            s.add(
                "payouts.log",
                n + 0.3,
                f'ts={at} level=error svc=payouts msg=rejected err="request timestamp outside the allowed window of 60 s"',
            )
    return s


@fault("a consumer takes messages and acknowledges none since a release", "settler", "code|config", "acknowledge", "2.4.0|prefetch")
def _unacknowledged() -> Scene:
    s = shop("Settlements stand still, yet the worker runs.").http()
    s.change("deploy.log", T, "deploybot: settler 2.3.9 -> 2.4.0 rollout finished (amqp client 7)")
    s.app("settler", "info", "settled", range(T + 5), queue="settle", amqp="amqp://mq01:5672")
    columns = {"ready": lambda n: 1 if n < T + 5 else (n - T) * 2, "unacked": jump(T + 4, 0, 20), "consumers": lambda _: 1.0}
    return s.metric("rabbitmq_queues.csv", columns)


@fault("a release computes in the only thread", "gallery", "code", "processor|cpu", "4.0.0")
def _computes() -> Scene:
    s = shop("The whole site is sluggish.").http(slow_ms=700)
    s.change("deploy.log", T, "deploybot: gallery 3.9.2 -> 4.0.0 rollout finished (previews on the fly)")
    s.app("gallery", "info", "page", range(160), ms=4)
    return s.metric("processes.csv", {"gallery_cpu_pct": jump(T, 4, 97), "shop_api_cpu_pct": lambda _: 6.0})


@fault("a changed setting makes a service slow and its caller runs out of workers", "ledger", "config", "slow", "audit_mode")
def _slowed() -> Scene:
    s = shop("Webhooks are rejected.").http(failing=0.4, status=503, slow_ms=900, route="/hook")
    s.change("audit.log", T, "ledger admin api: PATCH /settings audit_mode=full")
    s.every(
        range(160),
        lambda n: ("ledger.log", f"ts={iso(n)} level=info svc=ledger msg=booked path=/book ms={20 + n % 7 if n < T else 6000 + n}"),
    )
    return s.app("webhooks", "error", "rejected: no free worker (12 of 12 busy)", after(T + 4))
