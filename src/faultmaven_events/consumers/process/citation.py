"""How a fact points at its lines."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from faultmaven_events.consumers.process.lines import LongLine
from faultmaven_events.schemas.insight import Citation

QUOTE_LIMIT = 600
"""Characters of the first cited line that a citation quotes."""


def cite(evidence_id: UUID, file: str, lines: Sequence[str], start: int, end: int | None = None) -> Citation:
    """Return the citation of the lines `start` to `end` (1-based, inclusive; `end` defaults to `start`).

    Args:
        evidence_id: the job of the file.
        file: the name under which the file was handed in.
        lines: the whole file split at LF, or just the cited lines. A CR before the LF belongs to its line: it is hashed, not quoted.
        start: first cited line.
        end: last cited line.

    A line that is too long to be kept (`LongLine`) stands alone in its citation.

    Raises:
        ValueError: the lines do not exist.
    """
    end = start if end is None else end
    cited = lines[start - 1 : end] if len(lines) >= end else lines
    if start < 1 or len(cited) != end - start + 1:
        raise ValueError("a citation needs existing lines")
    first = cited[0]
    whole = first.sha256 if isinstance(first, LongLine) and len(cited) == 1 else None
    return Citation(
        evidence_id=evidence_id,
        file=file,
        line_start=start,
        line_end=end,
        quote=first.removesuffix("\r")[:QUOTE_LIMIT].encode("utf-8", "replace").decode(),
        quote_sha256=whole or hashlib.sha256("\n".join(cited).encode("utf-8", "surrogatepass")).hexdigest(),
    )
