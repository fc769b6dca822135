"""The manifest: what became of each file of an archive, as text with one line per file. It takes the archive's place in the pipeline.

    taken 12,345 bytes: logs/app.log
    cut 800 bytes (the archive ends inside it): logs/db.log
    skipped 20 bytes (encrypted): secret.txt
    broken 0 bytes (the archive ends too early): .
    more 1,200 files (a second file of that name)

`broken` names an archive of which nothing more could be had, `.` the outermost one.

It is raw text like any file's, since names may hold what nobody may see; sanitize makes its twin, process reads that. Numbers have
separators so that nothing takes them for one of a phone or an account.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal["taken", "cut", "skipped", "broken", "more"]

WHOLE: Final = "."
"""The label of the outermost archive."""
LISTED: Final = 4_000
"""Files that are named; of the others the number stands there."""
LABEL: Final = 1_000
"""Characters of a label at most."""
_LINE: Final = re.compile(r"(taken|cut|skipped|broken|more) ([\d,]+) (?:bytes|files)(?: \(([^()]*)\))?(?:: (.*))?")


@dataclass(frozen=True, slots=True)
class Line:
    """One file, or with the outcome `more` a number of files; `why` is one of our own sentences, never content."""

    outcome: Outcome
    size: int
    label: str = ""
    why: str = ""

    @property
    def is_child(self) -> bool:
        """Whether the file became a job of its own."""
        return self.outcome in {"taken", "cut"}

    def __str__(self) -> str:
        unit = "files" if self.outcome == "more" else "bytes"
        why = f" ({self.why.replace('(', '[').replace(')', ']')})" if self.why else ""
        return f"{self.outcome} {self.size:,} {unit}{why}" + (f": {self.label}" if self.label else "")


def written(lines: Iterable[Line]) -> str:
    """Return the manifest's text."""
    return "".join(f"{line}\n" for line in lines)


def read(text: str) -> Iterator[tuple[int, Line]]:
    """Yield the lines that are one of a manifest, with their numbers from 1; others are passed over. Never raises."""
    for number, row in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(row.removesuffix("\r")) if len(row) < 4 * LABEL else None
        if found:
            outcome: Outcome = found[1]  # type: ignore[assignment]  # the pattern holds the same words as the type
            yield number, Line(outcome, int(found[2].replace(",", "") or 0), found[4] or "", found[3] or "")
