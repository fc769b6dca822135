# ruff: noqa: E501 - samples are written as the tools print them
from datetime import UTC, datetime

import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.schemas.insight import Insights


def read(text: str) -> Insights:
    return analysed(analyse_command, text, "out.txt", "command_output")


def test_a_state_that_dominates_is_counted_once_with_what_its_rows_share() -> None:
    rows = "".join(f" {pid} | app  | idle in transaction | 00:01:{pid}.5\n" for pid in range(10, 30))
    text = f"$ psql -c 'select ...'\n pid | usename | state | since\n-----+------+-----+------\n{rows}  99 | ops  | active | 00:00:01\n(21 rows)\n"
    fact = read(text).facts[0]
    assert (fact.kind, fact.count, fact.attributes["value"], fact.attributes["usename"]) == ("row", 20, "idle in transaction", "app")
    assert (fact.citations[0].line_start, fact.citations[0].line_end) == (4, 23)
    assert "00:01:10.5 to 00:01:29.5" in fact.text


def test_a_queue_with_messages_and_no_consumers_stands_first() -> None:
    fact = read("$ rabbitmqctl list_queues name messages consumers\nname\tmessages\tconsumers\nmail\t0\t2\norders\t12\t0\n").facts[0]
    assert (fact.component, fact.level, fact.citations[0].line_start) == ("orders", "error", 4)


def test_used_beside_its_maximum_is_saturation() -> None:
    facts = of_kind(
        read("$ redis-cli info memory\nused_memory:9990\nused_memory_human:9.9K\nmaxmemory:10000\nmaxmemory_policy:noeviction\n"),
        "saturation",
    )
    assert [(fact.attributes["series"], fact.attributes["limit"]) for fact in facts] == [("used_memory", 10000.0)]


def test_used_far_from_its_maximum_is_not() -> None:
    assert not of_kind(read("$ redis-cli info memory\nused_memory:5000\nmaxmemory:10000\n"), "saturation")


LISTENING = {
    "ss": 'State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\nLISTEN 0 511 10.0.0.5:80 0.0.0.0:* users:(("nginx",pid=7,fd=6))\n',
    "netstat": "Proto Recv-Q Send-Q Local Address Foreign Address State PID/Program name\ntcp 0 0 10.0.0.5:80 0.0.0.0:* LISTEN 7/nginx\n",
}


@pytest.mark.parametrize("tool", LISTENING)
def test_listening_sockets_are_told_with_their_process(tool: str) -> None:
    (fact,) = of_kind(read(f"$ {tool} -ltnp\n{LISTENING[tool]}"), "listening")
    assert (fact.attributes["address"], fact.attributes["port"], fact.attributes["process"]) == ("10.0.0.5", 80, "nginx")


def test_a_certificate_that_ended_before_the_clock_beside_it_is_expired() -> None:
    text = "$ openssl x509 -noout -subject -dates\nsubject=CN = pay\nnotBefore=Jan  1 00:00:00 2026 GMT\nnotAfter=Feb  1 00:00:00 2026 GMT\n$ date -u\nSun Feb  1 00:00:05 UTC 2026\n"
    ends = next(fact for fact in of_kind(read(text), "validity") if fact.attributes["edge"] == "end")
    assert (ends.component, ends.attributes["expired"], ends.at) == ("pay", True, datetime(2026, 2, 1, tzinfo=UTC))


def test_a_certificate_without_a_clock_beside_it_only_tells_its_dates() -> None:
    facts = of_kind(read("notBefore=Jan  1 00:00:00 2026 GMT\nnotAfter=Feb  1 00:00:00 2026 GMT\n"), "validity")
    assert {fact.attributes["expired"] for fact in facts} == {None}


def test_clocks_of_two_hosts_that_differ_are_told() -> None:
    (fact,) = of_kind(read("$ ssh a date -u\nSun Feb  1 00:00:00 UTC 2026\n$ ssh b date -u\nSun Feb  1 00:05:00 UTC 2026\n"), "clock_skew")
    assert fact.attributes["seconds"] == 300


TELLING = {
    "a full disk": ("$ df -h\nFilesystem Size Used Avail Use% Mounted on\n/dev/sda1   50G  50G   20K 100% /\ntmpfs      7.8G    0  7.8G   0% /dev/shm\n", "saturation", "/dev/sda1"),
    "memory used up": ("$ free -m\n      total   used   free available\nMem:  16000  15800    100        90\nSwap:     0      0      0         0\n", "saturation", "Mem"),
    "a crashing pod": ("$ kubectl get pods\nNAME     READY   STATUS             RESTARTS      AGE\nweb-1    1/1     Running            0             3d\napi-1    0/1     CrashLoopBackOff   12 (2m ago)   1h\n", "unhealthy", "api-1"),
    "an outlier": ("$ psql -c x\n relname | seq_scan | seq_tup_read\n---------+----------+-------------\n a | 1 | 10\n b | 2 | 9000000\n c | 3 | 30\n(3 rows)\n", "row", "b"),
    "a limit of one role": ("$ psql -c x\n rolname | rolconfig\n---------+-----------\n app | {statement_timeout=30ms}\n ops |\n(2 rows)\n", "setting", "app"),
}  # fmt: skip


@pytest.mark.parametrize("what", TELLING)
def test_the_telling_row_stands_first(what: str) -> None:
    text, kind, component = TELLING[what]
    fact = read(text).facts[0]
    assert (fact.kind, fact.component) == (kind, component)


def test_counts_of_uniq_are_told_with_their_share() -> None:
    fact = read("$ sort x | uniq -c\n      9 sess\n   1191 recs\n").facts[0]
    assert (fact.attributes["value"], fact.count, fact.attributes["total"]) == ("recs", 1191, 1200)


def test_an_index_that_is_missing_can_be_seen() -> None:
    text = '$ \\d orders\n        Table "public.orders"\n Column | Type\n--------+------\n id | bigint\n sku | text\nIndexes:\n    "orders_pkey" PRIMARY KEY, btree (id)\n'
    assert "none begins with sku" in " ".join(fact.text for fact in read(text).facts)


@pytest.mark.parametrize("text", ["", "\n", "$", "$ ls\n", "| | |\n", "a\tb\n", "x" * 500_000, "$ a\n" * 2000, "+--+\n|a|\n+--+\n", "\x00"])
def test_hostile_output_is_answered(text: str) -> None:
    assert read(text).evidence_id


IN_FORCE = {
    "SHOW VARIABLES": "mysql> show variables like 'max%';\n+-----------------+-------+\n| Variable_name   | Value |\n+-----------------+-------+\n| max_connections | 151   |\n| max_user_connections | 0 |\n+-----------------+-------+\n",
    "CONFIG GET": '127.0.0.1:6379> CONFIG GET max*\n1) "max_connections"\n2) "151"\n3) "max-clients"\n4) "0"\n'.replace(
        "max_connections", "max-connections"
    ),
    "pg_settings": "      name       | setting\n-----------------+---------\n max_connections | 151\n work_mem | 0\n(2 rows)\n",
}


@pytest.mark.parametrize("how", IN_FORCE)
def test_values_in_force_are_settings_and_no_rows(how: str) -> None:
    insights = analysed(analyse_command, IN_FORCE[how], "out.txt", "command_output", "transcript")
    assert {fact.kind for fact in insights.facts} == {"setting"}
    first = insights.facts[0]
    assert str(first.attributes["path"]).replace("-", "_") == "max_connections"
    assert first.attributes["value"] == "151"
    assert {(one.path.replace("-", "_"), one.value) for one in insights.settings} >= {("max_connections", "151")}
