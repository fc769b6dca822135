"""What a file's findings say: places, numbers, bounds, and that no file breaks the checks."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from faultmaven_events.consumers.process.config.analyse import analyse_config
from faultmaven_events.consumers.process.config.braces import read_nginx
from faultmaven_events.consumers.process.config.json_text import read_json
from faultmaven_events.consumers.process.config.lint.check import broken_rules
from faultmaven_events.consumers.process.config.lint.finding import Finding, notes_of
from faultmaven_events.consumers.process.config.lint.page import page
from faultmaven_events.consumers.process.config.lint.rule import rules
from faultmaven_events.consumers.process.config.practice import practices
from faultmaven_events.consumers.process.config.yaml_text import read_yaml
from faultmaven_events.schemas.evidence import Classification

READERS = {"nginx": read_nginx, "kubernetes": read_yaml, "json": read_json}
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: app
        image: app
        securityContext:
          privileged: true
      - name: side
        image: side:1
"""


def findings(dialect: str, text: str) -> list[Finding]:
    return list(broken_rules(dialect, READERS[dialect](text), text.split("\n")))


def places(dialect: str, text: str, rule: str) -> list[tuple[int, int]]:
    return [(one.place.line, one.place.column) for one in findings(dialect, text) if one.rule.id == rule]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("privileged", [(13, 11)]),
        ("one-replica", [(6, 3)]),
        ("image-tag-moves", [(11, 9)]),
        ("readiness-probe-missing", [(10, 9), (14, 9)]),
        ("container-context-missing", [(14, 9)]),
    ],
)
def test_a_finding_stands_at_the_value_or_at_what_lacks_it(rule: str, expected: list[tuple[int, int]]) -> None:
    assert places("kubernetes", DEPLOYMENT, rule) == expected


def test_a_finding_in_nginx_stands_at_its_directive() -> None:
    assert places("nginx", "server {\n  listen 80;\n  location /i {\n    alias /srv/i/;\n  }\n}\n", "nginx-alias-traversal") == [(4, 5)]


def test_a_manifest_in_json_is_checked_with_its_lines() -> None:
    text = '{"apiVersion": "v1",\n "kind": "Pod",\n "spec": {"hostPID": true,\n  "containers": []}}'
    assert places("json", text, "host-pid") == [(3, 11)]


def test_members_of_a_list_and_all_documents_are_checked() -> None:
    listed = "kind: List\nitems:\n- kind: Pod\n  spec: {hostPID: true}\n"
    job = "kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {hostPID: true}}}}}\n"
    assert [line for line, _ in places("kubernetes", f"{listed}---\n{job}", "host-pid")] == [4, 7]


def test_a_container_inherits_from_its_pod_and_overrides_it() -> None:
    pod = "kind: Pod\nspec:\n  securityContext: {runAsNonRoot: true}\n  containers:\n  - name: a\n"
    other = "  - name: b\n    securityContext: {runAsNonRoot: false}\n"
    assert [line for line, _ in places("kubernetes", pod + other, "may-run-as-root")] == [7]


def test_merged_keys_and_aliases_count_as_written() -> None:
    text = "base: &base {securityContext: {privileged: true}}\nkind: Pod\nspec:\n  containers:\n  - <<: *base\n    name: a\n"
    assert places("kubernetes", text, "privileged") == [(1, 32)]


def test_a_rule_broken_often_is_one_fact_with_its_number() -> None:
    text = "---\n".join(DEPLOYMENT for _ in range(30))
    notes = list(notes_of(findings("kubernetes", text), None))
    assert len({note.attributes["rule"] for note in notes}) == len(notes)
    (probe,) = [note for note in notes if note.attributes["rule"] == "readiness-probe-missing"]
    assert (probe.count, probe.start) == (60, 10)
    assert "and 57 more" in probe.text


@pytest.mark.parametrize(
    "command",
    [
        "[kubelet, --anonymous-auth, 'false']",
        "[/usr/bin/kubelet, --anonymous-auth=false]",
        "[sh, -c, 'exec /usr/bin/kubelet --anonymous-auth=false']",
    ],
)
def test_flags_are_read_however_a_process_is_started(command: str) -> None:
    text = f"kind: Pod\nspec: {{containers: [{{name: a, command: {command}}}]}}\n"
    assert not places("kubernetes", text, "kubelet-anonymous")
    assert places("kubernetes", text.replace("false", "true"), "kubelet-anonymous")


@pytest.mark.parametrize(
    ("text", "rule", "is_broken"),
    [
        ("location ~ ^/(.*)$ { set $h $1; proxy_pass http://$h/; }", "nginx-request-forgery", True),
        ("location ~ ^/(.*)$ { internal; proxy_pass http://$1/; }", "nginx-request-forgery", False),
        ("location ~ ^/(a|b)$ { proxy_pass http://$1/; }", "nginx-request-forgery", False),
        ("location ~ ^/([^/.]+)/ { proxy_pass http://$1.example/; }", "nginx-request-forgery", False),
        ("location / { proxy_pass http://10.0.0.1/$arg_x; }", "nginx-request-forgery", False),
        ("location ~ ^/([^/]+)$ { add_header X $1; }", "nginx-response-splitting", True),
        ("location ~ ^/([a-z]+)$ { add_header X $1; }", "nginx-response-splitting", False),
        ("rewrite ^/([^/]+)$ /x/$1;", "nginx-response-splitting", False),
        ("return https://a.example${uri};", "nginx-response-splitting", True),
        ("map $http_origin $ok { default 0; '~^https://a.example' 1; }", "nginx-origin-check", True),
        ("map $http_origin $ok { default 0; '~^https://([a-z-]+\\.)?a\\.example$' 1; }", "nginx-origin-check", False),
        ("location ~ ^/i(.*)$ { alias /srv/$1; }", "nginx-alias-traversal", True),
        ("location ~ ^/i/(.*)$ { alias /srv/$1; }", "nginx-alias-traversal", False),
        ("location = /i { alias /srv/i/; }", "nginx-alias-traversal", False),
    ],
)
def test_what_a_client_can_choose_is_followed_through_variables(text: str, rule: str, *, is_broken: bool) -> None:
    assert bool(places("nginx", text, rule)) is is_broken


def test_includes_of_files_that_are_missing_are_tolerated() -> None:
    assert places("nginx", "include conf.d/*.conf;\nserver { include x; server_tokens on; }", "nginx-version-shown") == [(2, 21)]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (
            "kubernetes",
            "kind: Pod\nmetadata: []\nspec: {containers: {a: b}, initContainers: [1, null, {env: x, ports: 1, command: {a: 1}}]}",
        ),
        (
            "kubernetes",
            "kind: Role\nrules: {a: b}\n---\nkind: RoleBinding\nroleRef: x\nsubjects: y\n---\nkind: [a]\n---\nkind: ConfigMap\ndata: 5",
        ),
        (
            "kubernetes",
            "kind: PodDisruptionBudget\nspec: {selector: {matchLabels: 1, matchExpressions: {a: b}}, minAvailable: '99999999999%'}",
        ),
        ("kubernetes", "kind: List\nitems: &a\n- *a\n- kind: Pod\n  spec: &s\n    <<: *s\n    containers: [*s]\n    securityContext: *s\n"),
        ("kubernetes", "kind: Pod\nspec: " + "{a: " * 300 + "}" * 300),
        ("kubernetes", "c: &c {name: a}\nl: &l [" + "*c," * 5000 + "]\nkind: Pod\nspec: {containers: *l, initContainers: *l}"),
        ("kubernetes", "kind: Pod\n\tspec: [\x00"),
        (
            "nginx",
            "if { } location { alias; } location ~ { } map { } map $http_origin { ~x; } proxy_pass; set $a; return; valid_referers;",
        ),
        ("nginx", "a {" * 5000 + "}" * 5000),
        ("nginx", "set $a $arg_x;" + 'set $a "$a$a$a$a";' * 200 + "proxy_pass http://$a;"),
        ("nginx", 'if ($http_origin ~ "' + "(a|b|[^x])*" * 80 + '") { } location ~ ' + "(" * 400 + ")" * 400 + " { }"),
        ("nginx", "${" * 20_000 + "server {\x00 listen 80;\x00}" + '"'),
    ],
)
def test_no_file_breaks_the_checks(dialect: str, text: str) -> None:
    notes = list(notes_of(findings(dialect, text), None))
    assert len(notes) < 60
    assert all(len(note.text) < 2_000 for note in notes)


def test_a_template_that_is_no_yaml_yet_is_left_alone() -> None:
    assert findings("kubernetes", "kind: Pod\nspec:\n  {{- range .Values.x }}\n  hostPID: true\n  {{ end }}\n") == []


def test_a_file_in_the_pipeline_gets_its_findings_with_rule_fix_and_citation() -> None:
    kind = Classification(type="config", format="kubernetes", charset="utf-8", confidence=1.0, reason="test")
    insights = analyse_config(DEPLOYMENT, evidence_id=UUID(int=1), name="web.yaml", classification=kind)
    (fact,) = [fact for fact in insights.facts if fact.attributes.get("rule") == "privileged"]
    assert fact.attributes["severity"] == "high"
    assert fact.attributes["column"] == 11
    assert fact.attributes["also_known_as"] == "polaris: runAsPrivileged, checkov: CKV_K8S_16"
    assert fact.citations[0].line_start == 13


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    assert Path("docs/config-rules.md").read_text("utf-8") == page()


def test_the_page_names_every_rule_once() -> None:
    named = re.findall(r"^\| \[`([\w-]+)`\]", page(), re.MULTILINE)
    expected = [rule.id for product in ("nginx", "kubernetes") for rule in rules(product)] + [rule.id for rule in practices()]
    assert sorted(named) == sorted(expected)
