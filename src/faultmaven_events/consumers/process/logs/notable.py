"""Facts that the rules of words.toml recognise: limits, alerts, restarts, changes, open ports; line by line where there are few."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.logs import component, words
from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, shortened
from faultmaven_events.consumers.process.logs.tally import Tally
from faultmaven_events.consumers.process.logs.template_fact import Named, draft, rank, said, times
from faultmaven_events.schemas.insight import Scalar

_RUN: Final = 3.0
"""Seconds within which restarts of one component are one."""

_HASH = r"\d[\w.+-]{0,40}|[0-9a-f]{4,40}"
_VERSIONS = re.compile(rf"(?<![\w.])v?(?P<old>{_HASH}) ?(?:->|→|=>| to ) ?v?(?P<new>{_HASH})")
_VERSION = re.compile(
    r"\b(?:v|version[ =:]|release[ =:]|rev(?:ision)?[ =:.]|build[ =:]|model )\s?(?P<new>v?\d[\w.+-]{0,40})|"
    r"(?<![\w.])(?P<bare>\d+\.\d+\.\d+[\w.+-]{0,30})"
)
_ADDRESS = re.compile(
    r"(?P<address>\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.*-]+|<[^<>]+>)?:(?P<port>\d{2,5})\b|"
    r"\bport[ =:\"]{1,3}(?P<only>\d{2,5})\b|\bon (?P<bare>\d{2,5})(?![\d.])"
)
_EXIT = re.compile(r"(?i)exit(?:ed)?(?: with)?(?: code| status)?[ :=(]{1,3}(?P<code>-?\d{1,3})\b|status (?P<status>\d{1,3})\b")
_SIGNAL = re.compile(r"\b(?P<name>SIG[A-Z]{2,5})\b|signal (?P<number>\d{1,2})\b")
_LIMIT = re.compile(r"(?i)(?:limit|max\w*|maximum|of)[ =:]{1,3}(?P<n>\d[\d.]{0,15}\w{0,3})")


def recognised(named: Sequence[Named], kind: str, lines: int, *, journal: bool) -> Iterator[Draft]:
    """Yield the facts of one kind that the rules recognise; a line that comes all the time is no event."""
    for text, tally in named:
        rule = next((rule for rule in tally.rules if rule.kind == kind), None)
        if rule is None and kind == "change" and journal and not any(one.kind == "alert" for one in tally.rules):
            rule = words.Rule("change", "entry", words.BAD)
        if rule is None:
            continue
        if kind == "limit":
            limit = _LIMIT.search(tally.text)
            yield draft(
                kind,
                f"Limit ({rule.what}): {said(tally)}: {times(tally)}",
                tally,
                text,
                rank(tally) + math.log1p(tally.count),
                what=rule.what,
                limit=limit["n"] if limit else None,
            )
        elif kind == "alert" or journal or tally.count <= max(20, 0.01 * lines):
            yield from _each(kind, rule, text, tally)


def _each(kind: str, rule: words.Rule, template: str, tally: Tally) -> Iterator[Draft]:
    shown = (
        tally.occurrences
        if len(tally.occurrences) <= 12 or kind in {"change", "alert"}
        else [*tally.occurrences[:8], *tally.occurrences[-4:]]
    )
    rare = rule.what not in {"reloading", "listening", "configuration"}
    for one in shown:
        attributes: dict[str, Scalar] = {"template": template, "what": rule.what, **_details(kind, one.text)}
        who = component.spoken_of(one.text) if kind == "change" else component.of_process(one.text) if kind == "restart" else None
        if who and kind == "restart":
            attributes["process"] = who
        weight = rank(tally) + (1.0 if rare else 0.0) + (5.0 if kind == "change" and "version" in attributes else 0.0)
        often = f" (one of {tally.count})" if tally.count > len(shown) else ""
        yield Draft(
            kind=kind,
            text=f"{_NOUNS[kind]}: {shortened(one.text, 450)} at {clock_time(one.at)}{often}",
            at=one.at,
            level=tally.level,
            weight=weight,
            component=who or one.component,
            attributes=attributes,
            citations=(one.citation,),
        )


_NOUNS: Final = {"restart": "Process", "change": "Change", "listening": "Listening", "alert": "Alert"}


def _details(kind: str, text: str) -> dict[str, Scalar]:
    text = text[: words.LOOK]
    if kind == "change":
        if match := _VERSIONS.search(text):
            return {"version": match["new"], "previous": match["old"]}
        return {"version": match["new"] or match["bare"]} if (match := _VERSION.search(text)) else {}
    if kind == "restart":
        code, signal = _EXIT.search(text), _SIGNAL.search(text)
        return {
            "exit_code": int(code["code"] or code["status"]) if code else None,
            "signal": (signal["name"] or signal["number"]) if signal else None,
        }
    if kind == "listening" and (match := _ADDRESS.search(text)):
        return {"address": match["address"], "port": int(match["port"] or match["only"] or match["bare"])}
    return {}


def runs(found: Iterable[Draft]) -> Iterator[Draft]:
    """Join what one component reports again within seconds (a server starting its parts, a supervisor retrying) into one fact."""
    last: dict[tuple[Scalar, ...], Draft] = {}
    for one in sorted(found, key=lambda each: (each.at or 0.0, each.citations[0].line_start)):
        what = one.attributes.get("what")
        key = one.component, what, one.attributes["template"] if what in {"crashed", "killed"} else None
        run = last.get(key)
        if run is not None and one.at is not None and one.at - (run.until or run.at or 0.0) <= _RUN:
            run.until, run.count = one.at, run.count + 1
            run.citations = (run.citations[0], one.citations[0])
            continue
        last[key] = one
        yield one
