r"""People's names in paths: `/home/jdoe/app/x.py`, `C:\Users\jdoe`, `/Users/jdoe`. Only the name goes; the path stays readable.

Accounts of systems and services are named after what they do, and stay.
"""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

CHEAP: Final = r"/(?:home|users)/[a-z0-9]|:[\\/]+(?:users|documents and settings)[\\/]"
HOME: Final = re.compile(
    r"(?:(?<![\w.)}\]-])(?:/[\w.-]{1,40}){0,2}/(?:home|Users)/|\b[A-Za-z]:(?:\\{1,4}|/)(?:Users|Documents and Settings)(?:\\{1,4}|/))"
    r"([^\W_][\w.@+-]{0,63})(?=([/\\]?))"
)
REQUEST: Final = re.compile(r"(?:\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) |https?:/)[\"']?$")
"""What stands before the path of a request: `GET /home/products/list` is nobody's folder."""
PAGE: Final = re.compile(r"\.(?:html?|php|jsp|aspx?|js|css|json|xml|png|svg)$", re.IGNORECASE)
READABLE: Final = frozenset(
    """
    admin administrator airflow all alluser allusers apache app apps appuser azureuser backup bamboo build builder centos ci circleci
    client cloud coder common container core data db debian default defaultuser demo deploy deployer dev devops docker ec2-user elastic
    everyone fedora ftp git gitlab gitlab-runner gitpod grafana guest hadoop home host jboss jenkins jovyan kafka kube linuxbrew local
    lost+found minio monitor monitoring mongo mysql nginx node nobody opc operator ops oracle pi postgres prometheus prod production
    public rabbitmq redis release root rails ruby runner runneradmin server service shared spark ssh staging steam support svc sys system
    systemd tasks temp test tester tmp tomcat ubuntu user users vagrant vscode web weblogic work worker workspace www www-data you
    yourname zookeeper
    """.split()  # noqa: SIM905 # a hundred words, easier to read and change as prose
)
SERVICE: Final = re.compile(
    r".*[-_.](?:svc|service|server|app|api|bot|runner|agent|user|prod|dev|test|stage|staging|admin|worker|db)", re.IGNORECASE
)


def users(line: str) -> Iterator[Finding]:
    """Find names of people in paths of home folders."""
    for match in HOME.finditer(line):
        name = match.group(1).rstrip(".")
        if name.casefold() in READABLE or TOKEN.match(name) or SERVICE.fullmatch(name) or (not match.group(2) and PAGE.search(name)):
            continue
        if match.group().startswith("/") and REQUEST.search(line, max(0, match.start() - 12), match.start()):
            continue
        yield Finding(match.start(1), match.start(1) + len(name), "USERNAME")
