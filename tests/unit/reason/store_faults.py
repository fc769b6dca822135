"""Incidents whose cause sits in the cache or the broker, and what a good answer names."""

from tests.unit.reason.faults import T, fault, shop
from tests.unit.reason.scene import Scene, after, iso, jump, ramp


def mq(second: float, level: str, text: str, pid: str = "<0.701.0>") -> str:
    return f"{iso(second)[:-1].replace('T', ' ')}000+00:00 [{level}] {pid} {text}"


@fault("a script blocks redis", "redis|cache01|stats-job|stats", "code|config|human|dependency", "keys|script|command", "block|wait|slow")
def _blocked() -> Scene:
    s = shop("All pages stall every few seconds.").http(slow_ms=900)
    s.change("cron.log", T, "CRON[991]: (stats) CMD (/srv/stats/visits.py --pattern 'visit:*')")
    s.text(
        "redis-cli.txt",
        '$ redis-cli slowlog get 3\n1) 1) (integer) 14\n   2) (integer) 1772618480\n   3) (integer) 1804113\n   4) 1) "KEYS"\n      2) "visit:*"\n   5) "10.40.1.15:55120"\n   6) "stats-job"\n'  # noqa: E501 # as the server writes it
        "$ redis-cli info commandstats\ncmdstat_keys:calls=22,usec=39690486,usec_per_call=1804113.00,rejected_calls=0,failed_calls=0\n",
    )
    s.app("shop-api", "error", "cache slow", after(T, 2), err="redis.exceptions.TimeoutError: Timeout reading from socket")
    return s.metric(
        "redis_info.csv", {"connected_clients": jump(T, 8, 14), "instantaneous_ops_per_sec": jump(T, 60, 5), "cpu_pct": jump(T, 4, 97)}
    )


@fault("redis cannot write its snapshot", "redis|cache01", "infrastructure|config|human", "misconf|save|snapshot", "write|refuse")
def _misconf() -> Scene:
    s = shop("Carts are lost.").http(failing=0.5, status=500, route="/cart")
    s.change("ansible.log", T, "TASK [redis : data directory owner] changed: [cache01] (/var/lib/redis root:root 0750)")
    stamp = "04 Mar 2026 10:01"
    for n in range(2, 55, 6):
        s.add(
            "redis-server.log",
            T + n,
            f"44:C {stamp}:{n:02d}.101 # Failed opening the temp RDB file temp-{n}.rdb (in server root dir /var/lib/redis) for saving: Permission denied",  # noqa: E501 # as the server writes it
        )
        s.add("redis-server.log", T + n, f"31:M {stamp}:{n:02d}.202 # Background saving error")
    return s.app(
        "carts",
        "error",
        "cart not saved",
        after(T + 3),
        err="redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",  # noqa: E501 # as the server writes it
    )


@fault("clients read from another database number", "carts", "config|human", "redis|db", "changed|wrong")
def _wrong_db() -> Scene:
    s = shop("Everybody's cart is empty.").http(failing=0.5, status=404, route="/cart")
    s.change("deploy.log", T, "deploybot: carts config: carts.env pushed, restart")
    s.text(
        "carts.env.diff",
        "--- carts.env.orig\n+++ carts.env\n@@ -1,3 +1,3 @@\n PORT=7200\n-REDIS_URL=redis://cache01:6379/0\n+REDIS_URL=redis://cache01:6379/1\n LOG_LEVEL=info\n",  # noqa: E501 # as the server writes it
    )
    s.app("carts", "warning", "cart not found", after(T), session="x1")
    return s.metric(
        "redis_info.csv",
        {
            "keyspace_hits": lambda n: 40 * min(n, T),
            "keyspace_misses": lambda n: n if n < T else T + 40 * (n - T),
            "db0_keys": lambda _: 800.0,
            "db1_keys": jump(T, 0, 3),
        },
    )


@fault("the time to live of messages was cut", "rabbitmq|mq01|mail", "config|human", "ttl", "expire|dropped|drop|lost")
def _ttl() -> Scene:
    s = shop("Customers get no confirmation mails, the worker shows no error.").http()
    s.change("changes.log", T, "ops: rabbitmqctl set_policy mail-limits '^mail' '{\"message-ttl\":500}' (keep queues short)")
    s.text(
        "policies.txt",
        '$ rabbitmqctl list_policies\nListing policies for vhost "/" ...\nvhost\tname\tpattern\tapply-to\tdefinition\tpriority\n/\tmail-limits\t^mail\tqueues\t{"message-ttl":500}\t0\n',  # noqa: E501 # as the server writes it
    )
    s.app("mail-worker", "info", "mail sent", [*range(T), *after(T, 8)], to="customer")
    s.app("shop-api", "info", "order placed", range(0, 160, 1), queue="mail")
    s.app("dead-letters", "warning", "dead letter", after(T, 2), queue="mail", reason="expired")
    return s.metric(
        "rabbitmq_queues.csv",
        {
            "mail_messages_ready": jump(T, 3, 1),
            "mail_consumers": lambda _: 1.0,
            "mail_deliver_total": lambda n: 5 * n if n < T else 300 + 0.2 * (n - T),
            "mail_publish_total": lambda n: 5 * n,
        },
    )


@fault("a queue got a length limit", "rabbitmq|mq01", "config|human|capacity", "max-length|length", "reject|drop|refus")
def _length() -> Scene:
    s = shop("Some orders are not taken.").http(failing=0.4, status=503, route="/orders")
    s.change("changes.log", T, 'ops: rabbitmqctl set_policy orders-cap \'^orders$\' \'{"max-length":10,"overflow":"reject-publish"}\'')
    s.text(
        "policies.txt",
        '$ rabbitmqctl list_policies\nvhost\tname\tpattern\tapply-to\tdefinition\tpriority\n/\torders-cap\t^orders$\tqueues\t{"max-length":10,"overflow":"reject-publish"}\t0\n',  # noqa: E501 # as the server writes it
    )
    s.app(
        "shop-api",
        "error",
        "publish rejected",
        after(T),
        queue="orders",
        err="pika.exceptions.NackError: 1 message(s) nacked: maxlen reached",
    )
    return s.metric("rabbitmq_queues.csv", {"orders_messages_ready": jump(T, 6, 10), "orders_consumers": lambda _: 1.0})


@fault(
    "a user lost its rights on a virtual host", "rabbitmq|mq01", "security|config|human", "right|permission|access", "refused|vhost|access"
)
def _vhost() -> Scene:
    s = shop("Invoices are not written any more.").http()
    s.change("changes.log", T, "secops: rabbitmqctl clear_permissions -p shop invoice_user (least privilege review)")
    denied = "operation basic.get caused a channel exception access_refused: access to queue 'invoices' in vhost 'shop' refused for user 'invoice_user'"  # noqa: E501 # as the server writes it
    s.every(after(T, 2), lambda n: ("rabbitmq.log", mq(n, "error", f"Channel error on connection <0.688.0>: {denied}")))
    s.app(
        "invoice-worker",
        "error",
        "consume failed",
        after(T, 2),
        err="pika.exceptions.ChannelClosedByBroker: (403, \"ACCESS_REFUSED - access to queue 'invoices' in vhost 'shop' refused for user 'invoice_user'\")",  # noqa: E501 # as the server writes it
    )
    return s.metric("rabbitmq_queues.csv", {"invoices_messages_ready": ramp(T, 0, 3), "invoices_consumers": jump(T, 1, 0)})


@fault(
    "prefetch was raised and one consumer hoards the messages",
    "stock-worker|worker",
    "config|human|capacity",
    "prefetch",
    "slow|wait|hoard|acknowledge",
)
def _prefetch() -> Scene:
    s = shop("Stock changes arrive many minutes late.").http()
    s.change("deploy.log", T, "deploybot: stock-worker config: worker.yaml pushed, restart")
    s.text(
        "worker.yaml.diff",
        "--- worker.yaml.orig\n+++ worker.yaml\n@@ -1,3 +1,3 @@\n queue: stock\n-prefetch: 10\n+prefetch: 10000\n threads: 1\n",
    )
    return s.metric(
        "rabbitmq_queues.csv",
        {"stock_messages_ready": lambda n: 4.0, "stock_messages_unacknowledged": ramp(T, 5, 12), "stock_consumers": lambda _: 2.0},
    )
