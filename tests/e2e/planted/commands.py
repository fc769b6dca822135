# ruff: noqa: E501 - samples are written as the tools print them
"""What diagnostic commands print of the machine that they run on."""

import json
from collections.abc import Callable

from e2e.canaries import Canaries


def _environment(c: Canaries) -> str:
    return (
        f"$ env\nHOME=/root\nDB_PASSWORD={c.password()}\nDATABASE_URL={c.database()}\nAWS_ACCESS_KEY_ID={c.aws()}\nAWS_SECRET_ACCESS_KEY={c.bearer()}\n"
        f"GITHUB_TOKEN={c.github()}\nMAILTO={c.email()}\nSSH_CLIENT={c.address()} 51000 22\nPATH=/usr/bin:/bin\n"
    )


def _described(c: Canaries) -> str:
    return (
        "$ kubectl describe pod shop-1\nName:             shop-1\nNamespace:        prod\nStatus:           Running\n"
        f"Annotations:      owner: {c.email()}\nContainers:\n  shop:\n    Image:         shop:1.2\n    Args:\n      --token={c.bearer()}\n"
        f"    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Environment:\n      DB_PASSWORD:   {c.password()}\n      DATABASE_URL:  {c.database()}\n"
        "Events:\n  Type     Reason   Age   From     Message\n  ----     ------   ----  ----     -------\n"
        f"  Warning  Failed   5m    kubelet  Failed to pull image: 401 from https://robot:{c.password()}@registry.internal/v2/\n"
    )


def _inspected(c: Canaries) -> str:
    return json.dumps(
        [
            {
                "Id": "4c01db0b339c" + "0" * 52,
                "Name": "/shop",
                "State": {"Status": "exited", "ExitCode": 1},
                "Config": {
                    "Env": [f"DB_PASSWORD={c.password()}", f"DATABASE_URL={c.database()}", f"API_TOKEN={c.bearer()}", "PATH=/bin"],
                    "Cmd": ["shop", "--password", c.password(), f"--api-key={c.bearer()}"],
                    "Labels": {"maintainer": c.email()},
                },
                "NetworkSettings": {"IPAddress": "172.17.0.2", "Ports": {"80/tcp": [{"HostIp": c.address(), "HostPort": "80"}]}},
            }
        ],
        indent=4,
    )


def _processes(c: Canaries) -> str:
    return (
        "$ ps aux\nUSER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
        f"root           1  0.0  0.1  16000  3000 ?        Ss   09:00   0:00 /srv/shop --password {c.password()}\n"
        f"app           21 97.0  9.1  16000  3000 ?        R    09:00   9:00 worker --db-password={c.password()} --broker amqp://app:{c.password()}@mq.internal\n"
        f"root          31  0.0  0.1  16000  3000 ?        S    09:00   0:00 mysql -u root -p{c.password()} shop\n"
        f"root          41  0.0  0.1  16000  3000 ?        S    09:00   0:00 curl -H Authorization: Bearer {c.bearer()} https://x.internal\n"
        f"root          51  0.0  0.1  16000  3000 ?        S    09:00   0:00 sshpass -p {c.password()} ssh ops@web1\n"
    )


def _curl(c: Canaries) -> str:
    return (
        f"$ curl -v -u admin:{c.password()} https://shop.example.com/login\n*   Trying {c.address()}:443...\n* Connected to shop.example.com ({c.address()}) port 443\n"
        f"> GET /login?token={c.bearer()} HTTP/1.1\n> Host: shop.example.com\n> Authorization: Basic {c.basic()}\n> Cookie: sid={c.session()}\n> X-Auth-Token: {c.bearer()}\n>\n"
        f'< HTTP/1.1 503 Service Unavailable\n< Set-Cookie: session={c.session()}; Path=/\n<\n{{"error": "no account for {c.email()}"}}\n'
    )


def _secret(c: Canaries) -> str:
    return (
        f"$ kubectl get secret shop -o yaml\napiVersion: v1\ndata:\n  password: {c.bearer()}\n  word: {c.bearer()}\nkind: Secret\nmetadata:\n  name: shop\ntype: Opaque\n"
        f"$ vault kv get secret/shop\n====== Data ======\nKey         Value\n---         -----\npassword    {c.password()}\napi_token   {c.bearer()}\n"
    )


def _history(c: Canaries) -> str:
    return (
        f"$ history\n  501  export DB_PASSWORD={c.password()}\n  502  mysql -uroot -p'{c.password()}' -h db.internal\n  503  psql {c.database()}\n"
        f"  504  redis-cli -a {c.password()} info\n  505  docker login -u robot -p {c.password()} registry.internal\n  506  echo {c.github()} | gh auth login --with-token\n"
        f'  507  curl -XPOST -d \'{{"password":"{c.password()}"}}\' https://x.internal\n  508  mail -s hi {c.email()}\n'
    )


def _logins(c: Canaries) -> str:
    return (
        f"$ last\nroot     pts/0        {c.address()}  Sat Mar 14 09:00   still logged in\n\n$ ss -tnp\nState  Recv-Q Send-Q Local Address:Port  Peer Address:Port\n"
        f"ESTAB  0      0      10.0.0.5:443        {c.address()}:51000\nESTAB  0      0      10.0.0.5:443        {c.address()}:51001\n"
    )


WRITERS: dict[str, Callable[[Canaries], str | bytes]] = {
    "env.txt": _environment,
    "describe.txt": _described,
    "inspect.json": _inspected,
    "ps.txt": _processes,
    "curl.txt": _curl,
    "secret.txt": _secret,
    "history.txt": _history,
    "last.txt": _logins,
}
