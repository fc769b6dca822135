"""The rules of good practice as a page for people: one table per product, out of the same data files that the checks read."""

from collections import defaultdict

from faultmaven_events.consumers.process.config.practice import Practice, practices


def catalogue() -> str:
    """Return Markdown: for each file of `practices/` a heading and a table of id, severity, what, fix and source."""
    tables: dict[str, list[Practice]] = defaultdict(list)
    for rule in practices():
        tables[rule.dialects[0]].append(rule)
    return "\n".join(line for name in sorted(tables) for line in (f"## {name}", *_table(tables[name]), ""))


def _table(rules: list[Practice]) -> list[str]:
    rows = [f"| `{rule.id}` | {rule.severity} | {_cell(rule.what)} | {_cell(rule.fix)} | [source]({rule.source}) |" for rule in rules]
    return ["| rule | severity | what is seen | what to do | |", "|---|---|---|---|---|", *rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
