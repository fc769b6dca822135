# ruff: noqa: E501 - samples are written as the tools print them
"""Configurations of every dialect, with what should have been in a vault."""

import base64
import json
import textwrap
from collections.abc import Callable

from e2e.canaries import Canaries


def _yaml(c: Canaries) -> str:
    return (
        f"service: shop\ndatabase:\n  url: {c.database()}\n  password: {c.password()}\n"
        f'aws:\n  access_key_id: {c.aws()}\n  secret_access_key: "{c.bearer()}"\n'
        f"oncall:\n  mail: {c.email()}\n  phone: '{c.phone()}'\ntls:\n  key: |\n{textwrap.indent(c.pem(), '    ')}\nallow:\n  - {c.address()}/32\n"
    )


def _kubernetes(c: Canaries) -> str:
    packed = base64.b64encode(c.password().encode()).decode()
    return (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\n  namespace: prod\ntype: Opaque\n"
        f"data:\n  db: {c(packed)}\nstringData:\n  word: {c.password()}\n  file: |\n    user=app\n    pass={c.password()}\n"
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n"
        f"  annotations:\n    owner: {c.email()}\nspec:\n  template:\n    spec:\n      containers:\n        - name: shop\n          image: shop:1.2\n"
        f'          args: ["--token", "{c.bearer()}", "--password={c.password()}"]\n'
        f"          env:\n            - name: DB_PASSWORD\n              value: {c.password()}\n            - name: DATABASE_URL\n              value: {c.database()}\n"
    )


def _kubeconfig(c: Canaries) -> str:
    key = base64.b64encode(c.pem().encode()).decode()
    return (
        "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://api.internal:6443\n"
        f"users:\n- name: admin\n  user:\n    token: {c.bearer()}\n    client-key-data: {c(key)}\n- name: old\n  user:\n    username: ops\n    password: {c.password()}\n"
    )


def _compose(c: Canaries) -> str:
    return (
        f"services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: {c.password()}\n      POSTGRES_USER: app\n"
        f"  web:\n    image: shop:1\n    environment:\n      - SECRET_KEY={c.bearer()}\n      - DATABASE_URL={c.database()}\n      - ADMIN={c.email()}\n"
        f"    command: serve --api-key {c.bearer()}\n    labels:\n      contact: {c.email()}\n"
    )


def _toml(c: Canaries) -> str:
    return (
        f'title = "shop"\n[database]\nurl = "{c.database()}"\npassword = "{c.password()}"\n[smtp]\nfrom = "{c.email()}"\nauth = {{ user = "m", pass = \'{c.password()}\' }}\n'
        f'[tls]\nkey = """\n{c.pem()}\n"""\n[[peers]]\naddress = "{c.address()}"\ntoken = "{c.bearer()}"\n'
    )


def _ini(c: Canaries) -> str:
    return (
        f"[database]\nhost = db.internal\npassword = {c.password()}\n; old password: {c.password()}\n[mail]\nsender={c.email()}\nsmtp_password: {c.password()}\n"
        f"[aws]\naws_access_key_id = {c.aws()}\naws_secret_access_key = {c.bearer()}\n"
    )


def _properties(c: Canaries) -> str:
    return (
        f"spring.datasource.url=jdbc:postgresql://db.internal/shop?user=app&password={c.password()}\nspring.datasource.password={c.password()}\n"
        f"spring.mail.username={c.email()}\nspring.mail.password: {c.password()}\njwt.secret={c.bearer()}\nadmin.phone={c.phone()}\n"
    )


def _nginx(c: Canaries) -> str:
    return (
        f"# ask {c.email()} or {c.phone()}\nserver {{\n  listen 443 ssl;\n  server_name shop.internal;\n  allow {c.address()};\n"
        f'  location /billing {{\n    proxy_set_header Authorization "Bearer {c.bearer()}";\n    proxy_pass http://app:{c.password()}@billing:8080;\n'
        f'    proxy_set_header X-Api-Key {c.bearer()};\n    proxy_read_timeout 3s;\n  }}\n  if ($arg_token = "{c.bearer()}") {{ return 403; }}\n}}\n'
    )


def _haproxy(c: Canaries) -> str:
    return (
        f"userlist admins\n    user admin insecure-password {c.password()}\nfrontend web\n    bind :443\n    default_backend app\nbackend app\n"
        f"    server a1 {c.address()}:8080 check\nlisten stats\n    bind :9000\n    stats auth admin:{c.password()}\n    # {c.email()}\n"
        f'    http-request set-header Authorization "Bearer {c.bearer()}"\n'
    )


def _apache(c: Canaries) -> str:
    return (
        f"ServerAdmin {c.email()}\n<VirtualHost *:80>\n  ServerName shop.internal\n  SetEnv DB_PASSWORD {c.password()}\n"
        f'  RequestHeader set Authorization "Bearer {c.bearer()}"\n  Require ip {c.address()}\n  AuthLDAPBindPassword "{c.password()}"\n</VirtualHost>\n'
    )


def _redis(c: Canaries) -> str:
    return (
        f"port 6379\nbind 0.0.0.0\nrequirepass {c.password()}\nmasterauth {c.password()}\nuser app on >{c.password()} ~* +@all\n"
        f"maxmemory 2gb\n# {c.email()}\nreplicaof {c.address()} 6379\n"
    )


def _postgresql(c: Canaries) -> str:
    return (
        f"max_connections = 100\nshared_buffers = 128MB\nprimary_conninfo = 'host=db1.internal user=rep password={c.password()}'\n"
        f"listen_addresses = '{c.address()}'\narchive_command = 'PGPASSWORD={c.password()} cp %p /x/%f' # {c.email()}\n"
    )


def _mysql(c: Canaries) -> str:
    return f"[client]\nuser=root\npassword={c.password()}\n[mysqld]\nmax_connections=100\nreport-password={c.password()}\n# {c.email()}\nbind-address={c.address()}\n"


def _systemd(c: Canaries) -> str:
    return (
        f'[Unit]\nDescription=Shop, ask {c.email()}\n[Service]\nEnvironment="DB_PASSWORD={c.password()}" "API_TOKEN={c.bearer()}"\n'
        f"Environment=DATABASE_URL={c.database()}\nExecStart=/srv/shop --listen {c.address()}:80 --password {c.password()}\n[Install]\nWantedBy=multi-user.target\n"
    )


def _env(c: Canaries) -> str:
    return (
        f"DATABASE_URL={c.database()}\nDB_PASSWORD={c.password()}\nexport GITHUB_TOKEN={c.github()}\nAWS_ACCESS_KEY_ID={c.aws()}\n"
        f"JWT_SECRET='{c.bearer()}'\nADMIN_MAIL={c.email()}\nREDIS_URL=redis://:{c.password()}@cache.internal:6379/0\nPOOL_SIZE=2\n"
    )


def _xml(c: Canaries) -> str:
    return (
        f'<?xml version="1.0"?>\n<configuration>\n  <!-- {c.email()} -->\n  <connectionStrings>\n'
        f'    <add name="shop" connectionString="Server=db.internal;Database=shop;User Id=app;Password={c.password()};" />\n  </connectionStrings>\n'
        f'  <appSettings><add key="ApiKey" value="{c.bearer()}" /></appSettings>\n  <password>{c.password()}</password>\n  <contact phone="{c.phone()}"/>\n</configuration>\n'
    )


def _hcl(c: Canaries) -> str:
    return (
        f'variable "db_password" {{\n  type    = string\n  default = "{c.password()}"\n}}\nresource "aws_db_instance" "shop" {{\n  username = "app"\n'
        f'  password = "{c.password()}"\n  tags = {{ owner = "{c.email()}" }}\n}}\nprovider "aws" {{\n  access_key = "{c.aws()}"\n  secret_key = "{c.bearer()}"\n}}\n'
        f'resource "aws_security_group" "web" {{\n  ingress {{ cidr_blocks = ["{c.address()}/32"] }}\n}}\n'
    )


def _dockerfile(c: Canaries) -> str:
    return (
        f'FROM python:3.11-slim\nLABEL maintainer="{c.email()}"\nENV DB_PASSWORD={c.password()} MODE=prod\nENV API_TOKEN {c.bearer()}\nARG GITHUB_TOKEN={c.github()}\n'
        f'RUN pip install --index-url https://ci:{c.password()}@pypi.internal/simple shop && curl -H "Authorization: Bearer {c.bearer()}" https://x.internal\nCMD ["shop"]\n'
    )


def _json(c: Canaries) -> str:
    auth = base64.b64encode(f"robot:{c.password()}".encode()).decode()
    return json.dumps(
        {
            "auths": {"registry.internal": {"auth": c(auth), "email": c.email()}},
            "db": {"dsn": c.database(), "password": c.password()},
            "key": c.pem(),
            "hooks": [{"url": f"https://hooks.internal/x?token={c.bearer()}", "secret": c.bearer()}],
        },
        indent=2,
    )


def _rabbitmq(c: Canaries) -> str:
    return f"listeners.tcp.default = 5672\ndefault_user = app\ndefault_pass = {c.password()}\nauth_ldap.dn_lookup_bind.password = {c.password()}\n# {c.email()}\n"


def _diff(c: Canaries) -> str:
    return (
        f"commit 4f1c2d9\nAuthor: Jo <{c.email()}>\nDate:   2026-03-14T09:00:00Z\n\n    rotate\n\ndiff --git a/shop.yaml b/shop.yaml\n--- a/shop.yaml\n+++ b/shop.yaml\n"
        f"@@ -1,4 +1,4 @@\n service: shop\n-password: {c.password()}\n+password: {c.password()}\n-url: {c.database()}\n+url: {c.database()}\n"
    )


def _accounts(c: Canaries) -> str:
    return f"db.internal:5432:shop:app:{c.password()}\n*:*:*:postgres:{c.password()}\n"


def _netrc(c: Canaries) -> str:
    return f"machine git.internal login ci password {c.password()}\nmachine api.internal\n  login bot\n  password {c.password()}\n"


def _npmrc(c: Canaries) -> str:
    return f"registry=https://npm.internal/\n//npm.internal/:_authToken={c.bearer()}\n//npm.internal/:_password={c.bearer()}\nemail={c.email()}\n"


def _terms(c: Canaries) -> str:
    return f'[{{rabbit, [{{default_user, <<"app">>}}, {{default_pass, <<"{c.password()}">>}}, {{mail, "{c.email()}"}}]}}].\n'


WRITERS: dict[str, Callable[[Canaries], str | bytes]] = {
    "values.yaml": _yaml,
    "secret.yaml": _kubernetes,
    "kubeconfig": _kubeconfig,
    "compose.yaml": _compose,
    "shop.toml": _toml,
    "shop.ini": _ini,
    "application.properties": _properties,
    "nginx.conf": _nginx,
    "haproxy.cfg": _haproxy,
    "httpd.conf": _apache,
    "redis.conf": _redis,
    "postgresql.conf": _postgresql,
    "my.cnf": _mysql,
    "shop.service": _systemd,
    ".env": _env,
    "web.config": _xml,
    "main.tf": _hcl,
    "Dockerfile": _dockerfile,
    "config.json": _json,
    "rabbitmq.conf": _rabbitmq,
    "shop.diff": _diff,
    ".pgpass": _accounts,
    ".netrc": _netrc,
    ".npmrc": _npmrc,
    "advanced.config": _terms,
}
