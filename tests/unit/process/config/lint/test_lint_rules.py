"""Every rule finds its bad example and is silent on its good one."""

import textwrap

import pytest

from faultmaven_events.consumers.process.config.braces import read_nginx
from faultmaven_events.consumers.process.config.lint.check import broken_rules
from faultmaven_events.consumers.process.config.lint.rule import Rule, rules
from faultmaven_events.consumers.process.config.yaml_text import read_yaml

KUBERNETES, NGINX = rules("kubernetes"), rules("nginx")


def manifest(rule: Rule, example: str) -> str:
    """A whole file out of an example, which may be a command line, the fields of a container or the spec of a pod."""
    if "kind:" in example:
        return example
    if rule.test["scope"] == "process":
        return "kind: Pod\nspec:\n  containers:\n  - command:\n" + "".join(f"    - {word}\n" for word in example.split())
    if example.startswith("pod:"):
        return "kind: Pod\nspec:\n" + textwrap.indent(example.removeprefix("pod:").strip(), "  ")
    if rule.test["scope"] == "pod":
        return "kind: Pod\nspec:\n" + textwrap.indent(example, "  ")
    return "kind: Pod\nspec:\n  containers:\n  -\n" + textwrap.indent(example, "    ")


def broken(dialect: str, text: str) -> set[str]:
    reading = (read_nginx if dialect == "nginx" else read_yaml)(text)
    assert not reading.problems
    return {finding.rule.id for finding in broken_rules(dialect, reading, text.split("\n"))}


@pytest.mark.parametrize("rule", KUBERNETES, ids=lambda rule: rule.id)
def test_a_rule_for_kubernetes_tells_its_examples_apart(rule: Rule) -> None:
    assert rule.id in broken("kubernetes", manifest(rule, rule.bad))
    assert rule.id not in broken("kubernetes", manifest(rule, rule.good))


@pytest.mark.parametrize("rule", NGINX, ids=lambda rule: rule.id)
def test_a_rule_for_nginx_tells_its_examples_apart(rule: Rule) -> None:
    assert rule.id in broken("nginx", rule.bad)
    assert rule.id not in broken("nginx", rule.good)


@pytest.mark.parametrize("rule", [*KUBERNETES, *NGINX], ids=lambda rule: rule.id)
def test_a_rule_says_what_why_and_what_to_do(rule: Rule) -> None:
    assert rule.severity in {"high", "medium", "low"}
    assert rule.area in {"security", "reliability", "efficiency"}
    assert not rule.what.endswith(".")
    assert rule.reason.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.source.startswith("https://")
    assert rule.known_as


def test_no_two_rules_have_one_id() -> None:
    ids = [rule.id for rule in (*KUBERNETES, *NGINX)]
    assert len(ids) == len(set(ids))
