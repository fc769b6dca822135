"""Configuration in blocks and instructions: nginx, Dockerfile, Terraform, anything else in braces."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Vote
from faultmaven_events.consumers.classify.sample import Sample

_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\.){0,600}"|\'(?:[^\'\\\n]|\\.){0,600}\'')
_DIRECTIVE: Final = re.compile(r"\s*(?:[a-z][a-z0-9_]*(?:\s+(?!=)[^=].*|\s*)|[\"~*$\w./\\:+?-]\S*\s+\S.*|)", re.DOTALL)
_CONTEXTS: Final = "server location upstream http events stream mail map geo types limit_except if split_clients"
_WORDS: Final = r"""listen server_name root index proxy_\w+ fastcgi_\w+ uwsgi_\w+ grpc_\w+ ssl_\w+ add_header more_set_headers
    try_files return\s\d{3} rewrite error_page error_log access_log log_format worker_\w+ keepalive_\w+ sendfile
    tcp_nop\w+ client_\w+ gzip\w* brotli\w* include default_type charset\w* expires deny allow auth_\w+
    limit_\w+ resolver\w* open_file_cache\w* real_ip_\w+ set_real_ip_from types_hash\w+ server_\w+ map_hash\w+
    etag autoindex internal satisfy user pid set\s\$\w+ sub_filter\w* http2\w* send_timeout
    large_client_header_buffers aio reset_timedout_connection directio merge_slashes port_in_redirect mirror
    js_\w+ load_module env"""
_NGINX_WORD: Final = re.compile(
    rf"^\s*(?:{'|'.join(_CONTEXTS.split())})\b[^;=()]*\{{|^\s*(?:{'|'.join(_WORDS.split())})(?:\s+(?!=)[^{{}}]*)?;", re.MULTILINE
)
_INSTRUCTION: Final = re.compile(
    (
        r"\s*(?:FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|ENV|ARG|WORKDIR|EXPOSE|LABEL|USER|VOLUME|HEALTHCHECK|SHELL|ONBUILD"
        r"|STOPSIGNAL|MAINTAINER)\s+\S"
    ),
    re.IGNORECASE,
)
_BASED: Final = re.compile(r"\s*FROM\s+(?:--platform=\S+\s+)?[\w./:@${}-]+(?:\s+AS\s+\S+)?\s*$", re.IGNORECASE)
_HCL: Final = re.compile(
    r"^\s*(?:(?:resource|data|variable|output|provider|module|check)(?:\s+\"[^\"]+\"){1,2}|locals|terraform|moved)\s*\{", re.MULTILINE
)
_BRACES: Final = re.compile(
    r"\s*(?:[^{}()]{1,120}\{[^{}()]{0,200}\}[^{}()]{0,60}|[\]\[]+[;,]?|[\w.\-\"/*@:]+(?:[ \t]+[^{};]+)?\s*\{"
    r"|[\w.\-\"]+\s*[=:]?\s*[^{};]+;?|\}[;,]?)\s*$"
)


def _share(pattern: re.Pattern[str], lines: list[str]) -> float:
    return sum(pattern.fullmatch(line) is not None for line in lines) / max(1, len(lines))


def nginx(sample: Sample) -> Vote | None:
    """Directives that end with a semicolon or open a block, over one or more lines."""
    body = _QUOTED.sub('""', "\n".join(re.sub(r"\s#\s.*$", "", line) for line in sample.body))
    if not body.rstrip().endswith((";", "}")) and not sample.cut and len(sample.rows) < 100:
        return None
    words = len(_NGINX_WORD.findall(body))
    statements = re.split(r"[;{}]", body)
    share = sum(_DIRECTIVE.fullmatch(one) is not None for one in statements) / len(statements)
    if (
        not words
        or share < 0.9
        or re.search(r"=>|\bfunction\b|\w\(\)|==|:=|\[[a-z]\w+ [$\w]|^\s*proc \w", body, re.MULTILINE)
        or body.count(";") < words * 0.3
    ):
        return None
    return Vote(
        "config",
        "nginx",
        min(0.97, 0.8 + 0.05 * words + 0.1 * (words > 0.5 * len(statements))),
        f"{words} directives of nginx in {len(statements)} statements",
    )


def dockerfile(sample: Sample) -> Vote | None:
    """Instructions, with the lines that continue them."""
    if not any(map(_BASED.match, sample.lines)):
        return None
    logical = re.sub(r"\\[ \t]*\n(?:[ \t]*#.*\n)*", " ", "\n".join(sample.lines))
    logical = re.sub(r"<<-?['\"]?(\w+)['\"]?.*\n[\s\S]*?\n\1\b", "", logical)
    lines = [line for line in logical.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    share = sum(_INSTRUCTION.match(line) is not None for line in lines) / max(1, len(lines))
    return (
        Vote("config", "dockerfile", 0.96 * (0.8 + 0.2 * share), f"{share:.0%} of the lines are instructions of an image")
        if share >= 0.6
        else None
    )


def hcl(sample: Sample) -> Vote | None:
    """Terraform's blocks."""
    blocks = len(_HCL.findall("\n".join(sample.body)))
    shaped = sum(
        re.fullmatch(r"\s*(?:.*[{}\[\]()],?|[\w.\"-]+\s*=\s*.*|\".*|[\w.]+,?)\s*", line) is not None for line in sample.body
    ) / max(1, len(sample.body))
    return (
        Vote("config", "terraform", min(0.97, 0.88 + 0.03 * blocks), f"{blocks} blocks of Terraform") if blocks and shaped > 0.6 else None
    )


_PLUGIN: Final = re.compile(r"^\s*(?:input|filter|output)\s*\{\s*$|^\s*(?:input|filter|output)\s*\{\s*\w+\s*\{", re.MULTILINE)


def logstash(sample: Sample) -> Vote | None:
    """Sections of inputs, filters and outputs whose settings are written with arrows."""
    text = "\n".join(sample.body)
    sections = len(_PLUGIN.findall(text))
    return Vote("config", "logstash", 0.95, f"{sections} sections of a pipeline") if sections and " => " in text else None


def terms(sample: Sample) -> Vote | None:
    """Erlang's terms, as its programs are configured: a list of tuples and a full stop, without a function."""
    text = "\n".join(line for line in sample.body if not line.lstrip().startswith("%")).strip()
    if not re.match(r"\[\s*(?:\{|\])|\{\w+,", text) or "->" in text or not (re.search(r"[\]}]\.$", text) or sample.cut):
        return None
    tuples = len(re.findall(r"\{\s*[a-z]\w*\s*,", text))
    return Vote("config", "erlang-terms", 0.92, f"{tuples} tuples of a list of terms") if tuples else None


def braces(sample: Sample) -> Vote | None:
    """Blocks in braces without a vocabulary that is known: HOCON, logrotate, Caddy, named, keepalived, VCL."""
    body = [_QUOTED.sub('""', line) for line in sample.body]
    opened = sum(line.rstrip().endswith("{") for line in body)
    closed = sum(line.strip().startswith("}") for line in body)
    if (
        not opened
        or not closed
        or any(re.search(r"[()]\s*\{$|=>|\breturn\b|::|\bclass\b|\bfn\b|\bfunc\b|[<>]=|\bexport\b|\bimport\b|\w\(", line) for line in body)
    ):
        return None
    share = _share(_BRACES, [line[:200] for line in body])
    return Vote("config", "blocks", 0.72 * share, f"{opened} blocks in braces") if share >= 0.9 else None
