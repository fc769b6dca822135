r"""`redact`: text in, sanitized text and receipt out. Pure: knows no broker, store or setting.

A line ends at "\n" and nowhere else ("\r", U+0085, U+2028 and the like are characters of a line), and no finding spans an end of line: what
comes out has the same lines, with the same ends, and `file:line` keeps its meaning. Running it over its own result changes nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

from faultmaven_events.consumers.sanitize.chunks import Chunks
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.marks import Marking, Spot, digest
from faultmaven_events.consumers.sanitize.places import Place, one_way, replaced
from faultmaven_events.consumers.sanitize.pseudonyms import token
from faultmaven_events.consumers.sanitize.scan import Scanned, hidden
from faultmaven_events.consumers.sanitize.tables import Table, table
from faultmaven_events.infra.vault import Record, pack, unpack
from faultmaven_events.schemas.evidence import Receipt

DETECTOR: Final = "faultmaven-sanitize/2"

CONTEXTUAL: Final = frozenset({"PHONE_NUMBER", "US_DRIVER_LICENSE", "PERSON"})
"""Types found by the words around them: hiding one may bring the words nearer to the next, so such a line is looked at again."""
OPEN: Final = re.compile(r"[\d:=]")
"""Without any of these beside the stand-ins, a line holds no number, and no name behind a key."""
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """What is done beside hiding: what the tenant allows, how many marks are wanted, whether originals are."""

    marking: bytes | None = None
    """The key of digests; None: nothing is marked, and nothing can be allowed."""
    allowed: frozenset[str] = frozenset()
    """Digests of values that stay readable."""
    marks: int = 0
    kept: bool = False
    """Whether to pack what the stand-ins stand for."""
    model: str = ""
    """The spaCy pipeline that looks for names and places in prose, if any."""
    strict: bool = False
    """Whether hosts, internal addresses and what else describes the system are hidden too."""


class Piece(NamedTuple):
    """A sanitized piece of a text; `packed` is its record for the vault, empty where none is wanted."""

    text: str
    counts: dict[str, int]
    allowed: dict[str, int]
    packed: bytes
    spots: list[Spot]


PLAIN: Final = Terms()


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
        done = redact_chunk(piece, key, columns)
        parts.append(done.text)
        counts.update(done.counts)
    return "".join(parts), receipt(counts, text.count("\n") + bool(text) - text.endswith("\n"))


def header(text: str, name: str = "") -> Table | None:
    """Return what the first line says about the columns; logs and prose have no such line."""
    if name.lower().endswith((".log", ".md", ".py", ".json", ".yaml", ".yml")):
        return None
    return table(text.split("\n", 1)[0][:10_000].rstrip("\r"))


def redact_chunk(text: str, key: bytes, columns: Table | None, terms: Terms = PLAIN) -> Piece:
    """Sanitize one piece as `Chunks` cut it."""
    if not text.isascii():  # some charsets decode to lone surrogates, which are no text
        text = text.encode(errors="replace").decode()
    lines = text.split("\n")
    types: list[str] = []
    allowed: Counter[str] = Counter()
    marking = Marking(terms.marking if terms.marks else None, terms.marks)
    kept: list[tuple[int, list[Place]]] = []
    for scanned in hidden(lines, columns, terms.model, strict=terms.strict):
        settled = _settled(lines[scanned.number], scanned, key, columns, terms)
        lines[scanned.number] = settled.line
        types += settled.types
        if settled.allowed:
            allowed.update(settled.allowed)
        if terms.marks:
            marking.add(scanned.number, settled.line, settled.places)
        kept.append((scanned.number, settled.places))
    packed = pack(_record(lines, kept)) if terms.kept else b""
    return Piece("\n".join(lines), dict(Counter(types)), dict(allowed), packed, marking.spots)


class _Settled(NamedTuple):
    line: str
    types: list[str]
    places: list[Place]
    allowed: Counter[str] | None


def _settled(line: str, scanned: Scanned | None, key: bytes, columns: Table | None, terms: Terms) -> _Settled:
    """Hide the findings of a line, and what comes to light by that."""
    types: list[str] = []
    places: list[Place] = []
    allowed: Counter[str] | None = Counter() if terms.allowed else None
    for _ in range(ROUNDS):
        if scanned is None:
            break
        findings = _judged(line, scanned.findings, terms, allowed) if allowed is not None else scanned.findings
        line, places = replaced(line, places, findings, lambda text, finding: _stand_in(text, finding, key))
        types += [finding.type for finding in findings]
        scanned = next(hidden([line], columns, strict=terms.strict), None) if _again(line, places, scanned, types) else None
    return _Settled(line, types, places, allowed)


def _again(line: str, places: Iterable[Place], scanned: Scanned, types: Iterable[str]) -> bool:
    """Say whether another look at a line may find more, now that something in it is hidden."""
    if scanned.doubtful == "numbers" or (not scanned.doubtful and not CONTEXTUAL.isdisjoint(types)):
        return _open(line, places)
    return scanned.doubtful == "any"


def _open(line: str, places: Iterable[Place]) -> bool:
    """Say whether beside the stand-ins, or in the domain of one, a line holds a number or a key."""
    at = 0
    for start, end, type_, _ in places:
        if OPEN.search(line, at, start):
            return True
        at = line.find("@", start, end) + 1 or end if type_ == "EMAIL_ADDRESS" else end
    return OPEN.search(line, at) is not None


def _judged(line: str, findings: Sequence[Finding], terms: Terms, allowed: Counter[str]) -> list[Finding]:
    """Return the findings that are to be hidden; `allowed` gets the others, which every look at the line finds again."""
    if terms.marking is None:
        return [*findings]
    hide, spared = [], Counter[str]()
    for finding in findings:
        if digest(terms.marking, finding.type, line[finding.start : finding.end]) in terms.allowed:
            spared[finding.type] += 1
        else:
            hide.append(finding)
    allowed |= spared  # in place: a Counter's |= keeps the larger count of each
    return hide


def _stand_in(line: str, finding: Finding, key: bytes) -> str:
    value = line[finding.start : finding.end]
    made = token(key, finding.type, value)
    return f'"{made}"' if value.isdigit() and _json_number(line, finding) else made


def _json_number(line: str, finding: Finding) -> bool:
    """Say whether a number is the bare value of a JSON member, where a word needs quotes."""
    before, after = line[max(0, finding.start - 8) : finding.start].rstrip(), line[finding.end : finding.end + 1]
    return before.endswith('":') and after in {"", ",", "}", "]", " ", "\r"}


def _record(lines: Sequence[str], kept: Iterable[tuple[int, list[Place]]]) -> Record:
    """Return what may be undone in a piece; each pair of stand-in and original is in it once."""
    pairs: dict[tuple[str, str], int] = {}
    numbers: list[int] = []
    for number, places in kept:
        line = lines[number]
        for start, end, type_, value in places:
            if not one_way(type_):
                numbers += (number, start, end - start, pairs.setdefault((line[start:end], value), len(pairs)))
    return Record(len(lines) - 1, [*pairs], numbers)


def receipt(counts: Mapping[str, int], lines: int, **more: object) -> Receipt:
    """Return the receipt, types in alphabetical order; `more` are further fields of it."""
    return Receipt.model_validate(
        {"counts": dict(sorted(counts.items())), "detector": DETECTOR, "rules": rules_version(), "lines": lines, **more}
    )


@cache
def rules_version() -> str:
    """Return a digest of every module of this room, 12 hex digits: whatever rule changes, it does."""
    modules = sorted((each for each in files(__package__).iterdir() if each.name.endswith(".py")), key=lambda each: each.name)
    return sha256(b"\0".join(each.name.encode() + b"\0" + each.read_bytes() for each in modules)).hexdigest()[:12]


class Words(NamedTuple):
    """Sanitized short texts, and their record for the vault."""

    words: tuple[str, ...]
    packed: bytes


def redact_names(words: tuple[str, ...], key: bytes, terms: Terms = PLAIN) -> Words:
    """Sanitize short texts: a file's name, a title, tags. Each is a line of its own, whatever it holds."""
    pieces = [redact_chunk(" ".join(word.split("\n")), key, None, terms) for word in words]
    pairs = [] if not terms.kept else [pair for piece in pieces for pair in unpack(piece.packed).pairs]
    return Words(tuple(piece.text for piece in pieces), pack(Record(0, pairs)) if terms.kept else b"")
