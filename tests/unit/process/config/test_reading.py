# ruff: noqa: E501 - samples are written as the tools print them
import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.config import analyse_config

FILES = {
    "app.yaml": ("server:\n  listen: 10.0.0.1:8090\n  ports: [1, 2]\n", {("server.listen", "10.0.0.1:8090", 2), ("server.ports[1]", "2", 3)}),
    "app.json": ('{\n "a": {"b": [true, "x:y"]},\n "n": 1.5\n}', {("a.b[0]", "true", 2), ("a.b[1]", "x:y", 2), ("n", "1.5", 3)}),
    "app.toml": ('[db]\nurl = "x"\n[[job]]\nname = "a"\n[[job]]\nname = "b"\n', {("db.url", "x", 2), ("job[1].name", "b", 6)}),
    "app.ini": ("[main]\n; note\nkey = value\nother: 2\n", {("main.key", "value", 3), ("main.other", "2", 4)}),
    "app.xml": ('<?xml version="1.0"?>\n<root>\n <pool size="5">main</pool>\n</root>\n', {("root.pool.@size", "5", 3), ("root.pool", "main", 3)}),
    "main.tf": ('resource "aws_db" "main" {\n  size = "small"\n}\n', {("resource aws_db main.size", "small", 2)}),
    "nginx.conf": ("http {\n  upstream api { server 10.0.0.2:80; }\n}\n", {("http.upstream api.server", "10.0.0.2:80", 2)}),
    "haproxy.cfg": ("global\n  maxconn 100\nbackend api\n  server a1 10.0.0.3:80 check\n", {("global.maxconn", "100", 2), ("backend api.server a1", "10.0.0.3:80 check", 4)}),
    "postgresql.conf": ("max_connections = 50  # fifty\nlisten_addresses = '*'\n", {("max_connections", "50", 1), ("listen_addresses", "*", 2)}),
    "redis.conf": ("# memory\nmaxmemory 64mb\nbind 10.0.0.4\n", {("maxmemory", "64mb", 2), ("bind", "10.0.0.4", 3)}),
    "worker.env": ("export QUEUE=orders\nPREFETCH=10\n", {("QUEUE", "orders", 1), ("PREFETCH", "10", 2)}),
    "Dockerfile": ("FROM python:3.11 AS build\nRUN a \\\n && b\nFROM scratch\nCMD x\n", {("stage-0.RUN", "a && b", 2), ("stage-1.CMD", "x", 5)}),
    "web.service": ("[Unit]\nAfter=a\nAfter=b\n[Service]\nRestart=always\n", {("Unit.After", "b", 3), ("Service.Restart", "always", 5)}),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_its_values_with_their_lines(name: str) -> None:
    text, expected = FILES[name]
    settings = {(one.path, one.value, one.line) for one in analysed(analyse_config, text, name, "config").settings}
    assert expected <= settings
    found = of_kind(analysed(analyse_config, text, name, "config"), "config_finding")
    assert not [fact.text for fact in found if str(fact.attributes["rule"]).endswith("syntax")]


BROKEN = {
    "a.yaml": ("a: 1\nb: [1,\nc: }\n", "yaml-syntax"),
    "a.json": ('{"a": 1,\n "b" 2}', "json-syntax"),
    "a.toml": ("a = 1\nb = = 2\n", "toml-syntax"),
    "a.xml": ("<a>\n<b></a>\n", "xml-syntax"),
    "a.ini": ("[a]\nkey=1\n[broken\n", "ini-syntax"),
    "a.tf": ('resource "a" "b" {\n  x = = 1\n}\n', "hcl-syntax"),
    "nginx.conf": ("http {\n  server {\n    listen 80\n  }\n", "nginx-syntax"),
    "twice.yaml": ("a: 1\nb: 2\na: 3\n", "duplicate-key"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_syntax_error_is_a_finding_with_its_line(name: str) -> None:
    text, rule = BROKEN[name]
    insights = analysed(analyse_config, text, name, "config")
    found = [fact for fact in of_kind(insights, "config_finding") if fact.attributes["rule"] == rule]
    assert found
    assert "line" in found[0].text


def test_a_template_of_yaml_is_not_called_broken() -> None:
    insights = analysed(analyse_config, "replicas: {{ .Values.n }}\nport: 80\n", "deploy.yaml", "config")
    assert not of_kind(insights, "config_finding")
    assert ("port", "80") in {(one.path, one.value) for one in insights.settings}


def test_an_alias_bomb_is_read_up_to_a_limit() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    insights = analysed(analyse_config, "\n".join(levels), "bomb.yaml", "config")
    assert insights.truncated
    assert len(insights.settings) <= 2000


def test_entities_of_xml_are_not_resolved() -> None:
    entities = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    text = f'<?xml version="1.0"?>\n<!DOCTYPE r [{entities}<!ENTITY file SYSTEM "file:///etc/hostname">]>\n<r><x>&j;</x><y>&file;</y><z>1</z></r>'
    insights = analysed(analyse_config, text, "bomb.xml", "config")
    assert all("ha" not in one.value for one in insights.settings)
    assert len(insights.settings) <= 3


@pytest.mark.parametrize(
    "text", ["[" * 50_000, '{"a":' * 20_000, "a:\n " * 2000, "k: " + "v" * 1_000_000, "{ " * 9000, "\x00\x01", "", "\n\n"]
)
@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.conf", "nginx.conf"])
def test_hostile_text_is_answered(text: str, name: str) -> None:
    assert analysed(analyse_config, text, name, "config").lines == len(text.split("\n")) - text.endswith("\n") - (not text)
