"""JSON and XML: what they are is said by their keys."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample
from faultmaven_events.consumers.classify.stamps import CELL
from faultmaven_events.schemas.evidence import EvidenceType

WHOLE: Final[tuple[tuple[EvidenceType, str, str, float], ...]] = (
    ("capture", "har", r"^log (?:log\.\S+ )*log\.(?:entries|pages)\b", 0.97),
    ("trace", "otlp-json", r"^resourceSpans|^batches batches\.(?:resource|scopeSpans|instrumentationLibrarySpans)", 0.97),
    ("metrics", "otlp-json", r"^resourceMetrics", 0.97),
    ("log", "otlp-json", r"^resourceLogs", 0.97),
    ("trace", "chrome-trace", r"^traceEvents|\[\]\.ph\b.*\[\]\.ts\b|\[\]\.ts\b.*\[\]\.ph\b", 0.96),
    ("trace", "jaeger", r"\bdata\.(?:traceID|spans)\b|^(?:traceID|spans) (?:.* )?(?:spans|traceID)\b", 0.96),
    ("trace", "zipkin", r"\[\]\.traceId\b.*\[\]\.(?:timestamp|duration|localEndpoint|parentId)\b", 0.96),
    ("trace", "otlp-json", r"^trace trace\.(?:resourceSpans|batches)\b", 0.97),
    (
        "trace",
        "xray",
        r"\bTraces\.Segments\b|^(?!.*span_?id)(?=.*\btrace_id\b)(?=.*\bstart_time\b)(?=.*\b(?:subsegments|end_time)\b)",
        0.95,
    ),
    (
        "trace",
        "spans-json",
        r"^(?!.*\b(?:message|msg|level)\b)(?=.*\b(?:span_id|spanId|SpanID)\b)(?=.*\b(?:start|start_time|startTime|StartTime)\b)",
        0.93,
    ),
    ("trace", "sentry", r"\bexception\.values\b|\bstacktrace\.frames\b", 0.9),
    ("metrics", "prometheus-json", r"\bdata\.resultType data\.result\b|\[\]\.metric \[\]\.values?\b|__name__", 0.95),
    ("metrics", "series-json", r"\bseries\.(?:points|metric)\b", 0.95),
    ("metrics", "graphite-json", r"\bdatapoints\b", 0.9),
    ("metrics", "cloudwatch-json", r"\bDatapoints\b|\bMetricDataResults\b", 0.95),
    ("log", "elasticsearch-json", r"\bhits\.hits\b", 0.9),
    ("log", "cloudtrail", r"\bRecords\.event(?:Time|Name|Version|Source)\b|\bevents\.(?:timestamp|message|eventId)\b", 0.95),
    ("log", "kubernetes-audit", r"\bauditID\b.*\bstage\b", 0.95),
    ("config", "kubernetes", r"\bkind\b.*\bapiVersion\b|\bapiVersion\b.*\bkind\b", 0.95),
    ("source", "notebook", r"\bnbformat\b", 0.95),
    ("document", "openapi", r"^(?:openapi|swagger)\b", 0.8),
    ("command_output", "docker-inspect", r"\[\]\.Id\b.*\[\]\.(?:State|Config|HostConfig|RepoTags)\b", 0.9),
    ("config", "terraform-state", r"\bterraform_version\b", 0.9),
)
"""Patterns of the keys of a whole document: `a b a.c [].d`, in the order in which they stand."""

TIME: Final = re.compile(
    (
        r"@?timestamp\w*|_?ts|_?time|t|date|datetime|_?time_?stamp|asctime|\w*[Tt]ime(?:stamp|Millis)?"
        r"|start(?:ed)?(?:_at)?|created(?:_at|At)?|@t|instant|when|__REALTIME_TIMESTAMP|eventTime|\w+_at|date_?time\w*"
    ),
    re.IGNORECASE,
)
SPEECH: Final = re.compile(
    (
        r"_?msg|_?message|log|event\w*|text|body|MESSAGE|@mt?|level\w*|lvl|severity\w*|logger\w*|stream|method"
        r"|status(?:_?code)?|uri|url|path|request\w*|action|type|source\w*|err\w*"
    ),
    re.IGNORECASE,
)
SPAN: Final = re.compile(r"(?:parent_?)?span_?id|parentId|context\.span_id", re.IGNORECASE)


def _keys(value: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    while isinstance(value, list):  # lists of traces are lists of lists of spans
        value, prefix = (value[0] if value else None), prefix or "[]."
    if isinstance(value, dict) and depth < 3:
        for key in list(value)[:60]:
            yield prefix + str(key)
        for key, inner in list(value.items())[:60]:
            yield from _keys(inner, f"{prefix}{key}.", depth + 1)


def keys(sample: Sample) -> list[str]:
    """Return the keys of a document's upper levels, those of a list's first element; as far as it goes when it is cut off."""
    try:
        return list(_keys(json.loads(sample.text)))
    except (ValueError, RecursionError):
        return _scan(sample.text[:16_384])


_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]')


def _scan(text: str) -> list[str]:
    found: list[str] = []
    path: list[str] = ["[]" if text.lstrip()[:1] == "[" else ""]
    depth, name = 0, ""
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark[0] == '"':
            if token[2] and depth <= 4:
                name = token[1][:60]
                found.append(".".join(part for part in (*path[:depth], name) if part))
        elif mark == "{":
            path[depth:] = [name if depth else path[0], ""]
            depth, name = depth + 1, ""
        elif mark == "}":
            depth = max(0, depth - 1)
    levels = sorted(dict.fromkeys(found), key=lambda key: key.count("."))
    return levels[:300]


def rows(sample: Sample) -> list[dict[str, Any]]:
    """Return the objects of a file that has one per line; empty when it has not. The last line may be cut off."""
    found: list[dict[str, Any]] = []
    lines = [line for line in sample.text.split("\n") if line.strip()][:25]
    bad = 0
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            found.append(value)
        elif not (line.startswith("{") and line is lines[-1]):
            bad += 1
    return found if bad <= 0.2 * (len(found) + bad) else []


def json_lines(sample: Sample) -> Vote | None:
    """One object per line: spans, samples of a metric, or log entries."""
    if not sample.top.startswith("{"):
        return None
    found = rows(sample)
    if not found or (len(found) == 1 and len(sample.lines) > 1):
        return None
    vote = _record(found, len(found))
    if vote or len(found) < 2:
        return vote
    alike = sum(len(found[0].keys() & other.keys()) * 2 >= len(other) for other in found[1:]) >= 0.5 * (len(found) - 1)
    return Vote("log", "json-lines", 0.86 if alike else 0.7, f"{len(found)} lines are objects{' of the same form' if alike else ''}")


def _record(found: list[dict[str, Any]], count: int) -> Vote | None:
    names = [name for name in found[0] if isinstance(name, str)]
    joined = " ".join(names)
    timed = any(TIME.fullmatch(name) or _timely(found[0][name]) for name in names)
    speech = [name for name in names if SPEECH.fullmatch(name)]
    words = any(re.fullmatch(r"_?msg|_?message|log|level|lvl|severity|MESSAGE|@mt?", name, re.IGNORECASE) for name in names)
    form = f"{count} objects"
    if "__name__" in joined or {"metric", "values"} <= set(names):
        return Vote("metrics", "prometheus-json", 0.95, f"{form} with the labels of a series")
    if "auditID" in names or {"log", "stream", "time"} <= set(names):
        return Vote("log", "json-lines", 0.97, f"{form} as a runtime writes them")
    if (
        any(SPAN.fullmatch(name) for name in (*names, *_inner(found[0])))
        and not words
        and re.search(r"start|duration|end", joined, re.IGNORECASE)
    ):
        return Vote("trace", "spans-json", 0.93, f"{form} with span ids and durations")
    numeric = sum(isinstance(v, int | float) and not isinstance(v, bool) for v in found[0].values())
    if timed and not speech and numeric >= max(1, (len(names) - 1) * 0.5):
        return Vote("metrics", "json-series", 0.85, f"{form} of a time and numbers")
    if {"apiVersion", "kind"} <= set(names):
        return None
    if timed and speech:
        return Vote("log", "json-lines", 0.96 if len(names) >= 3 else 0.9, f"{form} with a time and fields of a log entry")
    if count > 1 and (timed or len(speech) >= 2):
        return Vote("log", "json-lines", 0.8, f"{form} with {'a time' if timed else 'fields of a log entry'}")
    return None


def _inner(record: dict[str, Any]) -> list[str]:
    """Names of a span's context."""
    context = record.get("context")
    return [name for name in context if isinstance(name, str)] if isinstance(context, dict) else []


def _timely(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) >= 8 and CELL.fullmatch(value) is not None
    return isinstance(value, dict) and "$date" in value


def document(sample: Sample) -> Vote | None:
    """One JSON document over one or many lines."""
    start = sample.text.lstrip()
    if not re.match(r'\{\s*(?:"|\}|$)|\[\s*(?:[{\["\d\]-]|$)', start) or (
        start[0] == "[" and not re.match(r'\[\s*(?:[{"\]]|\[\s*["\d{]|\d[\d.]*\s*[,\]])', start)
    ):
        return None
    try:
        value = json.loads(sample.text)
    except (ValueError, RecursionError):
        value = None
        if not sample.cut and '":' not in re.sub(r'"\s*:', '":', start[:2000]):
            return None
    found = " ".join(keys(sample))
    for type_, form, pattern, score in WHOLE:
        if re.search(pattern, found):
            return Vote(type_, form, score, f"JSON with the keys of {form}")
    first = value[0] if isinstance(value, list) and value else value
    vote = _record([first], 1) if isinstance(first, dict) and (isinstance(value, list) or len(sample.lines) == 1) else None
    if vote:
        return Vote(vote.type, "json" if vote.type == "log" else vote.format, vote.score - 0.03, vote.reason)
    return Vote(
        "config",
        "json",
        0.8 if value is not None else 0.75 if sample.cut else 0.5,
        "a JSON document" if value is not None else "looks like JSON that is cut off or broken",
    )


XML: Final[tuple[tuple[EvidenceType, str, str, float], ...]] = (
    ("log", "windows-event-xml", r"<Events?\b[^>]*>\s*(?:<Event\b|<System>)|schemas\.microsoft\.com/win/2004/08/events", 0.95),
    ("document", "html", r"<!doctype html|<html[\s>]|<body[\s>]|<head>", 0.95),
    ("unknown", "svg", r"<svg[\s>]", 0.9),
    ("command_output", "junit-xml", r"<testsuites?[\s>]", 0.9),
    ("document", "xml", r"<(?:rss|feed|book|article|TEI|w:document)[\s>]", 0.8),
    ("capture", "pdml", r"<pdml[\s>]|<psml[\s>]", 0.95),
    ("source", "vue", r"^<(?:template|script)(?: [\w-]+(?:=\"[^\"]*\")?)*>$[\s\S]*^</(?:template|script)>", 0.9),
    ("source", "php", r"^<\?php", 0.95),
)


def markup(sample: Sample) -> Vote | None:
    """XML and HTML, by the root or the first tags."""
    start = sample.text.lstrip()[:4096]
    if not re.match(r"<(?:\?xml|\?php|!|[A-Za-z][\w:.-]*[\s>/])", start):
        tags = sum(
            re.match(r"\s*</?(?:p|div|h[1-6]|span|a|ul|li|table|tr|td|br|html|head|body|form|script)\b[^>]*>", line) is not None
            for line in sample.lines
        )
        return Vote("document", "html", 0.85, "lines of HTML tags") if tags >= 4 and tags >= 0.35 * len(sample.lines) else None
    for type_, form, pattern, score in XML:
        if re.search(pattern, start, re.IGNORECASE | re.MULTILINE):
            return Vote(type_, form, score, f"the tags of {form}")
    if len(re.findall(r"</?(?:p|div|h[1-6]|span|a|ul|li|table|br)\b[^>]*>", start, re.IGNORECASE)) >= 3:
        return Vote("document", "html", 0.85, "tags of HTML")
    tagged = sum("<" in line and ">" in line for line in sample.lines) / max(1, len(sample.lines))
    declared = start.startswith("<?xml")
    return Vote("config", "xml", 0.88 if declared else 0.8, "an XML document") if declared or tagged > 0.6 else None


_PART: Final = re.compile(
    r'\s*(?:"(?:[^"\\]|\\.){0,200}"\s*:\s*\S.*|[\]}\[{]+,?|(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null),?)\s*'
)
_TAGGED: Final = re.compile(r"\s*</?[A-Za-z][\w:.-]*[^<>]*>|\s*<[A-Za-z][\w:.-]*(?: [\w:.-]+=\"[^\"]*\")*$")


def fragment(sample: Sample) -> Vote | None:
    """A piece out of the middle of a JSON or XML document that is laid out over lines."""
    lines = sample.lines
    if len(lines) < 4:
        return None
    parts = sum(_PART.fullmatch(line) is not None for line in lines)
    if parts >= 0.9 * len(lines) and sum('":' in line or '" :' in line for line in lines) >= 0.3 * len(lines):
        return Vote("config", "json", 0.75, f"{parts} of {len(lines)} lines are parts of a JSON document")
    tags = sum(_TAGGED.match(line) is not None for line in lines)
    return Vote("config", "xml", 0.72, f"{tags} of {len(lines)} lines are tags") if tags >= 0.7 * len(lines) else None


STRUCTURED: Final[tuple[Detector, ...]] = (json_lines, document, markup, fragment)
