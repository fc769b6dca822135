"""Names of people and places in prose, with a spaCy pipeline of the user's (a transformer's as well), through Presidio.

For documents and questions only: in logs such models take words of machines for names. What a model finds is a guess; organizations
stay readable, since components are named after them, unless the setting is strict.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN
from faultmaven_events.errors import SetupError, UnreadableContent

TYPES: Final = ["PERSON", "LOCATION"]
PART: Final = 50_000
"""Characters that a model gets at a time, cut at a line's end: spaCy needs about a gigabyte for a million of them."""
LONGEST: Final = 120
"""Characters of a name at most; a model that saw no prose takes a whole line for one."""


def check(model: str) -> None:
    """Say whether there is such a model; it is never fetched.

    Raises:
        SetupError: it is neither a folder nor an installed package.
    """
    if not Path(model).is_dir() and not (model.isidentifier() and find_spec(model)):
        raise SetupError("FM_NER_MODEL names neither a folder with a spaCy pipeline nor an installed package")


@cache
def _engine(model: str) -> tuple[Any, Any]:
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    check(model)  # Presidio would download one that is not there
    engine: Any = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    engine.load()
    return engine, SpacyRecognizer(supported_entities=[*TYPES, "ORGANIZATION"])


class _Part(NamedTuple):
    """Lines in a row from line `first` on, or a piece of that line from character `column` on."""

    first: int
    column: int
    lines: list[str]


def people(lines: list[str], model: str, *, strict: bool = False) -> dict[int, list[Finding]]:
    """Return names and places, and of organizations when `strict`, by the line's index; a name that a line's end divides is two."""
    engine, recognizer = _engine(model)
    types = [*TYPES, "ORGANIZATION"] if strict else TYPES
    found: dict[int, list[Finding]] = {}
    for part in _parts(lines):
        text = "\n".join(part.lines)
        starts = [0, *accumulate(len(line) + 1 for line in part.lines)]
        for result in _results(engine, recognizer, text, types):
            for number in range(bisect_right(starts, result.start) - 1, len(part.lines)):
                start, end = max(result.start - starts[number], 0), min(result.end - starts[number], len(part.lines[number]))
                if start < end and _named(part.lines[number][start:end]):
                    finding = Finding(part.column + start, part.column + end, result.entity_type)
                    found.setdefault(part.first + number, []).append(finding)
                if starts[number + 1] >= result.end:
                    break
    return found


def _results(engine: Any, recognizer: Any, text: str, types: list[str]) -> list[Any]:
    """Ask the model.

    Raises:
        UnreadableContent: the model broke on the text; what it says about it may quote the text, and is not passed on.
    """
    try:
        return list(recognizer.analyze(text, types, engine.process_text(text, "en")))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 # a model of somebody else's may raise anything
        raise UnreadableContent(f"the model broke on the text: {type(error).__name__}") from None


def _named(value: str) -> bool:
    return (
        value.strip() != "" and len(value) <= LONGEST and any(c.isalpha() for c in value) and not TOKEN.search(value) and "\r" not in value
    )


def _parts(lines: list[str]) -> Iterator[_Part]:
    """Divide a text at the ends of lines, and a line that is too long at a blank where it has one."""
    part, size = _Part(0, 0, []), 0
    for number, line in enumerate(lines):
        if part.lines and size + len(line) >= PART:
            yield part
            part, size = _Part(number, 0, []), 0
        if len(line) < PART:
            part.lines.append(line)
            size += len(line) + 1
            continue
        place = 0
        while place < len(line):
            end = len(line) if len(line) - place < PART else line.rfind(" ", place + 1, place + PART)
            end = end if end > place else place + PART
            yield _Part(number, place, [line[place:end]])
            place = end
        part = _Part(number + 1, 0, [])
    yield part
