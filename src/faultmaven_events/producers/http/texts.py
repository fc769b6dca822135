"""Short texts that people give things: one line, no control characters."""

from typing import Annotated

from pydantic import StringConstraints

_LINE = r"^[^\x00-\x1f\x7f-\x9f]+$"

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=_LINE)]
"""A document's or a file's title."""
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_LINE)]
"""A tag."""
