"""Lines that speak to the model. They stay evidence and may be quoted; what a model says after reading them weighs less."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final

_LOOK: Final = 4000
"""Characters of a line that are looked at: more are never shown."""


@cache
def _patterns() -> Any:
    import re2  # type: ignore[import-untyped]  # its authors ship no types

    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.max_mem = 64 << 20
    written = tomllib.loads(files(__package__).joinpath("suspicions.toml").read_text("utf-8"))["patterns"]
    return re2.compile("|".join(f"(?:{pattern})" for pattern in written), options)


def suspect(line: str) -> bool:
    """Whether a line tries to instruct who reads it, or uses the words of our own prompts and tools."""
    from faultmaven_events.consumers.process.instructions import instructs  # its rules take 0.3 s to compile

    line = line[:_LOOK]
    return _patterns().search(line.encode("utf-8", "replace")) is not None or instructs(line)


def any_suspect(texts: Iterable[str]) -> bool:
    """Whether one of several texts is."""
    return any(suspect(text) for text in texts)
