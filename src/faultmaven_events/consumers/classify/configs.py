"""Configuration: the shape of its lines first, the vocabulary of well-known servers second."""

import re
from typing import Final

from faultmaven_events.consumers.classify.blocks import braces, dockerfile, hcl, logstash, nginx, terms
from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.keyed import KEYED
from faultmaven_events.consumers.classify.sample import Sample
from faultmaven_events.consumers.classify.servers import directives
from faultmaven_events.consumers.classify.yamls import PROGRAM, yaml

_EQUALS: Final = re.compile(r"\s*[\w.\-/*\[\]\"'@:+<>$%]+(?: [\w.-]+){0,2}\s*\+?=\s*(?!=).*")
_SECTION: Final = re.compile(r"\s*\[{1,2}\s*[\w.\-:/ \"'@*?,\\&]+\s*\]{1,2}\s*(?:[#;].*)?$")
_TOML: Final = re.compile(r"\s*[\w.\-\"']+\s*=\s*(?:\"|'|\[|\{|true\b|false\b|[-+]?\d[\d_.eExXa-f:TZ+-]*\s*(?:#.*)?$)")
_ENV: Final = re.compile(r"(?:export )?[A-Za-z_][A-Za-z0-9_]*=.*")
_DIFF: Final = re.compile(r"(?:diff (?:--git|-\w+) |Index: |--- \S|\*\*\* \S)")

SYSTEMD: Final = re.compile(r"\[(?:Unit|Service|Install|Timer|Socket|Mount|Path|Slice|Match|Network|Link|NetDev|Container|Target)\]$")
MYSQL: Final = re.compile(r"\[(?:mysqld?(?:[-_]\w+|\d+)?|mysqldump|mariadbd?|galera|client-server|client-mariadb)\]$")
_LITERAL: Final = re.compile(r"=\s*(\"{3}|'{3})[\s\S]*?\1")


def settings(sample: Sample) -> Vote | None:
    """`name = value` lines, with or without [sections]: ini, toml, systemd, properties, dotenv."""
    joined = _LITERAL.sub("= ''", "\n".join(sample.body))
    body = [line for line in joined.split("\n") if not re.match(r"\s*[!;]", line)]
    if not body or any(map(PROGRAM.match, body[:30])):
        return None
    sections = [line for line in body if _SECTION.fullmatch(line)]
    pairs = [line for line in body if _EQUALS.fullmatch(line)]
    folded = _folded(body)
    share = (len(sections) + len(pairs) + folded) / len(body)
    if share < 0.8 or len(pairs) + len(sections) < 0.25 * len(body):
        return None
    if sum(line.rstrip().endswith((";", "{", "(")) for line in pairs) > 0.5 * len(pairs):
        return None
    seen = f"{len(sections)} sections, {len(pairs)} pairs, {share:.0%} of the lines"
    if sections:
        return _sectioned(sections, pairs, seen)
    if len(pairs) >= 1 and all(_ENV.fullmatch(line) and re.match(r"(?:export )?[A-Z][A-Z0-9_]*=", line) for line in pairs):
        return Vote("config", "dotenv", 0.9 if len(pairs) > 1 else 0.8, seen)
    if sum(_TOML.match(line) is not None and " = " in line for line in pairs) == len(pairs) and any(
        re.search(r"= [\"\['{]", line) for line in pairs
    ):
        return Vote("config", "toml", 0.8, seen)
    dotted = sum("." in line.split("=")[0] for line in pairs)
    return Vote("config", "properties", (0.85 if dotted else 0.72) * min(1.0, share), seen)


def _folded(body: list[str]) -> int:
    """Lines inside brackets or indented below a pair: the rest of a value."""
    depth, count = 0, 0
    for line in body:
        inside = depth > 0
        depth = max(0, depth + line.count("[") + line.count("{") - line.count("]") - line.count("}")) if "=" in line or depth else 0
        if (
            not _EQUALS.fullmatch(line)
            and not _SECTION.fullmatch(line)
            and (inside or (line[:1] in " \t" and count + 1 < len(body)) or line.strip() in {"]", "}", '"""', "'''"})
        ):
            count += 1
    return count


def _sectioned(sections: list[str], pairs: list[str], seen: str) -> Vote:
    if any(map(SYSTEMD.match, sections)):
        return Vote("config", "systemd", 0.96, seen)
    if any(map(MYSQL.match, sections)):
        return Vote("config", "my-cnf", 0.95, seen)
    typed = sum(_TOML.match(line) is not None for line in pairs)
    if any(line.lstrip().startswith("[[") for line in sections) or (
        pairs and typed >= 0.9 * len(pairs) and any(re.search(r"=\s*[\"\['{]", line) for line in pairs)
    ):
        return Vote("config", "toml", 0.94, seen)
    return Vote("config", "ini", 0.92 if pairs else 0.7, seen)


def diff(sample: Sample) -> Vote | None:
    """A unified or git diff: a header, hunks, and lines that begin with a sign."""
    lines = sample.lines
    hunks = sum(re.match(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|\d+(?:,\d+)?[acd]\d+(?:,\d+)?$|\*{15}$", line) is not None for line in lines)
    signed = sum(line[:1] in "+-<>! @" for line in lines) / max(1, len(lines))
    headed = any(map(_DIFF.match, lines[:30]))
    if not hunks or (not headed and signed < 0.9):
        return None
    names = " ".join(line for line in lines if line.startswith(("--- ", "+++ ", "diff ")))
    code = re.search(r"\.(?:py|js|ts|tsx|go|rs|java|rb|c|cc|cpp|h|php|kt|scala|cs|swift|sh|sql)\b", names)
    return Vote("source" if code else "config", "unified-diff", 0.97, f"{hunks} hunks of a diff")


CONFIGS: Final[tuple[Detector, ...]] = (diff, nginx, dockerfile, settings, directives, yaml, hcl, logstash, terms, braces, *KEYED)
