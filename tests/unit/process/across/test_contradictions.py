# ruff: noqa: E501 - samples are written as the tools print them
import hashlib
from uuid import UUID

import pytest

from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.schemas.evidence import Classification, EvidenceType
from faultmaven_events.schemas.insight import Fact

Files = dict[str, tuple[EvidenceType, str]]

SS = """$ ss -ltn
State  Recv-Q Send-Q Local Address:Port  Peer Address:Port
LISTEN 0      128    10.0.0.7:8081       0.0.0.0:*
LISTEN 0      128    0.0.0.0:22          0.0.0.0:*
LISTEN 0      128    10.0.0.7:9100       0.0.0.0:*
"""
NGINX = "http {\n  upstream app {\n    server 10.0.0.7:%s;\n  }\n  server {\n    listen 80;\n    location / { proxy_pass http://app; proxy_read_timeout 30s; }\n  }\n}\n"
POSTGRES = "listen_addresses = '10.0.0.5'\nport = 5432\nmax_connections = 100\nshared_buffers = 1GB\n"
COMPOSE = 'services:\n  db:\n    image: postgres:16\n    ports:\n      - "5433:5432"\n  api:\n    image: api:1\n    environment:\n      DATABASE_URL: postgres://db:%s/orders\n      LEVEL: ${LOG_LEVEL}\n'
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\nspec:\n  selector:\n    app: api\n  ports:\n    - port: 80\n      targetPort: %s\n"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  replicas: 5\n  template:\n    metadata:\n      labels:\n        app: api\n    spec:\n      containers:\n        - name: api\n          image: api:1\n          ports:\n            - containerPort: 8080\n"
POOL = "spring.datasource.url=jdbc:postgresql://10.0.0.5:5432/orders\nspring.datasource.hikari.maximum-pool-size=%s\ninstances=4\n"
SHOW = "$ psql -c 'show max_connections'\n max_connections \n-----------------\n %s\n(1 row)\n"
GUNICORN = "services:\n  api:\n    image: api:1\n    command: gunicorn app:app --timeout %s\n"


KUBECTL = "$ kubectl get deploy\nNAME   READY   UP-TO-DATE   AVAILABLE   AGE\napi    %s     2            2           9d\nweb    3/3     3            3           9d\n"
PODS = "NAME                   READY   STATUS    RESTARTS   AGE\n" + "".join(
    f"api-5f6d7c8b9-bcdf{letter}    1/1     Running   0          9d\n" for letter in "bcd"
)
LIVE = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  replicas: %s\nstatus:\n  readyReplicas: 2\n"
SCALER = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: api\nspec:\n  scaleTargetRef:\n    kind: Deployment\n    name: api\n  maxReplicas: 9\n"
SWARM = (
    "$ docker service ls\nID             NAME       MODE         REPLICAS   IMAGE\nx1y2z3a4b5c6   shop_api   replicated   %s        api:1\n"
)
STACK = "services:\n  api:\n    image: api:1\n    deploy:\n      replicas: 3\n"
REPLICAS: dict[str, tuple[Files, Files]] = {
    "wanted in the cluster": ({"api.yaml": ("config", DEPLOYMENT), "out.txt": ("command_output", KUBECTL % "2/2")},
                              {"api.yaml": ("config", DEPLOYMENT), "out.txt": ("command_output", KUBECTL % "2/5")}),
    "wanted by a live object": ({"api.yaml": ("config", DEPLOYMENT), "live.yaml": ("config", LIVE % 2)},
                                {"api.yaml": ("config", DEPLOYMENT), "live.yaml": ("config", LIVE % 5)}),
    "running": ({"api.yaml": ("config", DEPLOYMENT), "out.txt": ("command_output", PODS)},
                {"api.yaml": ("config", DEPLOYMENT.replace("replicas: 5", "replicas: 3")), "out.txt": ("command_output", PODS)}),
    "of a service": ({"compose.yaml": ("config", STACK), "out.txt": ("command_output", SWARM % "2/2")},
                     {"compose.yaml": ("config", STACK), "out.txt": ("command_output", SWARM % "1/3")}),
    "scaled": ({"api.yaml": ("config", DEPLOYMENT), "out.txt": ("command_output", KUBECTL % "2/2")},
               {"api.yaml": ("config", DEPLOYMENT), "out.txt": ("command_output", KUBECTL % "2/2"), "hpa.yaml": ("config", SCALER)}),
}  # fmt: skip
REDIS = "maxmemory 100mb\nmaxmemory-policy allkeys-lru\nappendonly yes\nmaxclients 10000\nprotected-mode yes\nbind 10.0.0.6\n"
MYSQL = "[mysqld]\nmax_connections = 500\ninnodb_buffer_pool_size = 1G\nslow_query_log = 1\n"
MYSQL_TABLE = "mysql> show variables;\n+-------------------------+------------+\n| Variable_name           | Value      |\n+-------------------------+------------+\n| innodb_buffer_pool_size | %s |\n| max_connections         | %s        |\n| slow_query_log          | ON         |\n+-------------------------+------------+\n"
PG_TABLE = "      name       | setting | unit\n-----------------+---------+------\n max_connections | 100     |\n shared_buffers  | %s  | 8kB\n(2 rows)\n"
IN_FORCE: dict[str, tuple[str, str, str, str]] = {
    "CONFIG GET, numbered": (REDIS, "redis.conf", '127.0.0.1:6379> CONFIG GET *\n 1) "maxmemory-policy"\n 2) "%s"\n 3) "appendonly"\n 4) "yes"\n', "allkeys-lru noeviction"),
    "CONFIG GET, bare": (REDIS, "redis.conf", "$ redis-cli config get 'max*'\nmaxmemory\n%s\nmaxclients\n10000\n", "104857600 0"),
    "SHOW VARIABLES": (MYSQL, "my.cnf", MYSQL_TABLE.replace("%s        |", "500        |"), "1073741824 134217728 "),
    "pg_settings": (POSTGRES, "postgresql.conf", PG_TABLE, "131072 16384"),
}  # fmt: skip


def merged(files: Files) -> tuple[Fact, ...]:
    read = [
        analyse(
            text.encode(),
            Classification(type=type, format="text", confidence=1, reason="given by the test"),
            evidence_id=UUID(int=number),
            name=name,
        )
        for number, (name, (type, text)) in enumerate(files.items(), start=1)
    ]
    facts = merge("what is wrong?", read).facts
    texts = {name: text.split("\n") for name, (_, text) in files.items()}
    for fact in facts:
        assert fact.citations
        for one in fact.citations:
            cited = texts[one.file][one.line_start - 1 : one.line_end]
            assert one.quote_sha256 == hashlib.sha256("\n".join(cited).encode()).hexdigest()
    return facts


def found(files: Files, kind: str = "contradiction") -> dict[str, Fact]:
    return {str(fact.attributes.get("what", fact.attributes.get("path"))): fact for fact in merged(files) if fact.kind == kind}


BAD: dict[str, Files] = {
    "port without listener": {"nginx.conf": ("config", NGINX % 8080), "sockets.txt": ("command_output", SS)},
    "other port": {"postgresql.conf": ("config", POSTGRES), "app.properties": ("config", "db.url=jdbc:postgresql://10.0.0.5:5423/orders\nb=2\n")},
    "published port": {"compose.yaml": ("config", COMPOSE % 5433), "x.yaml": ("config", "a: 1\nb: 2\n")},
    "target port": {"service.yaml": ("config", SERVICE % 8000), "deployment.yaml": ("config", DEPLOYMENT)},
    "pools over limit": {"postgresql.conf": ("config", POSTGRES), "application.properties": ("config", POOL % 30)},
    "value in force": {"postgresql.conf": ("config", POSTGRES), "psql.txt": ("command_output", SHOW % 50)},
    "unset variable": {"compose.yaml": ("config", COMPOSE % 5432), ".env": ("config", "TAG=1\nOTHER=2\n")},
    "two values": {"compose.yaml": ("config", "services:\n  api:\n    image: a:1\n    environment:\n      DB_HOST: db-new\n"), ".env": ("config", "DB_HOST=db-old\nTAG=1\n")},
    "timeout order": {"nginx.conf": ("config", NGINX % 8081), "compose.yaml": ("config", GUNICORN % 120)},
}  # fmt: skip
GOOD: dict[str, Files] = {
    "port without listener": {"nginx.conf": ("config", NGINX % 8081), "sockets.txt": ("command_output", SS)},
    "other port": {"postgresql.conf": ("config", POSTGRES), "app.properties": ("config", "db.url=jdbc:postgresql://10.0.0.5:5432/orders\nb=2\n")},
    "published port": {"compose.yaml": ("config", COMPOSE % 5432), "x.yaml": ("config", "a: 1\nb: 2\n")},
    "target port": {"service.yaml": ("config", SERVICE % 8080), "deployment.yaml": ("config", DEPLOYMENT)},
    "pools over limit": {"postgresql.conf": ("config", POSTGRES), "application.properties": ("config", POOL % 20)},
    "value in force": {"postgresql.conf": ("config", POSTGRES), "psql.txt": ("command_output", SHOW % 100)},
    "unset variable": {"compose.yaml": ("config", COMPOSE % 5432), ".env": ("config", "LOG_LEVEL=info\nOTHER=2\n")},
    "two values": {"compose.yaml": ("config", "services:\n  api:\n    image: a:1\n    environment:\n      DB_HOST: ${DB_HOST}\n"), ".env": ("config", "DB_HOST=db-old\nTAG=1\n")},
    "timeout order": {"nginx.conf": ("config", NGINX % 8081), "compose.yaml": ("config", GUNICORN % 20)},
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_two_pieces_of_evidence_that_deny_each_other_are_told_with_both_places(what: str) -> None:
    facts = found(BAD[what])
    assert set(facts) == {what}
    assert len(facts[what].citations) >= 2
    assert len({one.file for one in facts[what].citations}) == (1 if what == "published port" else 2)


@pytest.mark.parametrize("what", GOOD)
def test_evidence_that_agrees_is_left_alone(what: str) -> None:
    assert found(GOOD[what]) == {}


@pytest.mark.parametrize("how", REPLICAS)
def test_replicas_that_a_manifest_asks_for_are_held_against_what_is_there(how: str) -> None:
    bad, good = REPLICAS[how]
    assert set(found(bad)) == {"replicas"}
    assert found(good) == {}


@pytest.mark.parametrize("how", IN_FORCE)
def test_values_in_force_are_held_against_the_file(how: str) -> None:
    text, name, output, values = IN_FORCE[how]
    same, other = values.split()
    assert found({name: ("config", text), "out.txt": ("command_output", output % same)}) == {}
    (fact,) = found({name: ("config", text), "out.txt": ("command_output", output % other)}).values()
    assert fact.attributes["what"] == "value in force"
    assert fact.attributes["other"] == (f"{int(other) * 8}kB" if how == "pg_settings" else other)


def test_ports_that_docker_publishes_are_listened_on() -> None:
    ps = '$ docker ps\nCONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS                                       NAMES\nabc123abc123   api:1     "x"       2d ago    Up 2d     0.0.0.0:8080->80/tcp, :::8080->80/tcp   api\n'
    files: Files = {"nginx.conf": ("config", NGINX % 8080), "sockets.txt": ("command_output", SS)}
    assert set(found(files)) == {"port without listener"}
    assert found(files | {"docker.txt": ("command_output", ps)}) == {}


def test_the_containers_of_a_host_are_not_all_that_listens_there() -> None:
    ps = 'CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS                     NAMES\nabc123abc123   api:1     "x"       2d ago    Up 2d     10.0.0.7:8081->80/tcp   api\nabc123abc124   web:1     "x"       2d ago    Up 2d     10.0.0.7:9100->80/tcp   web\n'
    assert "port without listener" not in found({"nginx.conf": ("config", NGINX % 8500), "docker.txt": ("command_output", ps)})


def test_a_port_that_is_refused_and_nearly_the_configured_one_is_told() -> None:
    log = "2026-01-05T10:00:00Z ERROR api connection to 10.0.0.5:5342 refused\n" * 3
    assert set(found({"postgresql.conf": ("config", POSTGRES), "api.log": ("log", log)})) == {"other port"}


def test_a_port_without_listener_names_the_nearest_socket() -> None:
    fact = found(BAD["port without listener"])["port without listener"]
    assert "10.0.0.7:8080" in fact.text
    assert fact.attributes["other"] == "10.0.0.7:8081"


def test_a_series_that_comes_to_a_configured_limit_is_told_with_the_limit() -> None:
    rows = "".join(f"2026-01-05T10:{m:02}:00Z,{min(100, 20 + max(0, m - 20) * 9)}\n" for m in range(60))
    metrics = f"time,numbackends\n{rows}"
    facts = found({"postgresql.conf": ("config", POSTGRES), "pg_stat.csv": ("metrics", metrics)}, "limit_reached")
    assert facts["max_connections"].attributes["limit"] == 100
    low = "time,numbackends\n" + "".join(f"2026-01-05T10:{m:02}:00Z,{20 + m % 7}\n" for m in range(60))
    assert not found({"postgresql.conf": ("config", POSTGRES), "pg_stat.csv": ("metrics", low)}, "limit_reached")


VERSIONS = [
    ("haproxy.cfg.bak", "haproxy.cfg"),
    ("haproxy.cfg.1", "haproxy.cfg"),
    ("haproxy.cfg~", "haproxy.cfg"),
    ("before/haproxy.cfg", "after/haproxy.cfg"),
    ("haproxy-v1.cfg", "haproxy-v2.cfg"),
    ("haproxy.old.cfg", "haproxy.cfg"),
    ("haproxy-2026-01-04.cfg", "haproxy-2026-01-05.cfg"),
    ("haproxy-v9.cfg", "haproxy-v10.cfg"),
]


@pytest.mark.parametrize(("old", "new"), VERSIONS)
def test_two_versions_of_a_file_tell_what_changed_from_the_older_to_the_newer(old: str, new: str) -> None:
    text = "defaults\n  mode http\n  timeout server %s\nbackend a\n  balance roundrobin\n  server a1 10.0.0.1:80 check%s\n"
    files: Files = {new: ("config", text % ("5s", " fall 1")), old: ("config", text % ("50s", ""))}
    facts = [fact for fact in merged(files) if fact.kind == "config_change"]
    assert [(fact.attributes["path"], fact.attributes["old"], fact.attributes["new"]) for fact in facts] == [
        ("defaults.timeout server", "50s", "5s"),
        ("backend a.server a1", "10.0.0.1:80 check", "10.0.0.1:80 check fall 1"),
    ]
    assert {one.file for one in facts[0].citations} == {old, new}


def test_two_files_of_other_names_or_things_are_no_versions() -> None:
    files: Files = {
        "app-v1.yaml": ("config", "a: 1\nb: 2\nc: 3\n"),
        "app-v2.yaml": ("config", "x: 1\ny: 2\nz: 3\n"),
        "b.yaml": ("config", "a: 2\nb: 2\nc: 3\n"),
    }
    assert not [fact for fact in merged(files) if fact.kind == "config_change"]


def test_versions_whose_names_tell_no_order_are_said_to_differ() -> None:
    files: Files = {"web1/app.yaml": ("config", "timeout: 5s\nsize: 2\n"), "web2/app.yaml": ("config", "timeout: 50s\nsize: 2\n")}
    facts = [fact for fact in merged(files) if fact.kind == "config_change"]
    assert len(facts) == 1
    assert "do not tell" in facts[0].text
