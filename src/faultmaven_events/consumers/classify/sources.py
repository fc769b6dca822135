"""Source code: statements that only one or a few languages write, looked up by how their line begins."""

import re
from collections import defaultdict
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.languages import STATEMENTS
from faultmaven_events.consumers.classify.sample import Sample

_PROSE: Final = re.compile(r"[A-Z\"'(]?[a-z]+(?:[,;:]? [\w'\"`()/-]+){4,}[.,:;!?]?$")
_CODE_END: Final = re.compile(r"[;{}(),\[\]:]$|\)$|=>$|\bend$|->")


def _branches() -> dict[str, tuple[re.Pattern[str], tuple[float, ...]]]:
    """Join the statements of each language, each a group, to one pattern with the groups' weights; SQL is read in any case."""
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for language, weight, pattern in STATEMENTS:
        found[language].append((weight, f"({pattern})"))
    return {
        language: (re.compile("|".join(one for _, one in rules), re.IGNORECASE if language == "sql" else 0), (0.0, *(w for w, _ in rules)))
        for language, rules in found.items()
    }


_BRANCHES: Final = _branches()
_WEAK: Final = frozenset({"shell", "c"})
"""Languages that are known by many small signs; any other needs one that is its own."""
_SHELL: Final = re.compile(r"#!")


def code(sample: Sample) -> Vote | None:
    """The language with most statements, when enough of the lines look like code."""
    lines = [line.strip()[:160] for line in sample.code[:40]]
    if not lines:
        return None
    scores: dict[str, tuple[float, int]] = {}
    for language, (pattern, worth) in _BRANCHES.items():
        weights = [worth[match.lastindex or 0] if (match := pattern.fullmatch(line)) else 0.0 for line in lines]
        if language not in _WEAK and max(weights) < 0.5:
            continue
        scores[language] = (sum(weights), sum(map(bool, weights)))
    if not scores:
        return None
    language = max(scores, key=lambda name: scores[name])
    total, hits = scores[language]
    prose = sum(_PROSE.match(line) is not None for line in lines) / len(lines)
    ends = sum(_CODE_END.search(line) is not None for line in lines) / len(lines)
    indented = sum(line[:1] in " \t" for line in sample.code[:40]) / len(lines)
    shape = hits / len(lines) + 0.5 * ends + 0.3 * indented - prose
    if total < (0.5 if len(lines) <= 6 or ends >= 0.5 else 0.8) or shape < 0.35:
        return None
    score = 0.5 + 0.1 * min(3.0, total) + 0.2 * min(1.0, shape)
    return Vote("source", language, min(0.95, score), f"{hits} of {len(lines)} lines are statements of {language}")


def makefile(sample: Sample) -> Vote | None:
    """Targets with recipes that a tab indents."""
    rows = [row for row in sample.rows[:200] if row and not row.startswith("#")]
    targets = [i for i, row in enumerate(rows) if _TARGET.fullmatch(row)]
    recipes = sum(row.startswith("\t") for row in rows)
    if any(_PLACE.match(row) for row in rows):
        return None
    fed = sum(i + 1 < len(rows) and rows[i + 1].startswith("\t") for i in targets)
    other = sum(
        re.match(r"[\w.]+ *[:?+!]?= ?|\.PHONY|-?include |ifn?(?:eq|def)|endif|else|export |define|endef", row) is not None for row in rows
    )
    if not fed or len(targets) + recipes + other < 0.7 * len(rows):
        return None
    return Vote("source", "makefile", 0.95 if fed > 1 or other else 0.85, f"{len(targets)} targets, {recipes} lines of recipes")


_PLACE: Final = re.compile(r"\t\S{1,200}:\d+:|0x[0-9a-f]{4}:")
"""What no recipe says: a place in a file, a line of bytes."""
_TARGET: Final = re.compile(r"[\w./%$(){}-]+(?: [\w./%$(){}-]+)* ?::?(?!=)(?: [^=]*)?")


def statements(sample: Sample) -> Vote | None:
    """SQL by its statements, whatever their layout."""
    text = "\n".join(re.sub(r"\s--\s.*", "", line) for line in sample.code if not line.startswith("\\"))
    parts = [part.strip() for part in re.split(r";\s*(?:\n|$)", _DOLLARS.sub("''", text)) if part.strip()]
    hits = sum(_SQL.match(part) is not None for part in parts)
    if not hits or hits < 0.7 * len(parts) or (len(parts) == 1 and ";" not in text and not re.search(r"\bFROM\b|\(", text, re.IGNORECASE)):
        return None
    return Vote("source", "sql", 0.9 if hits > 1 or text.rstrip().endswith(";") else 0.75, f"{hits} statements of SQL")


_DOLLARS: Final = re.compile(r"(\$\w*\$)[\s\S]*?\1")
_SQL: Final = re.compile(
    (
        r"(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?\w+|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\S+\s+SET|WITH\s+\w+"
        r"|SELECT\s+[\w*\"'(]|GRANT\s+\w|REVOKE\s|COMMENT\s+ON|SET\s+\w+\s*(?:=|TO)|BEGIN$|BEGIN\s|COMMIT$|TRUNCATE\s"
        r"|COPY\s|DO\s|USE\s\w+$|ROLLBACK|CALL\s|EXPLAIN\s|REFRESH\s|ANALYZE|VACUUM"
    ),
    re.IGNORECASE,
)


def minified(sample: Sample) -> Vote | None:
    """Very long lines dense with brackets and semicolons: script that a machine packed."""
    if max(map(len, sample.lines)) < 500:
        return None
    text = sample.text[:6000]
    dense = len(re.findall(r"[;{}()=,]", text)) / len(text)
    words = len(re.findall(r"\bfunction\b|=>|\breturn\b|\bvar \w|\bconst \w|\blet \w|!0\b|void 0", text))
    if dense > 0.1 and words >= 5:
        return Vote("source", "javascript", 0.8, f"long lines, {dense:.0%} of them brackets and separators")
    rules = len(re.findall(r"[\w\])]\{[a-z-]+:[^{};]+[;}]", text))
    return Vote("source", "css", 0.8, f"{rules} packed style rules") if rules >= 8 else None


def script(sample: Sample) -> Vote | None:
    """A file that names its interpreter."""
    match = re.match(r"#! ?/\S*?(?:env (?:-S )?)?(\w+)[\w.]*(?:\s|$)", sample.top)
    if not match or not _SHELL.match(sample.top):
        return None
    name = {"bash": "shell", "sh": "shell", "zsh": "shell", "node": "javascript"}.get(match[1], re.sub(r"\d+$", "", match[1]))
    return Vote("source", name[:20], 0.97, "the first line names an interpreter")


def remarks(sample: Sample) -> Vote | None:
    """Nothing but a comment of a programming language so far: its licence, at the head of a file that was cut."""
    return (
        Vote("source", "code", 0.62, "a comment of a program, and nothing else")
        if sample.top.startswith("/*") and len(sample.code) < 2
        else None
    )


SOURCES: Final[tuple[Detector, ...]] = (script, makefile, statements, minified, code, remarks)
