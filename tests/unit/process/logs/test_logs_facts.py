import pytest
from log_reading import clock, facts, insights

from faultmaven_events.consumers.process.logs.component import of_name


def line(second: float, text: str, level: str = "INFO") -> str:
    return f"2026-11-20 {clock(second)} {level} [main] {text}"


QUIET = [line(n, f"order {n} saved") for n in range(300)]


def test_an_error_is_told_with_count_times_and_first_line() -> None:
    (error,) = facts([*QUIET[:100], *(line(100 + n, f"cannot reach db01 attempt {n}", "ERROR") for n in range(9))], "error")
    assert (error.count, error.level, error.component, error.citations[0].line_start) == (9, "error", "shop-api", 101)
    assert error.attributes["template"] == "cannot reach <*> attempt <*>" or error.attributes["template"] == "cannot reach db01 attempt <*>"
    assert (error.at, error.until) != (None, None)


def test_what_is_new_after_the_start_is_told() -> None:
    (new,) = facts([*QUIET, line(301, "pool is empty", "WARN")], "first_seen")
    assert new.citations[0].line_start == 301


def test_what_was_there_from_the_start_is_not_new() -> None:
    assert facts([line(n, "pool is low", "WARN") for n in range(50)], "first_seen") == []


def test_a_burst_is_told_with_its_rates() -> None:
    lines = [line(n, "carrier slow", "WARN") for n in range(0, 300, 30)] + [line(200 + n / 10, "carrier slow", "WARN") for n in range(300)]
    (burst,) = facts(sorted(lines), "burst")
    assert burst.attributes["rate_during"] > 20 * burst.attributes["rate_before"]
    assert burst.at is not None
    assert abs(burst.at.minute * 60 + burst.at.second - 200) <= 2


def test_steady_lines_are_no_burst() -> None:
    assert facts(QUIET, "burst") == []


def test_a_regular_line_that_stops_is_a_silence() -> None:
    lines = sorted([*QUIET[:150], *(line(n, "heartbeat") for n in range(0, 300, 3))])
    (silence,) = facts(lines, "silence")
    assert "saved" in silence.attributes["template"]
    assert silence.at is not None
    assert (silence.at.minute, silence.at.second) == (2, 29)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("FATAL: sorry, too many clients already", "connections"),
        ("remaining connection slots are reserved", "connections"),
        ("OOM command not allowed when used memory > 'maxmemory'", "memory"),
        ("java.lang.OutOfMemoryError: Java heap space", "memory"),
        ("write failed: No space left on device", "disk"),
        ("accept4() failed (24: Too many open files)", "open files"),
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out", "pool"),
        ("timed out waiting for a connection from the pool", "pool"),
        ("rate limit exceeded for key", "rate"),
        ("canceling statement due to statement timeout", "statement time"),
        ("client intended to send too large body: request body too large", "size"),
        ("quota exceeded for project", "quota"),
        ("unable to create new native thread", "processes"),
    ],
)
def test_a_limit_that_was_reached_is_named(text: str | None, what: str) -> None:
    assert [fact.attributes["what"] for fact in facts([line(1, text, "ERROR")], "limit")] == [what]


@pytest.mark.parametrize(
    "text", ["Memory high watermark set to 9642 MiB", "limits loaded: 3 partners", "max_connections is 100", "pool ready"]
)
def test_a_limit_that_is_only_mentioned_is_none(text: str | None) -> None:
    assert facts([line(1, text)], "limit") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Starting Shop 2.1", "starting"),
        ("shop-api started", "starting"),
        ("database system is ready to accept connections", "starting"),
        ("received SIGTERM, shutting down", "stopping"),
        ("exited: worker (exit status 1; not expected)", "crashed"),
        ("child 7 exited with code 137", "killed"),
        ("segfault at 0 ip 0 sp 0 error 4", "crashed"),
        ("spawned: 'worker' with pid 7", "starting"),
    ],
)
def test_a_process_that_came_or_went_is_told(text: str | None, what: str) -> None:
    assert [fact.attributes["what"] for fact in facts([line(1, text)], "restart")] == [what]


@pytest.mark.parametrize("text", ["Background saving started by pid 7", "checkpoint starting: time", "job started", "transaction started"])
def test_work_that_starts_is_no_restart(text: str | None) -> None:
    assert facts([line(1, text)], "restart") == []


def test_what_a_supervisor_says_speaks_of_its_child() -> None:
    (gone,) = facts([line(1, "exited: invoice-worker (exit status 3; not expected)", "WARN")], "restart", "supervisord.log")
    assert (gone.component, gone.attributes["exit_code"]) == ("invoice-worker", 3)


def test_a_rollout_names_component_and_versions() -> None:
    (change,) = facts(["2026-11-20T05:26:42Z deploybot: cart-api 2.3.4 -> 2.4.0 rollout started"], "change", "deploy.log")
    assert (change.component, change.attributes["previous"], change.attributes["version"]) == ("cart-api", "2.3.4", "2.4.0")


def test_every_line_of_a_journal_of_changes_is_a_change() -> None:
    assert len(facts(["2026-11-20T05:26:42Z edge: anything at all", "2026-11-20T05:26:43Z edge: and more"], "change", "changes.log")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "statement: alter role app set statement_timeout = '30ms'",
        "Running upgrade 91ad -> a07e, drop index",
        "pushed nginx.conf rev 118",
        "rotated the api key of partner acme",
        "feature flag new-cart enabled",
        "scaled down from 5 to 1 replicas",
        "(root) CMD (/usr/bin/rebuild)",
    ],
)
def test_a_change_is_recognised_in_any_log(text: str | None) -> None:
    assert len(facts([*QUIET[:50], line(60, text)], "change")) == 1


def test_a_new_version_in_a_field_is_a_change() -> None:
    lines = [
        f'{{"ts":"2026-11-20T05:26:{n:02d}Z","service":"cart","version":"{"1.0" if n < 30 else "1.1"}","msg":"ok"}}' for n in range(60)
    ]
    (change,) = facts(lines, "change")
    assert (change.component, change.attributes["previous"], change.attributes["version"], change.citations[0].line_start) == (
        "cart",
        "1.0",
        "1.1",
        31,
    )


def test_a_start_with_another_parameter_is_a_change() -> None:
    lines = [
        "ts=2026-11-20T05:26:00Z svc=w msg=started queue=invoices prefetch=10",
        "ts=2026-11-20T05:27:00Z svc=w msg=started queue=invoice prefetch=10",
    ]
    (change,) = facts(lines, "change")
    assert (change.attributes["field"], change.attributes["previous"], change.attributes["version"]) == ("queue", "invoices", "invoice")


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("started TCP listener on 10.0.0.1:5672", "10.0.0.1", 5672),
        ('listening on IPv4 address "10.0.0.1", port 5432', None, 5432),
        ("listening on 7000 node v20", None, 7000),
    ],
)
def test_an_open_port_is_told(text: str | None, address: str | None, port: int) -> None:
    (fact,) = facts([line(1, text)], "listening")
    assert (fact.attributes.get("address"), fact.attributes["port"]) == (address, port)


def test_an_alert_is_told() -> None:
    assert [
        fact.attributes["what"]
        for fact in facts(["2026-11-20T05:29:23Z am: FIRING errors>20%", "2026-11-20T05:30:23Z am: RESOLVED errors"], "alert")
    ] == [
        "firing",
        "resolved",
    ]


def test_state_dumped_after_an_error_is_no_error_of_its_own() -> None:
    lines = [
        line(1, "machine check interrupt", "FATAL"),
        line(1, "machine state register: 0x00029000", "FATAL"),
        line(1, "wait state enable.......0", "FATAL"),
    ]
    assert [fact.attributes["template"] for fact in facts(lines, "error")] == ["machine check interrupt"]


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("orders-api.log", "orders-api"),
        ("nginx-error.log", "nginx"),
        ("nginx-access.log.1", "nginx"),
        ("postgresql.log", "postgresql"),
        ("redis-server.log", "redis"),
        ("web-2026-11-20.log.gz", "web"),
        ("orders-1.log", "orders-1"),
        ("syslog", None),
        ("output.txt", None),
        ("/var/log/cart.log", "cart"),
    ],
)
def test_a_file_is_named_after_its_component(name: str, component: str | None) -> None:
    assert of_name(name) == component


def test_the_component_in_the_lines_wins_over_the_files_name() -> None:
    assert insights(['{"service":"cart","msg":"a"}', '{"service":"cart","msg":"b"}'], "output-7.log").component == "cart"


def test_buckets_grow_with_the_file_and_lose_no_line() -> None:
    found = insights([line(n * 60, "tick") for n in range(600)])
    (template,) = found.templates
    assert found.bucket_s > 60
    assert len(template.buckets) <= 240
    assert sum(count for _, count in template.buckets) == 600
