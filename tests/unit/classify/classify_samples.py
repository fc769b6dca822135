"""Small samples, one or more per format, written for these tests, each under a line `=====> type format`.

`samples.txt` has the common formats; `samples_*.txt` many more, in the shapes in which systems, tools and people write them.
"""

import re
from pathlib import Path
from typing import Final

_HEADED: Final = re.compile(r"^=====> (\w+) (\S+)\n", re.MULTILINE)
_HERE: Final = Path(__file__).parent


def _read(name: str) -> tuple[tuple[str, str, str], ...]:
    _, *parts = _HEADED.split((_HERE / name).read_text(encoding="utf-8"))
    return tuple(zip(parts[::3], parts[1::3], parts[2::3], strict=True))


SAMPLES: Final = _read("samples.txt")
"""(type, format, text)"""
MORE: Final = tuple(sample for file in sorted(_HERE.glob("samples_*.txt")) for sample in _read(file.name))
"""The same, of all the other files."""
