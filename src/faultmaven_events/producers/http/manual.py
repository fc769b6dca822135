"""GET /docs: the OpenAPI document as one page of HTML without scripts, so that it can be read without the internet."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2330}"
    "h2{margin-top:2.5rem;font-size:1.1rem}code,pre{font:14px/1.45 ui-monospace,monospace}"
    "pre{background:#f4f6f9;padding:.8rem;overflow:auto;border-radius:4px}"
    ".method{background:#1c2330;color:#fff;padding:.1rem .5rem;border-radius:3px;margin-right:.5rem}"
    "table{border-collapse:collapse;width:100%}td{border-top:1px solid #dde3ea;padding:.25rem .8rem .25rem 0;vertical-align:top}"
)
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; frame-ancestors 'none'"
)
"""The Content-Security-Policy under which the page works."""


def page(document: dict[str, Any]) -> str:
    """Return the page."""
    info = document["info"]
    operations = "".join(
        _operation(method, path, operation) for path, methods in document["paths"].items() for method, operation in methods.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title><style>{_STYLE}</style>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['summary'])}. "
        f'The machine-readable form is <a href="/openapi.json">/openapi.json</a>.</p>{operations}</html>'
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    title = f'<h2><span class="method">{method.upper()}</span><code>{escape(path)}</code></h2>'
    return "".join(
        [title, _paragraphs(operation.get("description", "")), *_parameters(operation), *_bodies(operation), _answers(operation)]
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    rows = [
        (f"{each['name']} ({each['in']})", each.get("description") or each.get("schema", {}).get("description", ""))
        for each in operation.get("parameters", [])
    ]
    if rows:
        yield _table(rows)


def _bodies(operation: dict[str, Any]) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        required = content["schema"].get("required", [])
        properties = content["schema"].get("properties", {}).items()
        yield f"<p>Body: <code>{escape(media_type)}</code></p>"
        yield _table([(name + (" *" if name in required else ""), about.get("description", "")) for name, about in properties])
        yield f"<pre>{escape(json.dumps(content['example'], indent=2))}</pre>"


def _answers(operation: dict[str, Any]) -> str:
    return "<p>Answers:</p>" + _table([(status, answer["description"]) for status, answer in sorted(operation["responses"].items())])


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td><code>{escape(name)}</code></td><td>{escape(text)}</td></tr>" for name, text in rows)
    return f"<table>{cells}</table>"
