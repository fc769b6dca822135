"""Every rule of good practice runs over its own examples."""

import re

import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.consumers.process.config.dialect import dialect_of
from faultmaven_events.consumers.process.config.known import known
from faultmaven_events.consumers.process.config.measure import Kind, measure
from faultmaven_events.consumers.process.config.practice import Practice, practices

RULES = {rule.id: rule for rule in practices()}
LOADS = re.compile(r"syntax|not valid|unclosed|unknown|duplicate|cannot", re.IGNORECASE)
"""What reason takes for a file that does not load."""


def findings(rule: Practice, text: str) -> list[str]:
    return [str(fact.attributes["rule"]) for fact in of_kind(analysed(analyse_config, text, rule.file, "config"), "config_finding")]


@pytest.mark.parametrize("id", RULES)
def test_the_bad_example_breaks_its_rule_and_the_good_one_does_not(id: str) -> None:
    rule = RULES[id]
    assert id in findings(rule, rule.bad)
    assert id not in findings(rule, rule.good)


@pytest.mark.parametrize("id", RULES)
def test_examples_are_told_from_other_products_and_well_formed(id: str) -> None:
    rule = RULES[id]
    for text in (rule.bad, rule.good):
        assert dialect_of(rule.file, "text", text).name in rule.dialects
        assert not [found for found in findings(rule, text) if found.endswith("syntax") or found in {"misspelled-setting", "wrong-section"}]


def test_every_rule_says_what_why_how_and_from_where_and_no_rule_reads_as_a_broken_file() -> None:
    assert len(practices()) == len(RULES) > 250
    for rule in practices():
        assert all((rule.what, rule.reason, rule.fix)), rule.id
        assert rule.severity in {"high", "medium", "low"}
        assert rule.source.startswith("https://")
        assert not LOADS.search(f"{rule.what} {rule.reason} {rule.fix}"), rule.id


@pytest.mark.parametrize(
    ("text", "kind", "bare", "expected"),
    [
        ("32MB", "size", "", 32 * 1024**2),
        ("1GiB", "size", "", 1024**3),
        ("16384", "size", "8kB", 128 * 1024**2),
        ("64mb", "size", "", 64 * 1024**2),
        ("5min", "time", "", 300),
        ("1m30s", "time", "", 90),
        ("5min 20s", "time", "", 320),
        ("500", "time", "ms", 0.5),
        ("10k", "count", "", 10_000),
        ("75%", "count", "", 75),
        ("infinity", "time", "", float("inf")),
        ("eighty", "count", "", None),
        ("10 apples", "size", "", None),
        ("", "count", "", None),
    ],
)
def test_quantities_are_read_with_the_units_of_their_product(text: str, kind: Kind, bare: str, expected: float | None) -> None:
    assert measure(text, kind, bare) == expected


@pytest.mark.parametrize(
    "dialect", ["postgresql", "redis", "rabbitmq", "mysql", "haproxy", "systemd", "sshd", "pgbouncer", "compose", "dockerfile"]
)
def test_the_settings_of_a_product_are_known(dialect: str) -> None:
    assert len(known(dialect)) > 15
    assert {row.type for row in known(dialect).values()} <= {"", "bool", "integer", "real", "enum", "time", "size"}
