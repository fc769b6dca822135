# ruff: noqa: E501 - samples are written as people write them
import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.config import analyse_config
from faultmaven_events.schemas.insight import Fact

BROKEN: dict[str, tuple[str, str, str, int]] = {
    # what: name, text, rule, line
    "trailing comma": ("a.json", '{"a": 1,\n "b": [1, 2,],\n "c": 3}', "json-syntax", 2),
    "comment in JSON": ("a.json", '{\n "a": 1, // why\n "b": 2\n}', "json-syntax", 2),
    "missing comma": ("a.json", '{\n "a": "x"\n "b": 2\n}', "json-syntax", 3),
    "JSON not closed": ("a.json", '{\n "a": {\n  "b": 1\n}\n', "json-syntax", 1),
    "key twice in JSON": ("a.json", '{\n "port": 1,\n "b": 2,\n "port": 3\n}', "duplicate-key", 4),
    "tab in YAML": ("a.yaml", "a:\n  b: 1\n\tc: 2\nd: 3\n", "yaml-syntax", 3),
    "key twice in INI": ("a.ini", "[a]\nport = 1\nhost = b\nport = 2\n", "duplicate-key", 4),
    "TOML": ("a.toml", '[a]\nb = 1\nc = "x\n', "toml-syntax", 3),
    "XML": ("a.xml", "<a>\n <b>1</a>\n", "xml-syntax", 2),
    "HCL": ("main.tf", 'resource "a" "b" {\n  c = 1\n  d = = 2\n}\n', "hcl-syntax", 3),
    "nginx": ("nginx.conf", "http {\n server {\n  listen 80\n  root /a;\n }\n", "nginx-syntax", 1),
    "Apache section": ("httpd.conf", "ServerRoot /a\n<VirtualHost *:80>\nServerName b\n<Directory /c>\n</VirtualHost>\n", "apache-syntax", 5),
    "Apache not closed": ("httpd.conf", "ServerRoot /a\n<Location /b>\nRequire all granted\n", "apache-syntax", 2),
    "systemd section": ("a.service", "[Unit]\nDescription=a\nRestart=always\n[Service]\nExecStart=/a\n", "wrong-section", 3),
    "systemd typing mistake": ("a.service", "[Unit]\nDescription=a\n[Service]\nExecStart=/a\nRestartSecs=5\nRestart=always\n", "misspelled-setting", 5),
    "systemd value": ("a.service", "[Unit]\nDescription=a\n[Service]\nExecStart=/a\nRestart=allways\n", "wrong-value", 5),
    "PostgreSQL typing mistake": ("postgresql.conf", "max_connections = 100\nshared_bufers = 1GB\nwork_mem = 4MB\n", "misspelled-setting", 2),
    "PostgreSQL value": ("postgresql.conf", "max_connections = eighty\nshared_buffers = 1GB\n", "wrong-value", 1),
    "PostgreSQL unit": ("postgresql.conf", "max_connections = 100\nshared_buffers = 1XB\n", "wrong-value", 2),
    "PostgreSQL bound": ("postgresql.conf", "max_connections = 100\nshared_buffers = 1GB\nport = 70000\n", "wrong-value", 3),
    "PostgreSQL quote": ("postgresql.conf", "max_connections = 100\nshared_buffers = 1GB\nlog_timezone = 'UTC\n", "postgresql-syntax", 3),
    "pg_hba method": ("pg_hba.conf", "local all all peer\nhost all all 10.0.0.0/8 scram-sha256\n", "hba-syntax", 2),
    "pg_hba fields": ("pg_hba.conf", "local all all peer\nhost all all md5\n", "hba-syntax", 2),
    "Redis typing mistake": ("redis.conf", "bind 10.0.0.1\nmaxmemroy 1gb\nappendonly yes\n", "misspelled-setting", 2),
    "Redis choice": ("redis.conf", "bind 10.0.0.1\nmaxmemory 1gb\nmaxmemory-policy allkeys-lur\n", "wrong-value", 3),
    "MySQL typing mistake": ("my.cnf", "[mysqld]\ninnodb_bufer_pool_size = 1G\n", "misspelled-setting", 2),
    "RabbitMQ typing mistake": ("rabbitmq.conf", "listeners.tcp.1 = 10.0.0.1:5672\ndisk_free_limit.absolut = 5GB\n", "misspelled-setting", 2),
    "Erlang": ("advanced.config", "[\n {rabbit, [\n  {a, 1},\n ]}\n].\n", "erlang-syntax", 4),
    "Erlang dot": ("advanced.config", "[\n {rabbit, [\n  {a, 1}\n ]}\n]\n", "erlang-syntax", 5),
    "HAProxy keyword": ("haproxy.cfg", "defaults\n mode http\n timout connect 5s\nfrontend a\n bind :80\n", "misspelled-setting", 3),
    "HAProxy backend": ("haproxy.cfg", "defaults\n mode http\nfrontend a\n bind :80\n default_backend b1\nbackend b2\n server x 10.0.0.1:80 check\n", "undefined-backend", 5),
    "Dockerfile instruction": ("Dockerfile", 'FROM a:1\nRUNN x\nUSER 1\nCMD ["a"]\n', "misspelled-setting", 2),
    "Dockerfile list": ("Dockerfile", "FROM a:1\nUSER 1\nCMD ['a', 'b']\n", "dockerfile-json", 3),
    "Dockerfile twice": ("Dockerfile", 'FROM a:1\nUSER 1\nCMD ["a"]\nCMD ["b"]\n', "dockerfile-twice", 4),
    "Compose key": ("compose.yaml", "services:\n  a:\n    image: a:1\n    restrat: always\n", "misspelled-setting", 4),
    "Compose service": ("compose.yaml", "services:\n  a:\n    image: a:1\n    depends_on:\n      - bd\n  db:\n    image: b:1\n", "undefined-service", 5),
    "sshd keyword": ("sshd_config", "Port 22\nUsePAM yes\nPermitRootLogn no\nMaxStartups 10\n", "misspelled-setting", 3),
    "sshd value": ("sshd_config", "Port twentytwo\nUsePAM yes\nMaxStartups 10\n", "wrong-value", 1),
    "logrotate": ("logrotate.conf", "/var/log/a {\n daily\n rotate 7\n compress\n", "logrotate-syntax", 1),
    "env blanks": (".env", "A_B=1\nC_D = 2\nE_F=3\n", "env-syntax", 2),
    "env quote": (".env", 'A_B=1\nC_D="x\nE_F=3\n', "env-syntax", 2),
    "env carriage return": (".env", "A_B=1\r\nC_D=2\r\n", "carriage-return", 1),
    "merge conflict": ("a.yaml", "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> main\n", "merge-conflict", 2),
    "byte order mark": ("a.ini", "\ufeff[a]\nb = 1\n", "byte-order-mark", 1),
    "NUL": ("a.conf", "a = 1\nb = \x00\n", "nul-byte", 2),
    "no-break space": ("a.yaml", "a: 1\nb:\u00a02\nc: 3\n", "invisible-character", 2),
    "typographic quote": ("postgresql.conf", "max_connections = 100\nshared_buffers = 1GB\nlog_timezone = \u2018UTC\u2019\n", "typographic-quote", 3),
    "placeholder": ("app.properties", "db.host=10.0.0.1\ndb.password=CHANGEME\n", "placeholder", 2),
    "template": ("haproxy.cfg", "defaults\n mode http\n timeout connect {{ timeout }}\nfrontend a\n bind :80\n", "template-unrendered", 3),
    "port": ("app.yaml", "server:\n  host: a\n  port: eighty\n", "wrong-value", 3),
}  # fmt: skip

SOUND = {
    "a.json": '{"a": 1, "b": {"a": 2}, "c": "// no comment", "d": "[,]"}',
    "app.yaml": "server:\n  port: 8080\n  name: It\u2019s fine\n  text: 'a <<<<<<< b'\n",
    "application.properties": "server.port=${PORT:8080}\nspring.datasource.url=jdbc:postgresql://db/x\n",
    "postgresql.conf": "max_connections = 100\nshared_buffers = '1GB'\nwork_mem = 4MB # it's fine\nstatement_timeout = 1min\nsearch_path = '\"$user\", public'\npg_stat_statements.track = all\nssl = on\nport = 5432\nwal_level = replica\nsynchronous_commit = on\nmax_worker_processes = 8\nrandom_page_cost = 1.1\nlog_line_prefix = '%m [%p] '\n",
    "redis.conf": 'bind 10.0.0.1 -::1\nport 6379\nmaxmemory 2gb\nmaxmemory-policy allkeys-lru\nsave 900 1\nsave 300 10\nappendonly yes\nclient-output-buffer-limit pubsub 32mb 8mb 60\nrename-command FLUSHALL ""\nuser app on >x ~* +@all\n',
    "haproxy.cfg": "global\n  log stdout format raw local0\n  maxconn 20000\ndefaults\n  mode http\n  option httplog\n  option forwardfor\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n  timeout http-request 5s\nfrontend web\n  bind :80\n  acl a path_beg /a\n  http-request deny if a\n  use_backend b.c if a\n  default_backend b.c\nbackend b.c\n  balance roundrobin\n  option httpchk GET /\n  server s1 10.0.0.1:80 check\n",
    "a.service": "[Unit]\nDescription=a\nAfter=network-online.target\nWants=network-online.target\nStartLimitIntervalSec=0\n[Service]\nType=notify\nExecStart=/usr/bin/a\nRestart=on-failure\nRestartSec=5s\nLimitNOFILE=65536\nUser=app\nX-Custom=1\n[Install]\nWantedBy=multi-user.target\n",
    "Dockerfile": '# syntax=docker/dockerfile:1\nARG V=3.11\nFROM python:${V}-slim AS build\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt && \\\n    echo ok\nRUN <<EOF\necho here\nEOF\nUSER 1000\nHEALTHCHECK CMD curl -f http://localhost/\nEXPOSE 8080\nCMD ["python", "app.py"]\n',
    "sshd_config": "Port 22\nUsePAM yes\nPermitRootLogin no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\nClientAliveInterval 2m\nMatch User a\n  X11Forwarding no\n",
    "logrotate.conf": "weekly\nrotate 4\ncompress\n/var/log/a.log /var/log/b.log {\n  missingok\n  postrotate\n    if [ -f x ]; then kill -HUP 1; fi\n  endscript\n}\n",
    "my.cnf": "[client]\nport = 3306\n[mysqld]\nskip-name-resolve\ninnodb_buffer_pool_size = 4G\nmax_connections = 300\nslow_query_log = 1\nlong_query_time = 0.5\n!includedir /etc/mysql/conf.d/\n",
    "pg_hba.conf": "# TYPE DATABASE USER ADDRESS METHOD\nlocal all postgres peer\nhost all app 10.1.0.0/16 scram-sha-256\nhost all app 10.2.0.0 255.255.0.0 scram-sha-256\nhostssl all app 10.3.0.0/16 cert map=x\n",
    "advanced.config": '%% a comment\n[\n {rabbit, [\n  {tcp_listeners, [{"10.0.0.1", 5672}]},\n  {auth_mechanisms, [\'PLAIN\', \'AMQPLAIN\']},\n  {default_user, <<"app">>}\n ]}\n].\n',
    "httpd.conf": 'ServerRoot "/etc/httpd"\nListen 80\n<IfModule mod_ssl.c>\n  <VirtualHost *:443>\n    ServerName a\n    RewriteRule ^/(.*)$ \\\n      /b/$1 [L]\n  </VirtualHost>\n</IfModule>\nCustomLog logs/a "%h %l \\"%r\\" %>s"\n',
    ".env": "A_B=1\nC_D='x y'\nexport E_F=\"multi\nline\"\nG_H=${A_B}\n",
}  # fmt: skip


def found(name: str, text: str) -> list[Fact]:
    return of_kind(analysed(analyse_config, text, name, "config"), "config_finding")


@pytest.mark.parametrize("what", BROKEN)
def test_a_mistake_is_told_with_its_line_and_a_fix(what: str) -> None:
    name, text, rule, line = BROKEN[what]
    facts = [fact for fact in found(name, text) if fact.attributes["rule"] == rule]
    assert line in [fact.citations[0].line_start for fact in facts]
    assert f"line {line}" in " ".join(fact.text for fact in facts)
    assert all(fact.attributes["fix"] for fact in facts)


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_file_raises_no_alarm(name: str) -> None:
    assert [fact.text for fact in found(name, SOUND[name]) if fact.attributes["severity"] != "low"] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"a":' * 100_000),
        ("a.json", "[" * 5_000 + "]" * 5_000),
        ("a.json", '{"a": "' + "x" * 3_000_000 + '"}'),
        ("a.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">' + "".join(f'<!ENTITY c{n} "{f"&c{n - 1};" * 10 if n else "&b;" * 10}">' for n in range(9)) + "]><a>&c8;</a>"),
        ("postgresql.conf", "max_connections = 100\nshared_buffers = 1GB\n" + "".join(f"max_conections{n}x = 1\n" for n in range(20_000))),
        ("haproxy.cfg", "defaults\n mode http\n" + "".join(f"backend b{n}\n server s 10.0.0.1:80\n" for n in range(5_000))),
        ("httpd.conf", "ServerRoot /a\n" + "<Location /a>\n" * 20_000),
        ("advanced.config", "[{rabbit, " + "[" * 50_000),
        ("Dockerfile", "FROM a:1\nRUN " + "x \\\n" * 50_000),
        (".env", "A_B='" + "x" * 1_000_000 + "\nC_D=1\n"),
        ("my.cnf", "[mysqld]\n" + "a" * 1_000_000),
    ],
    ids=["deep", "deeper", "long", "aliases", "entities", "typos", "backends", "sections", "erlang", "continued", "quote", "line"],
)  # fmt: skip
def test_hostile_files_are_read_in_bounded_time(name: str, text: str) -> None:
    insights = analysed(analyse_config, text, name, "config")
    assert len(insights.facts) <= 120
