"""Numbers as people and tools write them: `1.2GiB`, `45 %`, `950 ms`, `12,5`."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_AMOUNT: Final = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-zµμ%/]{0,12})$")
_BYTES: Final = {
    prefix + ending: base**power
    for base, infix in ((1000.0, ""), (1024.0, "i"))
    for power, letter in enumerate(("", "k", "m", "g", "t", "p"))
    if not (infix and not letter)
    for prefix in (letter + infix,)
    for ending in ("b", "b/s", "bps", *(("",) if infix else ()))
}
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "mins": 60.0, "h": 3600.0}
_COUNTS: Final = {"k": 1e3, "mil": 1e6, "m": 1e6, "g": 1e9, "bil": 1e9, "t": 1e12}
_SCALES: Final = {**_COUNTS, **_SECONDS, **_BYTES}


def amount(text: str) -> tuple[float, str] | None:
    """Return (number, unit in lower case) of a cell, or None where it is not one number with at most a unit."""
    match = _AMOUNT.match(text[:60].strip())
    return (float(match[1]), match[2].lower()) if match else None


def in_one_unit(found: Sequence[tuple[float, str]]) -> list[float]:
    """Return amounts in the unit that most of them have; those of other kinds of unit stay as they are."""
    units = Counter(unit for _, unit in found if unit)
    if len(units) < 2:
        return [value for value, _ in found]
    scale = _SCALES.get(units.most_common(1)[0][0])
    return [value * _SCALES[unit] / scale if scale and unit in _SCALES else value for value, unit in found]


def basic(text: str) -> float | None:
    """Return an amount in bytes, seconds or as a plain number; None where it is none."""
    found = amount(text)
    return found[0] * _SCALES.get(found[1], 1.0) if found else None


def decimal_comma(cells: Sequence[str]) -> bool:
    """Whether cells are written `12,5`: some have a comma that cannot separate thousands, and none has a point as the last mark."""
    commas = [cell for cell in cells if re.fullmatch(r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+", cell[:40])]
    return any(len(cell.rpartition(",")[2]) != 3 for cell in commas) and not any(re.search(r",\d{3}\.\d", cell[:40]) for cell in cells)


def with_point(cell: str) -> str:
    """Return `1.234,5` as `1234.5`."""
    return cell.replace(".", "").replace(",", ".")
