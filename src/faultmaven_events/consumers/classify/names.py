"""What a file's name and the sender's media type suggest. Content goes first: these only tip the scales."""

import re
from typing import Final

from faultmaven_events.schemas.evidence import EvidenceType

NAMES: Final[tuple[tuple[str, EvidenceType, str, float], ...]] = (
    (r"dockerfile(?:\..*)?|.*\.dockerfile|containerfile", "config", "dockerfile", 0.8),
    (r"(?:docker-)?compose[\w.-]*\.ya?ml", "config", "compose", 0.75),
    (r"jenkinsfile|makefile|rakefile|gemfile|.*\.mk|cmakelists\.txt|vagrantfile", "source", "makefile", 0.7),
    (r"(?:requirements[\w.-]*|constraints)\.txt|pipfile|go\.(?:mod|sum)|\.?\w*ignore|\.editorconfig", "config", "properties", 0.6),
    (r"licen[cs]e[\w.-]*|copying|notice|authors|contributors|changelog|readme|install|news|todo", "document", "text", 0.75),
    (r"nginx.*\.conf", "config", "nginx", 0.75),
    (r"haproxy.*\.cfg", "config", "haproxy", 0.75),
    (r"redis.*\.conf", "config", "redis-conf", 0.75),
    (r"postgresql.*\.conf", "config", "postgresql-conf", 0.75),
    (r"(?:\.?my|mysqld?)\.cnf", "config", "my-cnf", 0.75),
    (r"(?:httpd|apache2?).*\.conf|\.htaccess", "config", "apache", 0.75),
    (r"\.env(?:\..*)?|.*\.env", "config", "dotenv", 0.75),
    (
        r"(?:crontab|fstab|hosts|sudoers|resolv\.conf|sshd?_config|pg_hba\.conf|\.?bashrc|\.?profile|limits\.conf|sysctl\.conf)",
        "config",
        "properties",
        0.65,
    ),
    (r".*\.(?:diff|patch)", "config", "unified-diff", 0.7),
    (r".*\.(?:out|err|stderr|stdout)", "log", "plain-log", 0.3),
    (r".*\.log(?:[.-]?\d[\w-]*)?|(?:messages|syslog|dmesg|secure|kern|daemon|auth|catalina)(?:\.\w+)?", "log", "plain-log", 0.55),
    (r".*\.(?:ya?ml)", "config", "yaml", 0.65),
    (r".*\.toml|.*\.lock", "config", "toml", 0.75),
    (r".*\.(?:ini|cfg|cnf|desktop)", "config", "ini", 0.75),
    (r".*\.(?:service|timer|socket|mount|target|slice|network)", "config", "systemd", 0.75),
    (r".*\.properties", "config", "properties", 0.75),
    (r".*\.(?:conf|config|rules|repo|cf)", "config", "properties", 0.7),
    (r".*\.(?:tf|tfvars|hcl|nomad)", "config", "terraform", 0.75),
    (r".*\.xml", "config", "xml", 0.5),
    (r".*\.(?:json|json5|jsonc)", "config", "json", 0.5),
    (r".*\.(?:prom|metrics|openmetrics)(?:\.txt)?", "metrics", "prometheus", 0.7),
    (r".*\.(?:csv|tsv|psv)", "metrics", "csv-series", 0.4),
    (r".*\.(?:md|markdown|mdx|mkd)", "document", "markdown", 0.8),
    (r".*\.(?:rst|rest)", "document", "rst", 0.8),
    (r".*\.(?:adoc|asciidoc|org|tex|eml)", "document", "asciidoc", 0.75),
    (r".*\.html?", "document", "html", 0.6),
    (r".*\.har", "capture", "har", 0.7),
    (r".*\.p?cap(?:ng)?(?:\.txt)?", "capture", "tcpdump", 0.6),
    (r".*\.(?:stack|stacktrace|crash|hs_err|panic|threads?|jstack)", "trace", "stack-trace", 0.6),
    (r".*\.pyi?", "source", "python", 0.85),
    (r".*\.(?:c|h)", "source", "c", 0.85),
    (r".*\.(?:cc|cpp|cxx|hpp|hh|hxx|ino)", "source", "cpp", 0.85),
    (r".*\.(?:rs)", "source", "rust", 0.85),
    (r".*\.java", "source", "java", 0.85),
    (r".*\.(?:ts|tsx|mts|cts)", "source", "typescript", 0.85),
    (r".*\.(?:js|jsx|mjs|cjs)", "source", "javascript", 0.85),
    (r".*\.sql", "source", "sql", 0.85),
    (r".*\.(?:sh|bash|zsh|ksh)", "source", "shell", 0.85),
    (
        (
            r".*\.(?:go|rb|php|kt|kts|scala|cs|swift|pl|pm|lua|r|ex|exs|erl|hs|clj|groovy|gradle|ps1|bat|cmd|vue|svelte"
            r"|proto|css|scss|less|s|asm|m|mm|dart|jl|zig|nim|f90|sol|ipynb)"
        ),
        "source",
        "code",
        0.85,
    ),
)
"""Patterns of the lower-case name without `.gz` and the like, the strength of the suggestion, first match counts."""

HINTS: Final[tuple[tuple[str, EvidenceType, str, float], ...]] = (
    (r"image/(?!svg).*", "image", "image", 0.3),
    (r"application/(?:zip|x-zip-compressed|x-tar|x-7z-compressed|java-archive|vnd\.rar)", "archive", "zip", 0.3),
    (r"application/(?:vnd\.tcpdump\.pcap|x-pcapng|x-pcap|har\+json)", "capture", "tcpdump", 0.5),
    (
        r"application/(?:pdf|msword|rtf|vnd\.openxmlformats-officedocument\.wordprocessingml\.document|epub\+zip)|message/rfc822|text/rtf",
        "document",
        "text",
        0.5,
    ),
    (r"application/(?:x-ndjson|jsonl|x-jsonlines|jsonlines)|text/(?:x-)?ndjson", "log", "json-lines", 0.4),
    (r"text/markdown|text/x-markdown", "document", "markdown", 0.6),
    (r"text/html|application/xhtml\+xml", "document", "html", 0.5),
    (r"text/x-log|application/x-log", "log", "plain-log", 0.5),
    (r"application/(?:x-)?yaml|text/(?:x-)?yaml|application/toml", "config", "yaml", 0.5),
    (r"application/openmetrics-text.*|text/plain; ?version=0\.0\.4.*", "metrics", "prometheus", 0.6),
    (
        r"text/x-python|text/x-java\S*|text/x-c\S*|text/x-sh|application/x-sh|text/javascript|application/javascript|application/sql",
        "source",
        "code",
        0.5,
    ),
    (
        r"text/(?:css|x-\w+-?src|x-(?:ruby|perl|go|rust|php|lua|csharp|scala|kotlin|typescript))|application/(?:x-php|typescript|x-perl)",
        "source",
        "code",
        0.5,
    ),
    (r"text/xml|application/xml", "config", "xml", 0.3),
    (r"text/x-diff|text/x-patch", "config", "unified-diff", 0.5),
)
_NAMES: Final = tuple((re.compile(pattern), type_, form, weight) for pattern, type_, form, weight in NAMES)
_HINTS: Final = tuple((re.compile(pattern), type_, form, weight) for pattern, type_, form, weight in HINTS)
_WRAP: Final = re.compile(r"\.(?:gz|bz2|xz|bak|old|orig|tmp|sample|example|dist|tmpl|tpl|j2|erb)$")


def suggestion(name: str) -> tuple[EvidenceType, str, float] | None:
    """Return type, format and strength (0..1) of what the name suggests."""
    bare = name.replace("\\", "/").rsplit("/", 1)[-1].lower()
    while (shorter := _WRAP.sub("", bare)) != bare and shorter:
        bare = shorter
    for pattern, type_, form, weight in _NAMES:
        if bare and pattern.fullmatch(bare):
            return type_, form, weight
    return None


def hinted(media_type: str | None) -> tuple[EvidenceType, str, float] | None:
    """Return type, format and strength of what the sender's media type stands for; None where it may stand for anything.

    Packings (gzip and the like) stand for nothing: the hint is about what they hold.
    """
    plain = (media_type or "").lower().strip()[:127]
    whole = next(((t, f, w) for pattern, t, f, w in _HINTS if pattern.fullmatch(plain)), None)
    bare = plain.partition(";")[0].strip()
    return whole or next(((t, f, w) for pattern, t, f, w in _HINTS if pattern.fullmatch(bare)), None)
