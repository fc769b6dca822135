"""Secrets that must go, and what looks like one and must stay. Values are built from parts where a scanner would trip."""

import base64

import pytest

from faultmaven_events.consumers.sanitize.redact import redact

KEY = bytes(32)
HEX = "8f3a1c9e7b2d4f60a5e8c1b7d3f9024e"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NSJ9." + "sflKxwRJSMeKKF2QT4fwpM"
BASIC = base64.b64encode(b"jdoe:Winter2024!").decode()


def clean(text: str, name: str = "") -> str:
    return redact(text, key=KEY, name=name)[0]


GONE = (
    ("postgresql://orders_app:{}@db01:5432/shop", "Wq7birch"),
    ("redis://:{}@cache01:6379/0", "rds-15976"),
    ("amqp://shop:{}@mq01:5672/%2F", "p/w:with?odd"),
    ("https://{}@git.example/repo.git", "ghtoken" + HEX),
    ("GET /login?user=x&password={} HTTP/1.1", "Copper!2cf"),
    ("GET /admin.php?pw={} HTTP/1.1", "Copper!2cf"),
    ("POST /v1/charges?api_key={}&x=1", "pk-13ec7fb003db"),
    ("POST /partner?key={} HTTP/1.1", "ka-key-a32d5acb"),
    ("GET /x?session={} HTTP/1.1", JWT),
    ("GET /o?X-Amz-Signature={}&y=2", HEX),
    ("password={}", "hunter2"),
    ("DB_PASSWORD={}", "a&b,c;d=e"),
    ("export PGPASSWORD='{}'", "two words"),
    ("  password: {}", "correct horse battery staple"),
    ('"password": "{}"', 'with \\" quote, and comma'),
    ('{{\\"password\\":\\"{}\\"}}', "Escaped123"),
    ("{{'client_secret': '{}', 'x': 1}}", "s3cr3t"),
    ("api_key: {}", "ka-key-a32d5acb2404507e"),
    ("clientSecret={}", "Zk3Lq9"),
    ("ApiKey: {}", HEX),
    ("spring.datasource.password={}", "Spr1ng"),
    ("AWS_SECRET_ACCESS_KEY={}", "wJalrXUtnFEMI" + "/K7MDENG/bPxRfiCYzzzzzzzKEY"),
    ("user=master,password={},host=db", "dipPr115Gg!"),
    ("ID:master/PW:{}", "dipPr15Gg!"),
    ("Server=db;User Id=sa;Password={};Encrypt=true", "Qw3rty!"),
    ("AccountName=x;AccountKey={}==;Endpoint=y", "k" * 3 + HEX * 2),
    ("mysql -u root -p{} shop", "R00tpw"),
    ("redis-cli -h cache01 -a {} ping", "rds-15976"),
    ("curl -u admin:{} https://x", "t0ken"),
    ("vault login --token {} -x", "s.8f3a1c9e7b2d"),
    ("app --password {} --host x", "open sesame".replace(" ", "-1")),
    ("requirepass {}", "rds-15976"),
    ("masterauth {}", "rds-15976"),
    ("machine db01 login app password {}", "netrc1"),
    ("CREATE USER x IDENTIFIED BY '{}'", "s3cret"),
    ("ALTER ROLE x PASSWORD '{}'", "s3cret"),
    ("the new password is {}.", "Prl23Db#@"),
    ("the password for jdoe is {}", "Prl23Db#@"),
    ("비밀번호:{}", "Prl23Db#@"),
    ("Authorization: Bearer {}", "abc123def456"),
    ("Authorization: Basic {}", BASIC),
    ('"authorization": ["Bearer {}"]', "abc123def456"),
    ("-H 'X-Api-Key: {}'", HEX),
    ("Cookie: sid={}; theme=dark", "s%3A" + HEX),
    ("Set-Cookie: session={}; Path=/; HttpOnly", HEX),
    ("<password>{}</password>", "IhqSb1Gg"),
    ('<add key="x" password="{}"/>', "IhqSb1Gg"),
    ('{{"name": "DB_PASSWORD", "value": "{}"}}', "IhqSb1Gg"),
    ('password = os.environ.get("PASSWORD", "{}")', "at5G6zi!m"),
    ('password := ENV["PASSWORD"] || "{}"', "at5G6zi!m"),
    ("token: {}", "AKIA" + "QWADE5R42RDZ4JEM"),
    ("found {} in line", "AKIA" + "QWADE5R42RDZ4JEM"),
    ("remote: {} pushed", "ghp" + "_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    ("slack {} x", "xoxb" + "-263594206564-" + "FGqddMF8t08v8N7Oq4i57vs1"),
    ("stripe {} x", "sk" + "_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
    ("POST https://hooks.slack.com/services/{}", "T0DCUJB1Q/B0DD08H5G/" + "bJtrpFi1fO1JMCcwLx8uZyAg"),
    ("jdoe:{}:19000:0:99999:7:::", "$6$" + "saltsalt$" + "x" * 3 + HEX * 2),
    ("jwt {} x", JWT),
    ('environment=AMQP_URL="amqp://shop:{}@mq01:5672/%%2F",LOG="plain"', "mq-0c74bb"),
)  # fmt: skip


@pytest.mark.parametrize(("form", "secret"), GONE, ids=[form for form, _ in GONE])
def test_a_secret_is_gone(form: str, secret: str) -> None:
    text = form.format(secret)
    result = clean(text)
    assert secret not in result
    assert secret[3:] not in result
    assert "SECRET_" in result or "SESSION_" in result


STAYS = (
    "password_encryption = scram-sha-256",
    'FATAL:  password authentication failed for user "orders_app"',
    "token_count=5 max_tokens=100 prompt_tokens: 812",
    "PasswordAuthentication yes",
    "secretName: foo-tls",
    "secretKeyRef: {name: db-credentials, key: password}",
    "password: ${DB_PASSWORD}",
    "password={{ vault_password }}",
    "password: <your password>",
    "password=********",
    "the password is incorrect",
    "invalid token: expected string",
    "token expired at 2026-11-20T05:24:00Z",
    "auth: login refused",
    "api_key = os.environ['API_KEY']",
    "self.password = config.password",
    "password_file=/run/secrets/db-password",
    "ssl_certificate_key /etc/nginx/tls.key;",
    "cache_key=orders:123 routing_key=orders.created.v1",
    "commit 3f2a9c1d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a39",
    "image: registry.example/app@sha256:eaaa7b11777babe28e6133a8b19ff71cea687e0d7f05158dee95a71f76ce3d00",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
    "request_id=6ba7b810-9dad-11d1-80b4-00c04fd430c8 took 12 ms",
    "pod orders-api-7d9f8b6c5-x2x7k restarted",
    "2026-11-20 05:42:21,321 INFO [MainThread] started version=5.1.9 pid=81",
    '10.40.1.1 - - [20/Nov/2026:06:25:47 +0100] "GET /api/orders HTTP/1.1" 200 12 "-" "Mozilla/5.0 Chrome/120.0.6099.109" rt=0.002',
    "upstream: http://10.40.1.11:8080/api, host: shop, server: db01:5432",
    "Session 0x14f05578bd8000d for server closed, sessionid = 0x14f05578bd8000d",
    "std::sync::Arc::new at src/main.rs:12:34",
    "passed: 12 failed: 3, pass=12",
    "0x0020:  6c6c 6f77 6564 2062 7920 6120 7368 6f72",
    "offset=4485087475824937 dd.trace_id=4485087475824937",
    "git@github.com:acme/orders.git",
    "Started getty@tty1.service - Getty on tty1",
    "netmask 255.255.255.0 broadcast 192.168.1.255 lo 127.0.0.1 ::1 fe80::1%eth0",
    "-----BEGIN CERTIFICATE-----",
)


@pytest.mark.parametrize("line", STAYS)
def test_what_only_looks_like_a_secret_stays(line: str) -> None:
    assert clean(line) == line


def test_a_private_key_goes_line_by_line_and_its_marks_stay() -> None:
    body = ["MIIBOgIBAAJBAJtFfagSXdo0JmX6EdwWGvFMaXeOFY5xOTs3PWsn", "hRFakQFbAuI769fdsbkjerfkjrekjnkerjnfkrejnfrejn", "AbC="]
    begin, end = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
    text = "\n".join(["before", begin, *body, end, "after"])
    result = clean(text).split("\n")
    assert [result[0], result[1], result[5], result[6]] == ["before", begin, end, "after"]
    assert result[2:5] == ["SECRET_private_key"] * 3


def test_a_private_key_on_one_line_goes() -> None:
    text = '{"private_key": "-----BEGIN ' + 'PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n-----END PRIVATE KEY-----\\n", "x": 1}'
    result = clean(text)
    assert "MIIE" not in result
    assert result.endswith('"x": 1}')


def test_log_lines_after_a_key_that_never_ends_stay() -> None:
    log = ["2026-11-20 05:42:21 ERROR connection refused"] * 3
    text = "\n".join(["-----BEGIN RSA " + "PRIVATE KEY-----", "A" * 15 + "b3C" * 15, *log])
    assert clean(text).split("\n")[2:] == log


@pytest.mark.parametrize(
    "text",
    [
        "password:\n  Winter2024!\nnext: 1",
        "<password>\n  Winter2024!\n</password>",
        "- name: DB_PASSWORD\n  value: Winter2024!\n- name: X",
        '"password": \n "Winter2024!",',
    ],
)
def test_a_value_on_the_line_after_its_key_goes(text: str) -> None:
    result = clean(text)
    assert "Winter2024!" not in result
    assert len(result.split("\n")) == len(text.split("\n"))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_column_of_passwords_goes(separator: str) -> None:
    rows = [("id", "password", "host"), ("1", "hunter", "db01"), ("2", "sesame", "db02")]
    result = clean("\n".join(separator.join(row) for row in rows), "users.csv")
    assert result.split("\n")[1:] == [separator.join(("1", "SECRET_password", "db01")), separator.join(("2", "SECRET_password", "db02"))]


def test_a_number_in_json_stays_json() -> None:
    assert clean('{"pin": 1234, "card": 4485087475824937}') == '{"pin": "SECRET_password", "card": "' + clean("4485087475824937") + '"}'


def test_the_receipt_counts_and_holds_no_value() -> None:
    _, receipt = redact("a@b.example a@b.example password=hunter2\nx\n", key=KEY)
    assert receipt.counts == {"EMAIL_ADDRESS": 2, "SECRET_PASSWORD": 1}
    assert receipt.lines == 2
    assert "hunter2" not in receipt.model_dump_json()
