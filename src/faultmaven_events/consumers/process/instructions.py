"""Text that talks to its reader instead of reporting. It is only ever a flag: nobody follows such a line, and nobody leaves it out.

All rules of instructions.toml are one pattern for RE2, which looks at many lines at once and in linear time. A line is looked at as it is,
then without what hides words (invisible characters, letters of other scripts that look Latin, digits for letters), then at what the base64
in it says; between words may stand what URLs and code put there.
"""

import base64
import binascii
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import islice
from typing import Any, Final
from uuid import UUID

import re2  # type: ignore[import-untyped]  # its authors ship no types

from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.schemas.insight import Fact, Insights

LOOK: Final = 64_000
"""Characters of a line that are looked at."""
BATCH: Final = 256
"""Lines of one look."""
MOST: Final = 20
"""Facts of one file."""
_BETWEEN: Final = r"(?:(?:[ \t\x{a0}_+*~|.]|%20|\\[nrt]){1,3})"
"""What stands for a blank of a rule."""
_EDGE: Final = r"(?:\b|\\[nrt])"
"""What stands for an end of a word: also an escaped end of line."""
TOLD: Final = "The text of this line tries to give its reader instructions; it is evidence only and was not followed"

_DATA: Final[dict[str, Any]] = tomllib.loads(files(__package__).joinpath("instructions.toml").read_text("utf-8"))


def _language(rule: dict[str, list[str]]) -> str:
    verb, noun = f"(?:{'|'.join(rule['verbs'])})", f"(?:{'|'.join(rule['nouns'])})"
    return f"{verb}.{{0,60}}?{noun}|{noun}.{{0,60}}?{verb}"


def _compiled(patterns: Iterable[str], *, cased: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = cased
    options.never_capture = True
    options.max_mem = 256 << 20
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), options)


_WRITTEN: Final = (*(_language(rule) for rule in _DATA["language"]), *(one for group in _DATA["patterns"].values() for one in group))
_RULES: Final = _compiled(
    (pattern.replace(r"\w", r"[\pL\pN_]").replace(r"\b", _EDGE).replace(" ", _BETWEEN) for pattern in _WRITTEN), cased=False
)


def _spelled(word: str) -> Iterator[str]:
    """Yield what of a word stands in base64 wherever it begins: of three letters four characters, the ends depend on their neighbours."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word.encode()).decode().rstrip("=")
        yield re.escape(coded[(0, 2, 3)[before] : len(coded) - ((before + len(word)) % 3 != 0)])


_CODED: Final = _compiled(
    {
        spelling
        for word in _DATA["base64"]["words"]
        for written in (word, word.capitalize(), word.upper())
        for spelling in _spelled(written)
    },
    cased=True,
)
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{24,8000}")
_ALIKE: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіјѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχ" + "0134@$",
    "ABESIJKMHOPCTYXaeopcyxijshdqwABEZHIKMNOPTYXaeiknoptyx" + "oieaas",
)
"""Letters of Cyrillic and Greek that look Latin (https://www.unicode.org/reports/tr39/), and digits that are read as letters."""


def instructs(line: str) -> bool:
    """Whether a line tries to tell its reader what to do."""
    line = line[:LOOK]
    return _tells(line) or (_coded(line) and any(_tells(text) for text in _decoded(line)))


def _tells(text: str) -> bool:
    """Whether a line of a text instructs, be it in disguise."""
    if not text.isascii():
        if _found(text):
            return True
        text = _shown(text)
    return _found(text) or _found(text.translate(_ALIKE))


def _found(text: str) -> bool:
    return _RULES.search(text.encode("utf-8", "replace")) is not None


def _coded(text: str) -> bool:
    return _CODED.search(text.encode("utf-8", "replace")) is not None


def _shown(text: str) -> str:
    """Return the text as a person sees it: without invisible characters, wide and styled letters as plain ones; tag characters speak."""
    plain = "".join(chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)
    kept = (c for c in unicodedata.normalize("NFKC", plain) if unicodedata.category(c) not in {"Cf", "Mn"} and c != "\u034f")
    return "".join(kept)


def _decoded(line: str) -> Iterator[str]:
    for run in islice(_RUN.finditer(line), 20):
        bare = run.group().replace("-", "+").replace("_", "/")
        for first in range(4):  # the run may begin inside of a group
            whole = bare[first : first + (len(bare) - first) // 4 * 4]
            try:
                yield base64.b64decode(whole).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                continue


class Watch:
    """Looks at the lines of one file as they pass by."""

    def __init__(self) -> None:
        self.hits: list[tuple[int, str]] = []

    def over(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the lines, as they are."""
        number, source = 1, iter(lines)
        while batch := list(islice(source, BATCH)):
            self._look(number, batch)
            number += len(batch)
            yield from batch

    def read(self, text: str) -> None:
        """Look at the lines of a whole text."""
        for _ in self.over(text.split("\n")):
            pass

    def _look(self, first: int, batch: list[str]) -> None:
        text = "\n".join(batch if max(map(len, batch)) <= LOOK else [line[:LOOK] for line in batch])
        if len(self.hits) >= MOST or not (_tells(text) or _coded(text)):
            return
        for number, line in enumerate(batch, first):
            if len(self.hits) < MOST and instructs(line):
                self.hits.append((number, line))

    def facts(self, evidence_id: UUID, file: str) -> tuple[Fact, ...]:
        """Return a fact for each such line, up to `MOST`."""
        return tuple(
            Fact(id=f"injection-{place}", kind="injection", text=TOLD, citations=(cite(evidence_id, file, [line], number),))
            for place, (number, line) in enumerate(self.hits, 1)
        )


def flagged(insights: Insights, watch: Watch) -> Insights:
    """Return the insights with the facts of a watch; they change nothing else."""
    found = watch.facts(insights.evidence_id, insights.file)
    return insights.model_copy(update={"facts": (*insights.facts, *found)}) if found else insights
