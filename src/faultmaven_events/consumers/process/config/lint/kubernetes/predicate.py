"""When a rule that is data is broken.

Fields of a rule besides those in `rule.py`:

scope        container | pod | object | process (of a control plane) | check (code: `check` names a function of `CHECKS`)
kinds        objects of these kinds only                        not_kinds  not these
among        lists of containers that are meant (all)           path       parts with dots between them, `[]` after a list's name
At `path`, exactly one of:
    missing = true   nothing there, or something empty          present = true  something there         absent = true  nothing there
    is = [...]       one of these values                        isnt = [...]    there, and none of these
    must = [...]     missing, or none of these                  matches         a regular expression finds something in it
    below            a number there is smaller (`or_missing`)   without         a list, no member (or name of one) matches this expression
For scope process: `processes`, and for `flag` (several: `flags`, all must be there):
    needed = true    not there                                  refused = true  there
    must, isnt       as above, the value as text                lacks / holds   a list with commas lacks it (where given) / holds it
    includes         as `lacks`, broken too where not given     only            the list holds something else
    least, most      its number is smaller / larger; `least` is broken too where not given
    matches          not given is well; given, it must match
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from faultmaven_events.consumers.process.config.lint.kubernetes.process import Flag, Process
from faultmaven_events.consumers.process.placed import Items, Map, found, place_in

Test = Mapping[str, Any]
Where = tuple[int, int]
LONGEST = 4_000
"""Characters of a value that an expression is searched in."""


@cache
def pattern(text: str) -> re.Pattern[str]:
    """The compiled expression of a rule."""
    return re.compile(text)


def broken_at(test: Test, body: Map) -> Iterator[Where]:
    """Line and column of every place below `body` where the test of a path fails; of the nearest that exists for what is missing."""
    path = test["path"].split(".")
    values = list(found(body, path))
    if test.keys() & {"missing", "absent", "must", "or_missing", "without"} and all(value is None for value, _, _ in values):
        yield place_in(body, [part.removesuffix("[]") for part in path])
        return
    for value, line, column in values:
        if _is_bad(test, value):
            yield line, column


def _is_bad(test: Test, value: Any) -> bool:
    if "missing" in test:
        return value is None or value == "" or (isinstance(value, Map | Items) and not value)
    if "absent" in test:
        return False
    if "present" in test:
        return value is not None
    if "is" in test:
        return _among(value, test["is"])
    if "must" in test or "isnt" in test:
        return value is not None and not _among(value, test.get("must", test.get("isnt")))
    if "below" in test:
        return isinstance(value, int | float) and not isinstance(value, bool) and value < test["below"]
    if "without" in test:
        return not any(pattern(test["without"]).search(str(_named(one))[:LONGEST]) for one in (value if isinstance(value, Items) else ()))
    return isinstance(value, str | int | float) and pattern(test["matches"]).search(str(value)[:LONGEST]) is not None


def _named(value: Any) -> Any:
    return value.get("name") if isinstance(value, Map) else value


def _among(value: Any, wanted: list[Any]) -> bool:
    return any(type(value) is type(one) and value == one for one in wanted)


def flag_broken_at(test: Test, process: Process) -> Iterator[Where]:
    """Where the test of a flag fails: at the flag, or at the command where it is missing."""
    names = test.get("flags") or [test["flag"]]
    flags = [process.flags.get(name) for name in names]
    if "needed" in test:
        if None in flags:
            yield process.line, process.column
    elif _is_flag_bad(test, flags[0]):
        yield (flags[0].line, flags[0].column) if flags[0] else (process.line, process.column)


def _is_flag_bad(test: Test, flag: Flag | None) -> bool:
    if "refused" in test:
        return flag is not None
    for name in ("must", "includes", "least"):
        if name in test:
            return flag is None or _FLAG_TESTS[name](flag, test[name])
    return flag is not None and any(name in test and bad(flag, test[name]) for name, bad in _FLAG_TESTS.items())


def _list(flag: Flag) -> list[str]:
    return [one.strip() for one in (flag.value or "").split(",")]


def _number(flag: Flag) -> float | None:
    try:
        return float(flag.value or "")
    except ValueError:
        return None


_FLAG_TESTS: dict[str, Callable[[Flag, Any], bool]] = {
    "must": lambda flag, wanted: (flag.value or "true") not in wanted,
    "isnt": lambda flag, wanted: (flag.value or "true") not in wanted,
    "includes": lambda flag, wanted: not set(wanted) & set(_list(flag)),
    "lacks": lambda flag, wanted: not set(wanted) & set(_list(flag)),
    "holds": lambda flag, refused: bool(set(refused) & set(_list(flag))),
    "only": lambda flag, wanted: not set(_list(flag)) <= set(wanted),
    "least": lambda flag, number: (given := _number(flag)) is not None and given < number,
    "most": lambda flag, number: (given := _number(flag)) is not None and given > number,
    "matches": lambda flag, expression: pattern(expression).search((flag.value or "")[:LONGEST]) is None,
}
