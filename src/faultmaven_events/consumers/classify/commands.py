"""Output of commands: a prompt on the first line, or the header that a well-known tool prints."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample

PROMPT: Final = re.compile(
    r"(?:\([\w.-]+\) )?(?:\[?[\w.-]+@[\w.-]+[: ]?[~/\w. -]{0,60}\]?[$#%>]|\$|PS [A-Z]:\\[^>]*>|[A-Z]:\\[^>]*>"
    r"|[\u276f➜▶]|\+|(?:mysql|MariaDB \[\w*\]|sqlite|rs\d*:\w+ \[[^\]]*\] \w+|\w+)>|[\w-]+[=-][#>]|[\d.]+:\d+>|(?:ba"
    r"|z)?sh-[\d.]+[$#]) \S"
)
TOOLS: Final = (
    (
        "kubectl",
        (
            r"(?:NAMESPACE +)?NAME +(?:READY|STATUS|TYPE|DESIRED|AGE|CPU\(cores\)|REFERENCE|CLASS|DATA|SECRETS|CAPACITY"
            r"|COMPLETIONS|PROVISIONER|CREATED AT|SCHEDULE|ENDPOINTS|HOSTS|KIND)\b|(?:NAMESPACE +)?LAST SEEN +TYPE +REASON"
            r"|Name: {6,}\S+$"
        ),
    ),
    (
        "docker",
        (
            r"CONTAINER ID +(?:IMAGE|NAME)|REPOSITORY +TAG +IMAGE ID|NAME +IMAGE +COMMAND +SERVICE|DRIVER +VOLUME NAME"
            r"|NETWORK ID +NAME|ID +NAME +MODE +REPLICAS"
        ),
    ),
    ("helm", r"NAME +\t?(?:NAMESPACE|REVISION|CHART)[ \t]|REVISION[ \t]+UPDATED"),
    ("ps", r" *(?:USER|UID|F +S +UID|F +UID)? *(?:PID|PPID)\b.*\b(?:CMD|COMMAND|TTY|TIME|%CPU)\b"),
    ("top", r"top - \d\d:\d\d:\d\d up "),
    ("df", r"Filesystem +(?:Type +)?(?:[\w-]+-blocks|Size|Inodes|1K-blocks) "),
    ("free", r" +total +used +free +shared"),
    ("ss", r"(?:Netid +)?State +Recv-Q +Send-Q|Active (?:Internet connections|UNIX domain)|Proto +Recv-Q"),
    ("lsof", r"COMMAND +PID +(?:TID +)?(?:TASKCMD +)?USER +FD"),
    ("lsblk", r"NAME +(?:MAJ:MIN|FSTYPE|SIZE)"),
    ("ls", r"total \d+$|[-dlbcps][-rwxsStT]{9}[.+@]? +\d+ \S+ +\S+ +[\d,.KMGT]+ "),
    (
        "systemctl",
        (
            r"[●\u00d7○] [\w@.\\-]+\.(?:service|timer|socket|target|mount)\b| +UNIT +LOAD +ACTIVE|UNIT +LOAD +ACTIVE"
            r"|UNIT FILE +STATE| +Active: (?:active|inactive|failed)"
        ),
    ),
    ("ip", r"\d+: \S+: <[A-Z_,-]+> mtu \d+|(?:default|[\d./]+) (?:via|dev) \S+|\w+: flags=\d+<"),
    ("ping", r"PING \S+ .*bytes of data|\d+ bytes from \S+: icmp_seq="),
    ("traceroute", r"traceroute to \S+| *1 +\S+ \([\d.]+\) +[\d.]+ ms|HOST: +\S+ +Loss%"),
    ("dig", r"; <<>> DiG |;; ->>HEADER<<-|Server:\t+\S+"),
    ("curl", r"HTTP/[\d.]+ \d{3}|\* +(?:Trying|Connected to|About to connect)|[<>] (?:GET|POST|HTTP/[\d.]+ \d)"),
    ("openssl", r"Certificate:$|CONNECTED\(\d+\)|(?:subject|issuer|notBefore|notAfter)=|-----BEGIN CERTIFICATE-----"),
    ("redis-cli", r"# (?:Server|Clients|Memory|Persistence|Stats|Replication|CPU|Keyspace|Commandstats|Modules|Errorstats|Cluster)$"),
    (
        "rabbitmqctl",
        (
            r"(?:Listing|Status of|Cluster status of|Timeout: [\d.]+ seconds|Reporting"
            r"|Error: unable to perform an operation on node)\b.*(?:\.\.\.|node|vhost|queues|channels)"
        ),
    ),
    ("git", r"commit [0-9a-f]{40}(?: \(.*\))?$|On branch \S+$|\* [0-9a-f]{7,12} "),
    ("uptime", r" ?\d\d:\d\d:\d\d up .*load average"),
    ("mount", r"\S+ on /\S* type \w+ \("),
    ("uname", r"(?:Linux|Darwin|FreeBSD) \S+ \d+\.\d+\S* .*(?:GNU/Linux|x86_64|aarch64|arm64|amd64)"),
    ("terraform-plan", r"Terraform (?:will perform|used the selected providers)|An execution plan has been generated"),
    ("ansible", r"PLAY \[|TASK \[|PLAY RECAP \*"),
    ("nvidia-smi", r"\| NVIDIA-SMI "),
    ("lscpu", r"Architecture: +\S+$"),
    ("meminfo", r"MemTotal: +\d+ kB$"),
    ("nmap", r"Starting Nmap |Nmap scan report"),
    ("aws", r"-{10,}$\n\|"),
    (
        "strace",
        (
            r"(?:\[pid +\d+\] |\d+ +)?(?:\d\d:\d\d:\d\d(?:\.\d+)? |\d+\.\d+ )?(?:execve|openat|read|write|mmap|futex"
            r"|epoll_wait|connect|brk|clone3?|fstat|close)\(.*\) += "
        ),
    ),
    (
        "explain",
        (
            r"(?: *-> +)?(?:Seq Scan|Index Scan|Index Only Scan|Bitmap Heap Scan|Nested Loop|Hash Join|Merge Join"
            r"|Aggregate|Sort|Limit|Gather|HashAggregate|Update on|Insert on) .*\(cost="
        ),
    ),
    ("kafka", r"GROUP +TOPIC +PARTITION|Topic: ?\S+\s+(?:TopicId|PartitionCount|Partition)"),
    ("ulimit", r"[a-z][a-z /-]{1,40} {2,}\((?:[\w/-]+, )?-\w\) \S+$"),
    ("mysql", r"\*{10,} \d+\. row \*{10,}"),
    ("version", r"(?:Client|Server) Version: "),
    ("etcdctl", r"\+-+\+-+\+"),
)
_TOOLS: Final = tuple((name, re.compile(pattern)) for name, pattern in TOOLS)
_COLUMNS: Final = re.compile(
    r"[A-Z][A-Z0-9%()/._-]*(?: [A-Z0-9%()/._-]+)*(?: {2,}|\t)(?:[A-Z][A-Z0-9%()/._-]*(?: [A-Z0-9%()/._-]+)*(?: {2,}|\t| *$)){1,}"
)


def prompt(sample: Sample) -> Vote | None:
    """A shell's or a client's prompt with a command, on the first line."""
    if not PROMPT.match(sample.top) or re.match(r"\+ ?[\w\"']+[:,]", sample.top):
        return None
    count = sum(PROMPT.match(line) is not None for line in sample.lines)
    entries = sum(0 <= at <= 60 for at in sample.stamped) / len(sample.lines)
    shell = sample.top.startswith(("$ ", "[")) or "@" in sample.top.split(" ")[0] or count > 1
    score = (0.97 if shell else 0.85) - (0.3 if entries > 0.7 and len(sample.lines) > 8 else 0)
    return Vote(
        "command_output",
        _tool(sample) or (drawn.format if (drawn := grid(sample)) else "transcript"),
        score,
        f"{count} prompts with a command",
    )


def _tool(sample: Sample) -> str | None:
    words = re.sub(r"^\S*[$#>\u276f➜] +|^(?:sudo|time|watch|kubectl exec .* --) +", "", sample.top).split()
    known = {name for name, _ in _TOOLS} | {"psql", "mysql", "mongosh", "curl", "rabbitmq-diagnostics", "netstat", "journalctl", "cat"}
    return next((word for word in words[:3] if word in known), None) if words else None


def tool(sample: Sample) -> Vote | None:
    """The header of a well-known tool among the first lines."""
    for index, line in enumerate(sample.lines[:6]):
        for name, pattern in _TOOLS:
            if pattern.match(line):
                return Vote("command_output", name, 0.93 if index < 2 else 0.8, f"the header that {name} prints")
    return None


def grid(sample: Sample) -> Vote | None:
    """A table with a rule of dashes below its header, as database clients print it."""
    lines = sample.lines
    ruled = [
        i
        for i, line in enumerate(lines)
        if "---" in line
        and set(line) <= set("-=+| ")
        and ("+" in line or "|" in line or "  " in line.strip() or set(line.strip()) == {"-"})
    ]
    if ruled and ruled[0] <= 4:
        barred = sum(("|" in line or i in ruled or "  " in line.strip()) for i, line in enumerate(lines))
        counted = re.search(r"^\(\d+ rows?\)|^\d+ rows? in set|rows? affected", "\n".join(lines), re.MULTILINE)
        crossed = any("+" in lines[i] for i in ruled)
        if counted or (crossed and barred >= 0.8 * len(lines)):
            return Vote(
                "command_output",
                "psql" if lines[ruled[0]].lstrip().startswith("-") else "mysql",
                0.95,
                "a ruled table of a database client",
            )
    return None


def columns(sample: Sample) -> Vote | None:
    """A header in capitals over aligned columns."""
    lines = sample.lines
    if len(lines) < 2 or not _COLUMNS.match(sample.top):
        return None
    width = len(re.split(r" {2,}|\t", sample.top.strip()))
    fit = sum(abs(len(re.split(r" {2,}|\t", line.strip())) - width) <= 1 for line in lines[1:]) / (len(lines) - 1)
    return Vote("command_output", "table", 0.6 + 0.25 * fit, f"{width} columns under a header in capitals") if fit >= 0.7 else None


def facts(sample: Sample) -> Vote | None:
    """Aligned `name:   value` lines, as describe and info commands print them."""
    lines = sample.lines
    hits = sum(re.match(r"\s*[\w .()/%-]{1,40}: {3,}\S|\s*[\w .()/%-]{1,40}:$", line) is not None for line in lines)
    wide = sum(re.match(r"\s*[\w .()/%-]{1,40}: {3,}\S", line) is not None for line in lines)
    packed = sum(re.fullmatch(r"[a-z][\w-]*:[^\s:/][^\s:]*|# \w+", line) is not None for line in lines)
    if len(lines) >= 3 and wide >= 3 and hits >= 0.6 * len(lines):
        return Vote("command_output", "facts", 0.8, f"{wide} aligned pairs of name and value")
    if len(lines) >= 4 and packed >= 0.9 * len(lines) and any("_" in line for line in lines):
        return Vote("command_output", "facts", 0.75, f"{packed} pairs of name and value")
    return None


COMMANDS: Final[tuple[Detector, ...]] = (prompt, tool, grid, columns, facts)
