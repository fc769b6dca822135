# ruff: noqa: E501 - samples are written as the tools print them
import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.consumers.process.config.practice import practices

BAD = {
    "redis-noeviction": ("redis.conf", "bind 10.0.0.1\nmaxmemory 1gb\nmaxmemory-policy noeviction\n"),
    "nginx-never-fails-over": ("nginx.conf", "http { upstream a { server 10.0.0.1:80 max_fails=0; } }\n"),
    "haproxy-servers-unchecked": ("haproxy.cfg", "defaults\n mode http\nbackend a\n server a1 10.0.0.1:80\n"),
    "postgresql-fsync-off": ("postgresql.conf", "max_connections = 100\nshared_buffers = 1GB\nfsync = off\n"),
    "rabbitmq-disk-limit-low": ("rabbitmq.conf", "listeners.tcp.1 = 10.0.0.1:5672\ndisk_free_limit.absolute = 50MB\n"),
    "image-latest": ("compose.yaml", "services:\n  a:\n    image: redis\n    restart: always\n"),
    "dockerfile-root": ("Dockerfile", "FROM python:3.11\nRUN x\nCMD y\n"),
    "dockerfile-latest": ("Dockerfile", "FROM python AS build\nRUN x\nCMD y\n"),
    "supervisord-gives-up": ("supervisord.conf", "[program:w]\ncommand=x\nstartretries=2\n"),
}  # fmt: skip
GOOD = {
    "redis-noeviction": ("redis.conf", "bind 10.0.0.1\nmaxmemory 1gb\nmaxmemory-policy allkeys-lru\n"),
    "haproxy-servers-unchecked": ("haproxy.cfg", "defaults\n mode http\nbackend a\n server a1 10.0.0.1:80 check\n"),
    "rabbitmq-disk-limit-low": ("rabbitmq.conf", "listeners.tcp.1 = 10.0.0.1:5672\ndisk_free_limit.absolute = 5GB\n"),
    "image-latest": ("compose.yaml", "services:\n  a:\n    image: registry:5000/redis:7.2\n    restart: always\n"),
    "dockerfile-root": ("Dockerfile", "FROM python:3.11\nRUN x\nUSER 1000\nCMD y\n"),
    "dockerfile-latest": ("Dockerfile", "FROM python:3.11 AS build\nRUN x\nFROM build\nCMD y\n"),
}


def rules(name: str, text: str) -> set[object]:
    return {fact.attributes["rule"] for fact in of_kind(analysed(analyse_config, text, name, "config"), "config_finding")}


@pytest.mark.parametrize("rule", BAD)
def test_bad_practice_is_found(rule: str) -> None:
    assert rule in rules(*BAD[rule])


@pytest.mark.parametrize("rule", GOOD)
def test_good_practice_is_left_alone(rule: str) -> None:
    assert rule not in rules(*GOOD[rule])


def test_every_rule_has_an_id_of_its_own_and_says_what_to_do() -> None:
    assert len({rule.id for rule in practices()}) == len(practices()) >= 20
    assert all(rule.fix and rule.reason and rule.severity in {"high", "medium", "low"} for rule in practices())


def test_a_key_spelt_differently_in_one_of_three_sections_is_found() -> None:
    text = "tenants:\n  a:\n    max_items: 1\n    quota_bytes: 5\n  b:\n    max_items: 1\n    quota_byte: 5\n  c:\n    max_items: 2\n    quota_bytes: 5\n"
    insights = analysed(analyse_config, text, "tenants.yaml", "config")
    assert "key-spelling" in {fact.attributes["rule"] for fact in of_kind(insights, "config_finding")}


def test_alike_keys_that_stand_side_by_side_are_no_misspelling() -> None:
    text = "tenants:\n  a:\n    read_limit: 1\n    reads_limit: 5\n  b:\n    read_limit: 1\n    reads_limit: 5\n"
    assert not of_kind(analysed(analyse_config, text, "tenants.yaml", "config"), "config_finding")


def test_upstreams_and_listening_addresses_are_told_with_their_names() -> None:
    text = "http {\n upstream search { server 10.0.0.2:3010; }\n server { listen 10.0.0.5:80; server_name shop; location / { proxy_pass http://search; } }\n}\n"
    insights = analysed(analyse_config, text, "nginx.conf", "config")
    (upstream,) = of_kind(insights, "dependency")
    assert (upstream.component, upstream.attributes["address"], upstream.attributes["port"]) == ("search", "10.0.0.2", 3010)
    assert [(fact.attributes["address"], fact.attributes["port"]) for fact in of_kind(insights, "listening")] == [("10.0.0.5", 80)]


def test_credentials_in_an_url_do_not_hide_its_host() -> None:
    text = 'DATABASE_URL="postgres://[REDACTED]@db01/shop"\nBROKER=amqp://u:p@mq01:5673/\nWHEN=12:30\n'
    targets = {
        (fact.attributes["target"], fact.attributes["port"])
        for fact in of_kind(analysed(analyse_config, text, "app.env", "config"), "dependency")
    }
    assert targets == {("db01", 5432), ("mq01", 5673)}


def test_ports_that_a_container_publishes_are_no_addresses_that_it_calls() -> None:
    text = 'services:\n  db:\n    image: db:1\n    ports:\n      - "5432:5432"\n  api:\n    image: api:1\n    environment:\n      URL: http://db:5432/x\n'
    insights = analysed(analyse_config, text, "compose.yaml", "config", "compose")
    assert [(fact.attributes["source"], fact.attributes["address"]) for fact in insights.facts if fact.kind == "dependency"] == [
        ("api", "db")
    ]
