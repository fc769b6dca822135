"""What a point in time looks like at the head of a log line or in a column."""

import re
from typing import Final

_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_CLOCK: Final = r"\d{1,2}:\d\d:\d\d"

STAMP: Final = re.compile(
    "|".join(
        (
            rf"(?<!\d)(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?[ T_:,\t-]{{1,4}}{_CLOCK}",  # 2026-11-20T05:26:42
            r"(?<!\d)(?:19|20)\d\d[-/.]\d\d[-/.]\d\d[ T_-]\d\d\.\d\d\.\d\d",  # 2005-06-03-15.42.50
            r"(?<!\d)(?:19|20)\d{6}[ T_-]?\d\d:?\d\d:?\d\d(?!\d)",  # 20261120T052642
            rf"(?<!\w){_MONTH} +\d{{1,2}},? (?:\d{{4}},? )?(?:at )?{_CLOCK}",  # Nov 20 05:26:42, Nov 20 2026 05:26:42
            rf"(?<!\d)\d{{1,2}}[ /-]{_MONTH}[ /-](?:\d{{4}}|\d\d)[ :,T]{{1,2}}{_CLOCK}",  # 20/Nov/2026:05:26:42
            rf"(?<![\d.])\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:\d{{4}}|\d\d)(?:[ T,:-]{{1,2}}| -- ){_CLOCK}",  # 20.11.2026 05:26:42
            rf"^\W{{0,2}}\d\d[-/.]\d\d[ T]{_CLOCK}",  # 11-20 05:26:42
            rf"^\W{{0,2}}{_CLOCK}[.,]\d{{1,9}}\b",  # 05:26:42.123
            rf"^\[{_CLOCK}\]",  # [05:26:42]
            r"^\W?\d{6} \d{6} ",  # 261120 052642
            r"^[^\s\w]?1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?\b[^,|]",  # seconds, ms, us or ns since 1970
            r"(?<=\s)1\d{9}(?=\s+\S*[A-Za-z0-9]\S* +\S* *[A-Za-z])",  # seconds since 1970 further in, words behind
            r"^\[ *\d{1,7}\.\d{6}\] ",  # seconds since the kernel started
        )
    )
)
"""A full time of day; a date alone does not make a log."""

CELL: Final = re.compile(
    rf"""["']?(?:
        (?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?(?:[ T]\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)?
      | \d\d?[/.-]\d\d?[/.-](?:19|20)?\d\d(?:[ T]\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?:\s?[AP]M)?)?
      | \d\d?[ /-]{_MONTH}[ /-]\d\d(?:\d\d)?(?:[ :T]\d\d?:\d\d(?::\d\d)?)?(?:\s[+-]\d{{4}})?
      | {_MONTH}\ +\d{{1,2}},?\ (?:\d{{4}},?\ )?{_CLOCK}
      | \d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?[AP]M)?
      | (?:19|20)\d\d[01]\d[0-3]\d(?:T?[0-2]\d[0-5]\d(?:[0-5]\d)?Z?)?
      | 1\d{{9}}(?:\.\d+|\d{{3}}|\d{{6}}|\d{{9}})?
    )["']?""",
    re.VERBOSE,
)
"""A whole cell of a table that holds a time."""

LEVEL: Final = re.compile(
    r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRIT(?:ICAL)?|SEVERE|ALERT|EMERG|PANIC|FINE|VERBOSE)\b"
    r"|[\[<(](?:trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|crit(?:ical)?|alert|emerg|[TDIWEFC]|[A-Z][a-z]{2,6}|[A-Z]{3})[\])>]"
)
"""A level as logs write it: in capitals, or bracketed."""
