"""Lines without end: gathered until they end, and cut off where they are longer than anybody reads.

To add each bit of such a line to a text takes time that grows with its square: a gigabyte in one line would take an hour.
"""

from typing import Final

HELD: Final = 1 << 20
"""Characters of an unfinished line that are passed on as they come."""
LONGEST: Final = 64 << 20
"""Characters that are kept of one line: what process reads of a whole file at most."""


class LongLines:
    """Takes a text bit by bit and gives it out again; the rest of a line over `longest` is left out, and the line says so.

    `cut` counts such lines.
    """

    def __init__(self, longest: int = LONGEST, held: int = HELD) -> None:
        self._longest, self._held = longest, held
        self._parts: list[str] = []
        self._length = self._over = self.cut = 0

    def take(self, text: str) -> str:
        """Take more text and return what may go on; nothing while a long line has no end."""
        if len(text) > self._longest:
            return "".join(self.take(text[start : start + self._held]) for start in range(0, len(text), self._held))
        end = text.find("\n")
        if end < 0:
            return self._more(text)
        line, last = self._more(text[:end]) + self._ended(), text.rfind("\n")
        return line + text[end : last + 1] + self._more(text[last + 1 :])

    def rest(self) -> str:
        """Return what is left of the last line."""
        return self._ended()

    def _more(self, text: str) -> str:
        """Add characters of the line that is not ended; return those that need not wait."""
        kept = text[: max(0, self._longest - self._length)]
        self._length += len(kept)
        self._over += len(text) - len(kept)
        if self._length <= self._held:
            return kept
        self._parts.append(kept)
        return ""

    def _ended(self) -> str:
        rest = "".join(self._parts)
        if self._over:
            rest += f" [{self._over} more characters of this line were left out]"
            self.cut += 1
        self._parts, self._length, self._over = [], 0, 0
        return rest
