"""The rules of good practice as tables for people, out of the same data files that the checks read."""

from collections import defaultdict

from faultmaven_events.consumers.process.config.practice import Practice, practices


def tables() -> dict[str, list[str]]:
    """Return the lines of a Markdown table for each dialect: rule with its source, severity, what is seen, what to do."""
    found: dict[str, list[Practice]] = defaultdict(list)
    for rule in practices():
        found[rule.dialects[0]].append(rule)
    return {name: _table(rules) for name, rules in sorted(found.items())}


def _table(rules: list[Practice]) -> list[str]:
    rows = [f"| [`{rule.id}`]({rule.source}) | {rule.severity} | {_cell(rule.what)} | {_cell(rule.fix)} |" for rule in rules]
    return ["| rule | severity | what is seen | what to do |", "|---|---|---|---|", *rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
