"""The name under which a file is known until its own one is sanitized: an ending that everybody has, and the job. Pure."""

import re
from typing import Final
from uuid import UUID

ENDINGS: Final = (
    # logs, output
    "log", "out", "err", "txt", "jsonl", "ndjson", "logfmt", "journal", "evtx", "trace", "dump", "crash", "hprof", "stacktrace",
    # structured, configuration
    "json", "json5", "yaml", "yml", "toml", "ini", "cfg", "cnf", "conf", "config", "properties", "env", "xml", "tf", "tfvars", "hcl",
    "nomad", "service", "timer", "socket", "mount", "target", "vcl", "rules", "diff", "patch", "lock", "pem", "crt", "key",
    # series, captures
    "csv", "tsv", "psv", "prom", "metrics", "parquet", "har", "pcap", "pcapng", "sar",
    # documents
    "md", "markdown", "rst", "adoc", "org", "html", "htm", "pdf", "docx", "doc", "rtf", "odt", "xlsx", "pptx", "eml",
    # source
    "py", "java", "kt", "scala", "go", "rs", "rb", "php", "js", "mjs", "cjs", "ts", "tsx", "jsx", "c", "h", "cc", "cpp", "hpp", "cs",
    "swift", "lua", "pl", "ex", "erl", "sh", "bash", "ps1", "sql", "gradle", "proto", "ipynb",
    # pictures
    "png", "jpg", "jpeg", "gif", "bmp", "webp", "svg", "tif", "tiff",
    # archives
    "tar", "tgz", "tbz2", "txz", "tzst", "7z", "rar", "jar", "war",
)  # fmt: skip
"""Endings that tell what a file is and nothing of whose it is."""

PACKINGS: Final = ("gz", "bz2", "xz", "zst", "zip")
"""What may stand behind an ending, or alone."""

WHOLE: Final = (
    "access.log", "error.log", "syslog", "messages", "dmesg", "catalina.out",
    "nginx.conf", "haproxy.cfg", "httpd.conf", "apache2.conf", ".htaccess", "redis.conf", "sentinel.conf", "postgresql.conf",
    "pg_hba.conf", "my.cnf", "mysqld.cnf", "mongod.conf", "rabbitmq.conf", "advanced.config", "elasticsearch.yml", "kibana.yml",
    "logstash.yml", "prometheus.yml", "alertmanager.yml", "server.properties", "zookeeper.properties", "application.yml",
    "application.yaml", "application.properties", "logback.xml", "log4j2.xml", "web.xml", "server.xml", "pom.xml", "php.ini",
    "php-fpm.conf", "sysctl.conf", "limits.conf", "resolv.conf", "sshd_config", "hosts", "fstab", "crontab",
    "Dockerfile", "Containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", ".dockerignore",
    "kustomization.yaml", "Chart.yaml", "values.yaml", "deployment.yaml", "service.yaml", "ingress.yaml", "configmap.yaml",
    "main.tf", "variables.tf", "terraform.tfvars", ".env", ".env.local", ".env.production", ".env.development", "Makefile", "Jenkinsfile",
    "Vagrantfile", "Procfile", ".gitlab-ci.yml", "package.json", "tsconfig.json", "requirements.txt", "pyproject.toml", "go.mod",
    "Cargo.toml", "Gemfile", "settings.py", "README.md", "runbook.md",
)  # fmt: skip
"""Names that programs give to their files: they stay as they are."""

UNREAD: Final = frozenset({"submitted", "classified"})
"""States of events that sanitize has not seen: a name in them may be as a direct publisher wrote it."""

_WHOLE: Final = {name.lower(): name for name in WHOLE}
_ENDING: Final = re.compile(
    rf"(?:\.(?:{'|'.join(sorted(ENDINGS, key=len, reverse=True))})(?:\.[0-9]{{1,2}})?)?(?:\.(?:{'|'.join(PACKINGS)}))?\Z"
)
_SEPARATORS: Final = re.compile(r"[/\\]")


def neutral(job: UUID, name: str) -> str:
    """Return the name of a job's file without what its sender put into it: `nginx.conf`, or `upload-0d5e6f1a.log.gz`.

    A number behind an ending stays as well (`.log.1`). The eight digits are the last ones of the job's id. A neutral name stays as it is.
    """
    last = _SEPARATORS.split(name[-300:])[-1].strip().lower()
    found = _ENDING.search(last)
    return _WHOLE.get(last) or f"upload-{job.hex[-8:]}{found[0] if found else ''}"


def known_as(job: UUID, state: str, name: str) -> str:
    """Return the name that may be kept and shown of one that stands in an event of that state."""
    return neutral(job, name) if state in UNREAD else name
