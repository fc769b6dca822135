"""Garbage collection in a process that handles many messages."""

import gc
from typing import Final

THRESHOLDS: Final = (10_000, 20, 20)
"""Objects and generations between collections: Python's own (700, 10, 10) is reached by the messages in flight alone, again and again,
though what a message leaves behind holds no cycles and is freed at once."""


def settle() -> None:
    """Call once, when everything is imported and open: what exists now stays, and is never searched for garbage again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
