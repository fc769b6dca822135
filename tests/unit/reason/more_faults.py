"""More incidents: causes without a change record, consequences louder than the cause, servers in the wrong role."""

from tests.unit.reason.faults import PG, T, fault, pg, shop
from tests.unit.reason.scene import Scene, after, iso, jump, ramp


@fault(
    "a host's clock jumped, seen in its log and in two dates",
    "signer|app03",
    "infrastructure|config|external",
    "clock|skew",
    "token|signature",
)
def _jumped() -> Scene:
    s = shop("Partner calls are refused although the keys are right.").http(failing=0.6, status=401, route="/partner")
    for n in range(160):
        s.add("signer.log", n, f'ts={iso(n + (240 if n >= T else 0))} level=info svc=signer msg="request signed" to=partner-gw')
    s.app("partner-gw", "warning", "request rejected", after(T), reason="timestamp 240s in the future, max 60s")
    return s.text("date.txt", "$ ssh app01 date -u\nWed Mar  4 10:02:30 UTC 2026\n$ ssh app03 date -u\nWed Mar  4 10:06:30 UTC 2026\n")


@fault("the write-ahead log fills the disk", "postgresql|db01", "resource_exhaustion|config", "disk|space", "full|space")
def _wal() -> Scene:
    s = shop("Nothing works.").http(failing=1.0, status=500, since=T + 20)
    s.change("changes.log", T, "dba: archive_mode enabled, archive target nfs-backup")
    s.every(range(T, T + 20, 2), lambda n: (PG, pg(n, "", "LOG:  archive command failed with exit code 1")))
    s.add(PG, T + 20, pg(T + 20, "", 'PANIC:  could not write to file "pg_wal/xlogtemp.99": No space left on device'))
    down = "FATAL:  the database system is in recovery mode"
    s.every(after(T + 21), lambda n: (PG, pg(n, "shop_app@shop/shop-api", down)))
    s.app(
        "shop-api", "error", "unhandled error", after(T + 21), err=f'connection to server at "db01" (10.40.1.21), port 5432 failed: {down}'
    )
    return s.metric("disk.csv", {"pg_disk_free_mb": ramp(T, 600, -30)})


@fault("a DNS record points to the wrong address", "dnsmasq|dns|stock01", "config|network|human", "dns|record", "address|refused")
def _wrong_address() -> Scene:
    s = shop("Stock is missing.").http(failing=0.5, status=502)
    s.change("changes.log", T, "netops: dnsmasq: stock01 10.40.1.51 -> 10.40.1.15 (rack move), reload")
    refused = "HTTPConnectionPool(host='stock01', port=7100): Max retries exceeded ([Errno 111] Connection refused)"
    return s.app("shop-api", "error", "stock lookup failed", after(T), err=refused)


@fault("redis became a replica", "redis|cache01", "config|infrastructure|human", "read", "replica|read-only")
def _replica() -> Scene:
    s = shop("Carts cannot be changed.").http(failing=0.4, status=500, route="/cart")
    s.change("ansible.log", T, "TASK [redis : configure replication] changed: [cache01]")
    s.add("redis-server.log", T, "32:S 04 Mar 2026 10:01:00.300 * Connecting to MASTER 10.40.1.32:6379")
    refused = "redis.exceptions.ReadOnlyError: READONLY You can't write against a read only replica."
    return s.app("carts", "error", "cart not saved", after(T), err=refused)


@fault("a lifetime was set in the wrong unit", "carts", "config|human", "session_ttl", "3.6")
def _lifetime() -> Scene:
    s = shop("People are logged out after seconds.").http(failing=0.4, status=401, route="/account")
    s.change("deploy.log", T, "deploybot: carts config: sessions.yaml pushed (tidy units)")
    diff = "@@ -1,4 +1,4 @@\n store: redis\n-session_ttl: 3600\n+session_ttl: 3.6\n cookie: sid\n"
    s.text("sessions.yaml.diff", f"--- sessions.yaml.orig\n+++ sessions.yaml\n{diff}")
    s.app("carts", "warning", "session expired", after(T), sid="x")
    return s.metric("redis_info.csv", {"expired_keys": ramp(T, 0, 20), "db0_keys": jump(T, 900, 60), "connected_clients": lambda _: 5.0})


@fault(
    "an access rule of the database no longer lets the application in", "postgresql|db01", "security|config|human", "login|access", "pg_hba"
)
def _access_rule() -> Scene:
    s = shop("Checkout is down.").http(failing=0.6)
    s.change("ansible.log", T, "TASK [postgresql : pg_hba.conf] changed: [db01]")
    refused = 'FATAL:  no pg_hba.conf entry for host "10.40.1.11", user "shop_app", database "shop", no encryption'
    s.every(after(T), lambda n: (PG, pg(n, "shop_app@shop/[unknown]", refused)))
    return s.app("shop-api", "error", "unhandled error", after(T), err=f'connection to server at "db01", port 5432 failed: {refused}')


@fault("a release fails on ordinary requests", "carts", "code", "2.0.0", "coupon|KeyError")
def _release() -> Scene:
    s = shop("Carts are broken.").http(failing=0.4, route="/cart")
    s.change("deploy.log", T, "deploybot: carts 1.9.0 -> 2.0.0 rollout finished (coupon stacking)")

    def stamp(n: float) -> str:
        return f"2026-03-04 10:0{int(n) // 60}:{int(n) % 60:02d},300"

    s.every(range(160), lambda n: ("carts.log", f"{stamp(n)} INFO    [MainThread] cart saved"))
    trace = "Traceback (most recent call last):\n  File \"/srv/carts/app.py\", line 41, in cart\n    total = price(c)\nKeyError: 'coupon'"
    return s.every(after(T, 1.5), lambda n: ("carts.log", f"{stamp(n)} ERROR   [MainThread] unhandled error on /cart\n{trace}"))


@fault("an external partner became slow", "fastship|shipping", "dependency|external", "slow", "time out|timed out|wait")
def _partner() -> Scene:
    s = shop("Placing orders takes ages.").http(failing=0.3, status=504, slow_ms=5000)
    s.app("shipping", "info", "label printed", range(T), carrier="fastship", ms=120)
    slow = "HTTPSConnectionPool(host='api.fastship.example', port=443): Read timed out. (read timeout=10)"
    s.app("shipping", "error", "carrier call failed", after(T, 2), err=slow)
    return s.change("deploy.log", 30, "deploybot: shop-api config: banner text (no restart)")
