"""Small samples, one or more per format, written for these tests: `samples.txt`, each under a line `=====> type format`."""

import re
from pathlib import Path
from typing import Final

_HEADED: Final = re.compile(r"^=====> (\w+) (\S+)\n", re.MULTILINE)


def _read() -> tuple[tuple[str, str, str], ...]:
    _, *parts = _HEADED.split((Path(__file__).parent / "samples.txt").read_text(encoding="utf-8"))
    return tuple(zip(parts[::3], parts[1::3], parts[2::3], strict=True))


SAMPLES: Final = _read()
"""(type, format, text)"""
