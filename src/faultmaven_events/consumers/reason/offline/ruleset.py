"""The rule base as it is read from its files: signals, roles of series, kinds of change, software, causes."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

_FLAGS = re.IGNORECASE | re.MULTILINE


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that a line can say. A line shows it when any pattern fits, and `require` too, and nothing of `refuse`."""

    name: str
    about: str
    patterns: tuple[re.Pattern[str], ...]
    refuse: tuple[re.Pattern[str], ...] = ()
    require: re.Pattern[str] | None = None
    noise: bool = False
    config: bool = False
    generic: bool = False
    pair: bool = False
    """Read together with the next line."""
    elapsed: bool = False
    """Written at the end of what it tells: its `ms` or `s` lie before the line's time."""
    facts: tuple[str, ...] = ()
    """Kinds of facts in which alone it is looked for; lines are not read then."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a series measures, told by its name."""

    name: str
    pattern: re.Pattern[str]
    bad: str
    floor: float
    counter: bool = False


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """How a kind of change reads."""

    name: str
    weight: float
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Software:
    """A known server."""

    name: str
    names: tuple[str, ...]
    files: tuple[re.Pattern[str], ...]
    ports: tuple[int, ...]
    tier: str
    hosts: tuple[str, ...] = ()
    """Beginnings of the names of hosts that carry it, such as `db` of `db01`."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Advice; texts may hold placeholders."""

    type: str
    action: str
    commands: tuple[str, ...] = ()
    risk: str = ""
    rollback: str | None = None
    verify: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """A mechanism: what must be seen, what speaks for and against it, which change may have brought it, how to say it and what to do."""

    id: str
    title: str
    category: str
    statement: str
    mechanism: str
    needs: tuple[tuple[str, ...], ...]
    prior: float = 0.0
    direct: tuple[str, ...] = ()
    supports: Mapping[str, float] = field(default_factory=dict)
    refutes: Mapping[str, float] = field(default_factory=dict)
    explains: tuple[str, ...] = ()
    changes: Mapping[str, float] = field(default_factory=dict)
    aspects: tuple[str, ...] = ()
    words: re.Pattern[str] | None = None
    change_required: bool = False
    words_required: bool = False
    """Only a change whose text has the words, or whose edit is of one of the aspects, can bring it."""
    kinds_only: bool = False
    """No edit of one of the aspects brings it unless it is of a kind in `changes`."""
    broad: bool = False
    """Says little of its own: it is confirmed only when the change's new value stands in the failing lines."""
    blocking: bool = False
    """Whoever is at the head of a queue for a lock did it; who waits in the queue did not."""
    by_change: Mapping[str, str] = field(default_factory=dict)
    """Category instead of the usual one, by the kind of change that brought it."""
    onset: str = "change"
    """`change`: the change's time is the onset; `signs`: the first sign is."""
    culprit: tuple[str, ...] = ("change", "target", "writer")
    chain: tuple[str, ...] = ()
    check: str = ""
    check_why: str = ""
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole rule base. `version` changes with any of its bytes."""

    version: str
    signals: tuple[Signal, ...]
    roles: tuple[Role, ...]
    kinds: tuple[ChangeKind, ...]
    software: tuple[Software, ...]
    causes: tuple[Cause, ...]


@cache
def rules() -> Rules:
    """Read the rule base that is part of this package."""
    folder = files(__package__) / "rules"
    causes = sorted((f for f in (folder / "causes").iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    named = [folder / f"{name}.toml" for name in ("signals", "series", "changes", "software", "words")]
    digest = hashlib.sha256(b"".join(f.read_bytes() for f in [*named, *causes])).hexdigest()
    signals, series, kinds, software = (_read(f) for f in named[:4])
    return Rules(
        version=digest[:12],
        signals=tuple(_signal(n, v) for n, v in signals.items()),
        roles=tuple(
            Role(n, re.compile(v["pattern"], _FLAGS), v["bad"], float(v["floor"]), bool(v.get("counter", False))) for n, v in series.items()
        ),
        kinds=tuple(ChangeKind(v["name"], float(v["weight"]), re.compile(v["pattern"], _FLAGS)) for v in kinds["kind"]),
        software=tuple(
            Software(
                n,
                tuple(v["names"]),
                tuple(re.compile(p, _FLAGS) for p in v["files"]),
                tuple(v["ports"]),
                v["tier"],
                tuple(v.get("hosts", ())),
            )
            for n, v in software.items()
        ),
        causes=tuple(_cause(v) for f in causes for v in _read(f)["cause"]),
    )


@cache
def words(name: str) -> re.Pattern[str]:
    """Return a list of `words.toml` as one pattern."""
    return re.compile("|".join(_words()[name]), _FLAGS)


@cache
def stems() -> tuple[str, ...]:
    """Return the stems without one of which a line of a very large file is passed over."""
    return tuple(_words()["stems"].split())


@cache
def _words() -> dict[str, Any]:
    return _read(files(__package__) / "rules" / "words.toml")


def _read(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _signal(name: str, v: dict[str, Any]) -> Signal:
    return Signal(
        name=name,
        about=v["about"],
        patterns=tuple(re.compile(p, _FLAGS) for p in v["pattern"]),
        refuse=tuple(re.compile(p, _FLAGS) for p in v.get("not", ())),
        require=re.compile(v["require"], _FLAGS) if "require" in v else None,
        noise=bool(v.get("noise", False)),
        config=bool(v.get("config", False)),
        generic=bool(v.get("generic", False)),
        pair=bool(v.get("pair", False)),
        elapsed=bool(v.get("elapsed", False)),
        facts=tuple(v.get("facts", ())),
    )


def _cause(v: dict[str, Any]) -> Cause:
    known = dict(v)
    known["needs"] = tuple((g,) if isinstance(g, str) else tuple(g) for g in v.get("needs", ()))
    for name in ("direct", "explains", "aspects", "culprit", "chain"):
        if name in v:
            known[name] = tuple(v[name])
    if "words" in v:
        known["words"] = re.compile(v["words"], _FLAGS)
    known["remedies"] = tuple(Remedy(**{**r, "commands": tuple(r.get("commands", ()))}) for r in v.get("remedies", ()))
    return Cause(**known)
