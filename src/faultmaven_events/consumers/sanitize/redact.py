r"""`redact`: text in, sanitized text and receipt out. Pure: knows no broker, store or setting.

A line ends at "\n" and nowhere else ("\r", U+0085, U+2028 and the like are characters of a line), and no finding spans an end of line: what
comes out has the same lines, with the same ends, and `file:line` keeps its meaning. Running it over its own result changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from faultmaven_events.consumers.sanitize.chunks import Chunks
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.pseudonyms import token
from faultmaven_events.consumers.sanitize.scan import Scanned, hidden
from faultmaven_events.consumers.sanitize.tables import Table, table
from faultmaven_events.schemas.evidence import Receipt

DETECTOR: Final = "faultmaven-sanitize/1"

CONTEXTUAL: Final = frozenset({"PHONE_NUMBER", "US_DRIVER_LICENSE", "PERSON"})
"""Types found by the words around them: hiding one may bring the words nearer to the next, so such a line is looked at again."""
ROUNDS: Final = 5


def redact(text: str, *, key: bytes, name: str = "") -> tuple[str, Receipt]:
    """Return the sanitized text, and how much of what was replaced.

    Args:
        text: Any text; a header line of a table is understood when it comes first.
        key: The tenant's key, as `tenant_key` makes it.
        name: The file's name; only its ending is looked at (`.csv` and the like may begin with a header line).
    """
    chunks = Chunks()
    columns = header(text, name)
    counts: Counter[str] = Counter()
    parts: list[str] = []
    for piece in (*chunks.feed(text), chunks.rest()):
        part, found = redact_chunk(piece, key, columns)
        parts.append(part)
        counts.update(found)
    return "".join(parts), receipt(counts, text.count("\n") + bool(text) - text.endswith("\n"))


def header(text: str, name: str = "") -> Table | None:
    """Return what the first line says about the columns; logs and prose have no such line."""
    if name.lower().endswith((".log", ".md", ".py", ".json", ".yaml", ".yml")):
        return None
    return table(text.split("\n", 1)[0][:10_000].rstrip("\r"))


def redact_chunk(text: str, key: bytes, columns: Table | None) -> tuple[str, dict[str, int]]:
    """Sanitize one piece as `Chunks` cut it; return it and the counts by type."""
    if not text.isascii():  # some charsets decode to lone surrogates, which are no text
        text = text.encode(errors="replace").decode()
    lines = text.split("\n")
    counts: Counter[str] = Counter()
    for scanned in hidden(lines, columns):
        lines[scanned.number], found = _settled(lines[scanned.number], scanned, key, columns)
        counts.update(found)
    return "\n".join(lines), dict(counts)


def _settled(line: str, scanned: Scanned | None, key: bytes, columns: Table | None) -> tuple[str, list[str]]:
    """Hide the findings of a line, and what comes to light by that; return the line and the types of all."""
    types: list[str] = []
    for _ in range(ROUNDS):
        if scanned is None:
            break
        line = _replaced(line, scanned.findings, key)
        types += (finding.type for finding in scanned.findings)
        again = scanned.doubtful or CONTEXTUAL.intersection(types)
        scanned = next(hidden([line], columns), None) if again else None
    return line, types


def receipt(counts: Iterable[tuple[str, int]] | Counter[str], lines: int) -> Receipt:
    """Return the receipt, types in alphabetical order."""
    return Receipt(counts=dict(sorted(dict(counts).items())), detector=DETECTOR, lines=lines)


def _replaced(line: str, findings: list[Finding], key: bytes) -> str:
    parts: list[str] = []
    place = 0
    for finding in findings:
        stand_in = token(key, finding.type, line[finding.start : finding.end])
        parts += (line[place : finding.start], f'"{stand_in}"' if _json_number(line, finding) else stand_in)
        place = finding.end
    return "".join((*parts, line[place:]))


def _json_number(line: str, finding: Finding) -> bool:
    """Say whether a bare number is the value of a JSON member, where a word needs quotes."""
    before, after = line[max(0, finding.start - 8) : finding.start].rstrip(), line[finding.end : finding.end + 1]
    return before.endswith('":') and after in {"", ",", "}", "]", " ", "\r"} and line[finding.start : finding.end].isdigit()


def redact_names(words: tuple[str, ...], key: bytes) -> list[str]:
    """Sanitize short texts: a file's name, a title, tags."""
    return [redact(word, key=key)[0] for word in words]
