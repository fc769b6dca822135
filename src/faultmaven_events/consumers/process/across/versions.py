"""Two versions of one configuration file among the evidence of a question: what differs, weightiest first."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from faultmaven_events.consumers.process.across.cited import citation_of
from faultmaven_events.consumers.process.note import shortened
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Setting

MOST: Final = 40
"""Changes that are told of one pair of files."""
MOST_PAIRS: Final = 10
_LEAST_SHARED: Final = 0.3
"""Share of the smaller file's paths that two files must have in common to be versions of each other."""

_OLD: Final = r"old|orig|original|bak|backup|before|prev|previous|save|saved|last|rpmsave|dpkg-old|ucf-old|good|working|stable"
_NEW: Final = r"new|after|current|now|changed|updated|rpmnew|dpkg-dist|dpkg-new|ucf-dist|latest|broken|bad"
_AGE: Final = {-1: re.compile(rf"^({_OLD})$"), 1: re.compile(rf"^({_NEW})$")}
_SUFFIX: Final = re.compile(rf"(?:[.~_-](?:{_OLD}|{_NEW}|\d{{1,3}})|~)$", re.IGNORECASE)
_INNER: Final = re.compile(
    rf"[._-](?P<mark>{_OLD}|{_NEW}|v?\d{{1,4}}|\d{{4}}-?\d\d-?\d\d(?:[T_-]?\d{{4,6}})?)(?=(?:\.[A-Za-z]{{1,10}}){{0,2}}$)", re.IGNORECASE
)
_FOLDER: Final = re.compile(rf"(?:^|/)(?P<mark>{_OLD}|{_NEW}|v\d{{1,4}}|r?\d{{1,6}}|\d{{4}}-\d\d-\d\d)/", re.IGNORECASE)

_WEIGHTS: Final = (
    (
        re.compile(
            r"timeout|deadline|max|limit|pool|conn|memory|heap|size|quota|rate|burst|workers?|threads|replicas|retr(y|ies)|prefetch"
        ),
        3.0,
    ),
    (re.compile(r"host|addr|port|url|uri|server|upstream|endpoint|backend|listen|bind|dsn|bootstrap|broker"), 2.8),
    (re.compile(r"user|password|secret|token|key|cert|auth|role|credential"), 2.5),
    (re.compile(r"image|version|tag|digest|enabled?|feature|flag|mode|policy|strategy|command|args"), 2.2),
)


def changed_settings(files: Sequence[Insights]) -> Iterator[Fact]:
    """Yield a `config_change` for every setting that differs between versions of a file; the older file is the one that the names tell."""
    for old, new, told in islice(_pairs(files), MOST_PAIRS):
        changes = sorted(_changes(old, new), key=lambda change: (-_weight(change), change[2].line if change[2] else 0))
        for change in changes[:MOST]:
            if fact := _fact(old, new, change, told=told):
                yield fact


def _pairs(files: Sequence[Insights]) -> Iterator[tuple[Insights, Insights, bool]]:
    """Older, newer, and whether the names tell which is which."""
    groups: dict[str, list[tuple[tuple[int, str], Insights]]] = defaultdict(list)
    for file in files:
        if file.classification.type == "config" and file.settings:
            stem, age = _stem(file.file)
            groups[stem].append((age, file))
    for group in groups.values():
        ordered = sorted(group, key=lambda one: (one[0], one[1].file, str(one[1].evidence_id)))
        for (before, old), (after, new) in pairwise(ordered):
            if _related(old, new):
                yield old, new, before != after


def _stem(name: str) -> tuple[str, tuple[int, str]]:
    """The name without what marks a version, and the mark as something to sort by: (-1 old, 0 plain, 1 new; number or date)."""
    base, age, number = name.strip().lower(), 0, ""
    for _ in range(3):
        if match := _FOLDER.search(base):
            base, mark = base[: match.start()] + "/" + base[match.end() :], match["mark"]
        elif match := _SUFFIX.search(base):
            base, mark = base[: match.start()], match[0].lstrip(".~_-") or "bak"
            mark = "bak" if mark.isdigit() else mark  # logrotate and editors number what is older
        elif match := _INNER.search(base):
            base, mark = base[: match.start()] + base[match.end() :], match["mark"]
        else:
            break
        age = next((sign for sign, words in _AGE.items() if words.match(mark)), age)
        number = mark.lstrip("vr").zfill(16) if mark.lstrip("vr")[:1].isdigit() else number
    return base.rsplit("/", 1)[-1], (age, number)


def _related(old: Insights, new: Insights) -> bool:
    """Whether two files of one name speak of the same things; two hosts' files of one name do too, and are then worth comparing."""
    mine, other = {one.path for one in old.settings}, {one.path for one in new.settings}
    return len(mine & other) >= max(1, _LEAST_SHARED * min(len(mine), len(other)))


Changed = tuple[str, Setting | None, Setting | None]


def _changes(old: Insights, new: Insights) -> Iterator[Changed]:
    before, after = _by_path(old), _by_path(new)
    cut = any("settings" in one for file in (old, new) for one in file.truncated)
    for path in {**before, **after}:
        gone, come = _without_common(before.get(path, []), after.get(path, []))
        for number in range(max(len(gone), len(come))):
            left = gone[number] if number < len(gone) else None
            right = come[number] if number < len(come) else None
            if (left and right) or not cut:
                yield path, left, right


def _by_path(file: Insights) -> dict[str, list[Setting]]:
    found: dict[str, list[Setting]] = defaultdict(list)
    for one in file.settings:
        found[re.sub(r"\[\d+\]", "[]", one.path)].append(one)
    return found


def _without_common(mine: list[Setting], other: list[Setting]) -> tuple[list[Setting], list[Setting]]:
    left, rest = [], list(other)
    for one in mine:
        twin = next((candidate for candidate in rest if candidate.value == one.value), None)
        if twin is None:
            left.append(one)
        else:
            rest.remove(twin)
    return left, rest


def _weight(change: Changed) -> float:
    path, old, new = change
    key = ".".join(path.lower().split(".")[-2:])
    return max((weight for words, weight in _WEIGHTS if words.search(key)), default=1.0) + (0.5 if old and new else 0.0)


def _fact(old: Insights, new: Insights, change: Changed, *, told: bool) -> Fact | None:
    path, before, after = change
    cited = [_cited(new, after), _cited(old, before)]
    if after is None:  # cite the newer file all the same: its first line stands for what is not in it
        cited[0] = _cited(new, new.settings[0])
    elif before is None:
        cited[1] = _cited(old, old.settings[0])
    citations = tuple(one for one in cited if one is not None)
    if not citations or (after or before) is None:
        return None
    was, now = (None if one is None else shortened(one.value, 200) for one in (before, after))
    base = new.file.rsplit("/", 1)[-1]
    if told:
        text = (
            f"{base}: {path} was added with the value {now}." if was is None
            else f"{base}: {path} was removed (its value was {was})." if now is None
            else f"{base}: {path} changed from {was} to {now}."
        )  # fmt: skip
    else:
        mine, other = (value if value is not None else "absent" for value in (was, now))
        text = f"{path} is {mine} in {old.file} and {other} in {new.file}; the names do not tell which is newer."
    return Fact(
        id="config_change-0",
        kind="config_change",
        text=shortened(text, 600),
        component=new.component or old.component,
        attributes={"path": path[:300], "old": was, "new": now, "file": base[:300], "old_file": old.file[:300], "new_file": new.file[:300]},
        citations=citations,
    )


def _cited(file: Insights, setting: Setting | None) -> Citation | None:
    return citation_of(file, setting) if setting else None
