"""Incidents whose cause sits in the database, and what a good answer names."""

from tests.unit.reason.faults import PG, T, fault, pg, shop
from tests.unit.reason.scene import Scene, after, jump, ramp


def _waits(pid: int, who: str, second: float, holder: int, queue: str) -> list[tuple[float, str]]:
    waits = f"LOG:  process {pid} still waiting for AccessShareLock on relation 20511 of database 16390 after 1000.{pid} ms"
    return [
        (second, pg(second, who, waits, pid)),
        (second + 0.001, pg(second + 0.001, who, f"DETAIL:  Process holding the lock: {holder}. Wait queue: {queue}.", pid)),
    ]


@fault(
    "a session idle in transaction stands at the head of a queue of locks",
    "ledger-export",
    "code",
    "lock",
    "idle in transaction|transaction",
    "ledger-export",
)
def _head_of_the_queue() -> Scene:
    s = shop("Payments hang since the schema change was rolled out. Is the schema change broken?").http(failing=0.6, status=504)
    s.change("ledger-export.log", T, "ledger-export started by schedule, period 2026-02")
    s.change("schema.log", T + 12, "migrate: step 3/4: ALTER TABLE payments ADD COLUMN fee integer")
    for second, line in _waits(712, "migrate@shop", T + 13, 655, "712, 801, 802"):
        s.add(PG, second, line)
    for n in after(T + 14, 2):
        for second, line in _waits(801 + int(n) % 7, "shop_app@shop/shop-api", n + 1, 655, "712, 801, 802"):
            s.add(PG, second, line)
    s.app("shop-api", "error", "query timed out after 3 s", after(T + 16, 1.5))
    return s.text(
        "sessions.txt",
        "$ date -u\n2026-03-04T10:01:50Z\n$ psql shop -c 'SELECT pid, application_name, state, blocked_by, xact_age, query'\n"
        " pid | application_name |        state        | blocked_by | xact_age | query\n"
        "-----+------------------+---------------------+------------+----------+-------------------------------\n"
        " 655 | ledger-export    | idle in transaction | []         | 00:00:50 | select sum(amount) from payments\n"
        " 712 | migrate          | active              | [655]      | 00:00:38 | ALTER TABLE payments ADD COLUMN fee integer\n"
        " 801 | shop-api         | active              | [712]      | 00:00:02 | select id from payments where customer = $1\n",
    )


@fault("a planner setting was switched off", "postgresql|db01", "config|human", "enable_indexscan", "index|sequential")
def _planner() -> Scene:
    s = shop("Every list of articles takes seconds.").http(slow_ms=1500, route="/articles")
    s.change("changes.log", T, "dba: experiment: alter system set enable_indexscan = off; select pg_reload_conf()")
    s.add(PG, T, pg(T, "", "LOG:  received SIGHUP, reloading configuration files", 60))
    s.add(PG, T + 0.1, pg(T + 0.1, "", 'LOG:  parameter "enable_indexscan" changed to "off"', 60))
    slow = "LOG:  duration: 1511.{} ms  statement: select * from articles where shop_id = 7 order by id limit 20"
    s.every(after(T, 1), lambda n: (PG, pg(n, "shop_app@shop/shop-api", slow.format(int(n)))))
    return s.metric("pg_stat.csv", {"active": jump(T, 1, 14), "tup_returned": ramp(T, 9000, 700_000), "xact_commit": ramp(0, 10, 6)})


@fault("work_mem was cut", "postgresql|db01", "config|human", "work_mem", "disk|temporary")
def _spill() -> Scene:
    s = shop("Statistics pages take ages.").http(slow_ms=1800, route="/stats")
    s.change("ansible.log", T, "TASK [postgresql : tune memory] changed: [db01] postgresql.conf, reload")
    s.text(
        "postgresql.conf.diff",
        "--- postgresql.conf.1\n+++ postgresql.conf\n@@ -1,3 +1,3 @@\n max_connections = 80\n-work_mem = 64MB\n+work_mem = 64kB\n",
    )
    spilled = 'LOG:  temporary file: path "base/pgsql_tmp/pgsql_tmp77.{}", size 48300032'
    s.every(after(T, 1), lambda n: (PG, pg(n, "shop_app@shop/shop-api", spilled.format(int(n)))))
    return s.metric("pg_stat.csv", {"temp_files": ramp(T, 0, 2), "active": jump(T, 1, 6)})


@fault(
    "maintenance left the database read-only",
    "postgresql|db01",
    "config|human",
    "read-only|read only",
    "default_transaction_read_only|only lets read",
)
def _read_only() -> Scene:
    s = shop("Nobody can place an order, looking around works.").http(failing=0.4, status=500, route="/orders")
    s.change("changes.log", T, "dba: alter database shop set default_transaction_read_only = on (storage snapshot), to be undone after")
    denied = "ERROR:  cannot execute INSERT in a read-only transaction"
    s.every(after(T, 1), lambda n: (PG, pg(n, "shop_app@shop/shop-api", denied)))
    return s.app(
        "shop-api",
        "error",
        "order not stored",
        after(T, 1),
        err="psycopg2.errors.ReadOnlySqlTransaction: cannot execute INSERT in a read-only transaction",
    )


@fault(
    "a release takes more connections than the server has",
    "shop-api",
    "code|config|resource_exhaustion|capacity",
    "connection",
    "pool|leak|slots|limit",
)
def _slots() -> Scene:
    s = shop("Errors on all pages.").http(failing=0.5, status=500, since=T + 10)
    s.change("deploy.log", T, "deploybot: shop-api config: database.yaml pushed, restart")
    s.text(
        "database.yaml.diff",
        "--- database.yaml.orig\n+++ database.yaml\n@@ -1,3 +1,3 @@\n host: db01\n-pool_size: 5\n+pool_size: 50\n timeout: 3\n",
    )
    full = "FATAL:  sorry, too many clients already"
    s.every(after(T + 10, 1), lambda n: (PG, pg(n, "[unknown]@[unknown]/[unknown]", full)))
    s.app(
        "shop-api", "error", "unhandled error", after(T + 10), err=f'connection to server at "db01" (10.40.1.21), port 5432 failed: {full}'
    )
    s.app("billing", "error", "poll failed", after(T + 10, 5), err=f'connection to server at "db01" (10.40.1.21), port 5432 failed: {full}')
    return s.metric("pg_stat.csv", {"backends": jump(T + 8, 7, 97), "active": jump(T + 8, 1, 3), "xact_commit": ramp(0, 10, 6)})


@fault(
    "a sequence reached its end",
    "postgresql|db01|shop-api",
    "data|code|capacity|resource_exhaustion",
    "sequence|nextval|integer",
    "maximum|range|constraint",
)
def _sequence() -> Scene:
    s = shop("New orders fail, old ones can be read.").http(failing=0.4, status=500, route="/orders")
    end = 'ERROR:  nextval: reached maximum value of sequence "orders_id_seq" (2147483647)'
    s.every(after(T, 1), lambda n: (PG, pg(n, "shop_app@shop/shop-api", end)))
    return s.app(
        "shop-api",
        "error",
        "order not stored",
        after(T, 1),
        err='psycopg2.errors.SequenceGeneratorLimitExceeded: nextval: reached maximum value of sequence "orders_id_seq" (2147483647)',
    )
