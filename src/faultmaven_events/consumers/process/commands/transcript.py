"""A transcript cut into its steps: each command with the lines it answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_USER_HOST = r"\[?[\w.-]+@(?P<host>[\w.-]+)[^$#%>\n]{0,80}[$#%]"
_CLIENT = r"(?:\w[\w.-]*[=\-(][#>]|mysql>|MariaDB \[[^\]]*\]>|[\w.:-]+:\d+(?:\[\d+\])?>|rs\d* ?\[[^\]]*\]\s*\w*>)"
_PROMPT = re.compile(rf"^(?:{_USER_HOST}|{_CLIENT}|\$|%)\s+(?P<command>\S.*)$")
_ROOT = re.compile(
    r"^# (?P<command>(?:ss|netstat|ps|df|du|free|top|psql|mysql|redis-cli|rabbitmqctl|kubectl|docker|openssl|date|chronyc|dig|nslookup|curl"
    r"|uptime|systemctl|journalctl|cat|ip|ping|lsof|vmstat|iostat|dmesg|nginx|haproxy|mongo|mongosh|etcdctl|helm|ntpq|timedatectl)\b.*)$"
)
_CONTINUED = re.compile(r"^\w[\w.-]*-[#>]\s+(.*)$")


@dataclass(frozen=True, slots=True)
class Step:
    """One command (None when the file begins without one) on `line`, and its output as (line number, text)."""

    command: str | None
    line: int
    output: tuple[tuple[int, str], ...]
    host: str | None = None


def steps_of(lines: Sequence[str]) -> list[Step]:
    """Cut at prompts: `$ command`, `user@host:~$ command`, `shop=# select`, `127.0.0.1:6379> info`, and `# command` of a known command."""
    steps: list[Step] = []
    command: str | None = None
    host: str | None = None
    start = 1
    output: list[tuple[int, str]] = []
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r")
        match = _PROMPT.match(line[:2000]) or _ROOT.match(line[:2000])
        if match:
            if command is not None or any(text.strip() for _, text in output):
                steps.append(Step(command, start, tuple(output), host))
            command, host, start, output = match["command"].strip(), match.groupdict().get("host"), number, []
        elif command is not None and not output and (more := _CONTINUED.match(line)):
            command = f"{command} {more[1]}"
        else:
            output.append((number, line))
    steps.append(Step(command, start, tuple(output), host))
    return steps
