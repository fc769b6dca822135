"""Level words and numbers, and the seven levels that they mean."""

from typing import Final

from faultmaven_events.schemas.insight import Level

_MEANINGS: Final[dict[Level, str]] = {
    "trace": "trace finest finer verbose vrb trc trce silly",
    "debug": "debug debu dbg fine debug1 debug2 debug3 debug4 debug5 dbug deb",
    "info": "info information informational inf log config system success audit detail hint statement context query location",
    "notice": "notice note ntc",
    "warning": "warn warning wrn",
    "error": "error err severe failure fail eror erro",
    "critical": "critical crit fatal fata ftl panic pani alert emerg emergency crash dpanic",
}
WORDS: Final[dict[str, Level]] = {word: level for level, words in _MEANINGS.items() for word in words.split()}
LETTERS: Final[dict[str, Level]] = {
    "V": "trace", "T": "trace", "D": "debug", "I": "info", "N": "notice", "W": "warning", "E": "error", "C": "critical", "F": "critical",
}  # fmt: skip
ATTACHED: Final = frozenset({"detail", "hint", "statement", "context", "query", "location"})
"""Words at the level's place that say more about the line before."""

RANK: Final[dict[Level | None, int]] = {None: 1, "trace": 0, "debug": 0, "info": 1, "notice": 1, "warning": 2, "error": 3, "critical": 4}

UPPER: Final = "|".join(sorted((word.upper() for word in WORDS), key=len, reverse=True))
ANY: Final = "|".join(sorted(WORDS, key=len, reverse=True))
SYSLOG: Final[tuple[Level, ...]] = ("critical", "critical", "critical", "error", "warning", "notice", "info", "debug")


def level_of(value: object) -> Level | None:
    """Return the level that a field's word, letter or number means.

    Numbers of 10 to 60 are those of bunyan, pino and Python's logging, 0 to 7 those of syslog.
    """
    if isinstance(value, str):
        word = value.strip().strip("[]<>():").lower()
        if found := WORDS.get(word) or LETTERS.get(word.upper()):
            return found
        value = int(word) if word.isdigit() and len(word) < 3 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if 0 <= value <= 7:
        return SYSLOG[int(value)]
    return next((level for top, level in _NUMBERS if value <= top), None) if value <= 100 else None


_NUMBERS: Final[tuple[tuple[int, Level], ...]] = (
    (10, "trace"),
    (20, "debug"),
    (30, "info"),
    (40, "warning"),
    (50, "error"),
    (100, "critical"),
)
