"""Settings that a product knows, as data (`known/*.tsv`): keys that only look like a known one, keys in a wrong section, wrong types."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Final

from faultmaven_events.consumers.process.config.entry import Entry, Problem
from faultmaven_events.consumers.process.config.measure import Kind, measure

MOST: Final = 10
ALIKE: Final = 0.84
"""Likeness (difflib's ratio) from which a name that a product does not have counts as a misspelling of one that it has."""
_MOST_SPELLED: Final = 60
"""Names of one file that are compared with all known ones."""
_FREE: Final = re.compile(r"[$%{<@]|^(env|file|secret):", re.IGNORECASE)
"""Values that are only known when they are filled in."""
_BOOLS: Final = frozenset({"on", "off", "true", "false", "yes", "no", "1", "0", "t", "f", "y", "n"})
_PORT: Final = re.compile(r"(^|[._-])(listen_?|http_?|server_?|admin_?|metrics_?)?port$", re.IGNORECASE)
_WORD: Final = re.compile(r"^[A-Za-z][A-Za-z-]{2,30}$")
_HAPROXY: Final = {"global": "global", **dict.fromkeys(("defaults", "frontend", "backend", "listen"), "proxy")}


@dataclass(frozen=True, slots=True)
class Known:
    """One setting: its type, the unit of a bare number, its bounds in that unit, its choices."""

    name: str
    type: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@cache
def known(dialect: str) -> Mapping[str, Known]:
    """The settings of a dialect by folded name; empty for a dialect without a list."""
    file = files(__package__).joinpath("known").joinpath(f"{dialect}.tsv")
    if not re.fullmatch(r"[a-z_-]+", dialect) or not file.is_file():
        return {}
    rows = [_row(line.split("\t")) for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {_folded(row.name, dialect): row for row in rows}


def _row(cells: Sequence[str]) -> Known:
    name, type_, unit, least, most, choices = (*cells, *[""] * 6)[:6]
    lower, upper = (float(bound) if bound else None for bound in (least, most))
    return Known(name, type_, unit, lower, upper, tuple(choices.split(",")) if choices else ())


@cache
def _wild(dialect: str) -> tuple[re.Pattern[str], ...]:
    """The known names that hold `$x`, which stands for any name."""
    names = [name for name in known(dialect) if "$" in name]
    return tuple(re.compile(re.sub(r"\\\$\w+", r"[^.]+", re.escape(name)) + "$") for name in names)


@cache
def _by_last(dialect: str) -> Mapping[str, tuple[str, ...]]:
    """Known names by what stands after the section."""
    found: dict[str, list[str]] = {}
    for name in known(dialect):
        found.setdefault(name.rpartition(".")[2], []).append(name)
    return {last: tuple(names) for last, names in found.items()}


def _folded(name: str, dialect: str) -> str:
    return name.lower().replace("-", "_") if dialect in {"mysql", "postgresql", "pgbouncer"} else name.lower()


def named(entry: Entry, dialect: str) -> str | None:
    """The name under which the list has an entry's key; None where the list says nothing about such a place."""
    parts = entry.path.split(".")
    if dialect == "haproxy":
        section = _HAPROXY.get(entry.path.split(maxsplit=1)[0].split(".")[0])
        return f"{section}.{_haproxy(entry.path)}" if section else None
    if dialect == "systemd":
        return entry.path.lower() if len(parts) == 2 and parts[0] in {"Unit", "Service", "Socket", "Timer", "Install"} else None
    if dialect == "compose":
        return parts[2].partition("[")[0].lower() if len(parts) > 2 and parts[0] == "services" else None
    if dialect == "mysql":
        own = len(parts) == 2 and re.match(r"mysqld|mariadb|server", parts[0].lower())
        bare = re.sub(r"^(loose|skip|enable|disable)[-_]", "", parts[-1].lower())
        return _folded(bare if _folded(bare, dialect) in known(dialect) else parts[-1], dialect) if own else None
    if dialect == "pgbouncer":
        return _folded(parts[-1], dialect) if parts[0] == "pgbouncer" and len(parts) == 2 else None
    if dialect == "dockerfile":
        return parts[-1].lower()
    if dialect == "postgresql" and "." in entry.path:  # an extension's
        return None
    return _folded(entry.path, dialect)


def _haproxy(path: str) -> str:
    key = re.sub(r"^.*?\.(?=[a-z_0-9.-]+( \S+)?$)", "", path).lower() if " " in path else path.partition(".")[2].lower()
    first, _, second = key.partition(" ")
    return f"{first} {second}".strip() if first in {"timeout", "option"} else first


def strangers(entries: Sequence[Entry], dialect: str) -> Iterator[Problem]:
    """Yield keys that the product does not know: close to one that it knows, or known in another section only."""
    names = known(dialect)
    if names:
        yield from islice(_strangers(entries, dialect, names), MOST)


def _strangers(entries: Sequence[Entry], dialect: str, names: Mapping[str, Known]) -> Iterator[Problem]:
    told: set[str] = set()
    for entry in entries:
        name = named(entry, dialect)
        if name is None or name in names or name in told or any(pattern.match(name) for pattern in _wild(dialect)):
            continue
        if len(told) == _MOST_SPELLED:
            return
        told.add(name)
        if problem := _misplaced(entry, name, dialect, names) or _misspelled(entry, name, dialect, names):
            yield problem


def _misplaced(entry: Entry, name: str, dialect: str, names: Mapping[str, Known]) -> Problem | None:
    section, _, last = name.rpartition(".")
    homes = _by_last(dialect).get(last, ()) if dialect == "systemd" and section else ()
    if not homes:
        return None
    key, home = names[homes[0]].name.rpartition(".")[2], " or ".join(sorted({names[one].name.partition(".")[0] for one in homes}))
    text = f"{key} has no effect in [{section.title()}]: it belongs into [{home}]; systemd ignores it with a warning."
    return Problem("wrong-section", text, entry.line, 1, "high", f"Move {key} to [{home}].")


def _misspelled(entry: Entry, name: str, dialect: str, names: Mapping[str, Known]) -> Problem | None:
    section, _, last = name.rpartition(".") if dialect in {"haproxy", "systemd"} else ("", "", name)
    pool = [one for one in names if one.startswith(f"{section}.")] if section else [one for one in names if not one.startswith("/")]
    if len(last) < 4:
        return None
    twins = get_close_matches(f"{section}.{last}" if section else last, pool, n=1, cutoff=ALIKE)
    if not twins or _differs_by_design(name, twins[0]):
        return None
    meant = names[twins[0]].name
    meant = meant.partition(".")[2] if section else meant
    text = f"{entry.key} is no setting of {dialect}, but {meant} is: probably a typing mistake; the default is in force or the start fails."
    return Problem("misspelled-setting", text, entry.line, 1, "high", f"Write {meant}.")


def _differs_by_design(name: str, twin: str) -> bool:
    """A plural, a number, or a longer name: a setting that the list lacks rather than a mistake."""
    return re.sub(r"\d+", "", name) == re.sub(r"\d+", "", twin) or (name.startswith(twin) and len(name) - len(twin) > 2)


def wrong_types(entries: Sequence[Entry], dialect: str) -> Iterator[Problem]:
    """Yield values that are not of their setting's type, or out of its bounds; for other products, ports that are none."""
    yield from islice(_wrong_types(entries, dialect), MOST)


def _wrong_types(entries: Sequence[Entry], dialect: str) -> Iterator[Problem]:
    names = known(dialect)
    for entry in entries:
        value = entry.value.strip()
        if not value or _FREE.search(value[:200]):
            continue
        name = named(entry, dialect) if names else None
        setting = names.get(name) if name else None
        why = _why_not(value, setting) if setting else _no_port(entry, value)
        if why:
            text = f"{entry.path}: this value is not valid, {why}."
            yield Problem("wrong-value", text, entry.line, None, "high", "Correct the value.")


def _no_port(entry: Entry, value: str) -> str | None:
    if not _PORT.search(entry.key):
        return None
    if value.lstrip("-").isdigit() and len(value) < 12:
        return None if 0 <= int(value) <= 65535 else "a port lies between 0 and 65535"
    return (
        "a port is a number" if _WORD.match(value) and value.lower() not in {"auto", "none", "null", "default", "http", "https"} else None
    )


def _why_not(value: str, setting: Known) -> str | None:
    if setting.type == "bool":
        return None if value.lower() in _BOOLS or _prefix_of_bool(value.lower()) else "it takes on or off"
    if setting.type == "enum":
        allowed = {choice.lower() for choice in setting.choices} | (_BOOLS if "on" in setting.choices else set())
        return None if value.lower() in allowed else f"it takes one of {', '.join(setting.choices[:10])}"
    if setting.type == "size":
        return None if measure(value, "size") is not None or value.endswith("%") else "it takes a size such as 64mb"
    if setting.type in {"integer", "real", "time"}:
        return _number(value, setting)
    return None


def _prefix_of_bool(value: str) -> bool:
    return len(value) > 1 and any(word.startswith(value) for word in ("true", "false", "yes", "no", "off", "enabled", "disabled"))


def _number(value: str, setting: Known) -> str | None:
    sized = setting.unit.endswith(("B", "kB", "MB"))
    kind: Kind = "size" if sized else "time" if setting.unit or setting.type == "time" else "count"
    number = measure(value, kind, setting.unit)
    if number is None:
        number = _radix(value)
    if number is None:
        return f"it takes {'a size such as 64MB' if sized else 'a time such as 30s' if kind == 'time' else 'a number'}"
    factor = (measure(f"1{setting.unit}", kind) if setting.unit[:1].isalpha() else measure("1", kind, setting.unit)) or 1.0
    unit = setting.unit if setting.unit[:1].isalpha() else ""
    if number in {float("inf"), -1.0}:
        return None
    if setting.least is not None and number < setting.least * factor * 0.999:
        return f"it must be at least {setting.least:g}{unit}"
    if setting.most is not None and number > setting.most * factor * 1.001:
        return f"it must be at most {setting.most:g}{unit}"
    return None


def _radix(value: str) -> float | None:
    return float(int(value, 0)) if re.fullmatch(r"0[xXoO]?[0-9a-fA-F]{1,16}", value) and not re.fullmatch(r"0[89a-fA-F].*", value) else None
